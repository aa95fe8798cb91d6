// cli/outcome.h - how a command ends: a value, or a failure that a person can act on.
#pragma once

#include <expected>
#include <string>

namespace klamm::cli {

struct Failure {
    std::string what;           ///< what was wrong and where, one line
    std::string hint;           ///< what to do about it; may be empty
    int exit_code = 1;          ///< 1 failed, 2 wrong use
    bool is_transient = false;  ///< the same may work in a moment
};

template <class T = void>
using Outcome = std::expected<T, Failure>;

inline std::unexpected<Failure> failed(std::string what, std::string hint = {}) {
    return std::unexpected(Failure{std::move(what), std::move(hint), 1, false});
}
inline std::unexpected<Failure> misused(std::string what, std::string hint = {}) {
    return std::unexpected(Failure{std::move(what), std::move(hint), 2, false});
}

/// Prints the failure, if there is one, on stderr. The exit code of the process.
int report(Outcome<> const& outcome);

}  // namespace klamm::cli
