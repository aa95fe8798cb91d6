// cli/demo/results.h - what the flights application has committed, read as anybody would.
#pragma once

#include "flights/flights.h"
#include "klamm/cli/client.h"
#include "klamm/cli/cluster.h"

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace klamm::cli {

/// Reads, on a thread of its own, the topics that the application writes: committed records alone,
/// those of earlier runs as what there was before.
class FlightResults {
public:
    FlightResults() = default;
    ~FlightResults() { stop(); }
    FlightResults(FlightResults const&) = delete;
    FlightResults& operator=(FlightResults const&) = delete;

    /// Requires that the topics are there.
    Outcome<> start(ClientOptions const& options);
    void stop();

    struct Counts {
        std::int64_t flights = 0;  ///< of this run, in the totals of all airports
        std::int64_t notices = 0;
        std::int64_t payments = 0;
    };
    Counts counts() const;
    /// Of this run alone.
    flights::Results results() const;
    /// What cannot be when everything is done exactly once; empty: nothing.
    std::string trouble() const;

private:
    void loop();
    void take(rd_kafka_message_t const& message);
    void take_airport(rd_kafka_message_t const& message, flights::AirportDelays delays);
    void take_payment(flights::CompensationPaid const& paid);
    void once(std::string const& id, std::string const& topic);

    std::unique_ptr<Client> client_;
    Offsets begins_;  ///< of this run
    std::thread thread_;
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;
    std::map<std::string, flights::AirportDelays> before_;  ///< this run
    std::map<std::string, flights::AirportDelays> airports_;
    std::multiset<std::string> notices_;
    std::multiset<std::string> payments_;
    std::map<std::string, std::int64_t> accounts_;
    std::set<std::string> ids_;  ///< of events of this run
    Counts counts_;
    std::string trouble_;
};

}  // namespace klamm::cli
