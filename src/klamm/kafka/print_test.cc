#include "klamm/kafka/print.h"

#include "klamm/kafka/messages/fetch.h"
#include "klamm/kafka/messages/heartbeat.h"
#include "klamm/kafka/messages/join_group.h"

#include <gtest/gtest.h>

namespace klamm::kafka {
namespace {

TEST(Print, ShowsTheFieldsOfTheVersion) {
    HeartbeatRequest const request{.group_id = "g", .generation_id = 3, .member_id = "m"};
    EXPECT_EQ(to_text(request, 0), R"({group_id: "g", generation_id: 3, member_id: "m"})");
    EXPECT_EQ(to_text(request, 3),
              R"({group_id: "g", generation_id: 3, member_id: "m", group_instance_id: null})");
}

TEST(Print, NamesErrors) {
    HeartbeatResponse response{.error_code = ErrorCode::unknown_member_id};
    EXPECT_EQ(to_text(response, 0), "{error_code: unknown_member_id}");
    response.error_code = ErrorCode{1234};
    EXPECT_EQ(to_text(response, 0), "{error_code: 1234}");
}

TEST(Print, CutsWhatIsLong) {
    JoinGroupRequest request;
    request.group_id = std::string(300, 'g');
    request.protocols.resize(30);
    request.protocols[0].metadata = Bytes(100, std::byte{0xab});
    auto const text = to_text(request, 0, {.text_bytes_max = 4, .bytes_max = 2, .elements_max = 1});
    EXPECT_EQ(text,
              "{group_id: \"gggg\" ... 300 bytes, session_timeout_ms: 0, member_id: \"\", "
              "protocol_type: \"\", protocols: [{name: \"\", metadata: 100 bytes abab...} ... 29 "
              "more]}");
}

TEST(Print, CannotForgeALine) {
    HeartbeatRequest request;
    request.group_id = "a\nb\"c\x7f";
    EXPECT_NE(to_text(request, 0).find(R"("a\x0ab\"c\x7f")"), std::string::npos);
}

TEST(Print, ShowsRecordsAsTheirSize) {
    FetchResponse response;
    response.responses.resize(1);
    response.responses[0].partitions.push_back({.records = Records{{Slice{Bytes(5)}}}});
    EXPECT_NE(to_text(response, 4).find("records: 5 bytes of records"), std::string::npos);
}

}  // namespace
}  // namespace klamm::kafka
