// kafka/messages/offset_fetch.h - OffsetFetch, api key 9.
//
// Reads the offsets that a group, or from v8 on several groups, committed.
//
// v2 lets null ask for all topics, and adds the top-level error_code; v3 throttle_time_ms; v5
// leader epochs (KIP-320); v6 is flexible; v7 adds require_stable (KIP-447); v8 asks for several
// groups at once (KIP-709); v9 adds member_id and member_epoch (KIP-848); v10 names topics by id.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_OffsetFetch
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct OffsetFetchResponse;

struct OffsetFetchRequest {
    using Self = OffsetFetchRequest;
    using Response = OffsetFetchResponse;
    static constexpr Api api{.key = 9, .first = 1, .last = 10, .flexible_from = 6};

    struct OffsetFetchRequestTopic {
        using Self = OffsetFetchRequestTopic;
        std::string name;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partition_indexes", &Self::partition_indexes);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetFetchRequestTopics {
        using Self = OffsetFetchRequestTopics;
        std::string name;
        Uuid topic_id;
        std::vector<std::int32_t> partition_indexes;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, until(9).ignorable());
            field("topic_id", &Self::topic_id, since(10).ignorable());
            field("partition_indexes", &Self::partition_indexes);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetFetchRequestGroup {
        using Self = OffsetFetchRequestGroup;
        std::string group_id;
        std::optional<std::string> member_id;
        std::int32_t member_epoch = -1;  ///< -1: a classic group
        /// null: all
        std::optional<std::vector<OffsetFetchRequestTopics>> topics =
            std::vector<OffsetFetchRequestTopics>{};

        static constexpr void describe(auto& field) {
            field("group_id", &Self::group_id);
            field("member_id", &Self::member_id, since(9).ignorable());
            field("member_epoch", &Self::member_epoch, since(9).ignorable());
            field("topics", &Self::topics);
        }
        bool operator==(Self const&) const = default;
    };

    std::string group_id;
    /// null: all
    std::optional<std::vector<OffsetFetchRequestTopic>> topics =
        std::vector<OffsetFetchRequestTopic>{};
    std::vector<OffsetFetchRequestGroup> groups;
    /// answer unstable_offset_commit while a transaction may change them
    bool require_stable = false;

    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id, until(7));
        field("topics", &Self::topics, until(7).nullable_since(2));
        field("groups", &Self::groups, since(8));
        field("require_stable", &Self::require_stable, since(7));
    }
    bool operator==(Self const&) const = default;
};

struct OffsetFetchResponse {
    using Self = OffsetFetchResponse;
    static constexpr Api api = OffsetFetchRequest::api;

    struct OffsetFetchResponsePartition {
        using Self = OffsetFetchResponsePartition;
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;         ///< -1: none
        std::int32_t committed_leader_epoch = -1;  ///< -1: not known
        std::optional<std::string> metadata = "";
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("committed_offset", &Self::committed_offset);
            field("committed_leader_epoch", &Self::committed_leader_epoch, since(5).ignorable());
            field("metadata", &Self::metadata);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetFetchResponseTopic {
        using Self = OffsetFetchResponseTopic;
        std::string name;
        std::vector<OffsetFetchResponsePartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetFetchResponsePartitions {
        using Self = OffsetFetchResponsePartitions;
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;         ///< -1: none
        std::int32_t committed_leader_epoch = -1;  ///< -1: not known
        std::optional<std::string> metadata = "";
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("committed_offset", &Self::committed_offset);
            field("committed_leader_epoch", &Self::committed_leader_epoch);
            field("metadata", &Self::metadata);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetFetchResponseTopics {
        using Self = OffsetFetchResponseTopics;
        std::string name;
        Uuid topic_id;
        std::vector<OffsetFetchResponsePartitions> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name, until(9).ignorable());
            field("topic_id", &Self::topic_id, since(10).ignorable());
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetFetchResponseGroup {
        using Self = OffsetFetchResponseGroup;
        std::string group_id;
        std::vector<OffsetFetchResponseTopics> topics;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("group_id", &Self::group_id);
            field("topics", &Self::topics);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetFetchResponseTopic> topics;
    ErrorCode error_code = ErrorCode::none;
    std::vector<OffsetFetchResponseGroup> groups;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms, since(3).ignorable());
        field("topics", &Self::topics, until(7));
        field("error_code", &Self::error_code, between(2, 7).ignorable());
        field("groups", &Self::groups, since(8));
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
