// kafka/messages/metadata.h - Metadata, api key 3.
//
// Names the brokers, the topics and who leads their partitions. May create topics on the way.
//
// In v0 an empty list of topics asks for all of them; from v1 on null does, and empty for none.
// v1 adds rack, controller_id and is_internal; v2 cluster_id; v4 allow_auto_topic_creation; v5
// offline_replicas; v7 leader_epoch; v8 authorized operations (KIP-430); v9 is flexible; v10 adds
// topic ids, which are usable from v12 on (KIP-516); v11 drops the cluster's authorized operations
// in favour of DescribeCluster (KIP-700); v13 adds a top-level error_code.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_Metadata
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct MetadataResponse;

struct MetadataRequest {
    using Self = MetadataRequest;
    using Response = MetadataResponse;
    static constexpr Api api{.key = 3, .first = 0, .last = 13, .flexible_from = 9};

    struct MetadataRequestTopic {
        using Self = MetadataRequestTopic;
        Uuid topic_id;
        std::optional<std::string> name = "";  ///< null: topic_id says which

        static constexpr void describe(auto& field) {
            field("topic_id", &Self::topic_id, since(10).ignorable());
            field("name", &Self::name, always.nullable_since(10));
        }
        bool operator==(Self const&) const = default;
    };

    /// null: all
    std::optional<std::vector<MetadataRequestTopic>> topics = std::vector<MetadataRequestTopic>{};
    bool allow_auto_topic_creation = true;  ///< if the broker is configured to do so
    bool include_cluster_authorized_operations = false;
    bool include_topic_authorized_operations = false;

    static constexpr void describe(auto& field) {
        field("topics", &Self::topics, always.nullable_since(1));
        field("allow_auto_topic_creation", &Self::allow_auto_topic_creation, since(4));
        field("include_cluster_authorized_operations", &Self::include_cluster_authorized_operations,
              between(8, 10));
        field("include_topic_authorized_operations", &Self::include_topic_authorized_operations,
              since(8));
    }
    bool operator==(Self const&) const = default;
};

struct MetadataResponse {
    using Self = MetadataResponse;
    static constexpr Api api = MetadataRequest::api;

    struct MetadataResponseBroker {
        using Self = MetadataResponseBroker;
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        static constexpr void describe(auto& field) {
            field("node_id", &Self::node_id);
            field("host", &Self::host);
            field("port", &Self::port);
            field("rack", &Self::rack, since(1).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    struct MetadataResponsePartition {
        using Self = MetadataResponsePartition;
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition_index = 0;
        std::int32_t leader_id = 0;  ///< -1: none
        std::int32_t leader_epoch = -1;
        std::vector<std::int32_t> replica_nodes;
        std::vector<std::int32_t> isr_nodes;
        std::vector<std::int32_t> offline_replicas;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("partition_index", &Self::partition_index);
            field("leader_id", &Self::leader_id);
            field("leader_epoch", &Self::leader_epoch, since(7).ignorable());
            field("replica_nodes", &Self::replica_nodes);
            field("isr_nodes", &Self::isr_nodes);
            field("offline_replicas", &Self::offline_replicas, since(5).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    struct MetadataResponseTopic {
        using Self = MetadataResponseTopic;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> name = "";  ///< null: no topic has the id asked for
        Uuid topic_id;                         ///< none: no topic has the name asked for
        bool is_internal = false;
        std::vector<MetadataResponsePartition> partitions;
        /// bit n: operation n is allowed; lowest: not asked for
        std::int32_t topic_authorized_operations = INT32_MIN;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("name", &Self::name, always.nullable_since(12));
            field("topic_id", &Self::topic_id, since(10).ignorable());
            field("is_internal", &Self::is_internal, since(1).ignorable());
            field("partitions", &Self::partitions);
            field("topic_authorized_operations", &Self::topic_authorized_operations, since(8));
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<MetadataResponseBroker> brokers;
    std::optional<std::string> cluster_id;
    std::int32_t controller_id = -1;  ///< -1: not known
    std::vector<MetadataResponseTopic> topics;
    /// bit n: operation n is allowed; lowest: not asked for
    std::int32_t cluster_authorized_operations = INT32_MIN;
    ErrorCode error_code = ErrorCode::none;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(3).ignorable());
        field("brokers", &Self::brokers);
        field("cluster_id", &Self::cluster_id, since(2).ignorable());
        field("controller_id", &Self::controller_id, since(1).ignorable());
        field("topics", &Self::topics);
        field("cluster_authorized_operations", &Self::cluster_authorized_operations,
              between(8, 10));
        field("error_code", &Self::error_code, since(13).ignorable());
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
