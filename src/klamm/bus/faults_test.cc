// The embedded bus when connections are lost and the broker dies: at each request in turn, and at
// random.
#include "klamm/base/random.h"
#include "klamm/bus/bus_fixture.h"
#include "klamm/bus/subscriber_fixture.h"

#include <fmt/format.h>

#include <deque>

namespace klamm::bus {
namespace {

constexpr int inputs = 24;
constexpr std::int32_t partitions = 4;
std::string const in = "in", out = "out", group = "group";

/// Writes for each event one to `out`, together with its offset: what an engine does, in small.
class Processor final : public Subscriber {
public:
    Processor(BrokerWorld& world, std::string transactional_id)
        : world_(world), id_(std::move(transactional_id)), bus_(world.make_bus()) {
        renew();
        join();
    }

    void leave() {
        consumer_->leave([](Result<void>) {});
        left_ = true;
    }
    /// As a crash would.
    void die() {
        consumer_.reset();
        producer_.reset();
        bus_.reset();
    }

    int lives_lost = 0, renewed = 0, aborted = 0, unknown = 0;
    std::map<TopicPartition, Committed> mine;

private:
    struct Pending {
        TopicPartition partition;
        std::int64_t next = 0;
        std::string value;
    };

    void join() { consumer_ = bus_->make_consumer({.group = group, .topics = {in}}, *this); }
    void assigned(std::map<TopicPartition, Committed> const& given) override {
        for (auto const& [partition, committed] : given) {
            EXPECT_FALSE(mine.contains(partition));
            mine[partition] = committed;
            consumer_->resume(partition, std::max<std::int64_t>(committed.offset, 0));
        }
    }
    void revoked(std::vector<TopicPartition> const& list,
                 std::move_only_function<void()> released) override {
        for (auto const& partition : list) mine.erase(partition);
        forget_others();
        if (committing_)
            release_.push_back(std::move(released));
        else
            released();
    }
    void lost(std::vector<TopicPartition> const& list) override {
        ++lives_lost;
        for (auto const& partition : list) mine.erase(partition);
        forget_others();
    }
    void forget_others() {
        std::erase_if(pending_, [&](Pending const& at) { return !mine.contains(at.partition); });
        std::erase_if(under_way_, [&](Pending const& at) { return !mine.contains(at.partition); });
    }
    void records(std::vector<Record> records) override {
        for (auto const& record : records) {
            EXPECT_TRUE(mine.contains(record.partition));
            pending_.push_back({record.partition, record.offset + 1, text_of(record.value)});
        }
        go();
    }
    void skipped(TopicPartition const&, std::int64_t, std::int64_t) override {
        ADD_FAILURE() << "nothing is gone";
    }
    void away(std::string const&) override {}
    void back() override {}

    void go() {
        if (!ready_ || committing_ || left_) return;
        if (under_way_.empty()) under_way_ = std::exchange(pending_, {});
        if (under_way_.empty()) return;
        Transaction transaction;
        transaction.consumer = consumer_.get();
        for (auto const& done : under_way_) {
            transaction.records.push_back(outgoing(out, done.partition.partition, done.value));
            auto& committed = transaction.offsets[done.partition];
            committed.offset = std::max(committed.offset, done.next);
        }
        committing_ = true;
        producer_->commit(std::move(transaction), [this](Result<void> result) { ended(result); });
    }
    void ended(Result<void> const& result) {
        committing_ = false;
        for (auto& released : std::exchange(release_, {})) released();
        if (result) {
            under_way_.clear();
            return go();
        }
        switch (result.error().kind) {
            case Error::Kind::unknown_outcome:
                ++unknown;
                return renew();
            case Error::Kind::fenced:
                return renew();
            default:  // nothing of it counts: again, what is still ours
                ++aborted;
                world_.virtual_loop.after(Duration{200}, [this, weak = std::weak_ptr(alive_)] {
                    if (!weak.expired()) go();
                });
        }
    }
    /// A new producer; what was under way begins anew where the group had committed.
    void renew() {
        ++renewed;
        ready_ = false;
        if (!bus_) return;
        producer_ = bus_->make_producer({.transactional_id = id_});
        producer_->initialize([this](Result<void> result) {
            if (!result) return renew();
            ready_ = true;
            begin_anew();
        });
    }
    void begin_anew() {
        pending_.clear();
        under_way_.clear();
        std::vector<TopicPartition> list;
        for (auto const& [partition, committed] : mine) list.push_back(partition);
        if (list.empty()) return;
        for (auto const& partition : list) consumer_->pause(partition);
        bus_->committed(group, list, [this](Result<std::map<TopicPartition, Committed>> found) {
            if (!found) return begin_anew();
            for (auto const& [partition, committed] : *found)
                if (mine.contains(partition))
                    consumer_->resume(partition, std::max<std::int64_t>(committed.offset, 0));
        });
    }

