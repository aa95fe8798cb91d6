// sim/producer.cc - producers, idempotent and plain.
#include "klamm/records/batch.h"
#include "klamm/sim/audit.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr kafka::ApiVersion produce_version = 9;
constexpr std::int16_t all_acks = -1;
constexpr std::int16_t leader_acks = 1;  // there is no other broker: the same promise
constexpr std::int16_t no_acks = 0;
constexpr int in_flight_max = 5;  // as many as the broker remembers
constexpr int records_max = 5;
constexpr std::size_t padding_usual = 200;
constexpr std::size_t padding_large = 4000;
constexpr Time pause_max = 300 * millisecond;
constexpr Time retry_pause = 100 * millisecond;

struct Unacked {
    Bytes batch;
    std::vector<std::string> values;
};

struct Identity {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
};

Task<Identity> become_idempotent(Client& client) {
    for (;;) {
        kafka::InitProducerIdRequest request;
        request.transactional_id.reset();
        auto const answer = co_await client.ask(std::move(request), 4);
        if (answer && answer->error_code == ErrorCode::none)
            co_return Identity{answer->producer_id, answer->producer_epoch};
        co_await client.services().schedule.sleep(retry_pause);
    }
}

kafka::AnyRequest produce_request(std::int32_t partition, Bytes const& batch, std::int16_t acks) {
    kafka::ProduceRequest request;
    request.acks = acks;
    request.timeout_ms = 30'000;
    auto& topic = request.topic_data.emplace_back();
    topic.name = main_topic;
    auto& data = topic.partition_data.emplace_back();
    data.index = partition;
    data.records.emplace().parts.push_back(Slice{batch});
    return request;
}

class Producer {
public:
    Producer(Client& client, Progress& progress, bool idempotent)
        : client_(client), progress_(progress), idempotent_(idempotent) {}

    Task<> run() {
        if (idempotent_) identity_ = co_await become_idempotent(client_);
        while (!client_.services().calm) {
            co_await client_.services().schedule.sleep(Time(client_.random.below(pause_max)));
            make_burst();
            if (!idempotent_ && client_.random.one_in(4)) forget_one();
            ++progress_.producers_busy;
            while (!unacked_.empty() && !client_.services().over) {
                bool const all = co_await try_burst();
                if (!all) co_await client_.services().schedule.sleep(retry_pause);
            }
            --progress_.producers_busy;
        }
    }

private:
    void make_burst() {
        auto& random = client_.random;
        partition_ = std::int32_t(random.below(std::uint64_t(client_.services().plan.partitions)));
        auto const batches = idempotent_ ? 1 + int(random.below(in_flight_max)) : 1;
        if (!idempotent_) acks_ = random.one_in(2) ? all_acks : leader_acks;
        for (int i = 0; i < batches; ++i) unacked_.push_back(make_batch());
    }

    /// Acks 0: whether it arrived is for the readers to see.
    void forget_one() {
        client_.send_and_forget(produce_request(partition_, make_batch().batch, no_acks),
                                produce_version);
    }

    Unacked make_batch() {
        auto& random = client_.random;
        auto const& plan = client_.services().plan;
        Unacked made;
        std::vector<records::Record> records(1 + random.below(records_max));
        for (auto& record : records) {
            auto const value =
                fmt::format("{}-{}-{}", client_.name(), partition_, numbers_[partition_]++);
            auto const padding = random.one_in(20) ? padding_large : padding_usual;
            auto padded = value + " " + std::string(random.below(padding), 'x');
            auto const view = std::as_bytes(std::span{padded});
            record.value.emplace(view.begin(), view.end());
            record.timestamp = client_.services().schedule.broker_now().wall_ms;
            made.values.push_back(value);
        }
        records::BatchOptions options;
        if (random.one_in(4)) options.codec = records::Codec(random.below(5));
        if (idempotent_ && plan.mutation != Mutation::no_sequence_check) {
            options.producer_id = identity_.id;
            options.producer_epoch = identity_.epoch;
            options.base_sequence = sequences_[partition_];
            sequences_[partition_] += std::int32_t(records.size());
        }
        made.batch = records::build(records, options);
        return made;
    }

    /// Sends all that is unacknowledged, in order. True when all of it was acknowledged.
    Task<bool> try_burst() {
        std::vector<std::shared_ptr<Call>> calls;
        for (auto const& unacked : unacked_)
            calls.push_back(client_.send(produce_request(partition_, unacked.batch, acks_),
                                         produce_version, Client::usual_patience));
        bool all = true;
        for (auto const& call : calls) {
            auto const* any = co_await answer(call);
            if (any == nullptr) co_return false;
            auto const& produced = std::get<kafka::ProduceResponse>(*any);
            auto const& part = produced.responses.at(0).partition_responses.at(0);
            all = take(part, all) && all;
        }
        co_return all;
    }

    /// `first`: all before it were acknowledged. True when this one is, too.
    bool take(kafka::ProduceResponse::PartitionProduceResponse const& part, bool first) {
        auto& services = client_.services();
        auto const error = part.error_code;
        if (error == ErrorCode::none || error == ErrorCode::duplicate_sequence_number) {
            if (!first) {
                services.violations.report(
                    "idempotent_once", client_.name() + ": a batch was taken behind a refused one");
                return false;
            }
            auto const& values = unacked_.front().values;
            if (error == ErrorCode::none)
                services.checkers.tell(&Checker::acked,
                                       Acked{{std::string(main_topic), partition_},
                                             client_.name(),
                                             idempotent_,
                                             part.base_offset,
                                             values},
                                       services.schedule.now());
            auto& end = progress_.ends[{std::string(main_topic), partition_}];
            end = std::max(end, part.base_offset + std::int64_t(values.size()));
            progress_.records_acked += values.size();
            unacked_.pop_front();
            return true;
        }
        // Behind a refused batch the next ones are out of order. The first one never is.
        bool const expected = kafka::is_retriable(error) ||
                              (!first && error == ErrorCode::out_of_order_sequence_number);
        if (!expected)
            services.violations.report(
                idempotent_ ? "idempotent_once" : "no_lost_ack",
                fmt::format("{} is refused with error {} for {}", client_.name(), int(error),
                            unacked_.front().values.front()));
        return false;
    }

    Client& client_;
    Progress& progress_;
    bool idempotent_;
    Identity identity_;
    std::int16_t acks_ = all_acks;
    std::int32_t partition_ = 0;
    std::deque<Unacked> unacked_;
    std::map<std::int32_t, std::int32_t> sequences_;
    std::map<std::int32_t, std::int64_t> numbers_;
};

}  // namespace

Task<> produce(Client& client, Progress& progress, bool idempotent) {
    Producer producer{client, progress, idempotent};
    co_await producer.run();
}

}  // namespace klamm::sim
