#include "klamm/handler/engine/partition.h"

#include "klamm/base/ensure.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace klamm::handler {

namespace {

constexpr std::string_view state_prefix = "s/";

std::string_view text(Slice const& slice) {
    return {reinterpret_cast<char const*>(slice.data()), slice.size()};
}

Bytes bytes_of(std::string_view text) {
    auto const bytes = std::as_bytes(std::span{text});
    return {bytes.begin(), bytes.end()};
}

Message message_of(bus::Record& record, std::optional<Slice> const& key,
                   std::optional<Slice> const& value) {
    Message message;
    message.position = {std::move(record.partition.topic), record.partition.partition,
                        record.offset};
    message.timestamp = Time{milliseconds{record.timestamp_ms}};
    if (key) message.key = text(*key);
    if (value) message.value = text(*value);
    message.headers = std::move(record.headers);
    return message;
}

}  // namespace

Event::Event(bus::Record record, Route const& route)
    : key(std::move(record.key)),
      value(std::move(record.value)),
      incoming(read_message(message_of(record, key, value))) {
    auto const& headers = message().headers;
    if (find_header(headers, redrive_header))
        if (auto read = read_redrive(headers))
            redrive = std::make_unique<Redrive const>(*std::move(read));
    if (redrive && redrive->discard) {  // the record's key is only that of the mark
        key.reset();
        if (redrive->key) key.emplace(bytes_of(*redrive->key));
        incoming.message.key.reset();
        if (key) incoming.message.key = text(*key);
    }
    auto const& event = message().event;
    if (find_header(headers, "ce_id") == event.id &&
        event.source.size() + event.id.size() <= Ledger::id_bytes_max)
        done_key = Ledger::done_key(event.source, event.id);
    if (message().value) handler = route.find(message().event.type);
}

void Partition::apply(std::vector<Ledger::Change> const& changes) {
    for (auto const& [key, value] : changes) {
        ledger.put(key, value);
        if (value && key.starts_with(state_prefix))
            state_types.insert(
                key.substr(state_prefix.size(), key.find('\0') - state_prefix.size()));
    }
}

Lane& Partition::lane_of(Event const& event) {
    name_.clear();
    if (auto const key = event.key_in_order(); key && !route_.in_partition_order) {
        name_.append(1, 'k').append(*key);
    } else if (!route_.in_partition_order) {
        auto const offset = event.offset();
        name_.append(1 + sizeof offset, 'o');
        std::memcpy(name_.data() + 1, &offset, sizeof offset);
    }
    auto found = lanes.find(std::string_view(name_));
    if (found == lanes.end() && !spare_lanes_.empty()) {
        auto spare = std::move(spare_lanes_.back());
        spare_lanes_.pop_back();
        spare.key() = name_;
        found = lanes.insert(std::move(spare)).position;
    } else if (found == lanes.end()) {
        found = lanes.try_emplace(name_).first;
        found->second.name = &found->first;
    }
    return found->second;
}

void Partition::close(Lane& lane) {
    auto spare = lanes.extract(lanes.find(std::string_view(*lane.name)));
    if (spare_lanes_.size() < spare_lanes_max) spare_lanes_.push_back(std::move(spare));
}

void Partition::pass(std::int64_t offset) {
    auto& progress = checkpoint.progress;
    bool const last_is_open =
        !window.empty() && window.back().next == next && !progress.finished(window.back().offset);
    if (last_is_open)
        window.back().next = offset;
    else
        progress.finish(next, offset);
    next = offset;
}

bool Partition::fetched(std::int64_t offset) {
    // What lies between has been compacted, or is the end of a transaction.
    if (offset > next) pass(offset);
    next = offset + 1;
    if (checkpoint.progress.finished(offset)) return false;
    window.push_back({offset, next});
    return true;
}

void Partition::finish(std::int64_t offset) {
    auto const entry = std::ranges::lower_bound(window, offset, {}, &Fetched::offset);
    ensure(entry != window.end() && entry->offset == offset);
    checkpoint.progress.finish(offset, entry->next);
    while (!window.empty() && checkpoint.progress.finished(window.front().offset))
        window.pop_front();
}

}  // namespace klamm::handler
