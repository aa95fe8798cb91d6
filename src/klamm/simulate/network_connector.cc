#include "klamm/simulate/network_connector.h"

#include <deque>
#include <utility>

namespace klamm::simulated {
namespace {

using sim::ConnectionId;

constexpr std::ptrdiff_t length_bytes = 4;

/// Opened with the first request.
class NetworkConnection final : public bus::Connection, public sim::Peer {
public:
    NetworkConnection(sim::Services& services, sim::Network& network, ScheduleLoop& loop,
                      std::string client)
        : services_(services),
          network_(network),
          loop_(loop),
          client_(std::move(client)),
          self_(std::make_shared<NetworkConnection*>(this)) {}
    ~NetworkConnection() override {
        *self_ = nullptr;
        if (id_ && !lost_) network_.close_by_client(*id_);
    }

    void send(kafka::AnyRequest request, kafka::ApiVersion version, Answer answer) override {
        if (lost_) return tell(std::move(answer), std::nullopt);
        if (!id_) id_ = network_.open(*this);
        kafka::RequestHeader header;
        std::visit([&]<class R>(R const&) { header.api_key = R::api.key; }, request);
        header.api_version = version;
        header.correlation_id = ++sent_;
        header.client_id = client_;
        auto bytes = kafka::flatten(kafka::encode_request(header, request));
        bytes.erase(bytes.begin(), bytes.begin() + length_bytes);
        services_.trace.note_bytes(bytes, [&] {
            return fmt::format("{} sends {}: {}", client_, header.correlation_id,
                               kafka::to_text(request, version));
        });
        waiting_.push_back({std::move(header), std::move(answer)});
        network_.send_request(*id_, std::move(bytes));
    }

private:
    struct Waiting {
        kafka::RequestHeader header;
        Answer answer;
    };

    void received(ConnectionId, Bytes frame) override {
        if (waiting_.empty())
            return services_.violations.report("protocol", "an answer to no request");
        auto waiting = std::move(waiting_.front());
        waiting_.pop_front();
        Slice const bytes{std::move(frame)};
        auto answer = kafka::decode_response(waiting.header, bytes);
        if (!answer) return services_.violations.report("protocol", answer.error());
        services_.trace.note_bytes(bytes.view(), [&] {
            return fmt::format("{} gets the answer to {}: {}", client_,
                               waiting.header.correlation_id,
                               kafka::to_text(*answer, waiting.header.api_version));
        });
        tell(std::move(waiting.answer), std::move(*answer));
    }
    void closed(ConnectionId) override {
        lost_ = true;
        for (auto& waiting : std::exchange(waiting_, {}))
            tell(std::move(waiting.answer), std::nullopt);
    }
    void tell(Answer answer, std::optional<kafka::AnyResponse> response) {
        loop_.post(
            [self = self_, answer = std::move(answer), response = std::move(response)]() mutable {
                if (*self != nullptr) answer(std::move(response));
            });
    }

    sim::Services& services_;
    sim::Network& network_;
    ScheduleLoop& loop_;
    std::string client_;
    std::shared_ptr<NetworkConnection*> self_;
    std::optional<ConnectionId> id_;
    bool lost_ = false;
    std::int32_t sent_ = 0;
    std::deque<Waiting> waiting_;
};

class NetworkConnector final : public bus::Connector {
public:
    NetworkConnector(sim::Services& services, sim::Network& network, ScheduleLoop& loop)
        : services_(services), network_(network), loop_(loop) {}
    std::unique_ptr<bus::Connection> connect(std::string const& client_id) override {
        return std::make_unique<NetworkConnection>(services_, network_, loop_, client_id);
    }

private:
    sim::Services& services_;
    sim::Network& network_;
    ScheduleLoop& loop_;
};

}  // namespace

std::unique_ptr<bus::Connector> make_network_connector(sim::Services& services,
                                                       sim::Network& network, ScheduleLoop& loop) {
    return std::make_unique<NetworkConnector>(services, network, loop);
}

}  // namespace klamm::simulated
