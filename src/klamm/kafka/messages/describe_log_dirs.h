// kafka/messages/describe_log_dirs.h - DescribeLogDirs, api key 35.
//
// Shows how much disk each partition takes.
//
// v2 is flexible; v3 adds a top-level error_code; v4 adds the sizes of the volume (KIP-827); v5
// is_cordoned (KIP-1066).
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_DescribeLogDirs
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct DescribeLogDirsResponse;

struct DescribeLogDirsRequest {
    using Self = DescribeLogDirsRequest;
    using Response = DescribeLogDirsResponse;
    static constexpr Api api{.key = 35, .first = 1, .last = 5, .flexible_from = 2};

    struct DescribableLogDirTopic {
        using Self = DescribableLogDirTopic;
        std::string topic;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("topic", &Self::topic);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    /// null: all
    std::optional<std::vector<DescribableLogDirTopic>> topics =
        std::vector<DescribableLogDirTopic>{};

    static constexpr void describe(auto& field) { field("topics", &Self::topics); }
    bool operator==(Self const&) const = default;
};

struct DescribeLogDirsResponse {
    using Self = DescribeLogDirsResponse;
    static constexpr Api api = DescribeLogDirsRequest::api;

    struct DescribeLogDirsPartition {
        using Self = DescribeLogDirsPartition;
        std::int32_t partition_index = 0;
        std::int64_t partition_size = 0;
        std::int64_t offset_lag = 0;  ///< how far a copy in the making is behind
        bool is_future_key = false;   ///< a copy that will replace the current one

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("partition_size", &Self::partition_size);
            field("offset_lag", &Self::offset_lag);
            field("is_future_key", &Self::is_future_key);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeLogDirsTopic {
        using Self = DescribeLogDirsTopic;
        std::string name;
        std::vector<DescribeLogDirsPartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct DescribeLogDirsResult {
        using Self = DescribeLogDirsResult;
        ErrorCode error_code = ErrorCode::none;
        std::string log_dir;
        std::vector<DescribeLogDirsTopic> topics;
        std::int64_t total_bytes = -1;   ///< of the volume; -1: not known
        std::int64_t usable_bytes = -1;  ///< of the volume; -1: not known
        bool is_cordoned = false;

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("log_dir", &Self::log_dir);
            field("topics", &Self::topics);
            field("total_bytes", &Self::total_bytes, since(4).ignorable());
            field("usable_bytes", &Self::usable_bytes, since(4).ignorable());
            field("is_cordoned", &Self::is_cordoned, since(5).ignorable());
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    ErrorCode error_code = ErrorCode::none;
    std::vector<DescribeLogDirsResult> results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("error_code", &Self::error_code, since(3).ignorable());
        field("results", &Self::results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
