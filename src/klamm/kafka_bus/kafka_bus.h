// kafka_bus/kafka_bus.h - the bus on any Kafka cluster, by librdkafka.
//
// librdkafka's calls wait; each client has a thread that waits in them, and brings what happened to
// the loop.
#pragma once

#include "klamm/bus/bus.h"

#include <expected>
#include <map>
#include <memory>
#include <string>

namespace klamm::kafka_bus {

struct Options {
    std::string bootstrap;                      ///< HOST:PORT,…
    std::map<std::string, std::string> client;  ///< librdkafka's settings, such as security
    Duration patience{30'000};                  ///< of one operation of the bus: then it is `away`
    std::function<void(std::string const&)> log;  ///< any thread; may be empty
};

/// A cluster that is away is no error. The error: a setting that librdkafka does not know. `loop`
/// lives longer. Destroying it waits for its threads.
[[nodiscard]] std::expected<std::unique_ptr<bus::Bus>, std::string> make_kafka_bus(bus::Loop& loop,
                                                                                   Options options);

}  // namespace klamm::kafka_bus
