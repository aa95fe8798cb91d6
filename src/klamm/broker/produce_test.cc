#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

TEST(Produce, GivesOffsetsThatCountUpWithoutGaps) {
    Story story;
    story.create("t", 2);
    EXPECT_EQ(story.produce("t", {"a", "b"}).base_offset, 0);
    EXPECT_EQ(story.produce("t", {"c"}).base_offset, 2);
    EXPECT_EQ(story.produce("t", {"x"}, 1).base_offset, 0);
    EXPECT_EQ(story.fetch_all("t"), (Values{"a", "b", "c"}));
    EXPECT_EQ(story.fetch_all("t", 1), (Values{"x"}));
}

TEST(Produce, IsAnsweredAfterTheSyncAndReadAfterTheSync) {
    Story story;
    story.create("t");
    auto const id =
        story.send(Story::produce_request("t", 0, records::build(story.records({"a"}))), 12);
    EXPECT_FALSE(story.answered(id));
    auto const early = story.send(Story::fetch_request("t", 0), 12);
    EXPECT_TRUE(
        Story::values_of(story.reply<kafka::FetchResponse>(early)->responses[0].partitions[0])
            .empty());
    story.sync();
    EXPECT_TRUE(story.answered(id));
    EXPECT_EQ(story.fetch_all("t"), (Values{"a"}));
}

TEST(Produce, WhatWasAcknowledgedSurvivesACrashAndTheRestIsGone) {
    Story story;
    story.create("t");
    story.produce("t", {"a"});
    story.checkpoint();
    story.produce("t", {"b"});
    story.send(Story::produce_request("t", 0, records::build(story.records({"lost"}))), 12);
    story.crash();
    EXPECT_EQ(story.fetch_all("t"), (Values{"a", "b"}));
    EXPECT_EQ(story.produce("t", {"c"}).base_offset, 2);
}

