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
/// "i0-2-17" is number 17 that the idempotent producer i0 sent to partition 2.
struct SeenRecord {
    std::int64_t offset = 0;
    std::string value;
};

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
    std::span<SeenRecord const> records;
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
    /// Where a log begins, as somebody was told who asked for it.
    virtual void log_start_read(PartitionName const&, std::int64_t /*log_start*/, Time /*asked*/) {}
    /// A static member is known by its instance: it may come back under another member id.
    virtual void assigned(std::string const& /*group*/, std::int32_t /*generation*/,
                          std::string const& /*member*/, std::span<PartitionName const>) {}
    virtual void commit_acked(std::string const& /*group*/, PartitionName const&,
                              std::int64_t /*offset*/, Time) {}
    /// A commit without an answer: it may arrive at any later time, even behind newer ones.
    virtual void commit_unanswered(std::string const& /*group*/, PartitionName const&,
                                   std::int64_t /*offset*/) {}
    /// An offset that was asked for at `asked`; -1: none is committed.
    virtual void commit_read(std::string const& /*group*/, PartitionName const&,
                             std::int64_t /*offset*/, Time /*asked*/) {}

    // ---- what an auditor reads right after a restart, before any client -----------------
    /// The whole log of one partition.
    virtual void audited(ReadRecords const&) {}
    virtual void audited_topics(std::map<std::string, std::int32_t> const& /*partitions*/) {}

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

/// All of them, told everything.
class Checkers {
public:
    explicit Checkers(Violations& violations);
    /// `checkers.tell(&Checker::appended, position, digest);`
    template <class... P, class... A>
    void tell(void (Checker::*fact)(P...), A const&... args) {
        for (auto const& checker : all_) (checker.get()->*fact)(args...);
    }

private:
    std::vector<std::unique_ptr<Checker>> all_;
};

}  // namespace klamm::sim
