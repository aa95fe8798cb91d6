// Random stories of groups of the consumer protocol: whatever members, topics and the broker do, a
// partition has one owner, epochs keep their order, and in the end everything is given out once.
#include "klamm/broker/groups/consumer_fixture.h"
#include "klamm/broker/snapshot.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

constexpr std::size_t members_count = 5;
constexpr int steps = 250;

struct Story {
    explicit Story(std::uint64_t seed) : dice(seed) {
        world.create_topic("t", 3);
        for (std::size_t i = 0; i < members_count; ++i) {
            Consumer m{"m" + std::to_string(i)};
            if (i == 0) m.instance = "i-0";
            if (i == 1) m.regex = "[tu].*";
            if (i == 2) m.topics = {"t", "u"};
            if (dice.one_in(2)) m.assignor = "range";
            m.rebalance_ms = 5'000 + 1'000 * std::int32_t(dice.below(20));
            m.connection = 10 + i;
            members.push_back(m);
        }
    }

    void step() {
        auto& m = members[dice.below(members_count)];
        switch (dice.below(14)) {
            case 0:
                return leave(m);
            case 1:
                return world.pass(Duration{dice.below(dice.one_in(8) ? 60'000 : 4'000)});
            case 2:
                return change_topics();
            case 3:
                return dice.one_in(3) ? crash() : void();
            case 4:
                return resubscribe(m);
            case 5:  // busy: it lives, and does not say what it has
                return take(m, m.request(), false);
            case 6:  // the answer gets lost
                return take(m, reporting(m), true);
            case 7:
                m.connection += 100;
                return take(m, m.full_request(), dice.one_in(3));
            default:
                return take(m, reporting(m), false);
        }
    }

    kafka::ConsumerGroupHeartbeatRequest reporting(Consumer const& m) {
        if (m.epoch == joining_epoch) return m.full_request();
        auto body = m.request();
        body.topic_partitions = m.report();
        return body;
    }
    /// What a client has, it has until it says otherwise: `holds` is what it may be reading.
    void take(Consumer& m, kafka::ConsumerGroupHeartbeatRequest body, bool lost) {
        if (body.member_epoch == joining_epoch) body = m.full_request();
        if (body.member_epoch == joining_epoch) m.owned.clear(), body.topic_partitions.emplace();
        holds[m.name] = m.owned;
        auto const before = m;
        auto const error = m.says(world, std::move(body));
        if (lost) {
            m = before;
            return;
        }
        if (error != ErrorCode::none && error != ErrorCode::unreleased_instance_id) {
            m.epoch = joining_epoch;
            m.owned.clear();
        }
        holds[m.name] = m.owned;
    }
    void leave(Consumer& m) {
        m.leaves(world, m.instance && dice.one_in(2) ? static_leaving_epoch : leaving_epoch);
        m.epoch = joining_epoch;
        holds[m.name].clear();
    }
    void resubscribe(Consumer& m) {
        if (m.epoch == joining_epoch || m.regex) return;
        m.topics = dice.one_in(2) ? std::vector<std::string>{"t"}
                                  : std::vector<std::string>{"t", "u", "none"};
        auto body = reporting(m);
        body.subscribed_topic_names = m.topics;
        take(m, std::move(body), false);
    }
    void change_topics() {
        auto const* name = dice.one_in(2) ? "t" : "u";
        if (world.step.held->topic(name) == nullptr)
            world.create_topic(name, std::int32_t(1 + dice.below(4)));
        else if (dice.one_in(2))
            world.add_partitions(name, 1);
        else
            world.delete_topic(name);
    }
    void crash() {
        auto const before = assemble(freeze(*world.step.held));
        world.crash_and_restart();
        EXPECT_EQ(assemble(freeze(*world.step.held)), before);
        State restored{world.step.settings};
        EXPECT_EQ(thaw(restored, before), std::nullopt);
        EXPECT_EQ(restored.groups, world.step.held->groups);
    }

    void check() {
        auto const* group = world.step.held->groups.consumer("g");
        if (group == nullptr) return;
        EXPECT_EQ(group->violated(), std::nullopt);
        // Nobody reads what is another's, as long as it is a member.
        std::map<TopicIdPartition, std::string> readers;
        for (auto const& [name, partitions] : holds)
            for (auto const& at : partitions) {
                if (group->member(name) == nullptr) continue;
                auto const [other, is_new] = readers.emplace(at, name);
                EXPECT_TRUE(is_new)
                    << name << " and " << other->second << " read partition " << at.partition;
            }
    }

    /// Everybody who is there does as it is told; then each partition that is read has its owner.
    void end() {
        world.pass(Duration{1'500});
        for (int round = 0; round < 40; ++round) {
            for (auto& m : members) take(m, reporting(m), false);
            world.pass(Duration{2'000});  // a static member may have to wait for its last life
        }
        auto const& group = consumer_group(world);
        EXPECT_EQ(group.state(), "Stable");
        std::set<TopicIdPartition> wanted, owned;
        for (auto const* name : {"t", "u"}) {
            auto const* topic = world.step.held->topic(name);
            if (topic == nullptr) continue;
            for (auto const& partition : topic->partitions)
                if (std::string_view(name) == "t" || reads_u())
                    wanted.insert({topic->id, partition->number});
        }
        for (auto const& [at, owner] : group.owners) owned.insert(at);
        EXPECT_EQ(owned, wanted);
    }
    bool reads_u() const {
        return std::ranges::any_of(members, [](Consumer const& m) {
            return m.regex || std::ranges::find(m.topics, "u") != m.topics.end();
        });
    }

    Random dice;
    World world;
    std::vector<Consumer> members;
    std::map<std::string, std::set<TopicIdPartition>> holds;
};

TEST(ConsumerProperty, OneOwnerAndOrderedEpochsWhateverHappens) {
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Story story{seed};
        for (int step = 0; step < steps; ++step) {
            story.step();
            story.check();
            if (testing::Test::HasFailure()) return;
        }
        story.end();
        if (testing::Test::HasFailure()) return;
    }
}

TEST(ConsumerProperty, TheSameSeedGivesTheSameJournal) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Story one{seed}, two{seed};
        for (int step = 0; step < steps; ++step) {
            one.step();
            two.step();
        }
        EXPECT_EQ(one.world.step.journaled, two.world.step.journaled);
    }
}

}  // namespace
}  // namespace klamm::broker::group_stories
