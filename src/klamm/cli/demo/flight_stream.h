// cli/demo/flight_stream.h - the demo's producer: flights as events, keyed by origin, at a pace.
#pragma once

#include "flights/flights.h"
#include "klamm/cli/client.h"

#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace klamm::cli {

/// Not thread-safe. What nobody acknowledges, because the broker is away, it holds and sends
/// again; idempotence keeps that from being stored twice, and the events have ids.
class FlightStream {
public:
    /// The flights must outlive it.
    FlightStream(std::string topic, std::span<flights::FlightLanded const> flights, int per_second)
        : topic_(std::move(topic)), flights_(flights), per_second_(per_second) {}

    Outcome<> open(ClientOptions const& options);
    /// The pace counts from now.
    void begin() { begin_ = std::chrono::steady_clock::now(); }
    /// Hands over the flights whose time has come, as far as the client's queue has room.
    Outcome<> publish_what_is_due();
    /// A record that is no flight.
    Outcome<> publish_nonsense(std::string_view key, std::string_view value);
    /// Takes acknowledgements, waiting for one at most so long. A failure if one was refused.
    Outcome<> poll(std::chrono::milliseconds patience);

    std::int64_t total() const { return std::int64_t(flights_.size()); }
    std::int64_t published() const { return published_; }
    std::int64_t acknowledged() const { return acknowledged_; }
    std::int64_t under_way() const { return published_ - acknowledged_; }

private:
    void delivered(rd_kafka_message_t const& message);

    std::string const topic_;
    std::span<flights::FlightLanded const> const flights_;
    int const per_second_;
    std::chrono::steady_clock::time_point begin_;
    std::int64_t published_ = 0;
    std::int64_t acknowledged_ = 0;
    std::string refusal_;
    std::unique_ptr<Client> client_;
};

}  // namespace klamm::cli
