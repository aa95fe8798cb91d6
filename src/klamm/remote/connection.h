// remote/connection.h - one connection to a server, over TCP, served on the loop itself.
//
//     idle ──first request──▶ finding ──▶ connecting ──▶ open ──▶ lost     lost: whatever fails
//                              names      each address
//
// What is sent in one turn of the loop leaves with one system call. Silence is no trouble here: who
// asked gives the connection up when its time is over.
#pragma once

#include "klamm/remote/exchange.h"
#include "klamm/remote/poller.h"
#include "klamm/remote/route.h"

#include <memory>
#include <string>
#include <vector>

namespace klamm::remote {

/// Thread: the loop's. Held by its bus::Connection, and while it is told of something.
class Connection final : public std::enable_shared_from_this<Connection>, Poller::Watcher {
public:
    /// Then the next address is tried.
    static constexpr Duration connect_timeout{2'000};

    Connection(bus::Loop& loop, Poller& poller, std::shared_ptr<Route> route,
               std::string client_id);
    ~Connection() { close(); }

    void send(kafka::AnyRequest const& request, kafka::ApiVersion version, Exchange::Answer answer);
    /// Nobody hears anything from now on.
    void close();

private:
    enum class State : std::uint8_t { idle, finding, connecting, open, lost };

    void connect(std::vector<Endpoint> endpoints);
    void connect_next();
    void connect_failed(std::string const& why);
    void look_whether_connected();
    void ready(bool ended) override;
    void write_soon();
    void write();
    void read();
    bool read_once();
    bool tell_answers();
    void lose(std::string const& why);
    void tell_loss();
    void hang_up();
    void post(std::move_only_function<void(Connection&)> job, Duration delay = Duration{0});

    bus::Loop& loop_;
    Poller& poller_;
    std::shared_ptr<Route> const route_;
    State state_ = State::idle;
    bool closed_ = false;
    bool writing_soon_ = false;
    bool ended_ = false;   ///< the server has said its last word
    bool worked_ = false;  ///< it has answered
    std::vector<Endpoint> endpoints_;
    std::size_t endpoint_ = 0;
    Descriptor socket_;
    Poller::Watch watch_ = 0;
    Exchange exchange_;
};

}  // namespace klamm::remote
