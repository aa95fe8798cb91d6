// handler/engine/event.h - an event from the fetch to the commit: where it waits, and what came of
// it.
#pragma once

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/dead_letter.h"
#include "klamm/handler/engine/routes.h"
#include "klamm/handler/ledger.h"

#include <cstdint>
#include <deque>
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
    Incoming incoming;                 ///< views of `key` and `value`
    Handler const* handler = nullptr;  ///< null: nobody wants it
    std::optional<Redrive> redrive;
    bool has_id = false;        ///< its own; else one that is made of its position
    std::int32_t attempts = 0;  ///< runs that have begun
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

/// The events of one key, one after the other. Busy: the first is at work, or waits for its next
/// try or for its turn.
struct Lane {
    std::string name;
    std::deque<std::shared_ptr<Event>> events;
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
