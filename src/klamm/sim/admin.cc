// sim/admin.cc - topics that come, grow and go, logs that lose their beginning, offsets looked up.
#include "klamm/records/batch.h"
#include "klamm/sim/audit.h"
#include "klamm/sim/processed.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

#include <map>
#include <string>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr Time retry_pause = 100 * millisecond;
constexpr Time pause_max = 3 * second;
constexpr int names = 2;
constexpr std::uint64_t recompressing_seeds = 4;  // in one of so many, topics have their own codec

/// The topic's id, when it is there now; whoever asked, and whichever try it was.
Task<std::optional<Uuid>> create(Client& client, std::string name, std::int32_t partitions) {
    while (!client.services().over) {
        kafka::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
        if (client.services().plan.seed % recompressing_seeds == 0)
            topic.configs.push_back({.name = "compression.type", .value = "lz4"});
        auto const answer = co_await client.ask(std::move(request), 7);
        if (answer && answer->topics.at(0).error_code == ErrorCode::none)
            co_return answer->topics[0].topic_id;
        if (answer && answer->topics.at(0).error_code == ErrorCode::topic_already_exists)
            co_return Uuid{};  // by an earlier try, whose answer was lost
        co_await client.services().schedule.sleep(retry_pause);
    }
    co_return std::nullopt;
}

Task<> remove(Client& client, std::string name) {
    while (!client.services().over) {
        kafka::DeleteTopicsRequest request;
        request.topics.emplace_back().name = name;
        auto const answer = co_await client.ask(std::move(request), 6);
        if (answer && (answer->responses.at(0).error_code == ErrorCode::none ||
                       answer->responses[0].error_code == ErrorCode::unknown_topic_or_partition))
            co_return;
        co_await client.services().schedule.sleep(retry_pause);
    }
}

/// One batch, once: whether it arrived is for the auditor to see. `unanswered` counts those of
/// which nothing was heard: each may still arrive late, and then in a later topic of the same name.
Task<> write(Client& client, std::string topic, Uuid id, std::string value,
             std::int64_t& unanswered) {
    std::vector<records::Record> records(1);
    auto const view = std::as_bytes(std::span{value});
    records[0].value.emplace(view.begin(), view.end());
    kafka::ProduceRequest request;
    request.acks = -1;
    request.timeout_ms = 30'000;
    auto& data = request.topic_data.emplace_back();
    data.name = topic;
    auto& partition = data.partition_data.emplace_back();
    partition.records.emplace().parts.push_back(Slice{records::build(records)});
    auto const answer = co_await client.ask(std::move(request), 9);
    if (!answer) {
        ++unanswered;
        co_return;
    }
    auto const& part = answer->responses.at(0).partition_responses.at(0);
    if (part.error_code != ErrorCode::none || id.is_none()) co_return;
    auto const name = checked_name(topic, id);
    std::vector<std::string> const values{value};
    client.services().checkers.tell(
        &Checker::acked, Acked{{name, 0}, client.name(), false, part.base_offset, values},
        client.services().schedule.now());
    if (part.base_offset > 1 + unanswered)  // two writes in a topic's life
        client.services().violations.report(
            "offsets_dense",
            fmt::format("{} is new, and its offsets go on at {}", name, part.base_offset));
}

PartitionName some_partition(Client& client) {
    auto const partitions = std::uint64_t(client.services().plan.partitions);
    return {std::string(main_topic), std::int32_t(client.random.below(partitions))};
}

/// One partition more for the main topic, which no group reads and which must stay.
Task<> grow(Client& client, std::int32_t count) {
    while (!client.services().over) {
        kafka::CreatePartitionsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = main_topic;
        topic.count = count;
        topic.assignments.reset();
        auto const answer = co_await client.ask(std::move(request), 3);
        // It may have as many by an earlier try, whose answer was lost.
        if (answer && (answer->results.at(0).error_code == ErrorCode::none ||
                       answer->results[0].error_code == ErrorCode::invalid_partitions)) {
            client.services().checkers.tell(&Checker::topic_acked, std::string(main_topic), count,
                                            client.services().schedule.now());
            co_return;
        }
        co_await client.services().schedule.sleep(retry_pause);
    }
}

