// kafka/messages/delete_records.h - DeleteRecords, api key 21.
//
// Moves the first offset of partitions forward; what is before it is gone.
//
// v2 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DeleteRecords
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DeleteRecordsResponse;

struct DeleteRecordsRequest {
    using Self = DeleteRecordsRequest;
    using Response = DeleteRecordsResponse;
    static constexpr Api api{.key = 21, .first = 0, .last = 2, .flexible_from = 2};

    struct DeleteRecordsPartition {
        using Self = DeleteRecordsPartition;
        std::int32_t partition_index = 0;
        std::int64_t offset = 0;  ///< the new first offset; -1: the high watermark

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("offset", &Self::offset);
        }
        bool operator==(Self const&) const = default;
    };

    struct DeleteRecordsTopic {
        using Self = DeleteRecordsTopic;
        std::string name;
        std::vector<DeleteRecordsPartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<DeleteRecordsTopic> topics;
    std::int32_t timeout_ms = 0;

    static constexpr void describe(auto& field) {
        field("topics", &Self::topics);
        field("timeout_ms", &Self::timeout_ms);
    }
    bool operator==(Self const&) const = default;
};

struct DeleteRecordsResponse {
    using Self = DeleteRecordsResponse;
    static constexpr Api api = DeleteRecordsRequest::api;

    struct DeleteRecordsPartitionResult {
        using Self = DeleteRecordsPartitionResult;
        std::int32_t partition_index = 0;
        std::int64_t low_watermark = 0;  ///< the first offset from now on
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("low_watermark", &Self::low_watermark);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct DeleteRecordsTopicResult {
        using Self = DeleteRecordsTopicResult;
        std::string name;
        std::vector<DeleteRecordsPartitionResult> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<DeleteRecordsTopicResult> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
