// live/start.cc - klamm::start, and the signals of a program that is nothing but an App.
#include "klamm/host/log.h"
#include "klamm/host/process.h"
#include "klamm/live/live_app.h"
#include "klamm/remote/poller.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <tuple>

namespace klamm {

using live::LiveApp;
using remote::Descriptor;

namespace {

using std::chrono::steady_clock;

auto const process_start = steady_clock::now();  // before main: what "in N ms" counts from
constexpr milliseconds drain_max{30'000};

int failed(App const& app, std::string const& why, int code) {
    std::fprintf(stderr, "%s: %s\n", app.name().c_str(), why.c_str());
    return code;
}

/// One line for who started it: that it is at work, and where.
void print_ready(App const& app, LiveApp const& live) {
    auto const& setup = live.setup();
    auto line = fmt::format("{} ready", app.name());
    if (auto const kafka = live.kafka_address(); !kafka.empty()) line += " kafka=" + kafka;
    if (auto const http = live.http_address(); !http.empty()) line += " http=" + http;
    if (!setup.embedded)
        line += fmt::format(" bootstrap={} instance={}", setup.run.bootstrap, setup.run.instance);
    else if (setup.broker.durability == host::Durability::memory)
        line += " data=memory";
    else
        line += " data=" + setup.run.data;
    using std::chrono::duration_cast;
    fmt::print("{} in {} ms\n", line,
               duration_cast<milliseconds>(steady_clock::now() - process_start).count());
    std::fflush(stdout);
}

/// Until a signal came, or the App has failed: then its exit code is 1.
int wait_for_end(App const& app, LiveApp& live, Descriptor const& signalled,
                 Descriptor const& settled) {
    std::array<pollfd, 2> waits{{{signalled.number(), POLLIN, 0}, {settled.number(), POLLIN, 0}}};
    while (true) {
        if (::poll(waits.data(), waits.size(), -1) < 0) continue;  // interrupted
        if (waits[0].revents != 0) {
            signalfd_siginfo taken{};  // else it would still come when it is let through
            std::ignore = ::read(signalled.number(), &taken, sizeof taken);
            return 0;
        }
        if (waits[1].revents == 0) continue;
        if (auto const why = live.error()) return failed(app, *why, 1);
        print_ready(app, live);
        waits[1].fd = -1;
    }
}

int run_setup(App const& app, live::Setup setup) {
    auto const signals = host::block_signals();
    host::keep_freed_memory();
    if (setup.run.quiet) host::log_only_problems();
    if (setup.embedded) host::warn(setup.broker);
    Descriptor const signalled(::signalfd(-1, &signals, SFD_CLOEXEC));
    Descriptor const settled(::eventfd(0, EFD_CLOEXEC));
    auto live =
        LiveApp::start(app, std::move(setup), [&] { ::eventfd_write(settled.number(), 1); });
    if (!live) return failed(app, live.error(), 1);
    auto const code = wait_for_end(app, **live, signalled, settled);
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);  // who asks a second time does not wait
    if (!(*live)->stop(drain_max) && code == 0)
        std::fprintf(stderr, "%s: not all was finished; the rest is done after the next start\n",
                     app.name().c_str());
    return code;
}

}  // namespace

std::expected<std::unique_ptr<Running>, std::string> start(App const& app,
                                                           RunOptions const& options) {
    auto setup = live::read_setup(options);
    if (!setup) return std::unexpected(setup.error());
    auto started = LiveApp::start(app, std::move(*setup));
    if (!started) return std::unexpected(started.error());
    return std::move(*started);
}

int run(App const& app, RunOptions const& options) {
    auto setup = live::read_setup(options);
    if (!setup) return failed(app, setup.error(), 2);
    return run_setup(app, std::move(*setup));
}

}  // namespace klamm
