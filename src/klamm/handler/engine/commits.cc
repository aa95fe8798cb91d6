#include "klamm/handler/engine/commits.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <unordered_set>

namespace klamm::handler {

namespace {

/// A transaction that is aborted so often in a row is given up with its membership.
constexpr std::int32_t aborted_max = 20;
/// What the records of one transaction hold, about.
constexpr std::size_t transaction_bytes_max = 16 * 1024 * 1024;
/// Ids that one transaction forgets for a partition.
constexpr std::size_t forget_max = 2'000;

std::size_t bytes_of(Result const& result) {
    std::size_t bytes = 0;
    for (auto const& record : result.records)
        bytes += (record.value ? record.value->size() : 0) + (record.key ? record.key->size() : 0);
    return bytes;
}

/// Lanes and entries of the ledger of results that are held back: later results that share one wait
/// behind them.
class Blocked {
public:
    bool has(Result const& result) const {
        if (names_.empty()) return false;
        return names_.contains("l" + result.lane) ||
               std::ranges::any_of(result.changes, [&](Ledger::Change const& change) {
                   return names_.contains("c" + change.first);
               });
    }
    void add(Result const& result) {
        names_.insert("l" + result.lane);
        for (auto const& change : result.changes) names_.insert("c" + change.first);
    }

private:
    std::unordered_set<std::string> names_;
};

/// Of changes of one entry only the last is written.
class LedgerRecords {
public:
    LedgerRecords(Partition const& partition, std::vector<bus::Outgoing>& records)
        : partition_(partition), records_(records) {}

    /// Requires that `change` is kept, and that its key is left as it is.
    void add(Ledger::Change& change) {
        if (change.first.starts_with("i/")) {  // each is written once
            write(std::move(change.first), std::move(change.second));
            return;
        }
        auto const [known, fresh] = places_.try_emplace(change.first, records_.size());
        if (fresh)
            write(change.first, std::move(change.second));
        else
            records_[known->second].value = std::move(change.second);
    }

private:
    void write(std::string key, std::optional<std::string> value) {
        records_.push_back({.topic = partition_.route().ledger,
                            .partition = partition_.id().partition,
                            .key = std::move(key),
                            .value = std::move(value)});
    }

