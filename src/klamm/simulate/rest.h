// simulate/rest.h - whether an App has come to rest: nothing to do, and nothing to read.
#pragma once

#include "klamm/handler/engine.h"
#include "klamm/simulate/log_view.h"

#include <set>
#include <string>
#include <vector>

namespace klamm::simulated {

/// Knows which partitions an instance has.
class Holdings : public handler::Observer {
public:
    void assigned(bus::TopicPartition const& partition) override { held_.insert(partition); }
    void released(bus::TopicPartition const& partition) override { held_.erase(partition); }
    std::set<bus::TopicPartition> const& held() const { return held_; }

private:
    std::set<bus::TopicPartition> held_;
};

/// An instance that is up.
struct Worker {
    std::string name;
    handler::Engine const* engine = nullptr;
    Holdings const* holdings = nullptr;
};

/// No event is at work, waits for its time, or for a commit. Costs nothing.
bool idle(std::vector<Worker> const& workers);
/// For people: what is left to do, in the instances or in the log. Empty: nothing is, and every
/// partition has an owner, so that nothing waits unseen.
std::string what_is_left(App const& app, std::vector<Worker> const& workers, LogView const& log);

}  // namespace klamm::simulated
