// bus/embedded_bus.h - the bus that speaks to one broker, without a socket: Klamm in the same
// process, or in the simulation.
//
// A client of the protocol in its newest form: groups by KIP-848, transactions by KIP-890. The same
// code runs live and simulated; only the Connector differs.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/bus/link.h"

#include <memory>

namespace klamm::bus {

struct EmbeddedOptions {
    Duration request_timeout{5'000};  ///< then the connection is given up
    Duration patience{30'000};        ///< of one operation of the bus: then it is `away`
    Duration retry_pause{100};
    std::uint64_t seed = 1;  ///< of ids that it makes up
};

/// `loop` and `connector` live longer. Buses of one broker have different seeds. How long a session
/// lasts is configured at the broker (group.consumer.session.timeout.ms); ConsumerOptions do not.
std::unique_ptr<Bus> make_embedded_bus(Loop& loop, Connector& connector,
                                       EmbeddedOptions options = {});

}  // namespace klamm::bus
