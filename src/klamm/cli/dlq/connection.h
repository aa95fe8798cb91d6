// cli/dlq/connection.h - a bus to the cluster, asked from the thread of a command.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/cli/client.h"
#include "klamm/live/thread_loop.h"

#include <functional>
#include <future>
#include <memory>
#include <string>

namespace klamm::cli {

class Connection {
public:
    static Outcome<std::unique_ptr<Connection>> open(ClientOptions const& options);
    ~Connection();
    Connection(Connection const&) = delete;
    Connection& operator=(Connection const&) = delete;

    bus::Loop& loop() { return loop_; }
    bus::Bus& bus() { return *bus_; }

    /// Begins something on the loop and waits until it is done. `meanwhile` is called ten times a
    /// second.
    template <class T>
    Outcome<T> ask(std::function<void(bus::Done<T>)> begin,
                   std::function<void()> const& meanwhile = {}) {
        auto promise = std::make_shared<std::promise<bus::Result<T>>>();
        auto answer = promise->get_future();
        loop_.post([&begin, promise] {
            begin([promise](bus::Result<T> result) { promise->set_value(std::move(result)); });
        });
        while (answer.wait_for(std::chrono::milliseconds(100)) == std::future_status::timeout)
            if (meanwhile) meanwhile();
        auto result = answer.get();
        if (!result) return std::unexpected(failure(result.error()));
        if constexpr (std::is_void_v<T>)
            return {};
        else
            return std::move(*result);
    }

private:
    explicit Connection(ClientOptions const& options) : bootstrap_(options.bootstrap) {}
    Failure failure(bus::Error const& error) const;

    std::string bootstrap_;
    live::ThreadLoop loop_;
    std::unique_ptr<bus::Bus> bus_;
};

}  // namespace klamm::cli
