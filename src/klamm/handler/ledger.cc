#include "klamm/handler/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace klamm::handler {
namespace {

constexpr std::string_view done_prefix = "i/";
constexpr std::string_view due_prefix = "d/";
constexpr std::size_t due_digits = 19;  // any int64, so that the order of keys is that of times

/// None: it is something else, or negative.
std::optional<std::int64_t> number(std::string_view text) {
    std::int64_t found = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), found);
    if (error != std::errc{} || end != text.data() + text.size() || found < 0) return std::nullopt;
    return found;
}

}  // namespace

void Ledger::restore(std::string_view key, std::optional<std::string_view> value) {
    if (value)
        put(std::string(key), std::string(*value));
    else
        put(std::string(key), std::nullopt);
}

std::optional<std::string_view> Ledger::find(std::string_view key) const {
    auto const found = entries_.find(key);
    if (found == entries_.end()) return std::nullopt;
    return found->second;
}

std::vector<std::pair<std::string, std::string>> Ledger::all(std::string_view prefix) const {
    std::vector<std::pair<std::string, std::string>> found;
    for (auto at = entries_.lower_bound(prefix);
         at != entries_.end() && at->first.starts_with(prefix); ++at)
        found.emplace_back(*at);
    return found;
}

std::optional<std::pair<std::string_view, std::string_view>> Ledger::first(
    std::string_view prefix) const {
    auto const at = entries_.lower_bound(prefix);
    if (at == entries_.end() || !at->first.starts_with(prefix)) return std::nullopt;
    return std::pair<std::string_view, std::string_view>{at->first, at->second};
}

std::size_t Ledger::count(std::string_view prefix) const {
    std::size_t found = 0;
    for (auto at = entries_.lower_bound(prefix);
         at != entries_.end() && at->first.starts_with(prefix); ++at)
        ++found;
    return found;
}

void Ledger::put(std::string key, std::optional<std::string> value) {
    if (!key.starts_with(done_prefix)) {
        if (value)
            entries_.insert_or_assign(std::move(key), std::move(*value));
        else
            entries_.erase(key);
        return;
    }
    auto const offset = value ? number(*value) : std::nullopt;
    if (offset)
        remember(std::move(key), *offset);
    else
        forget(key);
}

void Ledger::remember(std::string key, std::int64_t offset) {
    auto const [entry, fresh] = done_.try_emplace(std::move(key), offset);
    if (!fresh) {
        done_by_offset_.erase(place_of(*entry));
        entry->second = offset;
    }
    done_by_offset_.emplace_hint(done_by_offset_.end(), offset, &entry->first);
}

void Ledger::forget(std::string const& key) {
    auto const entry = done_.find(key);
    if (entry == done_.end()) return;
    done_by_offset_.erase(place_of(*entry));
    done_.erase(entry);
}

Ledger::Places::const_iterator Ledger::place_of(Done::value_type const& entry) const {
    auto at = done_by_offset_.lower_bound(entry.second);
    while (at->second != &entry.first) ++at;
    return at;
}

std::string Ledger::done_key(std::string_view source, std::string_view id) {
    std::string key;
    key.reserve(done_prefix.size() + source.size() + 1 + id.size());
    key.append(done_prefix).append(source).push_back('\0');
    return key.append(id);
}
std::string Ledger::parked_key(std::string_view key) { return fmt::format("p/{}", key); }
std::string Ledger::due_key(std::int64_t due_ms, std::string_view id) {
    return fmt::format("d/{:0{}}/{}", std::max<std::int64_t>(due_ms, 0), due_digits, id);
}
std::string Ledger::state_key(std::string_view type, std::string_view key) {
    return fmt::format("s/{}{}{}", type, '\0', key);
}

std::optional<std::int64_t> Ledger::due_of(std::string_view key) {
    auto const digits_end = due_prefix.size() + due_digits;
    if (!key.starts_with(due_prefix) || key.size() <= digits_end || key[digits_end] != '/')
        return std::nullopt;
    return number(key.substr(due_prefix.size(), due_digits));
}

std::optional<Ledger::Change> Ledger::remember_done(std::string_view source, std::string_view id,
                                                    std::int64_t offset) {
    if (source.size() + id.size() > id_bytes_max) return std::nullopt;
    return remember_done(done_key(source, id), offset);
}

std::optional<Ledger::Change> Ledger::remember_done(std::string key, std::int64_t offset) {
    if (auto const known = done_at(key); known && *known >= offset) return std::nullopt;
    remember(key, offset);
    return Change{std::move(key), fmt::format_int(offset).str()};
}

std::vector<Ledger::Change> Ledger::forget_done(std::int64_t offset, std::size_t limit) {
    std::vector<Change> tombstones;
    while (tombstones.size() < limit && !done_by_offset_.empty() &&
           done_by_offset_.begin()->first < offset) {
        auto forgotten = done_.extract(*done_by_offset_.begin()->second);
        done_by_offset_.erase(done_by_offset_.begin());
        tombstones.emplace_back(std::move(forgotten.key()), std::nullopt);
    }
    return tombstones;
}

std::optional<std::int64_t> Ledger::done_at(std::string_view source, std::string_view id) const {
    return done_at(done_key(source, id));
}

std::optional<std::int64_t> Ledger::done_at(std::string const& key) const {
    auto const found = done_.find(key);
    if (found == done_.end()) return std::nullopt;
    return found->second;
}

std::string ledger_topic(std::string_view app, std::string_view topic) {
    return fmt::format("{}-{}-ledger", app, topic);
}

}  // namespace klamm::handler
