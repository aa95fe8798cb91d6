// Random requests, crashes and restarts against a model of what was acknowledged; and the same
// seed twice.
#include "klamm/broker/story.h"

#include <map>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

/// What a client was told is stored.
struct Model {
    struct Log {
        std::int64_t start = 0;
        Values values;  ///< from offset 0 on
        Values rest() const { return {values.begin() + std::ptrdiff_t(start), values.end()}; }
    };
    std::map<std::string, std::vector<Log>> topics;
    std::map<std::string, std::int32_t> sequences;  ///< of one producer, by topic; partition 0
    registry::State registry;
};

class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed), story(some_options()) {}

private:
    Random random_;
    /// Budgets so small that there is background work all the time.
    Options some_options() {
        Options options;
        options.journal_bytes = std::int64_t(200 + random_.below(3000));
        options.storage_job_bytes = std::int64_t(300 + random_.below(2000));
        options.l1_block_bytes = std::int32_t(100 + random_.below(600));
        options.own_file_bytes = std::int64_t(random_.below(2000));
        return options;
    }

public:
    Story story;

    void step() {
        switch (random_.below(17)) {
            case 0:
                return create();
            case 1:
                return random_.one_in(3) ? remove() : void();
            case 2:
                return add_partitions();
            case 3:
                return configure();
            case 4:
                return delete_records();
            case 5:
                return crash();
            case 6:
                return story.checkpoint();
            case 7:
                return story.pass(Duration{random_.below(1000)});
            case 8:
            case 9:
                return produce_as_one();
            case 10:
                return lose();
            case 11:
                return work();
            case 12:
                return change_registry();
            default:
                return produce();
        }
    }
    void compare() {
        for (auto const& [name, logs] : model_.topics) {
            for (std::size_t n = 0; n < logs.size(); ++n)
                EXPECT_EQ(story.fetch_all(name, std::int32_t(n)), logs[n].rest()) << name << n;
        }
        EXPECT_EQ(story.broker->registry().dump(), model_.registry.dump());
        EXPECT_EQ(story.broker->durable_registry().dump(), model_.registry.dump());
    }

