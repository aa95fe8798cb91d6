// Where replicas are and who leads them: ElectLeaders, AlterPartitionReassignments,
// ListPartitionReassignments, AlterReplicaLogDirs. One broker with one directory leads everything,
// so that nothing can be moved; the answers are those of a Kafka cluster of one node.
#include "klamm/broker/handlers.h"
#include "klamm/broker/state.h"
#include "klamm/broker/topics.h"

#include <algorithm>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

// ---- ElectLeaders ---------------------------------------------------------------------------

std::string named(std::string const& topic, std::int32_t number, char const* between) {
    return topic + between + std::to_string(number);
}

Refusal elected(Step& step, std::string const& name, std::int32_t number) {
    auto const* topic = step.state().topic(name);
    if (topic == nullptr)
        return {ErrorCode::unknown_topic_or_partition, "No such topic as " + name};
    if (topic->partition(number) == nullptr)
        return {ErrorCode::unknown_topic_or_partition,
                "No such partition as " + named(name, number, "-")};
    return {ErrorCode::election_not_needed, "Leader election not needed for topic partition."};
}

// ---- AlterPartitionReassignments --------------------------------------------------------------

/// Whether `replicas` is where the partition is already, or why it cannot be.
std::optional<Refusal> check_replicas(Step& step, std::vector<std::int32_t> const& replicas) {
    auto const no = [](std::string const& why) {
        return Refusal{ErrorCode::invalid_replica_assignment,
                       "The manual partition assignment includes " + why};
    };
    auto const node = step.options().node_id;
    if (replicas.empty()) return no("an empty replica list.");
    for (auto const replica : replicas) {
        if (replica != node)
            return no("broker " + std::to_string(replica) + ", but no such broker is registered.");
    }
    if (replicas.size() > 1) return no("the broker " + std::to_string(node) + " more than once.");
    return std::nullopt;
}

using Reassignment = kafka::AlterPartitionReassignmentsRequest::ReassignablePartition;

std::optional<Refusal> reassign(Step& step, std::string const& name, Reassignment const& wanted) {
    auto const* topic = step.state().topic(name);
    if (topic == nullptr)
        return Refusal{ErrorCode::unknown_topic_or_partition,
                       "Unable to find a topic named " + name + "."};
    if (topic->partition(wanted.partition_index) == nullptr)
        return Refusal{
            ErrorCode::unknown_topic_or_partition,
            "Unable to find partition " + named(name, wanted.partition_index, ":") + "."};
    if (!wanted.replicas)
        return Refusal{ErrorCode::no_reassignment_in_progress,
                       "No partition reassignment is in progress."};
    return check_replicas(step, *wanted.replicas);
}

}  // namespace

void handle(Step& step, Request const& request, kafka::ElectLeadersRequest const& elect) {
    enum : std::int8_t { preferred = 0, unclean = 1 };
    kafka::ElectLeadersResponse response;
    if (elect.election_type != preferred && elect.election_type != unclean) {
        response.error_code = ErrorCode::invalid_request;
        return answer(step, request, std::move(response));
    }
    // Asked about all partitions, Kafka lists those only for which an election was needed: none.
    if (elect.topic_partitions) {
        for (auto const& [name, numbers] : *elect.topic_partitions) {
            auto& out = response.replica_election_results.emplace_back();
            out.topic = name;
            for (auto const number : numbers) {
                auto const& [code, message] = elected(step, name, number);
                out.partition_result.push_back({number, code, message});
            }
        }
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request,
            kafka::AlterPartitionReassignmentsRequest const& alter) {
    kafka::AlterPartitionReassignmentsResponse response;
    response.allow_replication_factor_change = alter.allow_replication_factor_change;
    response.error_message.reset();
    for (auto const& [name, partitions] : alter.topics) {
        auto& topic_out = response.responses.emplace_back();
        topic_out.name = name;
        for (auto const& wanted : partitions) {
            auto& out = topic_out.partitions.emplace_back();
            out.partition_index = wanted.partition_index;
            out.error_message.reset();
            auto const refused = reassign(step, name, wanted);
            if (!refused) continue;
            out.error_code = refused->code;
            out.error_message = refused->message;
        }
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::ListPartitionReassignmentsRequest const&) {
    // None is ever under way.
    answer(step, request, kafka::ListPartitionReassignmentsResponse{.error_message = std::nullopt});
}

void handle(Step& step, Request const& request, kafka::AlterReplicaLogDirsRequest const& alter) {
    kafka::AlterReplicaLogDirsResponse response;
    for (auto const& [path, topics] : alter.dirs) {
        for (auto const& [name, numbers] : topics) {
            auto& out = response.results.emplace_back();
            out.topic_name = name;
            for (auto const number : numbers) {
                auto const there = step.state().partition(name, number) != nullptr;
                out.partitions.push_back({number, path != log_dir ? ErrorCode::log_dir_not_found
                                                  : there         ? ErrorCode::none
                                                          : why_no_topic(name, step.options())});
            }
        }
    }
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
