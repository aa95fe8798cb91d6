#include "klamm/live/local_connector.h"

#include "klamm/base/ensure.h"
#include "klamm/broker/check_decoded.h"
#include "klamm/host/in_order.h"
#include "klamm/host/mailbox.h"
#include "klamm/host/server.h"

#include <atomic>
#include <chrono>
#include <deque>
#include <unordered_map>
#include <utility>
#include <vector>

namespace klamm::live {

using broker::ConnectionId;
using Clock = std::chrono::steady_clock;

namespace {

/// As group descriptions show it: there is no socket, and so no address of one.
constexpr std::string_view peer = "127.0.0.1";

/// The broker writes offsets into batches that it takes. Whoever keeps them for another try keeps
/// them as they are.
void own_batches(kafka::AnyRequest& request) {
    auto* const produce = std::get_if<kafka::ProduceRequest>(&request);
    if (produce == nullptr) return;
    for (auto& topic : produce->topic_data)
        for (auto& partition : topic.partition_data) {
            if (!partition.records) continue;
            for (auto& part : partition.records->parts)
                if (part.owner().use_count() > 1)
                    part = Slice(Bytes(part.view().begin(), part.view().end()));
        }
}

}  // namespace

struct LocalConnector::Shared : std::enable_shared_from_this<Shared> {
    explicit Shared(bus::Loop& on) : loop(on) {}

    /// A reply on its way to its connection.
    struct Delivery {
        broker::Reply reply;
        bool completed = false;  ///< its batches were read from the disk
    };

    // ---- any thread
    void push(std::vector<Delivery> more);
    void room();

    // ---- the loop's
    void submit(broker::Request request);
    void submit_waiting();
    void help_soon();
    void bring();
    void forget(ConnectionId connection);

    bus::Loop& loop;
    host::Core* core = nullptr;
    std::uint64_t next_id = std::uint64_t(host::Inside::first);
    std::unordered_map<std::uint64_t, LocalConnection*> connections;
    std::deque<broker::Request> waiting;  ///< for room; of each connection as many as it has open
    bool helping = false;                 ///< help() is posted
    std::atomic<bool> resuming{false};
    host::Mailbox<Delivery> replies;
};

class LocalConnector::LocalConnection final : public bus::Connection {
public:
    LocalConnection(std::shared_ptr<Shared> shared, ConnectionId id, std::string client_id)
        : shared_(std::move(shared)), id_(id), client_id_(std::move(client_id)) {
        shared_->connections.emplace(std::uint64_t(id_), this);
    }
    ~LocalConnection() override {
        if (gone_ != nullptr) *gone_ = true;
        shared_->forget(id_);
    }

    void send(kafka::AnyRequest body, kafka::ApiVersion version, Answer answer) override;
    void take(Shared::Delivery delivery);

private:
    struct Pending {
        Answer answer;
        std::int16_t api = 0;
        Clock::time_point since;
    };

    bool complete(broker::Reply& reply);
    void flush();
    void answer_front(broker::Reply reply, bool& gone);

