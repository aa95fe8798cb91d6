#include "klamm/host/process.h"

#include "klamm/host/log.h"

#include <fmt/format.h>
#include <malloc.h>
#include <pthread.h>

namespace klamm::host {

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

}  // namespace klamm::host
