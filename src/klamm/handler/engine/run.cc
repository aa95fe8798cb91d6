#include "klamm/handler/engine/run.h"

#include "klamm/handler/publish.h"

#include <cxxabi.h>
#include <fmt/format.h>

#include <cstdlib>
#include <cstring>
#include <exception>
#include <typeinfo>

namespace klamm::handler {

namespace {

/// FNV-1a: the same on every machine.
std::uint64_t seed_of(EventContext const& event) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    auto const add = [&](std::string_view text) {
        for (char const c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    };
    add(event.source);
    add(std::string_view{"\0", 1});
    add(event.id);
    return hash;
}

std::string demangled(char const* name) {
    int status = 0;
    std::unique_ptr<char, decltype(&std::free)> const text{
        abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free};
    return status == 0 ? text.get() : name;
}

Outcome undeclared(std::exception_ptr const& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (std::exception const& error) {
        return retry(error.what(), demangled(typeid(error).name()));
    } catch (...) {
        auto const* const type = abi::__cxa_current_exception_type();
        auto name = type != nullptr ? demangled(type->name()) : std::string("unknown");
        return retry(fmt::format("the handler threw a {}, which is no std::exception", name), name);
    }
}

}  // namespace

Outcome outcome_of(std::exception_ptr const& thrown, HandlerOptions const& options) {
    try {
        for (auto const& row : options.exceptions)
            if (row.outcome)
                if (auto outcome = row.outcome(thrown)) return *outcome;
    } catch (...) {
        return undeclared(std::current_exception());  // the table itself has thrown
    }
    return undeclared(thrown);
}

Run::Run(Core const& core, std::shared_ptr<Event> event, State state)
    : codecs_(core.parts.codecs),
      fixed_(core.fixed),
      event_(std::move(event)),
      handler_(*event_->handler),
      attempt_(event_->attempts),
      replaying_(core.options.replaying.has_value()),
      now_(Time{milliseconds{core.moment.wall_ms}}),
      random_(seed_of(event_->message().event)),
      state_(std::move(state)) {}

void Run::call() {
    try {
        outcome = handler_.declaration->call(event_->decoded.get(), *this);
    } catch (...) {
        outcome = outcome_of(std::current_exception(), handler_.options());
    }
    if (!misuse_.empty()) outcome = dead_letter(misuse_, "klamm::misuse");
    if (outcome.kind == Outcome::Kind::done) return;
    sends.clear();
    state_changes.clear();
}

bus::Outgoing Run::make(std::string_view topic, EventType const& type, void const* event,
                        Headers headers, std::string_view subject, SendContext::Id& id) {
    bus::Outgoing record{.topic = std::string(topic), .headers = std::move(headers)};
    auto encoded = codecs_.encode(record.topic, type, event);
    if (!encoded.error.empty())
        misuse_ = fmt::format("an event for {} cannot be written: {}", topic, encoded.error);
    record.value = std::move(encoded.value);
    SendContext context(message().event, handler_.name, static_cast<std::uint32_t>(sends.size()),
                        fixed_->source, type.name, now_);
    context.view.subject = subject;
    context.view.content_type = encoded.content_type;
    if (record.headers.empty())
        write_headers(record.more_headers, context.view);
    else
        write_headers(record.headers, context.view);
    id = context.id();
    return record;
}

void Run::send_event(std::string_view topic, EventType const& type, void const* event,
                     SendOptions options) {
    Send send{.type = &type};
    send.record = make(topic, type, event, std::move(options.headers), options.subject, send.ce_id);
    send.record.partition = options.partition;
    if (options.key)
        send.record.key = std::move(options.key);
    else if (message().key)
        send.record.key = std::string(*message().key);
    send.delay = options.delay;
    sends.push_back(std::move(send));
}

void Run::reply_event(EventType const& type, void const* event) {
    auto const to = reply_to(message().headers);
    if (!to) return;
    Send send{.type = &type, .is_reply = true};
    Headers headers;
    if (to->correlation) headers.push_back({std::string(correlation_header), *to->correlation});
    send.record = make(to->topic, type, event, std::move(headers), {}, send.ce_id);
    send.record.partition = to->partition;
    if (message().key) send.record.key = std::string(*message().key);
    sends.push_back(std::move(send));
}

std::shared_ptr<void const> Run::read_state(EventType const& type) {
    std::string_view text;
    if (auto const changed = state_changes.find(type.name); changed != state_changes.end()) {
        if (!changed->second) return nullptr;
        text = *changed->second;
    } else {
        auto const found = state_.find(type.name);
        if (found == state_.end()) return nullptr;
        text = found->second;
    }
    auto state = from_json(type, text);
    if (state) return *state;
    misuse_ = fmt::format("the state of type {} cannot be read: {}", type.name, state.error().why);
    return nullptr;
}

void Run::write_state(EventType const& type, void const* value) {
    if (!message().key) {
        misuse_ = fmt::format("state of type {} for an event without a key", type.name);
        return;
    }
    auto& change = state_changes[type.name];
    change.reset();
    if (value != nullptr) change = to_json(type, value);
}

}  // namespace klamm::handler
