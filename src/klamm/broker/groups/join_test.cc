#include "klamm/broker/groups/groups_fixture.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

TEST(Join, GivesADynamicMemberAnIdAndAsksItToComeAgain) {
    World world;
    Member ann{"ann"};
    auto const told =
        world.reply<kafka::JoinGroupResponse>(world.send(ann.join_request(), 4, "ann"));
    EXPECT_EQ(told.error_code, ErrorCode::member_id_required);
    EXPECT_EQ(told.member_id.substr(0, 4), "ann-");
    EXPECT_EQ(told.member_id.size(), 4u + 36u);
    EXPECT_EQ(told.generation_id, -1);
    EXPECT_EQ(world.state_of("g"), "Empty");
}

TEST(Join, TakesOldClientsInWithoutAskingThemToComeAgain) {
    World world;
    Member ann{"ann"};
    ann.join_version = 3;
    ann.joins(world);
    EXPECT_EQ(ann.joined(world).error_code, ErrorCode::none);
    EXPECT_EQ(ann.id.substr(0, 4), "ann-");
}

TEST(Join, MakesTheFirstMemberLeaderAndTellsOnlyTheLeaderWhoIsThere) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    EXPECT_EQ(ann.generation, 2);
    EXPECT_EQ(bob.generation, 2);
    EXPECT_EQ(ann.synced(world).assignment, bytes_of("ann"));
    EXPECT_EQ(bob.synced(world).assignment, bytes_of("bob"));
    EXPECT_EQ(world.stored("g")->members.size(), 2u);
    EXPECT_EQ(world.stored("g")->leader, ann.id);
}

TEST(Join, TellsMembersOfARebalanceByTheirHeartbeats) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann});
    bob.joins(world);
    EXPECT_FALSE(world.answered(bob.waiting));
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(world.step.last_after, After::nothing);
    ann.joins(world);
    EXPECT_TRUE(world.answered(bob.waiting));
    EXPECT_EQ(ann.joined(world).members.size(), 2u);
    EXPECT_EQ(bob.joined(world).members.size(), 0u);
    EXPECT_EQ(bob.joined(world).leader, ann.id);
    EXPECT_EQ(world.state_of("g"), "CompletingRebalance");
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::none);
}

TEST(Join, RefusesWhatItMust) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    bob.group = "";
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::invalid_group_id);
    bob.group = "g";
    for (auto const session : {0, 5'999, 1'800'001, -1}) {
        bob.session_ms = session;
        bob.joins(world);
        EXPECT_EQ(bob.join_error(world), ErrorCode::invalid_session_timeout) << session;
    }
    bob.session_ms = 10'000;
    bob.id = "bob-unheard-of";
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::unknown_member_id);
    become_stable(world, {&ann});
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::unknown_member_id);
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST(Join, NeedsAProtocolThatEverybodySupports) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    bob.protocols.clear();
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::inconsistent_group_protocol);
    ann.protocols = {{"range", {}}, {"roundrobin", {}}};
    become_stable(world, {&ann});
    bob.protocols = {{"sticky", {}}};
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::inconsistent_group_protocol);
    bob.protocols = {{"range", {}}};
    bob.protocol_type = "connect";
    bob.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::inconsistent_group_protocol);
    EXPECT_EQ(bob.joined(world).protocol_name, std::nullopt);
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST(Join, ChoosesTheProtocolThatMostMembersPreferAmongThoseOfAll) {
    World world;
    Member a{"a"}, b{"b"}, c{"c"};
    a.protocols = {{"sticky", {}}, {"range", {}}};
    b.protocols = {{"only-b", {}}, {"range", {}}, {"sticky", {}}};
    c.protocols = {{"range", {}}, {"sticky", {}}};
    a.joins(world);
    a.joined(world);
    b.joins(world);
    c.joins(world);
    a.joins(world);
    EXPECT_EQ(a.joined(world).protocol_name, "range");
    EXPECT_EQ(c.joined(world).protocol_type, "consumer");
}

