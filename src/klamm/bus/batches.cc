#include "klamm/bus/batches.h"

#include "klamm/bus/partitioner.h"
#include "klamm/records/batch_builder.h"

#include <fmt/format.h>

#include <set>

namespace klamm::bus {
namespace {

constexpr std::int32_t produce_timeout_ms = 30'000;
constexpr std::int16_t all_replicas = -1;

std::optional<ByteView> view(std::optional<std::string> const& text) {
    if (!text) return std::nullopt;
    return std::as_bytes(std::span{*text});
}

/// What a record costs in a batch, at most.
std::size_t bytes_of(Outgoing const& record) {
    constexpr std::size_t numbers = 40, header_numbers = 10;
    auto bytes = numbers;
    if (record.key) bytes += record.key->size();
    if (record.value) bytes += record.value->size();
    for (auto const& header : record.headers)
        bytes += header_numbers + header.name.size() + (header.value ? header.value->size() : 0);
    return bytes + record.more_headers.bytes().size();
}

/// The batch of a partition that is being filled.
struct Filling {
    std::size_t batch = 0;
    std::size_t bytes = 0;
    bool begun = false;
};

/// A batch's first sequence is known when all before it are full.
void number_batches(std::vector<Batch>& batches,
                    std::map<TopicPartition, std::int32_t>& sequences) {
    for (auto& batch : batches) {
        auto& next = sequences[batch.partition];
        batch.base_sequence = next;
        // They go round after the largest: KIP-98.
        constexpr auto numbers = std::int64_t{INT32_MAX} + 1;
        next = std::int32_t((next + std::int64_t(batch.records.size())) % numbers);
    }
}

}  // namespace

std::vector<std::string> topics_of(OutgoingView records) {
    std::set<std::string_view> names;
    std::string_view last;
    for (auto const* record : records)
        if (names.empty() || record->topic != last) names.insert(last = record->topic);
    return {names.begin(), names.end()};
}

Result<std::vector<Batch>> place(OutgoingView records, Topics const& topics, std::uint64_t any,
                                 std::map<TopicPartition, std::int32_t>& sequences) {
    std::vector<Batch> batches;
    std::map<std::string_view, std::vector<Filling>> topics_filling;
    std::vector<Filling>* filling = nullptr;
    std::string_view last;
    for (std::size_t i = 0; i < records.size(); ++i) {
        auto const& record = *records[i];
        if (filling == nullptr || record.topic != last) {
            last = record.topic;
            filling = &topics_filling[last];
            auto const* topic = topics.find(record.topic);
            filling->resize(topic == nullptr ? 0 : std::size_t(topic->partitions));
        }
        auto const partitions = std::int32_t(filling->size());
        auto number = record.partition.value_or(0);
        if (number < 0 || number >= partitions)
            return std::unexpected(
                Error{Error::Kind::refused,
                      fmt::format("there is no partition {} of topic '{}'; it has {}", number,
                                  record.topic, partitions)});
        if (!record.partition)
            number = record.key ? partition_of(*record.key, partitions)
                                : std::int32_t(any % std::uint64_t(partitions));
        auto& fill = (*filling)[std::size_t(number)];
        auto const bytes = bytes_of(record);
        if (!fill.begun || fill.bytes + bytes > batch_bytes_aim) {
            auto const round = fill.begun ? batches[fill.batch].round + 1 : 0;
            fill = {batches.size(), records::batch_header_bytes, true};
            batches.push_back({.partition = {record.topic, number}, .records = {}, .round = round});
        }
        fill.bytes += bytes;
        batches[fill.batch].bytes = fill.bytes;
        batches[fill.batch].records.push_back(i);
    }
    number_batches(batches, sequences);
    return batches;
}

kafka::ProduceRequest produce_request(OutgoingView records, std::span<Batch const> batches,
                                      std::size_t round, ProducerName const& producer,
                                      std::string const* transactional_id, std::int64_t now_ms) {
    kafka::ProduceRequest request;
    if (transactional_id != nullptr) request.transactional_id = *transactional_id;
    request.acks = all_replicas;
    request.timeout_ms = produce_timeout_ms;
    std::vector<records::HeaderView> headers;
    records::BatchBuilder builder;
    std::map<std::string_view, std::size_t> topics;
    for (auto const& batch : batches) {
        if (batch.round != round || batch.written()) continue;
        builder.reserve(batch.bytes);
        for (auto const index : batch.records) {
            auto const& record = *records[index];
            headers.clear();
            for (auto const& header : record.headers)
                headers.push_back({std::as_bytes(std::span{header.name}), view(header.value)});
            builder.add({.timestamp = record.timestamp_ms.value_or(now_ms),
                         .key = view(record.key),
                         .value = view(record.value),
                         .headers = headers,
                         .more_headers = std::as_bytes(std::span{record.more_headers.bytes()}),
                         .more_headers_count = record.more_headers.count()});
        }
        auto const [at, first] =
            topics.try_emplace(batch.partition.topic, request.topic_data.size());
        if (first) request.topic_data.emplace_back().name = batch.partition.topic;
        auto& data = request.topic_data[at->second].partition_data.emplace_back();
        data.index = batch.partition.partition;
        data.records.emplace().parts.push_back(
            Slice{builder.finish({.producer_id = producer.id,
                                  .producer_epoch = producer.epoch,
                                  .base_sequence = batch.base_sequence,
                                  .transactional = transactional_id != nullptr})});
    }
    return request;
}

}  // namespace klamm::bus
