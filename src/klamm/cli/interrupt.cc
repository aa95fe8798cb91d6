#include "klamm/cli/interrupt.h"

#include <ctime>

namespace klamm::cli {

Interrupt::Interrupt() : signals_{}, before_{} {
    sigemptyset(&signals_);
    sigaddset(&signals_, SIGINT);
    sigaddset(&signals_, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &signals_, &before_);
}

Interrupt::~Interrupt() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

bool Interrupt::asked() {
    timespec const no_wait{};
    if (!asked_ && ::sigtimedwait(&signals_, nullptr, &no_wait) > 0) asked_ = true;
    return asked_;
}

}  // namespace klamm::cli
