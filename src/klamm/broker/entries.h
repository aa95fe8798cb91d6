// broker/entries.h - what the broker journals: every change of state there is.
//
// An entry's head is one byte of EntryKind, one byte of version, then the struct in the encoding
// of kafka/codec.h (always flexible, so that a later version can add tagged fields). Only
// batch_appended and transaction_ended have a body: batches as readers get them.
//
// Those of the consumer protocol are in groups/consumer_entries.h.
//
// A number that was once used for a kind is never used for another (doc/formats/entries.md).
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/base/uuid.h"
#include "klamm/kafka/schema.h"

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

namespace klamm::broker {

enum class EntryKind : std::uint8_t {
    cluster_created = 1,
    topic_created = 2,
    topic_deleted = 3,
    partitions_added = 4,
    topic_configured = 5,
    broker_configured = 6,
    batch_appended = 7,
    log_start_moved = 8,
    producer_id_given = 9,
    group_changed = 10,
    group_deleted = 11,
    offsets_committed = 12,
    offsets_deleted = 13,
    producer_initialized = 14,
    transaction_extended = 15,
    transaction_offsets = 16,
    transaction_ended = 17,
    transactional_ids_forgotten = 18,
    extents_stored = 20,
    compaction_passed = 21,
    aborted_forgotten = 22,
    consumer_group_changed = 26,
    group_configured = 27,
    client_metrics_configured = 28,
};

/// Names a partition inside the journal. Counts up over all topics; never reused, so that a
/// deleted topic's batches cannot be taken for those of its successor.
enum class PartitionKey : std::uint32_t {};

/// What a journal may hold at most, whatever the options of the day say.
inline constexpr std::size_t partitions_limit = 1'000'000;

struct ConfigEntry {
    using Self = ConfigEntry;
    std::string name;
    std::string value;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("value", &Self::value);
    }
    bool operator==(Self const&) const = default;
};

struct ClusterCreated {
    using Self = ClusterCreated;
    static constexpr EntryKind kind = EntryKind::cluster_created;
    std::string cluster_id;
    static constexpr void describe(auto& field) { field("cluster_id", &Self::cluster_id); }
    bool operator==(Self const&) const = default;
};

struct TopicCreated {
    using Self = TopicCreated;
    static constexpr EntryKind kind = EntryKind::topic_created;
    std::string name;
    Uuid topic_id;
    PartitionKey first_partition{};  ///< partition n has the key first_partition + n
    std::int32_t partitions = 0;
    std::vector<ConfigEntry> configs;  ///< those that differ from the defaults
    std::int64_t created_ms = 0;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("topic_id", &Self::topic_id);
        field("first_partition", &Self::first_partition);
        field("partitions", &Self::partitions);
        field("configs", &Self::configs);
        field("created_ms", &Self::created_ms);
    }
    bool operator==(Self const&) const = default;
};

struct TopicDeleted {
    using Self = TopicDeleted;
    static constexpr EntryKind kind = EntryKind::topic_deleted;
    Uuid topic_id;
    static constexpr void describe(auto& field) { field("topic_id", &Self::topic_id); }
    bool operator==(Self const&) const = default;
};

struct PartitionsAdded {
    using Self = PartitionsAdded;
    static constexpr EntryKind kind = EntryKind::partitions_added;
    Uuid topic_id;
    PartitionKey first_partition{};  ///< of the added ones
    std::int32_t partitions = 0;     ///< how many are added
    static constexpr void describe(auto& field) {
        field("topic_id", &Self::topic_id);
        field("first_partition", &Self::first_partition);
        field("partitions", &Self::partitions);
    }
    bool operator==(Self const&) const = default;
};

/// The topic's configs as they are from now on, those that differ from the defaults.
struct TopicConfigured {
    using Self = TopicConfigured;
    static constexpr EntryKind kind = EntryKind::topic_configured;
    Uuid topic_id;
    std::vector<ConfigEntry> configs;
    static constexpr void describe(auto& field) {
        field("topic_id", &Self::topic_id);
        field("configs", &Self::configs);
    }
    bool operator==(Self const&) const = default;
};