TEST(Produce, PartitionsOfOneRequestFailAlone) {
    Story story;
    story.create("t", 1);
    auto request = Story::produce_request("t", 0, records::build(story.records({"a"})));
    auto broken = records::build(story.records({"b"}));
    broken.back() ^= std::byte{1};
    request.topic_data[0].partition_data.push_back(
        {.index = 0, .records = kafka::Records{{Slice{std::move(broken)}}}});
    request.topic_data[0].partition_data.push_back(
        {.index = 7, .records = kafka::Records{{Slice{records::build(story.records({"c"}))}}}});
    auto const answer = story.ask(request, 12).responses[0].partition_responses;
    EXPECT_EQ(answer[0].error_code, ErrorCode::none);
    EXPECT_EQ(answer[1].error_code, ErrorCode::corrupt_message);
    EXPECT_FALSE(answer[1].error_message->empty());
    EXPECT_EQ(answer[1].base_offset, -1);
    EXPECT_EQ(answer[2].error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(story.fetch_all("t"), (Values{"a"}));
}

TEST(Produce, NamesThatCannotBeAreTold) {
    Story story;
    EXPECT_EQ(story.produce("no/slash", {"a"}).error_code, ErrorCode::invalid_topic_exception);
    EXPECT_EQ(story.produce("absent", {"a"}).error_code, ErrorCode::unknown_topic_or_partition);
}

TEST(Produce, Version13NamesTopicsById) {
    Story story;
    story.create("t");
    auto request = Story::produce_request("", 0, records::build(story.records({"a"})));
    request.topic_data[0].topic_id = story.topic_id("t");
    EXPECT_EQ(story.ask(request, 13).responses[0].partition_responses[0].error_code,
              ErrorCode::none);
    Random random{5};
    request.topic_data[0].topic_id = Uuid::random(random);
    EXPECT_EQ(story.ask(request, 13).responses[0].partition_responses[0].error_code,
              ErrorCode::unknown_topic_id);
}

TEST(Produce, EveryVersionCarriesSuccessAndError) {
    for (kafka::ApiVersion version = 3; version <= 13; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t");
        auto request = Story::produce_request("t", 0, records::build(story.records({"a"})));
        request.topic_data[0].topic_id = version >= 13 ? story.topic_id("t") : Uuid{};
        auto const good = story.ask(request, version).responses[0].partition_responses[0];
        EXPECT_EQ(good.error_code, ErrorCode::none);
        request.topic_data[0].partition_data[0].index = 9;
        auto const bad = story.ask(request, version).responses[0].partition_responses[0];
        EXPECT_EQ(bad.error_code, ErrorCode::unknown_topic_or_partition);
    }
}

TEST(Produce, AcksZeroIsSilentAndAnErrorClosesTheConnection) {
    Story story;
    story.create("t");
    auto request = Story::produce_request("t", 0, records::build(story.records({"a"})));
    request.acks = 0;
    auto const good = story.send(request, 12);
    EXPECT_TRUE(story.answered(good));
    EXPECT_FALSE(story.closed(good));
    request.topic_data[0].name = "absent";
    auto const bad = story.send(request, 12);
    EXPECT_TRUE(story.closed(bad));
    story.sync();
    EXPECT_EQ(story.fetch_all("t"), (Values{"a"}));
}

TEST(Produce, OtherAcksAreRefused) {
    Story story;
    story.create("t");
    auto request = Story::produce_request("t", 0, records::build(story.records({"a"})));
    request.acks = 2;
    EXPECT_EQ(story.ask(request, 12).responses[0].partition_responses[0].error_code,
              ErrorCode::invalid_required_acks);
}

TEST(Produce, BatchesBeyondTheTopicsLimitAreRefused) {
    Story story;
    story.create("small", 1, {{"max.message.bytes", "100"}});
    EXPECT_EQ(story.produce("small", {"a"}).error_code, ErrorCode::none);
    auto const refused = story.produce("small", {std::string(100, 'x')});
    EXPECT_EQ(refused.error_code, ErrorCode::message_too_large);
    EXPECT_NE(refused.error_message->find("max.message.bytes"), std::string::npos);
}

TEST(Produce, ARecordWithoutKeyIsRefusedWhereTopicsAreCompacted) {
    Story story;
    story.create("table", 1, {{"cleanup.policy", "compact,delete"}});
    auto records = story.records({"a", "b", "c", "d"});
    records[0].key.emplace();
    records[2].key.emplace();
    for (auto const codec : {records::Codec::none, records::Codec::zstd}) {
        auto const refused =
            story.produce_batch("table", records::build(records, {.codec = codec}));
        EXPECT_EQ(refused.error_code, ErrorCode::invalid_record);
        EXPECT_NE(refused.error_message->find("table-0"), std::string::npos);
        ASSERT_EQ(refused.record_errors.size(), 2U);
        EXPECT_EQ(refused.record_errors[0].batch_index, 1);
        EXPECT_EQ(refused.record_errors[1].batch_index, 3);
        EXPECT_EQ(refused.record_errors[1].batch_index_error_message, refused.error_message);
    }
    records[1].key.emplace();
    records[3].key.emplace();
    EXPECT_EQ(story.produce_batch("table", records::build(records)).error_code, ErrorCode::none);
    EXPECT_EQ(story.fetch_all("table"), (Values{"a", "b", "c", "d"}));
}

TEST(Produce, AFullJournalIsARetriableErrorAndReadsGoOn) {
    Story story;
    story.create("t");
    story.produce("t", {"a"});
    story.journal.full = true;
    EXPECT_EQ(story.produce("t", {"b"}).error_code, ErrorCode::kafka_storage_error);
    EXPECT_TRUE(kafka::is_retriable(ErrorCode::kafka_storage_error));
    EXPECT_EQ(story.fetch_all("t"), (Values{"a"}));
    story.journal.full = false;
    EXPECT_EQ(story.produce("t", {"b"}).base_offset, 1);
}

TEST(Produce, LogAppendTimeReplacesTheProducersTimestamps) {
    Story story;
    story.create("t", 1, {{"message.timestamp.type", "LogAppendTime"}});
    auto records = story.records({"a"});
    records[0].timestamp = 1;
    auto const produced = story.produce_batch("t", records::build(records));
    EXPECT_EQ(produced.log_append_time_ms, story.now.wall_ms);
    auto const fetched = story.fetch("t", 0);
    auto const batch = fetched.records->parts.at(0).view();
    EXPECT_TRUE(records::check(batch).has_value());
    EXPECT_EQ(records::read_records(batch)->at(0).timestamp, story.now.wall_ms);
}

TEST(Produce, CreateTimeIsAnsweredWithMinusOne) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.produce("t", {"a"}).log_append_time_ms, -1);
}

