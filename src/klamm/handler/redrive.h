// handler/redrive.h - sends dead letters back to where they were, or discards them.
//
//     orders-dlt/0   ██░█░█    one transaction:  the events, to orders, as they were, with
//                     │                          klamm_redrive… headers
//                     └──────────────────────▶   Progress of orders-dlt/0, as the group
//                                                klamm-dlq-orders-dlt
//
// Invariants:
//   1. A dead letter is redriven or discarded once, whatever happens in between: what was done is
//      in the same transaction. A second one at the same time fences the first (the transactional
//      id is that of the topic), and goes on where it was.
//   2. Dead letters of one key are sent in the order in which their events first were
//      (redrive_plan.h).
//   3. What fails again while others are still redriven is not sent again in the same run.
//
// Runs on one loop over any bus, like all of handler/.
#pragma once

#include "klamm/handler/redrive_plan.h"

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace klamm::handler {

struct RedriveOptions {
    std::string topic;  ///< of the dead letters
    RedriveRules rules;
    std::optional<std::int32_t> partition;  ///< of the dead letters; none: all
    /// Where to; empty: each to where it was. Elsewhere it is an event like any other, and for the
    /// group that waits for it, it is discarded.
    std::string to;
    std::string reason;           ///< of a discard: kept in the mark
    bool dry_run = false;         ///< everything but the transactions
    std::int64_t per_second = 0;  ///< 0: as fast as it goes
    std::uint64_t limit = UINT64_MAX;
    Duration transaction_timeout{30'000};
    std::string client_id = "klamm-dlq";
};

struct RedriveResult {
    std::uint64_t waiting = 0;   ///< in the partitions that were looked at so far
    std::uint64_t planned = 0;   ///< of these, what will be sent
    std::uint64_t redriven = 0;  ///< or discarded; with those that went along
    std::uint64_t along = 0;     ///< waited behind one that was selected
    std::uint64_t bare = 0;      ///< of these, without original headers: the record is gone
    std::uint64_t transactions = 0;
    std::map<Stays, std::uint64_t> stay;
    /// Which, for people: at most stays_shown_max.
    std::vector<std::pair<Position, Stays>> stays_shown;
    static constexpr std::size_t stays_shown_max = 100;
    std::uint64_t not_found = 0;  ///< positions that were asked for, where nothing waits
    bool stopped = false;         ///< because the observer said so

    std::uint64_t stayed() const;
};
std::string_view to_string(Stays why);  ///< "earlier ones of its key stay"

/// How large its transactions are.
inline constexpr std::size_t redrive_letters_max = 500;
inline constexpr std::size_t redrive_bytes_max = 4 * 1024 * 1024;

struct RedriveObserver {
    virtual ~RedriveObserver() = default;
    /// One that is sent, or would be in a dry run. Before the transaction.
    virtual void sends(StoredDeadLetter const& /*letter*/, bus::Outgoing const& /*record*/) {}
    /// After each transaction. False: that is enough.
    virtual bool goes_on(RedriveResult const& /*so_far*/) { return true; }
};

/// The error says what kept it; what was done before is done, and the observer knows how much. All
/// references live longer.
void redrive(bus::Loop& loop, bus::Bus& bus, RedriveOptions options, RedriveObserver& observer,
             bus::Done<RedriveResult> done);

}  // namespace klamm::handler
