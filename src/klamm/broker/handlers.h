// broker/handlers.h - the handlers without a memory of their own; one function for each API.
//
// Each looks at the state, commits entries when something is to change, and replies. Those that
// remember something between steps are classes: Fetches, Groups, Transactions.
#pragma once

#include "klamm/broker/batch_index.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/request.h"
#include "klamm/broker/step.h"
#include "klamm/kafka/apis.h"

#include <string_view>
#include <utility>

namespace klamm::broker {

void handle(Step&, Request const&, kafka::ApiVersionsRequest const&);
void handle(Step&, Request const&, kafka::MetadataRequest const&);
void handle(Step&, Request const&, kafka::ProduceRequest const&);
void handle(Step&, Request const&, kafka::ListOffsetsRequest const&);
void handle(Step&, Request const&, kafka::OffsetForLeaderEpochRequest const&);
void handle(Step&, Request const&, kafka::CreateTopicsRequest const&);
void handle(Step&, Request const&, kafka::DeleteTopicsRequest const&);
void handle(Step&, Request const&, kafka::CreatePartitionsRequest const&);
void handle(Step&, Request const&, kafka::DeleteRecordsRequest const&);
void handle(Step&, Request const&, kafka::DescribeConfigsRequest const&);
void handle(Step&, Request const&, kafka::AlterConfigsRequest const&);
void handle(Step&, Request const&, kafka::IncrementalAlterConfigsRequest const&);
void handle(Step&, Request const&, kafka::DescribeClusterRequest const&);
void handle(Step&, Request const&, kafka::DescribeTopicPartitionsRequest const&);
void handle(Step&, Request const&, kafka::DescribeLogDirsRequest const&);
void handle(Step&, Request const&, kafka::DescribeProducersRequest const&);
void handle(Step&, Request const&, kafka::ListConfigResourcesRequest const&);
void handle(Step&, Request const&, kafka::ElectLeadersRequest const&);
void handle(Step&, Request const&, kafka::AlterPartitionReassignmentsRequest const&);
void handle(Step&, Request const&, kafka::ListPartitionReassignmentsRequest const&);
void handle(Step&, Request const&, kafka::AlterReplicaLogDirsRequest const&);
void handle(Step&, Request const&, kafka::DescribeClientQuotasRequest const&);
void handle(Step&, Request const&, kafka::AlterClientQuotasRequest const&);
void handle(Step&, Request const&, kafka::DescribeUserScramCredentialsRequest const&);
void handle(Step&, Request const&, kafka::DescribeAclsRequest const&);
void handle(Step&, Request const&, kafka::DescribeTransactionsRequest const&);
void handle(Step&, Request const&, kafka::ListTransactionsRequest const&);

/// Answers `request` with `body`.
template <class Response>
void answer(Step& step, Request const& request, Response body, After after = After::everything) {
    Reply reply;
    reply.id = request.id;
    reply.body = std::move(body);
    step.reply(std::move(reply), after);
}

/// Where the bytes of a place of this partition are.
inline BatchPlace place_of(PartitionKey partition, Placed const& place) {
    return {.position = place.position,
            .bytes = place.bytes,
            .skip = place.skip,
            .file = place.file,
            .label = {std::uint32_t(partition), place.base_offset}};
}

/// The one epoch of every partition: the leader never changes.
inline constexpr std::int32_t leader_epoch = 0;

/// Whether what a client believes about the leader is true: NONE, UNKNOWN_LEADER_EPOCH for an
/// epoch that has not come yet; -1 is not checked.
kafka::ErrorCode check_leader_epoch(std::int32_t claimed);

/// The one directory that has the replicas of all partitions, by the name that tools show.
inline constexpr std::string_view log_dir = "journal";

/// What every client may do, in the bits of KIP-430: there are no access rules.
inline constexpr std::int32_t cluster_operations = 0b1'1111'1010'0000;
inline constexpr std::int32_t topic_operations = 0b1101'1111'1000;

}  // namespace klamm::broker
