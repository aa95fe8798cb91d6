#include "klamm/broker/storage_plan.h"
#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using Kind = StorageJob::Kind;

/// Budgets so small that a few batches exceed them.
Options small() {
    Options options;
    options.journal_bytes = 4000;
    options.storage_job_bytes = 3000;
    options.own_file_bytes = 1500;
    options.l1_block_bytes = 500;
    return options;
}

Values produce_many(Story& story, std::string const& topic, int from, int count,
                    std::int32_t partition = 0) {
    Values values;
    for (int n = from; n < from + count; ++n) {
        values.push_back("value " + std::to_string(n));
        story.produce(topic, {values.back()}, partition);
    }
    return values;
}

TEST(Storage, TheJournalIsHeldWithinItsBudgetAndNothingIsLost) {
    Story story{small()};
    story.create("t", 2);
    auto const first = produce_many(story, "t", 0, 100);
    auto const second = produce_many(story, "t", 1000, 30, 1);
    EXPECT_GT(story.work_all(), 2);
    EXPECT_LE(std::uint64_t(story.journal.next()) - std::uint64_t(story.broker->needed_from()),
              4000U);
    story.trim();
    EXPECT_EQ(story.fetch_all("t", 0), first);
    EXPECT_EQ(story.fetch_all("t", 1), second);
    story.crash();
    EXPECT_EQ(story.fetch_all("t", 0), first);
    EXPECT_EQ(story.fetch_all("t", 1), second);
    story.checkpoint();
    story.crash();
    EXPECT_EQ(story.fetch_all("t", 0), first);
}

TEST(Storage, EveryOffsetCanBeFetchedAndNothingBeforeIt) {
    Story story{small()};
    story.create("t");
    produce_many(story, "t", 0, 100);
    story.work_all();
    story.trim();
    for (std::int64_t offset = 0; offset < 100; ++offset) {
        auto const records = Story::records_of(story.fetch("t", offset));
        ASSERT_FALSE(records.empty());
        EXPECT_EQ(records.front().offset, offset);
        EXPECT_EQ(Story::text_of(records.front()), "value " + std::to_string(offset));
    }
}

TEST(Storage, AFetchGetsNoMoreThanItAskedForAndOneBatchAtLeast) {
    Story story{small()};
    story.create("t");
    produce_many(story, "t", 0, 100);
    story.work_all();
    for (std::int32_t const bytes : {1, 100, 200, 300, 1000}) {
        auto request = Story::fetch_request("t", 3);
        request.topics[0].partitions[0].partition_max_bytes = bytes;
        auto const answer = story.ask(request, 12).responses.at(0).partitions.at(0);
        std::size_t size = 0;
        for (auto const& part : answer.records->parts) size += part.size();
        auto const records = Story::records_of(answer);
        ASSERT_FALSE(records.empty());
        EXPECT_EQ(records.front().offset, 3);
        EXPECT_LE(size, records.size() > 1 ? std::size_t(bytes) : 200);
    }
}

TEST(Storage, ManyPartitionsWithLittleEachShareAFile) {
    Story story{small()};
    story.create("t", 20);
    for (std::int32_t p = 0; p < 20; ++p) produce_many(story, "t", 0, 3, p);
    EXPECT_EQ(story.work(), Kind::merge);
    EXPECT_EQ(story.broker->files().size(), 1U);
    for (std::int32_t p = 0; p < 20; ++p) EXPECT_EQ(story.fetch_all("t", p).size(), 3U);
}

TEST(Storage, FilesGoWithWhatTheyHeld) {
    Story story{small()};
    story.create("t");
    story.create("u");
    produce_many(story, "t", 0, 60);
    produce_many(story, "u", 0, 60);
    story.work_all();
    EXPECT_FALSE(story.extents.list().value().empty());
    story.remove("t");
    story.remove("u");
    story.sync();
    for (auto const number : story.broker->take_unneeded_files())
        EXPECT_TRUE(story.extents.remove(number).has_value());
    EXPECT_TRUE(story.broker->files().empty());
    EXPECT_TRUE(story.extents.list().value().empty());
}

TEST(Storage, AFileIsNamedUnneededOnlyWhenThatIsDurable) {
    Story story{small()};
    story.create("t");
    produce_many(story, "t", 0, 60);
    story.work_all();
    auto const files = story.broker->files().size();
    ASSERT_GT(files, 0U);
    kafka::DeleteTopicsRequest request;
    request.topics.push_back({.name = "t", .topic_id = {}});
    story.send(request);
    EXPECT_TRUE(story.broker->take_unneeded_files().empty());
    story.sync();
    EXPECT_EQ(story.broker->take_unneeded_files().size(), files);
}