private:
    std::string any_name() { return "t" + std::to_string(random_.below(5)); }
    Values some_values() {
        Values values(1 + random_.below(5));
        for (auto& value : values) value = std::to_string(counter_++);
        return values;
    }

    void create() {
        auto const name = any_name();
        auto const partitions = std::int32_t(1 + random_.below(4));
        auto const error = story.create(name, partitions);
        EXPECT_EQ(error == ErrorCode::none, !model_.topics.contains(name));
        if (error == ErrorCode::none) model_.topics[name].resize(std::size_t(partitions));
    }
    void remove() {
        auto const name = any_name();
        auto const error = story.remove(name);
        EXPECT_EQ(error == ErrorCode::none, model_.topics.contains(name));
        model_.topics.erase(name);
        model_.sequences.erase(name);
    }
    void add_partitions() {
        auto const name = any_name();
        auto const count = std::int32_t(1 + random_.below(6));
        kafka::CreatePartitionsRequest request;
        request.topics = {{.name = name, .count = count, .assignments = std::nullopt}};
        auto const error = story.ask(request).results.at(0).error_code;
        auto const known = model_.topics.find(name);
        bool const possible =
            known != model_.topics.end() && std::size_t(count) > known->second.size();
        EXPECT_EQ(error == ErrorCode::none, possible);
        if (possible) known->second.resize(std::size_t(count));
    }
    void configure() {
        kafka::IncrementalAlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        bool const topic = !random_.one_in(4);
        resource.resource_type = topic ? 2 : 4;
        resource.resource_name = topic ? any_name() : "";
        auto& config = resource.configs.emplace_back();
        config.name = topic ? "retention.ms" : "log.retention.ms";
        config.value = std::to_string(random_.below(100));
        config.config_operation = std::int8_t(random_.below(2));
        story.ask(request);
    }
    void delete_records() {
        auto const name = any_name();
        auto const known = model_.topics.find(name);
        if (known == model_.topics.end()) return;
        auto const partition = random_.below(known->second.size());
        auto& log = known->second[partition];
        auto const offset = std::int64_t(random_.below(log.values.size() + 2));
        kafka::DeleteRecordsRequest request;
        request.topics = {
            {.name = name,
             .partitions = {{.partition_index = std::int32_t(partition), .offset = offset}}}};
        auto const result = story.ask(request).topics.at(0).partitions.at(0);
        bool const inside = offset <= std::int64_t(log.values.size());
        EXPECT_EQ(result.error_code == ErrorCode::none, inside);
        if (inside) log.start = std::max(log.start, offset);
        if (inside) {
            EXPECT_EQ(result.low_watermark, log.start);
        }
    }
    void produce() {
        auto const name = any_name();
        auto const known = model_.topics.find(name);
        auto const partition =
            known == model_.topics.end() ? 0 : random_.below(known->second.size());
        auto const values = some_values();
        auto const produced = story.produce(name, values, std::int32_t(partition));
        EXPECT_EQ(produced.error_code == ErrorCode::none, known != model_.topics.end());
        if (produced.error_code == ErrorCode::none) acknowledged(name, partition, values, produced);
    }
    void produce_as_one() {
        auto const name = any_name();
        if (!model_.topics.contains(name)) return;
        auto& sequence = model_.sequences[name];
        auto const values = some_values();
        auto const produced = story.produce_as(77, 0, sequence, name, values);
        acknowledged(name, 0, values, produced);
        if (random_.one_in(3)) {  // the answer was lost, the client sends again
            if (random_.one_in(2)) crash();
            auto const again = story.produce_as(77, 0, sequence, name, values);
            EXPECT_EQ(again.error_code, ErrorCode::none);
            EXPECT_EQ(again.base_offset, produced.base_offset);
        }
        sequence += std::int32_t(values.size());
    }
    void acknowledged(std::string const& name, std::size_t partition, Values const& values,
                      Story::Produced const& produced) {
        auto& log = model_.topics.at(name).at(partition);
        EXPECT_EQ(produced.error_code, ErrorCode::none);
        EXPECT_EQ(produced.base_offset, std::int64_t(log.values.size()));
        log.values.insert(log.values.end(), values.begin(), values.end());
    }
    /// Sends what is never synced, and loses it.
    void lose() {
        auto const name = any_name();
        auto const batch = records::build(story.records(some_values()));
        auto const id = story.send(Story::produce_request(name, 0, batch), 12);
        EXPECT_EQ(story.answered(id), !model_.topics.contains(name));
        story.crash();
    }
    void work() {
        if (random_.one_in(3)) return void(story.work_all());
        auto job = story.broker->plan_storage(story.extents.room(), story.now);
        if (!job) return;
        auto work = story.begin(std::move(*job));
        while (!work->step(1000)) {}
        if (random_.one_in(3)) {  // it dies behind the files, or behind the entry
            if (random_.one_in(2)) story.broker->storage_done(work->take_result(), story.now);
            work.reset();
            return story.crash();
        }
        if (random_.one_in(3)) delete_records();
        if (random_.one_in(5)) remove();
        story.finish(std::move(work));
        if (random_.one_in(2)) story.trim();
    }
    /// Half of the changes are never synced, and lost.
    void change_registry() {
        std::vector<registry::Record> changes(1 + random_.below(3));
        for (auto& [key, value] : changes) {
            auto const subject = R"("s)" + std::to_string(random_.below(4)) + '"';
            key = R"({"keytype":"CONFIG","subject":)" + subject + R"(,"magic":0})";
            value = random_.one_in(2) ? R"({"compatibilityLevel":"FULL"})"
                                      : R"({"compatibilityLevel":"NONE"})";
        }
        auto const version = story.broker->registry().version();
        EXPECT_TRUE(story.broker->change_registry(version, changes, story.now).has_value());
        if (random_.one_in(2)) return story.crash();
        story.sync();
        for (auto const& change : changes) model_.registry.apply(change);
    }
    void crash() {
        auto const before = story.state();
        story.crash();
        EXPECT_EQ(story.state(), before);  // everything was synced
    }

    Model model_;
    std::uint64_t counter_ = 0;
};

TEST(Property, WhatWasAcknowledgedIsThereAndNothingElse) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk{seed};
        for (int step = 0; step < 150; ++step) {
            walk.step();
            if (step % 30 == 29) walk.compare();
        }
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Property, TheSameSeedGivesTheSameJournal) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk one{seed}, two{seed};
        for (int step = 0; step < 150; ++step) {
            one.step();
            two.step();
        }
        ASSERT_EQ(one.story.journal.entries.size(), two.story.journal.entries.size());
        for (std::size_t n = 0; n < one.story.journal.entries.size(); ++n) {
            auto const& a = one.story.journal.entries[n];
            auto const& b = two.story.journal.entries[n];
            ASSERT_EQ(a.at, b.at);
            ASSERT_EQ(a.head, b.head);
            ASSERT_EQ(a.body, b.body);
        }
        EXPECT_EQ(one.story.state(), two.story.state());
    }
}

}  // namespace
}  // namespace klamm::broker
