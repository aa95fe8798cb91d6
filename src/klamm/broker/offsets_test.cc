#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

/// A batch of records with these timestamps.
Bytes at_times(Story const& story, std::vector<std::int64_t> const& times) {
    auto records = story.records(Values(times.size(), "x"));
    for (std::size_t n = 0; n < times.size(); ++n) records[n].timestamp = times[n];
    return records::build(records);
}

ErrorCode delete_records(Story& story, std::string const& topic, std::int64_t offset,
                         std::int32_t partition = 0) {
    kafka::DeleteRecordsRequest request;
    request.topics = {
        {.name = topic, .partitions = {{.partition_index = partition, .offset = offset}}}};
    return story.ask(request).topics.at(0).partitions.at(0).error_code;
}

TEST(ListOffsets, KnowsTheEndsOfTheLog) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.list_offset("t", -1), 0);
    story.produce("t", {"a", "b", "c"});
    EXPECT_EQ(story.list_offset("t", -1), 3);
    EXPECT_EQ(story.list_offset("t", -2), 0);
    EXPECT_EQ(story.list_offset("t", -4), 0);
    auto const tiered = story.list_offsets("t", -5);
    EXPECT_EQ(tiered.error_code, ErrorCode::none);
    EXPECT_EQ(tiered.offset, -1);
}

TEST(ListOffsets, ShowsNothingThatIsNotDurable) {
    Story story;
    story.create("t");
    story.produce("t", {"a"});
    story.send(Story::produce_request("t", 0, at_times(story, {story.now.wall_ms + 5})), 12);
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    for (std::int64_t const timestamp : {std::int64_t{-1}, story.now.wall_ms + 5}) {
        request.topics = {{.name = "t", .partitions = {{.timestamp = timestamp}}}};
        auto const id = story.send(request);
        auto const answer = story.reply<kafka::ListOffsetsResponse>(id);
        EXPECT_EQ(answer->topics[0].partitions[0].offset, timestamp == -1 ? 1 : -1);
    }
}

TEST(ListOffsets, FindsTheFirstRecordAtOrAfterATime) {
    Story story;
    story.create("t");
    story.produce_batch("t", at_times(story, {1000, 3000, 2000}));
    story.produce_batch("t", at_times(story, {2500, 5000}));
    EXPECT_EQ(story.list_offset("t", 0), 0);
    EXPECT_EQ(story.list_offset("t", 1001), 1);
    EXPECT_EQ(story.list_offsets("t", 1001).timestamp, 3000);
    EXPECT_EQ(story.list_offset("t", 3001), 4);
    EXPECT_EQ(story.list_offset("t", 5001), -1);
    EXPECT_EQ(story.list_offset("t", 5001), -1);
}

TEST(ListOffsets, FindsTheRecordWithTheLargestTimestamp) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.list_offset("t", -3), -1);
    story.produce_batch("t", at_times(story, {1000, 7000, 2000}));
    story.produce_batch("t", at_times(story, {2500, 5000}));
    auto const found = story.list_offsets("t", -3);
    EXPECT_EQ(found.offset, 1);
    EXPECT_EQ(found.timestamp, 7000);
}

TEST(ListOffsets, IgnoresDeletedRecordsOfABatchThatIsStillThere) {
    Story story;
    story.create("t");
    story.produce_batch("t", at_times(story, {1000, 9000, 2000}));
    story.produce_batch("t", at_times(story, {4000}));
    EXPECT_EQ(delete_records(story, "t", 2), ErrorCode::none);
    EXPECT_EQ(story.list_offset("t", 0), 2);
    EXPECT_EQ(story.list_offset("t", 3000), 3);
    EXPECT_EQ(story.list_offset("t", 5000), -1);
}

TEST(ListOffsets, EveryVersionAnswers) {
    for (kafka::ApiVersion version = 1; version <= 11; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t");
        story.produce("t", {"a"});
        kafka::ListOffsetsRequest request;
        request.replica_id = -1;
        if (version >= 2) request.isolation_level = 1;
        request.topics = {{.name = "t", .partitions = {{.timestamp = 1}, {.partition_index = 3}}},
                          {.name = "bad name", .partitions = {{.timestamp = -1}}}};
        auto const answer = story.ask(request, version).topics;
        EXPECT_EQ(answer.at(0).partitions.at(0).offset, 0);
        EXPECT_EQ(answer.at(0).partitions.at(1).error_code, ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(answer.at(1).partitions.at(0).error_code, ErrorCode::invalid_topic_exception);
    }
}

TEST(ListOffsets, AnEpochOfTheFutureIsNotKnown) {
    Story story;
    story.create("t");
    kafka::ListOffsetsRequest request;
    request.topics = {{.name = "t", .partitions = {{.current_leader_epoch = 4, .timestamp = -1}}}};
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).error_code,
              ErrorCode::unknown_leader_epoch);
}

