#include "klamm/broker/groups/groups_fixture.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

TEST(Sync, HoldsFollowersUntilTheLeadersAssignmentIsJournaled) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    ann.joins(world);
    ann.joined(world);
    bob.joins(world);
    ann.joins(world);
    ann.joined(world);
    bob.joined(world);
    bob.syncs(world);
    EXPECT_FALSE(world.answered(bob.waiting));
    auto const before = world.step.journaled.size();
    ann.syncs(world, {{bob.id, "all of it"}});
    EXPECT_EQ(world.step.journaled.size(), before + 1);
    EXPECT_EQ(world.step.last_after, After::everything);
    EXPECT_EQ(bob.synced(world).assignment, bytes_of("all of it"));
    EXPECT_EQ(bob.synced(world).protocol_name, "range");
    EXPECT_EQ(ann.synced(world).assignment, Bytes{});
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST(Sync, RefusesWhatItMust) {
    World world;
    Member ann{"ann"};
    become_stable(world, {&ann});
    auto const error = [&](auto change) {
        auto other = ann;
        change(other);
        other.syncs(world);
        return other.synced(world).error_code;
    };
    EXPECT_EQ(error([](Member& m) { m.group = ""; }), ErrorCode::invalid_group_id);
    EXPECT_EQ(error([](Member& m) { m.group = "h"; }), ErrorCode::unknown_member_id);
    EXPECT_EQ(error([](Member& m) { m.id = "x"; }), ErrorCode::unknown_member_id);
    EXPECT_EQ(error([](Member& m) { m.instance = "i"; }), ErrorCode::unknown_member_id);
    EXPECT_EQ(error([](Member& m) { m.generation = 7; }), ErrorCode::illegal_generation);
    EXPECT_EQ(error([](Member& m) { m.protocol_type = "connect"; }),
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error([](Member& m) { m.protocols.front().first = "sticky"; }),
              ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(error([](Member&) {}), ErrorCode::none);
    Member bob{"bob"};
    bob.joins(world);
    EXPECT_EQ(error([](Member&) {}), ErrorCode::rebalance_in_progress);
}

TEST(Sync, LetsEverybodyJoinAgainWhenTheJournalIsFull) {
    World world;
    Member ann{"ann"};
    ann.joins(world);
    ann.joined(world);
    world.step.full = true;
    ann.syncs(world, {});
    EXPECT_EQ(ann.synced(world).error_code, ErrorCode::coordinator_not_available);
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
    world.step.full = false;
    ann.joins(world);
    EXPECT_EQ(ann.joined(world).generation_id, 2);
    ann.syncs(world, {{ann.id, "x"}});
    EXPECT_EQ(ann.synced(world).assignment, bytes_of("x"));
}

TEST(Sync, DropsMembersThatNeverAskForTheirPart) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    ann.session_ms = bob.session_ms = 60'000;
    ann.rebalance_ms = bob.rebalance_ms = 5'000;
    become_stable(world, {&ann});
    bob.joins(world);
    ann.joins(world);
    ann.joined(world);
    ann.syncs(world, {});
    EXPECT_EQ(world.state_of("g"), "Stable");
    world.pass(Duration{5'000});
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
    bob.joined(world);
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::unknown_member_id);
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::rebalance_in_progress);
}

TEST(Sync, IsToldOfTheRebalanceThatOvertookIt) {
    World world;
    Member ann{"ann"}, bob{"bob"}, eve{"eve"};
    become_stable(world, {&ann});
    bob.joins(world);
    ann.joins(world);
    ann.joined(world);
    bob.joined(world);
    bob.syncs(world);
    eve.joins(world);
    EXPECT_EQ(bob.synced(world).error_code, ErrorCode::rebalance_in_progress);
}

TEST(Session, EndsWithoutHeartbeatsAndTheOthersShareAnew) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    world.pass(Duration{9'999});
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::none);
    world.pass(Duration{1});
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::unknown_member_id);
    ann.joins(world);
    EXPECT_EQ(ann.joined(world).members.size(), 1u);
}

