#include "klamm/broker/groups/consumer_fixture.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

using Numbers = std::vector<std::int32_t>;

struct Four : testing::Test {
    Four() { world.create_topic("t", 4); }
    World world;
    Consumer ann{"ann"}, bob{"bob"};
};
using ConsumerGroupHeartbeat = Four;
using StaticConsumer = Four;
using ConsumerOffsets = Four;
using ConsumerSessions = Four;
using ConsumerTopics = Four;
using ConsumerAdmin = Four;

TEST_F(ConsumerGroupHeartbeat, GivesTheFirstMemberEverythingAtOnce) {
    EXPECT_EQ(ann.joins(world), ErrorCode::none);
    EXPECT_EQ(ann.epoch, 1);
    EXPECT_EQ(ann.interval_ms, 5000);
    EXPECT_EQ(ann.numbers(world), (Numbers{0, 1, 2, 3}));
    EXPECT_EQ(consumer_group(world).state(), "Stable");
    auto const entries = world.step.journaled.size();
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    EXPECT_FALSE(ann.was_told);
    EXPECT_EQ(world.step.journaled.size(), entries);  // nothing new, nothing journaled
}

TEST_F(ConsumerGroupHeartbeat, ASecondMemberGetsPartitionsOnlyAfterTheFirstGaveThemUp) {
    ann.joins(world);
    bob.joins(world);
    EXPECT_EQ(bob.epoch, 2);
    EXPECT_TRUE(bob.owned.empty());
    EXPECT_EQ(consumer_group(world).state(), "Reconciling");
    auto const had = ann.owned;
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    EXPECT_EQ(ann.epoch, 1);  // stays until it gave up what it must
    EXPECT_EQ(ann.owned.size(), 2u);
    bob.beats(world);
    EXPECT_TRUE(bob.owned.empty());
    auto still = ann.request();
    auto const reduced = std::exchange(ann.owned, had);
    still.topic_partitions = ann.report();  // it is still busy with them
    EXPECT_EQ(ann.says(world, still), ErrorCode::none);
    ann.owned = reduced;
    bob.beats(world);
    EXPECT_TRUE(bob.owned.empty());
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    EXPECT_EQ(ann.epoch, 2);
    bob.beats(world);
    EXPECT_EQ(bob.owned.size(), 2u);
    EXPECT_EQ(consumer_group(world).state(), "Stable");
}

TEST_F(ConsumerGroupHeartbeat, RefusesWhatMakesNoSense) {
    auto const error = [&](auto change) {
        auto body = ann.full_request();
        change(body);
        return ann.says(world, body);
    };
    EXPECT_EQ(error([](auto& b) { b.group_id.clear(); }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.member_id.clear(); }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.member_epoch = -3; }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.member_epoch = -2; }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.rebalance_timeout_ms = -1; }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.topic_partitions.reset(); }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.subscribed_topic_names.reset(); }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.instance_id = ""; }), ErrorCode::invalid_request);
    EXPECT_EQ(error([](auto& b) { b.server_assignor = "sticky"; }),
              ErrorCode::unsupported_assignor);
    EXPECT_EQ(ann.message,
              "ServerAssignor sticky is not supported. Supported assignors: uniform, range.");
    EXPECT_EQ(world.step.held->groups.find("g"), nullptr);
    EXPECT_EQ(ann.beats(world), ErrorCode::invalid_request);  // with epoch 0 it joins
    ann.epoch = 1;
    EXPECT_EQ(ann.beats(world), ErrorCode::unknown_member_id);
    EXPECT_EQ(ann.leaves(world), ErrorCode::unknown_member_id);
    EXPECT_EQ(world.step.held->groups.find("g"), nullptr);
}

