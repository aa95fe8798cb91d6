// A living group changes its protocol: classic members among others, and the way back.
#include "klamm/broker/groups/consumer_fixture.h"
#include "klamm/broker/groups/subscription.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

using Numbers = std::vector<std::int32_t>;

std::string text_of(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

/// What a cooperative consumer says: its topics, and what it has.
Bytes subscription_with(PartitionsByTopic const& owned) {
    kafka::Writer out;
    out.integer(std::int16_t(1));
    out.integer(std::int32_t(1));
    out.integer(std::int16_t(1));
    out.raw(bytes_of("t"));
    out.integer(std::int32_t(-1));  // no user data
    auto const list = write_assignment(owned, 0);
    out.raw(ByteView{list}.subspan(2, list.size() - 6));
    return std::move(out).finish_bytes();
}

/// A classic member that keeps what it has while it joins again.
struct Cooperative : Member {
    explicit Cooperative(std::string its_name) : Member{std::move(its_name)} {}
    PartitionsByTopic owned;

    ErrorCode rejoins(World& world) {
        protocols = {{"cooperative-sticky", subscription_with(owned)}};
        joins(world);
        return join_error(world);
    }
    ErrorCode takes(World& world) {
        syncs(world);
        auto const& told = synced(world);
        if (told.error_code == ErrorCode::none) owned = *read_assignment(told.assignment);
        return told.error_code;
    }
    /// As a client does: heartbeats, and whatever they ask for.
    void lives(World& world) {
        if (heartbeat(world) != ErrorCode::rebalance_in_progress) return;
        ASSERT_EQ(rejoins(world), ErrorCode::none);
        takes(world);
    }
    Numbers numbers() const {
        auto const found = owned.find("t");
        return found == owned.end() ? Numbers{} : found->second;
    }
};

struct Migration : testing::Test {
    Migration() { world.create_topic("t", 4); }

    /// A stable classic group of one, which has everything.
    void alone(Cooperative& member) {
        member.protocols = {{"cooperative-sticky", subscription_with({})}};
        member.joins(world);
        ASSERT_EQ(member.join_error(world), ErrorCode::none);
        member.syncs(world, {{member.id, text_of(write_assignment({{"t", {0, 1, 2, 3}}}, 1))}});
        member.owned = *read_assignment(member.synced(world).assignment);
        ASSERT_EQ(member.numbers().size(), 4u);
    }
    void expect_single_owners() { EXPECT_EQ(consumer_group(world).violated(), std::nullopt); }
    void forbid(std::string policy) {
        BrokerConfigured entry;
        entry.configs = {{"group.consumer.migration.policy", std::move(policy)}};
        ASSERT_TRUE(world.step.commit(encode_entry(entry), {}).has_value());
    }

    World world;
    Cooperative carl{"carl"}, cleo{"cleo"};
    Consumer ann{"ann"}, bob{"bob"};
};

TEST_F(Migration, TheFirstMemberOfTheNewProtocolTakesTheGroupOver) {
    alone(carl);
    EXPECT_EQ(carl.commits(world, 5), ErrorCode::none);
    EXPECT_EQ(ann.joins(world), ErrorCode::none);
    EXPECT_TRUE(ann.owned.empty());  // carl still has everything
    expect_single_owners();
    EXPECT_EQ(world.stored("g")->offset("t", 0)->offset, 5);
    for (int i = 0; i < 4; ++i) {
        carl.lives(world);
        ann.beats(world);
        expect_single_owners();
    }
    EXPECT_EQ(carl.numbers().size(), 2u);
    EXPECT_EQ(ann.owned.size(), 2u);
    EXPECT_EQ(consumer_group(world).state(), "Stable");
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::none);
    EXPECT_EQ(carl.commits(world, 6, "t", carl.numbers().front()), ErrorCode::none);
    EXPECT_GT(carl.generation, 1);
}

TEST_F(Migration, AllTheWayUpAndTheGroupIsAnOrdinaryOne) {
    alone(carl);
    ann.joins(world);
    for (int i = 0; i < 4; ++i) {
        carl.lives(world);
        ann.beats(world);
    }
    EXPECT_EQ(carl.leaves(world), ErrorCode::none);
    bob.joins(world);
    settle(world, {&ann, &bob});
    EXPECT_EQ(ann.owned.size() + bob.owned.size(), 4u);
    EXPECT_EQ(consumer_group(world).classic_members, 0u);
}

TEST_F(Migration, TheLastMemberOfTheNewProtocolLeavesAndTheGroupIsClassicAgain) {
    alone(carl);
    ann.joins(world);
    for (int i = 0; i < 4; ++i) {
        carl.lives(world);
        ann.beats(world);
    }
    auto const had = carl.numbers();
    EXPECT_EQ(ann.leaves(world), ErrorCode::none);
    EXPECT_EQ(world.step.held->groups.consumer("g"), nullptr);
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
    EXPECT_EQ(world.stored("g")->members.size(), 1u);
    EXPECT_EQ(read_assignment(world.stored("g")->members.at(carl.id).assignment)->at("t"), had);
    // carl's generation is of before the group's last change; it joins again, as any member would.
    EXPECT_NE(carl.heartbeat(world), ErrorCode::none);
    EXPECT_EQ(carl.rejoins(world), ErrorCode::none);
    EXPECT_EQ(carl.joined(world).leader, carl.id);
    carl.syncs(world, {{carl.id, text_of(write_assignment({{"t", {0, 1, 2, 3}}}, 1))}});
    EXPECT_EQ(carl.synced(world).error_code, ErrorCode::none);
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST_F(Migration, ClassicMembersJoinGroupsOfTheNewProtocol) {
    ann.joins(world);
    EXPECT_EQ(carl.rejoins(world), ErrorCode::none);
    EXPECT_EQ(carl.generation, 2);
    EXPECT_EQ(carl.joined(world).leader, "");
    EXPECT_EQ(carl.takes(world), ErrorCode::none);
    EXPECT_TRUE(carl.numbers().empty());
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::none);  // ann has not given anything up yet
    ann.beats(world);
    ann.beats(world);
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::rebalance_in_progress);
    carl.lives(world);
    EXPECT_EQ(carl.numbers().size(), 2u);
    kafka::ConsumerGroupDescribeRequest body;
    body.group_ids = {"g"};
    auto const told = world.ask(body, 1).groups.at(0);
    ASSERT_EQ(told.members.size(), 2u);
    EXPECT_EQ(told.members[0].member_type + told.members[1].member_type, 1);
}

