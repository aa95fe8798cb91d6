// broker/broker.h - the whole broker, as a machine without I/O.
//
// The world (host/ or sim/) hands in requests and says what time it is and how far the journal
// is durable; it takes out replies. Nothing here blocks, reads a clock, or depends on addresses
// or hash seeds: the same inputs give the same bytes.
//
//     submit(request, now) ──▶ decide ──▶ journal.append ──▶ apply ──▶ reply held back
//     durable(position, now) ─────────────────────────────────────▶ replies leave, readers see it
//
// Invariants:
//   1. A reply that depends on an entry leaves after that entry is durable.
//   2. Readers see records below the high watermark only, and those are durable.
//   3. State is a fold over the journal: restore() and replay() of the same entries give it back.
//
// Thread: one at a time, all functions.
#pragma once

#include "klamm/base/random.h"
#include "klamm/base/time.h"
#include "klamm/broker/notice.h"
#include "klamm/broker/options.h"
#include "klamm/broker/registry_refusal.h"
#include "klamm/broker/request.h"
#include "klamm/broker/storage.h"
#include "klamm/broker/validation/tally.h"
#include "klamm/journal/journal.h"
#include "klamm/registry/registry.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

/// Counters for metrics, cheap to copy.
struct Stats {
    std::uint64_t topics = 0;
    std::uint64_t partitions = 0;
    std::uint64_t groups = 0;
    std::uint64_t members = 0;
    std::uint64_t records_in = 0;
    std::uint64_t record_bytes_in = 0;
    std::uint64_t record_bytes_out = 0;
    std::uint64_t fetches_waiting = 0;
    std::uint64_t replies_waiting = 0;  ///< for the journal to become durable
    std::uint64_t producers = 0;
    RetentionStats retention;
    std::uint64_t transactions_ongoing = 0;
    StorageStats storage;
    registry::State::Counts registry;
    ValidationStats validation;
};

class Broker {
public:
    /// The APIs that have a handler, by key: what is advertised.
    static std::span<kafka::ApiRange const> apis();

    /// Both `journal` and the broker live until the world ends. `seed` determines every id that
    /// the broker invents.
    Broker(Options options, journal::Journal& journal, std::uint64_t seed);
    ~Broker();
    Broker(Broker const&) = delete;
    Broker& operator=(Broker const&) = delete;

    // ---- recovery, before start() ------------------------------------------------------

    /// The reason why this state cannot be taken over, or nothing.
    [[nodiscard]] std::optional<std::string> restore(ByteView checkpoint_state);
    [[nodiscard]] std::optional<std::string> replay(journal::Position at, ByteView head,
                                                    ByteView body);

    /// Everything replayed counts as durable. Gives members fresh session timeouts; on the first
    /// start of a journal invents the cluster id.
    void start(Now now);

    // ---- steps -------------------------------------------------------------------------

    void submit(Request request, Now now);
    /// The connection is gone: its waiting fetches and joins are forgotten.
    void disconnected(ConnectionId connection, Now now);
    /// Every entry below `position` is durable.
    void durable(journal::Position position, Now now);
    /// Runs what is due.
    void tick(Now now);
    /// When tick() wants to be called next; none: not before something else happens.
    std::optional<Instant> next_tick() const;
    /// What may leave now, in the order in which it was decided.
    std::vector<Reply> take_replies();
    /// What people should hear of since the last call, in order.
    std::vector<Notice> take_notices();

    // ---- for the world's housekeeping --------------------------------------------------

    /// A snapshot of the state at journal position `covers`. Taking it is cheap and happens on
    /// the broker's thread; `encode` may run later on any other thread.
    struct Snapshot {
        journal::Position covers{};
        /// Once the checkpoint is saved, entries before this hold nothing that is still needed.
        /// Not the same as needed_from() at that later time: a deletion that is not durable yet
        /// may be lost in a crash, and then what it deleted is needed again.
        journal::Position needed_from{};
        std::function<Bytes()> encode;
    };
    Snapshot snapshot();
    /// Entries before this hold nothing that the state as it is now refers to.
    journal::Position needed_from() const;

    // ---- background work on stored records (storage_job.h) ------------------------------

    /// The next job; none when there is nothing to do, or one is under way. `room`: the bytes that
    /// may be written to the disk. Costs up to a look at every partition.
    std::optional<StorageJob> plan_storage(std::uint64_t room, Now now);
    void storage_done(StorageResult result, Now now);
    /// L1 files that no durable state names any more, and none will: to be removed.
    std::vector<journal::FileNumber> take_unneeded_files();
    /// L1 files that the state names. All others there are at a start are to be removed.
    L1Files::Map const& files() const;

    /// Where a topic's records are and what is done with them (storage_report.h); none: no topic.
    std::optional<std::string> report(std::string_view topic, Now now) const;
    /// For prepare(), as of the last step; null when no topic has a compression.type of its own.
    /// What is returned stays as it is: any thread may read it.
    std::shared_ptr<Compressions const> const& compressions();
    /// The same, of those whose records are validated.
    std::shared_ptr<Validations const> const& validations();

    // ---- the schema registry (registry_changes.h) ---------------------------------------

    /// With all that was decided: what the next change is decided from.
    registry::State const& registry() const;
    /// With what is durable: what readers may be told.
    registry::State const& durable_registry() const;
    /// Journals a change that was decided from the registry of this version. It may be answered
    /// when the journal is durable beyond the position; durable_registry() has it then.
    [[nodiscard]] std::expected<journal::Position, RegistryRefusal> change_registry(
        std::uint64_t expected_version, std::span<registry::Record const> records, Now now);
    /// Who reads the topics of a subject now. Costs a look at every group.
    std::vector<registry::Reader> readers(std::string_view subject) const;

    Stats stats() const;
    std::string const& cluster_id() const;  ///< valid after start()

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klamm::broker
