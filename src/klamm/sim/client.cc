#include "klamm/sim/client.h"

namespace klamm::sim {
namespace {

constexpr std::ptrdiff_t length_bytes = 4;

}  // namespace

std::shared_ptr<Call> Client::send(kafka::AnyRequest request, kafka::ApiVersion version,
                                   Time patience) {
    auto call = std::make_shared<Call>();
    call->asked = services_.schedule.now();
    under_way_.push_back(call);
    put_on_wire(call->header, request, version);
    services_.schedule.after(patience, [this, call, connection = *connection_] {
        if (call->done || connection_ != connection) return;
        services_.trace.note("{} has waited too long for {}", name_, call->header.correlation_id);
        drop();
    });
    return call;
}

void Client::send_and_forget(kafka::AnyRequest request, kafka::ApiVersion version) {
    kafka::RequestHeader header;
    put_on_wire(header, request, version);
}

void Client::put_on_wire(kafka::RequestHeader& header, kafka::AnyRequest const& request,
                         kafka::ApiVersion version) {
    std::visit([&]<class R>(R const&) { header.api_key = R::api.key; }, request);
    header.api_version = version;
    header.correlation_id = ++sent_;
    header.client_id = name_;
    services_.trace.note("{} sends {} {}", name_, kafka::api_name(header.api_key), sent_);
    if (!connection_) connection_ = network_.open(*this);
    auto bytes = kafka::flatten(kafka::encode_request(header, request));
    bytes.erase(bytes.begin(), bytes.begin() + length_bytes);
    network_.send_request(*connection_, std::move(bytes));
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
    Slice const bytes{std::move(frame)};
    auto answer = kafka::decode_response(call->header, bytes);
    if (!answer) return services_.violations.report("protocol", name_ + ": " + answer.error());
    services_.trace.note_bytes(bytes.view(), [&] {
        return fmt::format("{} gets the answer to {}: {}", name_, call->header.correlation_id,
                           kafka::to_text(*answer, call->header.api_version));
    });
    call->answer = std::move(*answer);
    finish(std::move(call));
}

void Client::closed(ConnectionId connection) {
    if (connection_ != connection) return;
    services_.trace.note("{} finds its connection closed", name_);
    lose_all();
}

Task<std::optional<ListedOffset>> list_offset(Client& client, PartitionName name,
                                              std::int64_t timestamp) {
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    auto& topic = request.topics.emplace_back();
    topic.name = name.topic;
    auto& asked = topic.partitions.emplace_back();
    asked.partition_index = name.number;
    asked.timestamp = timestamp;
    auto const answer = co_await client.ask(std::move(request), 7);
    if (!answer) co_return std::nullopt;
    auto const& part = answer->topics.at(0).partitions.at(0);
    if (part.error_code != kafka::ErrorCode::none) co_return std::nullopt;
    co_return part;
}

}  // namespace klamm::sim
