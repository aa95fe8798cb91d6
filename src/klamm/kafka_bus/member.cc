#include "klamm/kafka_bus/consumer.h"

#include "klamm/kafka_bus/records.h"

#include <algorithm>
#include <array>

namespace klamm::kafka_bus {
namespace {

constexpr std::size_t messages_at_once = 512;
constexpr std::size_t bytes_at_once = 512 * 1024;
constexpr int under_way_max = 4;
constexpr auto seek_again_after = std::chrono::milliseconds(50);
constexpr Duration ask_timeout{1'000};
constexpr Duration heartbeat_max{3'000};
/// librdkafka wants a fetch to have room for the largest record it would send.
constexpr std::int32_t fetch_bytes_min = 1'000'000;
constexpr std::int32_t receive_bytes_min = 100'000'000;

std::string text(std::int64_t number) { return std::to_string(number); }

}  // namespace

Member::Member(Options options, bus::ConsumerOptions consumer, std::shared_ptr<Log> log,
               MemberEvents events)
    : options_(std::move(options)),
      consumer_(std::move(consumer)),
      log_(std::move(log)),
      events_(std::move(events)) {}

std::optional<std::string> Member::make() {
    auto const fetch_bytes = std::max(fetch_bytes_min, consumer_.fetch_bytes_max);
    Client::Settings fixed{
        {"client.id", consumer_.client_id.empty() ? "klamm" : consumer_.client_id},
        {"group.id", consumer_.group},
        {"session.timeout.ms", text(consumer_.session_timeout.count())},
        {"heartbeat.interval.ms",
         text(std::min(heartbeat_max, consumer_.session_timeout / 4).count())},
        // Also the time that others wait for us in a rebalance. Polling never pauses this long.
        {"max.poll.interval.ms",
         text(std::max(consumer_.rebalance_timeout, consumer_.session_timeout).count())},
        {"partition.assignment.strategy", "cooperative-sticky"},
        {"enable.auto.commit", "false"},
        {"enable.auto.offset.store", "false"},
        {"isolation.level", "read_committed"},
        {"auto.offset.reset", "error"},
        {"allow.auto.create.topics", "false"},
        {"fetch.max.bytes", text(fetch_bytes)},
        {"receive.message.max.bytes", text(std::max(receive_bytes_min, fetch_bytes + 1024))},
        {"queued.max.messages.kbytes", text(2 * fetch_bytes / 1024)},
    };
    if (!consumer_.instance.empty()) fixed.emplace_back("group.instance.id", consumer_.instance);
    auto made = Client::make(
        RD_KAFKA_CONSUMER, options_, log_,
        {{"fetch.wait.max.ms", "100"},
         {"fetch.error.backoff.ms", "100"},
         {"topic.metadata.refresh.interval.ms", "10000"}},
        fixed,
        {.rebalance = [this](rd_kafka_resp_err_t error,
                             rd_kafka_topic_partition_list_t* list) { rebalanced(error, list); },
         .trouble =
             [this](rd_kafka_resp_err_t error, std::string const& why) {
                 if (error == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN && !alone_) events_.trouble(why);
             }});
    if (!made) return made.error();
    client_ = std::move(*made);
    queue_.reset(rd_kafka_queue_get_consumer(client_->rk()));
    commands_.on_add([queue = queue_.get()] { rd_kafka_queue_yield(queue); });
    return std::nullopt;
}

void Member::subscribe() {
    std::vector<bus::TopicPartition> topics;
    for (auto const& topic : consumer_.topics) topics.push_back({topic, RD_KAFKA_PARTITION_UA});
    auto const error = rd_kafka_subscribe(client_->rk(), list_of(topics).get());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        events_.trouble("subscribing as group '" + consumer_.group + "': " + words(error));
    subscribed_ = true;
}

void Member::run() {
    while (!commands_.stopping()) {
        for (auto& job : commands_.take()) job();
        if (!subscribed_ && client_->connect()) subscribe();
        if (Clock::now() >= next_seek_) seek();
        if (under_way_ < under_way_max)
            poll();
        else
            commands_.wait_for(slice);
        if (leaving_) go_on_leaving();
    }
    commands_.on_add({});
    if (!subscribed_ || assigned_once_) return end();
    std::thread([self = shared_from_this()] { self->see_out(); }).detach();
}

/// Has joined, and no assignment came yet.
bool Member::half_joined() const {
    if (assigned_once_) return false;
    char* const id = rd_kafka_memberid(client_->rk());
    bool const joined = id != nullptr && *id != '\0';
    if (id != nullptr) rd_kafka_mem_free(client_->rk(), id);
    return joined;
}

/// librdkafka before 2.3 stops the process when a client is destroyed that has joined and was never
/// assigned anything, also if the group has forgotten its member id since, so that nobody can tell.
/// Nor can it be left alone: the group would give it partitions. So it is polled until it was
/// assigned something; then it leaves. The bus does not wait for that.
/// Source: https://github.com/confluentinc/librdkafka/issues/4312
void Member::see_out() {
    alone_ = true;
    client_->silence();
    leaving_.reset();
    auto* const rk = client_->rk();
    auto const closed = [&] { return closing_ && rd_kafka_consumer_closed(rk) != 0; };
    auto const fenced = [&] {
        return rd_kafka_fatal_error(rk, nullptr, 0) != RD_KAFKA_RESP_ERR_NO_ERROR;
    };
    while (!assigned_once_ && !closed() && !fenced()) poll();
    if (!assigned_once_) {
        queue_.reset();
        return Client::abandon(std::move(client_));
    }
    Deadline const deadline(options_.patience);
    if (!close())
        while (!closed() && !deadline.passed()) poll();
    end();
}

void Member::end() {
    messages_.clear();
    queue_.reset();
    closing_.reset();
    client_.reset();
}

void Member::stop() { commands_.stop(); }

void Member::resume(Round round, std::int64_t offset) {
    commands_.add([this, round = std::move(round), offset] {
        auto const found = flows_.find(round.partition);
        if (found == flows_.end()) return;
        found->second = {round.number, true, std::max<std::int64_t>(0, offset), offset};
        // To resume what is not paused confuses librdkafka about where it is.
        set_paused({round.partition}, true);
        next_seek_ = {};
    });
}

void Member::pause(Round round) {
    commands_.add([this, round = std::move(round)] {
        auto const found = flows_.find(round.partition);
        if (found == flows_.end()) return;
        found->second = {round.number, false, 0, std::nullopt};
        set_paused({round.partition}, true);
    });
}

void Member::release(std::vector<bus::TopicPartition> partitions) {
    commands_.add([this, partitions = std::move(partitions)] { unassign(partitions); });
}

void Member::taken() {
    if (under_way_-- == under_way_max) commands_.add([] {});
}

GroupMetadata Member::metadata() const {
    return GroupMetadata(rd_kafka_consumer_group_metadata(client_->rk()));
}

void Member::leave(Calls::Answer<void> left) {
    commands_.add([this, left = std::move(left)] {
        left_by_ = Clock::now() + options_.patience;
        leaving_ = left;
    });
}

/// Polling goes on as before, until it is closed.
ErrorPtr Member::close() {
    if (closing_) return {};
    // The group's queue leads into this one from now on.
    closing_.reset(rd_kafka_queue_new(client_->rk()));
    return ErrorPtr(rd_kafka_consumer_close_queue(client_->rk(), closing_.get()));
}

void Member::go_on_leaving() {
    if (!closing_ && !half_joined()) {
        if (auto const error = close()) {
            (*leaving_)(std::unexpected(error_of(rd_kafka_error_code(error.get()),
                                                 "leaving group '" + consumer_.group + "'")));
            return leaving_.reset();
        }
    }
    if (closing_ && rd_kafka_consumer_closed(client_->rk()) != 0) {
        (*leaving_)({});
    } else if (Clock::now() > left_by_) {
        (*leaving_)(std::unexpected(bus::Error{
            bus::Error::Kind::away,
            "leaving group '" + consumer_.group + "': its coordinator does not answer"}));
    } else {
        return;
    }
    leaving_.reset();
}

/// In poll().
void Member::rebalanced(rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* list) {
    auto const partitions = partitions_of(list);
    deliver();
    if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
        assigned_once_ = true;
        // Paused, so it does not matter where; known, so that nobody looks for a place.
        for (int i = 0; i < list->cnt; ++i) list->elems[i].offset = 0;
        ErrorPtr const refused(rd_kafka_incremental_assign(client_->rk(), list));
        if (refused && !alone_)
            log_->say("group '" + consumer_.group +
                      "': assignment: " + rd_kafka_error_string(refused.get()));
        set_paused(partitions, true);
        for (auto const& partition : partitions) flows_[partition] = {};
        if (!partitions.empty() && !alone_) events_.assigned(partitions);
        return;
    }
    for (auto const& partition : partitions) flows_[partition] = {};
    if (leaving_ || alone_ || partitions.empty()) return unassign(partitions);
    if (rd_kafka_assignment_lost(client_->rk()) != 0)
        events_.lost(partitions);
    else
        events_.revoked(partitions);
}

void Member::unassign(std::vector<bus::TopicPartition> const& partitions) {
    for (auto const& partition : partitions) flows_.erase(partition);
    ErrorPtr const refused(rd_kafka_incremental_unassign(client_->rk(), list_of(partitions).get()));
    if (refused && rd_kafka_error_code(refused.get()) == RD_KAFKA_RESP_ERR__STATE)
        rd_kafka_assign(client_->rk(), nullptr);
}

void Member::set_paused(std::vector<bus::TopicPartition> const& partitions, bool paused) {
    auto const list = list_of(partitions);
    if (paused)
        rd_kafka_pause_partitions(client_->rk(), list.get());
    else
        rd_kafka_resume_partitions(client_->rk(), list.get());
}

/// Goes where resume() said. It fails while librdkafka still starts or stops the partition.
void Member::seek() {
    next_seek_ = Clock::time_point::max();
    std::vector<bus::TopicPartition> partitions;
    for (auto const& [partition, flow] : flows_)
        if (flow.seek) partitions.push_back(partition);
    if (partitions.empty()) return;
    auto const list = list_of(partitions);
    for (int i = 0; i < list->cnt; ++i)
        list->elems[i].offset = *flows_[{list->elems[i].topic, list->elems[i].partition}].seek;
    ErrorPtr const failed(rd_kafka_seek_partitions(client_->rk(), list.get(), int(slice.count())));
    std::vector<bus::TopicPartition> there;
    for (int i = 0; i < list->cnt; ++i) {
        auto const& one = list->elems[i];
        if (one.err != RD_KAFKA_RESP_ERR_NO_ERROR) {
            next_seek_ = Clock::now() + seek_again_after;
            continue;
        }
        there.push_back({one.topic, one.partition});
        flows_[there.back()].seek.reset();
    }
    set_paused(there, false);
}

void Member::poll() {
    // One first: a batch would wait until it is full.
    if (auto* const first = rd_kafka_consumer_poll(client_->rk(), int(slice.count())))
        take(MessagePtr(first));
    std::array<rd_kafka_message_t*, messages_at_once> given{};
    while (!messages_.empty() && messages_.size() < messages_at_once && bytes_ < bytes_at_once) {
        auto const room = std::min(messages_at_once - messages_.size(),
                                   std::max<std::size_t>(1, (bytes_at_once - bytes_) / 1024));
        auto const count = rd_kafka_consume_batch_queue(queue_.get(), 0, given.data(), room);
        for (ssize_t i = 0; i < count; ++i) take(MessagePtr(given[std::size_t(i)]));
        if (count < ssize_t(room)) break;
    }
    deliver();
}

void Member::take(MessagePtr message) {
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return complain(*message);
    auto const found = flows_.find({rd_kafka_topic_name(message->rkt), message->partition});
    if (found == flows_.end()) return;
    auto& flow = found->second;
    if (!flow.running || flow.seek || message->offset < flow.next) return;
    flow.next = message->offset + 1;
    bytes_ += message->len + message->key_len;
    rounds_.push_back(flow.round);
    messages_.push_back(std::move(message));
}

void Member::deliver() {
    if (messages_.empty() || alone_) return;
    ++under_way_;
    events_.arrived({to_records(messages_), std::move(rounds_)});
    messages_.clear();
    rounds_.clear();
    bytes_ = 0;
}

void Member::complain(rd_kafka_message_t const& message) {
    if (alone_) return;
    if (message.err == RD_KAFKA_RESP_ERR__FATAL) {
        std::array<char, 256> why{};
        rd_kafka_fatal_error(client_->rk(), why.data(), why.size());
        std::vector<bus::TopicPartition> all;
        for (auto const& [partition, flow] : flows_) all.push_back(partition);
        events_.lost(std::move(all));
        return events_.trouble(why.data());
    }
    if (message.rkt != nullptr && (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
                                   message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)) {
        auto const found = flows_.find({rd_kafka_topic_name(message.rkt), message.partition});
        if (found != flows_.end() && found->second.running && !found->second.seek)
            go_to_what_is_left(found->first, found->second);
        return;
    }
    log_->write(consumer_.client_id, "CONSUME", rd_kafka_message_errstr(&message));
}

void Member::go_to_what_is_left(bus::TopicPartition const& partition, Flow& flow) {
    std::int64_t low = 0;
    std::int64_t high = 0;
    auto const error = rd_kafka_query_watermark_offsets(client_->rk(), partition.topic.c_str(),
                                                        partition.partition, &low, &high,
                                                        int(ask_timeout.count()));
    auto to = flow.next;
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) to = std::clamp(flow.next, low, std::max(low, high));
    if (to != flow.next) {
        deliver();
        events_.skipped({partition, flow.round}, flow.next, to);
    }
    flow.next = to;
    flow.seek = to;
    set_paused({partition}, true);
    next_seek_ = Clock::now() + seek_again_after;
}

}  // namespace klamm::kafka_bus
