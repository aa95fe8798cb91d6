// broker/snapshot_parts.h - the parts that the state in a checkpoint is made of
// (doc/formats/checkpoint-state.md), each a struct in the encoding of kafka/codec.h.
#pragma once

#include "klamm/broker/entries.h"
#include "klamm/kafka/schema.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace klamm::broker::parts {

struct ClientMetricsPart {
    using Self = ClientMetricsPart;
    std::string name;
    std::vector<ConfigEntry> configs;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("configs", &Self::configs);
    }
    bool operator==(Self const&) const = default;
};

struct Head {
    using Self = Head;
    std::string cluster_id;
    std::vector<ConfigEntry> broker_configs;
    PartitionKey next_partition{};
    std::int64_t next_producer_id = 0;
    std::uint32_t topics = 0;
    std::uint32_t producers = 0;
    std::vector<ClientMetricsPart> client_metrics;
    static constexpr void describe(auto& field) {
        field("cluster_id", &Self::cluster_id);
        field("broker_configs", &Self::broker_configs);
        field("next_partition", &Self::next_partition);
        field("next_producer_id", &Self::next_producer_id);
        field("topics", &Self::topics);
        field("producers", &Self::producers);
        field("client_metrics", &Self::client_metrics, kafka::always.tag(0));
    }
};

struct TopicPart {
    using Self = TopicPart;
    std::string name;
    Uuid id;
    std::int64_t created_ms = 0;
    std::vector<ConfigEntry> configs;
    std::uint32_t partitions = 0;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("id", &Self::id);
        field("created_ms", &Self::created_ms);
        field("configs", &Self::configs);
        field("partitions", &Self::partitions);
    }
};

/// Behind it its blocks.
struct PartitionPart {
    using Self = PartitionPart;
    PartitionKey key{};
    std::int64_t log_start = 0;
    std::int64_t next_offset = 0;
    std::uint32_t blocks = 0;
    static constexpr void describe(auto& field) {
        field("key", &Self::key);
        field("log_start", &Self::log_start);
        field("next_offset", &Self::next_offset);
        field("blocks", &Self::blocks);
    }
};

struct FilePart {
    using Self = FilePart;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;
    std::uint64_t stored = 0;
    static constexpr void describe(auto& field) {
        field("number", &Self::number);
        field("bytes", &Self::bytes);
        field("stored", &Self::stored);
    }
    bool operator==(Self const&) const = default;
};

struct FilesPart {
    using Self = FilesPart;
    std::uint64_t next = 0;
    std::vector<FilePart> files;
    static constexpr void describe(auto& field) {
        field("next", &Self::next);
        field("files", &Self::files);
    }
};

struct PassPart {
    using Self = PassPart;
    std::int64_t end = 0;
    std::int64_t at_ms = 0;
    static constexpr void describe(auto& field) {
        field("end", &Self::end);
        field("at_ms", &Self::at_ms);
    }
    bool operator==(Self const&) const = default;
};

struct CompactionPart {
    using Self = CompactionPart;
    std::int64_t first_dirty = 0;
    std::uint64_t clean_bytes = 0;
    std::uint64_t count = 0;
    std::vector<PassPart> passes;
    std::int64_t last_at_ms = 0;
    std::int64_t last_took_ms = 0;
    std::uint64_t last_bytes_before = 0;
    std::uint64_t last_bytes_after = 0;
    std::uint64_t last_records_before = 0;
    std::uint64_t last_records_after = 0;
    std::string last_reason;
    static constexpr void describe(auto& field) {
        field("first_dirty", &Self::first_dirty);
        field("clean_bytes", &Self::clean_bytes);
        field("count", &Self::count);
        field("passes", &Self::passes);
        field("last_at_ms", &Self::last_at_ms);
        field("last_took_ms", &Self::last_took_ms);
        field("last_bytes_before", &Self::last_bytes_before);
        field("last_bytes_after", &Self::last_bytes_after);
        field("last_records_before", &Self::last_records_before);
        field("last_records_after", &Self::last_records_after);
        field("last_reason", &Self::last_reason);
    }
};

struct SentPart {
    using Self = SentPart;
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    std::int64_t base_offset = -1;
    std::int64_t log_append_time_ms = -1;
    static constexpr void describe(auto& field) {
        field("first_sequence", &Self::first_sequence);
        field("last_sequence", &Self::last_sequence);
        field("base_offset", &Self::base_offset);
        field("log_append_time_ms", &Self::log_append_time_ms);
    }
    bool operator==(Self const&) const = default;
};

struct ProducerPart {
    using Self = ProducerPart;
    PartitionKey partition{};
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    std::int64_t last_appended_ms = 0;
    std::int64_t last_timestamp = -1;
    std::vector<SentPart> batches;
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("id", &Self::id);
        field("epoch", &Self::epoch);
        field("last_appended_ms", &Self::last_appended_ms);
        field("last_timestamp", &Self::last_timestamp);
        field("batches", &Self::batches);
    }
};

struct TransactionPart {
    using Self = TransactionPart;
    std::string id;
    Incarnation producer;
    Incarnation before;
    std::int32_t timeout_ms = 0;
    TransactionStatus status{};
    std::int64_t started_ms = -1;
    std::int64_t updated_ms = 0;
    std::vector<PartitionKey> partitions;
    std::vector<std::string> groups;
    static constexpr void describe(auto& field) {
        field("id", &Self::id);
        field("producer", &Self::producer);
        field("before", &Self::before);
        field("timeout_ms", &Self::timeout_ms);
        field("status", &Self::status);
        field("started_ms", &Self::started_ms);
        field("updated_ms", &Self::updated_ms);
        field("partitions", &Self::partitions);
        field("groups", &Self::groups);
    }
};

struct OpenPart {
    using Self = OpenPart;
    std::int64_t producer_id = -1;
    std::int64_t first_offset = 0;
    static constexpr void describe(auto& field) {
        field("producer_id", &Self::producer_id);
        field("first_offset", &Self::first_offset);
    }
    bool operator==(Self const&) const = default;
};

struct AbortedPart {
    using Self = AbortedPart;
    std::int64_t producer_id = -1;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t stable_after = 0;
    static constexpr void describe(auto& field) {
        field("producer_id", &Self::producer_id);
        field("first_offset", &Self::first_offset);
        field("last_offset", &Self::last_offset);
        field("stable_after", &Self::stable_after);
    }
    bool operator==(Self const&) const = default;
};

/// A partition with long lists has several.
struct PartitionTransactionsPart {
    using Self = PartitionTransactionsPart;
    static constexpr std::size_t elements_max = 100'000;
    PartitionKey key{};
    std::vector<OpenPart> open;
    std::vector<AbortedPart> aborted;
    static constexpr void describe(auto& field) {
        field("key", &Self::key);
        field("open", &Self::open);
        field("aborted", &Self::aborted);
    }
};

}  // namespace klamm::broker::parts
