// kafka/apis.h - the list of APIs, and whole frames: header and body together.
//
//   request:   length | api_key, api_version, correlation_id, client_id, [tags] | body
//   response:  length | correlation_id, [tags]                                  | body
//
// The tags are there in flexible versions (KIP-482), except in the response to ApiVersions. The
// functions that decode take a frame without its length; those that encode put it in front.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/kafka/frame.h"
#include "klamm/kafka/messages/add_offsets_to_txn.h"
#include "klamm/kafka/messages/add_partitions_to_txn.h"
#include "klamm/kafka/messages/alter_client_quotas.h"
#include "klamm/kafka/messages/alter_configs.h"
#include "klamm/kafka/messages/alter_partition_reassignments.h"
#include "klamm/kafka/messages/alter_replica_log_dirs.h"
#include "klamm/kafka/messages/api_versions.h"
#include "klamm/kafka/messages/consumer_group_describe.h"
#include "klamm/kafka/messages/consumer_group_heartbeat.h"
#include "klamm/kafka/messages/create_partitions.h"
#include "klamm/kafka/messages/create_topics.h"
#include "klamm/kafka/messages/delete_groups.h"
#include "klamm/kafka/messages/delete_records.h"
#include "klamm/kafka/messages/delete_topics.h"
#include "klamm/kafka/messages/describe_acls.h"
#include "klamm/kafka/messages/describe_client_quotas.h"
#include "klamm/kafka/messages/describe_cluster.h"
#include "klamm/kafka/messages/describe_configs.h"
#include "klamm/kafka/messages/describe_groups.h"
#include "klamm/kafka/messages/describe_log_dirs.h"
#include "klamm/kafka/messages/describe_producers.h"
#include "klamm/kafka/messages/describe_topic_partitions.h"
#include "klamm/kafka/messages/describe_transactions.h"
#include "klamm/kafka/messages/describe_user_scram_credentials.h"
#include "klamm/kafka/messages/elect_leaders.h"
#include "klamm/kafka/messages/end_txn.h"
#include "klamm/kafka/messages/fetch.h"
#include "klamm/kafka/messages/find_coordinator.h"
#include "klamm/kafka/messages/get_telemetry_subscriptions.h"
#include "klamm/kafka/messages/heartbeat.h"
#include "klamm/kafka/messages/incremental_alter_configs.h"
#include "klamm/kafka/messages/init_producer_id.h"
#include "klamm/kafka/messages/join_group.h"
#include "klamm/kafka/messages/leave_group.h"
#include "klamm/kafka/messages/list_config_resources.h"
#include "klamm/kafka/messages/list_groups.h"
#include "klamm/kafka/messages/list_offsets.h"
#include "klamm/kafka/messages/list_partition_reassignments.h"
#include "klamm/kafka/messages/list_transactions.h"
#include "klamm/kafka/messages/metadata.h"
#include "klamm/kafka/messages/offset_commit.h"
#include "klamm/kafka/messages/offset_delete.h"
#include "klamm/kafka/messages/offset_fetch.h"
#include "klamm/kafka/messages/offset_for_leader_epoch.h"
#include "klamm/kafka/messages/produce.h"
#include "klamm/kafka/messages/push_telemetry.h"
#include "klamm/kafka/messages/sync_group.h"
#include "klamm/kafka/messages/txn_offset_commit.h"
#include "klamm/kafka/messages/write_txn_markers.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

/// Every API that is described, by key. Its key and versions stand in its request. Which of them
/// the broker answers, the broker knows (Broker::apis).
#define KLAMM_KAFKA_APIS(X)         \
    X(Produce)                      \
    X(Fetch)                        \
    X(ListOffsets)                  \
    X(Metadata)                     \
    X(OffsetCommit)                 \
    X(OffsetFetch)                  \
    X(FindCoordinator)              \
    X(JoinGroup)                    \
    X(Heartbeat)                    \
    X(LeaveGroup)                   \
    X(SyncGroup)                    \
    X(DescribeGroups)               \
    X(ListGroups)                   \
    X(ApiVersions)                  \
    X(CreateTopics)                 \
    X(DeleteTopics)                 \
    X(DeleteRecords)                \
    X(InitProducerId)               \
    X(OffsetForLeaderEpoch)         \
    X(AddPartitionsToTxn)           \
    X(AddOffsetsToTxn)              \
    X(EndTxn)                       \
    X(WriteTxnMarkers)              \
    X(TxnOffsetCommit)              \
    X(DescribeAcls)                 \
    X(DescribeConfigs)              \
    X(AlterConfigs)                 \
    X(AlterReplicaLogDirs)          \
    X(DescribeLogDirs)              \
    X(CreatePartitions)             \
    X(DeleteGroups)                 \
    X(ElectLeaders)                 \
    X(IncrementalAlterConfigs)      \
    X(AlterPartitionReassignments)  \
    X(ListPartitionReassignments)   \
    X(OffsetDelete)                 \
    X(DescribeClientQuotas)         \
    X(AlterClientQuotas)            \
    X(DescribeUserScramCredentials) \
    X(DescribeCluster)              \
    X(DescribeProducers)            \
    X(DescribeTransactions)         \
    X(ListTransactions)             \
    X(ConsumerGroupHeartbeat)       \
    X(ConsumerGroupDescribe)        \
    X(GetTelemetrySubscriptions)    \
    X(PushTelemetry)                \
    X(ListConfigResources)          \
    X(DescribeTopicPartitions)

