// host/core.h - the broker with its threads and without a socket: whoever has connections brings
// their requests, and is handed their replies.
//
//     requests ──▶ broker's turn ──▶ journal thread ──▶ fdatasync
//     replies  ◀──────┘     ▲────────── durable ─────────────┘
//
// Beside it: cold reads, housekeeping and the schema registry, with threads of their own. Sockets
// are around it (kafka_port.h, http_port.h), and so are connections of the same process.
#pragma once

#include "klamm/host/broker_thread.h"
#include "klamm/host/client_metrics.h"
#include "klamm/host/cold_reads.h"
#include "klamm/host/housekeeping.h"
#include "klamm/host/journal_thread.h"
#include "klamm/host/metrics.h"
#include "klamm/host/notices.h"
#include "klamm/host/options.h"
#include "klamm/host/recovery.h"
#include "klamm/host/registry_service.h"

#include <atomic>
#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace klamm::host {

class Core {
public:
    /// Of who has connections. Called within a step, by the thread that makes it, and must not
    /// block.
    struct Ends {
        std::function<void(std::vector<broker::Reply>)> replies;
        std::function<void()> room;  ///< requests that were refused may be tried again
    };

    /// Recovers what is stored, and drives it. The error is one message, for a person.
    [[nodiscard]] static std::expected<std::unique_ptr<Core>, std::string> start(
        Options const& options, Ends ends);
    ~Core();  ///< stops it
    Core(Core const&) = delete;
    Core& operator=(Core const&) = delete;

    /// When nobody brings requests any more: ends the registry's work, and waits until no reply
    /// waits for the journal. Fetches that wait for records are not waited for: their clients ask
    /// again elsewhere.
    void drain(std::chrono::steady_clock::time_point until);
    /// Makes everything durable, saves a checkpoint, ends all threads.
    void stop();

    // ---- any thread, until it is destroyed -----------------------------------------------

    bool ready() const { return ready_; }  ///< it is not stopping
    Options const& options() const { return options_; }
    Metrics& metrics() { return metrics_; }
    ClientMetrics& client_metrics() { return client_metrics_; }
    Notices const& notices() const { return notices_; }
    journal::Journal& journal() { return *world_.journal; }
    BrokerThread& broker() { return broker_; }
    ColdReads& cold_reads() { return cold_reads_; }
    RegistryService& registry() { return registry_; }
    /// Without what only ports know.
    Gauges gauges() const;

private:
    Core(Options const& options, Recovered world);
    void run(Ends ends);

    Options const options_;
    Metrics metrics_;
    ClientMetrics client_metrics_;
    Notices notices_;
    Recovered world_;
    BrokerThread broker_;
    JournalThread journal_;
    ColdReads cold_reads_;
    Housekeeping housekeeping_;
    RegistryService registry_;
    std::atomic<bool> ready_{false};
    bool running_ = false;
};

}  // namespace klamm::host