TEST(Storage, AFileThatIsMostlyDeletedIsWrittenAnew) {
    auto options = small();
    options.storage_job_bytes = 20'000;
    options.own_file_bytes = 100'000;
    Story story{options};
    story.create("gone");
    story.create("kept");
    produce_many(story, "gone", 0, 100);
    auto const kept = produce_many(story, "kept", 0, 20);
    produce_many(story, "gone", 0, 100);
    story.work_all();
    ASSERT_EQ(story.broker->files().size(), 1U);
    auto const before = story.broker->files().begin()->second.bytes;
    story.remove("gone");
    EXPECT_EQ(story.work(), Kind::repack);
    ASSERT_EQ(story.broker->files().size(), 1U);
    EXPECT_LT(story.broker->files().begin()->second.bytes, before / 2);
    EXPECT_EQ(story.fetch_all("kept"), kept);
    EXPECT_EQ(story.work(), std::nullopt);
}

TEST(Storage, WhatIsDeletedDuringAJobStaysDeleted) {
    Story story{small()};
    story.create("t");
    story.create("u");
    produce_many(story, "t", 0, 60);
    auto const other = produce_many(story, "u", 0, 10);
    auto job = story.broker->plan_storage(story.extents.room(), story.now);
    ASSERT_TRUE(job);
    auto work = story.begin(std::move(*job));
    while (!work->step(100)) {}
    story.remove("t");
    story.create("t");
    story.finish(std::move(work));
    EXPECT_TRUE(story.fetch_all("t").empty());
    EXPECT_EQ(story.fetch_all("u"), other);
    EXPECT_TRUE(story.broker->files().empty());
    EXPECT_TRUE(story.extents.list().value().empty());
}

TEST(Storage, RecordsDeletedDuringAJobLeaveTheFileToOtherPartitions) {
    Story story{small()};
    story.create("t", 2);
    produce_many(story, "t", 0, 5);
    auto const other = produce_many(story, "t", 100, 10, 1);
    story.create("u");
    produce_many(story, "u", 0, 50);
    auto const later = produce_many(story, "t", 5, 2);
    auto job = story.broker->plan_storage(story.extents.room(), story.now);
    ASSERT_TRUE(job);
    ASSERT_EQ(job->parts.size(), 2U);
    auto work = story.begin(std::move(*job));
    while (!work->step(100)) {}
    kafka::DeleteRecordsRequest request;
    request.topics = {{.name = "t", .partitions = {{.partition_index = 0, .offset = 5}}}};
    story.ask(request);
    story.finish(std::move(work));
    for (int starts = 0; starts < 2; ++starts) {
        EXPECT_EQ(story.fetch_all("t", 0), later);
        EXPECT_EQ(story.fetch_all("t", 1), other);
        story.checkpoint();
        story.crash();
    }
}

TEST(Storage, ACrashDuringAJobLeavesTheOld) {
    Story story{small()};
    story.create("t");
    auto const values = produce_many(story, "t", 0, 60);
    auto job = story.broker->plan_storage(story.extents.room(), story.now);
    auto work = story.begin(std::move(*job));
    while (!work->step(100)) {}
    auto result = work->take_result();
    EXPECT_FALSE(story.extents.list().value().empty());
    story.crash();
    EXPECT_TRUE(story.extents.list().value().empty());
    EXPECT_EQ(story.fetch_all("t"), values);
    // So does one behind the entry, before it is durable.
    job = story.broker->plan_storage(story.extents.room(), story.now);
    work = story.begin(std::move(*job));
    while (!work->step(100)) {}
    story.broker->storage_done(work->take_result(), story.now);
    work.reset();
    story.crash();
    EXPECT_TRUE(story.broker->files().empty());
    EXPECT_EQ(story.fetch_all("t"), values);
}

