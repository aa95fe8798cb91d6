// cli/interrupt.h - Ctrl-C and SIGTERM as a question that a loop asks.
#pragma once

#include <csignal>

namespace klamm::cli {

/// While it lives, SIGINT and SIGTERM do not end the process but make `asked()` true. Make it
/// before any other thread starts: threads inherit the blocked signals.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(Interrupt const&) = delete;
    Interrupt& operator=(Interrupt const&) = delete;

    bool asked();
    /// The signals that were blocked before; a child process has to go back to them.
    sigset_t const& before() const { return before_; }

private:
    sigset_t signals_;
    sigset_t before_;
    bool asked_ = false;
};

}  // namespace klamm::cli