    std::shared_ptr<Shared> shared_;
    ConnectionId const id_;
    std::string const client_id_;
    std::int32_t correlation_id_ = 0;
    host::InOrder<Pending, broker::Reply> window_;
    bool cold_ = false;     ///< the oldest reply is being read from the disk
    bool closed_ = false;   ///< by the broker
    bool* gone_ = nullptr;  ///< of flush(), which calls who may destroy this
};

// ---- requests ------------------------------------------------------------------------------

void LocalConnector::LocalConnection::send(kafka::AnyRequest body, kafka::ApiVersion version,
                                           Answer answer) {
    auto& core = *shared_->core;
    auto const api = kafka::described_apis()[body.index()].key;
    auto const number = window_.open({std::move(answer), api, Clock::now()});
    own_batches(body);
    broker::Request request;
    request.id = {id_, number};
    request.header = {api, version, correlation_id_++, client_id_};
    request.body = std::move(body);
    request.peer = peer;
    auto const known = core.broker().for_prepare();
    check_decoded(request, known.compressions.get(), known.validations.get());
    core.metrics().requests[std::size_t(api)].add();
    shared_->submit(std::move(request));
}

void LocalConnector::Shared::submit(broker::Request request) {
    if (!waiting.empty() || !core->broker().try_submit(request))
        waiting.push_back(std::move(request));
    help_soon();
}

void LocalConnector::Shared::submit_waiting() {
    while (!waiting.empty() && core->broker().try_submit(waiting.front())) waiting.pop_front();
    help_soon();
}

/// One step for all requests of a turn of the loop.
void LocalConnector::Shared::help_soon() {
    if (std::exchange(helping, true)) return;
    loop.post([shared = shared_from_this()] {
        shared->helping = false;
        if (shared->core != nullptr && !shared->connections.empty()) shared->core->broker().help();
    });
}

void LocalConnector::Shared::room() {
    if (resuming.exchange(true)) return;
    loop.post([shared = shared_from_this()] {
        shared->resuming = false;
        if (!shared->waiting.empty()) shared->submit_waiting();
    });
}

void LocalConnector::Shared::forget(ConnectionId connection) {
    connections.erase(std::uint64_t(connection));
    std::erase_if(waiting,
                  [&](auto const& request) { return request.id.connection == connection; });
    core->broker().disconnected(connection);
}

// ---- answers -------------------------------------------------------------------------------

void LocalConnector::Shared::push(std::vector<Delivery> more) {
    if (replies.put(std::move(more))) loop.post([shared = shared_from_this()] { shared->bring(); });
}

void LocalConnector::Shared::bring() {
    auto taken = replies.take();
    for (auto& delivery : taken) {
        auto const found = connections.find(std::uint64_t(delivery.reply.id.connection));
        if (found != connections.end()) found->second->take(std::move(delivery));
    }
}

void LocalConnector::LocalConnection::take(Shared::Delivery delivery) {
    if (delivery.completed) {
        cold_ = false;
        bool gone = false;
        answer_front(std::move(delivery.reply), gone);
        if (gone) return;
    } else {
        auto const number = delivery.reply.id.number;
        window_.answer(number, std::move(delivery.reply));
    }
    flush();
}

/// False: the disk is read, and the reply comes again.
bool LocalConnector::LocalConnection::complete(broker::Reply& reply) {
    auto& core = *shared_->core;
    if (host::fill_from_memory(reply, core.journal())) return true;
    cold_ = true;
    auto const bytes = host::record_bytes(reply);
    core.cold_reads().fill(
        std::move(reply), bytes,
        [shared = shared_, &cold_reads = core.cold_reads(), bytes](broker::Reply filled) {
            cold_reads.release(bytes);  // from now on it is the consumer's, who bounds it
            std::vector<Shared::Delivery> one;
            one.push_back({std::move(filled), true});
            shared->push(std::move(one));
        });
    return false;
}

void LocalConnector::LocalConnection::flush() {
    while (!cold_ && !window_.empty() && window_.front().answer) {
        auto reply = std::move(*window_.front().answer);
        if (!complete(reply)) return;
        bool gone = false;
        answer_front(std::move(reply), gone);
        if (gone) return;
    }
}

/// `gone`: this connection was destroyed by who heard the answer.
void LocalConnector::LocalConnection::answer_front(broker::Reply reply, bool& gone) {
    auto pending = std::move(window_.front().request);
    window_.pop();
    auto& core = *shared_->core;
    core.metrics().latency[std::size_t(pending.api)].observe(Clock::now() - pending.since);
    if (reply.push) core.client_metrics().keep(std::move(reply.push), Clock::now());
    closed_ = closed_ || reply.close;
    gone_ = &gone;
    if (closed_ || reply.silent)
        pending.answer(std::nullopt);
    else
        pending.answer(std::move(reply.body));
    if (!gone) gone_ = nullptr;
}

// ---- the connector -------------------------------------------------------------------------

LocalConnector::LocalConnector(bus::Loop& loop) : shared_(std::make_shared<Shared>(loop)) {}
LocalConnector::~LocalConnector() { ensure(shared_->connections.empty()); }

host::Core::Ends LocalConnector::ends() {
    return {.replies =
                [shared = shared_](std::vector<broker::Reply> replies) {
                    std::vector<Shared::Delivery> all;
                    all.reserve(replies.size());
                    for (auto& reply : replies) all.push_back({std::move(reply), false});
                    shared->push(std::move(all));
                },
            .room = [shared = shared_] { shared->room(); }};
}

void LocalConnector::attach(host::Core& core) { shared_->core = &core; }

std::unique_ptr<bus::Connection> LocalConnector::connect(std::string const& client_id) {
    return std::make_unique<LocalConnection>(shared_, ConnectionId(shared_->next_id++), client_id);
}

}  // namespace klamm::live
