// klamm/context.h - what a handler may do besides returning an outcome.
//
// Nothing is sent while the handler runs. What it gives to the context is collected, and leaves in
// the transaction in which the event's offset is committed, if the outcome is done. So the same
// handler works exactly once, in a test and in a replay.
#pragma once

#include "klamm/event.h"
#include "klamm/message.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm {

struct SendOptions {
    std::optional<std::string> key;         ///< none: the key of the event that is handled
    std::optional<std::int32_t> partition;  ///< none: by the key, as Kafka's clients choose it
    Headers headers;
    std::string subject;  ///< CloudEvents
    /// The event becomes visible in its topic not before so much time has passed. It is kept
    /// durably until then.
    milliseconds delay{0};
};

class Context {
public:
    virtual ~Context() = default;
    Context(Context const&) = delete;
    Context& operator=(Context const&) = delete;

    virtual Message const& message() const = 0;
    /// 1 for the first try. Counted for each event, also over restarts of a redrive.
    virtual std::int32_t attempt() const = 0;
    virtual bool replaying() const = 0;  ///< see ReplayOptions
    virtual bool redriven() const = 0;   ///< the event was a dead letter before
    /// The time of this try; the simulated one in a simulation. Ask this, not a clock.
    virtual Time now() const = 0;
    /// Made from the event's id: the same in each try of the event.
    virtual std::uint64_t random() = 0;

    /// `source` and id are given: the id is made from that of the handled event, so that it is the
    /// same however often this is run.
    template <Event E>
    void send(std::string_view topic, E const& event, SendOptions options = {}) {
        send_event(topic, event_type<E>(), &event, std::move(options));
    }
    /// Answers a request (Running::request). Without a request there is nobody to hear it: nothing.
    template <Event E>
    void reply(E const& event) {
        reply_event(event_type<E>(), &event);
    }

    /// What this handler's App keeps about the key of the event: one value of each type, changed
    /// in the same transaction. Requires that the event has a key.
    template <Event S>
    std::optional<S> state() {
        auto const found = read_state(event_type<S>());
        if (!found) return std::nullopt;
        return *static_cast<S const*>(found.get());
    }
    template <Event S>
    void put_state(S const& value) {
        write_state(event_type<S>(), &value);
    }
    template <Event S>
    void erase_state() {
        write_state(event_type<S>(), nullptr);
    }

protected:
    Context() = default;

private:
    virtual void send_event(std::string_view topic, EventType const& type, void const* event,
                            SendOptions options) = 0;
    virtual void reply_event(EventType const& type, void const* event) = 0;
    virtual std::shared_ptr<void const> read_state(EventType const& type) = 0;
    virtual void write_state(EventType const& type, void const* value) = 0;  ///< null: erase
};

}  // namespace klamm
