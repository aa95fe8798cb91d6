// sim/consumer.cc - members of classic consumer groups.
#include "klamm/sim/audit.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

#include <charconv>
#include <set>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr std::int32_t session_ms = 10'000;
constexpr std::int32_t rebalance_ms = 15'000;
constexpr Time join_patience = 20 * second;
constexpr Time heartbeat_interval = 1 * second;
constexpr std::int32_t fetch_wait_ms = 400;
constexpr std::int32_t fetch_bytes_max = 200'000;
constexpr Time retry_pause = 150 * millisecond;
constexpr Time away_max = 5 * second;

/// An assignment as the members of this group write it: partition numbers with commas.
Bytes encode_assignment(std::vector<std::int32_t> const& partitions) {
    std::string text;
    for (auto const partition : partitions) text += fmt::format("{},", partition);
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

std::vector<std::int32_t> decode_assignment(Bytes const& bytes) {
    std::vector<std::int32_t> partitions;
    auto const* at = reinterpret_cast<char const*>(bytes.data());
    auto const* end = at + bytes.size();
    while (at < end) {
        std::int32_t partition = 0;
        at = std::from_chars(at, end, partition).ptr + 1;
        partitions.push_back(partition);
    }
    return partitions;
}

PartitionName events(std::int32_t number) { return {std::string(main_topic), number}; }

class Member {
public:
    Member(Client& client, Progress& progress, std::string group)
        : client_(client), progress_(progress), group_(std::move(group)) {
        if (client.random.one_in(3)) instance_ = client.name();
    }

    Task<> run() {
        while (!services().over) {
            bool const joined = co_await join();
            if (joined && co_await sync() && co_await find_positions()) co_await read_and_commit();
            co_await services().schedule.sleep(retry_pause);
        }
    }

private:
    Services& services() { return client_.services(); }

    Task<bool> join() {
        kafka::JoinGroupRequest request;
        request.group_id = group_;
        request.session_timeout_ms = session_ms;
        request.rebalance_timeout_ms = rebalance_ms;
        request.member_id = member_id_;
        request.group_instance_id = instance_;
        request.protocol_type = "consumer";
        request.protocols.emplace_back().name = "commas";
        auto const answer = co_await client_.ask(std::move(request), 9, join_patience);
        if (!answer) co_return false;
        if (answer->error_code == ErrorCode::member_id_required) member_id_ = answer->member_id;
        if (answer->error_code == ErrorCode::unknown_member_id) member_id_.clear();
        if (answer->error_code == ErrorCode::fenced_instance_id) member_id_.clear();
        if (answer->error_code != ErrorCode::none) co_return false;
        member_id_ = answer->member_id;
        generation_ = answer->generation_id;
        assignments_.clear();
        if (answer->leader == member_id_ && !answer->skip_assignment) assign(answer->members);
        co_return true;
    }

    /// As the group's leader: deals the partitions out.
    void assign(std::vector<kafka::JoinGroupResponse::JoinGroupResponseMember> const& members) {
        if (members.empty()) return;
        std::vector<std::vector<std::int32_t>> shares(members.size());
        for (std::int32_t number = 0; number < services().plan.partitions; ++number) {
            shares[std::size_t(number) % members.size()].push_back(number);
            if (services().plan.mutation == Mutation::double_assignment)
                shares[std::size_t(number + 1) % members.size()].push_back(number);
        }
        for (std::size_t i = 0; i < members.size(); ++i) {
            auto& to = assignments_.emplace_back();
            to.member_id = members[i].member_id;
            to.assignment = encode_assignment(shares[i]);
        }
    }

    Task<bool> sync() {
        kafka::SyncGroupRequest request;
        request.group_id = group_;
        request.generation_id = generation_;
        request.member_id = member_id_;
        request.group_instance_id = instance_;
        request.protocol_type = "consumer";
        request.protocol_name = "commas";
        request.assignments = assignments_;
        auto const answer = co_await client_.ask(std::move(request), 5, join_patience);
        if (!answer) co_return false;
        if (answer->error_code == ErrorCode::unknown_member_id) member_id_.clear();
        if (answer->error_code != ErrorCode::none) co_return false;
        positions_.clear();
        std::vector<PartitionName> owned;
        for (auto const number : decode_assignment(answer->assignment)) {
            positions_[number] = 0;
            owned.push_back(events(number));
        }
        ++progress_.generations;
        services().trace.note("{} owns {} partitions in generation {}", client_.name(),
                              owned.size(), generation_);
        services().checkers.tell(&Checker::assigned, group_, generation_,
                                 instance_.value_or(member_id_),
                                 std::span<PartitionName const>{owned});
        co_return true;
    }

    Task<bool> find_positions() {
        if (positions_.empty()) co_return true;
        kafka::OffsetFetchRequest request;
        auto& group = request.groups.emplace_back();
        group.group_id = group_;
        auto& topic = group.topics.emplace().emplace_back();
        topic.name = main_topic;
        for (auto const& [number, position] : positions_) topic.partition_indexes.push_back(number);
        auto const asked = services().schedule.now();
        auto const answer = co_await client_.ask(std::move(request), 8);
        if (!answer || answer->groups.empty()) co_return false;
        if (answer->groups[0].error_code != ErrorCode::none) co_return false;
        for (auto const& found : answer->groups[0].topics)
            for (auto const& partition : found.partitions) {
                if (partition.error_code != ErrorCode::none) co_return false;
                services().checkers.tell(&Checker::commit_read, group_,
                                         events(partition.partition_index),
                                         partition.committed_offset, asked);
                auto const offset = std::max<std::int64_t>(partition.committed_offset, 0);
                positions_[partition.partition_index] = offset;
                auto& best = progress_.committed[{group_, events(partition.partition_index)}];
                best = std::max(best, offset);  // a commit without an answer was done
            }
        committed_ = positions_;
        co_return true;
    }

    Task<> read_and_commit() {
        auto last_heartbeat = services().schedule.now();
        while (!services().over) {
            if (!co_await fetch()) co_await services().schedule.sleep(retry_pause);
            if (!co_await commit()) co_return;
            if (services().schedule.now() - last_heartbeat >= heartbeat_interval) {
                last_heartbeat = services().schedule.now();
                if (!co_await heartbeat()) co_return;
            }
            if (services().strikes(Fault::client_gone, client_.random)) {
                services().trace.note("{} dies", client_.name());
                client_.drop();
                member_id_.clear();
                fetch_session_ = 0;
                co_await services().schedule.sleep(Time(client_.random.below(away_max)));
                co_return;
            }
            if (!services().calm && client_.random.one_in(60)) {
                co_await leave();
                co_await services().schedule.sleep(Time(client_.random.below(away_max)));
                co_return;
            }
        }
    }

    kafka::FetchRequest fetch_request() {
        kafka::FetchRequest request;
        request.max_wait_ms = fetch_wait_ms;
        request.min_bytes = 1;
        request.max_bytes = fetch_bytes_max;
        bool const in_session = fetch_session_ != 0;
        request.session_id = fetch_session_;
        request.session_epoch = in_session ? fetch_epoch_ : (client_.random.one_in(3) ? -1 : 0);
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

    /// False: nothing came, for a reason.
    Task<bool> fetch() {
        if (positions_.empty()) {
            co_await services().schedule.sleep(fetch_wait_ms * millisecond);
            co_return true;
        }
        if (fetched_generation_ != generation_) fetch_session_ = 0;
        fetched_generation_ = generation_;
        auto request = fetch_request();
        auto const session_epoch = request.session_epoch;
        auto const asked = services().schedule.now();
        auto const answer = co_await client_.ask(std::move(request), 12);
        if (!answer || answer->error_code != ErrorCode::none) {
            fetch_session_ = 0;
            co_return false;
        }
        fetch_session_ = session_epoch >= 0 ? answer->session_id : 0;
        fetch_epoch_ = session_epoch + 1;
        bool all_good = true;
        for (auto const& topic : answer->responses)
            for (auto const& part : topic.partitions) all_good &= take(part, asked);
        for (auto const number : std::exchange(behind_, {})) {
            auto const begin = co_await list_offset(client_, events(number), earliest_offset);
            if (!begin) continue;
            services().checkers.tell(&Checker::log_start_read, events(number), begin->offset,
                                     asked);
            auto& position = positions_[number];
            position = std::max(position, begin->offset);
        }
        co_return all_good;
    }

    bool take(kafka::FetchResponse::PartitionData const& part, Time asked) {
        auto const position = positions_.find(part.partition_index);
        if (position == positions_.end()) {
            services().violations.report("protocol",
                                         "a fetch brought a partition nobody asked for");
            return false;
        }
        auto const name = events(part.partition_index);
        if (part.error_code == ErrorCode::offset_out_of_range) {
            if (position->second >= progress_.deleted_to[name])
                services().violations.report(
                    "no_lost_ack",
                    fmt::format("{} offset {} is out of range, though nobody deleted it",
                                to_string(name), position->second));
            behind_.insert(part.partition_index);
        }
        if (part.error_code != ErrorCode::none) return false;
        auto const batches = services().batches.read(name, part.records);
        auto const seen = records_of(batches);
        services().checkers.tell(
            &Checker::read, ReadRecords{name, asked, services().schedule.now(), position->second,
                                        part.log_start_offset, part.high_watermark, seen,
                                        part.last_stable_offset, batches, std::nullopt});
        if (!seen.empty() && seen.back().offset >= position->second) {
            progress_.records_read += std::uint64_t(seen.back().offset + 1 - position->second);
            position->second = seen.back().offset + 1;
        }
        auto& end = progress_.ends[name];
        end = std::max(end, part.high_watermark);
        return true;
    }

    /// False: the member must join again.
    Task<bool> commit() {
        if (positions_ == committed_ || client_.random.one_in(3)) co_return true;
        kafka::OffsetCommitRequest request;
        request.group_id = group_;
        request.generation_id_or_member_epoch = generation_;
        request.member_id = member_id_;
        request.group_instance_id = instance_;
        auto& topic = request.topics.emplace_back();
        topic.name = main_topic;
        auto const committing = positions_;
        for (auto const& [number, position] : committing) {
            auto& partition = topic.partitions.emplace_back();
            partition.partition_index = number;
            partition.committed_offset = position;
        }
        auto const answer = co_await client_.ask(std::move(request), 8);
        if (!answer) {  // again, later
            for (auto const& [number, offset] : committing)
                services().checkers.tell(&Checker::commit_unanswered, group_, events(number),
                                         offset);
            co_return true;
        }
        for (auto const& part : answer->topics.at(0).partitions) {
            if (part.error_code == ErrorCode::none) {
                auto const offset = committing.at(part.partition_index);
                committed_[part.partition_index] = offset;
                ++progress_.commits;
                auto const name = events(part.partition_index);
                services().checkers.tell(&Checker::commit_acked, group_, name, offset,
                                         services().schedule.now());
                auto& best = progress_.committed[{group_, name}];
                best = std::max(best, offset);
            } else if (!kafka::is_retriable(part.error_code)) {
                if (part.error_code == ErrorCode::unknown_member_id) member_id_.clear();
                co_return false;
            }
        }
        co_return true;
    }

    Task<bool> heartbeat() {
        kafka::HeartbeatRequest request;
        request.group_id = group_;
        request.generation_id = generation_;
        request.member_id = member_id_;
        request.group_instance_id = instance_;
        auto const answer = co_await client_.ask(std::move(request), 4);
        if (!answer) co_return true;
        if (answer->error_code == ErrorCode::unknown_member_id) member_id_.clear();
        co_return answer->error_code == ErrorCode::none;
    }

    Task<> leave() {
        kafka::LeaveGroupRequest request;
        request.group_id = group_;
        auto& member = request.members.emplace_back();
        member.member_id = member_id_;
        member.group_instance_id = instance_;
        auto const answer = co_await client_.ask(std::move(request), 5);
        member_id_.clear();
    }

    Client& client_;
    Progress& progress_;
    std::string group_;
    std::optional<std::string> instance_;
    std::string member_id_;
    std::int32_t generation_ = -1;
    std::vector<kafka::SyncGroupRequest::SyncGroupRequestAssignment> assignments_;
    std::set<std::int32_t> behind_;  ///< whose records were deleted before they were read
    std::map<std::int32_t, std::int64_t> positions_, committed_, asked_;
    std::int32_t fetched_generation_ = -1;
    std::int32_t fetch_session_ = 0;
    std::int32_t fetch_epoch_ = 0;
};

}  // namespace

Task<> consume(Client& client, Progress& progress, std::string group) {
    Member member{client, progress, std::move(group)};
    co_await member.run();
}

}  // namespace klamm::sim