TEST_F(ConsumerGroupHeartbeat, FencesMembersWithOtherEpochs) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    auto const epoch = ann.epoch;
    ann.epoch = epoch + 1;
    EXPECT_EQ(ann.beats(world), ErrorCode::fenced_member_epoch);
    ann.epoch = epoch - 1;
    EXPECT_EQ(ann.beats(world), ErrorCode::none);  // the answer with the new epoch was lost
    EXPECT_EQ(ann.epoch, epoch);
    ann.epoch = epoch - 1;
    ann.owned = bob.owned;  // what it should not have
    EXPECT_EQ(ann.beats(world), ErrorCode::fenced_member_epoch);
}

TEST_F(ConsumerGroupHeartbeat, AFencedMemberMayJoinAgainAtOnce) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    world.pass(Duration{2'000});
    world.add_partitions("t", 4);
    settle(world, {&ann, &bob});
    auto late = ann.full_request();
    late.member_epoch = joining_epoch;
    late.topic_partitions.emplace();
    ann.connection = 9;
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    auto copy = ann;
    copy.connection = 1;  // its first join, again and much too late
    EXPECT_EQ(copy.says(world, late), ErrorCode::fenced_member_epoch);
    EXPECT_EQ(ann.joins(world), ErrorCode::none);
    EXPECT_EQ(ann.owned.size(), 4u);
}

TEST_F(ConsumerGroupHeartbeat, LeavingGivesEverythingToTheOthers) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    EXPECT_EQ(bob.leaves(world), ErrorCode::none);
    EXPECT_EQ(consumer_group(world).state(), "Assigning");
    ann.beats(world);
    EXPECT_EQ(ann.owned.size(), 4u);
    EXPECT_EQ(ann.leaves(world), ErrorCode::none);
    EXPECT_EQ(consumer_group(world).state(), "Empty");
    EXPECT_FALSE(world.groups->next_tick() < world.step.time.instant);
}

TEST_F(ConsumerGroupHeartbeat, AnAssignorIsChosenByMostMembers) {
    world.create_topic("u", 4);
    Consumer eve{"eve"};
    for (auto* consumer : {&ann, &bob, &eve}) consumer->topics = {"t", "u"};
    ann.assignor = bob.assignor = "range";
    eve.assignor = "uniform";
    for (auto* consumer : {&ann, &bob, &eve}) consumer->joins(world);
    settle(world, {&ann, &bob, &eve});
    EXPECT_EQ(assignor_of(consumer_group(world)), "range");
    for (auto* consumer : {&ann, &bob, &eve})
        EXPECT_EQ(consumer->numbers(world, "t"), consumer->numbers(world, "u"));
}

TEST_F(ConsumerGroupHeartbeat, ARequestFromBeforeDoesNotReleaseWhatTheMemberHas) {
    ann.joins(world);
    ann.connection = 5;
    ann.beats(world);
    auto late = ann.request();
    late.topic_partitions.emplace();  // sent on connection 3, when it had nothing yet
    bob.joins(world);
    ann.connection = 3;
    auto copy = ann;
    EXPECT_EQ(copy.says(world, late), ErrorCode::none);
    bob.beats(world);
    EXPECT_TRUE(bob.owned.empty());
    EXPECT_EQ(copy.says(world, late), ErrorCode::none);
    bob.beats(world);
    EXPECT_TRUE(bob.owned.empty());
}

TEST_F(ConsumerGroupHeartbeat, AFullJournalRefusesAndForgetsNothing) {
    ann.joins(world);
    world.step.full = true;
    EXPECT_EQ(bob.joins(world), ErrorCode::coordinator_not_available);
    EXPECT_EQ(ann.leaves(world), ErrorCode::coordinator_not_available);
    EXPECT_EQ(ann.says(world, ann.full_request()), ErrorCode::none);
    EXPECT_EQ(ann.owned.size(), 4u);
    world.step.full = false;
    EXPECT_EQ(bob.joins(world), ErrorCode::none);
    settle(world, {&ann, &bob});
    EXPECT_EQ(bob.owned.size(), 2u);
}

