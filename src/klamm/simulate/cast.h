// simulate/cast.h - the instances of an App in a world of faults: who is up, and what befalls them.
//
// An instance has one life after the other under the same name. A crash is the end of its loop,
// between any two events; its handlers are the user's, and fail or take long as the plan says.
#pragma once

#include "klamm/simulate/life.h"
#include "klamm/simulate/rest.h"
#include "klamm/simulate/tale.h"

#include <memory>
#include <string>
#include <vector>

namespace klamm::simulated {

class Cast {
public:
    /// All that is given lives longer.
    Cast(Simulation const& simulation, Plan const& plan, Schedule& schedule, Connect const& connect,
         SchemaRegistry& registry, Tale& tale, sim::Violations& violations, std::uint64_t seed);
    ~Cast();

    void start();
    void set_calm(bool calm) { calm_ = calm; }
    /// An opportunity for what befalls instances as a whole.
    void hazards();
    /// All that shall be up at the end are, from now on.
    void heal();
    /// Counts what is still up.
    void end();

    std::vector<Worker> workers() const;
    History& history() { return history_; }
    History const& history() const { return history_; }
    Counts const& counts() const { return counts_; }

private:
    class Watcher;
    struct Slot {
        std::string name;
        bool guest = false;
        bool leaving = false;
        std::uint64_t life_number = 0;
        std::unique_ptr<Watcher> watcher;
        std::unique_ptr<Life> life;
    };

    void begin(Slot& slot);
    void put_away(Slot& slot);
    void come_back(Slot& slot, sim::Time after_at_most);
    void leave(Slot& slot);
    App wrapped(Slot const& slot);
    bool strikes(std::uint32_t Faults::*fault);
    sim::Time run_takes(Slot const& slot);

    Simulation const& simulation_;
    Plan const& plan_;
    Schedule& schedule_;
    Connect const& connect_;
    SchemaRegistry& registry_;
    Tale& tale_;
    sim::Violations& violations_;
    Random random_;
    bool calm_ = true;
    std::uint64_t lives_ = 0;
    History history_;
    Counts counts_;
    std::vector<std::unique_ptr<Slot>> slots_;
};

}  // namespace klamm::simulated
