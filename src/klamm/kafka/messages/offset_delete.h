// kafka/messages/offset_delete.h - OffsetDelete, api key 47.
//
// Deletes committed offsets of a group, for partitions that it does not read any more (KIP-496).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_OffsetDelete
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct OffsetDeleteResponse;

struct OffsetDeleteRequest {
    using Self = OffsetDeleteRequest;
    using Response = OffsetDeleteResponse;
    static constexpr Api api{.key = 47, .first = 0, .last = 0, .flexible_from = never_flexible};

    struct OffsetDeleteRequestPartition {
        using Self = OffsetDeleteRequestPartition;
        std::int32_t partition_index = 0;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetDeleteRequestTopic {
        using Self = OffsetDeleteRequestTopic;
        std::string name;
        std::vector<OffsetDeleteRequestPartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    std::vector<OffsetDeleteRequestTopic> topics;

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

struct OffsetDeleteResponse {
    using Self = OffsetDeleteResponse;
    static constexpr Api api = OffsetDeleteRequest::api;

    struct OffsetDeleteResponsePartition {
        using Self = OffsetDeleteResponsePartition;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetDeleteResponseTopic {
        using Self = OffsetDeleteResponseTopic;
        std::string name;
        std::vector<OffsetDeleteResponsePartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    ErrorCode error_code = ErrorCode::none;
    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetDeleteResponseTopic> topics;

    static constexpr void describe(auto& field) {
        field("error_code", &Self::error_code);
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