TEST(Produce, TimestampsFarAheadAreRefused) {
    Story story;
    story.create("t");
    auto records = story.records({"a"});
    records[0].timestamp = story.now.wall_ms + 3'600'001;
    auto const refused = story.produce_batch("t", records::build(records));
    EXPECT_EQ(refused.error_code, ErrorCode::invalid_timestamp);
    records[0].timestamp = story.now.wall_ms + 3'600'000;
    EXPECT_EQ(story.produce_batch("t", records::build(records)).error_code, ErrorCode::none);
}

TEST(Produce, TimestampsFarBehindAreRefusedWhereTheTopicSaysSo) {
    Story story;
    story.create("t", 1, {{"message.timestamp.before.max.ms", "1000"}});
    auto records = story.records({"a"});
    records[0].timestamp = story.now.wall_ms - 1001;
    EXPECT_EQ(story.produce_batch("t", records::build(records)).error_code,
              ErrorCode::invalid_timestamp);
}

TEST(Produce, ZstdNeedsVersion7) {
    Story story;
    story.create("t");
    auto const batch = records::build(story.records({"a"}), {.codec = records::Codec::zstd});
    EXPECT_EQ(story.produce_batch("t", batch, 0, 6).error_code,
              ErrorCode::unsupported_compression_type);
    EXPECT_EQ(story.produce_batch("t", batch, 0, 7).error_code, ErrorCode::none);
}

// ---- idempotent producers -------------------------------------------------------------------

TEST(IdempotentProduce, ARetryIsAnsweredWithTheFirstOffset) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.produce_as(9, 0, 0, "t", {"a", "b"}).base_offset, 0);
    EXPECT_EQ(story.produce_as(9, 0, 2, "t", {"c"}).base_offset, 2);
    auto const again = story.produce_as(9, 0, 0, "t", {"a", "b"});
    EXPECT_EQ(again.error_code, ErrorCode::none);
    EXPECT_EQ(again.base_offset, 0);
    EXPECT_EQ(story.fetch_all("t"), (Values{"a", "b", "c"}));
}

TEST(IdempotentProduce, ARetryAfterACrashIsStillARetry) {
    Story story;
    story.create("t");
    story.produce_as(9, 0, 0, "t", {"a"});
    story.checkpoint();
    story.produce_as(9, 0, 1, "t", {"b"});
    story.crash();
    EXPECT_EQ(story.produce_as(9, 0, 0, "t", {"a"}).base_offset, 0);
    EXPECT_EQ(story.produce_as(9, 0, 1, "t", {"b"}).base_offset, 1);
    EXPECT_EQ(story.produce_as(9, 0, 2, "t", {"c"}).base_offset, 2);
    EXPECT_EQ(story.fetch_all("t"), (Values{"a", "b", "c"}));
}

TEST(IdempotentProduce, FiveBatchesAreRemembered) {
    Story story;
    story.create("t");
    for (int n = 0; n < 6; ++n) story.produce_as(9, 0, n, "t", {"x"});
    EXPECT_EQ(story.produce_as(9, 0, 1, "t", {"x"}).base_offset, 1);
    EXPECT_EQ(story.produce_as(9, 0, 0, "t", {"x"}).error_code,
              ErrorCode::out_of_order_sequence_number);
}

