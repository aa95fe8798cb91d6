#include "klamm/sim/client.h"

namespace klamm::sim {
namespace {

constexpr std::ptrdiff_t length_bytes = 4;

}  // namespace

std::shared_ptr<Call> Client::send(kafka::AnyRequest request, kafka::ApiVersion version,
                                   Time patience) {
    auto call = std::make_shared<Call>();
    std::visit([&]<class R>(R const&) { call->header.api_key = R::api.key; }, request);
    call->header.api_version = version;
    call->header.correlation_id = ++sent_;
    call->header.client_id = name_;
    call->asked = services_.schedule.now();
    services_.trace.note("{} sends {} {}", name_, kafka::api_name(call->header.api_key), sent_);

    if (!connection_) connection_ = network_.open(*this);
    under_way_.push_back(call);
    auto bytes = kafka::flatten(kafka::encode_request(call->header, request));
    bytes.erase(bytes.begin(), bytes.begin() + length_bytes);
    network_.send_request(*connection_, std::move(bytes));
    services_.schedule.after(patience, [this, call, connection = *connection_] {
        if (call->done || connection_ != connection) return;
        services_.trace.note("{} has waited too long for {}", name_, call->header.correlation_id);
        drop();
    });
    return call;
}

void Client::drop() {
    if (!connection_) return;
    network_.close_by_client(*connection_);
    lose_all();
}

void Client::lose_all() {
    connection_.reset();
    for (auto& call : std::exchange(under_way_, {})) finish(std::move(call));
}

void Client::finish(std::shared_ptr<Call> call) {
    call->done = true;
    if (call->waiting)
        services_.schedule.after(
            0, [waiting = std::exchange(call->waiting, {}), call] { waiting.resume(); });
}

void Client::received(ConnectionId connection, Bytes frame) {
    if (connection_ != connection) return;
    if (under_way_.empty())
        return services_.violations.report("protocol", name_ + " got an answer to no request");
    auto call = under_way_.front();
    under_way_.pop_front();
    auto answer = kafka::decode_response(call->header, Slice{std::move(frame)});
    if (!answer) return services_.violations.report("protocol", name_ + ": " + answer.error());
    services_.trace.note("{} gets the answer to {}: {}", name_, call->header.correlation_id,
                         kafka::to_text(*answer, call->header.api_version));
    call->answer = std::move(*answer);
    finish(std::move(call));
}

void Client::closed(ConnectionId connection) {
    if (connection_ != connection) return;
    services_.trace.note("{} finds its connection closed", name_);
    lose_all();
}

}  // namespace klamm::sim
