// host/client_metrics.h - what clients pushed about themselves (KIP-714), for /metrics.
//
// Kept is the last push of each client. Any thread.
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/broker/telemetry/telemetry.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace klamm::host {

class ClientMetrics {
public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr std::size_t clients_max = 1000;
    static constexpr std::size_t series_max = 20'000;  ///< of all clients; the oldest pushes go
    /// A client that is silent for so many intervals is forgotten.
    static constexpr int intervals_kept = 3;

    void keep(std::shared_ptr<broker::ClientPush const> push, TimePoint now);
    /// Prometheus' text format: one family for each metric, a series for each client.
    std::string to_prometheus(TimePoint now);

private:
    struct Kept {
        std::shared_ptr<broker::ClientPush const> push;
        TimePoint at;
    };

    void forget(std::map<Uuid, Kept>::iterator client);
    void forget_oldest();

    std::mutex mutex_;
    std::map<Uuid, Kept> clients_;
    std::size_t series_ = 0;
    std::uint64_t pushes_ = 0;
    std::uint64_t left_out_ = 0;
};

}  // namespace klamm::host
