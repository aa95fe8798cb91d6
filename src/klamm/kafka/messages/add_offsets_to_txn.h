// kafka/messages/add_offsets_to_txn.h - AddOffsetsToTxn, api key 25.
//
// A transactional producer of version 1 names the group whose offsets it will commit with its
// transaction; the coordinator of that group comes from FindCoordinator.
//
// v3 is flexible; v2 and v4 change only which errors may occur.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_AddOffsetsToTxn
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>

namespace klamm::kafka {

struct AddOffsetsToTxnResponse;

struct AddOffsetsToTxnRequest {
    using Self = AddOffsetsToTxnRequest;
    using Response = AddOffsetsToTxnResponse;
    static constexpr Api api{.key = 25, .first = 0, .last = 4, .flexible_from = 3};

    std::string transactional_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::string group_id;

    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("producer_id", &Self::producer_id);
        field("producer_epoch", &Self::producer_epoch);
        field("group_id", &Self::group_id);
    }
    bool operator==(Self const&) const = default;
};

struct AddOffsetsToTxnResponse {
    using Self = AddOffsetsToTxnResponse;
    static constexpr Api api = AddOffsetsToTxnRequest::api;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
