// live/local_connector.h - connections to the broker in this process: structs in, structs out.
//
//     loop:  send() ──▶ check ──▶ broker's inbox ── at the end of the turn ──▶ step
//     loop:  answer ◀── fill ◀── in order ◀── one job for all replies of a step
//
// The loop makes the broker's steps itself when no other thread is in one; a request that waits for
// the disk wakes the journal's thread, and that one wakes the loop. Batches are the same bytes from
// the producer to the consumer.
#pragma once

#include "klamm/bus/link.h"
#include "klamm/bus/loop.h"
#include "klamm/host/core.h"

#include <memory>
#include <string>

namespace klamm::live {

class LocalConnector final : public bus::Connector {
public:
    explicit LocalConnector(bus::Loop& loop);
    /// On the loop, or when it has ended. All connections are gone by then.
    ~LocalConnector() override;
    LocalConnector(LocalConnector const&) = delete;
    LocalConnector& operator=(LocalConnector const&) = delete;

    /// For the server that it connects to; they may be called as long as there is one.
    host::Core::Ends ends();
    /// Before the first connection sends. The core lives until the connections are gone.
    void attach(host::Core& core);

    std::unique_ptr<bus::Connection> connect(std::string const& client_id) override;

private:
    struct Shared;
    class LocalConnection;
    std::shared_ptr<Shared> shared_;
};

}  // namespace klamm::live
