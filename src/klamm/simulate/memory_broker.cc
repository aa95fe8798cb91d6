#include "klamm/simulate/memory_broker.h"

#include "klamm/base/ensure.h"
#include "klamm/broker/check_decoded.h"

#include <deque>
#include <utility>

namespace klamm::simulated {
namespace {

kafka::RequestHeader header_of(kafka::AnyRequest const& request, kafka::ApiVersion version,
                               std::string const& client) {
    kafka::RequestHeader header;
    std::visit([&]<class R>(R const&) { header.api_key = R::api.key; }, request);
    header.api_version = version;
    header.client_id = client;
    return header;
}

}  // namespace

class MemoryConnection final : public bus::Connection {
public:
    MemoryConnection(MemoryBroker& broker, ScheduleLoop& loop, std::string client)
        : broker_(broker),
          loop_(loop),
          client_(std::move(client)),
          id_(broker::ConnectionId{++broker.opened_}),
          self_(std::make_shared<MemoryConnection*>(this)) {
        broker_.connections_[id_] = [this](std::uint64_t number, kafka::AnyResponse response) {
            take(number, std::move(response));
        };
    }
    ~MemoryConnection() override {
        *self_ = nullptr;
        broker_.connections_.erase(id_);
        broker_.broker_.disconnected(id_, broker_.schedule_.broker_now());
        broker_.pump();
    }

    void send(kafka::AnyRequest request, kafka::ApiVersion version, Answer answer) override {
        auto header = header_of(request, version, client_);
        waiting_.push_back({std::move(answer), {}});
        loop_.post([self = self_, number = first_ + waiting_.size() - 1, header = std::move(header),
                    request = std::move(request)]() mutable {
            if (*self == nullptr) return;
            auto& connection = **self;
            connection.broker_.submit({connection.id_, number}, std::move(header),
                                      std::move(request));
        });
    }

private:
    struct Waiting {
        Answer answer;
        std::optional<kafka::AnyResponse> response;
    };

    /// Answers leave in the order of the requests.
    void take(std::uint64_t number, kafka::AnyResponse response) {
        waiting_.at(number - first_).response = std::move(response);
        while (!waiting_.empty() && waiting_.front().response) {
            auto done = std::move(waiting_.front());
            waiting_.pop_front();
            ++first_;
            loop_.post([self = self_, done = std::move(done)]() mutable {
                if (*self != nullptr) done.answer(std::move(done.response));
            });
        }
    }

    MemoryBroker& broker_;
    ScheduleLoop& loop_;
    std::string client_;
    broker::ConnectionId id_;
    std::deque<Waiting> waiting_;
    std::uint64_t first_ = 0;  ///< the number of waiting_.front()
    std::shared_ptr<MemoryConnection*> self_;
};

class MemoryBroker::MemoryConnector final : public bus::Connector {
public:
    MemoryConnector(MemoryBroker& broker, ScheduleLoop& loop) : broker_(broker), loop_(loop) {}
    std::unique_ptr<bus::Connection> connect(std::string const& client_id) override {
        return std::make_unique<MemoryConnection>(broker_, loop_, client_id);
    }

private:
    MemoryBroker& broker_;
    ScheduleLoop& loop_;
};

MemoryBroker::MemoryBroker(Schedule& schedule, broker::Options options, std::uint64_t seed)
    : schedule_(schedule), broker_(std::move(options), journal_, seed) {
    broker_.start(schedule.broker_now());
    pump();
}

std::unique_ptr<bus::Connector> MemoryBroker::connector(ScheduleLoop& loop) {
    return std::make_unique<MemoryConnector>(*this, loop);
}

void MemoryBroker::submit(broker::RequestId id, kafka::RequestHeader header,
                          kafka::AnyRequest request) {
    broker::Request whole;
    whole.id = id;
    whole.header = std::move(header);
    whole.body = std::move(request);
    whole.peer = "127.0.0.1";
    broker::check_decoded(whole, broker_.compressions().get(), broker_.validations().get());
    broker_.submit(std::move(whole), schedule_.broker_now());
    pump();
}

/// Makes all that was decided durable, and hands out the answers.
void MemoryBroker::pump() {
    for (;;) {
        if (journal_.next() > journal_.durable())
            broker_.durable(*journal_.commit(), schedule_.broker_now());
        auto replies = broker_.take_replies();
        if (replies.empty() && journal_.next() == journal_.durable()) break;
        for (auto& reply : replies) {
            broker::fill(reply, [this](broker::BatchPlace const& place) {
                return broker::read_place(journal_, extents_, place);
            });
            auto const found = connections_.find(reply.id.connection);
            if (found != connections_.end()) found->second(reply.id.number, std::move(reply.body));
        }
    }
    std::ignore = broker_.take_notices();
    plan_tick();
}

void MemoryBroker::plan_tick() {
    auto const wanted = broker_.next_tick();
    if (!wanted || (tick_planned_ && *tick_planned_ <= *wanted)) return;
    tick_planned_ = wanted;
    auto const due = sim::Time(wanted->time_since_epoch().count()) * sim::millisecond;
    schedule_.at(due, [this, wanted] {
        if (tick_planned_ == wanted) tick_planned_.reset();
        broker_.tick(schedule_.broker_now());
        pump();
    });
}

std::optional<kafka::AnyResponse> MemoryBroker::ask_now(kafka::AnyRequest request,
                                                        kafka::ApiVersion version) {
    std::optional<kafka::AnyResponse> answer;
    connections_[{}] = [&](std::uint64_t, kafka::AnyResponse response) {
        answer = std::move(response);
    };
    auto header = header_of(request, version, "test");
    submit({}, std::move(header), std::move(request));
    connections_.erase({});
    ensure(answer.has_value());
    return answer;
}

}  // namespace klamm::simulated
