#include "klamm/bus/embedded_producer.h"

#include "klamm/bus/batches.h"
#include "klamm/bus/embedded_consumer.h"
#include "klamm/bus/line.h"
#include "klamm/bus/topics.h"

#include <algorithm>

namespace klamm::bus {
namespace {

using kafka::ErrorCode;
using Kind = Error::Kind;

/// From these versions on a transaction begins with its first write (KIP-890).
constexpr kafka::ApiVersion init_version = 5;
constexpr kafka::ApiVersion produce_version = 12;
constexpr kafka::ApiVersion offsets_version = 5;
constexpr kafka::ApiVersion end_version = 5;

/// What an error says about the transaction.
Kind kind_of(ErrorCode error) {
    switch (error) {
        case ErrorCode::invalid_producer_epoch:
        case ErrorCode::producer_fenced:
        case ErrorCode::invalid_producer_id_mapping:
            return Kind::fenced;
        case ErrorCode::illegal_generation:
        case ErrorCode::unknown_member_id:
        case ErrorCode::fenced_instance_id:
        case ErrorCode::stale_member_epoch:
        case ErrorCode::fenced_member_epoch:
        case ErrorCode::rebalance_in_progress:
        case ErrorCode::transaction_abortable:
        case ErrorCode::invalid_txn_state:
        case ErrorCode::out_of_order_sequence_number:
        case ErrorCode::unknown_producer_id:
            return Kind::aborted;
        default:
            return Kind::refused;
    }
}

bool is_about_membership(ErrorCode error) {
    return error == ErrorCode::illegal_generation || error == ErrorCode::unknown_member_id ||
           error == ErrorCode::stale_member_epoch || error == ErrorCode::fenced_member_epoch;
}

/// Again, later. A topic that is not there was there a moment ago: it was deleted.
bool comes_again(ErrorCode error) {
    return kafka::is_retriable(error) && error != ErrorCode::unknown_topic_or_partition;
}

class State : public std::enable_shared_from_this<State> {
public:
    State(std::shared_ptr<Setting> setting, ProducerOptions options)
        : setting_(std::move(setting)),
          options_(std::move(options)),
          line_(std::make_shared<Line>(setting_, options_.client_id)) {}

    void begin() { line_->belong_to(weak_from_this()); }
    void close() { line_->close(); }

    void initialize(Done<void> done);
    void commit(Transaction transaction, Done<void> done);

private:
    /// One transaction on its way.
    struct Job {
        Transaction transaction;
        std::vector<Outgoing const*> records;  ///< of `transaction`
        std::shared_ptr<Membership> membership;
        MemberName member;  ///< as of the membership in which the transaction was made
        Done<void> done;
        Instant until;
        std::int64_t now_ms = 0;  ///< of records that name no time: the same with each try
        std::vector<Batch> batches;
        std::size_t rounds = 0;
        int waits_for = 0;  ///< writes that are under way
        std::optional<Error> failed;

        std::map<TopicPartition, Committed> const& offsets() const { return transaction.offsets; }
    };

    std::string name() const { return "transactional id '" + options_.transactional_id + "'"; }
    void later(Done<void> done, Error error);
    std::optional<Error> check(Transaction const& transaction) const;
    void prepare();
    void write();
    void produce(std::size_t round);
    Again hear(kafka::ProduceResponse const& answer);
    void written_at(TopicPartition const& partition, std::int64_t base);
    void commit_offsets();
    static bool owns_all(Job const& job);
    kafka::TxnOffsetCommitRequest offsets_request();
    Again hear(kafka::TxnOffsetCommitResponse const& answer);
    template <class R>
    void until_heard(std::string const& what, kafka::ApiVersion version,
                     std::move_only_function<R()> make, Loop::Job next);
    void refuse(std::string const& what, ErrorCode error,
                std::optional<std::string> const& message = {});
    void fail(Error error);
    void written();
    using Ended = std::move_only_function<void(Result<void>)>;
    void end(bool commit, Ended ended);
    void finish(Result<void> result);

