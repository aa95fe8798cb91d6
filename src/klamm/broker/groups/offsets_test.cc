#include "klamm/broker/groups/groups_fixture.h"

#include <gtest/gtest.h>

namespace klamm::broker::group_stories {
namespace {

using FetchTopics = std::vector<kafka::OffsetFetchRequest::OffsetFetchRequestTopics>;

/// The commit of a consumer that chose its partitions itself.
ErrorCode commit_alone(World& world, std::string group, std::int64_t offset,
                       std::string metadata = "", std::string topic = "t") {
    kafka::OffsetCommitRequest request;
    request.group_id = std::move(group);
    auto& t = request.topics.emplace_back();
    t.name = std::move(topic);
    t.partitions.push_back({1, offset, -1, std::move(metadata)});
    return world.ask(std::move(request), 8).topics.at(0).partitions.at(0).error_code;
}

kafka::OffsetFetchResponse fetch(World& world, std::string group, std::optional<FetchTopics> topics,
                                 kafka::ApiVersion version = 9) {
    kafka::OffsetFetchRequest request;
    auto& g = request.groups.emplace_back();
    g.group_id = std::move(group);
    g.topics = std::move(topics);
    return world.ask(std::move(request), version);
}

std::int64_t committed(World& world, std::string const& group, std::string topic = "t",
                       std::int32_t partition = 1) {
    auto const told = fetch(world, group, FetchTopics{{std::move(topic), Uuid{}, {partition}}});
    return told.groups.at(0).topics.at(0).partitions.at(0).committed_offset;
}

TEST(Offsets, AreCommittedByMembersAndFetchedWithAllThatWasSaid) {
    World world;
    world.create_topic("t");
    Member ann{"ann"};
    become_stable(world, {&ann});
    EXPECT_EQ(ann.commits(world, 42), ErrorCode::none);
    EXPECT_EQ(world.step.last_after, After::everything);
    world.crash_and_restart();
    auto const told = fetch(world, "g", FetchTopics{{"t", Uuid{}, {0, 2}}, {"nope", Uuid{}, {0}}});
    auto const& at = told.groups.at(0).topics.at(0).partitions;
    EXPECT_EQ(at.at(0).committed_offset, 42);
    EXPECT_EQ(at.at(0).committed_leader_epoch, 3);
    EXPECT_EQ(at.at(0).metadata, "note");
    EXPECT_EQ(at.at(1).committed_offset, -1);
    EXPECT_EQ(at.at(1).committed_leader_epoch, -1);
    EXPECT_EQ(at.at(1).metadata, "");
    EXPECT_EQ(at.at(1).error_code, ErrorCode::none);
    EXPECT_EQ(told.groups.at(0).topics.at(1).partitions.at(0).committed_offset, -1);
}

TEST(Offsets, AreFetchedByOldClientsOneGroupAtATime) {
    World world;
    world.create_topic("t");
    EXPECT_EQ(commit_alone(world, "alone", 7, "m"), ErrorCode::none);
    for (kafka::ApiVersion version = 1; version <= 7; ++version) {
        kafka::OffsetFetchRequest request;
        request.group_id = "alone";
        request.topics = {{"t", {0, 1}}};
        auto const told = world.ask(request, version);
        EXPECT_EQ(told.topics.at(0).partitions.at(0).committed_offset, -1);
        EXPECT_EQ(told.topics.at(0).partitions.at(1).committed_offset, 7);
        if (version < 2) continue;
        request.topics.reset();
        EXPECT_EQ(world.ask(request, version).topics.at(0).partitions.at(0).metadata, "m");
    }
}

TEST(Offsets, AreFetchedForSeveralGroupsAndAllTheirTopics) {
    World world;
    world.create_topic("t");
    world.create_topic("u");
    commit_alone(world, "a", 1);
    commit_alone(world, "a", 2, "", "u");
    commit_alone(world, "b", 3);
    kafka::OffsetFetchRequest request;
    for (auto const* group : {"a", "b", "c"}) {
        auto& g = request.groups.emplace_back();
        g.group_id = group;
        g.topics.reset();
    }
    auto const told = world.ask(request, 8);
    ASSERT_EQ(told.groups.size(), 3u);
    EXPECT_EQ(told.groups[0].topics.size(), 2u);
    EXPECT_EQ(told.groups[1].topics.at(0).partitions.at(0).committed_offset, 3);
    EXPECT_EQ(told.groups[2].topics.size(), 0u);
    EXPECT_EQ(told.groups[2].error_code, ErrorCode::none);
}

TEST(Offsets, GoByTopicIdSinceVersionTen) {
    World world;
    world.create_topic("t");
    auto const id = world.step.held->topic("t")->id;
    kafka::OffsetCommitRequest commit;
    commit.group_id = "a";
    commit.topics.resize(2);
    commit.topics[0].topic_id = id;
    commit.topics[0].partitions.push_back({1, 5, -1, ""});
    commit.topics[1].topic_id = Uuid{{std::byte{9}}};
    commit.topics[1].partitions.push_back({1, 5, -1, ""});
    auto const told = world.ask(commit, 10);
    EXPECT_EQ(told.topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(told.topics.at(0).topic_id, id);
    EXPECT_EQ(told.topics.at(1).partitions.at(0).error_code, ErrorCode::unknown_topic_id);

    auto const by_id =
        fetch(world, "a", FetchTopics{{"", id, {1}}, {"", Uuid{{std::byte{9}}}, {1}}}, 10);
    EXPECT_EQ(by_id.groups.at(0).topics.at(0).partitions.at(0).committed_offset, 5);
    EXPECT_EQ(by_id.groups.at(0).topics.at(1).partitions.at(0).error_code,
              ErrorCode::unknown_topic_id);
    auto const all = fetch(world, "a", std::nullopt, 10);
    EXPECT_EQ(all.groups.at(0).topics.at(0).topic_id, id);
}

TEST(Commit, RefusesWhatItMust) {
    World world;
    world.create_topic("t");
    Member ann{"ann"}, bob{"bob"};
    ann.generation = 3;
    EXPECT_EQ(ann.commits(world, 1), ErrorCode::group_id_not_found);
    ann.generation = -1;
    become_stable(world, {&ann});
    auto const with = [&](std::string id, std::int32_t generation) {
        auto other = ann;
        other.id = std::move(id);
        other.generation = generation;
        return other.commits(world, 1);
    };
    EXPECT_EQ(with(ann.id, ann.generation + 1), ErrorCode::illegal_generation);
    EXPECT_EQ(with(ann.id, -1), ErrorCode::illegal_generation);
    EXPECT_EQ(with("x", ann.generation), ErrorCode::unknown_member_id);
    EXPECT_EQ(with("", -1), ErrorCode::unknown_member_id);
    EXPECT_EQ(ann.commits(world, 1, "nope"), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(ann.commits(world, 1, "t", 4), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(ann.commits(world, 1, "t", -1), ErrorCode::unknown_topic_or_partition);

    bob.joins(world);  // a rebalance begins: what was read so far may still be committed
    EXPECT_EQ(ann.commits(world, 1), ErrorCode::none);
    ann.joins(world);
    ann.joined(world);
    EXPECT_EQ(ann.commits(world, 2), ErrorCode::rebalance_in_progress);
    EXPECT_EQ(committed(world, "g", "t", 0), 1);
}

TEST(Commit, BoundsMetadataAndKeepsTheOtherPartitions) {
    World world;
    world.create_topic("t");
    EXPECT_EQ(commit_alone(world, "a", 1, std::string(4096, 'x')), ErrorCode::none);
    EXPECT_EQ(commit_alone(world, "a", 2, std::string(4097, 'x')),
              ErrorCode::offset_metadata_too_large);
    EXPECT_EQ(committed(world, "a"), 1);
}

TEST(Commit, IsRefusedAsRetriableWhenTheJournalIsFull) {
    World world;
    world.create_topic("t");
    world.step.full = true;
    EXPECT_EQ(commit_alone(world, "a", 1), ErrorCode::coordinator_not_available);
    world.step.full = false;
    EXPECT_EQ(committed(world, "a"), -1);
}

TEST(Commit, LargerThanAnEntryIsRefused) {
    World world;
    world.create_topic("t", 5'000);
    kafka::OffsetCommitRequest request;
    request.group_id = "a";
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    for (std::int32_t p = 0; p < 5'000; ++p)
        topic.partitions.push_back({p, 1, -1, std::string(4'000, 'x')});
    EXPECT_EQ(world.ask(request, 8).topics.at(0).partitions.at(4'999).error_code,
              ErrorCode::invalid_commit_offset_size);
}

TEST(Offsets, GoWithTheirTopic) {
    World world;
    world.create_topic("t");
    world.create_topic("u");
    commit_alone(world, "a", 1);
    commit_alone(world, "a", 2, "", "u");
    world.delete_topic("t");
    world.create_topic("t");
    EXPECT_EQ(committed(world, "a"), -1);
    EXPECT_EQ(committed(world, "a", "u"), 2);
}

// ---- deleting ---------------------------------------------------------------------------

kafka::OffsetDeleteResponse remove(World& world, std::string group, std::string topic) {
    kafka::OffsetDeleteRequest request;
    request.group_id = std::move(group);
    auto& t = request.topics.emplace_back();
    t.name = std::move(topic);
    t.partitions.push_back({1});
    return world.ask(request, 0);
}

TEST(DeleteOffsets, SparesWhatAGroupReads) {
    World world;
    for (auto const* topic : {"t", "u", "v"}) world.create_topic(topic);
    Member ann{"ann"};
    become_stable(world, {&ann});
    ann.commits(world, 5, "t", 1);
    ann.commits(world, 6, "u", 1);
    auto const error = [&](std::string topic) {
        return remove(world, "g", std::move(topic)).topics.at(0).partitions.at(0).error_code;
    };
    EXPECT_EQ(error("t"), ErrorCode::group_subscribed_to_topic);
    EXPECT_EQ(error("u"), ErrorCode::none);
    EXPECT_EQ(error("v"), ErrorCode::none);
    EXPECT_EQ(error("w"), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(committed(world, "g", "t"), 5);
    EXPECT_EQ(committed(world, "g", "u"), -1);
    ann.leaves(world);
    EXPECT_EQ(error("t"), ErrorCode::none);
    EXPECT_EQ(committed(world, "g", "t"), -1);
}

TEST(DeleteOffsets, RefusesUnknownGroupsAndLivingOnesOfOtherKinds) {
    World world;
    world.create_topic("t");
    EXPECT_EQ(remove(world, "g", "t").error_code, ErrorCode::group_id_not_found);
    Member ann{"ann"};
    ann.protocol_type = "connect";
    become_stable(world, {&ann});
    EXPECT_EQ(remove(world, "g", "t").error_code, ErrorCode::non_empty_group);
    ann.leaves(world);
    EXPECT_EQ(remove(world, "g", "t").error_code, ErrorCode::none);
}

// ---- retention --------------------------------------------------------------------------

constexpr Duration a_week = std::chrono::minutes{10'080};

TEST(Retention, ForgetsOffsetsThatNobodyCommittedForAWeekAndThenTheGroup) {
    World world;
    world.create_topic("t");
    commit_alone(world, "a", 1);
    world.pass(a_week - Duration{600'000});
    EXPECT_EQ(committed(world, "a"), 1);
    commit_alone(world, "b", 1);
    world.pass(Duration{1'200'000});
    EXPECT_EQ(world.stored("a"), nullptr);
    EXPECT_EQ(committed(world, "b"), 1);
}

TEST(Retention, CountsFromTheMomentInWhichAGroupBecameEmpty) {
    World world;
    world.create_topic("t");
    Member ann{"ann"};
    ann.session_ms = 1'800'000;
    become_stable(world, {&ann});
    ann.commits(world, 9, "t", 1);
    for (auto passed = Duration{}; passed < 2 * a_week; passed += Duration{1'000'000}) {
        world.pass(Duration{1'000'000});
        ASSERT_EQ(ann.heartbeat(world), ErrorCode::none);
    }
    EXPECT_EQ(committed(world, "g"), 9);
    ann.leaves(world);
    world.pass(a_week - Duration{600'000});
    EXPECT_EQ(committed(world, "g"), 9);
    world.pass(Duration{1'200'000});
    EXPECT_EQ(world.stored("g"), nullptr);
}

TEST(Retention, TakesFromALivingGroupOnlyWhatItReadsNoMore) {
    World world;
    world.create_topic("t");
    world.create_topic("u");
    Member ann{"ann"};
    ann.session_ms = 1'800'000;
    become_stable(world, {&ann});
    ann.commits(world, 9, "t", 1);
    ann.commits(world, 9, "u", 1);
    for (auto passed = Duration{}; passed < 2 * a_week; passed += Duration{1'000'000}) {
        world.pass(Duration{1'000'000});
        ann.heartbeat(world);
    }
    EXPECT_EQ(committed(world, "g", "t"), 9);
    EXPECT_EQ(committed(world, "g", "u"), -1);
}

}  // namespace
}  // namespace klamm::broker::group_stories
