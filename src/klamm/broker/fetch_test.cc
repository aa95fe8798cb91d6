#include "klamm/broker/fetch_sessions.h"
#include "klamm/broker/story.h"

#include <set>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using kafka::FetchRequest;
using kafka::FetchResponse;

std::vector<std::int32_t> partitions_of(FetchResponse const& response) {
    std::vector<std::int32_t> all;
    for (auto const& topic : response.responses) {
        for (auto const& partition : topic.partitions) all.push_back(partition.partition_index);
    }
    return all;
}

/// All partitions of topic "t", from offset 0, in a new session.
FetchRequest session_request(std::int32_t partitions) {
    FetchRequest request;
    request.session_epoch = 0;
    auto& topic = request.topics.emplace_back();
    topic.topic = "t";
    for (std::int32_t n = 0; n < partitions; ++n)
        topic.partitions.push_back({.partition = n, .partition_max_bytes = 1 << 20});
    return request;
}

FetchRequest next_request(FetchResponse const& before, std::int32_t epoch) {
    FetchRequest request;
    request.session_id = before.session_id;
    request.session_epoch = epoch;
    return request;
}

TEST(Fetch, GivesWholeBatchesEvenFromTheirMiddle) {
    Story story;
    story.create("t");
    story.produce("t", {"a", "b", "c"});
    story.produce("t", {"d"});
    EXPECT_EQ(Story::values_of(story.fetch("t", 1)), (Values{"a", "b", "c", "d"}));
    EXPECT_EQ(Story::values_of(story.fetch("t", 3)), (Values{"d"}));
    EXPECT_TRUE(Story::values_of(story.fetch("t", 4)).empty());
}

