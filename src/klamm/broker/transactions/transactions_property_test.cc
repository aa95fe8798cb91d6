// Random transactions of both generations, with crashes, timeouts, fencing and zombies, against a
// model: what readers with read_committed see, and which offsets are committed.
#include "klamm/broker/transactions/transactions_fixture.h"

#include <array>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

enum class Outcome : std::uint8_t { open, committed, aborted };

constexpr std::size_t none = ~std::size_t{0};

/// One record, or a marker, which has no value.
struct Written {
    std::string value;
    std::size_t transaction = none;  ///< an index of Model::outcomes
};

struct ModelProducer {
    TestProducer client;
    std::size_t transaction = none;  ///< the ongoing one
    std::int64_t started_ms = 0;
    std::set<std::pair<std::string, std::int32_t>> partitions;
    std::optional<std::int64_t> pending;
    std::optional<std::int64_t> committed;
};

class Walk {
public:
    explicit Walk(std::uint64_t seed) : random_(seed) {
        story.create("t", 2);
        story.create("u", 1);
        for (std::size_t n = 0; n < producers_.size(); ++n) {
            auto& one = producers_[n].client;
            one.transactional_id = "p" + std::to_string(n);
            one.generation = n % 2 == 0 ? Generation::first : Generation::second;
            initialize(producers_[n]);
        }
    }

    TransactionsStory story;

    void step() {
        auto& producer = producers_[random_.below(producers_.size())];
        switch (random_.below(16)) {
            case 0:
                return initialize(producer);
            case 1:
            case 2:
                return end(producer, true);
            case 3:
                return end(producer, false);
            case 4:
                return lose_end(producer);
            case 5:
                return crash();
            case 6:
                return story.checkpoint();
            case 7:
                return pass();
            case 8:
                return send_offset(producer);
            case 9:
                return act_as_zombie();
            case 10:
                return write_plain();
            default:
                return write(producer);
        }
    }

    void compare() {
        for (auto const& [place, log] : logs_) {
            SCOPED_TRACE(place.first + "-" + std::to_string(place.second));
            Values expected;
            std::int64_t stable = 0;
            for (auto const& one : log) {
                auto const outcome =
                    one.transaction == none ? Outcome::committed : outcomes_[one.transaction];
                if (outcome == Outcome::open) break;
                ++stable;
                if (outcome == Outcome::committed && !one.value.empty())
                    expected.push_back(one.value);
            }
            EXPECT_EQ(story.committed(place.first, place.second), expected);
            EXPECT_EQ(story.last_stable(place.first, place.second), stable);
            EXPECT_GE(stable, stable_[place]);
            stable_[place] = stable;
            EXPECT_EQ(story.list_offset(place.first, -1, place.second), std::int64_t(log.size()));
        }
        for (auto const& one : producers_) {
            auto const group = "g-" + one.client.transactional_id;
            EXPECT_EQ(story.offset_of(group, "t", false).offset, one.committed.value_or(-1));
            EXPECT_EQ(story.offset_of(group, "t", true).error == ErrorCode::unstable_offset_commit,
                      one.pending.has_value());
        }
    }

private:
    using Place = std::pair<std::string, std::int32_t>;

    Place any_place() {
        constexpr std::array<std::pair<char const*, std::int32_t>, 3> places{
            {{"t", 0}, {"t", 1}, {"u", 0}}};
        auto const [topic, partition] = places[random_.below(places.size())];
        return {topic, partition};
    }
    std::string any_value() { return std::to_string(counter_++); }

    void begin(ModelProducer& producer) {
        if (producer.transaction != none) return;
        producer.transaction = outcomes_.size();
        producer.started_ms = story.now.wall_ms;
        outcomes_.push_back(Outcome::open);
    }
    /// The transaction has ended so, and every partition in it has a marker.
    void ended(ModelProducer& producer, Outcome outcome) {
        if (producer.transaction == none) return;
        outcomes_[producer.transaction] = outcome;
        for (auto const& place : producer.partitions) logs_[place].push_back({"", none});
        if (outcome == Outcome::committed && producer.pending)
            producer.committed = producer.pending;
        producer.pending.reset();
        producer.partitions.clear();
        producer.transaction = none;
    }

