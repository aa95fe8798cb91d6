#include "klamm/simulate/log_view.h"

#include "klamm/base/ensure.h"
#include "klamm/handler/cloud_event.h"
#include "klamm/records/batch.h"
#include "klamm/records/filter.h"

#include <algorithm>
#include <set>
#include <utility>

namespace klamm::simulated {
namespace {

constexpr kafka::ApiVersion fetch_version = 12;  // the last that names topics
constexpr kafka::ApiVersion offset_fetch_version = 8;
constexpr kafka::ApiVersion metadata_version = 12;
constexpr kafka::ApiVersion list_offsets_version = 7;
constexpr std::int32_t fetch_bytes = 8 << 20;

template <class R>
typename R::Response ask_now(sim::AskNow const& ask, R request, kafka::ApiVersion version) {
    auto answer = ask(std::move(request), version);
    ensure(answer.has_value());
    return std::get<typename R::Response>(std::move(*answer));
}

std::string text_of(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}
std::optional<std::string> text_of(std::optional<Bytes> const& bytes) {
    if (!bytes) return std::nullopt;
    return text_of(*bytes);
}

StoredMessage stored(bus::TopicPartition const& partition, records::Record const& record) {
    StoredMessage stored;
    stored.position = {partition.topic, partition.partition, record.offset};
    stored.timestamp = Time{milliseconds{record.timestamp}};
    stored.key = text_of(record.key);
    stored.value = text_of(record.value);
    for (auto const& header : record.headers)
        stored.headers.push_back({header.key, text_of(header.value)});
    Message message{stored.position, stored.timestamp, stored.key,
                    stored.value,    stored.headers,   {}};
    auto const incoming = handler::read_message(std::move(message));
    if (incoming.message.value) stored.value = std::string(*incoming.message.value);
    stored.event = incoming.message.event;
    return stored;
}

}  // namespace

std::map<std::string, std::int32_t> LogView::topics() const {
    kafka::MetadataRequest request;
    request.topics.reset();
    request.allow_auto_topic_creation = false;
    std::map<std::string, std::int32_t> topics;
    for (auto const& topic : ask_now(ask_, std::move(request), metadata_version).topics)
        topics[topic.name.value_or("")] = std::int32_t(topic.partitions.size());
    return topics;
}

LogView::Fetched LogView::fetch(bus::TopicPartition const& partition, std::int64_t offset) const {
    kafka::FetchRequest request;
    request.isolation_level = 1;
    request.max_bytes = fetch_bytes;
    auto& topic = request.topics.emplace_back();
    topic.topic = partition.topic;
    auto& asked = topic.partitions.emplace_back();
    asked.partition = partition.partition;
    asked.fetch_offset = offset;
    asked.partition_max_bytes = fetch_bytes;
    auto const answer = ask_now(ask_, std::move(request), fetch_version);
    auto const& part = answer.responses.at(0).partitions.at(0);
    Fetched fetched{{}, offset, true, part.last_stable_offset < part.high_watermark};
    if (part.error_code == kafka::ErrorCode::offset_out_of_range && offset < part.log_start_offset)
        return fetch(partition, part.log_start_offset);
    if (part.error_code != kafka::ErrorCode::none || !part.records) return fetched;

    auto aborted =
        part.aborted_transactions.value_or(std::vector<kafka::FetchResponse::AbortedTransaction>{});
    std::set<std::int64_t> open;  // producers whose aborted transaction has begun
    auto const take = [&](ByteView bytes, records::BatchInfo const& info) {
        fetched.next = info.next_offset();
        fetched.end = false;
        std::erase_if(aborted, [&](auto const& each) {
            bool const begun = each.first_offset <= info.last_offset();
            if (begun) open.insert(each.producer_id);
            return begun;
        });
        if (info.control()) {
            open.erase(info.producer_id);
            return true;
        }
        if (info.transactional() && open.contains(info.producer_id)) return true;
        auto const all = records::read_records(bytes);
        ensure(all.has_value());
        for (auto const& record : *all)
            if (record.offset >= offset) fetched.messages.push_back(stored(partition, record));
        return true;
    };
    for (auto const& bytes : part.records->parts)
        ensure(records::visit_batches(bytes.view(), take).has_value());
    return fetched;
}

std::vector<StoredMessage> LogView::messages(bus::TopicPartition const& partition,
                                             std::int64_t offset) const {
    std::vector<StoredMessage> all;
    for (;;) {
        auto fetched = fetch(partition, offset);
        std::ranges::move(fetched.messages, std::back_inserter(all));
        if (fetched.end) return all;
        offset = fetched.next;
    }
}

std::vector<StoredMessage> LogView::messages(std::string const& topic) const {
    std::vector<StoredMessage> all;
    auto const known = topics();
    auto const found = known.find(topic);
    if (found == known.end()) return all;
    for (std::int32_t number = 0; number < found->second; ++number)
        std::ranges::move(messages(bus::TopicPartition{topic, number}), std::back_inserter(all));
    return all;
}

std::map<bus::TopicPartition, bus::Committed> LogView::committed(std::string const& group) const {
    kafka::OffsetFetchRequest request;
    auto& asked = request.groups.emplace_back();
    asked.group_id = group;
    asked.topics.reset();
    std::map<bus::TopicPartition, bus::Committed> committed;
    auto const answer = ask_now(ask_, std::move(request), offset_fetch_version);
    for (auto const& answered : answer.groups)
        for (auto const& topic : answered.topics)
            for (auto const& each : topic.partitions)
                committed[{topic.name, each.partition_index}] = {each.committed_offset,
                                                                 each.metadata.value_or("")};
    return committed;
}

bool LogView::has_more(bus::TopicPartition const& partition, std::int64_t offset) const {
    for (;;) {
        auto const fetched = fetch(partition, offset);
        if (!fetched.messages.empty() || fetched.open) return true;
        if (fetched.end) return false;
        offset = fetched.next;
    }
}

std::map<bus::TopicPartition, std::int64_t> LogView::ends(std::int8_t isolation_level) const {
    kafka::ListOffsetsRequest request;
    request.replica_id = -1;
    request.isolation_level = isolation_level;
    for (auto const& [name, partitions] : topics()) {
        if (name.starts_with("__")) continue;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        for (std::int32_t number = 0; number < partitions; ++number) {
            auto& asked = topic.partitions.emplace_back();
            asked.partition_index = number;
            asked.timestamp = bus::latest;
        }
    }
    std::map<bus::TopicPartition, std::int64_t> ends;
    for (auto const& topic : ask_now(ask_, std::move(request), list_offsets_version).topics)
        for (auto const& each : topic.partitions)
            ends[{topic.name, each.partition_index}] = each.offset;
    return ends;
}

std::vector<bus::TopicPartition> LogView::open() const {
    std::vector<bus::TopicPartition> open;
    auto const all = ends(0);
    for (auto const& [partition, stable] : ends(1))
        if (auto const it = all.find(partition); it != all.end() && stable < it->second)
            open.push_back(partition);
    return open;
}

}  // namespace klamm::simulated