namespace klamm::kafka {

namespace detail {
template <class, class... T>
using VariantOf = std::variant<T...>;
}

/// A message of any API. Whoever includes this would compile the code for all of them again, so
/// they are copied, moved and destroyed in any_message.cc alone.
#define X(Name) , Name##Request
struct AnyRequest : detail::VariantOf<void KLAMM_KAFKA_APIS(X)> {
#undef X
    using variant::variant;
    using variant::operator=;
    AnyRequest() noexcept;
    AnyRequest(AnyRequest const& other);
    AnyRequest(AnyRequest&& other) noexcept;
    AnyRequest& operator=(AnyRequest const& other);
    AnyRequest& operator=(AnyRequest&& other) noexcept;
    ~AnyRequest();
};
#define X(Name) , Name##Response
struct AnyResponse : detail::VariantOf<void KLAMM_KAFKA_APIS(X)> {
#undef X
    using variant::variant;
    using variant::operator=;
    AnyResponse() noexcept;
    AnyResponse(AnyResponse const& other);
    AnyResponse(AnyResponse&& other) noexcept;
    AnyResponse& operator=(AnyResponse const& other);
    AnyResponse& operator=(AnyResponse&& other) noexcept;
    ~AnyResponse();
};

/// Versions of one API, both ends included.
struct ApiRange {
    std::int16_t key = 0;
    ApiVersion first = 0;
    ApiVersion last = 0;
    std::string_view name;
};

/// Every API as a broker that answers it advertises it, in the order of KLAMM_KAFKA_APIS. Produce
/// begins at 0, although versions 0 to 2 are refused: without that librdkafka takes the broker for
/// one that does not know compression (KAFKA-18659).
std::span<ApiRange const> described_apis();

/// "Fetch"; empty when the key is not known.
std::string_view api_name(std::int16_t key);

struct RequestHeader {
    std::int16_t api_key = 0;
    ApiVersion api_version = 0;
    std::int32_t correlation_id = 0;
    std::optional<std::string> client_id;

    bool operator==(RequestHeader const&) const = default;
};

struct DecodedRequest {
    RequestHeader header;
    AnyRequest body;
};

/// Why a request cannot be handed on. All but one close the connection: an unsupported version of
/// ApiVersions is answered with error 35 and the list.
struct RequestError {
    enum class Kind : std::uint8_t {
        malformed_header,
        unknown_api,
        unsupported_version,
        malformed_body,
    };
    Kind kind;
    RequestHeader header;  ///< as far as it could be read; all of it but for malformed_header
    std::string message;   ///< one sentence for the log
};

/// Record bytes share the owner of `frame`.
[[nodiscard]] std::expected<DecodedRequest, RequestError> decode_request(Slice const& frame);

/// Requires that header.api_key is that of `response`. In a version that is not known, which only
/// ApiVersions can answer, the response is encoded in version 0.
Frame encode_response(RequestHeader const& header, AnyResponse const& response);

// ---- the client's side --------------------------------------------------------------------

/// Requires that header.api_key is that of `request` and the version is known.
Frame encode_request(RequestHeader const& header, AnyRequest const& request);

/// The response to the request with `header`, which must carry the same correlation id. The error
/// is one sentence.
[[nodiscard]] std::expected<AnyResponse, std::string> decode_response(RequestHeader const& header,
                                                                      Slice const& frame);

/// For logs and stories; bounded as in print.h.
std::string to_text(AnyRequest const& request, ApiVersion version);
std::string to_text(AnyResponse const& response, ApiVersion version);

}  // namespace klamm::kafka