TEST(Fetch, OffsetsOutsideTheLogAreOutOfRange) {
    Story story;
    story.create("t");
    story.produce("t", {"a"});
    EXPECT_EQ(story.fetch("t", 2).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(story.fetch("t", -1).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(story.fetch("t", 2).high_watermark, -1);
}

TEST(Fetch, EveryVersionCarriesRecordsAndErrors) {
    for (kafka::ApiVersion version = 4; version <= 18; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t");
        story.produce("t", {"a"});
        auto request = Story::fetch_request("t", 0);
        request.isolation_level = std::int8_t(version % 2);
        request.topics[0].topic_id = story.topic_id("t");
        request.topics[0].partitions.push_back({.partition = 5});
        if (version >= 13) request.topics[0].topic.clear();
        auto const answer = story.ask(request, version).responses.at(0);
        EXPECT_EQ(Story::values_of(answer.partitions[0]), (Values{"a"}));
        EXPECT_EQ(answer.partitions[1].error_code, ErrorCode::unknown_topic_or_partition);
    }
}

TEST(Fetch, UnknownTopicsAreNamedAsTheClientNamesThem) {
    Story story;
    EXPECT_EQ(story.fetch("absent", 0).error_code, ErrorCode::unknown_topic_or_partition);
    auto request = Story::fetch_request("", 0);
    Random random{3};
    request.topics[0].topic_id = Uuid::random(random);
    EXPECT_EQ(story.ask(request, 13).responses[0].partitions[0].error_code,
              ErrorCode::unknown_topic_id);
}

TEST(Fetch, AnEpochOfTheFutureIsNotKnown) {
    Story story;
    story.create("t");
    auto request = Story::fetch_request("t", 0);
    request.topics[0].partitions[0].current_leader_epoch = 1;
    EXPECT_EQ(story.ask(request, 12).responses[0].partitions[0].error_code,
              ErrorCode::unknown_leader_epoch);
}

TEST(Fetch, TheFirstBatchComesEvenIfItIsTooLarge) {
    Story story;
    story.create("t", 2);
    story.produce("t", {std::string(1000, 'x')});
    story.produce("t", {"b"});
    story.produce("t", {"c"}, 1);
    auto request = Story::fetch_request("t", 0);
    request.max_bytes = 10;
    request.topics[0].partitions[0].partition_max_bytes = 10;
    request.topics[0].partitions.push_back({.partition = 1, .partition_max_bytes = 1 << 20});
    auto const answer = story.ask(request, 12).responses[0].partitions;
    EXPECT_EQ(Story::values_of(answer[0]).size(), 1U);
    EXPECT_TRUE(Story::values_of(answer[1]).empty());  // the limit of the response is used up
}

TEST(Fetch, EachPartitionHasItsOwnLimit) {
    Story story;
    story.create("t");
    for (int n = 0; n < 10; ++n) story.produce("t", {std::string(100, 'x')});
    auto request = Story::fetch_request("t", 0);
    request.topics[0].partitions[0].partition_max_bytes = 500;
    auto const fetched = story.ask(request, 12).responses[0].partitions[0];
    EXPECT_EQ(Story::values_of(fetched).size(), 2U);  // of about 170 bytes each
    EXPECT_LE(fetched.records->size(), 500U);
}

TEST(Fetch, ADamagedBatchFailsItsPartitionAlone) {
    Story story;
    story.create("t", 2);
    story.produce("t", {"a"});
    story.produce("t", {"b"}, 1);
    for (auto& entry : story.journal.entries) {
        if (!entry.body.empty()) {
            entry.at = journal::Position{std::uint64_t(entry.at) + 1};  // it cannot be read
            break;
        }
    }
    auto request = Story::fetch_request("t", 0);
    request.topics[0].partitions.push_back({.partition = 1, .partition_max_bytes = 1 << 20});
    auto const answer = story.ask(request, 12).responses[0].partitions;
    EXPECT_EQ(answer[0].error_code, ErrorCode::kafka_storage_error);
    EXPECT_EQ(Story::values_of(answer[1]), (Values{"b"}));
}

// ---- waiting --------------------------------------------------------------------------------

TEST(DelayedFetch, IsAnsweredWhenARecordBecomesDurable) {
    Story story;
    story.create("t");
    auto request = Story::fetch_request("t", 0);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    EXPECT_FALSE(story.answered(id));
    EXPECT_EQ(story.broker->stats().fetches_waiting, 1U);
    story.send(Story::produce_request("t", 0, records::build(story.records({"a"}))), 12);
    EXPECT_FALSE(story.answered(id));
    story.sync();
    auto const answer = story.reply<FetchResponse>(id);
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(Story::values_of(answer->responses[0].partitions[0]), (Values{"a"}));
    EXPECT_EQ(story.broker->stats().fetches_waiting, 0U);
}

TEST(DelayedFetch, IsAnsweredWhenItHasWaitedLongEnough) {
    Story story;
    story.create("t");
    auto request = Story::fetch_request("t", 0);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    EXPECT_EQ(story.broker->next_tick(), story.now.instant + Duration{500});
    story.pass(Duration{499});
    EXPECT_FALSE(story.answered(id));
    story.pass(Duration{1});
    EXPECT_TRUE(story.answered(id));
}

TEST(DelayedFetch, WaitsForMinBytesOfAllItsPartitionsTogether) {
    Story story;
    story.create("t", 2);
    auto request = Story::fetch_request("t", 0);
    request.topics[0].partitions.push_back({.partition = 1, .partition_max_bytes = 1 << 20});
    request.min_bytes = 250;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    story.produce("t", {std::string(100, 'x')}, 0);
    EXPECT_FALSE(story.answered(id));
    story.produce("t", {std::string(100, 'x')}, 1);
    ASSERT_TRUE(story.answered(id));
    EXPECT_EQ(story.reply<FetchResponse>(id)->responses[0].partitions.size(), 2U);
}

TEST(DelayedFetch, ManyMayWaitForTheSamePartition) {
    Story story;
    story.create("t");
    auto request = Story::fetch_request("t", 0);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    std::vector<RequestId> ids;
    for (int n = 0; n < 10; ++n) ids.push_back(story.send(request, 12));
    story.connection = ConnectionId{2};
    auto const other = story.send(request, 12);
    story.broker->disconnected(ConnectionId{1}, story.now);
    EXPECT_EQ(story.broker->stats().fetches_waiting, 1U);
    story.produce("t", {"a"});
    EXPECT_TRUE(story.answered(other));
    EXPECT_FALSE(story.answered(ids[3]));
}

TEST(DelayedFetch, MayStillWaitWhenTheBrokerEnds) {
    Story story;
    story.create("t");
    auto request = Story::fetch_request("t", 0);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    story.restart();  // under the address sanitizer: nobody unlinks from a list that is gone
    EXPECT_FALSE(story.answered(id));
}

TEST(DelayedFetch, LearnsThatItsTopicIsDeleted) {
    Story story;
    story.create("t");
    auto request = Story::fetch_request("t", 0);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    story.remove("t");
    ASSERT_TRUE(story.answered(id));
    EXPECT_EQ(story.reply<FetchResponse>(id)->responses[0].partitions[0].error_code,
              ErrorCode::unknown_topic_or_partition);
}

TEST(DelayedFetch, ErrorsAreAnsweredAtOnce) {
    Story story;
    auto request = Story::fetch_request("absent", 0);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    EXPECT_TRUE(story.answered(story.send(request, 12)));
}

// ---- sessions (KIP-227) ---------------------------------------------------------------------

TEST(FetchSession, AnswersWithWhatChangedOnly) {
    Story story;
    story.create("t", 3);
    story.produce("t", {"a"}, 1);
    auto const full = story.ask(session_request(3), 12);
    EXPECT_NE(full.session_id, 0);
    EXPECT_EQ(partitions_of(full), (std::vector{0, 1, 2}));

    auto request = next_request(full, 1);
    request.topics = {
        {.topic = "t",
         .topic_id = {},
         .partitions = {{.partition = 1, .fetch_offset = 1, .partition_max_bytes = 1 << 20}}}};
    EXPECT_TRUE(partitions_of(story.ask(request, 12)).empty());

    story.produce("t", {"b"}, 2);
    auto const changed = story.ask(next_request(full, 2), 12);
    EXPECT_EQ(partitions_of(changed), (std::vector{2}));
    EXPECT_EQ(changed.session_id, full.session_id);
}

TEST(FetchSession, ForgottenPartitionsAreNotAnswered) {
    Story story;
    story.create("t", 2);
    auto const full = story.ask(session_request(2), 12);
    auto request = next_request(full, 1);
    request.forgotten_topics_data = {{.topic = "t", .topic_id = {}, .partitions = {0}}};
    story.ask(request, 12);
    story.produce("t", {"a"}, 0);
    story.produce("t", {"b"}, 1);
    EXPECT_EQ(partitions_of(story.ask(next_request(full, 2), 12)), (std::vector{1}));
}

TEST(FetchSession, UnknownIdsAndEpochsAreErrors) {
    Story story;
    story.create("t", 1);
    auto const full = story.ask(session_request(1), 12);
    auto request = next_request(full, 2);
    EXPECT_EQ(story.ask(request, 12).error_code, ErrorCode::invalid_fetch_session_epoch);
    request.session_id = full.session_id ^ 1;
    request.session_epoch = 1;
    EXPECT_EQ(story.ask(request, 12).error_code, ErrorCode::fetch_session_id_not_found);
    request.session_id = full.session_id;
    EXPECT_EQ(story.ask(request, 13).error_code, ErrorCode::fetch_session_topic_id_error);
}

TEST(FetchSession, EndsWhenTheClientSaysSo) {
    Story story;
    story.create("t", 1);
    auto const full = story.ask(session_request(1), 12);
    EXPECT_EQ(story.ask(next_request(full, -1), 12).error_code, ErrorCode::none);
    EXPECT_EQ(story.ask(next_request(full, 1), 12).error_code,
              ErrorCode::fetch_session_id_not_found);
}

TEST(FetchSession, ANewOneNeedsASlotThatIsFreeOrLongUnused) {
    Options options;
    options.max_incremental_fetch_session_cache_slots = 2;
    Story story{options};
    story.create("t", 1);
    auto const first = story.ask(session_request(1), 12);
    story.pass(Duration{10});
    auto const second = story.ask(session_request(1), 12);
    EXPECT_NE(second.session_id, 0);
    EXPECT_EQ(story.ask(session_request(1), 12).session_id, 0);
    story.pass(fetch_session_idle_min - Duration{10});
    EXPECT_NE(story.ask(session_request(1), 12).session_id, 0);
    EXPECT_EQ(story.ask(next_request(first, 1), 12).error_code,
              ErrorCode::fetch_session_id_not_found);
    EXPECT_EQ(story.ask(next_request(second, 1), 12).error_code, ErrorCode::none);
}

TEST(FetchSession, PartitionsThatHadRecordsGoToTheBack) {
    Story story;
    story.create("t", 3);
    for (int n = 0; n < 3; ++n) story.produce("t", {std::string(1000, 'x')}, n);
    auto request = session_request(3);
    request.max_bytes = 100;  // one batch a response
    auto last = story.ask(request, 12);
    std::set<std::int32_t> served;
    for (std::int32_t epoch = 1; epoch <= 3; ++epoch) {
        for (auto const& partition : last.responses.at(0).partitions) {
            if (partition.records->size() > 0) served.insert(partition.partition_index);
        }
        auto next = next_request(last, epoch);
        next.max_bytes = 100;
        last = story.ask(next, 12);
    }
    EXPECT_EQ(served, (std::set{0, 1, 2}));
}

TEST(FetchSession, WaitsForANewRecord) {
    Story story;
    story.create("t", 2);
    auto const full = story.ask(session_request(2), 12);
    auto request = next_request(full, 1);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    EXPECT_FALSE(story.answered(id));
    story.produce("t", {"a"}, 1);
    ASSERT_TRUE(story.answered(id));
    EXPECT_EQ(partitions_of(*story.reply<FetchResponse>(id)), (std::vector{1}));
}

TEST(FetchSession, AWaitingFetchLearnsThatAQuietPartitionIsDeleted) {
    Story story;
    story.create("t", 2);
    auto const full = story.ask(session_request(2), 12);
    EXPECT_TRUE(partitions_of(story.ask(next_request(full, 1), 12)).empty());
    auto request = next_request(full, 2);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    EXPECT_FALSE(story.answered(id));
    story.remove("t");
    ASSERT_TRUE(story.answered(id));
    EXPECT_EQ(partitions_of(*story.reply<FetchResponse>(id)), (std::vector{0, 1}));
}

TEST(FetchSession, AWaitingFetchOutlivesItsSession) {
    Story story;
    story.create("t", 1);
    auto const full = story.ask(session_request(1), 12);
    auto request = next_request(full, 1);
    request.min_bytes = 1;
    request.max_wait_ms = 500;
    auto const id = story.send(request, 12);
    story.ask(next_request(full, -1), 12);
    story.produce("t", {"a"});
    story.pass(Duration{500});
    ASSERT_TRUE(story.answered(id));
    EXPECT_EQ(story.reply<FetchResponse>(id)->error_code, ErrorCode::fetch_session_id_not_found);
}

TEST(FetchSession, LooksOnlyAtPartitionsThatMayHaveNews) {
    FetchSession session;
    session.update(session_request(3));
    EXPECT_EQ(session.news().size(), 3u);
    auto& first = session.items().front();
    session.quiet(first);
    EXPECT_EQ(session.news().size(), 2u);
    session.note(first);
    session.move_to_back(first);
    EXPECT_EQ(session.news().rbegin()->second->partition, 0);
    EXPECT_EQ(session.items().back().partition, 0);
}

TEST(FetchSession, SurvivesTheTopicsEndAndFindsItsSuccessor) {
    Story story;
    story.create("t", 1);
    auto const full = story.ask(session_request(1), 12);
    story.remove("t");
    auto const gone = story.ask(next_request(full, 1), 12);
    EXPECT_EQ(gone.responses.at(0).partitions.at(0).error_code,
              ErrorCode::unknown_topic_or_partition);
    story.create("t", 1);
    story.produce("t", {"a"});
    auto const back = story.ask(next_request(full, 2), 12);
    EXPECT_EQ(Story::values_of(back.responses.at(0).partitions.at(0)), (Values{"a"}));
}

}  // namespace
}  // namespace klamm::broker
