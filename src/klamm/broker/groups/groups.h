// broker/groups/groups.h - the coordinator of groups: the classic ones, committed offsets, and
// which requests are for the consumer protocol (consumer_groups.h).
//
// A group's generation is journaled once, as one entry, when its leader has assigned; before that
// a rebalance exists only here. A crash in between leaves the generation before it, whose members
// find that they must join again. Offsets are journaled as they are committed.
//
//     JoinGroup ─▶ parked until all have joined ─▶ answered; generation + 1
//     SyncGroup ─▶ parked until the leader's ────▶ GroupChanged ─▶ answered when durable
//
// Source: Kafka's classic protocol, KIP-62 (rebalance timeout), KIP-345 (static members),
// KIP-394 (member id required), KIP-559 (protocol checks), KIP-814 (skip assignment).
#pragma once

#include "klamm/broker/groups/consumer_groups.h"
#include "klamm/broker/groups/live_group.h"
#include "klamm/broker/step.h"
#include "klamm/kafka/apis.h"
#include "klamm/kafka/errors.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace klamm::broker {

/// Groups of all kinds together; who would make one more is refused with POLICY_VIOLATION.
inline constexpr std::size_t groups_max = 100'000;
/// Ids, client names and protocol metadata of one group's members: GROUP_MAX_SIZE_REACHED.
inline constexpr std::size_t group_metadata_bytes_max = 4 * 1024 * 1024;
/// How long a join of a new member waits for the others before it has to be sent again.
inline constexpr Duration new_member_join_timeout{300'000};
/// How often offsets and groups that nobody uses are looked for.
inline constexpr Duration offsets_retention_check_interval{600'000};
/// How long to wait before an entry that found the journal full is written again.
inline constexpr Duration full_journal_retry{1'000};

/// From this version of JoinGroup on a client is told its id before it is a member.
inline constexpr kafka::ApiVersion join_with_known_id = 4;

class Groups {
public:
    /// After recovery, before the first request: every member gets a fresh session timeout.
    void start(Step& step);

    // Each handler answers its request, now or in a later step.
    void find_coordinator(Step&, Request const&, kafka::FindCoordinatorRequest const&);
    void join(Step&, Request const&, kafka::JoinGroupRequest const&);
    void sync(Step&, Request const&, kafka::SyncGroupRequest const&);
    void heartbeat(Step&, Request const&, kafka::HeartbeatRequest const&);
    void leave(Step&, Request const&, kafka::LeaveGroupRequest const&);
    void commit_offsets(Step&, Request const&, kafka::OffsetCommitRequest const&);
    void fetch_offsets(Step&, Request const&, kafka::OffsetFetchRequest const&);
    void delete_offsets(Step&, Request const&, kafka::OffsetDeleteRequest const&);
    void describe(Step&, Request const&, kafka::DescribeGroupsRequest const&);
    void list(Step&, Request const&, kafka::ListGroupsRequest const&);
    void delete_groups(Step&, Request const&, kafka::DeleteGroupsRequest const&);
    void consumer_heartbeat(Step&, Request const&, kafka::ConsumerGroupHeartbeatRequest const&);
    void describe_consumers(Step&, Request const&, kafka::ConsumerGroupDescribeRequest const&);

    /// Whether offsets may be committed in a transaction on behalf of this member.
    kafka::ErrorCode check_commit(Step& step, kafka::TxnOffsetCommitRequest const& commit);

    /// Its parked requests are answered no more. Its members stay until their sessions end,
    /// except for those that were never told their id: nobody could join under it again.
    void disconnected(Step& step, ConnectionId connection);

    void tick(Step& step);
    std::optional<Instant> next_tick() const;

private:
    // ---- looking up (groups.cc)
    LiveGroup* find_live(std::string const& group_id);
    /// The group as it lives, revived from the state when need be; null when there is none.
    LiveGroup* find(Step& step, std::string const& group_id);
    Phase phase(std::string const& group_id) const;
    /// Whether requests for the group are for the consumer protocol's part. An empty group is
    /// whatever its next member makes it.
    bool is_consumer(Step& step, std::string const& group_id) const;
    bool has_members(Step& step, std::string const& group_id) const;
    bool may_create(Step& step) const;
    /// Forgets what the state knows anyway. Every handler ends with it.
    void settle(std::string const& group_id);
    void wake_by(LiveGroup& group, Instant when);
    void wake(Step& step, LiveGroup& group);
    void expire_promises(Step& step, LiveGroup& group);
    void expire_sessions(Step& step, LiveGroup& group);
    void expire_rebalance(Step& step, LiveGroup& group);

    // ---- joining (join.cc)
    void join_new(Step&, Request const&, kafka::JoinGroupRequest const&, LiveGroup&);
    void join_again(Step&, Request const&, kafka::JoinGroupRequest const&, LiveGroup&);
    void join_in_place_of(Step&, Request const&, kafka::JoinGroupRequest const&, LiveGroup&,
                          std::string const& old_id);
    void promise_id(Step&, Request const&, kafka::JoinGroupRequest const&, LiveGroup&);
    void add_member(Step&, Request const&, kafka::JoinGroupRequest const&, LiveGroup&,
                    std::string id);
    void update_member(Step&, Request const&, kafka::JoinGroupRequest const&, LiveGroup&,
                       LiveMember&);

    // ---- rebalances (rebalance.cc)
    /// Begins a rebalance, or goes on with the one under way.
    void rebalance(Step& step, LiveGroup& group);
    void begin_rebalance(Step& step, LiveGroup& group);
    void complete_if_all_joined(Step& step, LiveGroup& group);
    void complete(Step& step, LiveGroup& group);
    void write_empty(Step& step, LiveGroup& group);
    void drop(Step& step, LiveGroup& group, std::string const& member_id, kafka::ErrorCode why);
    void refuse_syncs(Step& step, LiveGroup& group, kafka::ErrorCode why);

    // ---- answering what is parked (rebalance.cc)
    void park_join(Step& step, Request const& request, LiveGroup& group, LiveMember& member);
    void park_sync(Step& step, Request const& request, LiveGroup& group, LiveMember& member);
    void answer_join(Step& step, LiveGroup& group, LiveMember& member, kafka::ErrorCode error);
    void answer_sync(Step& step, LiveGroup& group, LiveMember& member, kafka::ErrorCode error);
    void refresh_session(Step& step, LiveGroup& group, LiveMember& member);
    void unpark(LiveGroup const& group, LiveMember const& member, Parked const& parked);

    // ---- the leader's assignment (sync.cc)
    void assign(Step& step, LiveGroup& group, kafka::SyncGroupRequest const& sync);

    // ---- from one protocol to the other (migration.cc)
    /// A classic group becomes one of the consumer protocol; nothing when there is none.
    GroupRefusal upgrade(Step& step, std::string const& group_id);
    void downgrade_where_due(Step& step);
    void downgrade(Step& step, std::string const& group_id);

    // ---- offsets (offsets.cc, retention.cc)
    kafka::ErrorCode check_commit(Step& step, kafka::OffsetCommitRequest const& commit,
                                  kafka::ApiVersion version);
    void expire_offsets(Step& step);

    ConsumerGroups consumers_;
    std::map<std::string, LiveGroup> live_;  ///< those with members, or with promised ids
    std::set<std::pair<Instant, std::string>> wakes_;
    /// Who has a parked request on a connection: group and member.
    std::map<ConnectionId, std::set<std::pair<std::string, std::string>>> parked_;
    std::optional<Instant> expire_at_;
};

/// Journals the group as one entry; on failure nothing has changed, and the error is for the
/// client: COORDINATOR_NOT_AVAILABLE when the journal is full.
kafka::ErrorCode journal_group(Step& step, GroupChanged const& entry);

/// What the journaled generation assigns to the member; empty when nothing.
Bytes assignment_of(Step& step, std::string const& group_id, std::string const& member_id);

/// Whether whoever names itself so is a member: NONE, UNKNOWN_MEMBER_ID or FENCED_INSTANCE_ID.
kafka::ErrorCode check_member(LiveGroup const& group, std::string const& member_id,
                              std::optional<std::string> const& instance);

std::string new_member_id(Step& step, Request const& request, kafka::JoinGroupRequest const& join);

/// Read, delete, describe, describe configs and alter configs, as bits: there are no ACLs, so
/// everybody may do what can be done to a group.
inline constexpr std::int32_t all_group_operations = 1 << 3 | 1 << 6 | 1 << 8 | 1 << 10 | 1 << 11;

/// Answers `request` with `body`.
template <class Response>
void answer(Step& step, RequestId id, Response body, After after = After::everything) {
    Reply reply;
    reply.id = id;
    reply.body = std::move(body);
    step.reply(std::move(reply), after);
}

}  // namespace klamm::broker
