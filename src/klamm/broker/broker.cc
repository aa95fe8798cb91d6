#include "klamm/broker/broker.h"

#include "klamm/base/ensure.h"
#include "klamm/base/guard.h"
#include "klamm/broker/apply.h"
#include "klamm/broker/fetches.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/registry_changes.h"
#include "klamm/broker/registry_readers.h"
#include "klamm/broker/retention.h"
#include "klamm/broker/snapshot.h"
#include "klamm/broker/state.h"
#include "klamm/broker/storage_report.h"
#include "klamm/broker/telemetry/apis.h"
#include "klamm/broker/transactions/transactions.h"

#include <algorithm>
#include <concepts>
#include <deque>
#include <utility>
#include <variant>

namespace klamm::broker {

struct Broker::Impl final : Step {
    Impl(Options const& given, journal::Journal& to, std::uint64_t seed)
        : state_(given), journal_(to), random_(seed) {}

    // ---- Step ----------------------------------------------------------------------------

    Now now() const override { return now_; }
    Random& random() override { return random_; }
    Options const& options() const override { return state_.options; }
    State const& state() const override { return state_; }
    std::string report(Topic const& topic) const override {
        return report_topic(topic, {state_, retention_, storage_, tally_}, now_.wall_ms);
    }
    [[nodiscard]] std::expected<journal::Position, journal::Error> commit(Bytes head,
                                                                          Slice body) override;
    void validated(Partition const& partition, Verdict const& verdict) override {
        tally_.count(partition, verdict, now_.wall_ms);
    }
    void reply(Reply reply, After after) override;

    // ---- the list of handlers --------------------------------------------------------------

    auto handlers(Request const& request);
    void route(Request const& request);
    static std::vector<kafka::ApiRange> handled();

    // ---- steps -----------------------------------------------------------------------------

    void found_cluster();
    void start(Now at);
    void finish_step();
    void durable(journal::Position position);
    void note_batch(journal::Position at, ByteView head, std::size_t bytes);
    void note_end(journal::Position at, ByteView head);
    void hide(journal::Position at, Partition const& partition, std::size_t bytes);
    void show(Partition& partition, std::int64_t high_watermark, std::int64_t last_stable,
              std::uint64_t bytes);
    void note_log_start(journal::Position at, ByteView head);
    void note_deletion(ByteView head);
    void note_configs(Uuid const& topic_id);
    std::shared_ptr<Compressions const> const& compressions();
    std::shared_ptr<Validations const> const& validations();
    Stats stats() const;

    /// What an entry changed in a partition, and readers do not see yet.
    struct Hidden {
        journal::Position position{};
        PartitionKey partition{};
        std::int64_t next_offset = 0;
        std::int64_t last_stable = 0;  ///< once this entry is durable
        std::int64_t log_start = 0;    ///< the same
        std::uint64_t bytes = 0;
    };
    /// A reply that waits until the entry at `after` is durable.
    struct Held {
        journal::Position after{};
        Reply reply;
    };

    /// Files that will be needed no longer when the entry at `after` is durable.
    struct Unneeded {
        journal::Position after{};
        std::vector<journal::FileNumber> files;
    };

    State state_;
    journal::Journal& journal_;
    Random random_;
    Now now_;
    Fetches fetches_;
    Groups groups_;
    Retention retention_;
    Transactions transactions_{groups_};
    Telemetry telemetry_;
    Storage storage_;
    DurableRegistry registry_;
    ValidationTally tally_;

