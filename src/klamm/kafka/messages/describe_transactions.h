// kafka/messages/describe_transactions.h - DescribeTransactions, api key 65.
//
// Says how transactions stand, by transactional id.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeTransactions
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeTransactionsResponse;

struct DescribeTransactionsRequest {
    using Self = DescribeTransactionsRequest;
    using Response = DescribeTransactionsResponse;
    static constexpr Api api{.key = 65, .first = 0, .last = 0, .flexible_from = 0};

    std::vector<std::string> transactional_ids;

    static constexpr void describe(auto& field) {
        field("transactional_ids", &Self::transactional_ids);
    }
    bool operator==(Self const&) const = default;
};

struct DescribeTransactionsResponse {
    using Self = DescribeTransactionsResponse;
    static constexpr Api api = DescribeTransactionsRequest::api;

    struct TopicData {
        using Self = TopicData;
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("topic", &Self::topic);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct TransactionState {
        using Self = TransactionState;
        ErrorCode error_code = ErrorCode::none;
        std::string transactional_id;
        std::string transaction_state;  ///< "Ongoing", "CompleteCommit", ...
        std::int32_t transaction_timeout_ms = 0;
        std::int64_t transaction_start_time_ms = 0;  ///< -1: none is open
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        std::vector<TopicData> topics;  ///< the partitions in it

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("transactional_id", &Self::transactional_id);
            field("transaction_state", &Self::transaction_state);
            field("transaction_timeout_ms", &Self::transaction_timeout_ms);
            field("transaction_start_time_ms", &Self::transaction_start_time_ms);
            field("producer_id", &Self::producer_id);
            field("producer_epoch", &Self::producer_epoch);
            field("topics", &Self::topics);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<TransactionState> transaction_states;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("transaction_states", &Self::transaction_states);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
