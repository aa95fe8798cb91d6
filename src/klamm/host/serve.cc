// host/serve.cc - a server as a process: signals, the ready line, what a person must be told.
#include "klamm/host/log.h"
#include "klamm/host/server.h"

#include <fmt/format.h>
#include <malloc.h>

#include <csignal>
#include <cstdio>

namespace klamm::host {
namespace {

/// Blocks the signals that stop the server in this thread and all that it starts.
sigset_t block_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    std::signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is an error of one write
    std::signal(SIGPIPE, SIG_IGN);  // so is a peer that is gone
    return signals;
}

/// Freed memory is used again within milliseconds; given back to the system each time, it would be
/// cleared and mapped each time, which costs more than reading a response from the disk.
/// Per arena of the allocator, of which there is about one for each thread.
void keep_freed_memory() {
    constexpr int kept_bytes_max = 16 * 1024 * 1024;
    constexpr int mapped_from_bytes = 4 * 1024 * 1024;  // larger blocks are given back at once
    mallopt(M_TRIM_THRESHOLD, kept_bytes_max);
    mallopt(M_MMAP_THRESHOLD, mapped_from_bytes);
}

void warn(Options const& options) {
    for (auto const& address : {options.kafka, options.http})
        if (address && !is_loopback(*address))
            log_warning(
                fmt::format("{} can be reached by other machines, and there is no "
                            "authentication: whoever reaches it may read, write and delete",
                            to_string(*address)));
    if (options.durability == Durability::page_cache)
        log_warning(
            "durability is page-cache: what was acknowledged survives this process, but "
            "not a crash of the machine");
    if (options.durability == Durability::memory)
        log_warning("durability is memory: nothing survives this process");
}

}  // namespace

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