TEST(Join, AnswersARepeatedJoinWithTheGenerationThatStands) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    bob.joins(world);
    EXPECT_EQ(bob.joined(world).generation_id, 2);
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST(Join, BeginsARebalanceWhenTheLeaderJoinsAgainOrAFollowerChanges) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann, &bob});
    ann.joins(world);
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
    bob.joins(world);
    EXPECT_EQ(bob.joined(world).generation_id, 3);
    EXPECT_EQ(ann.joined(world).members.size(), 2u);
    bob.protocols.front().second = subscription_to({"t", "u"});
    bob.joins(world);
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
}

TEST(Join, DropsMembersThatDoNotJoinAgainInTime) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    ann.rebalance_ms = bob.rebalance_ms = 20'000;
    become_stable(world, {&ann, &bob});
    Member eve{"eve"};
    eve.rebalance_ms = 20'000;
    eve.joins(world);
    bob.joins(world);
    for (int i = 0; i < 4; ++i) {
        world.pass(Duration{4'900});
        ann.heartbeat(world);
    }
    EXPECT_FALSE(world.answered(eve.waiting));
    world.pass(Duration{500});
    EXPECT_EQ(bob.joined(world).generation_id, 3);
    EXPECT_EQ(bob.joined(world).leader, bob.id);  // ann, who led, is gone
    EXPECT_EQ(eve.joined(world).generation_id, 3);
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::unknown_member_id);
}

