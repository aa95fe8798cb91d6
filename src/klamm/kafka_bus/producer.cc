#include "klamm/kafka_bus/producer.h"

#include <algorithm>
#include <array>

namespace klamm::kafka_bus {
namespace {

using Kind = bus::Error::Kind;

/// librdkafka waits for one answer this long; then it asks again.
constexpr Duration request_timeout{10'000};
constexpr int report_wait_ms = 100;
constexpr Duration room_wait{10};
constexpr std::size_t error_text_bytes_max = 512;

PartitionList offsets_of(std::map<bus::TopicPartition, bus::Committed> const& offsets) {
    PartitionList list(rd_kafka_topic_partition_list_new(int(offsets.size())));
    for (auto const& [partition, committed] : offsets) {
        auto* const one = rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(),
                                                            partition.partition);
        one->offset = committed.offset;
        if (committed.metadata.empty()) continue;
        // The list frees it as librdkafka allocates: with malloc.
        one->metadata = std::malloc(committed.metadata.size());
        one->metadata_size = committed.metadata.size();
        std::copy(committed.metadata.begin(), committed.metadata.end(),
                  static_cast<char*>(one->metadata));
    }
    return list;
}

}  // namespace

void Transactions::run() {
    while (auto job = commands_.wait()) job();
    outlet_.reset();
    client_.reset();
}

std::optional<bus::Error> Transactions::make() {
    auto const timeout = std::to_string(producer_.transaction_timeout.count());
    auto made = Client::make(
        RD_KAFKA_PRODUCER, options_, log_,
        {{"linger.ms", "2"},
         {"message.max.bytes", message_bytes_max},
         {"socket.timeout.ms", std::to_string(request_timeout.count())}},
        {{"client.id", producer_.client_id.empty() ? "klamm" : producer_.client_id},
         {"transactional.id", producer_.transactional_id},
         {"transaction.timeout.ms", timeout},
         {"message.timeout.ms", timeout},
         {"partitioner", "murmur2_random"},
         {"delivery.report.only.error", "true"}},
        {.delivered = [this](rd_kafka_message_t const& message) {
            auto const purged = message.err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
                                message.err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
            if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR || purged || undelivered_) return;
            undelivered_ = error_of(
                message.err, "sending to '" + std::string(rd_kafka_topic_name(message.rkt)) + "'");
        }});
    if (!made) return bus::Error{Kind::refused, name() + ": " + made.error()};
    client_ = std::move(*made);
    outlet_.emplace(client_, cluster_);
    return std::nullopt;
}

bus::Error Transactions::away(std::string_view what) const {
    auto why = name() + ": " + std::string(what) + ": no answer in time";
    if (auto const trouble = client_->last_trouble(); !trouble.empty()) why += " (" + trouble + ")";
    return {Kind::away, std::move(why)};
}

bus::Error Transactions::failure(rd_kafka_error_t const* error, std::string_view what) {
    auto const code = rd_kafka_error_code(error);
    auto known = error_of(code, name() + ": " + std::string(what), rd_kafka_error_string(error));
    if (rd_kafka_error_is_fatal(error)) {
        state_ = State::ended;
        // Whatever it was: only a new producer can go on.
        if (known.kind != Kind::refused) known.kind = Kind::fenced;
    }
    return known;
}

