// live/setup.h - RunOptions as they are meant: checked, and with what follows from them.
#pragma once

#include "klamm/host/options.h"
#include "klamm/run.h"

#include <expected>
#include <optional>
#include <string>

namespace klamm::live {

struct Setup {
    RunOptions run;     ///< with an instance
    bool named = true;  ///< the instance is not by chance
    bool embedded = true;
    host::Options broker;  ///< of the embedded one
    std::optional<host::Address> http;
};

/// The error names the option, its value and what is allowed.
[[nodiscard]] std::expected<Setup, std::string> read_setup(RunOptions options);

}  // namespace klamm::live
