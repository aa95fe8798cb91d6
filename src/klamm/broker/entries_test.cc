#include "klamm/broker/entries.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace klamm::broker {
namespace {

std::string hex(Bytes const& bytes) {
    std::string text;
    for (auto const byte : bytes) text += fmt::format("{:02x}", std::uint8_t(byte));
    return text;
}

TEST(Entries, TheExampleOfTheDocument) {  // doc/formats/entries.md
    EXPECT_EQ(hex(encode_entry(
                  BatchAppended{.partition = PartitionKey{5}, .appended_ms = 1'700'000'000'000})),
              "0701000000050000018bcfe5680000");
}

TEST(Entries, SurviveTheirBytes) {
    Random random{1};
    TopicCreated const topic{.name = "t",
                             .topic_id = Uuid::random(random),
                             .first_partition = PartitionKey{7},
                             .partitions = 3,
                             .configs = {{"retention.ms", "1"}},
                             .created_ms = 5};
    EXPECT_EQ(decode_entry<TopicCreated>(encode_entry(topic)).value(), topic);
    EXPECT_EQ(kind_of(encode_entry(topic)), EntryKind::topic_created);
}

TEST(Entries, EveryTruncationIsAnError) {
    Bytes const bytes = encode_entry(ClusterCreated{.cluster_id = "abc"});
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(decode_entry<ClusterCreated>(ByteView{bytes}.first(size)).has_value());
    auto longer = bytes;
    longer.push_back(std::byte{0});
    EXPECT_FALSE(decode_entry<ClusterCreated>(longer).has_value());
    EXPECT_FALSE(decode_entry<TopicDeleted>(bytes).has_value());
}

}  // namespace
}  // namespace klamm::broker
