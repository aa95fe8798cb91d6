// kafka/messages/alter_replica_log_dirs.h - AlterReplicaLogDirs, api key 34.
//
// Moves replicas to another directory of a broker.
//
// v0 was removed in Kafka 4.0; v2 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_AlterReplicaLogDirs
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct AlterReplicaLogDirsResponse;

struct AlterReplicaLogDirsRequest {
    using Self = AlterReplicaLogDirsRequest;
    using Response = AlterReplicaLogDirsResponse;
    static constexpr Api api{.key = 34, .first = 1, .last = 2, .flexible_from = 2};

    struct AlterReplicaLogDirTopic {
        using Self = AlterReplicaLogDirTopic;
        std::string name;
        std::vector<std::int32_t> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct AlterReplicaLogDir {
        using Self = AlterReplicaLogDir;
        std::string path;  ///< absolute
        std::vector<AlterReplicaLogDirTopic> topics;

        static constexpr void describe(auto& field) {
            field("path", &Self::path);
            field("topics", &Self::topics);
        }
        bool operator==(Self const&) const = default;
    };

    std::vector<AlterReplicaLogDir> dirs;

    static constexpr void describe(auto& field) { field("dirs", &Self::dirs); }
    bool operator==(Self const&) const = default;
};

struct AlterReplicaLogDirsResponse {
    using Self = AlterReplicaLogDirsResponse;
    static constexpr Api api = AlterReplicaLogDirsRequest::api;

    struct AlterReplicaLogDirPartitionResult {
        using Self = AlterReplicaLogDirPartitionResult;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct AlterReplicaLogDirTopicResult {
        using Self = AlterReplicaLogDirTopicResult;
        std::string topic_name;
        std::vector<AlterReplicaLogDirPartitionResult> partitions;

        static constexpr void describe(auto& field) {
            field("topic_name", &Self::topic_name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<AlterReplicaLogDirTopicResult> results;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("results", &Self::results);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
