// sim/checker.h - what a checker sees: facts from outside the broker, in the order of time.
//
// A checker keeps its own idea of what must hold, and says so when a fact contradicts it. There
// is one for each invariant, in sim/checkers/, and a mutation (plan.h) that makes each one fail.
#pragma once

#include "klamm/journal/journal.h"
#include "klamm/sim/schedule.h"

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::sim {

/// A topic that was deleted and created again is another one: its name then says so.
struct PartitionName {
    std::string topic;
    std::int32_t number = 0;
    auto operator<=>(PartitionName const&) const = default;
};
std::string to_string(PartitionName const& partition);  ///< "events/2"

/// Every value is written by one send, once in a run, so that a value names its record:
/// "i0-2-17" is number 17 that the idempotent producer i0 sent to partition 2. What is written in
/// a transaction begins with the transaction's name and a colon: "t0.3-12:2-5".
struct SeenRecord {
    std::int64_t offset = 0;
    std::string value;
    bool operator==(SeenRecord const&) const = default;
};
/// "t0.3-12", or nothing.
std::string_view transaction_of(std::string_view value);

/// A batch as a client reads it. A marker has one record, which says what it is.
struct SeenBatch {
    enum class Kind : std::uint8_t { plain, transactional, commit, abort };
    Kind kind{};
    std::int64_t base_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t producer_id = -1;
    std::int16_t producer_epoch = -1;
    std::shared_ptr<std::vector<SeenRecord> const> records;

    bool marker() const { return kind == Kind::commit || kind == Kind::abort; }
};

/// What became of a batch, by the markers behind it.
enum class Fate : std::uint8_t { plain, open, committed, aborted };
/// One for each batch; those of markers are `plain`. Requires all batches from some offset on.
std::vector<Fate> fates_of(std::span<SeenBatch const> batches);

/// A record of the compacted topic.
struct TableRecord {
    std::int64_t offset = 0;
    std::string key;
    std::optional<std::string> value;  ///< null: a tombstone
    std::int64_t timestamp = 0;        ///< wall clock, milliseconds
    bool operator==(TableRecord const&) const = default;
};
/// What its configs promise.
inline constexpr std::int64_t table_lag_ms = 300;
inline constexpr std::int64_t table_delete_retention_ms = 1500;

struct Violation {
    std::string invariant;
    std::string what;
};

/// Where checkers report. The first violation ends the run; it is the one that is kept.
class Violations {
public:
    void report(std::string_view invariant, std::string what) {
        if (!first_) first_ = Violation{std::string(invariant), std::move(what)};
    }
    std::optional<Violation> const& first() const { return first_; }

private:
    std::optional<Violation> first_;
};

struct Acked {
    PartitionName partition;
    std::string producer;
    bool idempotent = false;
    std::int64_t base_offset = 0;
    std::span<std::string const> values;
};

/// Records that a reader got, with the moments of asking and of getting them.
struct ReadRecords {
    PartitionName partition;
    Time asked = 0;
    Time got = 0;
    std::int64_t fetch_offset = 0;
    std::int64_t log_start = 0;
    std::int64_t high_watermark = 0;
    std::span<SeenRecord const> records;      ///< all that came, those of markers too
    std::optional<std::int64_t> last_stable;  ///< unless it was not asked for
    std::span<SeenBatch const> batches;
    /// What a reader of committed records is shown; nothing when it did not ask for that.
    std::optional<std::span<SeenRecord const>> committed;
};

/// How a transaction ended, as its client knows.
struct EndedTransaction {
    std::string name;
    bool committed = false;  ///< false: aborted, or never ended and fenced
};

class Checker {
public:
    Checker(std::string_view name, Violations& violations) : name_(name), violations_(violations) {}
    Checker(Checker const&) = delete;
    Checker& operator=(Checker const&) = delete;
    virtual ~Checker() = default;

    std::string_view name() const { return name_; }

    // ---- what clients know --------------------------------------------------------------
    virtual void topic_acked(std::string const&, std::int32_t /*partitions*/, Time) {}
    virtual void acked(Acked const&, Time) {}
    virtual void read(ReadRecords const&) {}
    /// Somebody asks to delete what is before `offset`; this may be done at any later time.
    virtual void deletion_tried(PartitionName const&, std::int64_t /*offset*/) {}
    virtual void deletion_acked(PartitionName const&, std::int64_t /*log_start*/, Time) {}
    /// Where a log begins, as somebody was told.
    virtual void log_start_read(PartitionName const&, std::int64_t /*log_start*/, Time /*asked*/,
                                Time /*got*/) {}
    /// A static member is known by its instance: it may come back under another member id.
    virtual void assigned(std::string const& /*group*/, std::int32_t /*generation*/,
                          std::string const& /*member*/, std::span<PartitionName const>) {}
    /// What a member of the consumer protocol may be reading from now on, and until when it
    /// surely counts as a member; replaces what it had before.
    virtual void holds(std::string const& /*group*/, std::string const& /*member*/,
                       std::span<PartitionName const>, Time /*now*/, Time /*until*/) {}
    virtual void commit_acked(std::string const& /*group*/, PartitionName const&,
                              std::int64_t /*offset*/, Time) {}
    /// A commit without an answer: it may arrive at any later time, even behind newer ones.
    virtual void commit_unanswered(std::string const& /*group*/, PartitionName const&,
                                   std::int64_t /*offset*/) {}
    /// An offset that was asked for at `asked`; -1: none is committed.
    virtual void commit_read(std::string const& /*group*/, PartitionName const&,
                             std::int64_t /*offset*/, Time /*asked*/) {}

    // ---- transactions, as their clients know them ---------------------------------------
    /// From `when` on it may end in some way: its client asks for the end, or for a new
    /// producer, or the timeout may have passed.
    virtual void transaction_may_end(std::string const& /*name*/, Time /*when*/) {}
    /// It ended for certain: the answer to EndTxn came, or its producer was fenced before the
    /// client ever asked for a commit.
    virtual void transaction_ended(EndedTransaction const&) {}

    // ---- what an auditor reads right after a restart, before any client -----------------
    /// What there is; with this an audit begins. The one before may have been broken off.
    virtual void audited_topics(std::map<std::string, std::int32_t> const& /*partitions*/) {}
    /// The whole log of one partition.
    virtual void audited(ReadRecords const&) {}
    /// All partitions and all groups were read.
    virtual void audit_ended() {}

    // ---- the compacted topic ------------------------------------------------------------
    /// Somebody sends these records; they may be there from now on.
    virtual void table_tried(std::span<TableRecord const>) {}
    /// With their offsets.
    virtual void table_acked(std::span<TableRecord const>) {}
    /// They were in a transaction that was aborted.
    virtual void table_aborted(std::span<TableRecord const>) {}
    /// All of it that a reader of committed records is shown, at a moment of the wall clock.
    virtual void table_audited(std::span<TableRecord const>, std::int64_t /*now_ms*/) {}

    // ---- what the journal was told, and gave back ---------------------------------------
    virtual void appended(journal::Position, std::uint32_t /*digest*/) {}
    virtual void made_durable(journal::Position) {}
    virtual void checkpoint_tried(journal::Position) {}
    virtual void checkpoint_saved(journal::Position) {}
    virtual void replay_began() {}  ///< again, when a restart did not come to its end
    virtual void checkpoint_found(journal::Position) {}
    virtual void replayed(journal::Position, std::uint32_t /*digest*/) {}
    virtual void replay_ended() {}
    /// A batch at `position` is about to leave the process, when `durable` was durable.
    virtual void serving(journal::Position /*position*/, journal::Position /*durable*/) {}

protected:
    void violate(std::string what) { violations_.report(name_, std::move(what)); }

private:
    std::string_view name_;
    Violations& violations_;
};

/// The largest value that was known at a moment: what later answers may not fall below.
class Floor {
public:
    void raise(Time when, std::int64_t value) {
        if (history_.empty() || history_.back().second < value) history_.emplace_back(when, value);
    }
    /// As it was known before `when`; `none` when nothing was.
    std::int64_t at(Time when, std::int64_t none) const {
        for (auto it = history_.rbegin(); it != history_.rend(); ++it)
            if (it->first < when) return it->second;
        return none;
    }
    std::int64_t latest(std::int64_t none) const {
        return history_.empty() ? none : history_.back().second;
    }

private:
    std::vector<std::pair<Time, std::int64_t>> history_;
};

std::unique_ptr<Checker> no_lost_ack(Violations& violations);
std::unique_ptr<Checker> durable_prefix(Violations& violations);
std::unique_ptr<Checker> offsets_dense(Violations& violations);
std::unique_ptr<Checker> single_owner(Violations& violations);
std::unique_ptr<Checker> idempotent_once(Violations& violations);
std::unique_ptr<Checker> committed_never_back(Violations& violations);
std::unique_ptr<Checker> high_watermark(Violations& violations);
std::unique_ptr<Checker> log_start(Violations& violations);
std::unique_ptr<Checker> compaction_keeps(Violations& violations);
std::unique_ptr<Checker> transaction_atomic(Violations& violations);
std::unique_ptr<Checker> committed_reads(Violations& violations);
std::unique_ptr<Checker> last_stable(Violations& violations);
std::unique_ptr<Checker> exactly_once(Violations& violations);

/// All of them, told everything.
class Checkers {
public:
    explicit Checkers(Violations& violations);
    Checkers() = default;  ///< none: for worlds with oracles of their own
    bool empty() const { return all_.empty(); }
    /// `checkers.tell(&Checker::appended, position, digest);`
    template <class... P, class... A>
    void tell(void (Checker::*fact)(P...), A const&... args) {
        for (auto const& checker : all_) (checker.get()->*fact)(args...);
    }

private:
    std::vector<std::unique_ptr<Checker>> all_;
};

}  // namespace klamm::sim