/// Once, up to some offset that is known to be there.
Task<> delete_records(Client& client, Progress& progress, PartitionName name) {
    auto const end = progress.ends[name];
    auto const offset = std::int64_t(client.random.below(std::uint64_t(end) + 1));
    auto& tried = progress.deleted_to[name];
    tried = std::max(tried, offset);
    client.services().checkers.tell(&Checker::deletion_tried, name, offset);
    kafka::DeleteRecordsRequest request;
    request.timeout_ms = 30'000;
    auto& topic = request.topics.emplace_back();
    topic.name = name.topic;
    topic.partitions.push_back({.partition_index = name.number, .offset = offset});
    auto const answer = co_await client.ask(std::move(request), 2);
    if (!answer) co_return;
    auto const& part = answer->topics.at(0).partitions.at(0);
    if (part.error_code == ErrorCode::offset_out_of_range)
        client.services().violations.report(
            "high_watermark",
            fmt::format("{} has no offset {} to delete up to", to_string(name), offset));
    if (part.error_code != ErrorCode::none) co_return;
    ++progress.deletions;
    client.services().checkers.tell(&Checker::deletion_acked, name,
                                    std::max(part.low_watermark, offset),
                                    client.services().schedule.now());
}

/// Both ends of a partition and a place by time, held against what others know.
Task<> look_around(Client& client, PartitionName name) {
    auto& services = client.services();
    auto asked = services.schedule.now();
    auto const begin = co_await list_offset(client, name, earliest_offset);
    if (begin)
        services.checkers.tell(&Checker::log_start_read, name, begin->offset, asked,
                               services.schedule.now());

    auto const now_ms = services.schedule.broker_now().wall_ms;
    auto const wanted = now_ms - std::int64_t(client.random.below(10'000));
    auto const found = co_await list_offset(client, name, wanted);
    if (found && found->offset >= 0 && found->timestamp < wanted)
        services.violations.report(
            "protocol", fmt::format("{} offset {} has time {}; {} was asked for", to_string(name),
                                    found->offset, found->timestamp, wanted));

    asked = services.schedule.now();
    auto const end = co_await list_offset(client, name, latest_offset);
    if (!end) co_return;
    services.checkers.tell(&Checker::read, ReadRecords{.partition = name,
                                                       .asked = asked,
                                                       .got = services.schedule.now(),
                                                       .fetch_offset = end->offset,
                                                       .high_watermark = end->offset});
    if (found && found->offset >= end->offset)
        services.violations.report("high_watermark",
                                   fmt::format("{} offset {} was found by its time; the end is {}",
                                               to_string(name), found->offset, end->offset));
}

}  // namespace

Task<> make_topic(Client& client, Progress& progress) {
    auto const partitions = client.services().plan.partitions;
    std::vector<std::string> const names{std::string(main_topic), std::string(results_topic)};
    for (auto const& name : names) {
        auto const id = co_await create(client, name, partitions);
        if (!id) co_return;
        client.services().checkers.tell(&Checker::topic_acked, name, std::int32_t(partitions),
                                        client.services().schedule.now());
    }
    progress.topic_made = true;
}

Task<> administer(Client& client, Progress& progress) {
    progress.admin_busy = true;
    auto const grown_max = client.services().plan.partitions + 2;
    auto partitions = client.services().plan.partitions;
    std::map<std::string, std::int64_t> unanswered;
    for (int round = 0; !client.services().calm; ++round) {
        co_await client.services().schedule.sleep(Time(client.random.below(pause_max)));
        auto const name = fmt::format("scratch-{}", client.random.below(names));
        co_await remove(client, name);
        auto const id = co_await create(client, name, 1 + std::int32_t(client.random.below(3)));
        if (!id) break;
        for (int i = 0; i < 2; ++i) {
            auto value = fmt::format("a-{}-{}", round, i);
            co_await write(client, name, *id, std::move(value), unanswered[name]);
        }
        if (partitions < grown_max && client.random.one_in(4)) co_await grow(client, ++partitions);
        co_await delete_records(client, progress, some_partition(client));
        co_await look_around(client, some_partition(client));
    }
    progress.admin_busy = false;
}

}  // namespace klamm::sim
