#include "klamm/bus/sender.h"

#include "klamm/bus/topics.h"

#include <algorithm>

namespace klamm::bus {

using kafka::ErrorCode;
using Kind = Error::Kind;

namespace {

constexpr kafka::ApiVersion init_version = 5;
constexpr kafka::ApiVersion produce_version = 12;  // topics by name

/// The broker does not know the producer as it knows itself: a new one is needed.
bool is_about_producer(ErrorCode error) {
    return error == ErrorCode::out_of_order_sequence_number ||
           error == ErrorCode::unknown_producer_id || error == ErrorCode::invalid_producer_epoch ||
           error == ErrorCode::producer_fenced;
}

}  // namespace

Sender::Sender(std::shared_ptr<Setting> setting)
    : setting_(std::move(setting)), line_(std::make_shared<Line>(setting_, "klamm-sender")) {}

void Sender::send(std::vector<Outgoing> records, Sent done) {
    jobs_.push_back({.records = std::move(records),
                     .done = std::move(done),
                     .until = line_->patience(),
                     .now_ms = setting_->loop.now().wall_ms,
                     .batches = {}});
    if (jobs_.size() == 1) line_->post([this] { next(); });
}

void Sender::next() {
    if (jobs_.empty()) return;
    if (jobs_.front().records.empty()) return finish(std::nullopt);
    if (producer_.known()) return prepare();
    name_producer();
}

void Sender::name_producer() {
    line_->insist<kafka::InitProducerIdRequest>(
        {.what = "to ask for a producer id",
         .until = jobs_.front().until,
         .make =
             [] {
                 kafka::InitProducerIdRequest request;
                 request.transactional_id.reset();
                 return request;
             },
         .hear =
             [this](kafka::InitProducerIdResponse& answer, bool) {
                 if (kafka::is_retriable(answer.error_code)) return answer.error_code;
                 if (answer.error_code != ErrorCode::none) {
                     finish(refused("to ask for a producer id", answer.error_code));
                     return settled;
                 }
                 producer_ = {answer.producer_id, answer.producer_epoch};
                 prepare();
                 return settled;
             },
         .give_up = [this](Error error, bool) { finish(std::move(error)); },
         .version = init_version});
}

void Sender::prepare() {
    learn_topics(*line_, setting_, topics_of(jobs_.front().records), jobs_.front().until,
                 [this](std::optional<Error> error) {
                     if (error) return finish(std::move(error));
                     auto& job = jobs_.front();
                     auto batches = place(job.records, setting_->topics, any_++, sequences_);
                     if (!batches) return finish(std::move(batches.error()));
                     job.batches = std::move(*batches);
                     for (auto const& batch : job.batches)
                         job.rounds = std::max(job.rounds, batch.round + 1);
                     produce(0);
                 });
}

void Sender::produce(std::size_t round) {
    line_->insist<kafka::ProduceRequest>(
        {.what = "to write",
         .until = jobs_.front().until,
         .make =
             [this, round] {
                 auto const& job = jobs_.front();
                 return produce_request(job.records, job.batches, round, producer_, nullptr,
                                        job.now_ms);
             },
         .hear =
             [this, round](kafka::ProduceResponse& answer, bool before) {
                 std::optional<Error> failed;
                 auto const again = hear(answer, before, failed);
                 if (failed)
                     finish(std::move(failed));
                 else if (again != ErrorCode::none)
                     return again;
                 else if (round + 1 < jobs_.front().rounds)
                     produce(round + 1);
                 else
                     finish(std::nullopt);
                 return settled;
             },
         .give_up =
             [this](Error error, bool unanswered) {
                 auto const& batches = jobs_.front().batches;
                 if (unanswered || std::ranges::any_of(batches, &Batch::written))
                     error.kind = Kind::unknown_outcome;
                 finish(std::move(error));
             },
         .version = produce_version});
}

ErrorCode Sender::hear(kafka::ProduceResponse const& answer, bool before,
                       std::optional<Error>& failed) {
    auto again = ErrorCode::none;
    auto& batches = jobs_.front().batches;
    for (auto const& topic : answer.responses)
        for (auto const& part : topic.partition_responses) {
            auto const error = part.error_code;
            bool const gone = error == ErrorCode::unknown_topic_or_partition;
            if (error == ErrorCode::none) {
                auto const batch = std::ranges::find_if(batches, [&](Batch const& at) {
                    return at.partition.partition == part.index &&
                           at.partition.topic == topic.name && !at.written();
                });
                if (batch != batches.end()) batch->base_offset = part.base_offset;
            } else if (kafka::is_retriable(error) && !gone) {
                again = error;
            } else {
                if (gone) setting_->topics.forget(topic.name);
                failed = refused(fmt::format("to write to {}/{}", topic.name, part.index), error,
                                 part.error_message);
                if (is_about_producer(error))
                    failed->kind = before ? Kind::unknown_outcome : Kind::away;
            }
        }
    return again;
}

/// Who failed has left a gap in the sequences: the next one is another producer.
void Sender::finish(std::optional<Error> failed) {
    if (failed) {
        producer_ = {};
        sequences_.clear();
    }
    Result<std::vector<Position>> result;
    if (failed)
        result = std::unexpected(std::move(*failed));
    else
        result = positions();
    auto done = std::move(jobs_.front().done);
    jobs_.pop_front();
    if (!jobs_.empty()) line_->post([this] { next(); });
    done(std::move(result));
}

std::vector<Position> Sender::positions() const {
    auto const& job = jobs_.front();
    std::vector<Position> places(job.records.size());
    for (auto const& batch : job.batches)
        for (std::size_t i = 0; i < batch.records.size(); ++i)
            places[batch.records[i]] = {batch.partition.topic, batch.partition.partition,
                                        batch.base_offset + std::int64_t(i)};
    return places;
}

}  // namespace klamm::bus
