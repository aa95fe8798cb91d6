#include "klamm/kafka_bus/reader.h"

#include <algorithm>
#include <array>

namespace klamm::kafka_bus {
namespace {

constexpr auto idle_after = std::chrono::milliseconds(500);
constexpr std::size_t messages_at_once = 256;
constexpr Duration ask_timeout{1'000};
constexpr auto ask_again_after = std::chrono::milliseconds(100);
/// How much is kept of a partition that nobody asked for yet.
constexpr std::size_t ahead_bytes_max = 4 * 1024 * 1024;

std::size_t size_of(rd_kafka_message_t const& message) { return 1 + message.len + message.key_len; }

std::string name_of(bus::TopicPartition const& partition) {
    return partition.topic + "/" + std::to_string(partition.partition);
}

struct Limits {
    std::int64_t first = 0;
    std::int64_t end = 0;
};
/// None: its leader does not say, now. A leader that is new says nothing until it is sure
/// (KIP-207).
std::optional<Limits> ask_leader(Client const& client, bus::TopicPartition const& partition) {
    Limits limits;
    auto const error =
        rd_kafka_query_watermark_offsets(client.rk(), partition.topic.c_str(), partition.partition,
                                         &limits.first, &limits.end, int(ask_timeout.count()));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return limits;
    client.look_for_leaders(partition.topic, ask_timeout);
    return std::nullopt;
}

}  // namespace

Reader::Reader(Duration patience, Clients clients)
    : patience_(patience),
      clients_(std::move(clients)),
      queue_(rd_kafka_queue_new(clients_.committed->rk())) {
    commands_.on_add([this] { rd_kafka_queue_yield(queue_.get()); });
    thread_ = std::thread([this] { run(); });
}

Reader::~Reader() {
    commands_.stop();
    thread_.join();
}

void Reader::read(bus::TopicPartition partition, std::int64_t offset, std::int32_t bytes_max,
                  Answer answer) {
    commands_.add([this, partition = std::move(partition), offset, bytes_max,
                   answer = std::move(answer), deadline = Deadline(patience_)]() mutable {
        auto& cursor = cursors_[partition];
        cursor.reads.push_back({offset, bytes_max, std::move(answer), deadline});
        if (cursor.reads.size() == 1) begin(partition, cursor);
    });
}

void Reader::run() {
    std::array<rd_kafka_message_t*, messages_at_once> given{};
    while (!commands_.stopping()) {
        for (auto& job : commands_.take()) job();
        // One first: a batch would wait until it is full.
        auto count =
            rd_kafka_consume_batch_queue(queue_.get(), int(slice.count()), given.data(), 1);
        if (count == 1)
            count += std::max<ssize_t>(0, rd_kafka_consume_batch_queue(
                                              queue_.get(), 0, given.data() + 1, given.size() - 1));
        for (ssize_t i = 0; i < count; ++i) take(MessagePtr(given[std::size_t(i)]));
        rd_kafka_poll(clients_.committed->rk(), 0);
        rd_kafka_poll(clients_.uncommitted->rk(), 0);
        look_at_the_clock();
    }
    for (auto& [partition, cursor] : cursors_) stop(partition, cursor);
    cursors_.clear();
}

void Reader::begin(bus::TopicPartition const& partition, Cursor& cursor) {
    auto const offset = cursor.reads.front().offset;
    cursor.last_used = Clock::now();
    if (cursor.position != offset) {
        stop(partition, cursor);
        cursor.ready.clear();
        cursor.ready_bytes = 0;
        cursor.position = cursor.next = offset;
    }
    serve(partition, cursor);
}

/// Ends the read that is under way, if enough is there for it; otherwise sees that more comes.
void Reader::serve(bus::TopicPartition const& partition, Cursor& cursor) {
    if (cursor.reads.empty()) {
        if (cursor.ready_bytes > ahead_bytes_max) stop(partition, cursor);
        return;
    }
    auto& read = cursor.reads.front();
    auto const wanted = std::size_t(std::max(1, read.bytes_max));
    if (cursor.ready_bytes >= wanted && !read.to_end) {
        std::size_t bytes = 0;
        std::size_t count = 0;
        while (bytes < wanted) bytes += size_of(*cursor.ready[count++]);
        auto const stable = ask_leader(*clients_.committed, partition);
        if (stable && stable->end > cursor.ready[count - 1]->offset + 1)
            return finish(partition, cursor, count, stable->end);
        read.to_end = true;
    }
    if (!cursor.open) start(partition, cursor, cursor.next);
}

void Reader::start(bus::TopicPartition const& partition, Cursor& cursor, std::int64_t offset) {
    stop(partition, cursor);
    if (!cursor.topic)
        cursor.topic.reset(
            rd_kafka_topic_new(clients_.committed->rk(), partition.topic.c_str(), nullptr));
    if (!cursor.topic || rd_kafka_consume_start_queue(cursor.topic.get(), partition.partition,
                                                      offset, queue_.get()) != 0)
        return fail(partition, cursor,
                    error_of(rd_kafka_last_error(), "reading " + name_of(partition)));
    cursor.open = true;
    cursor.at_end = false;
    cursor.next = offset;
}

void Reader::stop(bus::TopicPartition const& partition, Cursor& cursor) {
    if (!cursor.open) return;
    rd_kafka_consume_stop(cursor.topic.get(), partition.partition);
    cursor.open = false;
}

void Reader::take(MessagePtr message) {
    if (message->rkt == nullptr) return;
    bus::TopicPartition const partition{rd_kafka_topic_name(message->rkt), message->partition};
    auto const found = cursors_.find(partition);
    if (found == cursors_.end() || !found->second.open) return;
    auto& cursor = found->second;
    if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return at_end(partition, cursor, message->offset);
    if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) return complain(partition, cursor, *message);
    if (message->offset < cursor.next) return;
    cursor.at_end = false;
    cursor.next = message->offset + 1;
    cursor.ready_bytes += size_of(*message);
    cursor.ready.push_back(std::move(message));
    serve(partition, cursor);
}

void Reader::at_end(bus::TopicPartition const& partition, Cursor& cursor, std::int64_t offset) {
    cursor.next = std::max(cursor.next, offset);
    cursor.at_end = true;
    if (cursor.reads.empty()) return stop(partition, cursor);
    end_if_all(partition, cursor);
}

/// Ends the read that is under way if nothing was there beyond what came, when it was asked for.
void Reader::end_if_all(bus::TopicPartition const& partition, Cursor& cursor) {
    auto& read = cursor.reads.front();
    if (!read.written) {
        if (auto const limits = ask_leader(*clients_.uncommitted, partition))
            read.written = limits->end;
        else
            read.ask_leader_at = Clock::now() + ask_again_after;
        // Perhaps this was read from one who does not lead.
        if (read.written && cursor.next < *read.written)
            clients_.committed->look_for_leaders(partition.topic, ask_timeout);
    }
    if (!read.written || cursor.next < *read.written) return;
    stop(partition, cursor);
    finish(partition, cursor, cursor.ready.size(), cursor.next);
}

void Reader::complain(bus::TopicPartition const& partition, Cursor& cursor,
                      rd_kafka_message_t const& message) {
    if (cursor.reads.empty()) return stop(partition, cursor);
    if (message.err == RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET ||
        message.err == RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE)
        return go_to_what_is_left(partition, cursor);
    if (kind_of(message.err) != bus::Error::Kind::away)
        return fail(partition, cursor, error_of(message.err, "reading " + name_of(partition)));
}

/// The offset asked for is before the first record, or behind the last one; or it is not, but for
/// one who does not lead.
void Reader::go_to_what_is_left(bus::TopicPartition const& partition, Cursor& cursor) {
    auto const limits = ask_leader(*clients_.uncommitted, partition);
    if (!limits) return start(partition, cursor, cursor.next);
    if (cursor.next < limits->first) return start(partition, cursor, limits->first);
    if (cursor.next <= limits->end) {
        clients_.committed->look_for_leaders(partition.topic, ask_timeout);
        return start(partition, cursor, cursor.next);
    }
    cursor.next = limits->end;
    stop(partition, cursor);
    finish(partition, cursor, cursor.ready.size(), limits->end);
}

void Reader::finish(bus::TopicPartition const& partition, Cursor& cursor, std::size_t count,
                    std::int64_t end) {
    std::vector<MessagePtr> messages;
    for (; count > 0; --count) {
        cursor.ready_bytes -= size_of(*cursor.ready.front());
        messages.push_back(std::move(cursor.ready.front()));
        cursor.ready.pop_front();
    }
    cursor.position = cursor.ready.empty() ? cursor.next : messages.back()->offset + 1;
    auto const answer = std::move(cursor.reads.front().answer);
    cursor.reads.pop_front();
    answer(bus::ReadResult{to_records(messages), cursor.position, end});
    cursor.last_used = Clock::now();
    if (!cursor.reads.empty()) begin(partition, cursor);
}

void Reader::fail(bus::TopicPartition const& partition, Cursor& cursor, bus::Error error) {
    stop(partition, cursor);
    auto const answer = std::move(cursor.reads.front().answer);
    cursor.reads.pop_front();
    cursor.position = -1;
    answer(std::unexpected(std::move(error)));
    if (!cursor.reads.empty()) begin(partition, cursor);
}

void Reader::look_at_the_clock() {
    for (auto at = cursors_.begin(); at != cursors_.end();) {
        auto& [partition, cursor] = *at;
        auto const now = Clock::now();
        if (!cursor.reads.empty() && cursor.reads.front().deadline.passed())
            give_up(partition, cursor);
        else if (!cursor.reads.empty() && cursor.at_end && !cursor.reads.front().written &&
                 now >= cursor.reads.front().ask_leader_at)
            end_if_all(partition, cursor);
        if (cursor.reads.empty() && now - cursor.last_used > idle_after) {
            stop(partition, cursor);
            at = cursors_.erase(at);
        } else {
            ++at;
        }
    }
}

/// Enough, if all that is missing is of transactions that stay open.
void Reader::give_up(bus::TopicPartition const& partition, Cursor& cursor) {
    auto const stable = ask_leader(*clients_.committed, partition);
    if (stable && cursor.next >= stable->end) {
        stop(partition, cursor);
        return finish(partition, cursor, cursor.ready.size(), cursor.next);
    }
    auto why = "reading " + name_of(partition) + ": no answer from its leader";
    if (auto const trouble = clients_.committed->last_trouble(); !trouble.empty())
        why += " (" + trouble + ")";
    fail(partition, cursor, {bus::Error::Kind::away, std::move(why)});
}

}  // namespace klamm::kafka_bus