TEST(Storage, WithoutRoomNothingIsDoneUntilThereIsSome) {
    Story story{small()};
    story.create("t");
    auto const values = produce_many(story, "t", 0, 60);
    EXPECT_FALSE(story.broker->plan_storage(0, story.now));
    EXPECT_TRUE(story.broker->stats().storage.no_room);
    // Space that goes while the job runs: it fails, leaves nothing behind, and waits.
    auto job = story.broker->plan_storage(story.extents.room(), story.now);
    ASSERT_TRUE(job);
    story.extents.set_bytes_max(1000);
    story.finish(story.begin(std::move(*job)));
    EXPECT_TRUE(story.extents.list().value().empty());
    EXPECT_EQ(story.broker->stats().storage.failures, 1U);
    story.extents.set_bytes_max(1 << 20);
    EXPECT_FALSE(story.work());
    story.pass(story.options.storage_retry_ms);
    EXPECT_GT(story.work_all(), 0);
    EXPECT_EQ(story.fetch_all("t"), values);
}

TEST(Storage, AFullJournalCostsTheJobAndNothingElse) {
    Story story{small()};
    story.create("t");
    auto const values = produce_many(story, "t", 0, 60);
    story.journal.full = true;
    EXPECT_EQ(story.work(), Kind::merge);
    EXPECT_TRUE(story.extents.list().value().empty());
    story.journal.full = false;
    story.pass(story.options.storage_retry_ms);
    EXPECT_GT(story.work_all(), 0);
    EXPECT_EQ(story.fetch_all("t"), values);
}

TEST(Storage, DamageInOnePartitionDoesNotHinderTheOthers) {
    Story story{small()};
    story.create("t", 2);
    auto const values = produce_many(story, "t", 0, 60, 1);
    produce_many(story, "t", 0, 3, 0);
    auto const damaged = std::ranges::find_if(
        story.journal.entries, [](auto const& entry) { return !entry.body.empty(); });
    auto body = std::exchange(damaged->body, Bytes(damaged->body.size()));
    story.work_all();
    EXPECT_EQ(story.broker->stats().storage.damaged, 1U);
    damaged->body = std::move(body);
    story.pass(story.options.storage_retry_ms);
    EXPECT_GT(story.work_all(), 0);
    EXPECT_EQ(story.fetch_all("t", 1), values);
    EXPECT_EQ(story.fetch_all("t", 0).size(), 3U);
}

TEST(Storage, DeletedRecordsAreNotMovedNorServed) {
    Story story{small()};
    story.create("t");
    produce_many(story, "t", 0, 60);
    story.work_all();
    kafka::DeleteRecordsRequest request;
    request.topics = {{.name = "t", .partitions = {{.partition_index = 0, .offset = 7}}}};
    story.ask(request);
    EXPECT_EQ(story.fetch("t", 6).error_code, ErrorCode::offset_out_of_range);
    EXPECT_EQ(story.fetch_all("t").front(), "value 7");
    story.checkpoint();
    story.crash();
    EXPECT_EQ(story.fetch_all("t").front(), "value 7");
    EXPECT_EQ(story.fetch_all("t").size(), 53U);
}

TEST(Storage, TimestampsAreFoundInBlocks) {
    Story story{small()};
    story.create("t");
    std::vector<std::int64_t> times;
    for (int n = 0; n < 60; ++n) {
        story.pass(Duration{10});
        times.push_back(story.now.wall_ms);
        produce_many(story, "t", n, 1);
    }
    story.work_all();
    story.trim();
    kafka::DeleteRecordsRequest request;
    request.topics = {{.name = "t", .partitions = {{.partition_index = 0, .offset = 5}}}};
    story.ask(request);
    for (std::int64_t n = 0; n < 60; ++n) {
        auto const found = story.list_offsets("t", times[std::size_t(n)] - 3);
        EXPECT_EQ(found.offset, std::max<std::int64_t>(n, 5));
    }
    EXPECT_EQ(story.list_offset("t", times.back() + 1), -1);
    EXPECT_EQ(story.list_offset("t", -3), 59);
}

TEST(Storage, WhatWasMovedBetweenDecisionAndReadingIsAskedForAgain) {
    Story story{small()};
    story.create("t");
    produce_many(story, "t", 0, 3);
    Reply reply;
    reply.body = kafka::FetchResponse{};
    auto& response = std::get<kafka::FetchResponse>(reply.body);
    response.responses.emplace_back().partitions.emplace_back();
    reply.records.push_back({.batches = {BatchPlace{}, BatchPlace{}}, .end_offset = 9});
    fill(reply, [](BatchPlace const&) -> std::expected<Slice, journal::Error> {
        return std::unexpected(journal::Error::trimmed);
    });
    auto const& partition = response.responses[0].partitions[0];
    EXPECT_EQ(partition.error_code, ErrorCode::none);
    EXPECT_TRUE(partition.records->parts.empty());
}

}  // namespace
}  // namespace klamm::broker