TEST(Session, OfTheLastMemberLeavesTheGroupEmptyInTheJournal) {
    World world;
    Member ann{"ann"};
    become_stable(world, {&ann});
    world.pass(Duration{10'000});
    EXPECT_EQ(world.state_of("g"), "Empty");
    EXPECT_TRUE(world.stored("g")->members.empty());
    EXPECT_EQ(world.stored("g")->generation_id, 2);
}

TEST(Session, IsKeptUpByCommits) {
    World world;
    world.create_topic("t");
    Member ann{"ann"};
    become_stable(world, {&ann});
    for (int i = 0; i < 5; ++i) {
        world.pass(Duration{9'000});
        EXPECT_EQ(ann.commits(world, i), ErrorCode::none);
    }
}

TEST(Session, IsFreshForEveryMemberAfterARestart) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    world.pass(Duration{9'000});
    world.crash_and_restart();
    world.pass(Duration{9'000});
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::none);
    world.pass(Duration{1'000});
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::unknown_member_id);
}

TEST(Crash, InARebalanceLeavesTheGenerationBeforeWhoseMembersJoinAgain) {
    World world;
    world.create_topic("t");
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann});
    auto const old = ann;
    bob.joins(world);
    ann.joins(world);
    ann.joined(world);
    bob.joined(world);
    EXPECT_EQ(ann.generation, 2);
    world.crash_and_restart();

    EXPECT_EQ(world.state_of("g"), "Stable");
    ann.syncs(world, {});
    EXPECT_EQ(ann.synced(world).error_code, ErrorCode::illegal_generation);
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::unknown_member_id);
    EXPECT_EQ(ann.commits(world, 1), ErrorCode::illegal_generation);
    EXPECT_EQ(Member(old).commits(world, 1), ErrorCode::none);

    bob.id.clear();
    bob.joins(world);
    ann.joins(world);
    EXPECT_EQ(ann.joined(world).generation_id, 2);
    EXPECT_EQ(bob.joined(world).generation_id, 2);
}

TEST(Crash, KeepsAssignmentsOfAStableGroup) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    world.crash_and_restart();
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::none);
    bob.syncs(world);
    EXPECT_EQ(bob.synced(world).assignment, bytes_of("bob"));
}

TEST(Leave, OfOneMemberMakesTheOthersJoinAgain) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    EXPECT_EQ(ann.leaves(world), ErrorCode::none);
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::rebalance_in_progress);
    bob.joins(world);
    EXPECT_EQ(bob.joined(world).leader, bob.id);
    EXPECT_EQ(ann.leaves(world), ErrorCode::unknown_member_id);
}

TEST(Leave, OfTheLastMemberIsWrittenLaterWhenTheJournalIsFull) {
    World world;
    Member ann{"ann"};
    become_stable(world, {&ann});
    world.step.full = true;
    EXPECT_EQ(ann.leaves(world), ErrorCode::none);
    EXPECT_EQ(world.state_of("g"), "Empty");
    EXPECT_EQ(world.stored("g")->members.size(), 1u);
    world.step.full = false;
    world.pass(full_journal_retry);
    EXPECT_EQ(world.stored("g")->members.size(), 0u);
}

TEST(Leave, AnswersOldClientsWithOneError) {
    World world;
    Member ann{"ann"};
    become_stable(world, {&ann});
    kafka::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.member_id = "nobody";
    EXPECT_EQ(world.ask(leave, 2).error_code, ErrorCode::unknown_member_id);
    leave.member_id = ann.id;
    EXPECT_EQ(world.ask(leave, 2).error_code, ErrorCode::none);
    EXPECT_EQ(world.ask(leave, 2).error_code, ErrorCode::unknown_member_id);
    leave.group_id = "";
    EXPECT_EQ(world.ask(leave, 0).error_code, ErrorCode::invalid_group_id);
}

TEST(Leave, TakesBackAPromisedId) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann});
    auto const told =
        world.reply<kafka::JoinGroupResponse>(world.send(bob.join_request(), 9, "bob"));
    bob.id = told.member_id;
    EXPECT_EQ(bob.leaves(world), ErrorCode::none);
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::unknown_member_id);
}

}  // namespace
}  // namespace klamm::broker::group_stories
