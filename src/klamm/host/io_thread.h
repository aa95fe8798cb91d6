// host/io_thread.h - a thread that owns sockets: framing, decoding, checksums, encoding.
//
// Each connection belongs to one I/O thread for its whole life. Replies come back to it through
// an inbox that is emptied at once, so that one wake-up serves all connections that have something
// to send.
#pragma once

#include "klamm/host/broker_thread.h"
#include "klamm/host/client_metrics.h"
#include "klamm/host/cold_reads.h"
#include "klamm/host/inbox.h"
#include "klamm/host/metrics.h"
#include "klamm/host/options.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace klamm::host {

/// What all connections share. Everything lives longer than they do.
struct Shared {
    Options const& options;
    Metrics& metrics;
    ClientMetrics& client_metrics;
    journal::Journal& journal;
    BrokerThread& broker;
    ColdReads& cold_reads;
    ByteBudget& request_bytes;         ///< of requests that are being answered
    ByteBudget& receiving_bytes;       ///< of large frames that are not complete
    std::function<void()> resume_all;  ///< tells every I/O thread that there is room again
};

class IoThread {
public:
    /// The `index`th of `count`; so the thread of a connection follows from its id.
    IoThread(std::size_t index, std::size_t count, Shared const& shared);
    ~IoThread();  ///< stops it
    IoThread(IoThread const&) = delete;
    IoThread& operator=(IoThread const&) = delete;

    static std::size_t index_of(broker::ConnectionId connection, std::size_t count) {
        return std::size_t(connection) % count;
    }

    /// Others may run their sockets on it too.
    boost::asio::io_context& context();
    void start();
    /// Closes all connections and ends the thread.
    void stop();

    // ---- any thread ----------------------------------------------------------------------

    /// Takes over an accepted socket, by its descriptor.
    void adopt(int descriptor);
    void deliver(std::vector<broker::Reply> replies);
    /// Connections that found no room try again.
    void resume();
    /// From now on no connection takes further requests.
    void drain();
    /// Closes each connection as soon as the answers that it has are sent.
    void finish();
    std::size_t connections() const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace klamm::host
