// host/kafka_port.h - where Kafka's clients connect: a listening socket, and the I/O threads that
// own what it accepts.
#pragma once

#include "klamm/host/address.h"
#include "klamm/host/core.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace klamm::host {

class KafkaPort {
public:
    /// So that a port which is taken is known before anything else happens.
    [[nodiscard]] static std::expected<std::unique_ptr<KafkaPort>, std::string> bind(
        Address const& address);
    ~KafkaPort();  ///< stops it
    KafkaPort(KafkaPort const&) = delete;
    KafkaPort& operator=(KafkaPort const&) = delete;

    Address address() const;
    /// Accepts. The core lives longer, hands its replies to deliver(), and tells room().
    [[nodiscard]] std::expected<void, std::string> start(Core& core);

    // ---- ends of the core; any thread ----------------------------------------------------

    void deliver(std::vector<broker::Reply> replies);
    void room();

    // ---- stopping, in this order ---------------------------------------------------------

    /// Accepts no more, and takes no further requests.
    void drain();
    /// Closes each connection as soon as the answers that it has are sent.
    void finish();
    /// Closes all connections, and ends the threads.
    void stop();

    std::size_t connections() const;
    std::int64_t request_bytes_in_flight() const;

private:
    struct Impl;
    explicit KafkaPort(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// Lets the process have as many sockets as the system permits, and no more connections than that.
void fit_to_descriptors(Options& options);

}  // namespace klamm::host
