// host/process.h - what a process with a broker in it does to itself. Before it starts threads.
#pragma once

#include "klamm/host/options.h"

#include <csignal>

namespace klamm::host {

/// Blocks the signals that stop it, SIGTERM and SIGINT, in this thread and all that it starts, so
/// that they can be waited for; and takes those that tell of an error for the error alone.
sigset_t block_signals();
/// Freed memory is used again within milliseconds; given back to the system each time, it would be
/// cleared and mapped each time, which costs more than reading a response from the disk.
void keep_freed_memory();
/// Logs what a person must be told about these options.
void warn(Options const& options);

}  // namespace klamm::host
