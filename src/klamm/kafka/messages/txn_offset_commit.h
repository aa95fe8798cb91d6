// kafka/messages/txn_offset_commit.h - TxnOffsetCommit, api key 28.
//
// Commits offsets of a group with a transaction: they count when it commits.
//
// v2 adds leader epochs; v3 is flexible and names the member of the group (KIP-447); v4 changes
// only which errors may occur. v5 is that of transaction version 2 (KIP-890): the group needs no
// AddOffsetsToTxn before it.
//
// Source: https://kafka.apache.org/protocol.html#The_Messages_TxnOffsetCommit
#pragma once

#include "klamm/kafka/errors.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka {

struct TxnOffsetCommitResponse;

struct TxnOffsetCommitRequest {
    using Self = TxnOffsetCommitRequest;
    using Response = TxnOffsetCommitResponse;
    static constexpr Api api{.key = 28, .first = 0, .last = 5, .flexible_from = 3};

    struct TxnOffsetCommitRequestPartition {
        using Self = TxnOffsetCommitRequestPartition;
        std::int32_t partition_index = 0;
        std::int64_t committed_offset = 0;
        std::int32_t committed_leader_epoch = -1;  ///< -1: not known
        std::optional<std::string> committed_metadata = "";

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("committed_offset", &Self::committed_offset);
            field("committed_leader_epoch", &Self::committed_leader_epoch, since(2).ignorable());
            field("committed_metadata", &Self::committed_metadata);
        }
        bool operator==(Self const&) const = default;
    };

    struct TxnOffsetCommitRequestTopic {
        using Self = TxnOffsetCommitRequestTopic;
        std::string name;
        std::vector<TxnOffsetCommitRequestPartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::string transactional_id;
    std::string group_id;
    std::int64_t producer_id = 0;
    std::int16_t producer_epoch = 0;
    std::int32_t generation_id = -1;  ///< -1: no member; with KIP-848 its epoch
    std::string member_id;
    std::optional<std::string> group_instance_id;  ///< null: a dynamic member
    std::vector<TxnOffsetCommitRequestTopic> topics;

    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("group_id", &Self::group_id);
        field("producer_id", &Self::producer_id);
        field("producer_epoch", &Self::producer_epoch);
        field("generation_id", &Self::generation_id, since(3));
        field("member_id", &Self::member_id, since(3));
        field("group_instance_id", &Self::group_instance_id, since(3));
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

struct TxnOffsetCommitResponse {
    using Self = TxnOffsetCommitResponse;
    static constexpr Api api = TxnOffsetCommitRequest::api;

    struct TxnOffsetCommitResponsePartition {
        using Self = TxnOffsetCommitResponsePartition;
        std::int32_t partition_index = 0;
        ErrorCode error_code = ErrorCode::none;

        static constexpr void describe(auto& field) {
            field("partition_index", &Self::partition_index);
            field("error_code", &Self::error_code);
        }
        bool operator==(Self const&) const = default;
    };

    struct TxnOffsetCommitResponseTopic {
        using Self = TxnOffsetCommitResponseTopic;
        std::string name;
        std::vector<TxnOffsetCommitResponsePartition> partitions;

        static constexpr void describe(auto& field) {
            field("name", &Self::name);
            field("partitions", &Self::partitions);
        }
        bool operator==(Self const&) const = default;
    };

    std::int32_t throttle_time_ms = 0;
    std::vector<TxnOffsetCommitResponseTopic> topics;

    static constexpr void describe(auto& field) {
        field("throttle_time_ms", &Self::throttle_time_ms);
        field("topics", &Self::topics);
    }
    bool operator==(Self const&) const = default;
};

}  // namespace klamm::kafka
