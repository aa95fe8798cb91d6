#include "klamm/handler/delayed.h"

#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"
#include "klamm/json/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <vector>

namespace klamm::handler {
namespace {

constexpr std::string_view delayed_prefix = "d/";

json::Value bytes_value(std::optional<std::string> const& bytes) {
    if (!bytes) return {};
    if (is_utf8(*bytes)) return {*bytes};
    json::Value encoded(json::Object{});
    encoded.set("base64", base64_encoded(*bytes));
    return encoded;
}

/// False: it is no text, no {"base64": …} and not null.
bool read_bytes(json::Value const* from, std::optional<std::string>& bytes) {
    bytes.reset();
    if (from == nullptr || from->is_null()) return true;
    if (from->is_string()) {
        bytes = from->string();
        return true;
    }
    auto const* const encoded = from->find_string("base64");
    if (encoded != nullptr) bytes = base64_decoded(*encoded);
    return bytes.has_value();
}

std::expected<Headers, std::string> read_headers(json::Array const& from) {
    Headers headers;
    for (auto const& pair : from) {
        std::optional<std::string> name;
        std::optional<std::string> value;
        if (!pair.is_array() || pair.array().size() != 2 || !read_bytes(&pair.array()[0], name) ||
            !name || !read_bytes(&pair.array()[1], value))
            return std::unexpected("a header is no pair of name and value");
        headers.push_back({std::move(*name), std::move(value)});
    }
    return headers;
}

}  // namespace

std::string write_delayed(bus::Outgoing const& event) {
    json::Value line(json::Object{});
    line.set("topic", bytes_value(event.topic));
    if (event.partition) line.set("partition", *event.partition);
    if (event.key) line.set("key", bytes_value(event.key));
    json::Array headers;
    for (auto const& header : event.all_headers())
        headers.push_back(json::Array{bytes_value(header.name), bytes_value(header.value)});
    line.set("headers", std::move(headers));
    line.set("value", event.value.has_value());
    return fmt::format("{}\n{}", json::print(line), event.value.value_or(""));
}

std::expected<bus::Outgoing, std::string> read_delayed(std::string_view entry) {
    auto const end = entry.find('\n');
    if (end == std::string_view::npos) return std::unexpected("its first line has no end");
    auto const line = json::parse(entry.substr(0, end));
    if (!line) return std::unexpected(line.error().why);
    std::optional<std::string> topic;
    auto const* const headers = line->find_array("headers");
    auto const has_value = line->find_bool("value");
    if (!read_bytes(line->find("topic"), topic) || !topic || topic->empty() || headers == nullptr ||
        !has_value)
        return std::unexpected("its first line does not name topic, headers and value");
    bus::Outgoing event{.topic = std::move(*topic)};
    if (auto const* const partition = line->find("partition")) {
        auto const number = partition->as_int64();
        if (!number || *number < 0 || *number > std::numeric_limits<std::int32_t>::max())
            return std::unexpected("its partition is no number");
        event.partition = static_cast<std::int32_t>(*number);
    }
    if (!read_bytes(line->find("key"), event.key)) return std::unexpected("its key is no text");
    auto read = read_headers(*headers);
    if (!read) return std::unexpected(read.error());
    event.headers = std::move(*read);
    if (*has_value)
        event.value = std::string(entry.substr(end + 1));
    else if (end + 1 != entry.size())
        return std::unexpected("a tombstone has a value");
    return event;
}

DelayedEvents::DelayedEvents(bus::Loop& loop, Send send, Unreadable unreadable)
    : loop_(loop), send_(std::move(send)), unreadable_(std::move(unreadable)) {}

void DelayedEvents::look(bus::TopicPartition const& partition, Ledger& ledger) {
    ledgers_.insert_or_assign(partition, &ledger);
    arm();
}

void DelayedEvents::forget(bus::TopicPartition const& partition) { ledgers_.erase(partition); }

void DelayedEvents::stop() { stopped_ = true; }

std::size_t DelayedEvents::waiting() const {
    std::size_t count = 0;
    for (auto const& [partition, ledger] : ledgers_) count += ledger->count(delayed_prefix);
    return count;
}

std::optional<std::int64_t> DelayedEvents::next_due_ms() const {
    std::optional<std::int64_t> next;
    for (auto const& [partition, ledger] : ledgers_)
        if (auto const first = ledger->first(delayed_prefix)) {
            auto const due = Ledger::due_of(first->first).value_or(0);
            next = std::min(next.value_or(due), due);
        }
    return next;
}

void DelayedEvents::arm() {
    auto const due = next_due_ms();
    if (!due || stopped_) return;
    auto const now = loop_.now();
    auto const delay =
        std::min(Duration(std::max<std::int64_t>(*due - now.wall_ms, 0)), look_again);
    if (armed_ && *armed_ <= now.instant + delay) return;
    armed_ = now.instant + delay;
    loop_.after(delay, alive_.guard([this, at = *armed_] {
        if (armed_ != at) return;  // an earlier timer took its place
        armed_.reset();
        turn();
    }));
}

void DelayedEvents::turn() {
    if (stopped_) return;
    auto room = per_turn_max;
    // A copy: to send may change which partitions there are.
    for (auto const& [partition, ledger] : std::map(ledgers_))
        while (room > 0 && ledgers_.contains(partition) && take_due(partition, *ledger, room)) {}
    arm();
}

bool DelayedEvents::take_due(bus::TopicPartition const& partition, Ledger& ledger, int& room) {
    auto const first = ledger.first(delayed_prefix);
    if (!first) return false;
    auto const due = Ledger::due_of(first->first);
    if (due && *due > loop_.now().wall_ms) return false;
    --room;
    std::string const key(first->first);
    auto event = read_delayed(first->second);
    ledger.put(key, std::nullopt);
    if (event) {
        send_({partition, std::move(*event), {key, std::nullopt}});
        return true;
    }
    // It stays in the topic of the ledger, for people; only this instance forgets it.
    unreadable_(partition,
                fmt::format("delayed event {} cannot be read, and stays: {}", key, event.error()));
    return true;
}

}  // namespace klamm::handler