TEST(Join, WaitsForAMemberThatWasPromisedAnIdUntilItsSessionWouldEnd) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann});
    world.send(bob.join_request(), 9, "bob");
    ann.joins(world);
    EXPECT_FALSE(world.answered(ann.waiting));
    world.pass(Duration{10'000});
    EXPECT_EQ(ann.joined(world).generation_id, 2);
}

TEST(Join, WaitsTheInitialDelayAndLongerWhileMembersKeepComing) {
    Options options;
    options.group_initial_rebalance_delay_ms = std::chrono::milliseconds{3'000};
    World world{options};
    Member ann{"ann"}, bob{"bob"};
    ann.joins(world);
    world.pass(Duration{2'000});
    bob.joins(world);
    world.pass(Duration{2'000});
    EXPECT_FALSE(world.answered(ann.waiting));
    world.pass(Duration{2'000});
    EXPECT_EQ(ann.joined(world).generation_id, 1);
    EXPECT_EQ(bob.joined(world).generation_id, 1);
}

TEST(Join, RefusesMembersBeyondTheGroupsSize) {
    Options options;
    options.group_max_size = 2;
    World world{options};
    Member a{"a"}, b{"b"}, c{"c"};
    become_stable(world, {&a, &b});
    c.joins(world);
    EXPECT_EQ(c.join_error(world), ErrorCode::group_max_size_reached);
    EXPECT_EQ(world.state_of("g"), "Stable");
}

TEST(Join, BoundsTheMetadataOfAGroup) {
    World world;
    Member ann{"ann"};
    ann.protocols = {{"range", Bytes(group_metadata_bytes_max + 1)}};
    ann.joins(world);
    EXPECT_EQ(ann.join_error(world), ErrorCode::group_max_size_reached);
    EXPECT_EQ(world.state_of("g"), "Dead");
}

TEST(Join, ForgetsAnOldClientThatHungUpBeforeItLearnedItsId) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann});
    bob.join_version = 2;
    bob.connection = 9;
    bob.joins(world);
    world.disconnect(9);
    ann.joins(world);
    EXPECT_EQ(ann.joined(world).members.size(), 1u);
}

TEST(Join, AnswersNobodyWhoHungUp) {
    World world;
    Member ann{"ann"}, bob{"bob"};
    become_stable(world, {&ann});
    bob.connection = 9;
    bob.joins(world);
    world.disconnect(9);
    ann.joins(world);
    EXPECT_EQ(ann.joined(world).members.size(), 2u);
    EXPECT_FALSE(world.answered(bob.waiting));
    ann.syncs(world, {});
    world.pass(Duration{9'000});
    ann.heartbeat(world);
    world.pass(Duration{2'000});
    EXPECT_EQ(ann.heartbeat(world), ErrorCode::rebalance_in_progress);  // bob's session has ended
}

// ---- static members -------------------------------------------------------------------------

TEST(StaticMember, KeepsItsPlaceWithoutARebalanceWhenItComesBackUnderANewId) {
    World world;
    Member ann{"ann", "i-1"}, bob{"bob", "i-2"};
    become_stable(world, {&ann, &bob});
    EXPECT_EQ(bob.id.substr(0, 4), "i-2-");
    auto again = bob;
    again.id.clear();
    again.joins(world);
    EXPECT_EQ(again.joined(world).generation_id, 2);
    EXPECT_NE(again.id, bob.id);
    EXPECT_EQ(world.state_of("g"), "Stable");
    again.syncs(world);
    EXPECT_EQ(again.synced(world).assignment, bytes_of("bob"));
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::fenced_instance_id);
    EXPECT_EQ(bob.commits(world, 1, "t"), ErrorCode::unknown_topic_or_partition);
    world.create_topic("t");
    EXPECT_EQ(bob.commits(world, 1), ErrorCode::fenced_instance_id);
    world.crash_and_restart();
    EXPECT_EQ(again.heartbeat(world), ErrorCode::none);
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::fenced_instance_id);
}

TEST(StaticMember, ThatLedIsToldToKeepTheAssignment) {
    World world;
    Member ann{"ann", "i-1"}, bob{"bob", "i-2"};
    become_stable(world, {&ann, &bob});
    auto again = ann;
    again.id.clear();
    again.joins(world);
    auto const& told = again.joined(world);
    EXPECT_TRUE(told.skip_assignment);
    EXPECT_EQ(told.leader, told.member_id);
    EXPECT_EQ(told.members.size(), 2u);

    auto old = again;  // an old client cannot be told; it must not think that it leads
    old.id.clear();
    old.join_version = 8;
    old.joins(world);
    EXPECT_EQ(old.joined(world).leader, again.id);
    EXPECT_NE(old.id, again.id);
}

TEST(StaticMember, ThatComesBackTwiceFencesTheOneBefore) {
    World world;
    Member ann{"ann", "i-1"}, bob{"bob", "i-2"}, eve{"eve"};
    become_stable(world, {&ann, &bob});
    eve.joins(world);
    bob.joins(world);
    auto again = bob;
    again.id.clear();
    again.joins(world);
    EXPECT_EQ(bob.join_error(world), ErrorCode::fenced_instance_id);
    EXPECT_FALSE(world.answered(again.waiting));
}

TEST(StaticMember, LeavesThePlaceAloneWhenTheJournalIsFull) {
    World world;
    Member ann{"ann", "i-1"}, bob{"bob", "i-2"};
    become_stable(world, {&ann, &bob});
    auto again = bob;
    again.id.clear();
    world.step.full = true;
    again.joins(world);
    EXPECT_EQ(again.join_error(world), ErrorCode::coordinator_not_available);
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::none);
    world.step.full = false;
    again.joins(world);
    EXPECT_EQ(again.join_error(world), ErrorCode::none);
}

TEST(StaticMember, IsRemovedByItsInstanceIdAlone) {
    World world;
    Member ann{"ann", "i-1"}, bob{"bob", "i-2"};
    become_stable(world, {&ann, &bob});
    kafka::LeaveGroupRequest leave;
    leave.group_id = "g";
    leave.members = {{"", "i-2", std::nullopt}, {"", "i-3", std::nullopt}};
    auto const told = world.ask(leave, 5);
    EXPECT_EQ(told.members.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(told.members.at(1).error_code, ErrorCode::unknown_member_id);
    EXPECT_EQ(world.state_of("g"), "PreparingRebalance");
    EXPECT_EQ(bob.heartbeat(world), ErrorCode::unknown_member_id);
}

TEST(StaticMember, ThatDoesNotJoinAgainStaysUntilItsSessionEnds) {
    World world;
    Member ann{"ann", "i-1"}, bob{"bob"};
    ann.rebalance_ms = bob.rebalance_ms = 7'000;
    ann.session_ms = 30'000;
    become_stable(world, {&ann, &bob});
    bob.protocols.front().second = subscription_to({"u"});
    bob.joins(world);
    world.pass(Duration{7'000});
    EXPECT_EQ(bob.joined(world).generation_id, 3);
    EXPECT_EQ(bob.joined(world).leader, bob.id);
    EXPECT_EQ(bob.joined(world).members.size(), 2u);
}

}  // namespace
}  // namespace klamm::broker::group_stories