    BrokerWorld& world_;
    std::string id_;
    std::unique_ptr<Bus> bus_;
    std::unique_ptr<Producer> producer_;
    std::unique_ptr<Consumer> consumer_;
    bool ready_ = false, committing_ = false, left_ = false;
    std::vector<Pending> pending_, under_way_;
    std::vector<std::move_only_function<void()>> release_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Events are sent and processed by one processor, then by two, then by the other one; the check is
/// that each has exactly one effect, in order.
class Story {
public:
    BrokerWorld world;
    int requests = 0;  ///< so far, of all kinds

    void run() {
        auto const bus = world.make_bus({.patience = Duration{200'000}});
        expect<void>([&](auto done) {
            bus->create_topics(
                {{.name = in, .partitions = partitions}, {.name = out, .partitions = partitions}},
                std::move(done));
        });
        first = std::make_unique<Processor>(world, "first");
        send(*bus, 0);
        until([&] { return first->mine.size() == partitions; });
        auto second = std::make_unique<Processor>(world, "second");
        send(*bus, 1);
        world.pass(Duration{11'000});
        send(*bus, 2);
        world.pass(Duration{3'000});
        first->leave();
        send(*bus, 3);
        until([&] { return second->mine.size() == partitions; });
        until([&] { return seen(*bus) >= inputs; });
        for (auto const* processor : {first.get(), second.get()}) {
            lives_lost += processor->lives_lost;
            aborted += processor->aborted;
            unknown += processor->unknown;
        }
        check(*bus);
    }

    int lives_lost = 0, aborted = 0, unknown = 0;

private:
    template <class T>
    T expect(std::function<void(Done<T>)> const& ask) {
        std::optional<Result<T>> answer;
        ask([&](Result<T> result) { answer = std::move(result); });
        until([&] { return answer.has_value(); });
        EXPECT_TRUE(answer && *answer) << (answer ? answer->error().why : "no answer");
        if constexpr (!std::is_void_v<T>) return answer && *answer ? std::move(**answer) : T{};
    }
    void until(std::function<bool()> const& reached) {
        EXPECT_TRUE(world.run_until(reached, Duration{600'000})) << "it does not come true";
    }
    void send(Bus& bus, int quarter) {
        std::vector<Outgoing> records;
        for (int i = quarter * inputs / 4; i < (quarter + 1) * inputs / 4; ++i)
            records.push_back(outgoing(in, i % partitions, std::to_string(i)));
        expect<std::vector<Position>>(
            [&](auto done) { bus.send(std::move(records), std::move(done)); });
    }
    Texts read(Bus& bus, TopicPartition const& partition) {
        return values_of(expect<ReadResult>([&](auto done) {
                             bus.read(partition, 0, 1 << 20, std::move(done));
                         }).records);
    }
    int seen(Bus& bus) {
        std::size_t all = 0;
        for (std::int32_t i = 0; i < partitions; ++i) all += read(bus, {out, i}).size();
        return int(all);
    }
    void check(Bus& bus) {
        for (std::int32_t partition = 0; partition < partitions; ++partition) {
            Texts expected;
            for (int i = partition; i < inputs; i += partitions)
                expected.push_back(std::to_string(i));
            EXPECT_EQ(read(bus, {in, partition}), expected);
            EXPECT_EQ(read(bus, {out, partition}), expected);
        }
    }

    std::unique_ptr<Processor> first;
};

/// How many requests the story needs when nothing goes wrong.
int requests_of_a_good_run() {
    Story story;
    story.world.cut = [&](std::int16_t) {
        ++story.requests;
        return Cut::none;
    };
    story.run();
    EXPECT_EQ(story.lives_lost + story.aborted + story.unknown, 0);
    return story.requests;
}

void cut_each_request_once(Cut kind) {
    auto const count = requests_of_a_good_run();
    EXPECT_GT(count, 50);
    for (int at = 1; at <= count; ++at) {
        SCOPED_TRACE(fmt::format("request {} of {}", at, count));
        Story story;
        story.world.cut = [&](std::int16_t) { return ++story.requests == at ? kind : Cut::none; };
        story.run();
        EXPECT_EQ(story.unknown, 0) << "the outcome is found out";
        if (testing::Test::HasFailure()) return;
    }
}

TEST(Faults, EachRequestInTurnIsLostOnItsWay) { cut_each_request_once(Cut::request); }
TEST(Faults, EachAnswerInTurnIsLost) { cut_each_request_once(Cut::answer); }
TEST(Faults, EachAnswerInTurnNeverComes) { cut_each_request_once(Cut::silence); }

/// Returns how many outcomes remained unknown.
int kill_at_each_request(Cut kind, Duration away) {
    auto const count = requests_of_a_good_run();
    int unknown = 0;
    for (int at = 1; at <= count; at += 2) {
        SCOPED_TRACE(fmt::format("killed at request {} of {}", at, count));
        Story story;
        story.world.cut = [&](std::int16_t) {
            if (++story.requests != at) return Cut::none;
            story.world.virtual_loop.post([&] { story.world.kill(); });
            story.world.virtual_loop.after(away, [&] { story.world.start(); });
            return kind;
        };
        story.run();
        unknown += story.unknown;
        if (testing::Test::HasFailure()) break;
    }
    return unknown;
}

TEST(Faults, TheBrokerDiesBeforeEachRequest) {
    EXPECT_EQ(kill_at_each_request(Cut::request, Duration{2'000}), 0);
}
TEST(Faults, TheBrokerDiesBehindEachRequest) {
    EXPECT_EQ(kill_at_each_request(Cut::none, Duration{2'000}), 0);
}
/// Longer than an operation is patient, longer than a session and than a transaction may last.
TEST(Faults, TheBrokerIsAwayForMinutes) {
    EXPECT_GT(kill_at_each_request(Cut::none, Duration{120'000}), 0);
}

TEST(Faults, ManyThingsGoWrongAtRandom) {
    constexpr std::uint64_t seeds = 60;
    int aborted = 0, kills = 0, cuts = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        SCOPED_TRACE(fmt::format("seed {}", seed));
        Random random{seed};
        Story story;
        auto const rarely = 5 + random.below(30);
        story.world.cut = [&](std::int16_t) {
            if (random.one_in(150)) {
                ++kills;
                story.world.virtual_loop.post([&] {
                    if (!story.world.up()) return;
                    story.world.kill();
                    story.world.virtual_loop.after(Duration{1 + std::int64_t(random.below(8'000))},
                                                   [&] { story.world.start(); });
                });
            }
            if (!random.one_in(rarely)) return Cut::none;
            ++cuts;
            return Cut(1 + random.below(3));
        };
        story.run();
        aborted += story.aborted;
        if (testing::Test::HasFailure()) return;
    }
    EXPECT_GT(kills, 20);
    EXPECT_GT(cuts, 500);
}

TEST(Faults, EachSendHasItsOwnPatience) {
    BrokerWorld world;
    auto const bus = world.make_bus({.patience = Duration{10'000}});
    world.create_topics(*bus, {{.name = in}});
    world.kill();
    auto const begin = world.virtual_loop.now().instant;
    std::vector<std::int64_t> ended;  // in seconds
    std::vector<Error::Kind> kinds;
    int sent = 0;
    auto const send = [&] {
        bus->send({outgoing(in, 0, "x")}, [&](Result<std::vector<Position>> places) {
            if (places) return void(++sent);
            ended.push_back((world.virtual_loop.now().instant - begin) / Duration{1'000});
            kinds.push_back(places.error().kind);
        });
    };
    for (int i = 0; i < 5; ++i) {  // at 0, 3, ... 12 s
        send();
        world.pass(Duration{3'000});
    }
    world.start();
    ASSERT_TRUE(world.run_until([&] { return ended.size() + std::size_t(sent) == 5; }));
    EXPECT_EQ(kinds, (std::vector{Error::Kind::away, Error::Kind::away}));
    EXPECT_EQ(ended, (std::vector<std::int64_t>{9, 12}));
    EXPECT_EQ(sent, 3) << "what has patience left is sent";
}

// ---- memberships that are lost ----------------------------------------------------------------

/// A member that owns both partitions of a topic, and a producer that commits for it.
class FaultsOfAMember : public testing::Test {
protected:
    void SetUp() override {
        world_.create_topics(*bus_, {{.name = in, .partitions = 2}});
        producer_->initialize(hear());
        ASSERT_TRUE(answered() && *done_);
        consumer_ = join(*bus_, hears_);
        ASSERT_TRUE(world_.run_until([&] { return hears_.mine.size() == 2; }));
    }

    static std::unique_ptr<Consumer> join(Bus& bus, TestSubscriber& hears) {
        auto member = bus.make_consumer({.group = group, .topics = {in}}, hears);
        hears.consumer = member.get();
        return member;
    }
    /// A record that shall never be seen, and the first offset of each of these partitions.
    Transaction never(std::vector<std::int32_t> const& of) const {
        Transaction transaction;
        transaction.records.push_back(outgoing(in, 0, "never"));
        for (auto const partition : of) transaction.offsets[{in, partition}] = {1, ""};
        transaction.consumer = consumer_.get();
        return transaction;
    }
    /// Nothing is heard as yet.
    Done<void> hear() {
        done_.reset();
        return [this](Result<void> result) { done_ = std::move(result); };
    }
    bool answered() {
        return world_.run_until([&] { return done_.has_value(); });
    }

    BrokerWorld world_;
    std::unique_ptr<Bus> bus_ = world_.make_bus();
    std::unique_ptr<Producer> producer_ = bus_->make_producer({.transactional_id = "t"});
    TestSubscriber hears_;
    std::unique_ptr<Consumer> consumer_;
    std::optional<Result<void>> done_;
};

TEST_F(FaultsOfAMember, WhoIsNotHeardLosesItsPartitionsAndJoinsAgain) {
    bool deaf = true;
    world_.cut = [&](std::int16_t api) {
        return deaf && api == kafka::ConsumerGroupHeartbeatRequest::api.key ? Cut::request
                                                                            : Cut::none;
    };
    ASSERT_TRUE(world_.run_until([&] { return !hears_.away_because.empty(); }));
    EXPECT_EQ(hears_.away_because.size(), 1U);
    world_.pass(world_.options.group_consumer_session_timeout_ms);
    // The member does not know it yet; the broker does.
    EXPECT_EQ(hears_.mine.size(), 2U);
    producer_->commit(never({0}), hear());
    ASSERT_TRUE(answered());
    ASSERT_FALSE(*done_);
    EXPECT_EQ(done_->error().kind, Error::Kind::aborted) << done_->error().why;
    EXPECT_TRUE(hears_.gone.empty());
    deaf = false;
    ASSERT_TRUE(world_.run_until([&] { return hears_.gone.size() == 2; }));
    EXPECT_TRUE(hears_.mine.empty());
    producer_->commit(never({0}), hear());
    ASSERT_TRUE(answered());
    EXPECT_EQ(done_->error().kind, Error::Kind::refused) << "they are not its own any more";
    ASSERT_TRUE(
        world_.run_until([&] { return hears_.mine.size() == 2 && hears_.times_back == 1; }));
    EXPECT_TRUE(hears_.read.empty()) << "nothing of the aborted transactions is seen";
}

TEST_F(FaultsOfAMember, WhatItDidForAPartitionThatWasGivenAwayIsNotCommitted) {
    bool lossy = true;
    world_.cut = [&](std::int16_t api) {
        return lossy && api == kafka::TxnOffsetCommitRequest::api.key ? Cut::request : Cut::none;
    };
    producer_->commit(never({0, 1}), hear());
    TestSubscriber other;
    auto const bus_of_other = world_.make_bus();
    auto const taker = join(*bus_of_other, other);
    ASSERT_TRUE(
        world_.run_until([&] { return hears_.mine.size() == 1 && other.mine.size() == 1; }));
    ASSERT_FALSE(done_) << "its offsets are still on the way";
    lossy = false;
    ASSERT_TRUE(answered());
    ASSERT_FALSE(*done_) << "one of the partitions is another's";
    EXPECT_EQ(done_->error().kind, Error::Kind::aborted) << done_->error().why;
    EXPECT_TRUE(hears_.gone.empty()) << "the membership goes on";
}

TEST(Faults, AnotherMemberTakesOverFromOneThatIsNotHeard) {
    Story story;
    auto& world = story.world;
    auto const bus = world.make_bus();
    world.create_topics(*bus, {{.name = in, .partitions = partitions}, {.name = out}});
    auto first = std::make_unique<Processor>(world, "first");
    ASSERT_TRUE(world.run_until([&] { return first->mine.size() == partitions; }));
    Processor second{world, "second"};
    ASSERT_TRUE(world.run_until([&] { return second.mine.size() == partitions / 2; }));
    first->die();
    ASSERT_TRUE(world.run_until([&] { return second.mine.size() == partitions; }));
}

// ---- retention ---------------------------------------------------------------------------------

TEST(Faults, WhatRetentionHasDeletedIsSkippedAndSaid) {
    BrokerWorld world;
    auto const bus = world.make_bus();
    world.create_topics(
        *bus,
        {{.name = in, .configs = {{"retention.bytes", "1000"}, {"segment.bytes", "1048576"}}}});
    for (int i = 0; i < 20; ++i) {  // a batch each
        bool sent = false;
        bus->send({outgoing(in, 0, std::string(400, 'x'))},
                  [&](Result<std::vector<Position>> places) { sent = places.has_value(); });
        ASSERT_TRUE(world.run_until([&] { return sent; }));
    }
    std::optional<std::int64_t> first;
    ASSERT_TRUE(world.run_until([&] {
        bus->offset_at({in, 0}, earliest, [&](Result<std::int64_t> at) { first = *at; });
        world.pass(Duration{60'000});
        return first.value_or(0) > 0;
    }));
    TestSubscriber hears;
    hears.resumes = false;
    auto const consumer = bus->make_consumer({.group = group, .topics = {in}}, hears);
    ASSERT_TRUE(world.run_until([&] { return hears.mine.size() == 1; }));
    consumer->resume({in, 0}, 1);
    ASSERT_TRUE(world.run_until([&] { return !hears.read.empty(); }));
    EXPECT_EQ(hears.jumps, (std::vector<std::pair<std::int64_t, std::int64_t>>{{1, *first}}));
    EXPECT_EQ(hears.read.front().offset, *first);
    std::optional<Result<ReadResult>> read;
    bus->read({in, 0}, 1, 1000, [&](Result<ReadResult> result) { read = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return read.has_value(); }));
    EXPECT_EQ((*read)->records.front().offset, *first);
    read.reset();
    bus->read({in, 0}, 1'000, 1000, [&](Result<ReadResult> result) { read = std::move(result); });
    ASSERT_TRUE(world.run_until([&] { return read.has_value(); }));
    EXPECT_EQ(read->error().kind, Error::Kind::refused);
}

}  // namespace
}  // namespace klamm::bus
