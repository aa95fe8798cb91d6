#include "klamm/kafka/describe.h"

#include <gtest/gtest.h>
#include <fstream>
#include <iterator>

namespace klamm::kafka {
namespace {

TEST(Describe, NamesEveryAspectOfAField) {
    auto const json = describe_json();
    EXPECT_NE(json.find(R"({"name": "FetchRequest", "key": 1, "first": 4, "last": 18, )"
                        R"("flexible_from": 12, "fields": [)"),
              std::string::npos);
    EXPECT_NE(json.find(R"({"name": "cluster_id", "type": "string", "first": 12, )"
                        R"("nullable_from": 0, "tag": 0, "ignorable": true, "default": null})"),
              std::string::npos);
    EXPECT_NE(json.find(R"({"name": "topics", "type": "[]FetchTopic", "default": [], "fields": [)"),
              std::string::npos);
}

TEST(Describe, TheDocumentIsWhatTheProgramPrints) {
    std::ifstream file{KLAMM_PROTOCOL_MD};
    ASSERT_TRUE(file) << KLAMM_PROTOCOL_MD;
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(text, protocol_document()) << "klamm apis > doc/protocol.md";
}

}  // namespace
}  // namespace klamm::kafka
