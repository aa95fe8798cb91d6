// kafka/messages/offset_for_leader_epoch.h - OffsetForLeaderEpoch, api key 23.
//
// Tells where a leader epoch ended, so that a reader can find out whether it diverged (KIP-320).
//
// v3 adds replica_id; v4 is flexible.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_OffsetForLeaderEpoch
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::kafka {

struct OffsetForLeaderEpochResponse;

struct OffsetForLeaderEpochRequest {
    using Self = OffsetForLeaderEpochRequest;
    using Response = OffsetForLeaderEpochResponse;
    static constexpr Api api{.key = 23, .first = 2, .last = 4, .flexible_from = 4};

    struct OffsetForLeaderPartition {
        using Self = OffsetForLeaderPartition;
        std::int32_t partition = 0;
        std::int32_t current_leader_epoch = -1;  ///< -1: not known, not checked
        std::int32_t leader_epoch = 0;           ///< the one whose end is asked for

        static constexpr void describe(auto& field) {
            field("partition", &Self::partition);
            field("current_leader_epoch", &Self::current_leader_epoch);
            field("leader_epoch", &Self::leader_epoch);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetForLeaderTopic {
        using Self = OffsetForLeaderTopic;
        std::string topic;
        std::vector<OffsetForLeaderPartition> partitions;

        static constexpr void describe(auto& field) {
            field("topic", &Self::topic);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t replica_id = -2;  ///< -1: a consumer, -2: one that sees everything
    std::vector<OffsetForLeaderTopic> topics;

    static constexpr void describe(auto& field) {
        field("replica_id", &Self::replica_id, since(3).ignorable());
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

struct OffsetForLeaderEpochResponse {
    using Self = OffsetForLeaderEpochResponse;
    static constexpr Api api = OffsetForLeaderEpochRequest::api;

    struct EpochEndOffset {
        using Self = EpochEndOffset;
        ErrorCode error_code = ErrorCode::none;
        std::int32_t partition = 0;
        std::int32_t leader_epoch = -1;  ///< the largest one up to the one asked for; -1: none
        std::int64_t end_offset = -1;    ///< -1: not known

        static constexpr void describe(auto& field) {
            field("error_code", &Self::error_code);
            field("partition", &Self::partition);
            field("leader_epoch", &Self::leader_epoch);
            field("end_offset", &Self::end_offset);
        }
        bool operator==(Self const&) const = default;
    };

    struct OffsetForLeaderTopicResult {
        using Self = OffsetForLeaderTopicResult;
        std::string topic;
        std::vector<EpochEndOffset> partitions;

        static constexpr void describe(auto& field) {
            field("topic", &Self::topic);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<OffsetForLeaderTopicResult> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