/// The broker's dynamic configs as they are from now on.
struct BrokerConfigured {
    using Self = BrokerConfigured;
    static constexpr EntryKind kind = EntryKind::broker_configured;
    std::vector<ConfigEntry> configs;
    static constexpr void describe(auto& field) { field("configs", &Self::configs); }
    bool operator==(Self const&) const = default;
};

/// What is asked of clients' metrics under a name, as it is from now on; without configs: nothing.
struct ClientMetricsConfigured {
    using Self = ClientMetricsConfigured;
    static constexpr EntryKind kind = EntryKind::client_metrics_configured;
    std::string name;
    std::vector<ConfigEntry> configs;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("configs", &Self::configs);
    }
    bool operator==(Self const&) const = default;
};

/// Body: the batch, with its base offset in place. The head has a fixed size.
struct BatchAppended {
    using Self = BatchAppended;
    static constexpr EntryKind kind = EntryKind::batch_appended;
    PartitionKey partition{};
    std::int64_t appended_ms = 0;  ///< wall clock, for retention and producer expiry
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("appended_ms", &Self::appended_ms);
    }
    bool operator==(Self const&) const = default;
};

struct LogStartMoved {
    using Self = LogStartMoved;
    static constexpr EntryKind kind = EntryKind::log_start_moved;
    PartitionKey partition{};
    std::int64_t log_start_offset = 0;
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("log_start_offset", &Self::log_start_offset);
    }
    bool operator==(Self const&) const = default;
};

/// Producer ids below `next_producer_id` are taken.
struct ProducerIdGiven {
    using Self = ProducerIdGiven;
    static constexpr EntryKind kind = EntryKind::producer_id_given;
    std::int64_t next_producer_id = 0;
    static constexpr void describe(auto& field) {
        field("next_producer_id", &Self::next_producer_id);
    }
    bool operator==(Self const&) const = default;
};

struct GroupMember {
    using Self = GroupMember;
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    std::int32_t session_timeout_ms = 0;
    std::int32_t rebalance_timeout_ms = 0;
    Bytes subscription;  ///< the member's metadata for the chosen protocol
    Bytes assignment;
    static constexpr void describe(auto& field) {
        field("member_id", &Self::member_id);
        field("group_instance_id", &Self::group_instance_id);
        field("client_id", &Self::client_id);
        field("client_host", &Self::client_host);
        field("session_timeout_ms", &Self::session_timeout_ms);
        field("rebalance_timeout_ms", &Self::rebalance_timeout_ms);
        field("subscription", &Self::subscription);
        field("assignment", &Self::assignment);
    }
    bool operator==(Self const&) const = default;
};

/// A classic group at the moment in which a generation became stable, or empty.
struct GroupChanged {
    using Self = GroupChanged;
    static constexpr EntryKind kind = EntryKind::group_changed;
    std::string group_id;
    std::string protocol_type;
    std::int32_t generation_id = 0;
    std::optional<std::string> protocol_name;
    std::optional<std::string> leader;
    std::int64_t changed_ms = 0;
    std::vector<GroupMember> members;
    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("protocol_type", &Self::protocol_type);
        field("generation_id", &Self::generation_id);
        field("protocol_name", &Self::protocol_name);
        field("leader", &Self::leader);
        field("changed_ms", &Self::changed_ms);
        field("members", &Self::members);
    }
    bool operator==(Self const&) const = default;
};

struct GroupDeleted {
    using Self = GroupDeleted;
    static constexpr EntryKind kind = EntryKind::group_deleted;
    std::string group_id;
    static constexpr void describe(auto& field) { field("group_id", &Self::group_id); }
    bool operator==(Self const&) const = default;
};

struct CommittedOffset {
    using Self = CommittedOffset;
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    std::int32_t leader_epoch = -1;
    std::string metadata;
    static constexpr void describe(auto& field) {
        field("topic", &Self::topic);
        field("partition", &Self::partition);
        field("offset", &Self::offset);
        field("leader_epoch", &Self::leader_epoch);
        field("metadata", &Self::metadata);
    }
    bool operator==(Self const&) const = default;
};

struct OffsetsCommitted {
    using Self = OffsetsCommitted;
    static constexpr EntryKind kind = EntryKind::offsets_committed;
    std::string group_id;
    std::int64_t committed_ms = 0;
    std::vector<CommittedOffset> offsets;
    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("committed_ms", &Self::committed_ms);
        field("offsets", &Self::offsets);
    }
    bool operator==(Self const&) const = default;
};

