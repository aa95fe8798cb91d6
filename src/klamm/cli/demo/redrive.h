// cli/demo/redrive.h - what `klamm dlq redrive TOPIC --all` does, for the demo.
#pragma once

#include "klamm/cli/client.h"

#include <cstdint>
#include <string>

namespace klamm::cli {

/// How many were sent back. None, too, when there is no such topic yet.
Outcome<std::int64_t> redrive_dead_letters(ClientOptions const& options, std::string const& topic);

}  // namespace klamm::cli
