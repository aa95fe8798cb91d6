// sim/client.h - a client's side of the wire: connections, requests in flight, answers.
//
// One connection at a time, opened when it is needed. When it is lost or a request takes too
// long, every request on it ends without an answer, and nobody knows whether it was done.
#pragma once

#include "klamm/kafka/apis.h"
#include "klamm/sim/network.h"
#include "klamm/sim/task.h"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>

namespace klamm::sim {

/// A request under way. `co_await answer(call)` gives the answer, or null.
struct Call {
    kafka::RequestHeader header;
    Time asked = 0;
    bool done = false;
    std::optional<kafka::AnyResponse> answer;
    std::coroutine_handle<> waiting;
};

/// The answer lives as long as the call.
inline auto answer(std::shared_ptr<Call> const& call) {
    struct Awaiter {
        Call* call;
        bool await_ready() const noexcept { return call->done; }
        void await_suspend(std::coroutine_handle<> handle) const noexcept {
            call->waiting = handle;
        }
        kafka::AnyResponse const* await_resume() const noexcept {
            return call->answer ? &*call->answer : nullptr;
        }
    };
    return Awaiter{call.get()};
}

class Client final : public Peer {
public:
    Client(Services& services, Network& network, std::string name, std::uint64_t seed)
        : random(seed), services_(services), network_(network), name_(std::move(name)) {}

    std::string const& name() const { return name_; }
    Services& services() { return services_; }

    /// Sends at once, behind what is under way.
    std::shared_ptr<Call> send(kafka::AnyRequest request, kafka::ApiVersion version, Time patience);
    /// For a request that nobody answers.
    void send_and_forget(kafka::AnyRequest request, kafka::ApiVersion version);
    /// Gives the connection up.
    void drop();

    /// Sends and waits.
    template <class R>
    Task<std::optional<typename R::Response>> ask(R request, kafka::ApiVersion version,
                                                  Time patience = usual_patience) {
        auto const call = send(kafka::AnyRequest{std::move(request)}, version, patience);
        auto const* any = co_await answer(call);
        if (any == nullptr) co_return std::nullopt;
        co_return std::get<typename R::Response>(*any);
    }

    static constexpr Time usual_patience = 3 * second;

    Random random;  ///< for what this client decides

private:
    void received(ConnectionId connection, Bytes frame) override;
    void closed(ConnectionId connection) override;
    void put_on_wire(kafka::RequestHeader& header, kafka::AnyRequest const& request,
                     kafka::ApiVersion version);
    void finish(std::shared_ptr<Call> call);
    void lose_all();

    Services& services_;
    Network& network_;
    std::string name_;
    std::optional<ConnectionId> connection_;
    std::deque<std::shared_ptr<Call>> under_way_;
    std::int32_t sent_ = 0;
};

using ListedOffset = kafka::ListOffsetsResponse::ListOffsetsPartitionResponse;
inline constexpr std::int64_t latest_offset = -1;
inline constexpr std::int64_t earliest_offset = -2;
/// The offset and the time of what `timestamp` stands for; nothing when there was no answer.
Task<std::optional<ListedOffset>> list_offset(Client& client, PartitionName name,
                                              std::int64_t timestamp);

}  // namespace klamm::sim
