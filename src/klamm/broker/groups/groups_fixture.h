// broker/groups/groups_fixture.h - a small language for stories about groups: a broker with groups
// alone, in virtual time.
//
//     Member ann{"ann"}, bob{"bob"};
//     ann.joins(world); world.everybody_syncs();
//     world.crash_and_restart();
//     EXPECT_EQ(ann.heartbeat(world), ErrorCode::none);
#pragma once

#include "klamm/base/ensure.h"
#include "klamm/broker/apply.h"
#include "klamm/broker/groups/groups.h"
#include "klamm/broker/state.h"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// A namespace of its own: other tests of this layer have their own worlds.
namespace klamm::broker::group_stories {

using kafka::ErrorCode;

inline Bytes bytes_of(std::string_view text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

/// What a consumer writes as its metadata.
inline Bytes subscription_to(std::vector<std::string> const& topics) {
    kafka::Writer out;
    out.integer(std::int16_t(1));
    out.integer(std::int32_t(topics.size()));
    for (auto const& topic : topics) {
        out.integer(std::int16_t(topic.size()));
        out.raw(bytes_of(topic));
    }
    out.integer(std::int32_t(-1));  // no user data
    return std::move(out).finish_bytes();
}

/// The journal is a list of heads; every reply is encoded, so that one which its version cannot
/// carry fails the test.
class FakeStep : public Step {
public:
    Now now() const override { return time; }
    Random& random() override { return dice; }
    Options const& options() const override { return settings; }
    State const& state() const override { return *held; }
    std::string report(Topic const&) const override { return {}; }

    std::expected<journal::Position, journal::Error> commit(Bytes head, Slice) override {
        if (full) return std::unexpected(journal::Error::full);
        ensure(head.size() <= journal::entry_bytes_max);
        auto const at = journal::Position(journaled.size());
        ensure(!apply(*held, at, head, {}));
        journaled.push_back(std::move(head));
        return at;
    }

    void reply(Reply reply, After after) override {
        auto const& header = headers.at(reply.id.number);
        kafka::encode_response(header, reply.body);
        ensure(replies.emplace(reply.id.number, std::move(reply.body)).second);  // once
        last_after = after;
    }

    /// The fold over what is journaled, from nothing.
    std::unique_ptr<State> replayed() const {
        auto state = std::make_unique<State>(settings);
        for (std::size_t i = 0; i < journaled.size(); ++i)
            ensure(!apply(*state, journal::Position(i), journaled[i], {}));
        return state;
    }

    Options settings;
    Now time{Instant{Duration{1'000'000}}, 1'700'000'000'000};
    Random dice{7};
    std::unique_ptr<State> held = std::make_unique<State>(settings);
    std::vector<Bytes> journaled;
    bool full = false;
    std::map<std::uint64_t, kafka::RequestHeader> headers;
    std::map<std::uint64_t, kafka::AnyResponse> replies;
    After last_after = After::everything;
};

/// Names a request that was sent.
using Ticket = std::uint64_t;

class World {
public:
    explicit World(Options options = {}) {
        step.settings = options;
        step.held = std::make_unique<State>(options);
        groups = std::make_unique<Groups>();
        groups->start(step);
    }

    template <class Request_>
    Ticket send(Request_ body, kafka::ApiVersion version, std::string client_id = "app",
                std::uint64_t connection = 1) {
        Request request;
        request.id = {ConnectionId{connection}, ++last_};
        request.header.api_key = Request_::api.key;
        request.header.api_version = version;
        request.header.client_id = std::move(client_id);
        request.peer = "127.0.0.1";
        step.headers[last_] = request.header;
        handle(request, body);
        return last_;
    }
    bool answered(Ticket ticket) const { return step.replies.contains(ticket); }
    template <class Response>
    Response const& reply(Ticket ticket) const {
        ensure(answered(ticket));
        return std::get<Response>(step.replies.at(ticket));
    }
    /// For requests that are always answered at once.
    template <class Request_>
    auto ask(Request_ body, kafka::ApiVersion version, std::string client_id = "app",
             std::uint64_t connection = 1) {
        return reply<typename Request_::Response>(
            send(std::move(body), version, std::move(client_id), connection));
    }

    /// Ticks at each moment at which something is due.
    void pass(Duration duration) {
        auto const end = step.time.instant + duration;
        for (auto next = groups->next_tick(); next && *next <= end; next = groups->next_tick()) {
            move_to(std::max(*next, step.time.instant));
            groups->tick(step);
        }
        move_to(end);
    }
    /// What is journaled stays; the rest is gone.
    void crash_and_restart() {
        step.held = step.replayed();
        groups = std::make_unique<Groups>();
        groups->start(step);
    }
    void disconnect(std::uint64_t connection) {
        groups->disconnected(step, ConnectionId{connection});
    }
    void create_topic(std::string const& name, std::int32_t partitions = 4) {
        TopicCreated entry;
        entry.name = name;
        entry.topic_id = Uuid::random(step.dice);
        entry.first_partition = step.held->next_partition;
        entry.partitions = partitions;
        ensure(step.commit(encode_entry(entry), {}).has_value());
    }
    void delete_topic(std::string const& name) {
        ensure(step.commit(encode_entry(TopicDeleted{step.held->topic(name)->id}), {}).has_value());
    }

    // ---- asking about a group
    std::string state_of(std::string const& group) {
        kafka::DescribeGroupsRequest request;
        request.groups = {group};
        return ask(std::move(request), 5).groups.at(0).group_state;
    }
    void add_partitions(std::string const& name, std::int32_t count) {
        PartitionsAdded entry;
        entry.topic_id = step.held->topic(name)->id;
        entry.first_partition = step.held->next_partition;
        entry.partitions = count;
        ensure(step.commit(encode_entry(entry), {}).has_value());
    }
    void configure(std::string const& group, std::vector<ConfigEntry> configs) {
        ensure(
            step.commit(encode_entry(GroupConfigured{group, std::move(configs)}), {}).has_value());
    }
    StoredGroup const* stored(std::string const& group) { return step.held->groups.find(group); }

    FakeStep step;
    std::unique_ptr<Groups> groups;

private:
    void move_to(Instant when) {
        step.time.wall_ms += (when - step.time.instant).count();
        step.time.instant = when;
    }
    void handle(Request const& r, kafka::JoinGroupRequest const& b) { groups->join(step, r, b); }
    void handle(Request const& r, kafka::SyncGroupRequest const& b) { groups->sync(step, r, b); }
    void handle(Request const& r, kafka::HeartbeatRequest const& b) {
        groups->heartbeat(step, r, b);
    }
    void handle(Request const& r, kafka::LeaveGroupRequest const& b) { groups->leave(step, r, b); }
    void handle(Request const& r, kafka::OffsetCommitRequest const& b) {
        groups->commit_offsets(step, r, b);
    }
    void handle(Request const& r, kafka::OffsetFetchRequest const& b) {
        groups->fetch_offsets(step, r, b);
    }
    void handle(Request const& r, kafka::OffsetDeleteRequest const& b) {
        groups->delete_offsets(step, r, b);
    }
    void handle(Request const& r, kafka::DescribeGroupsRequest const& b) {
        groups->describe(step, r, b);
    }
    void handle(Request const& r, kafka::ListGroupsRequest const& b) { groups->list(step, r, b); }
    void handle(Request const& r, kafka::DeleteGroupsRequest const& b) {
        groups->delete_groups(step, r, b);
    }
    void handle(Request const& r, kafka::ConsumerGroupHeartbeatRequest const& b) {
        groups->consumer_heartbeat(step, r, b);
    }
    void handle(Request const& r, kafka::ConsumerGroupDescribeRequest const& b) {
        groups->describe_consumers(step, r, b);
    }
    void handle(Request const& r, kafka::FindCoordinatorRequest const& b) {
        groups->find_coordinator(step, r, b);
    }

    Ticket last_ = 0;
};

/// A client that wants to be a member, and what it has been told.
struct Member {
    std::string name;
    std::optional<std::string> instance = std::nullopt;
    std::string group = "g";
    std::vector<std::pair<std::string, Bytes>> protocols = {{"range", subscription_to({"t"})}};
    std::string protocol_type = "consumer";
    std::int32_t session_ms = 10'000;
    std::int32_t rebalance_ms = 60'000;
    kafka::ApiVersion join_version = 9;
    std::uint64_t connection = 1;

    std::string id = "";
    std::int32_t generation = -1;
    Ticket waiting = 0;

    kafka::JoinGroupRequest join_request() const {
        kafka::JoinGroupRequest request;
        request.group_id = group;
        request.session_timeout_ms = session_ms;
        request.rebalance_timeout_ms = rebalance_ms;
        request.member_id = id;
        request.group_instance_id = instance;
        request.protocol_type = protocol_type;
        for (auto const& [protocol, metadata] : protocols)
            request.protocols.push_back({protocol, metadata});
        return request;
    }
    /// Sends JoinGroup, and again with the id that it is given.
    Ticket joins(World& world) {
        waiting = world.send(join_request(), join_version, name, connection);
        if (!world.answered(waiting)) return waiting;
        auto const& told = world.reply<kafka::JoinGroupResponse>(waiting);
        if (told.error_code != ErrorCode::member_id_required) return waiting;
        id = told.member_id;
        return waiting = world.send(join_request(), join_version, name, connection);
    }
    /// The answer to the last joins(), which must be there.
    kafka::JoinGroupResponse const& joined(World& world) {
        auto const& told = world.reply<kafka::JoinGroupResponse>(waiting);
        if (told.error_code == ErrorCode::none) {
            id = told.member_id;
            generation = told.generation_id;
        }
        return told;
    }
    ErrorCode join_error(World& world) { return joined(world).error_code; }

    Ticket syncs(World& world, std::vector<std::pair<std::string, std::string>> plan = {}) {
        kafka::SyncGroupRequest request;
        request.group_id = group;
        request.generation_id = generation;
        request.member_id = id;
        request.group_instance_id = instance;
        request.protocol_type = protocol_type;
        request.protocol_name = protocols.front().first;
        for (auto const& [member, part] : plan)
            request.assignments.push_back({member, bytes_of(part)});
        return waiting = world.send(std::move(request), 5, name, connection);
    }
    kafka::SyncGroupResponse const& synced(World& world) {
        return world.reply<kafka::SyncGroupResponse>(waiting);
    }
    ErrorCode heartbeat(World& world) {
        kafka::HeartbeatRequest request;
        request.group_id = group;
        request.generation_id = generation;
        request.member_id = id;
        request.group_instance_id = instance;
        return world.ask(std::move(request), 4).error_code;
    }
    ErrorCode leaves(World& world) {
        kafka::LeaveGroupRequest request;
        request.group_id = group;
        request.members = {{id, instance, std::nullopt}};
        auto const told = world.ask(std::move(request), 5);
        return told.error_code != ErrorCode::none ? told.error_code : told.members.at(0).error_code;
    }
    ErrorCode commits(World& world, std::int64_t offset, std::string topic = "t",
                      std::int32_t partition = 0) {
        kafka::OffsetCommitRequest request;
        request.group_id = group;
        request.generation_id_or_member_epoch = generation;
        request.member_id = id;
        request.group_instance_id = instance;
        auto& t = request.topics.emplace_back();
        t.name = std::move(topic);
        t.partitions.push_back({partition, offset, 3, "note"});
        return world.ask(std::move(request), 9).topics.at(0).partitions.at(0).error_code;
    }
};

/// A stable group of these members, all new; the first one leads and assigns each its own name.
inline void become_stable(World& world, std::vector<Member*> members) {
    for (auto* member : members) member->joins(world);
    // Each newcomer makes those before it join again.
    for (auto* member : members)
        if (member != members.back() && world.answered(member->waiting)) {
            member->joined(world);
            member->joins(world);
        }
    std::vector<std::pair<std::string, std::string>> plan;
    for (auto* member : members) {
        ensure(member->join_error(world) == ErrorCode::none);
        plan.emplace_back(member->id, member->name);
    }
    for (auto* member : members)
        if (member->joined(world).leader != member->id) member->syncs(world);
    for (auto* member : members) {
        if (!world.step.replies.contains(member->waiting)) continue;
        auto const* told =
            std::get_if<kafka::JoinGroupResponse>(&world.step.replies.at(member->waiting));
        if (told != nullptr && told->leader == member->id) member->syncs(world, plan);
    }
    for (auto* member : members) ensure(member->synced(world).error_code == ErrorCode::none);
}

}  // namespace klamm::broker::group_stories
