// handler/engine/services.h - what can be asked of an engine from outside of a handler: to publish,
// to ask and be answered, to wait until an event is processed.
#pragma once

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/core.h"
#include "klamm/handler/engine/partition.h"
#include "klamm/handler/engine/watch.h"
#include "klamm/handler/requests.h"
#include "klamm/handler/waits.h"

#include <functional>
#include <memory>
#include <string>

namespace klamm::handler {

class Services {
public:
    /// `partitions`: those that are ours; null: it is no member of the group.
    Services(Core& core, std::function<Partitions const*()> partitions);

    void publish(std::string const& topic, EventType const& type, std::shared_ptr<void const> event,
                 PublishOptions options, bus::Done<Position> done);
    void request(std::string const& topic, EventType const& type, std::shared_ptr<void const> event,
                 EventType const& reply_type, Duration patience, PublishOptions options,
                 bus::Done<std::shared_ptr<void const>> done);
    void wait_until_processed(Position const& position, Duration patience, bus::Done<void> done) {
        waits_.wait(position, patience, std::move(done));
    }
    /// A transaction is committed.
    void committed() { waits_.committed(); }

private:
    std::optional<bool> finished(Position const& position) const;
    std::string what_keeps(Position const& position) const;
    bus::Outgoing record(std::string const& topic, EventType const& type, void const* event,
                         PublishOptions options);

    Core& core_;
    std::function<Partitions const*()> partitions_;
    Random ids_;
    Requests requests_;
    Waits waits_;
};

}  // namespace klamm::handler