struct TopicPartition {
    using Self = TopicPartition;
    std::string topic;
    std::int32_t partition = 0;
    static constexpr void describe(auto& field) {
        field("topic", &Self::topic);
        field("partition", &Self::partition);
    }
    auto operator<=>(Self const&) const = default;
};

struct OffsetsDeleted {
    using Self = OffsetsDeleted;
    static constexpr EntryKind kind = EntryKind::offsets_deleted;
    std::string group_id;
    std::vector<TopicPartition> partitions;
    static constexpr void describe(auto& field) {
        field("group_id", &Self::group_id);
        field("partitions", &Self::partitions);
    }
    bool operator==(Self const&) const = default;
};

// ---- transactions -------------------------------------------------------------------------
//
// There is no entry for the begin: a transaction begins with the first thing that is put into it.

/// A producer id and its epoch, which together name one life of a producer.
struct Incarnation {
    using Self = Incarnation;
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    static constexpr void describe(auto& field) {
        field("id", &Self::id);
        field("epoch", &Self::epoch);
    }
    bool known() const { return id >= 0; }
    auto operator<=>(Self const&) const = default;
};

/// A producer has a transactional id from now on, alone: whoever had it is fenced.
struct ProducerInitialized {
    using Self = ProducerInitialized;
    static constexpr EntryKind kind = EntryKind::producer_initialized;
    std::string transactional_id;
    Incarnation producer;
    Incarnation before;  ///< what the same producer may still take itself for; or none
    std::int32_t timeout_ms = 0;
    std::int64_t initialized_ms = 0;
    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("producer", &Self::producer);
        field("before", &Self::before);
        field("timeout_ms", &Self::timeout_ms);
        field("initialized_ms", &Self::initialized_ms);
    }
    bool operator==(Self const&) const = default;
};

/// Partitions and groups that a transaction will write to, said beforehand.
struct TransactionExtended {
    using Self = TransactionExtended;
    static constexpr EntryKind kind = EntryKind::transaction_extended;
    std::string transactional_id;
    std::vector<PartitionKey> partitions;
    std::vector<std::string> groups;
    std::int64_t extended_ms = 0;
    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("partitions", &Self::partitions);
        field("groups", &Self::groups);
        field("extended_ms", &Self::extended_ms);
    }
    bool operator==(Self const&) const = default;
};

/// Offsets that are committed when, and if, the transaction is.
struct TransactionOffsets {
    using Self = TransactionOffsets;
    static constexpr EntryKind kind = EntryKind::transaction_offsets;
    std::string transactional_id;
    std::string group_id;
    std::int64_t committed_ms = 0;
    std::vector<CommittedOffset> offsets;
    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("group_id", &Self::group_id);
        field("committed_ms", &Self::committed_ms);
        field("offsets", &Self::offsets);
    }
    bool operator==(Self const&) const = default;
};

/// Where the last transaction of a transactional id got to.
enum class TransactionStatus : std::uint8_t {
    empty = 0,  ///< there was none since the producer was initialized
    ongoing = 1,
    committed = 2,
    aborted = 3,
};

/// The end of a transaction, all at once: its markers, its offsets, and what its producer is from
/// now on. Body: one marker for each of its partitions, in the order of `partitions`.
struct TransactionEnded {
    using Self = TransactionEnded;
    static constexpr EntryKind kind = EntryKind::transaction_ended;
    std::string transactional_id;
    TransactionStatus status{};  ///< committed; aborted; empty: aborted for the next producer
    Incarnation producer;        ///< from now on
    Incarnation before;          ///< what the same producer may still take itself for; or none
    std::int32_t timeout_ms = 0;
    std::int64_t ended_ms = 0;
    std::vector<PartitionKey> partitions;  ///< all that the transaction has, in the order of keys
    static constexpr void describe(auto& field) {
        field("transactional_id", &Self::transactional_id);
        field("status", &Self::status);
        field("producer", &Self::producer);
        field("before", &Self::before);
        field("timeout_ms", &Self::timeout_ms);
        field("ended_ms", &Self::ended_ms);
        field("partitions", &Self::partitions);
    }
    bool operator==(Self const&) const = default;
};

