#include "klamm/host/notices.h"

#include <gtest/gtest.h>

namespace klamm::host {
namespace {

broker::Notice notice(std::string group) {
    return {.kind = broker::Notice::Kind::unread_held,
            .at_ms = 5,
            .topic = "orders",
            .partition = 3,
            .group = std::move(group),
            .records = 7,
            .text = "a \"text\""};
}

TEST(Notices, AreAnArrayOldestFirst) {
    Notices notices;
    EXPECT_EQ(notices.to_json(), "[]\n");
    notices.add({notice("a")});
    EXPECT_EQ(notices.to_json(),
              R"([{"kind":"unread_held","at_ms":5,"topic":"orders","partition":3,"group":"a",)"
              R"("records":7,"text":"a \"text\""}])"
              "\n");
}

TEST(Notices, TheOldestAreForgotten) {
    Notices notices;
    for (std::size_t n = 0; n <= Notices::kept_max; ++n) notices.add({notice(std::to_string(n))});
    auto const json = notices.to_json();
    EXPECT_EQ(json.find(R"("group":"0")"), std::string::npos);
    EXPECT_NE(json.find(R"("group":"1")"), std::string::npos);
    EXPECT_NE(json.find(R"("group":")" + std::to_string(Notices::kept_max)), std::string::npos);
}

}  // namespace
}  // namespace klamm::host
