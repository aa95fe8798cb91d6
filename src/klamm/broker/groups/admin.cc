// broker/groups/admin.cc - who coordinates, which groups there are, and deleting them.
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/state.h"

#include <algorithm>
#include <cctype>
#include <tuple>

namespace klamm::broker {

using kafka::ErrorCode;

// ---- FindCoordinator ----------------------------------------------------------------------

namespace {

constexpr kafka::ApiVersion find_several = 4;
enum class KeyType : std::int8_t { group = 0, transaction = 1 };

}  // namespace

void Groups::find_coordinator(Step& step, Request const& request,
                              kafka::FindCoordinatorRequest const& find) {
    auto const& options = step.options();
    auto const type = KeyType(find.key_type);
    auto const known = type == KeyType::group || type == KeyType::transaction;
    auto const fill = [&](auto& out) {
        out.error_message.reset();
        out.node_id = known ? options.node_id : -1;
        if (known) {
            out.host = options.advertised_host;
            out.port = options.advertised_port;
        } else {
            out.port = -1;
            out.error_code = ErrorCode::invalid_request;
            out.error_message =
                "This broker coordinates groups (0) and transactions (1), not keys "
                "of type " +
                std::to_string(find.key_type) + ".";
        }
    };
    if (known)
        std::ignore =
            ensure_internal(step, type == KeyType::group ? offsets_topic : transactions_topic);
    kafka::FindCoordinatorResponse out;
    if (request.header.api_version < find_several) {
        fill(out);
    } else {
        for (auto const& key : find.coordinator_keys) {
            auto& one = out.coordinators.emplace_back();
            one.key = key;
            fill(one);
        }
    }
    answer(step, request.id, std::move(out));
}

// ---- DescribeGroups and ListGroups ----------------------------------------------------------

namespace {

constexpr kafka::ApiVersion describe_with_not_found = 6;
constexpr std::string_view classic_type = "classic";
constexpr std::string_view consumer_type = "consumer";

using DescribedGroup = kafka::DescribeGroupsResponse::DescribedGroup;

void describe_members(DescribedGroup& out, LiveGroup const& live, StoredGroup const* stored) {
    for (auto const& [member_id, member] : live.members) {
        auto& described = out.members.emplace_back();
        described.member_id = member_id;
        described.group_instance_id = member.instance;
        described.client_id = member.client_id;
        described.client_host = member.client_host;
        if (live.phase != Phase::stable) continue;
        auto const& journaled = stored->members.at(member_id);
        described.member_metadata = journaled.subscription;
        described.member_assignment = journaled.assignment;
    }
}

DescribedGroup describe_one(std::string const& group_id, LiveGroup const* live,
                            StoredGroup const* stored, kafka::ApiVersion version) {
    DescribedGroup out;
    out.group_id = group_id;
    auto const modern = live == nullptr && stored != nullptr && stored->consumer.has_value();
    if (modern || (live == nullptr && stored == nullptr)) {
        out.group_state = "Dead";
        if (version >= describe_with_not_found) {
            out.error_code = ErrorCode::group_id_not_found;
            out.error_message =
                "Group " + group_id + (modern ? " is not a classic group." : " not found.");
        }
        return out;
    }
    out.group_state = to_string(live != nullptr ? live->phase : Phase::empty);
    out.protocol_type = live != nullptr ? live->protocol_type : stored->protocol_type;
    if (live == nullptr) return out;
    if (live->phase == Phase::stable) out.protocol_data = live->protocol.value_or("");
    describe_members(out, *live, stored);
    return out;
}

std::string lower(std::string_view text) {
    std::string out{text};
    std::ranges::transform(out, out.begin(), [](unsigned char c) { return char(std::tolower(c)); });
    return out;
}

bool passes(std::vector<std::string> const& filter, std::string_view value) {
    auto const same = [&](std::string const& wanted) { return lower(wanted) == lower(value); };
    return filter.empty() || std::ranges::any_of(filter, same);
}

}  // namespace

void Groups::describe(Step& step, Request const& request,
                      kafka::DescribeGroupsRequest const& asked) {
    kafka::DescribeGroupsResponse out;
    for (auto const& group_id : asked.groups) {
        out.groups.push_back(describe_one(group_id, find_live(group_id),
                                          step.state().groups.find(group_id),
                                          request.header.api_version));
        auto& described = out.groups.back();
        if (asked.include_authorized_operations && described.error_code == ErrorCode::none)
            described.authorized_operations = all_group_operations;
    }
    answer(step, request.id, std::move(out));
}

void Groups::list(Step& step, Request const& request, kafka::ListGroupsRequest const& asked) {
    kafka::ListGroupsResponse out;
    auto const add = [&](std::string const& group_id, std::string const& protocol_type,
                         std::string_view state, std::string_view type) {
        if (!passes(asked.states_filter, state) || !passes(asked.types_filter, type)) return;
        out.groups.push_back({group_id, protocol_type, std::string(state), std::string(type)});
    };
    auto const& stored = step.state().groups.all();
    for (auto const& [group_id, group] : stored)
        if (group.consumer && !live_.contains(group_id))
            add(group_id, std::string(consumer_protocol_type), group.consumer->state(),
                consumer_type);
        else if (!live_.contains(group_id))
            add(group_id, group.protocol_type, to_string(Phase::empty), classic_type);
    for (auto const& [group_id, group] : live_)
        if (!group.members.empty() || stored.contains(group_id))
            add(group_id, group.protocol_type, to_string(group.phase), classic_type);
    std::ranges::sort(out.groups, {}, [](auto const& group) { return group.group_id; });
    answer(step, request.id, std::move(out));
}

// ---- DeleteGroups -------------------------------------------------------------------------

void Groups::delete_groups(Step& step, Request const& request,
                           kafka::DeleteGroupsRequest const& asked) {
    kafka::DeleteGroupsResponse out;
    std::set<std::string> seen;
    for (auto const& group_id : asked.groups_names) {
        if (!seen.insert(group_id).second) continue;
        auto error = ErrorCode::none;
        if (has_members(step, group_id))
            error = ErrorCode::non_empty_group;
        else if (step.state().groups.find(group_id) == nullptr)
            error = ErrorCode::group_id_not_found;
        else if (!step.commit(encode_entry(GroupDeleted{group_id})))
            error = ErrorCode::coordinator_not_available;
        if (auto* live = find_live(group_id); live != nullptr && error == ErrorCode::none) {
            live->promised.clear();
            live->unwritten = false;
            settle(group_id);
        }
        out.results.push_back({group_id, error});
    }
    answer(step, request.id, std::move(out));
}

}  // namespace klamm::broker
