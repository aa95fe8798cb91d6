// host/server.h - the broker as a process: sockets, threads, files and clock around broker::Broker.
//
//   sockets ──▶ I/O threads ──▶ broker thread ──▶ journal thread ──▶ fdatasync
//      ▲             ▲  ▲            │   ▲               │
//      └─────────────┘  └── replies ─┘   └── durable ────┘     cold reads and housekeeping
//                                                              have threads of their own
#pragma once

#include "klamm/host/core.h"
#include "klamm/host/http.h"
#include "klamm/host/options.h"

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::host {

/// What the program that a server runs in adds to it.
struct Inside {
    /// Connections of the program itself: their ids have the highest bit.
    static constexpr broker::ConnectionId first{std::uint64_t{1} << 63};
    static bool has(broker::ConnectionId connection) { return connection >= first; }
    Core::Ends ends;
    /// Pages before those of the broker, and what is behind its metrics. On the HTTP thread.
    std::function<std::optional<HttpAnswer>(std::string_view path)> page;
    std::function<std::string()> metrics;
};

class Server {
public:
    virtual ~Server() = default;  ///< stops it

    /// With the port that was chosen; an empty host: it does not listen.
    virtual Address kafka_address() const = 0;
    virtual Address http_address() const = 0;
    /// Until it is stopped.
    virtual Core& core() = 0;
    /// Accepts no more, answers what is in flight, makes everything durable, saves a checkpoint.
    /// Call it once; afterwards nothing runs any more.
    virtual void stop() = 0;
};

/// Recovers what is stored, and serves. The error is one message, for a person.
[[nodiscard]] std::expected<std::unique_ptr<Server>, std::string> start_server(Options options,
                                                                               Inside inside = {});

/// Runs a server until SIGTERM or SIGINT. Prints the ready line on stdout; `process_start` is what
/// its "in N ms" counts from. Returns the exit code: 0, or 1 after one message on stderr. Takes
/// over the signals of the process.
int serve(Options const& options, std::chrono::steady_clock::time_point process_start);

}  // namespace klamm::host
