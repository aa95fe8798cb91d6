// kafka/messages/write_txn_markers.h - WriteTxnMarkers, api key 27.
//
// Writes the markers that end a transaction in its partitions: from the coordinator to the leaders,
// and from tools that abort a hanging transaction.
//
// v0 was removed in Kafka 4.0; v1 is flexible; v2 adds transaction_version (KIP-1228).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_WriteTxnMarkers
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct WriteTxnMarkersResponse;

struct WriteTxnMarkersRequest {
    using Self = WriteTxnMarkersRequest;
    using Response = WriteTxnMarkersResponse;
    static constexpr Api api{.key = 27, .first = 1, .last = 2, .flexible_from = 1};

    struct WritableTxnMarkerTopic {
        using Self = WritableTxnMarkerTopic;
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partition_indexes", &Self::partition_indexes);
        }
        bool operator==(Self const&) const = default;
    };

    struct WritableTxnMarker {
        using Self = WritableTxnMarker;
        std::int64_t producer_id = 0;
        std::int16_t producer_epoch = 0;
        bool transaction_result = false;  ///< true: committed
        std::vector<WritableTxnMarkerTopic> topics;
        std::int32_t coordinator_epoch = 0;   ///< of the coordinator that decided
        std::int8_t transaction_version = 0;  ///< 2: the epoch is that after the end

        static constexpr void describe(auto& field) {
            field("producer_id", &Self::producer_id);
            field("producer_epoch", &Self::producer_epoch);
            field("transaction_result", &Self::transaction_result);
            field("topics", &Self::topics);
            field("coordinator_epoch", &Self::coordinator_epoch);
            field("transaction_version", &Self::transaction_version, since(2).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<WritableTxnMarker> markers;

    static constexpr void describe(auto& field) { field("markers", &Self::markers); }
    bool operator==(Self const&) const = default;
};

struct WriteTxnMarkersResponse {
    using Self = WriteTxnMarkersResponse;
    static constexpr Api api = WriteTxnMarkersRequest::api;

    struct WritableTxnMarkerPartitionResult {
        using Self = WritableTxnMarkerPartitionResult;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct WritableTxnMarkerTopicResult {
        using Self = WritableTxnMarkerTopicResult;
        std::string name;
        std::vector<WritableTxnMarkerPartitionResult> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct WritableTxnMarkerResult {
        using Self = WritableTxnMarkerResult;
        std::int64_t producer_id = 0;
        std::vector<WritableTxnMarkerTopicResult> topics;

        static constexpr void describe(auto& field) {
            field("producer_id", &Self::producer_id);
            field("topics", &Self::topics);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<WritableTxnMarkerResult> markers;

    static constexpr void describe(auto& field) { field("markers", &Self::markers); }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
