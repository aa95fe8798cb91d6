// live/cluster_bus.h - the bus on whatever answers at the bootstrap addresses.
//
//     a Klamm server, alone   our own protocol code (bus/ over remote/): the newest versions of all
//     anything else           librdkafka (kafka_bus/): any Kafka cluster, with TLS and SASL
//
// Which of the two it is shows with the first answer. Until then questions wait, as they do for a
// cluster that is away.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/bus/loop.h"
#include "klamm/remote/poller.h"

#include <cstdint>
#include <expected>
#include <functional>
#include <map>
#include <memory>
#include <string>

namespace klamm::live {

struct ClusterOptions {
    std::string bootstrap;
    /// librdkafka's settings. With any, librdkafka it is.
    std::map<std::string, std::string> client;
    std::uint64_t seed = 1;
    Duration patience{30'000};  ///< of one operation of the bus
    /// Of librdkafka, which says much. Any thread; may be empty.
    std::function<void(std::string const&)> log;
    std::function<void(std::string const&)> say;      ///< what it is; on the loop
    std::function<void(std::string const&)> trouble;  ///< why nobody answers; on the loop
};

/// `poller` is looked at on `loop`; both live longer. As the bus that it becomes, but that
/// producers and consumers cannot be made before anything was answered. The error: a setting that
/// librdkafka does not know.
[[nodiscard]] std::expected<std::unique_ptr<bus::Bus>, std::string> make_cluster_bus(
    bus::Loop& loop, remote::Poller& poller, ClusterOptions options);

}  // namespace klamm::live
