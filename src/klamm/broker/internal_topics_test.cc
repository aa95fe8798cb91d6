#include "klamm/broker/internal_topics.h"
#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

struct WithInternalTopics : Story {
    void ask_who_coordinates(std::int8_t type) {
        kafka::FindCoordinatorRequest request;
        request.key_type = type;
        request.coordinator_keys = {"somebody"};
        EXPECT_EQ(ask(request).coordinators.at(0).error_code, ErrorCode::none);
    }
    std::vector<kafka::MetadataResponse::MetadataResponseTopic> list() {
        kafka::MetadataRequest request;
        request.topics.reset();
        return ask(request).topics;
    }
    std::string const offsets{offsets_topic};
};

TEST(InternalTopics, ComeToBeWhenSomebodyAsksWhoCoordinates) {
    WithInternalTopics story;
    EXPECT_TRUE(story.list().empty());
    story.ask_who_coordinates(0);
    ASSERT_EQ(story.list().size(), 1U);
    EXPECT_EQ(story.list()[0].name, "__consumer_offsets");
    story.ask_who_coordinates(1);
    story.ask_who_coordinates(0);
    story.create("mine");
    story.crash();
    auto const all = story.list();
    ASSERT_EQ(all.size(), 3U);
    for (auto const& topic : all) {
        EXPECT_EQ(topic.is_internal, *topic.name != "mine");
        EXPECT_EQ(topic.partitions.size(), topic.is_internal ? 50U : 1U);
    }
    kafka::DescribeTopicPartitionsRequest request;
    request.topics.push_back({story.offsets});
    EXPECT_TRUE(story.ask(request).topics.at(0).is_internal);
}

TEST(InternalTopics, ComeToBeAsTheyMustBeWhenMetadataMakesThem) {
    WithInternalTopics story;
    kafka::MetadataRequest request;
    request.topics = {{.topic_id = {}, .name = std::string(transactions_topic)}};
    request.allow_auto_topic_creation = true;
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.size(), 50U);
}

TEST(InternalTopics, AreNobodysToChange) {
    WithInternalTopics story;
    EXPECT_EQ(story.create(story.offsets, 3), ErrorCode::invalid_topic_exception);
    story.ask_who_coordinates(0);
    EXPECT_EQ(story.remove(story.offsets), ErrorCode::invalid_topic_exception);
    EXPECT_EQ(story.produce(story.offsets, {"a"}).error_code, ErrorCode::invalid_topic_exception);
    kafka::CreatePartitionsRequest more;
    more.topics.push_back({.name = story.offsets, .count = 60, .assignments = {}});
    EXPECT_EQ(story.ask(more).results.at(0).error_code, ErrorCode::invalid_topic_exception);
    kafka::DeleteRecordsRequest cut;
    cut.topics.push_back({story.offsets, {{.partition_index = 0, .offset = 0}}});
    EXPECT_EQ(story.ask(cut).topics.at(0).partitions.at(0).error_code,
              ErrorCode::invalid_topic_exception);
    EXPECT_TRUE(story.fetch_all(story.offsets).empty());
    EXPECT_EQ(story.list().size(), 1U);
}

TEST(InternalTopics, AreNotNeededByACoordinator) {
    WithInternalTopics story;
    story.journal.full = true;
    story.ask_who_coordinates(0);
    EXPECT_TRUE(story.list().empty());
}

}  // namespace
}  // namespace klamm::broker
