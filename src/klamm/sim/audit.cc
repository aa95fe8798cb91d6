#include "klamm/sim/audit.h"

#include "klamm/records/filter.h"
#include "klamm/sim/processed.h"

#include <fmt/format.h>

#include <set>

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
                                                              std::int64_t offset, bool committed) {
    kafka::FetchRequest request;
    request.isolation_level = committed ? 1 : 0;
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

/// A partition's log, as one kind of reader gets it.
struct WholeLog {
    std::int64_t high_watermark = 0;
    std::int64_t last_stable = 0;
    std::vector<SeenBatch> batches;
    std::vector<SeenRecord> committed;  ///< what a reader of committed records is shown
};
enum class Reading : std::uint8_t { failed, damaged, done };

Reading read_all(Services& services, AskNow const& ask, std::string const& topic,
                 PartitionName const& name, std::int64_t from, bool committed, WholeLog& log) {
    for (auto offset = from;;) {
        auto const part = fetch_from(ask, topic, name.number, offset, committed);
        if (!part) return Reading::failed;
        if (part->error_code != ErrorCode::none) return Reading::damaged;
        log.high_watermark = part->high_watermark;
        log.last_stable = part->last_stable_offset;
        auto const batches = services.batches.read(name, part->records);
        if (batches.empty()) return Reading::done;
        for (auto& record : committed_of(batches, part->aborted_transactions.value_or(Aborted{})))
            if (record.offset >= offset) log.committed.push_back(std::move(record));
        log.batches.insert(log.batches.end(), batches.begin(), batches.end());
        offset = batches.back().last_offset + 1;
    }
}

Reading audit_partition(Services& services, AskNow const& ask, std::string const& topic,
                        PartitionName const& name) {
    auto const log_start = log_start_of(ask, name, topic);
    if (!log_start) return Reading::failed;
    WholeLog log, stable;
    if (auto const all = read_all(services, ask, topic, name, *log_start, false, log);
        all != Reading::done)
        return all;
    if (auto const all = read_all(services, ask, topic, name, *log_start, true, stable);
        all != Reading::done)
        return all;
    auto records = records_of(log.batches);
    std::erase_if(records, [&](auto const& record) { return record.offset < *log_start; });
    auto const now = services.schedule.now();
    services.checkers.tell(&Checker::audited,
                           ReadRecords{name, now, now, *log_start, *log_start, log.high_watermark,
                                       records, stable.last_stable, log.batches, stable.committed});
    return Reading::done;
}

std::string text_of(Bytes const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

using Table = std::vector<TableRecord>;

/// Those of the fetched records that are shown, with their keys.
bool add_shown(kafka::FetchResponse::PartitionData const& part, std::set<std::int64_t> const& shown,
               Table& table) {
    for (auto const& bytes : part.records->parts) {
        auto const visited =
            records::visit_batches(bytes.view(), [&](ByteView batch, records::BatchInfo const&) {
                auto const all = records::read_records(batch);
                for (auto const& record : *all) {
                    if (!shown.contains(record.offset)) continue;
                    table.push_back(
                        {record.offset, text_of(*record.key), std::nullopt, record.timestamp});
                    if (record.value) table.back().value = text_of(*record.value);
                }
                return true;
            });
        if (!visited) return false;
    }
    return true;
}

/// The compacted topic from its first offset on, as readers of committed records see it; one who
/// reads everything must come to the end.
Reading audit_table(Services& services, AskNow const& ask) {
    PartitionName const name{std::string(table_topic), 0};
    WholeLog log;
    if (auto const all = read_all(services, ask, name.topic, name, 0, false, log);
        all != Reading::done)
        return all;
    auto const end = log.batches.empty() ? 0 : log.batches.back().last_offset + 1;
    if (end != log.high_watermark)
        services.violations.report(
            "compaction_keeps", fmt::format("a reader stays at {} of {}", end, log.high_watermark));
    Table table;
    for (std::int64_t offset = 0;;) {
        auto const part = fetch_from(ask, name.topic, 0, offset, true);
        if (!part) return Reading::failed;
        if (part->error_code != ErrorCode::none) return Reading::damaged;
        auto const batches = services.batches.read(name, part->records);
        if (batches.empty()) break;
        std::set<std::int64_t> shown;
        for (auto const& record :
             committed_of(batches, part->aborted_transactions.value_or(Aborted{})))
            if (record.offset >= offset) shown.insert(record.offset);
        if (!add_shown(*part, shown, table)) return Reading::failed;
        offset = batches.back().last_offset + 1;
    }
    services.checkers.tell(&Checker::table_audited, std::span<TableRecord const>{table},
                           services.schedule.broker_now().wall_ms);
    return Reading::done;
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

PartitionName main_partition(std::int32_t number) { return {std::string(main_topic), number}; }

std::string group_name(int number) { return fmt::format("g{}", number); }

std::string checked_name(std::string const& topic, Uuid const& id) {
    return topic == main_topic || topic == results_topic ? topic
                                                         : topic + "#" + klamm::to_string(id);
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
            auto const reading = *topic.name == table_topic
                                     ? audit_table(services, ask)
                                     : audit_partition(services, ask, *topic.name, name);
            if (reading == Reading::failed)
                services.violations.report("protocol", to_string(name) + " could not be audited");
            if (reading != Reading::damaged) continue;
            damaged();
            return false;
        }
    for (int group = 0; group < services.plan.all_groups(); ++group)
        audit_group(services, ask, group_name(group));
    if (services.plan.applications > 0) audit_group(services, ask, std::string(application_group));
    services.checkers.tell(&Checker::audit_ended);
    return true;
}

}  // namespace klamm::sim
