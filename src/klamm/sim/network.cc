#include "klamm/sim/network.h"

namespace klamm::sim {
namespace {

constexpr Time latency_min = 50;
constexpr Time latency_usual = 2 * millisecond;
constexpr Time delay_max = 800 * millisecond;
constexpr Time late_min = 1 * second;
constexpr Time late_max = 9 * second;

}  // namespace

ConnectionId Network::open(Peer& peer) {
    auto const id = ConnectionId{++opened_};
    connections_[id] = {.peer = &peer};
    if (listener_ == nullptr) {  // refused, as the client will find out
        connections_[id].broker_open = false;
        tell_client_closed(id, latency(Fault::delay));
    }
    return id;
}

Time Network::latency(Fault slow) {
    auto const usual = latency_min + Time(random_.below(latency_usual));
    if (slow == Fault::late_copy)  // it counts when it arrives behind its sender's back
        return services_.draws(slow, random_) ? late_min + Time(random_.below(late_max - late_min))
                                              : usual;
    if (!services_.strikes(slow, random_)) return usual;
    return Time(random_.below(delay_max));
}

void Network::send_request(ConnectionId id, Bytes frame) {
    auto& connection = connections_.at(id);
    if (connection.cut) return;
    if (services_.strikes(Fault::request_lost, random_)) {
        services_.trace.note("connection {} is cut, a request is lost", std::uint64_t(id));
        return cut(id);
    }
    auto const slow = random_.one_in(2) ? Fault::delay : Fault::late_copy;
    auto const arrives = services_.schedule.now() + latency(slow);
    connection.last_to_broker = std::max(connection.last_to_broker, arrives);
    services_.schedule.at(
        connection.last_to_broker, [this, id, frame = std::move(frame)]() mutable {
            auto const it = connections_.find(id);
            if (it == connections_.end() || !it->second.broker_open || listener_ == nullptr) return;
            if (!it->second.client_open) services_.trace.hit(Fault::late_copy);
            listener_->received(id, std::move(frame));
        });
}

void Network::send_response(ConnectionId id, Bytes frame) {
    auto const found = connections_.find(id);
    if (found == connections_.end()) return;
    auto& connection = found->second;
    if (connection.cut) return;
    if (services_.strikes(Fault::response_lost, random_)) {
        services_.trace.note("connection {} is cut, a response is lost", std::uint64_t(id));
        return cut(id);
    }
    auto const arrives = services_.schedule.now() + latency(Fault::delay);
    connection.last_to_client = std::max(connection.last_to_client, arrives);
    services_.schedule.at(connection.last_to_client,
                          [this, id, frame = std::move(frame)]() mutable {
                              auto const it = connections_.find(id);
                              if (it == connections_.end() || !it->second.client_open) return;
                              it->second.peer->received(id, std::move(frame));
                          });
}

void Network::cut(ConnectionId id) {
    connections_.at(id).cut = true;
    tell_client_closed(id, latency(Fault::delay));
    tell_broker_closed(id, latency(Fault::delay));
}

void Network::close_by_client(ConnectionId id) {
    auto const it = connections_.find(id);
    if (it == connections_.end()) return;
    it->second.client_open = false;
    // The end of the stream travels behind what was sent before it.
    auto const behind = it->second.last_to_broker - services_.schedule.now();
    tell_broker_closed(id, std::max<Time>(behind, 0) + latency(Fault::delay));
}

void Network::close_by_broker(ConnectionId id) {
    auto const it = connections_.find(id);
    if (it == connections_.end()) return;
    it->second.broker_open = false;
    auto const behind = it->second.last_to_client - services_.schedule.now();
    tell_client_closed(id, std::max<Time>(behind, 0) + latency(Fault::delay));
}

void Network::tell_client_closed(ConnectionId id, Time delay) {
    services_.schedule.after(delay, [this, id] {
        auto const it = connections_.find(id);
        if (it == connections_.end()) return;
        if (std::exchange(it->second.client_open, false)) it->second.peer->closed(id);
        if (!it->second.broker_open) connections_.erase(id);
    });
}

void Network::tell_broker_closed(ConnectionId id, Time delay) {
    services_.schedule.after(delay, [this, id] {
        auto const it = connections_.find(id);
        if (it == connections_.end()) return;
        if (std::exchange(it->second.broker_open, false) && listener_ != nullptr)
            listener_->closed(id);
        if (!it->second.client_open) connections_.erase(id);
    });
}

void Network::listen(Listener* listener) {
    listener_ = listener;
    if (listener != nullptr) return;
    for (auto& [id, connection] : connections_) {
        connection.broker_open = false;
        tell_client_closed(id, latency(Fault::delay));
    }
}

}  // namespace klamm::sim