/// librdkafka gave this producer up: others, or the end of its time, have taken it over.
std::optional<bus::Error> Transactions::fatal(std::string_view what) {
    std::array<char, error_text_bytes_max> why{};
    if (rd_kafka_fatal_error(client_->rk(), why.data(), why.size()) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::nullopt;
    state_ = State::ended;
    return bus::Error{Kind::fenced, name() + ": " + std::string(what) + ": " + why.data()};
}

template <class Call>
ErrorPtr Transactions::insist(Deadline const& deadline, Call call) {
    for (;;) {
        ErrorPtr error(call(std::max(1, deadline.left_ms())));
        rd_kafka_poll(client_->rk(), 0);
        if (!error || !rd_kafka_error_is_retriable(error.get())) return error;
        if (deadline.passed() || commands_.stopping()) return error;
        // Some say so at once, while the coordinator moves.
        if (rd_kafka_error_code(error.get()) != RD_KAFKA_RESP_ERR__TIMED_OUT)
            std::this_thread::sleep_for(std::min(slice, Duration{50}));
    }
}

bus::Result<void> Transactions::initialize() {
    if (state_ == State::ended)
        return std::unexpected(bus::Error{Kind::fenced, name() + " was taken over by another"});
    if (state_ != State::not_made) return {};
    if (!client_)
        if (auto const wrong = make()) return std::unexpected(*wrong);
    Deadline const deadline(options_.patience);
    while (!client_->connect() && !deadline.passed() && !commands_.stopping()) {}
    auto const error =
        insist(deadline, [&](int ms) { return rd_kafka_init_transactions(client_->rk(), ms); });
    if (!error) {
        state_ = State::ready;
        return {};
    }
    if (rd_kafka_error_is_retriable(error.get())) {
        auto gone = away("taking it over");
        auto const code = rd_kafka_error_code(error.get());
        if (code != RD_KAFKA_RESP_ERR__TIMED_OUT) gone.why += ": " + words(code);
        return std::unexpected(std::move(gone));
    }
    return std::unexpected(failure(error.get(), "taking it over"));
}

bus::Result<void> Transactions::commit(Work work) {
    if (state_ == State::not_made)
        return std::unexpected(bus::Error{Kind::refused, name() + " was not initialized"});
    if (state_ == State::ended)
        return std::unexpected(bus::Error{Kind::fenced, name() + " was taken over by another"});
    Deadline const deadline(options_.patience);
    if (state_ == State::must_abort && !abort(deadline))
        return std::unexpected(
            state_ == State::ended
                ? bus::Error{Kind::fenced, name() + " was taken over, or its time was over"}
                : away("aborting what it left open"));

    ErrorPtr const begun(rd_kafka_begin_transaction(client_->rk()));
    if (begun) return std::unexpected(failure(begun.get(), "beginning a transaction"));
    state_ = State::must_abort;
    undelivered_.reset();
    auto failed = write(work.transaction, deadline);
    if (!failed && work.group) failed = add_offsets(work, deadline);
    if (!failed) failed = deliver(deadline);
    if (failed) {
        if (state_ != State::ended) abort(deadline);
        if (state_ == State::ended && failed->kind != Kind::refused) failed->kind = Kind::fenced;
        // Its end was never asked for, so nothing of it can count.
        if (failed->kind == Kind::away) failed->kind = Kind::aborted;
        return std::unexpected(std::move(*failed));
    }
    if (auto error = end(work, deadline)) return find_out(work, std::move(*error));
    state_ = State::ready;
    last_offsets_ = std::move(work.transaction.offsets);
    return {};
}

std::optional<bus::Error> Transactions::write(bus::Transaction const& transaction,
                                              Deadline const& deadline) {
    for (auto const* each : transaction.all_records()) {
        auto const& record = *each;
        if (auto wrong = outlet_->wrong_with(record)) return wrong;
        for (;;) {
            auto const error = outlet_->produce(record, nullptr);
            if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
            if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL || deadline.passed() ||
                commands_.stopping()) {
                if (auto ended = fatal("sending records")) return ended;
                return error_of(error, name() + ": sending to '" + record.topic + "'");
            }
            rd_kafka_poll(client_->rk(), int(room_wait.count()));
        }
    }
    return std::nullopt;
}

std::optional<bus::Error> Transactions::add_offsets(Work const& work, Deadline const& deadline) {
    auto const list = offsets_of(work.transaction.offsets);
    // It cannot be taken up again after a time-out, so it gets all the time there is.
    ErrorPtr const error(rd_kafka_send_offsets_to_transaction(
        client_->rk(), list.get(), work.group.get(),
        std::max(1, deadline.left_ms(producer_.transaction_timeout))));
    if (!error) return std::nullopt;
    // A record that was refused meanwhile is why: its report may still be on the way to us.
    if (rd_kafka_error_txn_requires_abort(error.get()))
        rd_kafka_poll(client_->rk(), report_wait_ms);
    if (undelivered_) return undelivered_;
    auto known = failure(error.get(), "adding offsets of group '" + work.group_name + "'");
    if (known.kind == Kind::away && rd_kafka_error_txn_requires_abort(error.get()))
        known.kind = Kind::aborted;
    return known;
}

/// Waits until all records are there, which commit_transaction would do as well; but what fails
/// here has certainly not been committed.
std::optional<bus::Error> Transactions::deliver(Deadline const& deadline) {
    for (;;) {
        auto const error = rd_kafka_flush(client_->rk(), std::max(1, deadline.left_ms()));
        if (auto ended = fatal("sending records")) return ended;
        if (undelivered_) return undelivered_;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
        if (deadline.passed() || commands_.stopping()) return away("sending records");
    }
}