    void initialize(ModelProducer& producer) {
        auto& client = producer.client;
        bool const goes_on = client.name.known() && random_.one_in(2);
        auto const given =
            story.initialize(client.transactional_id, goes_on ? client.name : Incarnation{});
        ASSERT_EQ(given.error_code, ErrorCode::none);
        zombies_.push_back(client);
        TransactionsStory::rename(client, {given.producer_id, given.producer_epoch});
        ended(producer, Outcome::aborted);
    }
    void write(ModelProducer& producer) {
        auto const place = any_place();
        auto const value = any_value();
        ASSERT_EQ(story.add_and_write(producer.client, place.first, {value}, place.second),
                  ErrorCode::none);
        begin(producer);
        producer.partitions.insert(place);
        logs_[place].push_back({value, producer.transaction});
    }
    void write_plain() {
        auto const place = any_place();
        auto const value = any_value();
        ASSERT_EQ(story.produce(place.first, {value}, place.second).error_code, ErrorCode::none);
        logs_[place].push_back({value, none});
    }
    void send_offset(ModelProducer& producer) {
        auto const group = "g-" + producer.client.transactional_id;
        auto const offset = std::int64_t(counter_++);
        if (producer.client.generation == Generation::first) {
            ASSERT_EQ(story.add_group(producer.client, group), ErrorCode::none);
        }
        ASSERT_EQ(story.send_offset(producer.client, group, "t", offset), ErrorCode::none);
        begin(producer);
        producer.pending = offset;
    }
    void end(ModelProducer& producer, bool committed) {
        if (producer.transaction == none) return;
        zombies_.push_back(producer.client);
        ASSERT_EQ(story.end(producer.client, committed), ErrorCode::none);
        ended(producer, committed ? Outcome::committed : Outcome::aborted);
    }
    /// The end is decided, and lost before it is durable.
    void lose_end(ModelProducer& producer) {
        if (producer.transaction == none) return;
        story.send(TransactionsStory::end_request(producer.client, true),
                   TransactionsStory::end_version(producer.client.generation));
        story.crash();
    }
    void crash() {
        auto const before = story.state();
        story.crash();
        EXPECT_EQ(story.state(), before);
    }
    void pass() {
        story.pass(Duration{20'000});
        story.sync();
        for (auto& producer : producers_) {
            if (producer.transaction == none ||
                story.now.wall_ms - producer.started_ms < timeout_ms)
                continue;
            ended(producer, Outcome::aborted);
            EXPECT_NE(story.write(producer.client, "u", {"fenced"}), ErrorCode::none);
            producer.client.name = {};  // it cannot go on
            initialize(producer);
        }
    }
    /// What an older life of a producer tries changes nothing. In the first generation only those
    /// before the last initialization are older.
    void act_as_zombie() {
        if (zombies_.empty()) return;
        auto zombie = zombies_[random_.below(zombies_.size())];
        for (auto const& producer : producers_)
            if (producer.client.name == zombie.name) return;
        auto const place = any_place();
        switch (random_.below(4)) {
            case 0:
                EXPECT_NE(story.write(zombie, place.first, {"zombie"}, place.second),
                          ErrorCode::none);
                return;
            case 1:
                EXPECT_NE(story.add(zombie, place.first, place.second), ErrorCode::none);
                return;
            case 2:
                EXPECT_NE(story.send_offset(zombie, "g-" + zombie.transactional_id, "t", 1),
                          ErrorCode::none);
                return;
            default:
                story.end(zombie, random_.one_in(2));
        }
    }

    static constexpr std::int64_t timeout_ms = 60'000;

    Random random_;
    std::array<ModelProducer, 4> producers_;
    std::vector<TestProducer> zombies_;
    std::vector<Outcome> outcomes_;
    std::map<Place, std::vector<Written>> logs_;
    std::map<Place, std::int64_t> stable_;
    std::uint64_t counter_ = 1;
};

TEST(TransactionsProperty, ReadersSeeWhatWasCommittedAndNothingElse) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Walk walk{seed};
        for (int step = 0; step < 200; ++step) {
            walk.step();
            if (step % 10 == 9) walk.compare();
            if (testing::Test::HasFailure()) return;
        }
    }
}

TEST(TransactionsProperty, TheSameSeedGivesTheSameJournal) {
    Walk one{7}, two{7};
    for (int step = 0; step < 300; ++step) {
        one.step();
        two.step();
    }
    ASSERT_EQ(one.story.journal.entries.size(), two.story.journal.entries.size());
    for (std::size_t n = 0; n < one.story.journal.entries.size(); ++n) {
        ASSERT_EQ(one.story.journal.entries[n].head, two.story.journal.entries[n].head);
        ASSERT_EQ(one.story.journal.entries[n].body, two.story.journal.entries[n].body);
    }
}

}  // namespace
}  // namespace klamm::broker
