#include "klamm/simulate/oracles.h"

#include "klamm/handler/ledger.h"
#include "klamm/simulate/judged.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <tuple>

namespace klamm::simulated {
namespace {

using Kind = Outcome::Kind;

// ---- exactly_once
// --------------------------------------------------------------------------------

std::string unfinished(Sorted const& sorted) {
    for (auto const& [position, event] : sorted.events) {
        auto const committed = sorted.history.offsets.find({position.topic, position.partition});
        if (committed != sorted.history.offsets.end() && position.offset < committed->second.offset)
            continue;
        return fmt::format("{} was never finished", Sorted::words(*event.message));
    }
    return {};
}

std::string sent_twice(Sorted const& sorted) {
    for (auto const& [topic, messages] : sorted.sent) {
        std::map<std::string, StoredMessage const*> seen;
        for (auto const* message : messages) {
            auto const [first, is_new] = seen.emplace(message->event.id, message);
            if (is_new) continue;
            auto const* cause = sorted.cause_of(*message);
            return fmt::format(
                "{} is there again at {}: {} was handled twice", Sorted::words(*first->second),
                to_string(message->position),
                cause != nullptr ? Sorted::words(*cause->message) : message->event.causation_id);
        }
    }
    return {};
}

using LetterName = std::tuple<Position, std::int32_t>;  // of the event, and how often redriven

std::string letters_twice(Sorted const& sorted, std::set<LetterName>& names) {
    for (auto const& [message, letter, waits] : sorted.letters) {
        if (!letter.original) continue;
        if (!names.insert({*letter.original, letter.redrives}).second)
            return fmt::format("the event at {} is twice among the dead letters, again at {}",
                               to_string(*letter.original), to_string(message->position));
    }
    return {};
}

/// What a run sent is there as a whole or not at all, and the event went one way only.
std::string outcome_of(Sorted const& sorted, Judged const& event, bool dead) {
    auto const has = [&](Kind kind) {
        return std::ranges::any_of(event.runs,
                                   [&](Run const& run) { return run.outcome.kind == kind; });
    };
    auto const sends = [&](Run const& run) { return !run.sent.empty(); };
    if (dead) {
        for (auto const& run : event.runs)
            for (auto const& sent : run.sent)
                if (run.outcome.kind == Kind::done && sorted.is_there(sent))
                    return fmt::format("{} is a dead letter, and yet it sent {}",
                                       Sorted::words(*event.message), sent.id);
        return {};
    }
    if (has(Kind::done) && sorted.done(event)) return {};
    if (has(Kind::skip)) return {};
    if (has(Kind::done)) {
        auto const run = std::ranges::find_if(event.runs, sends);
        auto const missing = std::ranges::find_if(
            run->sent, [&](auto const& each) { return !sorted.is_there(each); });
        return fmt::format(
            "{} was handled and is passed over for good, but what it sent is not "
            "there: {} in {}",
            Sorted::words(*event.message), missing->id, missing->topic);
    }
    return fmt::format("{} is passed over for good, and was never handled",
                       Sorted::words(*event.message));
}

}  // namespace

std::string exactly_once(App const& app, History const& history) {
    Sorted const sorted(app, history);
    if (auto wrong = unfinished(sorted); !wrong.empty()) return wrong;
    if (auto wrong = sent_twice(sorted); !wrong.empty()) return wrong;
    std::set<LetterName> dead;
    if (auto wrong = letters_twice(sorted, dead); !wrong.empty()) return wrong;
    std::map<std::pair<std::string, std::string>, Position> done;
    std::set<std::pair<std::string, std::string>> done_somewhere;
    for (auto const& [position, event] : sorted.events)
        if (sorted.done(event)) done_somewhere.insert(event.name());
    for (auto const& [position, event] : sorted.events) {
        if (event.handler == nullptr || event.foreign) continue;
        if (event.redrive && event.redrive->discard) continue;
        bool const is_dead =
            dead.contains({event.origin(), event.redrive ? event.redrive->redrives : 0});
        if (event.committed_as == "done") {
            auto const [first, is_new] = done.emplace(event.name(), position);
            if (!is_new && app.options().deduplicate_last > 0)
                return fmt::format("{} was done before, at {}", Sorted::words(*event.message),
                                   to_string(first->second));
        }
        if (event.runs.empty() && done_somewhere.contains(event.name())) continue;  // a duplicate
        if (auto wrong = outcome_of(sorted, event, is_dead); !wrong.empty()) return wrong;
    }
    return {};
}

// ---- key_order
// -----------------------------------------------------------------------------------

namespace {

/// Runs of one key in one life, since the partition was assigned to it.
struct Lane {
    Position last;
    bool running = false;
};

std::string runs_in_order(Sorted const& sorted) {
    using Fact = simulated::Fact;
    std::map<std::pair<std::uint64_t, std::string>, Lane> lanes;
    for (auto const& fact : sorted.history.facts) {
        if (fact.kind == Fact::Kind::assigned || fact.kind == Fact::Kind::released) {
            auto const prefix = fmt::format("{}/{}", fact.at.topic, fact.at.partition);
            std::erase_if(lanes, [&](auto const& each) {
                auto const& name = each.first.second;
                return each.first.first == fact.life && name.starts_with(prefix) &&
                       (name.size() == prefix.size() || name[prefix.size()] == ':');
            });
            continue;
        }
        bool const began = fact.kind == Fact::Kind::began;
        if (!began && fact.kind != Fact::Kind::ended) continue;
        auto const found = sorted.events.find(fact.at);
        if (found == sorted.events.end() || found->second.handler == nullptr) continue;
        auto const& event = found->second;
        auto const name = Sorted::lane(event);
        if (!name) continue;
        auto const parks = event.handler->options.park != Park::none;
        auto& lane = lanes[{fact.life, *name}];
        if (!began) {
            lane.running = false;
            continue;
        }
        if (lane.running)
            return fmt::format("{} is handled while another event of its key is",
                               Sorted::words(*event.message));
        lane.running = true;
        auto const place = parks ? event.origin() : fact.at;
        if (place < lane.last && (parks || !event.redrive))
            return fmt::format("{} is handled behind {}, which came later",
                               Sorted::words(*event.message), to_string(lane.last));
        lane.last = std::max(lane.last, place);
    }
    return {};
}

/// In one partition, what events of one key have sent stands in their order.
std::string sends_in_order(Sorted const& sorted) {
    std::set<std::pair<std::string, std::string>> delayed;
    for (auto const& [position, event] : sorted.events)
        for (auto const& run : event.runs)
            for (auto const& sent : run.sent)
                if (sent.delay.count() > 0) delayed.insert({sent.topic, sent.id});
    for (auto const& [topic, messages] : sorted.sent) {
        std::map<std::pair<std::int32_t, std::string>, StoredMessage const*> last;
        for (auto const* message : messages) {
            if (delayed.contains({topic, message->event.id})) continue;
            auto const* cause = sorted.cause_of(*message);
            if (cause == nullptr || cause->handler == nullptr) continue;
            if (cause->handler->options.park == Park::none) continue;
            auto const lane = Sorted::lane(*cause);
            if (!lane) continue;
            auto& before = last[{message->position.partition, *lane}];
            if (before != nullptr) {
                auto const* earlier = sorted.cause_of(*before);
                if (cause->message->position < earlier->message->position)
                    return fmt::format(
                        "what {} sent ({}) stands behind what {} sent, which came later",
                        Sorted::words(*cause->message), to_string(message->position),
                        Sorted::words(*earlier->message));
            }
            before = message;
        }
    }
    return {};
}

/// No later event of a key is done while a dead letter of it waits.
std::string overtaken(Sorted const& sorted) {
    std::map<std::string, std::pair<Position, StoredMessage const*>> waiting;  // by lane
    std::set<Position> dead;
    for (auto const& [message, letter, waits] : sorted.letters) {
        if (!letter.original) continue;
        auto const found = sorted.events.find(*letter.original);
        if (!waits || found == sorted.events.end()) continue;
        dead.insert(*letter.original);
        auto const& event = found->second;
        if (event.handler == nullptr || event.handler->options.park == Park::none) continue;
        auto const lane = Sorted::lane(event);
        if (!lane || letter.parked) continue;
        auto const [it, is_new] = waiting.try_emplace(*lane, *letter.original, message);
        if (!is_new && *letter.original < it->second.first)
            it->second = {*letter.original, message};
    }
    for (auto const& [position, event] : sorted.events) {
        if (event.handler == nullptr || event.committed_as != "done") continue;
        auto const lane = Sorted::lane(event);
        if (!lane) continue;
        auto const found = waiting.find(*lane);
        if (found == waiting.end() || event.origin() < found->second.first) continue;
        if (dead.contains(event.origin())) continue;
        return fmt::format("{} was handled although {} waits among the dead letters, at {}",
                           Sorted::words(*event.message), to_string(found->second.first),
                           to_string(found->second.second->position));
    }
    return {};
}

}  // namespace

std::string key_order(App const& app, History const& history) {
    Sorted const sorted(app, history);
    if (auto wrong = runs_in_order(sorted); !wrong.empty()) return wrong;
    if (auto wrong = sends_in_order(sorted); !wrong.empty()) return wrong;
    return overtaken(sorted);
}

// ---- attempts
// ------------------------------------------------------------------------------------

std::string attempts(App const& app, History const& history) {
    Sorted const sorted(app, history);
    std::map<std::pair<std::uint64_t, Position>, std::int32_t> tries;
    for (auto const& fact : history.facts) {
        if (fact.kind == Fact::Kind::assigned || fact.kind == Fact::Kind::released)
            std::erase_if(tries, [&](auto const& each) {
                auto const& at = each.first.second;
                return each.first.first == fact.life && at.topic == fact.at.topic &&
                       at.partition == fact.at.partition;
            });
        if (fact.kind != Fact::Kind::began) continue;
        auto const found = sorted.events.find(fact.at);
        if (found == sorted.events.end() || found->second.handler == nullptr) continue;
        auto const [it, is_first] = tries.try_emplace({fact.life, fact.at}, fact.attempt);
        auto const words = Sorted::words(*found->second.message);
        if (is_first && fact.attempt != 1 && !found->second.redrive)
            return fmt::format("the first try of {} is called number {}", words, fact.attempt);
        if (!is_first && fact.attempt != ++it->second)
            return fmt::format("try {} of {} is called number {}", it->second, words, fact.attempt);
        auto const most = found->second.handler->options.retry.attempts;
        if (is_first || it->second <= std::max(most, 1)) continue;
        return fmt::format("{} is tried {} times, and not {}", words, it->second, most);
    }
    return {};
}

// ---- redelivery
// ----------------------------------------------------------------------------------

namespace {

using Contents = std::multiset<std::tuple<std::string, std::string, std::string>>;

/// topic and key, type, value
Contents contents_of(Sorted const& sorted) {
    Contents contents;
    for (auto const& [topic, messages] : sorted.sent)
        for (auto const* message : messages)
            contents.insert({fmt::format("{}, key {}", topic, message->key.value_or("(none)")),
                             message->event.type, message->value.value_or("(null)")});
    for (auto const& [message, letter, waits] : sorted.letters)
        if (waits && !letter.parked)
            contents.insert(
                {message->position.topic, message->event.type, message->value.value_or("(null)")});
    return contents;
}

}  // namespace

std::string redelivery(App const& app, History const& history, History const& without_faults) {
    auto const found = contents_of({app, history});
    auto const expected = contents_of({app, without_faults});
    for (auto const& each : expected)
        if (found.count(each) < expected.count(each))
            return fmt::format("{} in {} is missing, which is there without faults: {}",
                               std::get<1>(each), std::get<0>(each), std::get<2>(each));
    for (auto const& each : found)
        if (found.count(each) > expected.count(each))
            return fmt::format("{} in {} is not there without faults: {}", std::get<1>(each),
                               std::get<0>(each), std::get<2>(each));
    return {};
}

}  // namespace klamm::simulated
