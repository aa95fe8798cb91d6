// broker/groups/consumer_describe.cc - ConsumerGroupDescribe.
#include "klamm/broker/groups/assignor.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

using Response = kafka::ConsumerGroupDescribeResponse;

enum : std::int8_t { classic_member = 0, consumer_member = 1 };

/// Topics that are gone meanwhile are left out.
Response::Assignment named(State const& state, std::vector<TopicShare> const& shares) {
    Response::Assignment out;
    for (auto const& share : shares)
        if (auto const* topic = state.topic(share.topic_id))
            out.topic_partitions.push_back({share.topic_id, topic->name, share.partitions});
    return out;
}

Response::Member describe(State const& state, ConsumerMember const& member) {
    Response::Member out;
    auto const& info = member.info;
    out.member_id = info.member_id;
    out.instance_id = info.instance_id;
    out.rack_id = info.rack_id;
    out.member_epoch = member.epoch;
    out.client_id = info.client_id;
    out.client_host = info.client_host;
    out.subscribed_topic_names = info.topics;
    out.subscribed_topic_regex.reset();
    if (!info.topic_regex.empty()) out.subscribed_topic_regex = info.topic_regex;
    out.assignment = named(state, to_shares(member.assigned));
    out.target_assignment = named(state, to_shares(member.target));
    out.member_type = info.classic() ? classic_member : consumer_member;
    return out;
}

Response::DescribedGroup describe_group(State const& state, std::string const& group_id) {
    Response::DescribedGroup out;
    out.group_id = group_id;
    out.error_message.reset();
    auto const* stored = state.groups.find(group_id);
    auto const* group = state.groups.consumer(group_id);
    if (group_id.empty()) {
        out.error_code = ErrorCode::invalid_group_id;
    } else if (group == nullptr) {
        out.error_code = ErrorCode::group_id_not_found;
        out.error_message = stored == nullptr ? "Group " + group_id + " not found."
                                              : "Group " + group_id + " is not a consumer group.";
    } else {
        out.group_state = group->state();
        out.group_epoch = group->group_epoch;
        out.assignment_epoch = group->assignment_epoch;
        out.assignor_name = assignor_of(*group);
        for (auto const& [id, member] : group->members)
            out.members.push_back(describe(state, member));
    }
    return out;
}

}  // namespace

void Groups::describe_consumers(Step& step, Request const& request,
                                kafka::ConsumerGroupDescribeRequest const& asked) {
    Response out;
    for (auto const& group_id : asked.group_ids) {
        auto& described = out.groups.emplace_back(describe_group(step.state(), group_id));
        if (asked.include_authorized_operations && described.error_code == ErrorCode::none)
            described.authorized_operations = all_group_operations;
    }
    answer(step, request.id, std::move(out));
}

}  // namespace klamm::broker
