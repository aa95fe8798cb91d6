#include "klamm/kafka/describe.h"

#include <gtest/gtest.h>

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

TEST(Describe, TheDocumentTellsWhatIsHandledFromWhatIsNot) {
    auto const apis = described_apis();
    auto const all = protocol_document(apis);
    EXPECT_NE(all.find("\n| ListTransactions | 66 | 0-2 | 0 |"), std::string::npos);
    EXPECT_EQ(all.find("| AddPartitionsToTxn, "), std::string::npos);
    auto const none = protocol_document({});
    EXPECT_EQ(none.find("\n| ListTransactions | 66 |"), std::string::npos);
    EXPECT_NE(none.find("\n| AddPartitionsToTxn, AddOffsetsToTxn, EndTxn, WriteTxnMarkers, "
                        "TxnOffsetCommit, DescribeTransactions, ListTransactions | 24, 25, 26, 27, "
                        "28, 65, 66 | Transactions."),
              std::string::npos);
}

}  // namespace
}  // namespace klamm::kafka
