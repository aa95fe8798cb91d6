#include "klamm/kafka_bus/sender.h"

#include <algorithm>

namespace klamm::kafka_bus {

Sender::Sender(Options options, std::shared_ptr<Log> log, std::shared_ptr<Cluster> cluster)
    : options_(std::move(options)),
      log_(std::move(log)),
      cluster_(std::move(cluster)),
      thread_([this] { run(); }) {}

Sender::~Sender() {
    commands_.stop();
    thread_.join();
}

void Sender::send(std::vector<bus::Outgoing> records, Answer answer) {
    auto sending = std::make_shared<Sending>(Sending{.records = std::move(records),
                                                     .answer = std::move(answer),
                                                     .deadline = Deadline(options_.patience)});
    sending->positions.resize(sending->records.size());
    commands_.add([this, sending = std::move(sending)] { waiting_.push_back(sending); });
}

void Sender::run() {
    while (!commands_.stopping()) {
        if (!client_) {  // nothing was ever sent
            auto first = commands_.wait();
            if (!first) break;
            first();
        }
        for (auto& job : commands_.take()) job();
        if (!ready()) continue;
        while (!waiting_.empty()) {
            auto const sending = waiting_.front();
            produce(sending);
            if (sending->produced < sending->records.size()) break;
            waiting_.pop_front();
            if (sending->ended == sending->records.size()) finish(*sending);
        }
        rd_kafka_poll(client_->rk(), int(slice.count()));
    }
    commands_.on_add({});
    queue_.reset();
    // Reports of what is given up come within this call.
    if (client_) {
        rd_kafka_purge(client_->rk(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
        rd_kafka_flush(client_->rk(), int(slice.count()));
    }
    outlet_.reset();
    client_.reset();
}

/// Sees that there is a producer that works: one that failed for good gets a successor.
bool Sender::ready() {
    if (client_ && rd_kafka_fatal_error(client_->rk(), nullptr, 0) == RD_KAFKA_RESP_ERR_NO_ERROR)
        return true;
    if (client_) {
        commands_.on_add({});
        queue_.reset();
        rd_kafka_flush(client_->rk(), int(slice.count()));
        outlet_.reset();
        client_.reset();
    }
    auto made = Client::make(
        RD_KAFKA_PRODUCER, options_, log_,
        {{"linger.ms", "1"}, {"message.max.bytes", message_bytes_max}},
        {{"enable.idempotence", "true"},
         {"partitioner", "murmur2_random"},
         {"message.timeout.ms", std::to_string(options_.patience.count())}},
        {.delivered = [this](rd_kafka_message_t const& message) { delivered(message); }});
    if (!made) {
        for (auto const& sending : waiting_)
            sending->answer(std::unexpected(bus::Error{bus::Error::Kind::refused, made.error()}));
        waiting_.clear();
        return false;
    }
    client_ = std::move(*made);
    outlet_.emplace(client_, cluster_);
    queue_.reset(rd_kafka_queue_get_main(client_->rk()));
    commands_.on_add([queue = queue_.get()] { rd_kafka_queue_yield(queue); });
    client_->connect();
    return true;
}

void Sender::produce(std::shared_ptr<Sending> const& sending) {
    for (auto& next = sending->produced; next < sending->records.size(); ++next) {
        auto const& record = sending->records[next];
        if (auto wrong = outlet_->wrong_with(record)) {
            if (!sending->error) sending->error = std::move(wrong);
            ++sending->ended;
            continue;
        }
        auto place = std::make_unique<Place>(sending, next);
        auto error = outlet_->produce(record, place.get());
        if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL && !sending->deadline.passed()) return;
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) {
            std::ignore = place.release();  // comes back with its report
            continue;
        }
        if (!sending->error) sending->error = error_of(error, "sending to '" + record.topic + "'");
        ++sending->ended;
    }
}

void Sender::delivered(rd_kafka_message_t const& message) {
    std::unique_ptr<Place> const place(static_cast<Place*>(message._private));
    auto& sending = *place->sending;
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        sending.positions[place->index] = {rd_kafka_topic_name(message.rkt), message.partition,
                                           message.offset};
    } else if (!sending.error) {
        auto const what = "sending to '" + std::string(rd_kafka_topic_name(message.rkt)) + "'";
        auto error = error_of(message.err, what);
        if (auto const trouble = client_->last_trouble();
            error.kind == bus::Error::Kind::away && !trouble.empty())
            error.why += " (" + trouble + ")";
        if (error.kind == bus::Error::Kind::away &&
            rd_kafka_message_status(&message) == RD_KAFKA_MSG_STATUS_POSSIBLY_PERSISTED)
            error.kind = bus::Error::Kind::unknown_outcome;
        sending.error = std::move(error);
    }
    ++sending.ended;
    if (sending.ended == sending.records.size() && sending.produced == sending.records.size())
        finish(sending);
}

void Sender::finish(Sending& sending) {
    if (sending.error)
        sending.answer(std::unexpected(std::move(*sending.error)));
    else
        sending.answer(std::move(sending.positions));
}

}  // namespace klamm::kafka_bus
