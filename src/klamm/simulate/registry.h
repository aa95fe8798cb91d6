// simulate/registry.h - the schema registry of a simulated world: the real one, in memory, always
// there.
#pragma once

#include "klamm/app.h"
#include "klamm/handler/codecs.h"
#include "klamm/registry/state.h"

#include <memory>

namespace klamm::simulated {

class SchemaRegistry {
public:
    /// For who runs on `loop`; both live longer.
    std::unique_ptr<handler::Registry> client(bus::Loop& loop);
    /// The same for an App, if its format cannot do without; else null.
    std::unique_ptr<handler::Registry> client_for(App const& app, bus::Loop& loop);

private:
    class Transport;
    registry::State state_;
};

}  // namespace klamm::simulated
