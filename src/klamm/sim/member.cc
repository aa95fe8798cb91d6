#include "klamm/sim/member.h"

#include "klamm/sim/audit.h"

#include <fmt/format.h>

#include <charconv>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr std::int32_t session_ms_min = 6'000;
constexpr std::uint64_t session_ms_more = 4'000;
constexpr std::int32_t rebalance_ms = 15'000;
constexpr Time join_patience = 20 * second;

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

}  // namespace

Member::Member(Client& client, Progress& progress, std::string group)
    : client_(client), progress_(progress), group_(std::move(group)) {
    if (client.random.one_in(3)) instance_ = client.name();
    session_ms_ = session_ms_min + std::int32_t(client.random.below(session_ms_more));
}

void Member::heed(ErrorCode error) {
    if (error == ErrorCode::unknown_member_id || error == ErrorCode::fenced_instance_id)
        member_id_.clear();
}

Task<bool> Member::join() {
    bool const asked = co_await ask_to_join();
    if (!asked) co_return false;
    bool const synced = co_await sync();
    co_return synced;
}

Task<bool> Member::ask_to_join() {
    kafka::JoinGroupRequest request;
    request.group_id = group_;
    request.session_timeout_ms = session_ms_;
    request.rebalance_timeout_ms = rebalance_ms;
    request.member_id = member_id_;
    request.group_instance_id = instance_;
    request.protocol_type = "consumer";
    request.protocols.emplace_back().name = "commas";
    auto const answer = co_await client_.ask(std::move(request), 9, join_patience);
    if (!answer) co_return false;
    if (answer->error_code == ErrorCode::member_id_required) member_id_ = answer->member_id;
    heed(answer->error_code);
    if (answer->error_code != ErrorCode::none) co_return false;
    member_id_ = answer->member_id;
    generation_ = answer->generation_id;
    assignments_.clear();
    if (answer->leader == member_id_ && !answer->skip_assignment) assign(answer->members);
    co_return true;
}

/// As the group's leader: deals the partitions out.
void Member::assign(Members const& members) {
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

Task<bool> Member::sync() {
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
    owned_ = decode_assignment(answer->assignment);
    std::vector<PartitionName> names;
    for (auto const number : owned_) names.push_back(main_partition(number));
    ++progress_.generations;
    services().trace.note("{} owns {} partitions in generation {}", client_.name(), names.size(),
                          generation_);
    services().checkers.tell(&Checker::assigned, group_, generation_,
                             instance_.value_or(member_id_), std::span<PartitionName const>{names});
    co_return true;
}

Task<bool> Member::find_committed(Offsets& offsets) {
    offsets.clear();
    if (owned_.empty()) co_return true;
    kafka::OffsetFetchRequest request;
    request.require_stable = true;
    auto& group = request.groups.emplace_back();
    group.group_id = group_;
    auto& topic = group.topics.emplace().emplace_back();
    topic.name = main_topic;
    topic.partition_indexes = owned_;
    auto const asked = services().schedule.now();
    auto const answer = co_await client_.ask(std::move(request), 8);
    if (!answer || answer->groups.empty()) co_return false;
    if (answer->groups[0].error_code != ErrorCode::none) co_return false;
    for (auto const& found : answer->groups[0].topics)
        for (auto const& partition : found.partitions) {
            if (partition.error_code != ErrorCode::none) co_return false;
            auto const name = main_partition(partition.partition_index);
            services().checkers.tell(&Checker::commit_read, group_, name,
                                     partition.committed_offset, asked);
            auto const offset = std::max<std::int64_t>(partition.committed_offset, 0);
            offsets[partition.partition_index] = offset;
            auto& best = progress_.committed[{group_, name}];
            best = std::max(best, offset);  // a commit without an answer was done
        }
    co_return true;
}

Task<bool> Member::beat() {
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

Task<> Member::leave() {
    kafka::LeaveGroupRequest request;
    request.group_id = group_;
    auto& member = request.members.emplace_back();
    member.member_id = member_id_;
    member.group_instance_id = instance_;
    auto const answer = co_await client_.ask(std::move(request), 5);
    member_id_.clear();
}

}  // namespace klamm::sim
