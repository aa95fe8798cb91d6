// kafka/messages/produce.h - Produce, api key 0.
//
// A producer appends one batch to each of the named partitions. With acks = 0 no response is sent.
//
// Versions 0 to 2 carried old batch formats; they are advertised (see described_apis) and refused.
// v5 adds log_start_offset; v7 allows zstd; v8 adds record_errors and error_message (KIP-467);
// v9 is flexible; v10 adds current_leader and node_endpoints (KIP-951); v12 lets a transactional
// producer add partitions by producing to them (KIP-890); v13 names topics by id (KIP-516).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_Produce
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/records.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ProduceResponse;

struct ProduceRequest {
    using Self = ProduceRequest;
    using Response = ProduceResponse;
    static constexpr Api api{.key = 0, .first = 3, .last = 13, .flexible_from = 9};

    struct PartitionProduceData {
        using Self = PartitionProduceData;
        std::int32_t index = 0;
        std::optional<Records> records;  ///< exactly one batch

        static constexpr void describe(auto& field) {
            field("index", &Self::index);
            field("records", &Self::records);
        }
        bool operator==(Self const&) const = default;
    };

    struct TopicProduceData {
        using Self = TopicProduceData;
        std::string name;
        Uuid topic_id;
        std::vector<PartitionProduceData> partition_data;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, until(12).ignorable());
            field("topic_id", &Self::topic_id, since(13).ignorable());
            field("partition_data", &Self::partition_data);
        }
        bool operator==(Self const&) const = default;
    };

    std::optional<std::string> transactional_id;  ///< null: not transactional
    /// 0: no response, 1: the leader has it, -1: all in-sync replicas have it
    std::int16_t acks = 0;
    std::int32_t timeout_ms = 0;
    std::vector<TopicProduceData> topic_data;

    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("acks", &Self::acks);
        field("timeout_ms", &Self::timeout_ms);
        field("topic_data", &Self::topic_data);
    }
    bool operator==(Self const&) const = default;
};

struct ProduceResponse {
    using Self = ProduceResponse;
    static constexpr Api api = ProduceRequest::api;

    struct BatchIndexAndErrorMessage {
        using Self = BatchIndexAndErrorMessage;
        std::int32_t batch_index = 0;  ///< of the record within its batch
        std::optional<std::string> batch_index_error_message;

        static constexpr void describe(auto& field) {
            field("batch_index", &Self::batch_index);
            field("batch_index_error_message", &Self::batch_index_error_message);
        }
        bool operator==(Self const&) const = default;
    };

    struct LeaderIdAndEpoch {
        using Self = LeaderIdAndEpoch;
        std::int32_t leader_id = -1;     ///< -1: not known
        std::int32_t leader_epoch = -1;  ///< -1: not known

        static constexpr void describe(auto& field) {
            field("leader_id", &Self::leader_id);
            field("leader_epoch", &Self::leader_epoch);
        }
        bool operator==(Self const&) const = default;
    };

    struct PartitionProduceResponse {
        using Self = PartitionProduceResponse;
        std::int32_t index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::int64_t base_offset = 0;
        /// -1: the topic keeps the producer's timestamps
        std::int64_t log_append_time_ms = -1;
        std::int64_t log_start_offset = -1;  ///< -1: not known
        /// the records for which the batch was refused
        std::vector<BatchIndexAndErrorMessage> record_errors;
        std::optional<std::string> error_message;
        LeaderIdAndEpoch current_leader;

        static constexpr void describe(auto& field) {
            field("index", &Self::index);
            field("error_code", &Self::error_code);
            field("base_offset", &Self::base_offset);
            field("log_append_time_ms", &Self::log_append_time_ms);
            field("log_start_offset", &Self::log_start_offset, since(5).ignorable());
            field("record_errors", &Self::record_errors, since(8).ignorable());
            field("error_message", &Self::error_message, since(8).ignorable());
            field("current_leader", &Self::current_leader, since(10).tag(0));
        }
        bool operator==(Self const&) const = default;
    };

    struct TopicProduceResponse {
        using Self = TopicProduceResponse;
        std::string name;
        Uuid topic_id;
        std::vector<PartitionProduceResponse> partition_responses;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, until(12).ignorable());
            field("topic_id", &Self::topic_id, since(13).ignorable());
            field("partition_responses", &Self::partition_responses);
        }
        bool operator==(Self const&) const = default;
    };

    struct NodeEndpoint {
        using Self = NodeEndpoint;
        std::int32_t node_id = 0;
        std::string host;
        std::int32_t port = 0;
        std::optional<std::string> rack;

        static constexpr void describe(auto& field) {
            field("node_id", &Self::node_id);
            field("host", &Self::host);
            field("port", &Self::port);
            field("rack", &Self::rack);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<TopicProduceResponse> responses;
    std::int32_t throttle_time_ms = 0;
    std::vector<NodeEndpoint> node_endpoints;  ///< of the leaders named in current_leader

    static constexpr void describe(auto& field) {
        field("responses", &Self::responses);
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("node_endpoints", &Self::node_endpoints, since(10).tag(0));
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
