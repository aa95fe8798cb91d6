#include "klamm/cli/groups.h"

#include "klamm/cli/admin.h"
#include "klamm/cli/direct.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <tuple>

namespace klamm::cli {
namespace {

using DeleteGroup = Handle<rd_kafka_DeleteGroup_t, rd_kafka_DeleteGroup_destroy>;
using ListOffsets =
    Handle<rd_kafka_ListConsumerGroupOffsets_t, rd_kafka_ListConsumerGroupOffsets_destroy>;
using AlterOffsets =
    Handle<rd_kafka_AlterConsumerGroupOffsets_t, rd_kafka_AlterConsumerGroupOffsets_destroy>;

std::string text_of(char const* perhaps) { return perhaps == nullptr ? "" : perhaps; }

std::string state_text(rd_kafka_consumer_group_state_t state) {
    return rd_kafka_consumer_group_state_name(state);
}

Member read(rd_kafka_MemberDescription_t const* it) {
    Member member{text_of(rd_kafka_MemberDescription_consumer_id(it)),
                  text_of(rd_kafka_MemberDescription_client_id(it)),
                  text_of(rd_kafka_MemberDescription_group_instance_id(it)),
                  text_of(rd_kafka_MemberDescription_host(it)),
                  {},
                  std::nullopt};
    auto const* assignment = rd_kafka_MemberDescription_assignment(it);
    if (assignment == nullptr) return member;
    auto const* list = rd_kafka_MemberAssignment_partitions(assignment);
    if (list == nullptr) return member;
    for (auto const& part : std::span(list->elems, std::size_t(list->cnt)))
        member.assigned.emplace_back(part.topic, part.partition);
    std::ranges::sort(member.assigned);
    return member;
}

/// The first refusal among the results for one group and its partitions.
Outcome<> first_failure(rd_kafka_group_result_t const** results, std::size_t count,
                        std::string const& doing) {
    for (auto const* result : std::span(results, count)) {
        if (auto const* error = rd_kafka_group_result_error(result); error != nullptr) {
            auto const code = rd_kafka_error_code(error);
            auto failure = refused(doing, code, rd_kafka_error_string(error));
            if (code == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
                failure.error().hint = "stop its consumers first";
            return failure;
        }
        auto const* list = rd_kafka_group_result_partitions(result);
        if (list == nullptr) continue;
        for (auto const& part : std::span(list->elems, std::size_t(list->cnt)))
            if (part.err != RD_KAFKA_RESP_ERR_NO_ERROR)
                return failed(fmt::format("{}: {}/{}: {}", doing, part.topic, part.partition,
                                          error_text(part.err)));
    }
    return {};
}

// ---- groups of the consumer protocol, which librdkafka 2.0 does not know ----------------------

constexpr kafka::ApiVersion list_with_types = 5;
constexpr kafka::ApiVersion find_several = 4;

/// Types and states by group, from brokers that have them; whoever does not answer is passed over.
std::map<std::string, std::pair<std::string, std::string>> listed_types(Client& client) {
    std::map<std::string, std::pair<std::string, std::string>> found;
    auto const addresses = broker_addresses(client);
    if (!addresses) return found;
    for (auto const& address : *addresses) {
        auto broker = Direct::open(address, client.options().timeout());
        if (!broker) continue;
        auto const answer = broker->ask(kafka::ListGroupsRequest{}, list_with_types);
        if (!answer) continue;
        for (auto const& group : answer->groups)
            found[group.group_id] = {group.group_type, group.group_state};
    }
    return found;
}

Member read(kafka::ConsumerGroupDescribeResponse::Member const& it) {
    Member member{it.member_id,   it.client_id, it.instance_id.value_or(""),
                  it.client_host, {},           it.member_epoch};
    for (auto const& topic : it.assignment.topic_partitions)
        for (auto const number : topic.partitions)
            member.assigned.emplace_back(topic.topic_name, number);
    std::ranges::sort(member.assigned);
    return member;
}

/// By the first broker that says.
std::optional<kafka::FindCoordinatorResponse::Coordinator> coordinator_of(Client& client,
                                                                          std::string const& name) {
    auto const addresses = broker_addresses(client);
    if (!addresses) return std::nullopt;
    kafka::FindCoordinatorRequest find;
    find.coordinator_keys = {name};
    for (auto const& address : *addresses) {
        auto broker = Direct::open(address, client.options().timeout());
        if (!broker) continue;
        auto const found = broker->ask(find, find_several);
        if (found && found->coordinators.size() == 1 &&
            found->coordinators.front().error_code == kafka::ErrorCode::none)
            return found->coordinators.front();
    }
    return std::nullopt;
}

/// Nothing when there is no such group of the consumer protocol.
std::optional<GroupState> consumer_group(Client& client, std::string const& name) {
    auto const at = coordinator_of(client, name);
    if (!at) return std::nullopt;
    auto broker = Direct::open({at->host, std::uint16_t(at->port)}, client.options().timeout());
    if (!broker) return std::nullopt;
    kafka::ConsumerGroupDescribeRequest describe;
    describe.group_ids = {name};
    auto const answer = broker->ask(describe, 0);
    if (!answer || answer->groups.size() != 1) return std::nullopt;
    auto const& found = answer->groups.front();
    if (found.error_code != kafka::ErrorCode::none) return std::nullopt;
    GroupState group{name, found.group_state, found.assignor_name, at->node_id,
                     {},   "consumer",        found.group_epoch};
    for (auto const& member : found.members) group.members.push_back(read(member));
    return group;
}

}  // namespace

Outcome<std::vector<GroupListing>> groups(Client& client) {
    auto const event = ask(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPS, "list groups",
                           [&](auto const* options, auto* queue) {
                               rd_kafka_ListConsumerGroups(client.rk(), options, queue);
                           });
    if (!event) return std::unexpected(event.error());
    auto const* result = rd_kafka_event_ListConsumerGroups_result(event->get());
    std::size_t count = 0;
    auto const** errors = rd_kafka_ListConsumerGroups_result_errors(result, &count);
    if (count > 0) return failed(fmt::format("list groups: {}", rd_kafka_error_string(errors[0])));
    auto const** listings = rd_kafka_ListConsumerGroups_result_valid(result, &count);
    std::vector<GroupListing> found;
    for (auto const* listing : std::span(listings, count))
        found.push_back({rd_kafka_ConsumerGroupListing_group_id(listing),
                         state_text(rd_kafka_ConsumerGroupListing_state(listing)),
                         rd_kafka_ConsumerGroupListing_is_simple_consumer_group(listing) != 0, ""});
    auto const types = listed_types(client);
    for (auto& group : found) {
        auto const known = types.find(group.name);
        if (known == types.end()) continue;
        std::tie(group.type, group.state) = known->second;
    }
    std::ranges::sort(found, {}, &GroupListing::name);
    return found;
}

Outcome<GroupState> group(Client& client, std::string const& name) {
    auto const doing = fmt::format("describe group {}", name);
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS, doing,
            [&](auto const* options, auto* queue) {
                auto const* one = name.c_str();
                rd_kafka_DescribeConsumerGroups(client.rk(), &one, 1, options, queue);
            });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** found = rd_kafka_DescribeConsumerGroups_result_groups(
        rd_kafka_event_DescribeConsumerGroups_result(event->get()), &count);
    if (count != 1) return failed(fmt::format("{}: no answer", doing));
    auto const* it = found[0];
    if (auto const* error = rd_kafka_ConsumerGroupDescription_error(it);
        error != nullptr && rd_kafka_error_code(error) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return refused(doing, rd_kafka_error_code(error), rd_kafka_error_string(error));

    GroupState group{name,
                     state_text(rd_kafka_ConsumerGroupDescription_state(it)),
                     text_of(rd_kafka_ConsumerGroupDescription_partition_assignor(it)),
                     -1,
                     {},
                     "classic",
                     std::nullopt};
    if (auto const* node = rd_kafka_ConsumerGroupDescription_coordinator(it); node != nullptr)
        group.coordinator = rd_kafka_Node_id(node);
    auto const members = rd_kafka_ConsumerGroupDescription_member_count(it);
    for (std::size_t i = 0; i < members; ++i)
        group.members.push_back(read(rd_kafka_ConsumerGroupDescription_member(it, i)));
    std::ranges::sort(group.members, {}, &Member::id);
    if (group.state == "Dead")
        if (auto modern = consumer_group(client, name)) return std::move(*modern);
    if (group.state == "Dead")
        return failed(fmt::format("there is no group {} at {}", name, client.options().bootstrap),
                      "`klamm group list` shows the groups that there are");
    return group;
}

Outcome<Offsets> committed(Client& client, std::string const& group) {
    auto const doing = fmt::format("ask what group {} committed", group);
    ListOffsets const request(rd_kafka_ListConsumerGroupOffsets_new(group.c_str(), nullptr));
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_LISTCONSUMERGROUPOFFSETS, doing,
            [&](auto const* options, auto* queue) {
                auto* one = request.get();
                rd_kafka_ListConsumerGroupOffsets(client.rk(), &one, 1, options, queue);
            });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** results = rd_kafka_ListConsumerGroupOffsets_result_groups(
        rd_kafka_event_ListConsumerGroupOffsets_result(event->get()), &count);
    if (auto done = first_failure(results, count, doing); !done)
        return std::unexpected(done.error());
    Offsets offsets;
    for (auto const* result : std::span(results, count)) {
        auto const* list = rd_kafka_group_result_partitions(result);
        for (auto const& part : std::span(list->elems, std::size_t(list->cnt)))
            if (part.offset >= 0) offsets[{part.topic, part.partition}] = part.offset;
    }
    return offsets;
}

Outcome<> commit(Client& client, std::string const& group, Offsets const& offsets) {
    auto const doing = fmt::format("reset group {}", group);
    PartitionList const list(rd_kafka_topic_partition_list_new(int(offsets.size())));
    for (auto const& [partition, offset] : offsets)
        rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
            ->offset = offset;
    AlterOffsets const request(rd_kafka_AlterConsumerGroupOffsets_new(group.c_str(), list.get()));
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_ALTERCONSUMERGROUPOFFSETS, doing,
            [&](auto const* options, auto* queue) {
                auto* one = request.get();
                rd_kafka_AlterConsumerGroupOffsets(client.rk(), &one, 1, options, queue);
            });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** results = rd_kafka_AlterConsumerGroupOffsets_result_groups(
        rd_kafka_event_AlterConsumerGroupOffsets_result(event->get()), &count);
    return first_failure(results, count, doing);
}

Outcome<> delete_group(Client& client, std::string const& name) {
    auto const doing = fmt::format("delete group {}", name);
    DeleteGroup const request(rd_kafka_DeleteGroup_new(name.c_str()));
    auto const event =
        ask(client, RD_KAFKA_ADMIN_OP_DELETEGROUPS, doing, [&](auto const* options, auto* queue) {
            auto* one = request.get();
            rd_kafka_DeleteGroups(client.rk(), &one, 1, options, queue);
        });
    if (!event) return std::unexpected(event.error());
    std::size_t count = 0;
    auto const** results = rd_kafka_DeleteGroups_result_groups(
        rd_kafka_event_DeleteGroups_result(event->get()), &count);
    return first_failure(results, count, doing);
}

}  // namespace klamm::cli