TEST_F(Migration, AClassicMemberThatDoesNotJoinAgainIsRemoved) {
    carl.rebalance_ms = 8'000;
    carl.session_ms = 30'000;
    alone(carl);
    ann.joins(world);
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::rebalance_in_progress);
    world.pass(Duration{7'000});
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::rebalance_in_progress);
    world.pass(Duration{2'000});
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::unknown_member_id);
    ann.beats(world);
    EXPECT_EQ(ann.owned.size(), 4u);
}

TEST_F(Migration, ClassicMembersKeepTheirOwnSessionTimeouts) {
    ann.joins(world);
    carl.session_ms = 10'000;
    carl.rejoins(world);
    carl.takes(world);
    world.pass(Duration{9'000});
    EXPECT_NE(carl.heartbeat(world), ErrorCode::unknown_member_id);
    world.pass(Duration{11'000});
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::unknown_member_id);
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
}

TEST_F(Migration, MembersInTheMiddleOfARebalanceAreAskedToJoinAgain) {
    alone(carl);
    cleo.protocols = {{"cooperative-sticky", subscription_with({})}};
    cleo.joins(world);
    EXPECT_FALSE(world.answered(cleo.waiting));
    ann.joins(world);
    EXPECT_EQ(cleo.join_error(world), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(cleo.rejoins(world), ErrorCode::none);
    cleo.takes(world);
    for (int i = 0; i < 6; ++i) {
        carl.lives(world);
        cleo.lives(world);
        ann.beats(world);
        expect_single_owners();
    }
    EXPECT_EQ(carl.numbers().size() + cleo.numbers().size() + ann.owned.size(), 4u);
    EXPECT_EQ(consumer_group(world).state(), "Stable");
}

TEST_F(Migration, IsRefusedWhereThePolicyOrTheMembersForbidIt) {
    alone(carl);
    forbid("downgrade");
    EXPECT_EQ(ann.joins(world), ErrorCode::group_id_not_found);
    EXPECT_NE(ann.message.find("migration.policy"), std::string::npos);
    forbid("upgrade");
    EXPECT_EQ(ann.joins(world), ErrorCode::none);
    ann.leaves(world);
    EXPECT_TRUE(consumer_group(world).all_classic());  // the way back is closed

    Member custom{"custom", std::nullopt, "own"};
    become_stable(world, {&custom});  // its assignments are in words of its own
    bob.group = "own";
    EXPECT_EQ(bob.joins(world), ErrorCode::group_id_not_found);
    Member other{"other", std::nullopt, "connect"};
    other.protocol_type = "connect";
    become_stable(world, {&other});
    bob.group = "connect";
    EXPECT_EQ(bob.joins(world), ErrorCode::group_id_not_found);
    EXPECT_EQ(world.state_of("connect"), "Stable");
}

TEST_F(Migration, EmptyGroupsBecomeWhateverTheirNextMemberIs) {
    alone(carl);
    carl.commits(world, 5);
    carl.leaves(world);
    EXPECT_EQ(ann.joins(world), ErrorCode::none);
    EXPECT_EQ(ann.owned.size(), 4u);
    EXPECT_EQ(world.stored("g")->offset("t", 0)->offset, 5);
    ann.leaves(world);
    auto const epoch = consumer_group(world).group_epoch;
    alone(cleo);
    EXPECT_EQ(world.step.held->groups.consumer("g"), nullptr);
    EXPECT_GT(cleo.generation, epoch);
    EXPECT_EQ(world.stored("g")->offset("t", 0)->offset, 5);
}

TEST_F(Migration, AStaticMemberIsReplacedByItselfInTheOtherProtocol) {
    carl.instance = "i-1";
    alone(carl);
    cleo.instance = "i-2";
    bob.joins(world);
    for (int i = 0; i < 4; ++i) {
        carl.lives(world);
        bob.beats(world);
    }
    // carl's process stops without a word and comes back with the new protocol.
    Consumer modern{"carl-modern", "i-1"};
    EXPECT_EQ(modern.joins(world), ErrorCode::unreleased_instance_id);
    EXPECT_EQ(carl.leaves(world), ErrorCode::none);
    EXPECT_EQ(modern.joins(world), ErrorCode::none);
    settle(world, {&modern, &bob});
    EXPECT_EQ(modern.owned.size() + bob.owned.size(), 4u);
    EXPECT_EQ(consumer_group(world).classic_members, 0u);
}

TEST_F(Migration, ARestartInTheMiddleOfItLosesNothing) {
    alone(carl);
    ann.joins(world);
    world.crash_and_restart();
    for (int i = 0; i < 4; ++i) {
        carl.lives(world);
        ann.beats(world);
        expect_single_owners();
        world.crash_and_restart();
    }
    EXPECT_EQ(carl.numbers().size(), 2u);
    EXPECT_EQ(ann.owned.size(), 2u);
    EXPECT_EQ(carl.heartbeat(world), ErrorCode::none);
}

}  // namespace
}  // namespace klamm::broker::group_stories