std::optional<bus::Error> Transactions::end(Work const&, Deadline const& deadline) {
    auto const error =
        insist(deadline, [&](int ms) { return rd_kafka_commit_transaction(client_->rk(), ms); });
    if (!error) return std::nullopt;
    if (rd_kafka_error_is_retriable(error.get())) {
        // The call goes on inside librdkafka and blocks every other one.
        state_ = State::ended;
        auto gone = away("committing");
        gone.kind = Kind::unknown_outcome;
        return gone;
    }
    auto known = failure(error.get(), "committing");
    if (rd_kafka_error_txn_requires_abort(error.get())) {
        abort(deadline);
        if (known.kind == Kind::away) known.kind = Kind::aborted;
    } else {
        known.kind = Kind::unknown_outcome;
    }
    return known;
}

bool Transactions::abort(Deadline const& deadline) {
    auto const error =
        insist(deadline, [&](int ms) { return rd_kafka_abort_transaction(client_->rk(), ms); });
    if (!error)
        state_ = State::ready;
    else if (rd_kafka_error_is_fatal(error.get()))
        state_ = State::ended;
    return !error;
}

/// Offsets tell: those of a transaction that was committed are the group's.
bus::Result<void> Transactions::find_out(Work const& work, bus::Error error) {
    auto const& offsets = work.transaction.offsets;
    if (error.kind != Kind::unknown_outcome || offsets.empty() || commands_.stopping())
        return std::unexpected(std::move(error));
    // Some transactions commit what was committed before; then nothing can be seen by it.
    auto const same_as_before = std::ranges::all_of(offsets, [&](auto const& one) {
        auto const before = last_offsets_.find(one.first);
        return before != last_offsets_.end() && before->second == one.second;
    });
    if (same_as_before) return std::unexpected(std::move(error));
    std::vector<bus::TopicPartition> partitions;
    for (auto const& [partition, committed] : offsets) partitions.push_back(partition);
    auto const found = cluster_->committed(work.group_name, partitions, options_.patience);
    if (!found) return std::unexpected(std::move(error));
    if (*found == offsets) return {};
    return std::unexpected(
        bus::Error{Kind::fenced, error.why + "; its offsets are not those of the group"});
}

KafkaProducer::KafkaProducer(bus::Loop& loop, Threads& threads,
                             std::shared_ptr<Transactions> transactions)
    : calls_(loop), transactions_(std::move(transactions)) {
    threads.start([owned = transactions_] { owned->run(); });
}

KafkaProducer::~KafkaProducer() { transactions_->commands().stop(); }

void KafkaProducer::initialize(bus::Done<void> done) {
    begin(std::move(done), [](Transactions& it) { return it.initialize(); });
}

void KafkaProducer::commit(bus::Transaction transaction, bus::Done<void> done) {
    Transactions::Work work;
    work.group_name = transaction.group;
    std::optional<bus::Error> refused;
    if (!transaction.offsets.empty() && transaction.consumer != nullptr) {
        auto& consumer = static_cast<KafkaConsumer&>(*transaction.consumer);
        work.group_name = consumer.group();
        if (auto metadata = consumer.metadata_to_commit(transaction.offsets))
            work.group = std::move(*metadata);
        else
            refused = std::move(metadata.error());
    } else if (!transaction.offsets.empty()) {
        work.group.reset(rd_kafka_consumer_group_metadata_new(transaction.group.c_str()));
    }
    if (refused) return calls_.open<void>(std::move(done))(std::unexpected(std::move(*refused)));
    work.transaction = std::move(transaction);
    begin(std::move(done), [work = std::move(work)](Transactions& it) mutable {
        return it.commit(std::move(work));
    });
}

/// One at a time.
template <class Operation>
void KafkaProducer::begin(bus::Done<void> done, Operation operation) {
    if (std::exchange(busy_, true))
        return calls_.open<void>(std::move(done))(std::unexpected(
            bus::Error{Kind::refused, "the producer is still busy with what it was asked before"}));
    auto const answer =
        calls_.open<void>([this, done = std::move(done)](bus::Result<void> result) mutable {
            busy_ = false;
            done(std::move(result));
        });
    transactions_->commands().add([transactions = transactions_.get(),
                                   operation = std::move(operation),
                                   answer]() mutable { answer(operation(*transactions)); });
}

}  // namespace klamm::kafka_bus
