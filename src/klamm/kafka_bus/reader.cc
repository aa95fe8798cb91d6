#include "klamm/kafka_bus/reader.h"

#include <algorithm>
#include <array>

namespace klamm::kafka_bus {
namespace {

constexpr auto idle_after = std::chrono::milliseconds(500);
constexpr std::size_t messages_at_once = 256;
constexpr Duration ask_timeout{1'000};
/// How much is kept of a partition that nobody asked for yet.
constexpr std::size_t ahead_bytes_max = 4 * 1024 * 1024;

std::size_t size_of(rd_kafka_message_t const& message) { return 1 + message.len + message.key_len; }

std::string name_of(bus::TopicPartition const& partition) {
    return partition.topic + "/" + std::to_string(partition.partition);
}

}  // namespace

Reader::Reader(Duration patience, std::shared_ptr<Client> client)
    : patience_(patience), client_(std::move(client)), queue_(rd_kafka_queue_new(client_->rk())) {
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
        rd_kafka_poll(client_->rk(), 0);
        look_at_the_clock();
    }
    for (auto& [partition, cursor] : cursors_) stop(partition, cursor);
    cursors_.clear();
}

void Reader::begin(bus::TopicPartition const& partition, Cursor& cursor) {
    auto const offset = cursor.reads.front().offset;
    cursor.last_used = Clock::now();
    if (cursor.position == offset) {
        cursor.fresh = false;
    } else {
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
        auto const limits = first_and_end(partition);
        if (limits && limits->second > cursor.ready[count - 1]->offset + 1)
            return finish(partition, cursor, count, limits->second);
        read.to_end = true;
    }
    if (!cursor.open) start(partition, cursor, cursor.next);
}

void Reader::start(bus::TopicPartition const& partition, Cursor& cursor, std::int64_t offset) {
    stop(partition, cursor);
    if (!cursor.topic)
        cursor.topic.reset(rd_kafka_topic_new(client_->rk(), partition.topic.c_str(), nullptr));
    if (!cursor.topic || rd_kafka_consume_start_queue(cursor.topic.get(), partition.partition,
                                                      offset, queue_.get()) != 0)
        return fail(partition, cursor,
                    error_of(rd_kafka_last_error(), "reading " + name_of(partition)));
    cursor.open = true;
    cursor.fresh = true;
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
    cursor.next = message->offset + 1;
    cursor.ready_bytes += size_of(*message);
    cursor.ready.push_back(std::move(message));
    serve(partition, cursor);
}

void Reader::at_end(bus::TopicPartition const& partition, Cursor& cursor, std::int64_t offset) {
    cursor.next = std::max(cursor.next, offset);
    // What was at the end before the read was asked for says nothing of now.
    if (cursor.reads.empty() || !cursor.fresh) {
        stop(partition, cursor);
        return serve(partition, cursor);
    }
    auto& read = cursor.reads.front();
    if (!read.written) {
        std::int64_t first = 0;
        std::int64_t end = 0;
        rd_kafka_get_watermark_offsets(client_->rk(), partition.topic.c_str(), partition.partition,
                                       &first, &end);
        read.written = end;
    }
    if (cursor.next < *read.written) return;  // of transactions that are still open
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

/// The offset asked for is before the first record, or behind the last one.
void Reader::go_to_what_is_left(bus::TopicPartition const& partition, Cursor& cursor) {
    auto const limits = first_and_end(partition);
    if (!limits) return start(partition, cursor, cursor.next);
    auto const [first, end] = *limits;
    if (cursor.next < first) return start(partition, cursor, first);
    cursor.next = end;
    stop(partition, cursor);
    finish(partition, cursor, cursor.ready.size(), end);
}

std::optional<std::pair<std::int64_t, std::int64_t>> Reader::first_and_end(
    bus::TopicPartition const& partition) const {
    std::int64_t first = 0;
    std::int64_t end = 0;
    auto const error = rd_kafka_query_watermark_offsets(client_->rk(), partition.topic.c_str(),
                                                        partition.partition, &first, &end,
                                                        int(ask_timeout.count()));
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR) return std::nullopt;
    return std::pair(first, end);
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
    auto const now = Clock::now();
    for (auto at = cursors_.begin(); at != cursors_.end();) {
        auto& [partition, cursor] = *at;
        if (!cursor.reads.empty() && cursor.reads.front().deadline.passed() &&
            cursor.reads.front().written) {
            stop(partition, cursor);  // some transaction stays open
            finish(partition, cursor, cursor.ready.size(), cursor.next);
        } else if (!cursor.reads.empty() && cursor.reads.front().deadline.passed()) {
            auto why = "reading " + name_of(partition) + ": no answer from its leader";
            if (auto const trouble = client_->last_trouble(); !trouble.empty())
                why += " (" + trouble + ")";
            fail(partition, cursor, {bus::Error::Kind::away, std::move(why)});
        }
        if (cursor.reads.empty() && now - cursor.last_used > idle_after) {
            stop(partition, cursor);
            at = cursors_.erase(at);
        } else {
            ++at;
        }
    }
}

}  // namespace klamm::kafka_bus