    std::optional<journal::Position> last_appended_;  ///< none: nothing since the start
    journal::Position durable_{};
    std::deque<Hidden> hidden_;
    std::deque<Held> held_;
    std::vector<Reply> ready_;
    std::vector<PartitionKey> gone_;                    ///< in this step
    std::shared_ptr<Compressions const> compressions_;  ///< null: no topic wants anything
    bool compressions_stale_ = true;
    std::shared_ptr<Validations const> validations_;  ///< null: no topic's records are validated
    bool validations_stale_ = true;
    std::deque<Unneeded> unneeded_;
    std::vector<journal::FileNumber> unneeded_now_;
    std::vector<Notice> notices_;
    std::uint64_t records_in_ = 0;
    std::uint64_t record_bytes_in_ = 0;
    std::uint64_t record_bytes_out_ = 0;
};

namespace {

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

/// What has a function in handlers.h.
template <class R>
concept HandledAlone = requires(Step& step, Request const& request, R const& body) {
    handle(step, request, body);
};

}  // namespace

/// Every API that is answered, and its handler. What is neither named here nor in handlers.h has
/// none: it is not advertised, and prepare() refuses it.
auto Broker::Impl::handlers(Request const& request) {
    using namespace kafka;
    Step& step = *this;
    return Overloaded{
        [&](ApiVersionsRequest const& r) {
            telemetry_.met(request, r);
            handle(step, request, r);
        },
        [&](GetTelemetrySubscriptionsRequest const& r) { telemetry_.get(step, request, r); },
        [&](PushTelemetryRequest const& r) { telemetry_.push(step, request, r); },
        [&](FetchRequest const& r) { fetches_.handle(step, request, r); },
        [&](InitProducerIdRequest const& r) { transactions_.initialize(step, request, r); },
        [&](AddPartitionsToTxnRequest const& r) { transactions_.add_partitions(step, request, r); },
        [&](AddOffsetsToTxnRequest const& r) { transactions_.add_offsets(step, request, r); },
        [&](TxnOffsetCommitRequest const& r) { transactions_.commit_offsets(step, request, r); },
        [&](EndTxnRequest const& r) { transactions_.end(step, request, r); },
        [&](WriteTxnMarkersRequest const& r) { transactions_.write_markers(step, request, r); },
        [&](FindCoordinatorRequest const& r) { groups_.find_coordinator(step, request, r); },
        [&](JoinGroupRequest const& r) { groups_.join(step, request, r); },
        [&](SyncGroupRequest const& r) { groups_.sync(step, request, r); },
        [&](HeartbeatRequest const& r) { groups_.heartbeat(step, request, r); },
        [&](LeaveGroupRequest const& r) { groups_.leave(step, request, r); },
        [&](OffsetCommitRequest const& r) { groups_.commit_offsets(step, request, r); },
        [&](OffsetFetchRequest const& r) { groups_.fetch_offsets(step, request, r); },
        [&](OffsetDeleteRequest const& r) { groups_.delete_offsets(step, request, r); },
        [&](DescribeGroupsRequest const& r) { groups_.describe(step, request, r); },
        [&](ListGroupsRequest const& r) { groups_.list(step, request, r); },
        [&](DeleteGroupsRequest const& r) { groups_.delete_groups(step, request, r); },
        [&](ConsumerGroupHeartbeatRequest const& r) {
            groups_.consumer_heartbeat(step, request, r);
        },
        [&](ConsumerGroupDescribeRequest const& r) {
            groups_.describe_consumers(step, request, r);
        },
        [&](HandledAlone auto const& r) { handle(step, request, r); },  // handlers.h
    };
}

void Broker::Impl::route(Request const& request) {
    auto const handle_any = handlers(request);
    std::visit(
        [&]<class R>(R const& body) {
            constexpr bool has_handler = std::invocable<decltype(handle_any), R const&>;
            ensure(has_handler);
            if constexpr (has_handler) handle_any(body);
        },
        request.body);
}

std::vector<kafka::ApiRange> Broker::Impl::handled() {
    using Handlers = decltype(std::declval<Impl&>().handlers(std::declval<Request const&>()));
    std::vector<kafka::ApiRange> apis;
    auto described = kafka::described_apis().begin();
#define X(Name)                                                                            \
    if (std::invocable<Handlers, kafka::Name##Request const&>) apis.push_back(*described); \
    ++described;
    KLAMM_KAFKA_APIS(X)
#undef X
    return apis;
}

std::expected<journal::Position, journal::Error> Broker::Impl::commit(Bytes head, Slice body) {
    if (head.size() + body.size() > journal::entry_bytes_max)
        return std::unexpected(journal::Error::full);
    auto const at = journal_.append({head, body});
    if (!at) return at;
    last_appended_ = *at;
    auto const kind = kind_of(head);
    if (kind == EntryKind::topic_deleted) note_deletion(head);
    auto const registry_version = state_.registry.version();
    auto const refused = apply(state_, *at, head, body.view());
    ensure(!refused);
    if (state_.registry.version() != registry_version) registry_.changed(*at, state_.registry);
    if (auto files = state_.files.take_forgotten(); !files.empty())
        unneeded_.push_back({*at, std::move(files)});
    if (kind == EntryKind::batch_appended) note_batch(*at, head, body.size());
    if (kind == EntryKind::transaction_ended) note_end(*at, head);
    if (kind == EntryKind::topic_created) note_configs(decode_entry<TopicCreated>(head)->topic_id);
    if (kind == EntryKind::topic_configured)
        note_configs(decode_entry<TopicConfigured>(head)->topic_id);
    if (kind == EntryKind::broker_configured) compressions_stale_ = true;
    if (kind == EntryKind::log_start_moved) note_log_start(*at, head);
    return at;
}

void Broker::Impl::hide(journal::Position at, Partition const& partition, std::size_t bytes) {
    hidden_.push_back({at, partition.key, partition.next_offset, partition.last_stable_to_come(),
                       partition.log_start, bytes});
}

void Broker::Impl::note_batch(journal::Position at, ByteView head, std::size_t bytes) {
    auto const entry = decode_entry<BatchAppended>(head);
    auto& partition = *state_.partition(entry->partition);
    hide(at, partition, bytes);
    if (!guard(Guard::readers_wait_for_sync)) partition.high_watermark = partition.next_offset;
    auto const& batch = partition.batches.last();
    records_in_ += std::uint64_t(batch.last_offset - batch.base_offset + 1);
    record_bytes_in_ += bytes;
}

/// Readers see the markers, and what they settle, at once and not before the entry is durable.
void Broker::Impl::note_end(journal::Position at, ByteView head) {
    auto const entry = decode_entry<TransactionEnded>(head);
    for (auto const key : entry->partitions)
        hide(at, *state_.partition(key), records::end_marker_bytes);
}

void Broker::Impl::note_log_start(journal::Position at, ByteView head) {
    auto const key = decode_entry<LogStartMoved>(head)->partition;
    hide(at, *state_.partition(key), 0);
    fetches_.moved(key);
}

void Broker::Impl::note_deletion(ByteView head) {
    auto const* topic = state_.topic(decode_entry<TopicDeleted>(head)->topic_id);
    tally_.forget(topic->id);
    for (auto const& partition : topic->partitions) gone_.push_back(partition->key);
}

/// A topic like most others changes nothing, however many there are.
void Broker::Impl::note_configs(Uuid const& topic_id) {
    auto const& topic = *state_.topic(topic_id);
    if (compressions_ ? !compressions_->knows(topic) : topic.settings.compression.has_value())
        compressions_stale_ = true;
    if (validations_ ? !validations_->knows(topic) : topic.settings.validation.any())
        validations_stale_ = true;
}

std::shared_ptr<Compressions const> const& Broker::Impl::compressions() {
    if (std::exchange(compressions_stale_, false)) {
        compressions_ = std::make_shared<Compressions const>(state_);
        if (compressions_->empty()) compressions_.reset();
    }
    return compressions_;
}

std::shared_ptr<Validations const> const& Broker::Impl::validations() {
    if (std::exchange(validations_stale_, false)) {
        validations_ = std::make_shared<Validations const>(state_);
        if (validations_->empty()) validations_.reset();
    } else if (validations_ && validations_->registry().version() != state_.registry.version()) {
        validations_ = std::make_shared<Validations const>(*validations_, state_.registry);
    }
    return validations_;
}

void Broker::Impl::reply(Reply reply, After after) {
    for (auto const& fill : reply.records) {
        for (auto const& place : fill.batches) record_bytes_out_ += place.bytes;
    }
    bool const waits = guard(Guard::reply_waits_for_sync) && after == After::everything &&
                       last_appended_ && *last_appended_ >= durable_;
    if (waits)
        held_.push_back({*last_appended_, std::move(reply)});
    else
        ready_.push_back(std::move(reply));
}

void Broker::Impl::found_cluster() {
    if (!state_.cluster_id.empty()) return;
    // A full journal refuses it; the next request tries again.
    std::ignore =
        commit(encode_entry(ClusterCreated{.cluster_id = to_string(Uuid::random(random_))}), {});
}

void Broker::Impl::start(Now at) {
    now_ = at;
    durable_ = journal_.next();
    state_.files.take_forgotten();  // the world compares what there is with what is needed
    for (auto const& [name, topic] : state_.topics) {
        for (auto const& partition : topic.partitions) {
            partition->high_watermark = partition->next_offset;
            partition->last_stable = partition->last_stable_to_come();
            partition->durable_log_start = partition->log_start;
        }
    }
    if (std::exchange(state_.schemas_unread, false)) {
        if (auto const unread = read_old_schemas(state_, journal_); unread > 0)
            notices_.push_back(schemas_not_read(unread, at.wall_ms));
    }
    registry_.start(state_.registry);
    found_cluster();
    groups_.start(*this);
    retention_.start(*this);
    finish_step();
}

void Broker::Impl::finish_step() {
    for (auto const key : std::exchange(gone_, {})) fetches_.gone(key);
    fetches_.answer_woken(*this);
}

void Broker::Impl::durable(journal::Position position) {
    durable_ = std::max(durable_, position);
    registry_.durable(durable_);
    for (; !held_.empty() && held_.front().after < durable_; held_.pop_front())
        ready_.push_back(std::move(held_.front().reply));
    for (; !hidden_.empty() && hidden_.front().position < durable_; hidden_.pop_front()) {
        auto const& batch = hidden_.front();
        auto* partition = state_.partition(batch.partition);
        if (partition == nullptr) continue;  // deleted meanwhile
        partition->durable_log_start = batch.log_start;
        show(*partition, batch.next_offset, batch.last_stable, batch.bytes);
    }
    for (; !unneeded_.empty() && unneeded_.front().after < durable_; unneeded_.pop_front()) {
        auto const& files = unneeded_.front().files;
        unneeded_now_.insert(unneeded_now_.end(), files.begin(), files.end());
    }
    finish_step();
}

void Broker::Impl::show(Partition& partition, std::int64_t high_watermark, std::int64_t last_stable,
                        std::uint64_t bytes) {
    bool const all_was_stable = partition.last_stable == partition.high_watermark;
    auto stable_bytes = all_was_stable && last_stable == high_watermark ? bytes : 0;
    if (!all_was_stable && last_stable > partition.last_stable && fetches_.watched(partition.key)) {
        auto cursor = partition.batches.from(partition.last_stable);
        while (auto const ref = cursor.next()) {
            if (ref->base_offset >= last_stable) break;
            stable_bytes += ref->bytes;
        }
    }
    partition.high_watermark = high_watermark;
    partition.last_stable = last_stable;
    fetches_.visible(partition.key, {bytes, stable_bytes});
}

Stats Broker::Impl::stats() const {
    return {.topics = state_.topics.size(),
            .partitions = state_.partitions.size(),
            .groups = state_.groups.all().size(),
            .members = state_.groups.members(),
            .records_in = records_in_,
            .record_bytes_in = record_bytes_in_,
            .record_bytes_out = record_bytes_out_,
            .fetches_waiting = fetches_.waiting(),
            .replies_waiting = held_.size(),
            .producers = state_.producers.size(),
            .retention = retention_.stats(),
            .transactions_ongoing = state_.transactions.ongoing(),
            .storage = storage_.stats(state_),
            .registry = state_.registry.counts(),
            .validation = tally_.stats()};
}

// ---- the face to the world ------------------------------------------------------------------

Broker::Broker(Options options, journal::Journal& journal, std::uint64_t seed)
    : impl_(std::make_unique<Impl>(options, journal, seed)) {}
Broker::~Broker() = default;

std::span<kafka::ApiRange const> Broker::apis() {
    static auto const handled = Impl::handled();
    return handled;
}

std::optional<std::string> Broker::restore(ByteView checkpoint_state) {
    return thaw(impl_->state_, checkpoint_state);
}

std::optional<std::string> Broker::replay(journal::Position at, ByteView head, ByteView body) {
    return apply(impl_->state_, at, head, body);
}

void Broker::start(Now now) { impl_->start(now); }

void Broker::submit(Request request, Now now) {
    impl_->now_ = now;
    impl_->found_cluster();
    impl_->route(request);
    impl_->finish_step();
}

void Broker::disconnected(ConnectionId connection, Now now) {
    impl_->now_ = now;
    impl_->fetches_.disconnected(connection);
    impl_->telemetry_.disconnected(connection);
    impl_->groups_.disconnected(*impl_, connection);
    impl_->finish_step();
}

void Broker::durable(journal::Position position, Now now) {
    impl_->now_ = now;
    impl_->durable(position);
}

void Broker::tick(Now now) {
    impl_->now_ = now;
    impl_->groups_.tick(*impl_);
    impl_->transactions_.tick(*impl_);
    impl_->fetches_.tick(*impl_);
    impl_->retention_.tick(*impl_);
    impl_->finish_step();
}

std::optional<Instant> Broker::next_tick() const {
    std::optional<Instant> first;
    for (auto const due :
         {impl_->groups_.next_tick(), impl_->fetches_.next_tick(), impl_->retention_.next_tick(),
          impl_->transactions_.next_tick(impl_->state_, impl_->now_)}) {
        if (due && (!first || *due < *first)) first = due;
    }
    return first;
}

std::vector<Reply> Broker::take_replies() { return std::exchange(impl_->ready_, {}); }

std::vector<Notice> Broker::take_notices() {
    auto notices = std::exchange(impl_->notices_, {});
    auto const more = impl_->retention_.take_notices();
    notices.insert(notices.end(), more.begin(), more.end());
    auto const refused = impl_->tally_.take_notices();
    notices.insert(notices.end(), refused.begin(), refused.end());
    return notices;
}

Broker::Snapshot Broker::snapshot() {
    auto frozen = std::make_shared<FrozenState const>(freeze(impl_->state_));
    return {.covers = impl_->journal_.next(), .needed_from = needed_from(), .encode = [frozen] {
                return assemble(*frozen);
            }};
}

journal::Position Broker::needed_from() const {
    return broker::needed_from(impl_->state_, impl_->journal_.next());
}

std::optional<StorageJob> Broker::plan_storage(std::uint64_t room, Now now) {
    impl_->now_ = now;
    auto job = impl_->storage_.plan(*impl_, impl_->journal_, impl_->durable_, room);
    impl_->finish_step();
    return job;
}

void Broker::storage_done(StorageResult result, Now now) {
    impl_->now_ = now;
    auto const useless = impl_->storage_.done(*impl_, std::move(result));
    auto& files = impl_->unneeded_now_;
    files.insert(files.end(), useless.begin(), useless.end());
    impl_->finish_step();
}

std::vector<journal::FileNumber> Broker::take_unneeded_files() {
    return std::exchange(impl_->unneeded_now_, {});
}

L1Files::Map const& Broker::files() const { return impl_->state_.files.all(); }

std::optional<std::string> Broker::report(std::string_view topic, Now now) const {
    auto const* found = impl_->state_.topic(topic);
    if (found == nullptr) return std::nullopt;
    return report_topic(*found, {impl_->state_, impl_->retention_, impl_->storage_, impl_->tally_},
                        now.wall_ms);
}

std::shared_ptr<Compressions const> const& Broker::compressions() { return impl_->compressions(); }

std::shared_ptr<Validations const> const& Broker::validations() { return impl_->validations(); }

registry::State const& Broker::registry() const { return impl_->state_.registry; }

registry::State const& Broker::durable_registry() const { return impl_->registry_.shown(); }

std::expected<journal::Position, RegistryRefusal> Broker::change_registry(
    std::uint64_t expected_version, std::span<registry::Record const> records, Now now) {
    impl_->now_ = now;
    impl_->found_cluster();
    auto const at = broker::change_registry(*impl_, expected_version, records);
    impl_->finish_step();
    return at;
}

std::vector<registry::Reader> Broker::readers(std::string_view subject) const {
    auto const& state = impl_->state_;
    return readers_of(state, topics_of_subject(state, subject));
}

Stats Broker::stats() const { return impl_->stats(); }

std::string const& Broker::cluster_id() const { return impl_->state_.cluster_id; }

}  // namespace klamm::broker
