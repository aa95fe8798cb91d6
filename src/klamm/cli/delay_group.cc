#include "klamm/cli/delay_group.h"

#include <fmt/core.h>

#include <algorithm>
#include <span>

namespace klamm::cli {
namespace {

constexpr int poll_ms = 50;
constexpr int commit_tries_max = 5;
constexpr auto commit_interval = std::chrono::milliseconds(200);

}  // namespace

bool DelayTotals::count(std::int32_t partition, std::int64_t offset, Flight const& flight) {
    std::lock_guard const lock(mutex_);
    auto& next = next_[partition];
    if (offset < next) {
        ++repeated_;
        return false;
    }
    next = offset + 1;
    cli::count(delays_, flight);
    ++counted_;
    return true;
}

DelaysByAirport DelayTotals::delays() const {
    std::lock_guard const lock(mutex_);
    return delays_;
}

Outcome<> DelayGroup::start(ClientOptions const& options) {
    for (std::size_t i = 0; i < members; ++i) {
        auto client = Client::consumer(options, {{"group.id", group_},
                                                 {"client.id", fmt::format("delays-{}", i + 1)},
                                                 {"session.timeout.ms", "6000"},
                                                 {"heartbeat.interval.ms", "300"},
                                                 {"enable.auto.commit", "false"},
                                                 {"auto.offset.reset", "earliest"}});
        if (!client) return std::unexpected(client.error());
        PartitionList const list(rd_kafka_topic_partition_list_new(1));
        rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
        if (auto const error = rd_kafka_subscribe((*client)->rk(), list.get());
            error != RD_KAFKA_RESP_ERR_NO_ERROR)
            return failed(fmt::format("join group {}: {}", group_, error_text(error)));
        members_[i].client = std::move(*client);
        members_[i].thread = std::thread([this, i] { run(members_[i]); });
    }
    return {};
}

void DelayGroup::stop() {
    stopping_ = true;
    for (auto& member : members_)
        if (member.thread.joinable()) member.thread.join();
}

void DelayGroup::run(Member& member) {
    auto last_commit = std::chrono::steady_clock::now();
    while (!stopping_) {
        Message const message(rd_kafka_consumer_poll(member.client->rk(), poll_ms));
        if (message) take(member, *message);
        auto const now = std::chrono::steady_clock::now();
        if (now - last_commit < commit_interval) continue;
        last_commit = now;
        look_at_assignment(member);
        commit(member, false);
    }
    look_at_assignment(member);
    commit(member, true);
    member.client.reset();  // leaves the group
}

void DelayGroup::take(Member& member, rd_kafka_message_t const& message) {
    // Errors while the broker is away pass by themselves; librdkafka goes on trying.
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    auto const flight = flight_from_json({static_cast<char const*>(message.payload), message.len});
    if (!flight) {
        std::lock_guard const lock(mutex_);
        trouble_ = fmt::format("{}/{} offset {} is not a flight", topic_, message.partition,
                               message.offset);
        return;
    }
    if (totals_.count(message.partition, message.offset, *flight)) ++member.counted;
    member.next[message.partition] = message.offset + 1;  // counted first, committed then
    member.is_dirty = true;
}

/// What cannot be committed now, because the broker is away, is committed with what comes next,
/// at the latest when the member leaves.
void DelayGroup::commit(Member& member, bool for_good) {
    if (member.next.empty() || !(member.is_dirty || for_good)) return;
    PartitionList const list(rd_kafka_topic_partition_list_new(int(member.next.size())));
    for (auto const& [partition, offset] : member.next)
        rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset = offset;
    member.is_dirty = false;
    auto const once = [&](int async) {
        return rd_kafka_commit(member.client->rk(), list.get(), async) ==
               RD_KAFKA_RESP_ERR_NO_ERROR;
    };
    if (!for_good) {
        once(1);
        return;
    }
    // The other member may be leaving just now, and the group busy with that.
    for (int tries = 0; tries < commit_tries_max && !once(0); ++tries)
        std::this_thread::sleep_for(commit_interval);
}

void DelayGroup::look_at_assignment(Member& member) {
    rd_kafka_topic_partition_list_t* raw = nullptr;
    if (rd_kafka_assignment(member.client->rk(), &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return;
    PartitionList const mine(raw);
    std::vector<std::int32_t> ids;
    for (auto const& part : std::span(mine->elems, std::size_t(mine->cnt)))
        ids.push_back(part.partition);
    std::ranges::sort(ids);
    // The other member commits for what has moved there; an older offset from here would undo it.
    std::erase_if(member.next,
                  [&](auto const& it) { return !std::ranges::binary_search(ids, it.first); });
    std::lock_guard const lock(mutex_);
    member.partitions = std::move(ids);
}

std::array<DelayGroup::MemberView, DelayGroup::members> DelayGroup::view() const {
    std::lock_guard const lock(mutex_);
    std::array<MemberView, members> views;
    for (std::size_t i = 0; i < members; ++i)
        views[i] = {members_[i].partitions, members_[i].counted};
    return views;
}

std::string DelayGroup::trouble() const {
    std::lock_guard const lock(mutex_);
    return trouble_;
}

}  // namespace klamm::cli
