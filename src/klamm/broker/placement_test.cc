#include "klamm/broker/handlers.h"
#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

// ---- ElectLeaders ---------------------------------------------------------------------------

TEST(ElectLeaders, IsNeverNeeded) {
    for (kafka::ApiVersion version = 0; version <= 2; ++version) {
        Story story;
        story.create("flights", 2);
        kafka::ElectLeadersRequest request;
        request.topic_partitions = {
            {{.topic = "flights", .partitions = {1, 9}}, {.topic = "nowhere", .partitions = {0}}}};
        auto const answer = story.ask(request, version);
        ASSERT_EQ(answer.replica_election_results.size(), 2U);
        auto const& flights = answer.replica_election_results[0].partition_result;
        EXPECT_EQ(flights.at(0).error_code, ErrorCode::election_not_needed);
        EXPECT_EQ(flights.at(1).error_code, ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(flights.at(1).error_message, "No such partition as flights-9");
        auto const& nowhere = answer.replica_election_results[1].partition_result;
        EXPECT_EQ(nowhere.at(0).error_code, ErrorCode::unknown_topic_or_partition);
        request.topic_partitions.reset();
        EXPECT_TRUE(story.ask(request, version).replica_election_results.empty());
    }
}

TEST(ElectLeaders, KnowsTwoTypes) {
    Story story;
    kafka::ElectLeadersRequest request;
    request.election_type = 2;
    EXPECT_EQ(story.ask(request).error_code, ErrorCode::invalid_request);
}

// ---- reassignments --------------------------------------------------------------------------

ErrorCode reassign(Story& story, std::string const& topic, std::int32_t partition,
                   std::optional<std::vector<std::int32_t>> replicas) {
    kafka::AlterPartitionReassignmentsRequest request;
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic;
    wanted.partitions.push_back({.partition_index = partition, .replicas = std::move(replicas)});
    auto const answer = story.ask(request);
    EXPECT_EQ(answer.error_code, ErrorCode::none);
    auto const& out = answer.responses.at(0).partitions.at(0);
    EXPECT_EQ(out.error_code == ErrorCode::none, !out.error_message);
    return out.error_code;
}

TEST(Reassignments, LeaveAPartitionWhereItIs) {
    Story story;
    story.create("flights");
    auto const here = story.options.node_id;
    using Nodes = std::vector<std::int32_t>;
    EXPECT_EQ(reassign(story, "flights", 0, Nodes{here}), ErrorCode::none);
    EXPECT_EQ(reassign(story, "flights", 0, Nodes{77}), ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(reassign(story, "flights", 0, Nodes{here, 77}),
              ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(reassign(story, "flights", 0, Nodes{here, here}),
              ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(reassign(story, "flights", 0, Nodes{}), ErrorCode::invalid_replica_assignment);
    EXPECT_EQ(reassign(story, "flights", 0, {}), ErrorCode::no_reassignment_in_progress);
    EXPECT_EQ(reassign(story, "flights", 9, Nodes{here}), ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(reassign(story, "nowhere", 0, {}), ErrorCode::unknown_topic_or_partition);
    auto const listed = story.ask(kafka::ListPartitionReassignmentsRequest{});
    EXPECT_EQ(listed.error_code, ErrorCode::none);
    EXPECT_TRUE(listed.topics.empty());
}

// ---- AlterReplicaLogDirs --------------------------------------------------------------------

TEST(AlterReplicaLogDirs, KnowsTheDirectoryThatIsDescribed) {
    for (kafka::ApiVersion version = 1; version <= 2; ++version) {
        Story story;
        story.create("flights");
        auto const dir = story.ask(kafka::DescribeLogDirsRequest{}).results.at(0).log_dir;
        kafka::AlterReplicaLogDirsRequest request;
        request.dirs.push_back({dir, {{"flights", {0, 9}}, {"nowhere", {0}}}});
        request.dirs.push_back({"/elsewhere", {{"flights", {0}}}});
        auto const results = story.ask(request, version).results;
        ASSERT_EQ(results.size(), 3U);
        EXPECT_EQ(results[0].partitions.at(0).error_code, ErrorCode::none);
        EXPECT_EQ(results[0].partitions.at(1).error_code, ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(results[1].partitions.at(0).error_code, ErrorCode::unknown_topic_or_partition);
        EXPECT_EQ(results[2].partitions.at(0).error_code, ErrorCode::log_dir_not_found);
    }
}

}  // namespace
}  // namespace klamm::broker