TEST(OffsetForLeaderEpoch, TheOneEpochEndsAtTheHighWatermark) {
    for (kafka::ApiVersion version = 2; version <= 4; ++version) {
        Story story;
        story.create("t");
        story.produce("t", {"a", "b"});
        kafka::OffsetForLeaderEpochRequest request;
        request.topics = {{.topic = "t",
                           .partitions = {{.partition = 0, .leader_epoch = 0},
                                          {.partition = 0, .leader_epoch = 3},
                                          {.partition = 5, .leader_epoch = 0}}}};
        auto const answer = story.ask(request, version).topics.at(0).partitions;
        EXPECT_EQ(answer.at(0).end_offset, 2);
        EXPECT_EQ(answer.at(0).leader_epoch, 0);
        EXPECT_EQ(answer.at(1).end_offset, -1);
        EXPECT_EQ(answer.at(2).error_code, ErrorCode::unknown_topic_or_partition);
    }
}

TEST(DeleteRecords, MovesTheLogStartForGood) {
    Story story;
    story.create("t");
    for (std::string const value : {"a", "b", "c"}) story.produce("t", {value});
    story.checkpoint();
    EXPECT_EQ(delete_records(story, "t", 2), ErrorCode::none);
    EXPECT_EQ(story.fetch("t", 1).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(story.fetch("t", 2).log_start_offset, 2);
    story.crash();
    EXPECT_EQ(story.list_offset("t", -2), 2);
    EXPECT_EQ(story.fetch_all("t"), (Values{"c"}));
    EXPECT_EQ(story.produce("t", {"d"}).base_offset, 3);
}

TEST(DeleteRecords, IsNotSeenBeforeItIsDurable) {
    Story story;
    story.create("t");
    story.produce("t", {"a", "b", "c"});
    kafka::DeleteRecordsRequest deletion;
    deletion.topics.push_back({"t", {{.partition_index = 0, .offset = 2}}});
    story.send(deletion);
    auto const fetched = story.send(Story::fetch_request("t", 2), 12);
    auto const outside = story.send(Story::fetch_request("t", 0), 12);
    kafka::ListOffsetsRequest earliest;
    earliest.topics.push_back({"t", {{.partition_index = 0, .timestamp = -2}}});
    auto const listed = story.send(earliest);
    for (auto const id : {fetched, outside, listed}) EXPECT_FALSE(story.answered(id));
    story.sync();
    for (auto const id : {fetched, outside, listed}) EXPECT_TRUE(story.answered(id));
    EXPECT_EQ(story.reply<kafka::FetchResponse>(fetched)
                  ->responses.at(0)
                  .partitions.at(0)
                  .log_start_offset,
              2);
}

TEST(DeleteRecords, UpToTheHighWatermarkEmptiesThePartition) {
    Story story;
    story.create("t");
    story.produce("t", {"a", "b"});
    EXPECT_EQ(delete_records(story, "t", -1), ErrorCode::none);
    EXPECT_TRUE(story.fetch_all("t").empty());
    EXPECT_EQ(story.broker->needed_from(), story.journal.next());
    EXPECT_EQ(story.list_offset("t", -1), 2);
    story.restart();
    EXPECT_EQ(story.produce("t", {"c"}).base_offset, 2);
}

TEST(DeleteRecords, RefusesOffsetsOutsideTheLog) {
    Story story;
    story.create("t");
    story.produce("t", {"a"});
    EXPECT_EQ(delete_records(story, "t", 2), ErrorCode::offset_out_of_range);
    EXPECT_EQ(delete_records(story, "t", -2), ErrorCode::offset_out_of_range);
    EXPECT_EQ(delete_records(story, "t", 0, 7), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(delete_records(story, "absent", 0), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(delete_records(story, "t", 1), ErrorCode::none);
    EXPECT_EQ(delete_records(story, "t", 0), ErrorCode::none);  // nothing left to do
    EXPECT_EQ(story.list_offset("t", -2), 1);
}

}  // namespace
}  // namespace klamm::broker
