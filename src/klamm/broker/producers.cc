#include "klamm/broker/producers.h"

#include <limits>

namespace klamm::broker {
namespace {

constexpr std::int64_t sequences = std::int64_t{std::numeric_limits<std::int32_t>::max()} + 1;

}  // namespace

std::int32_t last_sequence(std::int32_t first, std::int32_t last_offset_delta) {
    return std::int32_t((std::int64_t{first} + last_offset_delta) % sequences);
}

bool follows(std::int32_t last, std::int32_t next) {
    return next == std::int32_t((std::int64_t{last} + 1) % sequences);
}

Producer const* Producers::find(PartitionKey partition, std::int64_t id,
                                std::int64_t wall_ms) const {
    auto const found = by_key_.find({partition, id});
    if (found == by_key_.end() || expired(*found->second, wall_ms)) return nullptr;
    return &*found->second;
}

std::vector<Producer const*> Producers::of(PartitionKey partition, std::int64_t wall_ms) const {
    std::vector<Producer const*> all;
    auto at = by_key_.lower_bound({partition, std::numeric_limits<std::int64_t>::min()});
    for (; at != by_key_.end() && at->first.first == partition; ++at) {
        if (!expired(*at->second, wall_ms)) all.push_back(&*at->second);
    }
    return all;
}

/// The producer, made when it is new; behind the others, unless it is pinned.
std::list<Producer>::iterator Producers::at_the_end(Key const& key) {
    auto const [at, added] = by_key_.try_emplace(key);
    if (added) {
        at->second = by_age_.insert(by_age_.end(), Producer{});
        at->second->partition = key.first;
        at->second->id = key.second;
    } else if (!at->second->pinned) {
        by_age_.splice(by_age_.end(), by_age_, at->second);
    }
    return at->second;
}

void Producers::appended(PartitionKey partition, records::BatchInfo const& batch,
                         std::int64_t wall_ms) {
    while (!by_age_.empty() && expired(by_age_.front(), wall_ms)) drop_oldest();
    if (batch.producer_id < 0) return;
    auto& producer = *at_the_end({partition, batch.producer_id});
    if (producer.epoch != batch.producer_epoch) producer.batches.clear();
    producer.epoch = batch.producer_epoch;
    producer.last_appended_ms = wall_ms;
    producer.last_timestamp = batch.max_timestamp;
    if (producer.batches.size() == Producer::batches_max)
        producer.batches.erase(producer.batches.begin());
    producer.batches.push_back(
        {batch.base_sequence, last_sequence(batch.base_sequence, batch.last_offset_delta),
         batch.base_offset, batch.log_append_time() ? batch.max_timestamp : -1});
    if (batch.transactional()) pin(partition, batch.producer_id);
    if (size() > limits_.count_max) drop_oldest();
}

bool Producers::pin(PartitionKey partition, std::int64_t id) {
    auto const found = by_key_.find({partition, id});
    if (found == by_key_.end()) return false;
    if (!found->second->pinned) pinned_.splice(pinned_.end(), by_age_, found->second);
    found->second->pinned = true;
    return true;
}

void Producers::ended(PartitionKey partition, records::BatchInfo const& marker,
                      std::int64_t wall_ms) {
    auto const at = at_the_end({partition, marker.producer_id});
    auto& producer = *at;
    if (producer.pinned) by_age_.splice(by_age_.end(), pinned_, at);
    producer.pinned = false;
    if (producer.epoch != marker.producer_epoch) producer.batches.clear();
    producer.epoch = marker.producer_epoch;
    producer.last_appended_ms = wall_ms;
    producer.last_timestamp = marker.max_timestamp;
    if (size() > limits_.count_max) drop_oldest();
}

std::vector<Producer const*> Producers::all() const {
    std::vector<Producer const*> list;
    list.reserve(size());
    for (auto const& producer : by_age_) list.push_back(&producer);
    if (pinned_.empty()) return list;
    for (auto const& [key, at] : by_key_) {
        if (at->pinned) list.push_back(&*at);
    }
    return list;
}

void Producers::drop_oldest() {
    if (by_age_.empty()) return;  // all are pinned: transactions have limits of their own
    by_key_.erase({by_age_.front().partition, by_age_.front().id});
    by_age_.pop_front();
}

void Producers::forget(PartitionKey partition) {
    auto at = by_key_.lower_bound({partition, std::numeric_limits<std::int64_t>::min()});
    while (at != by_key_.end() && at->first.first == partition) {
        (at->second->pinned ? pinned_ : by_age_).erase(at->second);
        at = by_key_.erase(at);
    }
}

bool Producers::restore(Producer producer) {
    if (producer.id < 0 || producer.pinned) return false;
    if (producer.batches.size() > Producer::batches_max) return false;
    auto const [at, added] = by_key_.try_emplace({producer.partition, producer.id});
    if (!added) return false;
    at->second = by_age_.insert(by_age_.end(), std::move(producer));
    return true;
}

}  // namespace klamm::broker