TEST(IdempotentProduce, GapsAreRefused) {
    Story story;
    story.create("t");
    story.produce_as(9, 0, 0, "t", {"a"});
    EXPECT_EQ(story.produce_as(9, 0, 2, "t", {"c"}).error_code,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(story.fetch_all("t"), (Values{"a"}));
}

TEST(IdempotentProduce, ANewEpochBeginsAtZeroAndFencesTheOldOne) {
    Story story;
    story.create("t");
    story.produce_as(9, 0, 0, "t", {"a"});
    EXPECT_EQ(story.produce_as(9, 1, 5, "t", {"b"}).error_code,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(story.produce_as(9, 1, 0, "t", {"b"}).error_code, ErrorCode::none);
    EXPECT_EQ(story.produce_as(9, 0, 1, "t", {"c"}).error_code, ErrorCode::invalid_producer_epoch);
}

TEST(IdempotentProduce, AProducerThatIsNotKnownMayBeginAnywhere) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.produce_as(9, 3, 17, "t", {"a"}).error_code, ErrorCode::none);
    EXPECT_EQ(story.produce_as(9, 3, 18, "t", {"b"}).error_code, ErrorCode::none);
}

TEST(IdempotentProduce, SequenceNumbersWrap) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.produce_as(9, 0, 2147483646, "t", {"a", "b"}).error_code, ErrorCode::none);
    EXPECT_EQ(story.produce_as(9, 0, 0, "t", {"c"}).error_code, ErrorCode::none);
    EXPECT_EQ(last_sequence(2147483647, 1), 0);
}

TEST(IdempotentProduce, ProducersAreForgottenAfterADayOfSilence) {
    Options options;
    options.producer_id_expiration_ms = std::chrono::milliseconds{1000};
    Story story{options};
    story.create("t");
    story.produce_as(9, 0, 0, "t", {"a"});
    story.pass(Duration{999});
    EXPECT_EQ(story.produce_as(9, 0, 7, "t", {"b"}).error_code,
              ErrorCode::out_of_order_sequence_number);
    story.pass(Duration{1});
    EXPECT_EQ(story.produce_as(9, 0, 7, "t", {"b"}).error_code, ErrorCode::none);
    story.crash();
    EXPECT_EQ(story.produce_as(9, 0, 8, "t", {"c"}).error_code, ErrorCode::none);
}

TEST(IdempotentProduce, TheNumberOfProducersIsBounded) {
    Options options;
    options.producers_max = 3;
    Story story{options};
    story.create("t");
    for (int id = 0; id < 10; ++id) story.produce_as(id, 0, 0, "t", {"a"});
    EXPECT_EQ(story.broker->stats().producers, 3U);
    EXPECT_EQ(story.produce_as(9, 0, 5, "t", {"b"}).error_code,
              ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(story.produce_as(0, 0, 5, "t", {"b"}).error_code, ErrorCode::none);
    story.checkpoint();
    story.crash();
    EXPECT_EQ(story.broker->stats().producers, 3U);
}

TEST(InitProducerId, IdsAreNeverGivenTwice) {
    Story story;
    kafka::InitProducerIdRequest request;
    request.transactional_id.reset();
    auto const first = story.ask(request).producer_id;
    auto const second = story.ask(request).producer_id;
    EXPECT_NE(first, second);
    story.crash();
    auto const third = story.ask(request);
    EXPECT_GT(third.producer_id, second);
    EXPECT_EQ(third.producer_epoch, 0);
}

TEST(InitProducerId, AFullJournalIsRetriable) {
    Story story;
    story.journal.full = true;
    kafka::InitProducerIdRequest request;
    request.transactional_id.reset();
    EXPECT_TRUE(kafka::is_retriable(story.ask(request).error_code));
}

}  // namespace
}  // namespace klamm::broker
