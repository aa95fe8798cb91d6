#include "klamm/sim/reader.h"

#include "klamm/sim/audit.h"

#include <fmt/format.h>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr std::int32_t fetch_wait_ms = 400;
constexpr std::int32_t fetch_bytes_max = 200'000;

}  // namespace

void Reader::seek(Offsets positions) {
    positions_ = std::move(positions);
    session_ = 0;
}

kafka::FetchRequest Reader::request() {
    kafka::FetchRequest request;
    request.isolation_level = committed_ ? 1 : 0;
    request.max_wait_ms = fetch_wait_ms;
    request.min_bytes = 1;
    request.max_bytes = fetch_bytes_max;
    bool const in_session = session_ != 0;
    request.session_id = session_;
    request.session_epoch = in_session ? epoch_ : (client_.random.one_in(3) ? -1 : 0);
    auto& topic = request.topics.emplace_back();
    topic.topic = main_topic;
    for (auto const& [number, position] : positions_) {
        if (in_session && asked_[number] == position) continue;
        auto& partition = topic.partitions.emplace_back();
        partition.partition = number;
        partition.fetch_offset = position;
        partition.partition_max_bytes = fetch_bytes_max;
    }
    if (topic.partitions.empty()) request.topics.clear();
    asked_ = positions_;
    return request;
}

Task<bool> Reader::fetch(std::vector<ReadPiece>& pieces) {
    if (positions_.empty()) {
        co_await services().schedule.sleep(fetch_wait_ms * millisecond);
        co_return true;
    }
    auto fetch = request();
    auto const session_epoch = fetch.session_epoch;
    auto const asked = services().schedule.now();
    auto const answer = co_await client_.ask(std::move(fetch), 12);
    if (!answer || answer->error_code != ErrorCode::none) {
        session_ = 0;
        co_return false;
    }
    session_ = session_epoch >= 0 ? answer->session_id : 0;
    epoch_ = session_epoch + 1;
    bool all_good = true;
    for (auto const& topic : answer->responses)
        for (auto const& part : topic.partitions) all_good &= take(part, asked, pieces);
    co_await catch_up(asked);
    co_return all_good;
}

/// Goes on where logs begin that lost their beginning.
Task<> Reader::catch_up(Time asked) {
    for (auto const number : std::exchange(behind_, {})) {
        auto const begin = co_await list_offset(client_, main_partition(number), earliest_offset);
        if (!begin) continue;
        services().checkers.tell(&Checker::log_start_read, main_partition(number), begin->offset,
                                 asked, services().schedule.now());
        auto& position = positions_[number];
        position = std::max(position, begin->offset);
        auto& known = progress_.begins[main_partition(number)];
        known = std::max(known, begin->offset);
    }
}

bool Reader::take(kafka::FetchResponse::PartitionData const& part, Time asked,
                  std::vector<ReadPiece>& pieces) {
    auto const position = positions_.find(part.partition_index);
    if (position == positions_.end()) {
        services().violations.report("protocol", "a fetch brought a partition nobody asked for");
        return false;
    }
    auto const name = main_partition(part.partition_index);
    auto const from = position->second;
    if (part.error_code == ErrorCode::offset_out_of_range) {
        if (from >= progress_.deleted_to[name])
            services().violations.report(
                "no_lost_ack", fmt::format("{} offset {} is out of range, though nobody deleted it",
                                           to_string(name), from));
        behind_.insert(part.partition_index);
    }
    if (part.error_code != ErrorCode::none) return false;
    services().checkers.tell(&Checker::log_start_read, name, part.log_start_offset, asked,
                             services().schedule.now());
    auto const batches = services().batches.read(name, part.records);
    auto const all = records_of(batches);
    auto shown = committed_of(batches, part.aborted_transactions.value_or(Aborted{}));
    std::erase_if(shown, [&](auto const& record) { return record.offset < from; });
    ReadRecords seen{name,
                     asked,
                     services().schedule.now(),
                     from,
                     part.log_start_offset,
                     part.high_watermark,
                     all,
                     part.last_stable_offset,
                     batches,
                     std::nullopt};
    if (committed_) seen.committed = shown;
    services().checkers.tell(&Checker::read, seen);
    if (!batches.empty() && batches.back().last_offset >= from) {
        position->second = batches.back().last_offset + 1;
        progress_.records_read += std::uint64_t(position->second - from);
        pieces.push_back({part.partition_index, from, position->second, std::move(shown)});
    }
    auto& end = progress_.ends[name];
    end = std::max(end, part.high_watermark);
    return true;
}

}  // namespace klamm::sim
