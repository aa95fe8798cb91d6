// bus/bus.h - the seam between all that uses a log and the log.
//
//     handlers, replay, outbox, tools
//     ───────────────────────────────── Bus
//     EmbeddedBus        KafkaBus
//     broker in process  librdkafka, any cluster
//
// Rules, for all implementations (conformance.h checks them):
//   1. One thread: all functions are called on the loop, and all callbacks come on it, never inside
//      the call that asked. Each Done is called exactly once, unless the bus is destroyed before.
//   2. An operation ends: with a result, or with an error within the time that Options permit. What
//      can be tried again inside (a leader that moved, a coordinator that loads, a connection that
//      is lost) is tried again inside.
//   3. What a reader sees is committed: records of open and aborted transactions are never seen.
//   4. Destroying a consumer or a producer ends it as a crash would: the group learns of it by
//      time-out, an open transaction by its time-out or by its successor.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/bus/header_block.h"
#include "klamm/bus/loop.h"
#include "klamm/message.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace klamm::bus {

struct TopicPartition {
    std::string topic;
    std::int32_t partition = 0;
    auto operator<=>(TopicPartition const&) const = default;
};

/// What the caller does about it.
struct Error {
    enum class Kind : std::uint8_t {
        away,             ///< nobody answered in time: ask again later
        aborted,          ///< the transaction was aborted, nothing of it counts: do it again
        fenced,           ///< another producer or member has taken over: make a new one, or end
        refused,          ///< it will never be done as it was asked
        unknown_outcome,  ///< it may have been done or not
    };
    Kind kind{};
    std::string why;  ///< a sentence with the names and Kafka's error
};
template <class T>
using Result = std::expected<T, Error>;
template <class T>
using Done = std::move_only_function<void(Result<T>)>;

/// A record that was read. The slices keep the bytes that they look at alive.
struct Record {
    TopicPartition partition;
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
    std::optional<Slice> key;
    std::optional<Slice> value;
    Headers headers;
};

/// A record to be written.
struct Outgoing {
    std::string topic;
    std::optional<std::int32_t> partition;  ///< none: murmur2 of the key; without a key any
    std::optional<std::string> key;
    std::optional<std::string> value;
    Headers headers;
    std::optional<std::int64_t> timestamp_ms;  ///< none: when it is written
    HeaderBlock more_headers{};                ///< behind `headers`

    Headers all_headers() const;
};

struct Committed {
    std::int64_t offset = -1;  ///< -1: none
    std::string metadata;      ///< what was committed with it
    bool operator==(Committed const&) const = default;
};

// ---- groups ----------------------------------------------------------------------------------

/// Hears what becomes of a membership.
class Subscriber {
public:
    virtual ~Subscriber() = default;
    /// These are ours from now on, and go on where the group had committed; what is stable counts,
    /// open transactions were waited for. They stand still until resume().
    virtual void assigned(std::map<TopicPartition, Committed> const& partitions) = 0;
    /// Others shall have them. They are ours until `released` is called: what is under way may be
    /// committed before. It must be called within the rebalance time-out.
    virtual void revoked(std::vector<TopicPartition> const& partitions,
                         std::move_only_function<void()> released) = 0;
    /// They are others' already: the membership was lost. Nothing of them can be committed.
    virtual void lost(std::vector<TopicPartition> const& partitions) = 0;
    virtual void records(std::vector<Record> records) = 0;
    /// Records at `from` are gone (retention): reading goes on at `to`.
    virtual void skipped(TopicPartition const& partition, std::int64_t from, std::int64_t to) = 0;
    /// The group or the cluster does not answer, since now; and answers again.
    virtual void away(std::string const& why) = 0;
    virtual void back() = 0;
};

class Consumer {
public:
    virtual ~Consumer() = default;
    /// Reads from `offset` on; earliest: the first record there is.
    virtual void resume(TopicPartition const& partition, std::int64_t offset) = 0;
    /// No more records of it, from now on, until it is resumed.
    virtual void pause(TopicPartition const& partition) = 0;
    /// Leaves the group at once; all partitions must have been let go by then. Kept offsets stay.
    virtual void leave(Done<void> done) = 0;
};
inline constexpr std::int64_t earliest = -2;
inline constexpr std::int64_t latest = -1;

