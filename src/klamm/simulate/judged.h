// simulate/judged.h - a history, sorted for oracles: whose events are whose.
#pragma once

#include "klamm/handler/dead_letter.h"
#include "klamm/simulate/history.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::simulated {

struct SentEvent {
    std::string topic, id;
    milliseconds delay{0};
};

/// A run of a handler that came to its end.
struct Run {
    std::uint64_t life = 0;
    Outcome outcome;
    std::vector<SentEvent> sent;
};

/// An event in a topic that is handled.
struct Judged {
    StoredMessage const* message = nullptr;
    Declaration const* handler = nullptr;  ///< null: nobody wants its type
    std::optional<handler::Redrive> redrive;
    bool foreign = false;  ///< sent back for another group
    std::vector<Run> runs;
    std::optional<std::string> committed_as;

    std::pair<std::string, std::string> name() const {
        return {message->event.source, message->event.id};
    }
    /// Where it was first: what keeps its place in the order of its key.
    Position origin() const {
        return redrive && redrive->original ? *redrive->original : message->position;
    }
};

struct JudgedLetter {
    StoredMessage const* message = nullptr;
    handler::DeadLetter letter;
    bool waits = false;  ///< it was neither sent back nor discarded
};

class Sorted {
public:
    Sorted(App const& app, History const& history);

    App const& app;
    History const& history;
    std::map<Position, Judged> events;
    std::vector<JudgedLetter> letters;
    /// What handlers sent, by topic, in the order of each partition. Without events sent back.
    std::map<std::string, std::vector<StoredMessage const*>> sent;

    /// The event that led to this one: where its id was first. Null: none that is handled.
    Judged const* cause_of(StoredMessage const& message) const;
    bool is_there(SentEvent const& event) const { return there_.contains({event.topic, event.id}); }
    /// All that one of its runs said is committed.
    bool done(Judged const& event) const;
    /// For people: "order-7 (orders.placed, key ann) at orders/1@3".
    static std::string words(StoredMessage const& message);
    /// What it has to wait for: its key, or its whole partition.
    static std::optional<std::string> lane(Judged const& event);

private:
    void sort_events();
    void sort_letters();
    void sort_sent();
    void sort_facts();

    std::map<std::string, Position> first_by_id_;
    std::set<std::pair<std::string, std::string>> there_;  ///< topic, id
};

/// Whether the topic is one of those that the library keeps for itself.
bool own_topic(App const& app, std::string_view topic);
/// Of an event that was a dead letter.
std::optional<handler::Redrive> redrive_of(StoredMessage const& message);

}  // namespace klamm::simulated
