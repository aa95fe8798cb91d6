// sim/network.h - connections between clients and the broker, as a real network makes them.
//
// Within a connection bytes arrive in order; connections overtake each other. A connection may
// be cut, and each end learns of it at its own time. What a client sent before it gave up may
// arrive after its retry did: that is how a broker sees a request twice.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/request.h"
#include "klamm/sim/services.h"

#include <map>

namespace klamm::sim {

using broker::ConnectionId;

/// The client's end.
class Peer {
public:
    virtual ~Peer() = default;
    virtual void received(ConnectionId connection, Bytes frame) = 0;
    virtual void closed(ConnectionId connection) = 0;
};

/// The broker's end.
class Listener {
public:
    virtual ~Listener() = default;
    virtual void received(ConnectionId connection, Bytes frame) = 0;
    virtual void closed(ConnectionId connection) = 0;
};

class Network {
public:
    Network(Services& services, std::uint64_t seed) : services_(services), random_(seed) {}

    ConnectionId open(Peer& peer);
    void send_request(ConnectionId connection, Bytes frame);
    void send_response(ConnectionId connection, Bytes frame);
    /// The client gives up. What it sent goes on travelling; it hears nothing any more.
    void close_by_client(ConnectionId connection);
    void close_by_broker(ConnectionId connection);
    /// Null: the process is gone, and all its connections with it.
    void listen(Listener* listener);

private:
    struct Connection {
        Peer* peer = nullptr;
        bool client_open = true;
        bool broker_open = true;
        bool cut = false;         ///< nothing that is sent from now on arrives
        Time last_to_broker = 0;  ///< nothing sent later arrives earlier
        Time last_to_client = 0;
    };

    Time latency(Fault slow);
    void cut(ConnectionId id);
    void tell_client_closed(ConnectionId id, Time delay);
    void tell_broker_closed(ConnectionId id, Time delay);

    Services& services_;
    Random random_;
    Listener* listener_ = nullptr;
    std::uint64_t opened_ = 0;
    std::map<ConnectionId, Connection> connections_;
};

}  // namespace klamm::sim
