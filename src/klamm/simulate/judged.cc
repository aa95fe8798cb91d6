#include "klamm/simulate/judged.h"

#include "klamm/handler/ledger.h"
#include "klamm/handler/progress.h"
#include "klamm/handler/publish.h"
#include "klamm/simulate/inputs.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::simulated {
namespace {

Declaration const* handler_of(App const& app, std::string const& topic, std::string const& type) {
    Declaration const* only = nullptr;
    for (auto const& each : app.declarations()) {
        if (each.topic != topic) continue;
        if (each.type->name == type) return &each;
        only = only == nullptr && type.empty() ? &each : nullptr;
    }
    return only;  // a record that names no type is for the only handler of its topic
}

bool is_dead_letter_topic(App const& app, std::string_view topic) {
    return std::ranges::any_of(app.declarations(), [&](Declaration const& each) {
        return handler::dead_letter_topic(each.topic, each.options) == topic;
    });
}

}  // namespace

std::optional<handler::Redrive> redrive_of(StoredMessage const& message) {
    if (!find_header(message.headers, handler::redrive_header)) return std::nullopt;
    return handler::read_redrive(message.headers);
}

bool own_topic(App const& app, std::string_view topic) {
    if (topic.starts_with("__")) return true;
    return std::ranges::any_of(app.declarations(), [&](Declaration const& each) {
        return handler::ledger_topic(app.name(), each.topic) == topic;
    });
}

Sorted::Sorted(App const& the_app, History const& the_history)
    : app(the_app), history(the_history) {
    sort_events();
    sort_letters();
    sort_sent();
    sort_facts();
}

void Sorted::sort_events() {
    std::set<std::string> topics;
    for (auto const& each : app.declarations()) topics.insert(each.topic);
    for (auto const& topic : topics) {
        auto const found = history.topics.find(topic);
        if (found == history.topics.end()) continue;
        for (auto const& message : found->second) {
            Judged event;
            event.message = &message;
            event.handler = handler_of(app, topic, message.event.type);
            event.redrive = redrive_of(message);
            event.foreign = event.redrive && event.redrive->group != app.name();
            if (!event.redrive) first_by_id_.try_emplace(message.event.id, message.position);
            events.emplace(message.position, std::move(event));
        }
    }
}

void Sorted::sort_letters() {
    for (auto const& [topic, messages] : history.topics) {
        if (!is_dead_letter_topic(app, topic)) continue;
        for (auto const& message : messages) {
            auto letter = handler::read_dead_letter(message.headers);
            if (letter.group != app.name()) continue;
            bool waits = true;
            auto const& at = message.position;
            if (auto const found = history.redriven.find({at.topic, at.partition});
                found != history.redriven.end() && found->second.offset >= 0) {
                auto const progress =
                    handler::Progress::read(found->second.offset, found->second.metadata);
                waits =
                    !(progress ? progress->finished(at.offset) : at.offset < found->second.offset);
            }
            letters.push_back({&message, std::move(letter), waits});
        }
    }
}

void Sorted::sort_sent() {
    auto const source = handler::source_of(app);
    for (auto const& [topic, messages] : history.topics) {
        if (own_topic(app, topic) || is_dead_letter_topic(app, topic)) continue;
        for (auto const& message : messages) {
            auto const& event = message.event;
            if (event.source != source || event.causation_id.empty()) continue;
            if (redrive_of(message)) continue;
            there_.insert({topic, event.id});
            sent[topic].push_back(&message);
        }
    }
}

void Sorted::sort_facts() {
    using Kind = Fact::Kind;
    std::map<std::pair<std::uint64_t, Position>, Run*> last;  // run of an event in a life
    for (auto const& fact : history.facts) {
        auto const found = events.find(fact.at);
        if (found == events.end()) continue;
        auto& event = found->second;
        if (fact.kind == Kind::ended) {
            event.runs.push_back({fact.life, fact.outcome, {}});
        } else if (fact.kind == Kind::sent) {
            auto const run =
                std::ranges::find(event.runs.rbegin(), event.runs.rend(), fact.life, &Run::life);
            if (run != event.runs.rend()) run->sent.push_back({fact.topic, fact.id, fact.delay});
        } else if (fact.kind == Kind::committed) {
            event.committed_as = fact.committed_as;
        }
    }
}

Judged const* Sorted::cause_of(StoredMessage const& message) const {
    auto const first = first_by_id_.find(message.event.causation_id);
    if (first == first_by_id_.end()) return nullptr;
    return &events.at(first->second);
}

bool Sorted::done(Judged const& event) const {
    return std::ranges::any_of(event.runs, [&](Run const& run) {
        return run.outcome.kind == Outcome::Kind::done &&
               std::ranges::all_of(run.sent, [&](auto const& each) { return is_there(each); });
    });
}

std::string Sorted::words(StoredMessage const& message) {
    auto const& event = message.event;
    return fmt::format("{} ({}{}{}) at {}", event.id, event.type.empty() ? "a record" : event.type,
                       message.key ? ", key " : "", message.key.value_or(""),
                       to_string(message.position));
}

std::optional<std::string> Sorted::lane(Judged const& event) {
    auto const& at = event.message->position;
    if (event.handler != nullptr && event.handler->options.order == Order::partition)
        return fmt::format("{}/{}", at.topic, at.partition);
    if (!event.message->key) return std::nullopt;
    return fmt::format("{}/{}: {}", at.topic, at.partition, *event.message->key);
}

}  // namespace klamm::simulated
