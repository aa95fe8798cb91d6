// bus/link.h - how the embedded bus reaches a broker: messages, not bytes of a socket.
//
// Implementations: in the same process (live/), through the simulated network (simulate/).
#pragma once

#include "klamm/kafka/apis.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace klamm::bus {

/// Requests of one connection are answered in order. A request that waits (a fetch, a join) holds
/// up those behind it: who wants both has two connections.
class Connection {
public:
    /// Nothing: the connection is lost, and nobody knows whether it was done.
    using Answer = std::move_only_function<void(std::optional<kafka::AnyResponse>)>;

    /// Closes it; no answer comes any more. Safe inside an answer, also one of its own.
    virtual ~Connection() = default;
    /// The answer comes on the loop, never inside this call. Of a Fetch it holds whole batches.
    virtual void send(kafka::AnyRequest request, kafka::ApiVersion version, Answer answer) = 0;
};

class Connector {
public:
    virtual ~Connector() = default;
    /// Always succeeds; a broker that is away shows with the first request. A later connection has
    /// a higher broker::ConnectionId: the broker takes it for the newer one of the same client.
    virtual std::unique_ptr<Connection> connect(std::string const& client_id) = 0;
};

}  // namespace klamm::bus