struct ConsumerOptions {
    std::string group;
    std::vector<std::string> topics;  ///< that exist
    std::string client_id;
    /// Names this member in the group for good: one that comes again under the same name, after a
    /// crash, takes the place of its predecessor at once, who is fenced. Empty: one by chance, and
    /// the predecessor's partitions are free when its session ends.
    std::string instance;
    Duration session_timeout{45'000};
    Duration rebalance_timeout{60'000};
    std::int32_t fetch_bytes_max = 8 * 1024 * 1024;
};

// ---- transactions ----------------------------------------------------------------------------

struct Transaction {
    std::vector<Outgoing> records;
    /// More of them, which go first. Shared, so that another try of the same copies nothing.
    std::vector<std::shared_ptr<std::vector<Outgoing> const>> shared{};
    std::map<TopicPartition, Committed> offsets;
    /// Of this consumer's group, in its generation: a member that lost its partitions is refused.
    Consumer* consumer = nullptr;
    /// Without a consumer: of this group, which must have no members.
    std::string group;

    /// All records, in order; good while this is not changed.
    std::vector<Outgoing const*> all_records() const;
    /// Makes `records` all of them.
    void own_records();
};

class Producer {
public:
    virtual ~Producer() = default;
    /// Takes over the transactional id: predecessors are fenced, what they left open is aborted.
    /// Before the first commit(), and after one that was fenced is only a new Producer of use.
    virtual void initialize(Done<void> done) = 0;
    /// All of it, in one transaction. One at a time. `aborted`: nothing of it counts, and it may be
    /// tried again. Where the outcome is not known at first, it is found out before `done`.
    virtual void commit(Transaction transaction, Done<void> done) = 0;
};

struct ProducerOptions {
    std::string transactional_id;
    std::string client_id;
    Duration transaction_timeout{10'000};
};

// ---- the rest --------------------------------------------------------------------------------

struct TopicSpec {
    std::string name;
    std::int32_t partitions = 1;
    std::int16_t replication = -1;  ///< the cluster's default
    std::map<std::string, std::string> configs;
};
struct TopicDescription {
    std::string name;
    std::int32_t partitions = 0;  ///< 0: there is no such topic
};

struct ReadResult {
    std::vector<Record> records;  ///< in order, from the offset asked for on
    std::int64_t next = 0;        ///< where to go on
    std::int64_t end = 0;         ///< the last stable offset: next == end means all was read
};

/// What the log can do; found out by asking it.
struct Capabilities {
    std::string cluster_id;
    std::string description;               ///< "Klamm", "a Kafka cluster of 3 brokers"
    std::int16_t transaction_version = 1;  ///< 2: KIP-890
    bool transactions = false;
    bool stable_offsets = false;     ///< OffsetFetch v7: needed to go on exactly once
    bool consumer_protocol = false;  ///< KIP-848
    /// What keeps exactly-once handlers from working there, and what to do; empty: nothing does.
    std::string lacks;
};

class Bus {
public:
    virtual ~Bus() = default;

    virtual void probe(Done<Capabilities> done) = 0;
    /// Those that exist already are left as they are.
    virtual void create_topics(std::vector<TopicSpec> topics, Done<void> done) = 0;
    virtual void describe_topics(std::vector<std::string> names,
                                 Done<std::vector<TopicDescription>> done) = 0;

    /// Where the first record at or after `timestamp_ms` is, or stands for earliest or latest (the
    /// last stable offset). Behind the last record: latest.
    virtual void offset_at(TopicPartition const& partition, std::int64_t timestamp_ms,
                           Done<std::int64_t> done) = 0;
    /// From `offset` on, up to about `bytes_max`, at least one record if there is one. Does not
    /// wait.
    virtual void read(TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
                      Done<ReadResult> done) = 0;
    /// What a group has committed; stable.
    virtual void committed(std::string const& group, std::vector<TopicPartition> partitions,
                           Done<std::map<TopicPartition, Committed>> done) = 0;

    /// Not in a transaction, idempotent: acknowledged, each is there once, in the order given
    /// within a partition. Gives their places.
    virtual void send(std::vector<Outgoing> records, Done<std::vector<Position>> done) = 0;

    virtual std::unique_ptr<Producer> make_producer(ProducerOptions options) = 0;
    virtual std::unique_ptr<Consumer> make_consumer(ConsumerOptions options,
                                                    Subscriber& subscriber) = 0;
};

}  // namespace klamm::bus
