// host/serve.cc - a server as a process: signals, the ready line, what a person must be told.
#include "klamm/host/log.h"
#include "klamm/host/process.h"
#include "klamm/host/server.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>

namespace klamm::host {
int serve(Options const& options, std::chrono::steady_clock::time_point process_start) {
    auto const signals = block_signals();
    keep_freed_memory();
    warn(options);
    auto const server = start_server(options);
    if (!server) {
        std::fprintf(stderr, "klamm: %s\n", server.error().c_str());
        return 1;
    }
    auto const took = std::chrono::steady_clock::now() - process_start;
    fmt::print("klamm ready kafka={} http={} data={} in {} ms\n",
               to_string((*server)->kafka_address()), to_string((*server)->http_address()),
               options.durability == Durability::memory ? "memory" : options.data,
               std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    std::fflush(stdout);

    int signal = 0;
    sigwait(&signals, &signal);
    (*server)->stop();
    return 0;
}

}  // namespace klamm::host
