// sim/admin.cc - topics that come and go.
#include "klamm/records/batch.h"
#include "klamm/sim/audit.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr Time retry_pause = 100 * millisecond;
constexpr Time pause_max = 3 * second;
constexpr int names = 2;

/// The topic's id, when it is there now; whoever asked, and whichever try it was.
Task<std::optional<Uuid>> create(Client& client, std::string name, std::int32_t partitions) {
    while (!client.services().over) {
        kafka::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
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

/// One batch, once: whether it arrived is for the auditor to see.
Task<> write(Client& client, std::string topic, Uuid id, std::string value) {
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
    if (!answer) co_return;
    auto const& part = answer->responses.at(0).partition_responses.at(0);
    if (part.error_code != ErrorCode::none || id.is_none()) co_return;
    auto const name = checked_name(topic, id);
    std::vector<std::string> const values{value};
    client.services().checkers.tell(
        &Checker::acked, Acked{{name, 0}, client.name(), false, part.base_offset, values},
        client.services().schedule.now());
    if (part.base_offset > 1)  // two writes in a topic's life
        client.services().violations.report(
            "offsets_dense",
            fmt::format("{} is new, and its offsets go on at {}", name, part.base_offset));
}

}  // namespace

Task<> make_topic(Client& client, Progress& progress) {
    auto const partitions = client.services().plan.partitions;
    auto const id = co_await create(client, std::string(main_topic), partitions);
    if (!id) co_return;
    client.services().checkers.tell(&Checker::topic_acked, std::string(main_topic),
                                    std::int32_t(partitions), client.services().schedule.now());
    progress.topic_made = true;
}

Task<> administer(Client& client, Progress& progress) {
    progress.admin_busy = true;
    for (int round = 0; !client.services().calm; ++round) {
        co_await client.services().schedule.sleep(Time(client.random.below(pause_max)));
        auto const name = fmt::format("scratch-{}", client.random.below(names));
        co_await remove(client, name);
        auto const id = co_await create(client, name, 1 + std::int32_t(client.random.below(3)));
        if (!id) break;
        for (int i = 0; i < 2; ++i) {
            auto value = fmt::format("a-{}-{}", round, i);
            co_await write(client, name, *id, std::move(value));
        }
    }
    progress.admin_busy = false;
}

}  // namespace klamm::sim
