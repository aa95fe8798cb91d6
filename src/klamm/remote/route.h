// remote/route.h - to which address connections go: those of the bootstrap list, the one that
// worked last first.
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/remote/endpoint.h"

#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace klamm::remote {

/// Thread: the loop's. Names are looked up in a thread that nobody waits for.
class Route : public std::enable_shared_from_this<Route> {
public:
    using Log = std::function<void(std::string const&)>;
    using Found = std::move_only_function<void(std::vector<Endpoint> const&)>;
    static constexpr Duration lookup_lifetime{30'000};

    /// `loop` lives longer than the Route.
    Route(bus::Loop& loop, std::vector<host::Address> bootstrap, Log log);
    ~Route();
    Route(Route const&) = delete;
    Route& operator=(Route const&) = delete;

    /// In the order in which they are to be tried; none: no name is known. Not inside this call.
    void find(Found found);
    void worked(Endpoint const& endpoint);
    /// It comes last from now on.
    void failed(Endpoint const& endpoint, std::string const& why);
    /// Each is logged once, until something works again.
    void trouble(std::string const& why);
    /// Empty: nothing, or something worked since.
    std::string const& last_trouble() const { return last_trouble_; }

private:
    struct Mailbox;
    void look_up();
    void looked_up(Resolved resolved);
    void tell();

    bus::Loop& loop_;
    std::vector<host::Address> const bootstrap_;
    Log const log_;
    std::shared_ptr<Mailbox> const mailbox_;
    std::vector<Endpoint> endpoints_;
    Instant looked_at_{};
    bool looking_ = false;
    std::vector<Found> waiting_;
    std::set<std::string> said_;
    std::string last_trouble_;
};

}  // namespace klamm::remote
