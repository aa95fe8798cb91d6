// kafka/messages/add_partitions_to_txn.h - AddPartitionsToTxn, api key 24.
//
// A transactional producer of version 1 names the partitions that it will write to, before it does;
// brokers ask one another whether a partition is in a transaction.
//
// v3 is flexible. v4 names several transactions at once and can only ask (verify_only, KIP-890); v4
// and v5 are spoken between brokers, v0 to v3 by clients. v2 and v5 change only which errors may
// occur.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_AddPartitionsToTxn
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct AddPartitionsToTxnResponse;

struct AddPartitionsToTxnRequest {
    using Self = AddPartitionsToTxnRequest;
    using Response = AddPartitionsToTxnResponse;
    static constexpr Api api{.key = 24, .first = 0, .last = 5, .flexible_from = 3};

    struct AddPartitionsToTxnTopic {
        using Self = AddPartitionsToTxnTopic;
        std::string name;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct AddPartitionsToTxnTransaction {
        using Self = AddPartitionsToTxnTransaction;
        std::string transactional_id;
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool verify_only = false;  ///< ask whether they are in it; add nothing
        std::vector<AddPartitionsToTxnTopic> topics;

        static constexpr void describe(auto& field) {
            field("transactional_id", &Self::transactional_id);
            field("producer_id", &Self::producer_id);
            field("producer_epoch", &Self::producer_epoch);
            field("verify_only", &Self::verify_only);
            field("topics", &Self::topics);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<AddPartitionsToTxnTransaction> transactions;
    std::string v3_and_below_transactional_id;
    std::int64_t v3_and_below_producer_id = 0;
    std::int16_t v3_and_below_producer_epoch = 0;
    std::vector<AddPartitionsToTxnTopic> v3_and_below_topics;

    static constexpr void describe(auto& field) {
        field("transactions", &Self::transactions, since(4));
        field("v3_and_below_transactional_id", &Self::v3_and_below_transactional_id, until(3));
        field("v3_and_below_producer_id", &Self::v3_and_below_producer_id, until(3));
        field("v3_and_below_producer_epoch", &Self::v3_and_below_producer_epoch, until(3));
        field("v3_and_below_topics", &Self::v3_and_below_topics, until(3));
    }
    bool operator==(Self const&) const = default;
};

struct AddPartitionsToTxnResponse {
    using Self = AddPartitionsToTxnResponse;
    static constexpr Api api = AddPartitionsToTxnRequest::api;

    struct AddPartitionsToTxnPartitionResult {
        using Self = AddPartitionsToTxnPartitionResult;
        std::int32_t partition_index = 0;
        ErrorCode partition_error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("partition_error_code", &Self::partition_error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct AddPartitionsToTxnTopicResult {
        using Self = AddPartitionsToTxnTopicResult;
        std::string name;
        std::vector<AddPartitionsToTxnPartitionResult> results_by_partition;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("results_by_partition", &Self::results_by_partition);
        }
        bool operator==(Self const&) const = default;
    };

    struct AddPartitionsToTxnResult {
        using Self = AddPartitionsToTxnResult;
        std::string transactional_id;
        std::vector<AddPartitionsToTxnTopicResult> topic_results;

        static constexpr void describe(auto& field) {
            field("transactional_id", &Self::transactional_id);
            field("topic_results", &Self::topic_results);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<AddPartitionsToTxnResult> results_by_transaction;
    std::vector<AddPartitionsToTxnTopicResult> results_by_topic_v3_and_below;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code, since(4).ignorable());
        field("results_by_transaction", &Self::results_by_transaction, since(4));
        field("results_by_topic_v3_and_below", &Self::results_by_topic_v3_and_below, until(3));
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
