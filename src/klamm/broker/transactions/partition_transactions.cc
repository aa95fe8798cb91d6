#include "klamm/broker/transactions/partition_transactions.h"

#include "klamm/base/guard.h"

#include <algorithm>

namespace klamm::broker {

std::optional<std::int64_t> PartitionTransactions::first_offset(std::int64_t producer_id) const {
    auto const found = open_.find(producer_id);
    if (found == open_.end()) return std::nullopt;
    return found->second;
}

std::int64_t PartitionTransactions::last_stable(std::int64_t next_offset) const {
    if (by_first_.empty() || !guard(Guard::last_stable_waits)) return next_offset;
    return by_first_.begin()->first;
}

std::vector<AbortedTransaction> PartitionTransactions::aborted(std::int64_t from,
                                                               std::int64_t to) const {
    std::vector<AbortedTransaction> found;
    auto at = std::ranges::lower_bound(aborted_, from, {}, &AbortedTransaction::last_offset);
    for (; at != aborted_.end(); ++at) {
        if (at->first_offset < to) found.push_back(*at);
        if (at->stable_after >= to) break;  // all others begin behind it
    }
    std::ranges::sort(found, {}, &AbortedTransaction::first_offset);
    return found;
}

void PartitionTransactions::write(std::int64_t producer_id, std::int64_t offset) {
    if (open_.emplace(producer_id, offset).second) by_first_.emplace(offset, producer_id);
}

void PartitionTransactions::end(std::int64_t producer_id, bool committed, std::int64_t offset) {
    auto const found = open_.find(producer_id);
    if (found == open_.end()) return;  // it wrote nothing here
    auto const first = found->second;
    by_first_.erase(first);
    open_.erase(found);
    if (!committed) aborted_.push_back({producer_id, first, offset, last_stable(offset + 1)});
}

void PartitionTransactions::drop_before(std::int64_t log_start) {
    auto const kept =
        std::ranges::lower_bound(aborted_, log_start, {}, &AbortedTransaction::last_offset);
    aborted_.erase(aborted_.begin(), kept);
}

bool PartitionTransactions::restore_open(std::int64_t producer_id, std::int64_t first_offset) {
    return producer_id >= 0 && first_offset >= 0 &&
           open_.emplace(producer_id, first_offset).second &&
           by_first_.emplace(first_offset, producer_id).second;
}

bool PartitionTransactions::restore(AbortedTransaction const& aborted) {
    if (aborted.producer_id < 0 || aborted.first_offset < 0 ||
        aborted.last_offset <= aborted.first_offset)
        return false;
    if (!aborted_.empty() && aborted.last_offset <= aborted_.back().last_offset) return false;
    aborted_.push_back(aborted);
    return true;
}

}  // namespace klamm::broker