TEST_F(ConsumerGroupHeartbeat, LimitsTheMembersOfAGroup) {
    Options options;
    options.group_consumer_max_size = 1;
    World small{options};
    small.create_topic("t", 4);
    EXPECT_EQ(ann.joins(small), ErrorCode::none);
    EXPECT_EQ(bob.joins(small), ErrorCode::group_max_size_reached);
    EXPECT_EQ(ann.beats(small), ErrorCode::none);
}

// ---- topics -----------------------------------------------------------------------------------

TEST_F(ConsumerTopics, NewPartitionsTopicsAndDeletionsReachTheGroup) {
    ann.topics = {"t", "later"};
    ann.joins(world);
    world.pass(Duration{2'000});
    world.add_partitions("t", 2);
    ann.beats(world);
    EXPECT_EQ(ann.numbers(world).size(), 6u);
    world.pass(Duration{2'000});
    world.create_topic("later", 3);
    ann.beats(world);
    EXPECT_EQ(ann.owned.size(), 9u);
    world.pass(Duration{2'000});
    world.delete_topic("t");
    settle(world, {&ann});
    EXPECT_EQ(ann.owned.size(), 3u);
    EXPECT_EQ(ann.numbers(world, "later"), (Numbers{0, 1, 2}));
}

TEST_F(ConsumerTopics, AnotherTopicOfTheSameNameIsAnotherTopic) {
    ann.joins(world);
    auto const before = ann.owned;
    world.pass(Duration{2'000});
    world.delete_topic("t");
    world.create_topic("t", 4);
    settle(world, {&ann});
    EXPECT_EQ(ann.numbers(world), (Numbers{0, 1, 2, 3}));
    EXPECT_NE(ann.owned, before);
}

TEST_F(ConsumerTopics, RegularExpressionsMatchWholeNames) {
    world.create_topic("orders-eu", 1);
    world.create_topic("orders-us", 1);
    world.create_topic("my-orders-eu", 1);
    ann.topics.clear();
    ann.regex = "orders-.*";
    ann.joins(world);
    EXPECT_EQ(ann.owned.size(), 2u);
    world.pass(Duration{2'000});
    world.create_topic("orders-jp", 3);
    ann.beats(world);
    EXPECT_EQ(ann.owned.size(), 5u);
    ann.regex = "my-.*";
    ann.topics = {"t"};
    ann.says(world, ann.full_request());
    settle(world, {&ann});
    EXPECT_EQ(ann.owned.size(), 5u);
    EXPECT_EQ(ann.numbers(world, "my-orders-eu"), Numbers{0});
}

TEST_F(ConsumerTopics, ABadExpressionIsRefusedWithItsReason) {
    ann.regex = "orders-(";
    EXPECT_EQ(ann.joins(world), ErrorCode::invalid_regular_expression);
    EXPECT_NE(ann.message.find("missing )"), std::string::npos) << ann.message;
    ann.regex = std::string(topic_regex_bytes_max + 1, 'x');
    EXPECT_EQ(ann.joins(world), ErrorCode::invalid_regular_expression);
    ann.regex = "(?!no-lookahead)x";
    EXPECT_EQ(ann.joins(world), ErrorCode::invalid_regular_expression);
}

// ---- static members -----------------------------------------------------------------------------

TEST_F(StaticConsumer, ComesBackToWhatItHadWithoutARebalance) {
    ann.instance = "i-1";
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    auto const had = ann.owned;
    EXPECT_EQ(ann.leaves(world, static_leaving_epoch), ErrorCode::none);
    auto const epoch = consumer_group(world).group_epoch;
    Consumer again{"ann-2", "i-1"};
    EXPECT_EQ(again.joins(world), ErrorCode::none);
    EXPECT_EQ(again.owned, had);
    EXPECT_EQ(consumer_group(world).group_epoch, epoch);
    EXPECT_EQ(ann.beats(world), ErrorCode::fenced_instance_id);
    EXPECT_EQ(bob.beats(world), ErrorCode::none);
    EXPECT_FALSE(bob.was_told);
}

TEST_F(StaticConsumer, MayComeBackUnderItsOldId) {
    ann.instance = "i-1";
    ann.joins(world);
    ann.leaves(world, static_leaving_epoch);
    EXPECT_EQ(ann.joins(world), ErrorCode::none);
    EXPECT_EQ(ann.owned.size(), 4u);
    EXPECT_EQ(consumer_group(world).violated(), std::nullopt);
}

TEST_F(StaticConsumer, KeepsOthersOutUntilItHasLeft) {
    ann.instance = "i-1";
    ann.joins(world);
    Consumer other{"other", "i-1"};
    EXPECT_EQ(other.joins(world), ErrorCode::unreleased_instance_id);
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    ann.leaves(world);
    EXPECT_EQ(other.joins(world), ErrorCode::none);
    EXPECT_EQ(other.owned.size(), 4u);
}

TEST_F(StaticConsumer, LosesItsPlaceWhenItStaysAwayForTooLong) {
    ann.instance = "i-1";
    ann.joins(world);
    ann.leaves(world, static_leaving_epoch);
    world.pass(Duration{46'000});
    EXPECT_TRUE(consumer_group(world).members.empty());
}

// ---- sessions -----------------------------------------------------------------------------------

TEST_F(ConsumerSessions, EndWithoutHeartbeats) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    for (int i = 0; i < 9; ++i) {
        world.pass(Duration{5'000});
        EXPECT_EQ(ann.beats(world), ErrorCode::none);
    }
    EXPECT_EQ(bob.beats(world), ErrorCode::unknown_member_id);
    ann.beats(world);
    EXPECT_EQ(ann.owned.size(), 4u);
}

TEST_F(ConsumerSessions, ComeFromTheGroupsOwnConfig) {
    world.configure("g", {{"consumer.session.timeout.ms", "60000"},
                          {"consumer.heartbeat.interval.ms", "15000"}});
    ann.joins(world);
    EXPECT_EQ(ann.interval_ms, 15'000);
    world.pass(Duration{59'000});
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    world.pass(Duration{61'000});
    EXPECT_EQ(ann.beats(world), ErrorCode::unknown_member_id);
}

TEST_F(ConsumerSessions, AMemberThatDoesNotRevokeInTimeIsRemoved) {
    ann.rebalance_ms = 10'000;
    ann.joins(world);
    bob.joins(world);
    ann.beats(world);
    auto busy = ann.request();  // it lives, and says nothing about what it has
    for (int i = 0; i < 2; ++i) {
        world.pass(Duration{5'000});
        bob.beats(world);
        if (i == 0) {
            EXPECT_EQ(ann.says(world, busy), ErrorCode::none);
        }
    }
    EXPECT_EQ(ann.says(world, busy), ErrorCode::unknown_member_id);
    bob.beats(world);
    EXPECT_EQ(bob.owned.size(), 4u);
}

TEST_F(ConsumerSessions, ARestartGivesFreshOnesAndChangesNothing) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    auto const entries = world.step.journaled.size();
    world.pass(Duration{40'000});
    world.crash_and_restart();
    world.pass(Duration{40'000});
    EXPECT_EQ(ann.beats(world), ErrorCode::none);
    EXPECT_EQ(bob.beats(world), ErrorCode::none);
    EXPECT_FALSE(ann.was_told);
    EXPECT_EQ(world.step.journaled.size(), entries);
}

TEST_F(ConsumerSessions, ARestartAlsoWaitsForThoseWhoMustRevoke) {
    ann.rebalance_ms = 10'000;
    ann.joins(world);
    bob.joins(world);
    ann.beats(world);
    world.crash_and_restart();
    auto const owned = consumer_group(world).owners.size();
    EXPECT_EQ(owned, 4u);
    world.pass(Duration{11'000});
    EXPECT_EQ(consumer_group(world).member("ann"), nullptr);
}

// ---- offsets ------------------------------------------------------------------------------------

TEST_F(ConsumerOffsets, NeedTheMembersEpoch) {
    ann.joins(world);
    EXPECT_EQ(ann.commits(world, 7, 1), ErrorCode::none);
    EXPECT_EQ(ann.commits(world, 7, 2), ErrorCode::stale_member_epoch);
    EXPECT_EQ(ann.commits(world, 7, -1), ErrorCode::stale_member_epoch);
    EXPECT_EQ(ann.commits(world, 7, 1, 0, 8), ErrorCode::unsupported_version);
    EXPECT_EQ(bob.commits(world, 7, 1), ErrorCode::unknown_member_id);
    EXPECT_EQ(world.stored("g")->offset("t", 0)->offset, 7);
}

TEST_F(ConsumerOffsets, OfTheEpochBeforeAreTakenForWhatTheMemberStillHas) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    ASSERT_EQ(ann.epoch, 2);
    auto const kept = ann.numbers(world).front();
    auto const given = bob.numbers(world).front();
    EXPECT_EQ(ann.commits(world, 9, 1, kept), ErrorCode::none);
    EXPECT_EQ(ann.commits(world, 9, 1, given), ErrorCode::stale_member_epoch);
    EXPECT_EQ(bob.commits(world, 9, 1, given), ErrorCode::stale_member_epoch);
}

TEST_F(ConsumerOffsets, OfTransactionsNeedItTooAndCallItGeneration) {
    ann.joins(world);
    bob.joins(world);
    settle(world, {&ann, &bob});
    ASSERT_EQ(ann.epoch, 2);
    auto const kept = ann.numbers(world).front();
    auto const given = bob.numbers(world).front();
    auto const check = [&](std::string const& member, std::int32_t epoch, std::int32_t partition) {
        kafka::TxnOffsetCommitRequest commit;
        commit.group_id = "g";
        commit.member_id = member;
        commit.generation_id = epoch;
        auto& topic = commit.topics.emplace_back();
        topic.name = "t";
        topic.partitions.push_back({.partition_index = partition, .committed_offset = 7});
        return world.groups->check_commit(world.step, commit);
    };
    EXPECT_EQ(check("ann", 2, kept), ErrorCode::none);
    EXPECT_EQ(check("ann", 1, kept), ErrorCode::none) << "it has it since epoch 1";
    EXPECT_EQ(check("ann", 1, given), ErrorCode::illegal_generation);
    EXPECT_EQ(check("ann", 3, kept), ErrorCode::illegal_generation);
    EXPECT_EQ(check("ann", -1, kept), ErrorCode::illegal_generation);
    EXPECT_EQ(check("eve", 2, kept), ErrorCode::unknown_member_id);
    EXPECT_EQ(check("", -1, kept), ErrorCode::none) << "the producer names no member";
}

TEST_F(ConsumerOffsets, AreFetchedWithTheMembersEpoch) {
    ann.joins(world);
    ann.commits(world, 7, 1);
    auto const fetch = [&](std::optional<std::string> member, std::int32_t epoch) {
        kafka::OffsetFetchRequest body;
        auto& group = body.groups.emplace_back();
        group.group_id = "g";
        group.member_id = std::move(member);
        group.member_epoch = epoch;
        group.topics.reset();
        return world.ask(std::move(body), 9).groups.at(0);
    };
    EXPECT_EQ(fetch("ann", 1).topics.at(0).partitions.at(0).committed_offset, 7);
    EXPECT_EQ(fetch(std::nullopt, -1).error_code, ErrorCode::none);
    EXPECT_EQ(fetch("ann", 2).error_code, ErrorCode::stale_member_epoch);
    EXPECT_EQ(fetch("eve", 1).error_code, ErrorCode::unknown_member_id);
}

TEST_F(ConsumerOffsets, StayWhileTheGroupLivesAndGoWhenItIsEmptyForLong) {
    Options options;
    options.offsets_retention_minutes = std::chrono::minutes{10};
    World brief{options};
    brief.create_topic("t", 4);
    ann.joins(brief);
    ann.commits(brief, 7, 1);
    for (int i = 0; i < 60; ++i) {
        brief.pass(Duration{30'000});
        ann.beats(brief);
    }
    ASSERT_NE(brief.stored("g"), nullptr);
    EXPECT_EQ(brief.stored("g")->offset("t", 0)->offset, 7);
    ann.leaves(brief);
    brief.pass(std::chrono::minutes{25});
    EXPECT_EQ(brief.stored("g"), nullptr);
}

// ---- what administrators see
// ----------------------------------------------------------------------

TEST_F(ConsumerAdmin, DescribesMembersAndTargets) {
    ann.instance = "i-1";
    ann.joins(world);
    bob.regex = "t.*";
    bob.joins(world);
    kafka::ConsumerGroupDescribeRequest body;
    body.group_ids = {"g", "nope"};
    body.include_authorized_operations = true;
    auto const told = world.ask(body, 1);
    auto const& group = told.groups.at(0);
    EXPECT_EQ(group.group_state, "Reconciling");
    EXPECT_EQ(group.group_epoch, 2);
    EXPECT_EQ(group.assignment_epoch, 2);
    EXPECT_EQ(group.assignor_name, "uniform");
    EXPECT_EQ(group.authorized_operations, 3400);
    ASSERT_EQ(group.members.size(), 2u);
    EXPECT_EQ(group.members[0].instance_id, "i-1");
    EXPECT_EQ(group.members[0].member_epoch, 1);
    EXPECT_EQ(group.members[0].assignment.topic_partitions.at(0).partitions.size(), 4u);
    EXPECT_EQ(group.members[0].target_assignment.topic_partitions.at(0).partitions.size(), 2u);
    EXPECT_EQ(group.members[0].member_type, 1);
    EXPECT_EQ(group.members[1].subscribed_topic_regex, "t.*");
    EXPECT_EQ(group.members[1].client_host, "127.0.0.1");
    EXPECT_EQ(told.groups.at(1).error_code, ErrorCode::group_id_not_found);
}

TEST_F(ConsumerAdmin, ListsAndDeletesBothKinds) {
    ann.joins(world);
    Member classic{"carl", std::nullopt, "old"};
    become_stable(world, {&classic});
    kafka::ListGroupsRequest list;
    auto const names = [&](std::vector<std::string> types) {
        list.types_filter = std::move(types);
        std::string out;
        for (auto const& group : world.ask(list, 5).groups)
            out += group.group_id + ":" + group.group_state + ":" + group.group_type + ":" +
                   group.protocol_type + " ";
        return out;
    };
    EXPECT_EQ(names({}), "g:Stable:consumer:consumer old:Stable:classic:consumer ");
    EXPECT_EQ(names({"Consumer"}), "g:Stable:consumer:consumer ");
    EXPECT_EQ(world.state_of("g"), "Dead");  // for tools that know classic groups only
    kafka::DeleteGroupsRequest remove;
    remove.groups_names = {"g"};
    EXPECT_EQ(world.ask(remove, 2).results.at(0).error_code, ErrorCode::non_empty_group);
    ann.leaves(world);
    EXPECT_EQ(world.ask(remove, 2).results.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(world.stored("g"), nullptr);
}

TEST_F(ConsumerAdmin, OffsetsOfTopicsThatAreReadAreProtected) {
    world.create_topic("other", 1);
    ann.joins(world);
    ann.commits(world, 7, 1);
    kafka::OffsetDeleteRequest body;
    body.group_id = "g";
    body.topics = {{"t", {{0}}}, {"other", {{0}}}};
    auto const told = world.ask(body, 0);
    EXPECT_EQ(told.topics.at(0).partitions.at(0).error_code, ErrorCode::group_subscribed_to_topic);
    EXPECT_EQ(told.topics.at(1).partitions.at(0).error_code, ErrorCode::none);
}

}  // namespace
}  // namespace klamm::broker::group_stories