/// Nobody has used them for transactional.id.expiration.ms.
struct TransactionalIdsForgotten {
    using Self = TransactionalIdsForgotten;
    static constexpr EntryKind kind = EntryKind::transactional_ids_forgotten;
    std::vector<std::string> transactional_ids;
    static constexpr void describe(auto& field) {
        field("transactional_ids", &Self::transactional_ids);
    }
    bool operator==(Self const&) const = default;
};

// ---- storage ------------------------------------------------------------------------------

/// A file that holds blocks of L1 from now on.
struct StoredFile {
    using Self = StoredFile;
    std::uint64_t number = 0;
    std::uint64_t bytes = 0;  ///< of the whole file
    static constexpr void describe(auto& field) {
        field("number", &Self::number);
        field("bytes", &Self::bytes);
    }
    bool operator==(Self const&) const = default;
};

/// Up to 128 places in one file.
struct StoredRun {
    using Self = StoredRun;
    std::uint64_t file = 0;
    Bytes places;  ///< as BatchBlock encodes them
    static constexpr void describe(auto& field) {
        field("file", &Self::file);
        field("places", &Self::places);
    }
    bool operator==(Self const&) const = default;
};

/// The records of a partition in [from, end) are in these runs and nowhere else.
struct StoredRange {
    using Self = StoredRange;
    PartitionKey partition{};
    std::int64_t from = 0;
    std::int64_t end = 0;
    std::vector<StoredRun> runs;
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("from", &Self::from);
        field("end", &Self::end);
        field("runs", &Self::runs);
    }
    bool operator==(Self const&) const = default;
};

/// Files of L1 were written, durably; from now on these ranges are read from them. Ranges are in
/// the order of partitions and offsets.
struct ExtentsStored {
    using Self = ExtentsStored;
    static constexpr EntryKind kind = EntryKind::extents_stored;
    std::vector<StoredFile> files;
    std::vector<StoredRange> ranges;
    static constexpr void describe(auto& field) {
        field("files", &Self::files);
        field("ranges", &Self::ranges);
    }
    bool operator==(Self const&) const = default;
};

/// A pass of compaction over a partition came to its end: below `first_dirty` each key that was
/// looked at has one record, its newest.
struct CompactionPassed {
    using Self = CompactionPassed;
    static constexpr EntryKind kind = EntryKind::compaction_passed;
    PartitionKey partition{};
    std::int64_t first_dirty = 0;
    std::int64_t passed_ms = 0;  ///< wall clock
    std::int64_t took_ms = 0;
    std::uint64_t bytes_before = 0;
    std::uint64_t bytes_after = 0;
    std::uint64_t records_before = 0;
    std::uint64_t records_after = 0;
    std::string reason;  ///< why it was made, for people
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("first_dirty", &Self::first_dirty);
        field("passed_ms", &Self::passed_ms);
        field("took_ms", &Self::took_ms);
        field("bytes_before", &Self::bytes_before);
        field("bytes_after", &Self::bytes_after);
        field("records_before", &Self::records_before);
        field("records_after", &Self::records_after);
        field("reason", &Self::reason);
    }
    bool operator==(Self const&) const = default;
};

/// Compaction has left nothing of the transactions that were aborted before this offset, and will
/// take their markers: readers need not be told of them any more.
struct AbortedForgotten {
    using Self = AbortedForgotten;
    static constexpr EntryKind kind = EntryKind::aborted_forgotten;
    PartitionKey partition{};
    std::int64_t end = 0;
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("end", &Self::end);
    }
    bool operator==(Self const&) const = default;
};

// ---- bytes ------------------------------------------------------------------------------

inline constexpr std::uint8_t entry_version = 1;

/// The head of `entry`. For every struct above that has a `kind`.
template <class Entry>
Bytes encode_entry(Entry const& entry);

/// The kind of the entry with this head, known or not; none when the head is empty.
std::optional<EntryKind> kind_of(ByteView head);

/// The struct in `head`, or why there is none.
template <class Entry>
[[nodiscard]] std::expected<Entry, std::string> decode_entry(ByteView head);

}  // namespace klamm::broker
