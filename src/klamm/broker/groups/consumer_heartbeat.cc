// broker/groups/consumer_heartbeat.cc - ConsumerGroupHeartbeat: joining, staying and leaving.
#include "klamm/broker/groups/consumer_groups.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <algorithm>

namespace klamm::broker {

using kafka::ErrorCode;
using Heartbeat = kafka::ConsumerGroupHeartbeatRequest;

namespace {

/// From this version on members choose their own id.
constexpr kafka::ApiVersion member_chooses_id = 1;

GroupRefusal invalid(std::string why) { return {ErrorCode::invalid_request, std::move(why)}; }

GroupRefusal check_joining(Heartbeat const& beat) {
    if (beat.rebalance_timeout_ms == -1)
        return invalid("RebalanceTimeoutMs must be provided in first request.");
    if (!beat.topic_partitions || !beat.topic_partitions->empty())
        return invalid("TopicPartitions must be empty when (re-)joining.");
    auto const names = beat.subscribed_topic_names && !beat.subscribed_topic_names->empty();
    auto const empty_names = beat.subscribed_topic_names && beat.subscribed_topic_names->empty();
    if (!names && !empty_names && !beat.subscribed_topic_regex)
        return invalid(
            "Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when "
            "(re-)joining.");
    return {};
}

}  // namespace

GroupRefusal check_heartbeat(Heartbeat const& beat, kafka::ApiVersion version) {
    if (beat.group_id.empty()) return invalid("GroupId can't be empty.");
    if (version >= member_chooses_id && beat.member_id.empty())
        return invalid("MemberId can't be empty.");
    if (beat.instance_id && beat.instance_id->empty()) return invalid("InstanceId can't be empty.");
    if (beat.rack_id && beat.rack_id->empty()) return invalid("RackId can't be empty.");
    if (beat.member_epoch < static_leaving_epoch) return invalid("MemberEpoch is invalid.");
    if (beat.member_epoch != joining_epoch && beat.member_id.empty())
        return invalid("MemberId can't be empty.");
    if (beat.member_epoch == static_leaving_epoch && !beat.instance_id)
        return invalid("InstanceId can't be null.");
    if (beat.member_epoch < 0) return {};
    if (beat.rebalance_timeout_ms < -1) return invalid("RebalanceTimeoutMs is negative.");
    if (beat.member_epoch == joining_epoch)
        if (auto refused = check_joining(beat)) return refused;
    if (beat.server_assignor && !is_assignor(*beat.server_assignor))
        return {ErrorCode::unsupported_assignor,
                "ServerAssignor " + *beat.server_assignor +
                    " is not supported. Supported assignors: " + std::string(uniform_assignor) +
                    ", " + std::string(range_assignor) + "."};
    if (beat.subscribed_topic_regex && !beat.subscribed_topic_regex->empty())
        if (auto const why = TopicRegex{*beat.subscribed_topic_regex}.refused())
            return {ErrorCode::invalid_regular_expression, *why};
    return {};
}

namespace {

ReportedPartitions reported_in(Heartbeat const& beat) {
    if (!beat.topic_partitions) return std::nullopt;
    ReportedPartitions out{std::in_place};
    for (auto const& topic : *beat.topic_partitions)
        for (auto const number : topic.partitions) out->insert({topic.topic_id, number});
    return out;
}

/// A member that did not hear of its new epoch may come with the one before, as long as it has
/// nothing that it should not have.
GroupRefusal check_epoch(ConsumerMember const& member, Heartbeat const& beat) {
    auto const received = beat.member_epoch;
    if (received == member.epoch) return {};
    auto const fenced = [&](std::string_view how) {
        return GroupRefusal{ErrorCode::fenced_member_epoch,
                            "The consumer group member has a " + std::string(how) +
                                " member epoch (" + std::to_string(received) +
                                ") than the one known by the group coordinator (" +
                                std::to_string(member.epoch) +
                                "). The member must abandon all its partitions and rejoin."};
    };
    if (received > member.epoch) return fenced("greater");
    auto const reported = reported_in(beat);
    bool const subset = reported && std::ranges::all_of(*reported, [&](auto const& at) {
                            return member.assigned.contains(at);
                        });
    return received == member.previous_epoch && subset ? GroupRefusal{} : fenced("smaller");
}

/// What the heartbeat says replaces what was known; null says nothing.
void update(ConsumerMemberInfo& info, Request const& request, Heartbeat const& beat) {
    info.client_id = request.header.client_id.value_or("");
    info.client_host = request.peer;
    info.classic_session_ms = -1;
    info.classic_protocols.clear();
    if (beat.instance_id) info.instance_id = beat.instance_id;
    if (beat.rack_id) info.rack_id = beat.rack_id;
    if (beat.rebalance_timeout_ms != -1) info.rebalance_timeout_ms = beat.rebalance_timeout_ms;
    if (beat.server_assignor) info.assignor = *beat.server_assignor;
    if (beat.subscribed_topic_regex) info.topic_regex = *beat.subscribed_topic_regex;
    if (!beat.subscribed_topic_names) return;
    info.topics = *beat.subscribed_topic_names;
    std::ranges::sort(info.topics);
    auto const twice = std::ranges::unique(info.topics);
    info.topics.erase(twice.begin(), twice.end());
}

kafka::ConsumerGroupHeartbeatResponse::Assignment to_assignment(OwnedPartitions const& assigned) {
    kafka::ConsumerGroupHeartbeatResponse::Assignment out;
    for (auto const& share : to_shares(assigned))
        out.topic_partitions.push_back({share.topic_id, share.partitions});
    return out;
}

bool same_partitions(OwnedPartitions const& one, OwnedPartitions const& other) {
    return std::ranges::equal(
        one, other, {}, [](auto const& at) { return at.first; },
        [](auto const& at) { return at.first; });
}

/// All that a member has to say: it joins, or an answer to it was lost.
bool is_full(Heartbeat const& beat) {
    return beat.rebalance_timeout_ms != -1 &&
           (beat.subscribed_topic_names || beat.subscribed_topic_regex) && beat.topic_partitions;
}

GroupRefusal unknown_member(std::string const& group_id, std::string const& member_id) {
    return {ErrorCode::unknown_member_id,
            "Member " + member_id + " is not a member of group " + group_id + "."};
}

}  // namespace

void ConsumerGroups::heartbeat(Step& step, Request const& request, Heartbeat const& beat) {
    kafka::ConsumerGroupHeartbeatResponse out;
    out.error_message.reset();
    out.member_id.reset();
    out.assignment.reset();
    auto refused = check_heartbeat(beat, request.header.api_version);
    if (!refused) {
        if (beat.member_epoch < 0) {
            refused = leave(step, request, beat);
            out.member_id = beat.member_id;
            out.member_epoch = beat.member_epoch;
        } else {
            refused = this->beat(step, request, beat, out);
        }
    }
    if (refused) {
        out = {};
        out.member_id.reset();
        out.assignment.reset();
        out.error_code = refused.code;
        out.error_message = refused.message;
    }
    auto const* group = step.state().groups.consumer(beat.group_id);
    if (group == nullptr || group->members.empty()) forget(beat.group_id);
    answer(step, request.id, std::move(out));
}

// A member that was fenced gives everything up and joins again under its id. It may: what it says
// on its newest connection is true, and it says that it has nothing.
GroupRefusal ConsumerGroups::check_member(Request const& request, Heartbeat const& beat,
                                          ConsumerMember const& member) const {
    auto const group = watches_.find(beat.group_id);
    bool const rejoins = beat.member_epoch == joining_epoch && group != watches_.end() &&
                         group->second.members.contains(beat.member_id) &&
                         is_newest(group->second, beat.member_id, request);
    return rejoins ? GroupRefusal{} : check_epoch(member, beat);
}

GroupRefusal ConsumerGroups::find_member(Step& step, Request const& request, Heartbeat const& beat,
                                         Draft& draft) const {
    auto const joins = beat.member_epoch == joining_epoch;
    auto& id = draft.member.info.member_id;
    id = beat.member_id;
    if (id.empty()) id = to_string(Uuid::random(step.random()));
    auto const places = std::size_t(step.options().group_consumer_max_size);
    if (draft.known().members.size() >= places && draft.known().member(id) == nullptr)
        return {ErrorCode::group_max_size_reached,
                "The consumer group has reached its maximum capacity of " + std::to_string(places) +
                    " members."};
    if (beat.instance_id) return find_static(request, beat, draft);
    auto const* member = draft.known().member(id);
    if (member == nullptr) return joins ? GroupRefusal{} : unknown_member(beat.group_id, id);
    draft.before = member;
    draft.member = *member;
    return check_member(request, beat, *member);
}

GroupRefusal ConsumerGroups::find_static(Request const& request, Heartbeat const& beat,
                                         Draft& draft) const {
    auto const joins = beat.member_epoch == joining_epoch;
    auto const* member = draft.known().static_member(*beat.instance_id);
    if (member == nullptr)
        return joins ? GroupRefusal{} : unknown_member(beat.group_id, beat.member_id);
    if (joins && member->epoch == static_leaving_epoch) {
        take_place(draft, *member);
        return {};
    }
    if (member->info.member_id != beat.member_id) {
        auto const text =
            "Static member " + beat.member_id + " with instance id " + *beat.instance_id;
        if (joins)
            return {ErrorCode::unreleased_instance_id,
                    text + " cannot join the group because the instance id is owned by member " +
                        member->info.member_id + "."};
        return {ErrorCode::fenced_instance_id,
                text + " was fenced by member " + member->info.member_id + "."};
    }
    draft.before = member;
    draft.member = *member;
    return check_member(request, beat, *member);
}

// A client that gave a connection up listens no more to what it asked on it, and what it said there
// is over: such a request is answered and changes nothing.
GroupRefusal ConsumerGroups::beat(Step& step, Request const& request, Heartbeat const& beat,
                                  kafka::ConsumerGroupHeartbeatResponse& out) {
    auto draft = this->draft(step, beat.group_id);
    if (auto refused = find_member(step, request, beat, draft)) return refused;
    auto& group = watch(beat.group_id);
    auto const id = draft.member.info.member_id;
    auto const old_bytes = draft.before == nullptr ? 0 : bytes_of(draft.before->info);
    update(draft.member.info, request, beat);
    if (draft.known().info_bytes - old_bytes + bytes_of(draft.member.info) >
        group_metadata_bytes_max)
        return {ErrorCode::group_max_size_reached,
                "The subscriptions of the group's members are too large together."};

    bool const stays = draft.before != nullptr && draft.replaces.empty();
    bool const hears_nothing = stays && !is_newest(group, id, request);
    bool const behind = stays && beat.member_epoch != draft.before->epoch;
    auto const was = stays ? draft.before->assigned : OwnedPartitions{};
    if (!hears_nothing) {
        // What a member reports with an epoch that is over is of before it; a join reports nothing.
        ReportedPartitions reported;
        if (!behind || beat.member_epoch == joining_epoch) reported = reported_in(beat);
        if (auto refused = advance(step, group, draft, reported)) return refused;
        expect(step, group, draft.member, request);
        if (!draft.entry.progress.empty()) must_act(step, group, draft.member);
    }
    auto const& member = draft.member;
    out.member_id = id;
    out.member_epoch = member.epoch;
    out.heartbeat_interval_ms = std::int32_t(group_heartbeat_interval(step, beat.group_id).count());
    if (beat.member_epoch == joining_epoch || behind || is_full(beat) ||
        !same_partitions(was, member.assigned))
        out.assignment = to_assignment(member.assigned);
    return {};
}

// ---- leaving --------------------------------------------------------------------------------

GroupRefusal ConsumerGroups::leave(Step& step, Request const& request, Heartbeat const& beat) {
    auto draft = this->draft(step, beat.group_id);
    auto const* member = beat.instance_id ? draft.known().static_member(*beat.instance_id)
                                          : draft.known().member(beat.member_id);
    if (member == nullptr) return unknown_member(beat.group_id, beat.member_id);
    if (member->info.member_id != beat.member_id)
        return {ErrorCode::fenced_instance_id, "Static member " + beat.member_id +
                                                   " was fenced by member " +
                                                   member->info.member_id + "."};
    if (!is_newest(watch(beat.group_id), beat.member_id, request))
        return unknown_member(beat.group_id, beat.member_id);  // it has come back since
    if (beat.member_epoch != static_leaving_epoch) {
        auto const error = remove(step, beat.group_id, {beat.member_id});
        if (error == ErrorCode::none) return {};
        return {error, "The disk is full; try again."};
    }
    // It comes back soon, and finds what it had.
    auto gone = *member;
    gone.previous_epoch = gone.epoch;
    gone.epoch = static_leaving_epoch;
    gone.state = MemberState::stable;
    gone.revoking.clear();
    draft.entry.progress.push_back(progress_of(gone));
    auto refused = write(step, draft.entry);
    if (!refused) must_act(step, watch(beat.group_id), gone);
    return refused;
}

}  // namespace klamm::broker
