#include "klamm/cli/topic_reader.h"

#include "klamm/cli/cluster.h"
#include "klamm/cli/interrupt.h"

#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <set>

namespace klamm::cli {
namespace {

using std::chrono::steady_clock;

constexpr int poll_ms = 100;

std::optional<std::string_view> bytes_of(void const* data, std::size_t size) {
    if (data == nullptr) return std::nullopt;
    return std::string_view(static_cast<char const*>(data), size);
}

/// librdkafka's simple interface: it needs no coordinator.
class Reading {
public:
    Reading(std::unique_ptr<Client> client, std::string const& topic)
        : client_(std::move(client)),
          queue_(rd_kafka_queue_new(client_->rk())),
          topic_(rd_kafka_topic_new(client_->rk(), topic.c_str(), nullptr)) {}
    ~Reading() {
        for (auto const partition : started_) rd_kafka_consume_stop(topic_.get(), partition);
    }
    Reading(Reading const&) = delete;
    Reading& operator=(Reading const&) = delete;

    bool has_topic() const { return topic_ != nullptr; }
    bool start(std::int32_t partition, std::int64_t offset) {
        if (rd_kafka_consume_start_queue(topic_.get(), partition, offset, queue_.get()) != 0)
            return false;
        started_.push_back(partition);
        return true;
    }
    Message next() {
        rd_kafka_poll(client_->rk(), 0);
        return Message(rd_kafka_consume_queue(queue_.get(), poll_ms));
    }
    Client& client() { return *client_; }

private:
    std::unique_ptr<Client> client_;
    Handle<rd_kafka_queue_t, rd_kafka_queue_destroy> queue_;
    Handle<rd_kafka_topic_t, rd_kafka_topic_destroy> topic_;
    std::vector<std::int32_t> started_;
};

}  // namespace

Outcome<OffsetRanges> ranges_of(Client& client, std::string const& name) {
    auto const found = topic(client, name);
    if (!found) return std::unexpected(found.error());
    auto const partitions = partitions_of(*found);
    auto const first = offsets_at(client, partitions, earliest);
    if (!first) return std::unexpected(first.error());
    auto const next = offsets_at(client, partitions, latest);
    if (!next) return std::unexpected(next.error());
    OffsetRanges ranges;
    for (auto const& partition : partitions)
        ranges[partition.second] = {first->at(partition), next->at(partition)};
    return ranges;
}

OffsetRanges last_of(OffsetRanges ranges, std::int64_t count) {
    // The shortest first: what it cannot give, the others share.
    std::vector<std::pair<std::int64_t, std::int32_t>> by_length;
    for (auto const& [partition, range] : ranges)
        by_length.emplace_back(range.second - range.first, partition);
    std::ranges::sort(by_length);
    auto others = std::int64_t(by_length.size());
    for (auto const& [length, partition] : by_length) {
        auto const share = std::min(length, (count + others - 1) / others);
        auto& range = ranges[partition];
        range.first = range.second - share;
        count -= share;
        --others;
    }
    return ranges;
}

Outcome<> read_ranges(ClientOptions const& options, std::string const& topic,
                      OffsetRanges const& ranges,
                      std::function<void(rd_kafka_message_t const&)> const& visit) {
    Interrupt interrupt;  // before the client, whose threads inherit the blocked signals
    auto client = Client::consumer(options, {{"enable.partition.eof", "true"},
                                             {"enable.auto.commit", "false"},
                                             {"auto.offset.reset", "earliest"}});
    if (!client) return std::unexpected(client.error());
    Reading reading(std::move(*client), topic);
    if (!reading.has_topic()) return misused(fmt::format("topic '{}': not a name", topic));
    std::set<std::int32_t> unfinished;
    for (auto const& [partition, range] : ranges) {
        if (range.first >= range.second) continue;
        if (!reading.start(partition, range.first))
            return failed(
                fmt::format("read {}/{}: {}", topic, partition, error_text(rd_kafka_last_error())));
        unfinished.insert(partition);
    }
    auto last_event = steady_clock::now();
    while (!unfinished.empty()) {
        if (interrupt.asked()) return failed(fmt::format("read {}: interrupted", topic));
        auto const message = reading.next();
        if (!message) {
            if (steady_clock::now() - last_event > options.timeout())
                return failed(fmt::format("nothing came from {} for {} s: {}", topic,
                                          options.timeout_s, reading.client().last_trouble()));
            continue;
        }
        last_event = steady_clock::now();
        if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
            unfinished.erase(message->partition);
            continue;
        }
        if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(
                fmt::format("read {}/{}: {}", topic, message->partition, error_text(message->err)));
        auto const end = ranges.at(message->partition).second;
        if (message->offset < end) visit(*message);
        if (message->offset + 1 >= end) unfinished.erase(message->partition);
    }
    return {};
}

std::optional<std::string_view> key_of(rd_kafka_message_t const& message) {
    return bytes_of(message.key, message.key_len);
}

std::optional<std::string_view> value_of(rd_kafka_message_t const& message) {
    return bytes_of(message.payload, message.len);
}

std::optional<std::string_view> header_of(rd_kafka_message_t const& message, char const* name) {
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::nullopt;
    void const* value = nullptr;
    std::size_t size = 0;
    if (rd_kafka_header_get_last(headers, name, &value, &size) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return std::nullopt;
    return bytes_of(value, size);
}

}  // namespace klamm::cli
