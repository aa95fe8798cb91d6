#include "klamm/sim/audit.h"

#include "klamm/records/batch.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr kafka::ApiVersion fetch_version = 12;
constexpr std::int32_t fetch_bytes = 1 << 20;

template <class R>
std::optional<typename R::Response> ask_now(AskNow const& ask, R request,
                                            kafka::ApiVersion version) {
    auto answer = ask(std::move(request), version);
    if (!answer) return std::nullopt;
    return std::get<typename R::Response>(std::move(*answer));
}

std::optional<kafka::FetchResponse::PartitionData> fetch_from(AskNow const& ask,
                                                              std::string const& topic,
                                                              std::int32_t number,
                                                              std::int64_t offset) {
    kafka::FetchRequest request;
    request.max_bytes = fetch_bytes;
    auto& asked = request.topics.emplace_back();
    asked.topic = topic;
    auto& partition = asked.partitions.emplace_back();
    partition.partition = number;
    partition.fetch_offset = offset;
    partition.partition_max_bytes = fetch_bytes;
    auto answer = ask_now(ask, std::move(request), fetch_version);
    if (!answer || answer->responses.empty() || answer->responses[0].partitions.empty())
        return std::nullopt;
    return std::move(answer->responses[0].partitions[0]);
}

std::optional<std::int64_t> log_start_of(AskNow const& ask, PartitionName const& name,
                                         std::string const& topic) {
    constexpr std::int64_t earliest = -2;
    kafka::ListOffsetsRequest request;
    auto& asked = request.topics.emplace_back();
    asked.name = topic;
    asked.partitions.push_back({.partition_index = name.number, .timestamp = earliest});
    auto const answer = ask_now(ask, std::move(request), 7);
    if (!answer || answer->topics.empty() || answer->topics[0].partitions.empty())
        return std::nullopt;
    return answer->topics[0].partitions[0].offset;
}

/// False: damaged.
bool audit_partition(Services& services, AskNow const& ask, std::string const& topic,
                     PartitionName const& name) {
    std::vector<SeenRecord> all;
    auto const log_start = log_start_of(ask, name, topic);
    for (auto offset = log_start.value_or(0);;) {
        auto const part = fetch_from(ask, topic, name.number, offset);
        if (!part || !log_start) {
            services.violations.report("protocol", to_string(name) + " could not be audited");
            return true;
        }
        if (part->error_code != ErrorCode::none) return false;
        auto const seen = records_of(services, name, part->records);
        for (auto const& record : seen)
            if (record.offset >= offset) all.push_back(record);
        if (seen.empty()) {
            auto const now = services.schedule.now();
            services.checkers.tell(
                &Checker::audited,
                ReadRecords{name, now, now, *log_start, *log_start, part->high_watermark, all});
            return true;
        }
        offset = seen.back().offset + 1;
    }
}

void audit_group(Services& services, AskNow const& ask, std::string const& group) {
    kafka::OffsetFetchRequest request;
    auto& asked = request.groups.emplace_back();
    asked.group_id = group;
    auto& topic = asked.topics.emplace().emplace_back();
    topic.name = main_topic;
    for (std::int32_t number = 0; number < services.plan.partitions; ++number)
        topic.partition_indexes.push_back(number);
    auto const answer = ask_now(ask, std::move(request), 8);
    if (!answer || answer->groups.empty()) return;
    for (auto const& found : answer->groups[0].topics)
        for (auto const& partition : found.partitions)
            if (partition.error_code == ErrorCode::none)
                services.checkers.tell(
                    &Checker::commit_read, group,
                    PartitionName{std::string(main_topic), partition.partition_index},
                    partition.committed_offset, services.schedule.now());
}

}  // namespace

std::string group_name(int number) { return fmt::format("g{}", number); }

std::string checked_name(std::string const& topic, Uuid const& id) {
    return topic == main_topic ? topic : topic + "#" + klamm::to_string(id);
}

std::vector<SeenRecord> records_of(Services& services, PartitionName const& partition,
                                   std::optional<kafka::Records> const& fetched) {
    std::vector<SeenRecord> seen;
    if (!fetched) return seen;
    Bytes bytes;
    for (auto const& part : fetched->parts)
        bytes.insert(bytes.end(), part.view().begin(), part.view().end());
    for (ByteView rest{bytes}; rest.size() >= records::batch_header_bytes;) {
        auto const info = records::read_header(rest);
        if (!info) {
            services.violations.report(
                "protocol", to_string(partition) + " served a batch: " + info.error().why);
            return seen;
        }
        auto const batch = rest.first(std::size_t(info->bytes));
        auto const stored = records::check_stored(batch);
        auto const read = records::read_records(batch);
        if (!stored || !read) {
            services.violations.report(
                "protocol", to_string(partition) + " served a batch: " +
                                (stored ? read : std::unexpected(stored.error())).error().why);
            return seen;
        }
        for (auto const& record : *read) {
            std::string value;
            if (record.value)
                value.assign(reinterpret_cast<char const*>(record.value->data()),
                             record.value->size());
            seen.push_back({record.offset, value.substr(0, value.find(' '))});
        }
        rest = rest.subspan(std::size_t(info->bytes));
    }
    return seen;
}

bool audit(Services& services, AskNow const& ask, std::function<void()> const& damaged) {
    kafka::MetadataRequest everything;
    everything.topics.reset();
    everything.allow_auto_topic_creation = false;
    auto const metadata = ask_now(ask, std::move(everything), 12);
    if (!metadata) return true;
    std::map<std::string, std::int32_t> topics;
    for (auto const& topic : metadata->topics)
        topics[*topic.name] = std::int32_t(topic.partitions.size());
    services.checkers.tell(&Checker::audited_topics, topics);
    for (auto const& topic : metadata->topics)
        for (auto const& partition : topic.partitions) {
            PartitionName const name{checked_name(*topic.name, topic.topic_id),
                                     partition.partition_index};
            if (audit_partition(services, ask, *topic.name, name)) continue;
            damaged();
            return false;
        }
    for (int group = 0; group < services.plan.groups; ++group)
        audit_group(services, ask, group_name(group));
    return true;
}

}  // namespace klamm::sim
