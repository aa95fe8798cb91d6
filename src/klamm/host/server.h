// host/server.h - the broker as a process: sockets, threads, files and clock around broker::Broker.
//
//   sockets ──▶ I/O threads ──▶ broker thread ──▶ journal thread ──▶ fdatasync
//      ▲             ▲  ▲            │   ▲               │
//      └─────────────┘  └── replies ─┘   └── durable ────┘     cold reads and housekeeping
//                                                              have threads of their own
#pragma once

#include "klamm/host/options.h"

#include <chrono>
#include <expected>
#include <memory>
#include <string>

namespace klamm::host {

class Server {
public:
    virtual ~Server() = default;

    virtual Address kafka_address() const = 0;  ///< with the port that was chosen
    virtual Address http_address() const = 0;
    /// Accepts no more, answers what is in flight, makes everything durable, saves a checkpoint.
    /// Call it once; afterwards nothing runs any more.
    virtual void stop() = 0;
};

/// Recovers what is stored, and serves. The error is one message, for a person.
[[nodiscard]] std::expected<std::unique_ptr<Server>, std::string> start_server(Options options);

/// Runs a server until SIGTERM or SIGINT. Prints the ready line on stdout; `process_start` is what
/// its "in N ms" counts from. Returns the exit code: 0, or 1 after one message on stderr. Takes
/// over the signals of the process.
int serve(Options const& options, std::chrono::steady_clock::time_point process_start);

}  // namespace klamm::host
