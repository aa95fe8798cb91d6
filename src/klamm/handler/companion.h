// handler/companion.h - what works beside the handlers of an App, on the same log: an outbox.
//
// Whoever runs the App starts its companions with it and stops them before the engine. Tests in
// virtual time do not run them: what they do lies outside of the log.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/health.h"

#include <functional>
#include <string>
#include <vector>

namespace klamm {

class Companion {
public:
    struct Parts {
        bus::Loop& loop;
        bus::Bus& bus;
        std::function<void(std::string const&)> log;  ///< what is wrong; the loop's thread
    };

    virtual ~Companion() = default;
    // All on the loop. What `parts` refers to lives until stop() was called.
    virtual void start(Parts parts) = 0;
    virtual void stop() = 0;  ///< as a crash would; nothing is lost by it
    virtual std::vector<Problem> problems() const = 0;
};

}  // namespace klamm
