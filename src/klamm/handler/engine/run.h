// handler/engine/run.h - one try of one event: the context that the handler gets, and what it said.
//
// The loop makes it, a worker calls it, the loop looks at what came of it. So it has all it needs,
// and touches nothing else; only Codecs::encode is shared. The engine may be gone when it ends.
#pragma once

#include "klamm/base/random.h"
#include "klamm/handler/cloud_event.h"
#include "klamm/handler/engine/core.h"
#include "klamm/handler/engine/event.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace klamm::handler {

/// Something that was given to the context.
struct Send {
    EventType const* type = nullptr;
    bus::Outgoing record;
    SendContext::Id ce_id{};
    Duration delay{0};
    bool is_reply = false;

    std::string_view id() const { return {ce_id.data(), ce_id.size()}; }
};

class Run final : public Context {
public:
    /// The state of the event's key, as JSON, by the names of the types.
    using State = std::map<std::string, std::string, std::less<>>;

    Run(Core const& core, std::shared_ptr<Event> event, State state);

    /// Calls the handler. What it throws becomes an outcome.
    void call();

    Outcome outcome;  ///< after call()
    std::vector<Send> sends;
    std::map<std::string, std::optional<std::string>> state_changes;  ///< by type; none: erased

    Event& event() { return *event_; }

    Message const& message() const override { return event_->message(); }
    std::int32_t attempt() const override { return attempt_; }
    bool replaying() const override { return replaying_; }
    bool redriven() const override { return event_->redrive != nullptr; }
    Time now() const override { return now_; }
    std::uint64_t random() override { return random_.next(); }

private:
    void send_event(std::string_view topic, EventType const& type, void const* event,
                    SendOptions options) override;
    void reply_event(EventType const& type, void const* event) override;
    std::shared_ptr<void const> read_state(EventType const& type) override;
    void write_state(EventType const& type, void const* value) override;
    bus::Outgoing make(std::string_view topic, EventType const& type, void const* event,
                       Headers headers, std::string_view subject, SendContext::Id& id);

    Codecs& codecs_;
    std::shared_ptr<Fixed const> fixed_;
    std::shared_ptr<Event> event_;
    Handler const& handler_;
    std::int32_t attempt_;
    bool replaying_;
    Time now_;
    Random random_;
    State state_;
    std::string misuse_;  ///< what the handler asked for and cannot have
};

/// What an exception that a handler threw means: by its table, else a retry under the name of its
/// type.
Outcome outcome_of(std::exception_ptr const& thrown, HandlerOptions const& options);

}  // namespace klamm::handler
