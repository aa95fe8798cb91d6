// kafka/messages/describe_producers.h - DescribeProducers, api key 61.
//
// Shows the producers that wrote to partitions, and their open transactions (KIP-664).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeProducers
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeProducersResponse;

struct DescribeProducersRequest {
    using Self = DescribeProducersRequest;
    using Response = DescribeProducersResponse;
    static constexpr Api api{.key = 61, .first = 0, .last = 0, .flexible_from = 0};

    struct TopicRequest {
        using Self = TopicRequest;
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partition_indexes", &Self::partition_indexes);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<TopicRequest> topics;

    static constexpr void describe(auto& field) { field("topics", &Self::topics); }
    bool operator==(Self const&) const = default;
};

struct DescribeProducersResponse {
    using Self = DescribeProducersResponse;
    static constexpr Api api = DescribeProducersRequest::api;

    struct ProducerState {
        using Self = ProducerState;
        std::int64_t producer_id = 0;
        std::int32_t producer_epoch = 0;
        std::int32_t last_sequence = -1;   ///< -1: none
        std::int64_t last_timestamp = -1;  ///< -1: none
        std::int32_t coordinator_epoch = 0;
        std::int64_t current_txn_start_offset = -1;  ///< -1: no open transaction

        static constexpr void describe(auto& field) {
            field("producer_id", &Self::producer_id);
            field("producer_epoch", &Self::producer_epoch);
            field("last_sequence", &Self::last_sequence);
            field("last_timestamp", &Self::last_timestamp);
            field("coordinator_epoch", &Self::coordinator_epoch);
            field("current_txn_start_offset", &Self::current_txn_start_offset);
        }
        bool operator==(Self const&) const = default;
    };

    struct PartitionResponse {
        using Self = PartitionResponse;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;
        std::optional<std::string> error_message;
        std::vector<ProducerState> active_producers;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
            field("error_message", &Self::error_message);
            field("active_producers", &Self::active_producers);
        }
        bool operator==(Self const&) const = default;
    };

    struct TopicResponse {
        using Self = TopicResponse;
        std::string name;
        std::vector<PartitionResponse> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<TopicResponse> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
