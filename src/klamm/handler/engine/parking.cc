#include "klamm/handler/engine/parking.h"

#include "klamm/json/value.h"

#include <algorithm>

namespace klamm::handler {

namespace {

constexpr std::string_view prefix = "p/";
/// The entry of the whole partition; no key begins like this.
constexpr std::string_view partition_entry = "P/";

std::optional<std::string> key_of(Event const& event) {
    auto const key = event.key_in_order();
    if (!key) return std::nullopt;
    return std::string(*key);
}

std::string print(Parked const& parked) {
    json::Value value;
    value.set("offset", parked.since);
    if (parked.failed) value.set("failed", *parked.failed);
    value.set("waiting", parked.waiting);
    return json::print(value);
}

/// What it does not say has its default: an entry is never ignored.
Parked parse(std::string_view text) {
    Parked parked{.since = 0, .failed = std::nullopt, .waiting = 1};
    auto const value = json::parse(text);
    if (!value) return parked;
    auto const number = [&](char const* name) -> std::optional<std::int64_t> {
        auto const* const member = value->find(name);
        return member != nullptr ? member->as_int64() : std::nullopt;
    };
    parked.since = number("offset").value_or(0);
    parked.failed = number("failed");
    parked.waiting = number("waiting").value_or(1);
    return parked;
}

}  // namespace

void Parking::restore(Ledger const& ledger) {
    parked_.clear();
    for (auto const& [key, value] : ledger.all(prefix))
        parked_[key.substr(prefix.size())] = parse(value);
    for (auto const& [key, value] : ledger.all(partition_entry))
        parked_[std::nullopt] = parse(value);
}

std::optional<Behind> Parking::waits_behind(Event const& event) const {
    if (parked_.empty()) return std::nullopt;
    auto const waits = [&](auto const& entry) -> std::optional<Behind> {
        auto const& [key, parked] = entry;
        auto const park = key ? Park::key : Park::partition;
        if (!event.redrive && event.offset() > parked.since) return Behind{park, parked.since};
        if (event.redrive && parked.failed && event.place() > *parked.failed)
            return Behind{park, *parked.failed};
        return std::nullopt;
    };
    if (auto const whole = parked_.find(std::nullopt); whole != parked_.end())
        if (auto const behind = waits(*whole)) return behind;
    if (!event.key_in_order()) return std::nullopt;
    auto const own = parked_.find(key_of(event));
    return own == parked_.end() ? std::nullopt : waits(*own);
}

Parking::Entry Parking::entry_of(Event const& event) {
    auto const whole = parked_.find(std::nullopt);
    if (whole != parked_.end() && event.place() >= whole->second.since) return whole;
    if (!event.key_in_order()) return parked_.end();
    auto const own = parked_.find(key_of(event));
    if (own == parked_.end() || event.place() < own->second.since) return parked_.end();
    return own;
}

void Parking::joined(Event const& event, Changes& changes) {
    if (event.redrive) return;  // it was counted when it left the first time
    auto const entry = entry_of(event);
    if (entry == parked_.end()) return;
    ++entry->second.waiting;
    write(entry, changes);
}

void Parking::failed(Event const& event, Park park, Changes& changes) {
    auto entry = entry_of(event);
    bool const counted = entry != parked_.end() && event.redrive;
    if (entry == parked_.end()) {
        if (park == Park::none || (park == Park::key && !event.key_in_order())) return;
        auto const key = park == Park::partition ? std::nullopt : key_of(event);
        entry = parked_.try_emplace(key, Parked{.since = event.place()}).first;
        entry->second.since = std::min(entry->second.since, event.place());
    }
    auto& parked = entry->second;
    if (!counted) ++parked.waiting;
    parked.failed = std::min(parked.failed.value_or(event.place()), event.place());
    write(entry, changes);
}

void Parking::over(Event const& event, Changes& changes) {
    if (!event.redrive) return;
    auto const entry = entry_of(event);
    if (entry == parked_.end()) return;
    auto& parked = entry->second;
    --parked.waiting;
    if (parked.failed == event.place()) parked.failed.reset();
    write(entry, changes);
}

void Parking::write(Entry entry, Changes& changes) {
    auto const& [key, parked] = *entry;
    auto name = key ? Ledger::parked_key(*key) : std::string(partition_entry);
    if (parked.waiting > 0) {
        changes.emplace_back(std::move(name), print(parked));
    } else {
        changes.emplace_back(std::move(name), std::nullopt);
        parked_.erase(entry);
    }
}

}  // namespace klamm::handler