    std::shared_ptr<Setting> setting_;
    ProducerOptions options_;
    std::shared_ptr<Line> line_;
    ProducerName producer_;
    std::uint64_t any_ = 0;  ///< counts transactions, for records without a key
    bool dead_ = false;      ///< fenced, or the outcome is not known
    bool to_abort_ = false;  ///< something may be open that was never to be committed
    bool initializing_ = false;
    std::shared_ptr<Job> job_;
};

void State::later(Done<void> done, Error error) {
    line_->post([done = std::move(done), error = std::move(error)]() mutable {
        done(std::unexpected(std::move(error)));
    });
}

// ---- the producer ------------------------------------------------------------------------------

void State::initialize(Done<void> done) {
    if (job_ || initializing_)
        return later(std::move(done), {Kind::refused, name() + " is busy: one call at a time"});
    initializing_ = true;
    dead_ = to_abort_ = false;
    producer_ = {};
    auto const ends =
        std::make_shared<Done<void>>([this, done = std::move(done)](Result<void> result) mutable {
            initializing_ = false;
            done(std::move(result));
        });
    line_->insist<kafka::InitProducerIdRequest>(
        {.what = "to take over " + name(),
         .until = line_->patience(),
         .make =
             [this] {
                 kafka::InitProducerIdRequest request;
                 request.transactional_id = options_.transactional_id;
                 request.transaction_timeout_ms =
                     std::int32_t(options_.transaction_timeout.count());
                 return request;
             },
         .hear =
             [this, ends](kafka::InitProducerIdResponse& answer, bool) {
                 auto const error = answer.error_code;
                 if (kafka::is_retriable(error)) return error;
                 if (error != ErrorCode::none) {
                     (*ends)(std::unexpected(refused("to take over " + name(), error)));
                     return settled;
                 }
                 producer_ = {answer.producer_id, answer.producer_epoch};
                 (*ends)({});
                 return settled;
             },
         .give_up = [ends](Error error, bool) { (*ends)(std::unexpected(std::move(error))); },
         .version = init_version});
}

std::optional<Error> State::check(Transaction const& transaction) const {
    if (job_ || initializing_)
        return Error{Kind::refused, name() + " is busy: one transaction at a time"};
    if (dead_) return Error{Kind::fenced, name() + " was fenced: make a new producer"};
    if (!producer_.known())
        return Error{Kind::refused, name() + " has not been taken over: initialize() first"};
    if (!transaction.offsets.empty() && transaction.consumer == nullptr &&
        transaction.group.empty())
        return Error{Kind::refused, "a transaction with offsets needs a consumer or a group"};
    if (transaction.consumer == nullptr) return std::nullopt;
    auto* consumer = dynamic_cast<EmbeddedConsumer*>(transaction.consumer);
    if (consumer == nullptr)
        return Error{Kind::refused, "the transaction's consumer is one of another bus"};
    for (auto const& [partition, offset] : transaction.offsets)
        if (!consumer->membership()->owns(partition))
            return Error{Kind::refused,
                         fmt::format("{}/{} is not assigned to this consumer any more",
                                     partition.topic, partition.partition)};
    return std::nullopt;
}

void State::commit(Transaction transaction, Done<void> done) {
    if (auto error = check(transaction)) return later(std::move(done), std::move(*error));
    job_ = std::make_shared<Job>();
    job_->transaction = std::move(transaction);
    job_->records = job_->transaction.all_records();
    if (job_->transaction.consumer != nullptr)
        job_->membership =
            dynamic_cast<EmbeddedConsumer&>(*job_->transaction.consumer).membership();
    if (job_->membership) job_->member = job_->membership->name();
    job_->done = std::move(done);
    job_->until = line_->patience();
    job_->now_ms = setting_->loop.now().wall_ms;
    if (job_->records.empty() && job_->offsets().empty())
        return line_->post([this] { finish({}); });
    if (!to_abort_) return prepare();
    end(false, [this](Result<void> ended) {
        if (!ended) return finish(std::move(ended));
        prepare();
    });
}

void State::finish(Result<void> result) {
    auto const job = std::exchange(job_, nullptr);
    job->done(std::move(result));
}

// ---- writing ------------------------------------------------------------------------------------

void State::prepare() {
    learn_topics(*line_, setting_, topics_of(job_->records), job_->until,
                 [this](std::optional<Error> error) {
                     if (error) return finish(std::unexpected(std::move(*error)));
                     write();
                 });
}

void State::write() {
    std::map<TopicPartition, std::int32_t> sequences;  // from 0 on in each transaction
    auto batches = place(job_->records, setting_->topics, any_++, sequences);
    if (!batches)
        return line_->post(
            [this, error = std::move(batches.error())] { finish(std::unexpected(error)); });
    job_->batches = std::move(*batches);
    for (auto const& batch : job_->batches) job_->rounds = std::max(job_->rounds, batch.round + 1);
    to_abort_ = true;
    job_->waits_for = (job_->rounds > 0 ? 1 : 0) + (job_->offsets().empty() ? 0 : 1);
    if (!job_->offsets().empty()) commit_offsets();
    if (job_->rounds > 0) produce(0);
}

/// One of the transaction's writes: made again while its answer wants that and the transaction has
/// not failed, then `next`.
template <class R>
void State::until_heard(std::string const& what, kafka::ApiVersion version,
                        std::move_only_function<R()> make, Loop::Job next) {
    line_->insist<R>({.what = what + " for " + name(),
                      .until = job_->until,
                      .make = std::move(make),
                      .hear =
                          [this, next = std::move(next)](auto& answer, bool) mutable {
                              auto const again = hear(answer);
                              if (again != settled && !job_->failed) return again;
                              next();
                              return settled;
                          },
                      .give_up =
                          [this](Error error, bool) {
                              fail(std::move(error));
                              written();
                          },
                      .version = version});
}

void State::produce(std::size_t round) {
    until_heard<kafka::ProduceRequest>(
        "to write", produce_version,
        [this, round] {
            return produce_request(job_->records, job_->batches, round, producer_,
                                   &options_.transactional_id, job_->now_ms);
        },
        [this, round] {
            if (!job_->failed && round + 1 < job_->rounds) return produce(round + 1);
            written();
        });
}

Again State::hear(kafka::ProduceResponse const& answer) {
    auto again = settled;
    for (auto const& topic : answer.responses)
        for (auto const& part : topic.partition_responses) {
            auto const error = part.error_code;
            if (error == ErrorCode::none) {
                written_at({topic.name, part.index}, part.base_offset);
            } else if (comes_again(error)) {
                again = error;
            } else {
                if (error == ErrorCode::unknown_topic_or_partition)
                    setting_->topics.forget(topic.name);
                refuse(fmt::format("to write to {}/{}", topic.name, part.index), error,
                       part.error_message);
            }
        }
    return again;
}

/// The first batch of a partition that was not written before is the one that the answer is about.
void State::written_at(TopicPartition const& partition, std::int64_t base) {
    auto const batch = std::ranges::find_if(job_->batches, [&](Batch const& candidate) {
        return candidate.partition == partition && !candidate.written();
    });
    if (batch != job_->batches.end()) batch->base_offset = base;
}

bool State::owns_all(Job const& job) {
    return std::ranges::all_of(
        job.offsets(), [&](auto const& offset) { return job.membership->owns(offset.first); });
}

/// A member that was lost and has joined again, or has given one of these partitions to another,
/// must not commit in its new epoch what it did before: it is refused in the old one.
kafka::TxnOffsetCommitRequest State::offsets_request() {
    kafka::TxnOffsetCommitRequest request;
    request.transactional_id = options_.transactional_id;
    request.group_id = job_->transaction.group;
    request.producer_id = producer_.id;
    request.producer_epoch = producer_.epoch;
    if (job_->membership) {
        auto const now = job_->membership->name();
        if (now.life == job_->member.life && owns_all(*job_)) job_->member = now;
        auto const& member = job_->member;
        request.group_id = member.group;
        request.member_id = member.member_id;
        request.generation_id = member.epoch;
    }
    for (auto const& [partition, committed] : job_->offsets()) {
        if (request.topics.empty() || request.topics.back().name != partition.topic)
            request.topics.emplace_back().name = partition.topic;
        request.topics.back().partitions.push_back({.partition_index = partition.partition,
                                                    .committed_offset = committed.offset,
                                                    .committed_metadata = committed.metadata});
    }
    return request;
}

void State::commit_offsets() {
    until_heard<kafka::TxnOffsetCommitRequest>(
        "to commit offsets", offsets_version, [this] { return offsets_request(); },
        [this] { written(); });
}

Again State::hear(kafka::TxnOffsetCommitResponse const& answer) {
    auto again = settled;
    for (auto const& topic : answer.topics)
        for (auto const& part : topic.partitions) {
            auto const error = part.error_code;
            if (error == ErrorCode::none) continue;
            if (comes_again(error)) {
                again = error;
                continue;
            }
            refuse(fmt::format("to commit the offset of {}/{}", topic.name, part.partition_index),
                   error);
            if (job_->membership && is_about_membership(error)) job_->membership->doubted();
        }
    return again;
}

void State::refuse(std::string const& what, ErrorCode error,
                   std::optional<std::string> const& message) {
    fail({kind_of(error), refused(what, error, message).why});
}

/// The first reason counts, unless a later one says that all is over.
void State::fail(Error error) {
    if (job_->failed && error.kind != Kind::fenced) return;
    job_->failed = std::move(error);
}

/// Of two kinds of writes one has come to its end.
void State::written() {
    if (--job_->waits_for > 0) return;
    auto const& failed = job_->failed;
    if (!failed) return end(true, [this](Result<void> ended) { finish(std::move(ended)); });
    if (failed->kind == Kind::fenced) {
        dead_ = true;
        return finish(std::unexpected(*failed));
    }
    // It was never to be committed, so nothing of it counts, whenever it is aborted.
    if (failed->kind == Kind::away) return finish(std::unexpected(*failed));
    end(false, [this](Result<void> ended) {
        bool const fenced = !ended && ended.error().kind == Kind::fenced;
        finish(fenced ? std::move(ended) : std::unexpected(*job_->failed));
    });
}

// ---- ending -------------------------------------------------------------------------------------

void State::end(bool commit, Ended ended) {
    auto const ends = std::make_shared<Ended>(std::move(ended));
    auto const what = fmt::format("to {} a transaction of {}", commit ? "commit" : "abort", name());
    line_->insist<kafka::EndTxnRequest>(
        {.what = what,
         .until = std::max(job_->until, line_->now() + setting_->options.request_timeout),
         .make =
             [this, commit] {
                 kafka::EndTxnRequest request;
                 request.transactional_id = options_.transactional_id;
                 request.producer_id = producer_.id;
                 request.producer_epoch = producer_.epoch;
                 request.committed = commit;
                 return request;
             },
         .hear =
             [this, commit, what, ends](kafka::EndTxnResponse& answer, bool before) {
                 auto const error = answer.error_code;
                 if (kafka::is_retriable(error)) return error;
                 if (error == ErrorCode::none) {
                     to_abort_ = false;
                     producer_ = {answer.producer_id, answer.producer_epoch};
                     (*ends)({});
                     return settled;
                 }
                 auto kind = kind_of(error);
                 // Who was fenced after a commit without an answer cannot know which came first.
                 if (commit && before) kind = Kind::unknown_outcome;
                 dead_ |= kind == Kind::fenced || kind == Kind::unknown_outcome || !commit;
                 (*ends)(std::unexpected(Error{kind, refused(what, error).why}));
                 return settled;
             },
         .give_up =
             [this, commit, ends](Error error, bool unanswered) {
                 if (commit && unanswered) {
                     error.kind = Kind::unknown_outcome;
                     dead_ = true;
                 }
                 (*ends)(std::unexpected(std::move(error)));
             },
         .version = end_version});
}

class EmbeddedProducer final : public Producer {
public:
    EmbeddedProducer(std::shared_ptr<Setting> setting, ProducerOptions options)
        : state_(std::make_shared<State>(std::move(setting), std::move(options))) {
        state_->begin();
    }
    ~EmbeddedProducer() override { state_->close(); }

    void initialize(Done<void> done) override { state_->initialize(std::move(done)); }
    void commit(Transaction transaction, Done<void> done) override {
        state_->commit(std::move(transaction), std::move(done));
    }

private:
    std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Producer> make_embedded_producer(std::shared_ptr<Setting> setting,
                                                 ProducerOptions options) {
    return std::make_unique<EmbeddedProducer>(std::move(setting), std::move(options));
}

}  // namespace klamm::bus