    Partition const& partition_;
    std::vector<bus::Outgoing>& records_;
    std::unordered_map<std::string_view, std::size_t> places_;
};

/// Moves what results write out of them.
std::shared_ptr<std::vector<bus::Outgoing> const> written_by(Partition const& partition,
                                                             std::vector<Result>& results) {
    auto records = std::make_shared<std::vector<bus::Outgoing>>();
    std::size_t most = 0;
    for (auto const& result : results) most += result.records.size() + result.changes.size();
    records->reserve(most);
    LedgerRecords ledger(partition, *records);
    for (auto& result : results) {
        for (auto& record : std::exchange(result.records, {}))
            records->push_back(std::move(record));
        for (auto& change : result.changes) ledger.add(change);
    }
    return records;
}

}  // namespace

void Commits::begin(bus::Producer& producer, bus::Consumer& consumer) {
    producer_ = &producer;
    consumer_ = &consumer;
    began_ = core_.parts.loop.now().instant - core_.app.options().commit_interval;
}

void Commits::add(Partition& partition, Result result) {
    partition.held_back = 0;
    partition.results.push_back(std::move(result));
    ++waiting_;
    plan();
}

void Commits::hurry() {
    hurry_ = true;
    plan();
}

void Commits::dropped(Partition& partition) {
    waiting_ -= partition.results.size();
    partition.results.clear();
    partition.written.reset();
    partition.in_flight.clear();  // if it can still be committed, the bus and the group decide
}

void Commits::plan() {
    if (in_flight_ || waiting_ == 0 || over_) return;
    auto const& options = core_.app.options();
    auto const now = core_.parts.loop.now().instant;
    bool const at_once = hurry_ || now >= began_ + options.commit_interval ||
                         waiting_ >= static_cast<std::size_t>(options.commit_events_max);
    if (planned_ && !at_once) return;
    if (at_once) {
        if (posted_) return;
        posted_ = true;
        core_.parts.loop.post(alive_.guard([this] {
            posted_ = false;
            commit();
        }));
        return;
    }
    planned_ = true;
    core_.parts.loop.after(began_ + options.commit_interval - now, alive_.guard([this] {
        planned_ = false;
        commit();
    }));
}

void Commits::commit() {
    if (in_flight_ || over_) return;
    auto const most = static_cast<std::size_t>(std::max(core_.app.options().commit_events_max, 1));
    Room room{core_.alone > 0 ? 1 : most, transaction_bytes_max};
    auto const first = partitions_.upper_bound(last_);
    for (auto at = first; at != partitions_.end(); ++at) take(*at->second, room);
    for (auto at = partitions_.begin(); at != first; ++at) take(*at->second, room);
    if (waiting_ == 0) hurry_ = false;
    in_flight_ = std::ranges::any_of(
        partitions_, [](auto const& entry) { return !entry.second->in_flight.empty(); });
    if (!in_flight_) return;
    began_ = core_.parts.loop.now().instant;
    send();
}

void Commits::take(Partition& partition, Room& room) {
    if (room.results == 0 || room.bytes == 0 || partition.results.empty()) return;
    auto& results = partition.results;
    Blocked blocked;
    std::deque<Result> held;
    bool changes = false;
    partition.in_flight.reserve(std::min(room.results, results.size()));
    for (; room.results > 0 && room.bytes > 0 && !results.empty(); results.pop_front()) {
        auto& result = results.front();
        if (blocked.has(result) || (result.offset && !partition.fits(*result.offset))) {
            blocked.add(result);
            held.push_back(std::move(result));
            continue;
        }
        if (result.offset) partition.finish(*result.offset);
        changes |= !result.changes.empty();
        room.bytes -= std::min(room.bytes, bytes_of(result));
        --room.results;
        partition.in_flight.push_back(std::move(result));
        --waiting_;
    }
    last_ = partition.id();
    partition.held_back = results.empty() ? held.size() : 0;
    results.insert(results.begin(), std::move_iterator(held.begin()),
                   std::move_iterator(held.end()));
    if (partition.in_flight.empty()) return;
    note(partition, changes);
    partition.written = written_by(partition, partition.in_flight);
}

/// What the ledger says besides the changes of results: what it forgets, and how old it is.
void Commits::note(Partition& partition, bool changes) const {
    auto& last = partition.in_flight.back().changes;
    auto const remember = core_.app.options().deduplicate_last;
    auto forgotten =
        partition.ledger.forget_done(partition.checkpoint.progress.offset() - remember, forget_max);
    if (!changes && forgotten.empty()) return;
    std::ranges::move(forgotten, std::back_inserter(last));
    ++partition.checkpoint.ledger_version;
    last.emplace_back(ledger_checkpoint_key, partition.checkpoint.write_entry());
}

bus::Transaction Commits::transaction() const {
    bus::Transaction transaction;
    transaction.consumer = consumer_;
    for (auto const& [id, partition] : partitions_) {
        if (partition->in_flight.empty()) continue;
        if (!partition->written->empty()) transaction.shared.push_back(partition->written);
        transaction.offsets[id] = partition->checkpoint.write();
    }
    return transaction;
}

void Commits::send() {
    auto whole = transaction();
    if (whole.offsets.empty()) {  // their partitions have gone
        in_flight_ = false;
        plan();
        return;
    }
    auto const end = [this](bus::Result<void> result) { ended(std::move(result)); };
    if (!core_.mutated(Mutation::commit_before_send) || whole.shared.empty()) {
        producer_->commit(std::move(whole), alive_.guard(end));
        return;
    }
    // Mutant: what a client does that commits and sends by itself.
    whole.own_records();
    bus::Transaction offsets{.offsets = std::move(whole.offsets), .consumer = consumer_};
    std::erase_if(whole.records, [&](bus::Outgoing& record) {  // without it nobody could go on
        bool const ledger = record.topic.ends_with("-ledger");
        if (ledger) offsets.records.push_back(std::move(record));
        return ledger;
    });
    whole.offsets.clear();
    whole.consumer = nullptr;
    auto then = [this, end, rest = std::move(whole)](bus::Result<void> result) mutable {
        if (!result) return end(std::move(result));
        producer_->commit(std::move(rest), alive_.guard(end));
    };
    producer_->commit(std::move(offsets), alive_.guard(std::move(then)));
}

void Commits::ended(bus::Result<void> result) {
    if (!result) {
        ++core_.counts.transactions_failed;
        return failed(result.error());
    }
    ++core_.counts.transactions;
    if (core_.alone > 0) --core_.alone;
    aborted_ = 0;
    in_flight_ = false;
    std::vector<std::shared_ptr<Partition>> committed;
    for (auto const& [id, partition] : partitions_) {
        if (partition->in_flight.empty()) continue;
        partition->written.reset();
        for (auto const& event : std::exchange(partition->in_flight, {})) count(*partition, event);
        committed.push_back(partition);
    }
    for (auto const& partition : committed) hooks_.committed(*partition);
    plan();
}

void Commits::failed(bus::Error const& error) {
    using Kind = bus::Error::Kind;
    bool const nothing_counts = error.kind == Kind::aborted || error.kind == Kind::away;
    if (!nothing_counts || aborted_ >= aborted_max) {
        over_ = true;
        if (error.kind == Kind::refused) refused(error);
        hooks_.broken(error);
        return;
    }
    core_.parts.observer.log(
        fmt::format("A transaction was aborted and is tried again: {}", error.why));
    auto const pause = Core::backoff(aborted_);
    if (error.kind == Kind::aborted) ++aborted_;
    core_.parts.loop.after(pause, alive_.guard([this] { send(); }));
}

void Commits::refused(bus::Error const& error) {
    std::size_t results = 0;
    std::optional<Position> position;
    std::string due;
    for (auto const& [id, partition] : partitions_) {
        results += partition->in_flight.size();
        for (auto const& result : partition->in_flight) {
            if (result.offset) position = {id.topic, id.partition, *result.offset};
            if (result.kind == Result::Kind::due) due = result.lane;
        }
    }
    if (results > 1)
        core_.alone = results;
    else if (position)
        core_.refused[*position] = error.why;
    else if (!due.empty())
        core_.refused_due[due] = error.why;
}

void Commits::count(Partition const& partition, Result const& result) {
    auto& counts = core_.counts;
    counts.sent += result.sent;
    using Kind = Result::Kind;
    switch (result.kind) {
        case Kind::done:
            ++counts.done;
            break;
        case Kind::skipped:
            ++counts.skipped;
            break;
        case Kind::unknown:
            ++counts.unknown;
            break;
        case Kind::duplicate:
            ++counts.duplicates;
            break;
        case Kind::dead_letter:
            ++counts.dead_letters;
            break;
        case Kind::parked:
            ++counts.parked;
            break;
        case Kind::passed_over:
        case Kind::discarded:
        case Kind::due:
            break;
    }
    if (!result.offset) return;
    if (result.kind != Kind::passed_over) ++counts.handled;
    if (result.redriven) ++counts.redriven;
    Position const position{partition.id().topic, partition.id().partition, *result.offset};
    if (!core_.refused.empty()) core_.refused.erase(position);
    core_.parts.observer.committed(position, result.outcome);
}

}  // namespace klamm::handler
