// kafka/messages/list_transactions.h - ListTransactions, api key 66.
//
// Lists the transactions that the broker coordinates.
//
// v1 adds duration_filter (KIP-994), v2 transactional_id_pattern (KIP-1152).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_ListTransactions
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct ListTransactionsResponse;

struct ListTransactionsRequest {
    using Self = ListTransactionsRequest;
    using Response = ListTransactionsResponse;
    static constexpr Api api{.key = 66, .first = 0, .last = 2, .flexible_from = 0};

    std::vector<std::string> state_filters;               ///< empty: all
    std::vector<std::int64_t> producer_id_filters;        ///< empty: all
    std::int64_t duration_filter = -1;                    ///< ms that it runs longer; < 0: all
    std::optional<std::string> transactional_id_pattern;  ///< regular expression; null or "": all

    static constexpr void describe(auto& field) {
        field("state_filters", &Self::state_filters);
        field("producer_id_filters", &Self::producer_id_filters);
        field("duration_filter", &Self::duration_filter, since(1));
        field("transactional_id_pattern", &Self::transactional_id_pattern, since(2));
    }
    bool operator==(Self const&) const = default;
};

struct ListTransactionsResponse {
    using Self = ListTransactionsResponse;
    static constexpr Api api = ListTransactionsRequest::api;

    struct TransactionState {
        using Self = TransactionState;
        std::string transactional_id;
        std::int64_t producer_id = 0;
        std::string transaction_state;

        static constexpr void describe(auto& field) {
            field("transactional_id", &Self::transactional_id);
            field("producer_id", &Self::producer_id);
            field("transaction_state", &Self::transaction_state);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<std::string> unknown_state_filters;
    std::vector<TransactionState> transaction_states;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("unknown_state_filters", &Self::unknown_state_filters);
        field("transaction_states", &Self::transaction_states);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
