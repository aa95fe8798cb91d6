#include "klamm/broker/compaction_due.h"
#include "klamm/broker/story.h"

#include "klamm/base/random.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

namespace klamm::broker {
namespace {

using Kind = StorageJob::Kind;

Bytes bytes_of(std::string const& text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

struct Written {
    std::string key;
    std::optional<std::string> value;
    std::int64_t timestamp = 0;
    bool operator==(Written const&) const = default;
};
using Log = std::map<std::int64_t, Written>;  ///< by offset

/// A compacted topic, and all that was ever written to it.
class Table {
public:
    explicit Table(std::map<std::string, std::string> configs = {}, Options options = small())
        : story(options) {
        configs.emplace("cleanup.policy", "compact");
        EXPECT_EQ(story.create("t", 1, configs), kafka::ErrorCode::none);
    }

    static Options small() {
        Options options;
        options.journal_bytes = 20'000;
        options.storage_job_bytes = 3000;
        options.own_file_bytes = 1000;
        options.l1_block_bytes = 400;
        options.compaction_bytes_min = 1;
        return options;
    }

    void put(std::vector<std::pair<std::string, std::optional<std::string>>> const& records,
             records::BatchOptions const& how = {}) {
        std::vector<records::Record> batch;
        for (auto const& [key, value] : records) {
            batch.push_back({.offset = 0,
                             .timestamp = story.now.wall_ms,
                             .key = bytes_of(key),
                             .value = std::nullopt,
                             .headers = {}});
            if (value) batch.back().value = bytes_of(*value);
        }
        auto const produced = story.produce_batch("t", records::build(batch, how));
        ASSERT_EQ(produced.error_code, kafka::ErrorCode::none);
        auto offset = produced.base_offset;
        for (auto const& [key, value] : records)
            written[offset++] = {key, value, story.now.wall_ms};
    }

    Log read() {
        Log log;
        auto offset = story.list_offset("t", -2);
        while (true) {
            auto const records = Story::records_of(story.fetch("t", offset));
            if (records.empty()) return log;
            for (auto const& record : records) {
                if (record.offset < offset) continue;
                Written found{text(*record.key), std::nullopt, record.timestamp};
                if (record.value) found.value = text(*record.value);
                log.emplace(record.offset, std::move(found));
            }
            offset = records.back().offset + 1;
        }
    }

    Story story;
    Log written;

private:
    static std::string text(Bytes const& bytes) {
        return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    }
};

std::vector<std::int64_t> offsets(Log const& log) {
    std::vector<std::int64_t> all;
    for (auto const& [offset, _] : log) all.push_back(offset);
    return all;
}

TEST(Compaction, KeepsTheNewestOfEachKeyAtItsOffset) {
    Table table;
    table.put({{"a", "1"}, {"b", "1"}, {"a", "2"}});
    table.put({{"c", "1"}, {"b", "2"}});
    table.put({{"z", "last"}});
    table.story.work_all();
    EXPECT_EQ(offsets(table.read()), (std::vector<std::int64_t>{2, 3, 4, 5}));
    EXPECT_EQ(table.story.broker->stats().storage.records_dropped, 2U);
    table.story.crash();
    EXPECT_EQ(offsets(table.read()), (std::vector<std::int64_t>{2, 3, 4, 5}));
}

TEST(Compaction, NeverTakesTheNewestBatch) {
    Table table;
    table.put({{"a", "1"}});
    table.put({{"a", "2"}});
    table.story.work_all();
    EXPECT_EQ(offsets(table.read()), (std::vector<std::int64_t>{0, 1}));  // 1 was not looked at
    table.put({{"b", "1"}});
    table.story.work_all();
    EXPECT_EQ(offsets(table.read()), (std::vector<std::int64_t>{1, 2}));
}

TEST(Compaction, WaitsForTheLag) {
    Table table{{{"min.compaction.lag.ms", "1000"}}};
    table.put({{"a", "1"}, {"a", "2"}});
    table.put({{"a", "3"}, {"b", "1"}});
    EXPECT_EQ(table.story.work_all(), 0);
    table.story.pass(Duration{999});
    EXPECT_EQ(table.story.work_all(), 0);
    table.put({{"c", "1"}});
    table.story.pass(Duration{1});
    table.story.work_all();
    EXPECT_EQ(offsets(table.read()), (std::vector<std::int64_t>{2, 3, 4}));
}

TEST(Compaction, WaitsForEnoughDirtOrForTheMaximumLag) {
    Table table{{{"min.cleanable.dirty.ratio", "0.9"}, {"max.compaction.lag.ms", "5000"}}};
    for (int n = 0; n < 20; ++n) table.put({{"k" + std::to_string(n), std::string(100, 'x')}});
    EXPECT_GT(table.story.work_all(), 0);
    table.put({{"k0", "new"}});
    table.put({{"k1", "new"}});
    table.put({{"k2", "new"}});
    EXPECT_EQ(table.story.work_all(), 0);
    table.story.pass(Duration{5000});
    EXPECT_GT(table.story.work_all(), 0);
    EXPECT_FALSE(table.read().contains(0));
}

TEST(Compaction, TombstonesStayAsLongAsTheyMust) {
    Table table{{{"delete.retention.ms", "1000"}, {"min.cleanable.dirty.ratio", "0"}}};
    table.put({{"a", "1"}});
    table.put({{"a", std::nullopt}});
    table.put({{"b", "1"}});
    table.story.work_all();
    EXPECT_EQ(offsets(table.read()), (std::vector<std::int64_t>{1, 2}));
    table.story.pass(Duration{999});
    table.put({{"c", "1"}});
    table.story.work_all();
    EXPECT_TRUE(table.read().contains(1));
    table.story.pass(Duration{1000});
    table.put({{"d", "1"}});
    table.story.work_all();
    EXPECT_FALSE(table.read().contains(1));
    EXPECT_TRUE(table.read().contains(2));
}

TEST(Compaction, APassThatDoesNotFitIntoTheMapIsDoneInParts) {
    auto options = Table::small();
    options.compaction_map_bytes = 1;  // the least: 819 keys
    Table table{{{"min.cleanable.dirty.ratio", "0"}}, options};
    for (int round = 0; round < 2; ++round)
        for (int n = 0; n < 40; ++n) {
            std::vector<std::pair<std::string, std::optional<std::string>>> batch;
            for (int k = 0; k < 50; ++k)
                batch.emplace_back("key " + std::to_string(n * 50 + k), std::to_string(round));
            table.put(batch);
        }
    table.put({{"last", "1"}});
    table.story.work_all();
    EXPECT_GT(table.story.broker->stats().storage.passes, 3U);
    EXPECT_EQ(table.read().size(), 2001U);
}

TEST(Compaction, WritesNoMoreAtOnceThanAJobMay) {
    Table table;
    for (int n = 0; n < 300; ++n)
        table.put({{"k" + std::to_string(n % 200), std::string(100, 'x')}});
    std::uint64_t peak = 0, usual = 0;
    while (table.story.work()) {
        std::uint64_t bytes = 0;
        for (auto const& [_, file] : table.story.broker->files()) bytes += file.bytes;
        peak = std::max(peak, bytes);
        usual = bytes;
    }
    EXPECT_GT(usual, 20'000U);
    EXPECT_LT(peak, 300U * 180 + 6000);    // all that there was, and a job
    EXPECT_EQ(table.read().size(), 201U);  // the newest batch was not looked at
}

TEST(Compaction, AbortedRecordsGoAndTheirMarkersBehindThem) {
    // The work alone: what a job says is aborted is left out, and hides nothing that is not.
    Table table;
    auto const batch = [&](std::int64_t base, std::string const& key, std::int64_t producer) {
        return records::build({{.offset = 0,
                                .timestamp = 5,
                                .key = bytes_of(key),
                                .value = bytes_of("v"),
                                .headers = {}}},
                              {.producer_id = producer,
                               .producer_epoch = 0,
                               .base_sequence = 0,
                               .base_offset = base,
                               .transactional = producer >= 0});
    };
    std::vector<Bytes> const stored{batch(0, "k", -1), batch(1, "k", 7), batch(2, "k", 8),
                                    records::build(records::EndMarker{
                                        .producer_id = 7, .producer_epoch = 0, .base_offset = 3})};
    BatchBlock places;
    for (std::int64_t n = 0; n < 4; ++n)
        places.append({.position = journal::Position(std::uint64_t(n + 1)),
                       .bytes = std::uint32_t(stored[std::size_t(n)].size()),
                       .base_offset = n,
                       .last_offset = n,
                       .max_timestamp = 5});
    StorageJob job;
    job.kind = Kind::scan;
    job.first_file = journal::FileNumber{1};
    job.keys = std::make_shared<records::KeyMap>(1 << 16, Hash128{});
    job.aborted = {{.producer_id = 7, .first_offset = 1, .last_offset = 3}};
    job.parts = {{PartitionKey{0}, 0, 4, 0, {{{}, std::make_shared<BatchBlock const>(places)}}}};
    auto const read = [&](BatchPlace const& place) -> std::expected<Slice, journal::Error> {
        return Slice{Bytes(stored.at(std::size_t(place.position) - 1))};
    };
    journal::MemoryExtents extents;
    {
        StorageWork scan{job, read, extents, {}};
        while (!scan.step(10)) {}
        EXPECT_EQ(scan.take_result().scanned_end, 4);
    }
    EXPECT_EQ(job.keys->newest(bytes_of("k")), 2);
    job.kind = Kind::compact;
    auto const compact = [&](std::int64_t from, std::int64_t tombstones_end) {
        job.tombstones_end = tombstones_end;
        job.parts.at(0).from = job.parts.at(0).log_start = from;
        StorageWork work{job, read, extents, {}};
        while (!work.step(10)) {}
        auto result = work.take_result();
        EXPECT_EQ(result.stored.ranges.size(), 1U);
        EXPECT_TRUE(extents.remove(job.first_file).has_value());
        return result;
    };
    auto const first = compact(0, 4);
    EXPECT_EQ(first.records_before, 4U);
    EXPECT_EQ(first.records_after, 2U) << "offset 2, and the marker: its record was there";
    EXPECT_THAT(first.unsettled, testing::ElementsAre(8));
    EXPECT_EQ(compact(2, 3).records_after, 2U) << "readers may still be told of it";
    EXPECT_EQ(compact(2, 4).records_after, 1U) << "the marker goes";
}

TEST(Compaction, SaysInWordsWhatItDidAndWaitsFor) {
    Table table{{{"min.cleanable.dirty.ratio", "0.9"}}};
    auto const report = [&] { return table.story.broker->report("t", table.story.now).value(); };
    EXPECT_THAT(report(), testing::HasSubstr("\"last\": null, \"next\": \"nothing is stored"));
    for (int n = 0; n < 20; ++n) table.put({{"k" + std::to_string(n % 2), std::string(100, 'x')}});
    EXPECT_THAT(report(), testing::HasSubstr("\"next\": \"3"));
    EXPECT_THAT(report(), testing::HasSubstr("KiB are dirty, 100 % (min.cleanable.dirty.ratio"));
    table.story.work_all();
    EXPECT_THAT(report(), testing::HasSubstr("\"records_before\": 19, \"records_after\": 2"));
    EXPECT_THAT(report(), testing::HasSubstr("\"passes\": 1"));
    table.put({{"k0", "new"}});
    EXPECT_THAT(report(), testing::HasSubstr("a pass is made from 90 % on"));
    EXPECT_EQ(table.story.broker->report("absent", table.story.now), std::nullopt);
}

TEST(Compaction, TheReportIsAConfigForWhoeverAsksForItByName) {
    Table table;
    kafka::DescribeConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = 2;
    resource.resource_name = "t";
    auto const named = [&] {
        auto const answer = table.story.ask(request).results.at(0).configs;
        return std::ranges::any_of(answer,
                                   [](auto const& each) { return each.name == "klamm.report"; });
    };
    EXPECT_FALSE(named());
    resource.configuration_keys = {"klamm.report"};
    EXPECT_TRUE(named());
}

/// Random writes, passes, crashes and time against what must hold.
class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed), table_(configs(), options()) {}

    void run() {
        for (int step = 0; step < 150; ++step) {
            switch (random_.below(8)) {
                case 0:
                    table_.story.pass(Duration{random_.below(600)});
                    break;
                case 1:
                    if (random_.one_in(3)) table_.story.crash();
                    break;
                case 2:
                    table_.story.checkpoint();
                    if (random_.one_in(2)) table_.story.trim();
                    break;
                case 3:
                case 4:
                    table_.story.work();
                    break;
                default:
                    put();
            }
            if (step % 10 == 0) check();
        }
        table_.story.pass(Duration{100'000});
        table_.put({{"end", "1"}});
        table_.put({{"end", "2"}});
        table_.story.pass(Duration{100'000});
        table_.story.work_all();
        check();
        // Everything was old enough: only the newest of each key is left, and the newest batch.
        std::set<std::string> keys;
        for (auto const& [_, record] : table_.written) keys.insert(record.key);
        EXPECT_LE(table_.read().size(), keys.size() + 1);
    }

private:
    static constexpr std::int64_t lag_ms = 700;
    static constexpr std::int64_t delete_retention_ms = 900;

    std::map<std::string, std::string> configs() {
        return {{"min.compaction.lag.ms", std::to_string(lag_ms)},
                {"delete.retention.ms", std::to_string(delete_retention_ms)},
                {"min.cleanable.dirty.ratio", random_.one_in(2) ? "0" : "0.3"},
                {"max.compaction.lag.ms", "50000"}};
    }
    Options options() {
        auto options = Table::small();
        options.journal_bytes = std::int64_t(500 + random_.below(4000));
        options.storage_job_bytes = std::int64_t(500 + random_.below(4000));
        options.l1_block_bytes = std::int32_t(100 + random_.below(1000));
        options.own_file_bytes = std::int64_t(random_.below(3000));
        return options;
    }
    void put() {
        std::vector<std::pair<std::string, std::optional<std::string>>> batch;
        for (auto count = 1 + random_.below(5); count > 0; --count) {
            std::optional<std::string> value;
            if (!random_.one_in(4)) value = std::to_string(++values_);
            batch.emplace_back("k" + std::to_string(random_.below(12)), value);
        }
        table_.put(batch, {.codec = records::Codec(random_.below(5))});
    }
    void check() {
        auto const log = table_.read();
        auto const now = table_.story.now.wall_ms;
        std::map<std::string, std::int64_t> newest;
        for (auto const& [offset, record] : table_.written) {
            newest[record.key] = offset;
            if (now - record.timestamp < lag_ms) {
                EXPECT_TRUE(log.contains(offset)) << "a record newer than the lag";
            }
        }
        for (auto const& [offset, record] : log) EXPECT_EQ(record, table_.written.at(offset));
        for (auto const& [key, offset] : newest) {
            auto const& record = table_.written.at(offset);
            bool const may_go =
                !record.value && now - record.timestamp >= lag_ms + delete_retention_ms;
            if (log.contains(offset)) continue;
            EXPECT_TRUE(may_go) << "the newest record of " << key << " is lost";
            for (auto const& [at, old] : log) {
                EXPECT_NE(old.key, key) << "back from the dead at " << at;
            }
        }
    }

    Random random_;
    Table table_;
    std::uint64_t values_ = 0;
};

TEST(Compaction, HoldsForRandomWritesPassesAndCrashes) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE(seed);
        Walk walk{seed};
        walk.run();
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Compaction, PassesAreRememberedAsLongAsTombstonesNeedThem) {
    Random random{3};
    Compaction compaction;
    constexpr std::int64_t retention = 1000;
    std::vector<std::pair<std::int64_t, std::int64_t>> all;  // end, when
    std::int64_t now = 0, end = 0;
    for (int n = 0; n < 2000; ++n) {
        now += std::int64_t(random.below(200));
        end += std::int64_t(random.below(50));
        compaction.passed(end, now, retention);
        all.emplace_back(end, now);
        EXPECT_LE(compaction.passes.size(), 32U);
        std::int64_t may = 0, must = 0;
        for (auto const& [pass_end, at] : all) {
            if (now - at >= retention) may = std::max(may, pass_end);
            if (now - at >= retention + retention / 8 + 200) must = std::max(must, pass_end);
        }
        EXPECT_LE(compaction.tombstones_end(now, retention), may);
        EXPECT_GE(compaction.tombstones_end(now, retention), must);
    }
}

}  // namespace
}  // namespace klamm::broker
