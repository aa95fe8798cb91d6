// handler/engine/destinations.h - whether what a handler has sent can be written at all.
//
// What a log refuses makes a dead letter of the event whose handler sent it, after all that was to
// be committed with it was tried one by one. What can be known before is looked at before: a topic
// that is not there is made; one that cannot be made, and a partition that it does not have, make a
// dead letter at once. Replies go where the request says: what makes no sense there is dropped,
// because nobody waits for it. What is sent later is looked at now, while its event can still fail.
#pragma once

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/run.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klamm::handler {

/// Key, value and headers of an event that is sent later: below what Kafka's brokers and clients
/// permit if nothing else is configured.
inline constexpr std::size_t delayed_bytes_max = 1'000'000;

class Destinations {
public:
    explicit Destinations(Core& core) : core_(core) {}

    /// Calls `then`, at once if all topics are known, when what `run` has sent can be written, or
    /// its outcome has become a dead letter.
    void settle(std::shared_ptr<Run> run, std::move_only_function<void()> then);

private:
    void find(std::shared_ptr<Run> run, std::move_only_function<void()> then);
    void make(std::shared_ptr<Run> run, std::vector<std::string> names,
              std::move_only_function<void()> then);
    void later(std::shared_ptr<Run> run, std::move_only_function<void()> then,
               bus::Error const& error);
    bool knows(Send const& send) const;
    std::vector<std::string> unknown(Run const& run) const;
    std::string problem(Send const& send) const;
    void check(Run& run) const;

    Core& core_;
    std::map<std::string, std::string> refused_;  ///< topics that cannot be made, and why
    Alive alive_;
};

}  // namespace klamm::handler
