// kafka/messages/end_txn.h - EndTxn, api key 26.
//
// Commits or aborts a transaction.
//
// v3 is flexible; v2 and v4 change only which errors may occur. v5 is that of transaction version 2
// (KIP-890): each end raises the epoch, and the answer says what producer id and epoch come next.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_EndTxn
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>

namespace klamm::kafka {

struct EndTxnResponse;

struct EndTxnRequest {
    using Self = EndTxnRequest;
    using Response = EndTxnResponse;
    static constexpr Api api{.key = 26, .first = 0, .last = 5, .flexible_from = 3};

    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    bool committed = false;  ///< false: aborted

    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("producer_id", &Self::producer_id);
        field("producer_epoch", &Self::producer_epoch);
        field("committed", &Self::committed);
    }
    bool operator==(Self const&) const = default;
};

struct EndTxnResponse {
    using Self = EndTxnResponse;
    static constexpr Api api = EndTxnRequest::api;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t producer_id = -1;     ///< to go on with; -1: as before
    std::int16_t producer_epoch = -1;  ///< to go on with; -1: as before

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("producer_id", &Self::producer_id, since(5).ignorable());
        field("producer_epoch", &Self::producer_epoch, since(5).ignorable());
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
