#include "klamm/bus/sender.h"

#include "klamm/bus/topics.h"

#include <algorithm>
#include <ranges>

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
    Call call{.records = std::move(records),
              .places = {},
              .done = std::move(done),
              .until = line_->patience()};
    call.places.resize(call.records.size(), {.offset = -1});
    calls_.push_back(std::move(call));
    if (calls_.size() == 1 && !job_) line_->post([this] { next(); });
}

void Sender::next() {
    if (job_ || calls_.empty()) return;
    if (calls_.front().until <= line_->now()) return expire();
    gather();
    if (job_->records.empty()) return finish(std::nullopt);
    if (producer_.known()) return prepare();
    name_producer();
}

/// Those before it took all its time.
void Sender::expire() {
    auto call = std::move(calls_.front());
    calls_.pop_front();
    line_->post([this] { next(); });
    call.done(std::unexpected(
        Error{Kind::away, "to write: what was to be written before did not come to an end"}));
}

void Sender::gather() {
    job_ = std::make_unique<Job>();
    job_->now_ms = setting_->loop.now().wall_ms;
    while (!calls_.empty()) {
        auto& call = calls_.front();
        bool const first = job_->calls.empty();
        if (!first && (call.alone || job_->calls.front().alone ||
                       call.until > job_->calls.front().until + together_max ||
                       job_->records.size() + call.records.size() > records_max))
            return;
        job_->until = call.until;
        for (std::size_t i = 0; i < call.records.size(); ++i) {
            if (call.places[i].offset >= 0) continue;
            job_->records.push_back(&call.records[i]);
            job_->from.emplace_back(job_->calls.size(), i);
        }
        job_->calls.push_back(std::move(call));
        calls_.pop_front();
    }
}

void Sender::name_producer() {
    line_->insist<kafka::InitProducerIdRequest>(
        {.what = "to ask for a producer id",
         .until = job_->until,
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
    learn_topics(*line_, setting_, topics_of(job_->records), job_->until,
                 [this](std::optional<Error> error) {
                     if (error) return finish(std::move(error));
                     auto batches = place(job_->records, setting_->topics, any_++, sequences_);
                     if (!batches) return finish(std::move(batches.error()));
                     job_->batches = std::move(*batches);
                     for (auto const& batch : job_->batches)
                         job_->rounds = std::max(job_->rounds, batch.round + 1);
                     produce(0);
                 });
}

void Sender::produce(std::size_t round) {
    line_->insist<kafka::ProduceRequest>(
        {.what = "to write",
         .until = job_->until,
         .make =
             [this, round] {
                 return produce_request(job_->records, job_->batches, round, producer_, nullptr,
                                        job_->now_ms);
             },
         .hear =
             [this, round](kafka::ProduceResponse& answer, bool before) {
                 std::optional<Error> failed;
                 auto const again = hear(answer, before, failed);
                 if (failed)
                     finish(std::move(failed));
                 else if (again != ErrorCode::none)
                     return again;
                 else if (round + 1 < job_->rounds)
                     produce(round + 1);
                 else
                     finish(std::nullopt);
                 return settled;
             },
         .give_up =
             [this](Error error, bool unanswered) {
                 if (unanswered) error.kind = Kind::unknown_outcome;
                 finish(std::move(error));
             },
         .version = produce_version});
}

ErrorCode Sender::hear(kafka::ProduceResponse const& answer, bool before,
                       std::optional<Error>& failed) {
    auto again = ErrorCode::none;
    auto& batches = job_->batches;
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

void Sender::note_places() {
    for (auto const& batch : job_->batches) {
        if (!batch.written()) continue;
        for (std::size_t i = 0; i < batch.records.size(); ++i) {
            auto const [call, at] = job_->from[batch.records[i]];
            job_->calls[call].places[at] = {batch.partition.topic, batch.partition.partition,
                                            batch.base_offset + std::int64_t(i)};
        }
    }
}

/// Who failed has left a gap in the sequences: the next one is another producer.
void Sender::finish(std::optional<Error> failed) {
    if (failed) {
        producer_ = {};
        sequences_.clear();
    }
    note_places();
    auto const job = std::exchange(job_, nullptr);
    bool const apart = failed && failed->kind == Kind::refused && job->calls.size() > 1;
    std::vector<Call> over;
    for (auto& call : job->calls | std::views::reverse) {
        auto const is_written = [](Position const& place) { return place.offset >= 0; };
        if (!apart || std::ranges::all_of(call.places, is_written)) {
            over.push_back(std::move(call));
        } else {
            call.alone = true;
            calls_.push_front(std::move(call));
        }
    }
    if (!calls_.empty()) line_->post([this] { next(); });
    for (auto& call : over | std::views::reverse) {
        if (line_->closed()) return;
        auto const written = std::ranges::count_if(
            call.places, [](Position const& place) { return place.offset >= 0; });
        if (std::size_t(written) == call.places.size()) {
            call.done(std::move(call.places));
            continue;
        }
        auto error = *failed;
        if (error.kind == Kind::away && written > 0) error.kind = Kind::unknown_outcome;
        call.done(std::unexpected(std::move(error)));
    }
}

}  // namespace klamm::bus
