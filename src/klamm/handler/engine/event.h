// handler/engine/event.h - an event from the fetch to the commit: where it waits, and what came of
// it.
#pragma once

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/dead_letter.h"
#include "klamm/handler/engine/routes.h"
#include "klamm/handler/ledger.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace klamm::handler {

/// A record that was fetched. Handlers look into it on their threads; nothing of it changes then.
struct Event {
    Event(bus::Record record, Route const& route);
    Event(Event const&) = delete;
    Event& operator=(Event const&) = delete;

    std::optional<Slice> key;
    std::optional<Slice> value;
    Incoming incoming;                       ///< views of `key` and `value`
    Handler const* handler = nullptr;        ///< null: nobody wants it
    std::unique_ptr<Redrive const> redrive;  ///< null, for nearly all
    /// By which the ledger remembers it. Empty: it has no id of its own, or too long a one.
    std::string done_key;
    std::int32_t attempts = 0;  ///< runs that have begun
    std::optional<Instant> running_since;
    std::shared_ptr<void const> decoded;

    Message const& message() const { return incoming.message; }
    std::int64_t offset() const { return incoming.message.position.offset; }
    /// Where it stands in the order of its key: of a redriven event where it was first.
    std::int64_t place() const {
        return redrive && redrive->original ? redrive->original->offset : offset();
    }
    /// The key whose order it is in; of the mark of a discarded event that of the event.
    std::optional<std::string_view> key_in_order() const {
        if (redrive && redrive->discard) return redrive->key;
        return message().key;
    }
    std::size_t bytes() const { return (key ? key->size() : 0) + (value ? value->size() : 0); }
};

/// First in, first out; most have one or two.
class EventQueue {
public:
    bool empty() const { return first_ == events_.size(); }
    std::size_t size() const { return events_.size() - first_; }
    std::shared_ptr<Event> const& front() const { return events_[first_]; }
    std::shared_ptr<Event> const& operator[](std::size_t n) const { return events_[first_ + n]; }
    auto begin() const { return events_.begin() + static_cast<std::ptrdiff_t>(first_); }
    auto end() const { return events_.end(); }
    void push_back(std::shared_ptr<Event> event) { events_.push_back(std::move(event)); }
    void pop_front() {
        events_[first_++].reset();
        if (first_ * 2 < events_.size()) return;
        events_.erase(events_.begin(), begin());
        first_ = 0;
    }

private:
    std::vector<std::shared_ptr<Event>> events_;
    std::size_t first_ = 0;
};

/// The events of one key, one after the other. Busy: the first is at work, or waits for its next
/// try or for its turn.
struct Lane {
    std::string const* name = nullptr;  ///< in Partition::lanes
    EventQueue events;
    bool busy = false;
};

/// What came of an event, or of something that came due: all of it goes into one transaction.
struct Result {
    enum class Kind : std::uint8_t {
        done,
        skipped,
        unknown,
        duplicate,
        dead_letter,
        parked,
        passed_over,  ///< a redriven event that is meant for another group
        discarded,    ///< a dead letter was given up
        due,          ///< no event: one whose time has come
    };
    Kind kind{};
    std::string outcome;                 ///< for the observer: "done", "dead_letter: CardRefused"
    std::optional<std::int64_t> offset;  ///< none: no event is over with it
    std::string lane;                    ///< results of one lane are committed in their order
    std::vector<bus::Outgoing> records;
    std::vector<Ledger::Change> changes;  ///< which Partition::ledger has already
    std::uint32_t sent = 0;
    bool redriven = false;
};

}  // namespace klamm::handler
