// kafka/messages/init_producer_id.h - InitProducerId, api key 22.
//
// Gives a producer its id and epoch, without which it cannot be idempotent.
//
// v2 is flexible; v3 lets a producer go on with its id (KIP-360); v4 and v5 change only which
// errors may occur. v6 (two-phase commit, KIP-939) is unstable in Kafka 4.3 and not spoken.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_InitProducerId
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>

namespace klamm::kafka {

struct InitProducerIdResponse;

struct InitProducerIdRequest {
    using Self = InitProducerIdRequest;
    using Response = InitProducerIdResponse;
    static constexpr Api api{.key = 22, .first = 0, .last = 5, .flexible_from = 2};

    std::optional<std::string> transactional_id = "";  ///< null: idempotent only
    std::int32_t transaction_timeout_ms = 0;           ///< an idle transaction is aborted after it
    std::int64_t producer_id = -1;                     ///< -1: a new one is wanted
    std::int16_t producer_epoch = -1;                  ///< the last one it had, or -1

    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("transaction_timeout_ms", &Self::transaction_timeout_ms);
        field("producer_id", &Self::producer_id, since(3));
        field("producer_epoch", &Self::producer_epoch, since(3));
    }
    bool operator==(Self const&) const = default;
};

struct InitProducerIdResponse {
    using Self = InitProducerIdResponse;
    static constexpr Api api = InitProducerIdRequest::api;

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = 0;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code);
        field("producer_id", &Self::producer_id);
        field("producer_epoch", &Self::producer_epoch);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
