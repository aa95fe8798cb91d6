// simulate/tale.h - what happens in a world, in words that a user understands, and how often each
// fault did.
#pragma once

#include "klamm/base/random.h"
#include "klamm/sim/trace.h"
#include "klamm/simulate/history.h"
#include "klamm/simulate/world.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace klamm::simulated {

class Tale {
public:
    Tale(sim::Schedule& schedule, sim::Trace& trace, bool keep)
        : schedule_(schedule), trace_(trace), keep_(keep) {}

    template <class... A>
    void tell(fmt::format_string<A...> format, A&&... args) {
        line(std::nullopt, fmt::format(format, std::forward<A>(args)...));
    }
    /// About an event: the place where it is will be told with its name.
    template <class... A>
    void tell_of(Position const& event, fmt::format_string<A...> format, A&&... args) {
        line(event, fmt::format(format, std::forward<A>(args)...));
    }
    /// Whether a fault happens at this opportunity.
    bool strikes(std::uint32_t one_in, Random& random) const {
        return one_in != 0 && random.one_in(one_in);
    }
    void count(std::string_view fault, std::uint64_t times) {
        if (times > 0) faults_[std::string(fault)] += times;
    }
    /// One of the network's or the disk's.
    void broker_fault(sim::Fault fault);

    std::map<std::string, std::uint64_t> const& faults() const { return faults_; }
    /// With the names of events, as far as they are in the history.
    std::vector<StoryLine> take(History const& history);

private:
    void line(std::optional<Position> event, std::string text);

    sim::Schedule& schedule_;
    sim::Trace& trace_;
    bool keep_;
    std::vector<StoryLine> lines_;
    std::map<std::string, std::uint64_t> faults_;
};

}  // namespace klamm::simulated
