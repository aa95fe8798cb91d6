#include "klamm/simulate/tale.h"

#include "klamm/simulate/judged.h"

#include <utility>

namespace klamm::simulated {

void Tale::line(std::optional<Position> event, std::string text) {
    trace_.note("{}", text);
    if (keep_) lines_.push_back({schedule_.now(), std::move(text), std::move(event)});
}

void Tale::broker_fault(sim::Fault fault) {
    using sim::Fault;
    switch (fault) {
        case Fault::kill:
            count("the broker is killed", 1);
            return tell("the broker is killed");
        case Fault::power_loss:
        case Fault::power_loss_in_commit:
            count("power is lost", 1);
            return tell("the broker's machine loses power");
        case Fault::slow_sync:
            return count("the disk is slow", 1);
        case Fault::delay:
            return count("a message is slow", 1);
        case Fault::request_lost:
            count("a request is lost", 1);
            return tell("a request is lost, and its connection");
        case Fault::response_lost:
            count("a response is lost", 1);
            return tell("a response is lost, and its connection: what was asked for is done");
        case Fault::late_copy:
            count("a request arrives late", 1);
            return tell("a request arrives late: its sender has given it up");
        default:
            return;
    }
}

std::vector<StoryLine> Tale::take(History const& history) {
    std::map<Position, StoredMessage const*> known;
    for (auto const& [topic, messages] : history.topics)
        for (auto const& message : messages) known[message.position] = &message;
    for (auto& line : lines_) {
        if (!line.event) continue;
        auto const found = known.find(*line.event);
        line.text += found == known.end() ? ": " + to_string(*line.event)
                                          : ": " + Sorted::words(*found->second);
    }
    return std::move(lines_);
}

}  // namespace klamm::simulated
