// broker/groups/consumer_groups.h - the coordinator of the consumer protocol (KIP-848).
//
// A heartbeat is all that a member sends: it joins, changes its subscription, reports what it has
// and leaves by it, and is told what it may read. Whatever a heartbeat changes is one entry.
//
//     heartbeat ─▶ member comes or changes ─▶ group epoch + 1 ─▶ targets anew ─▶ one step of its
//                  topics changed                                                own (reconcile.h)
//
// Classic members may live in such a group, while a group's clients are changed from one protocol
// to the other (KIP-848, "Online migration"): JoinGroup, SyncGroup and Heartbeat say in their words
// what the one heartbeat says.
//
// What is here besides the durable groups: sessions, and until when a member must have done what it
// was asked to do. A restart gives every member a fresh session and fresh patience.
#pragma once

#include "klamm/broker/groups/assignor.h"
#include "klamm/broker/groups/consumer_state.h"
#include "klamm/broker/groups/group_config.h"
#include "klamm/broker/groups/reconcile.h"
#include "klamm/broker/groups/subscription.h"
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

/// Partitions of all topics that one group reads: GROUP_MAX_SIZE_REACHED.
inline constexpr std::size_t consumer_group_partitions_max = 200'000;
/// Changed topics are looked at no more often than this for each group.
inline constexpr Duration topics_refresh_interval_min{1'000};

/// Why a request is refused; NONE: it is not.
struct GroupRefusal {
    kafka::ErrorCode code = kafka::ErrorCode::none;
    std::string message;
    explicit operator bool() const { return code != kafka::ErrorCode::none; }
};

class ConsumerGroups {
public:
    void start(Step& step);

    // ---- the consumer protocol (consumer_heartbeat.cc, consumer_leave.cc)
    void heartbeat(Step&, Request const&, kafka::ConsumerGroupHeartbeatRequest const&);

    // ---- classic members of such groups (consumer_classic.cc). Require the group.
    void join(Step&, Request const&, kafka::JoinGroupRequest const&);
    void sync(Step&, Request const&, kafka::SyncGroupRequest const&);
    void heartbeat(Step&, Request const&, kafka::HeartbeatRequest const&);
    void leave(Step&, Request const&, kafka::LeaveGroupRequest const&);

    // ---- offsets (consumer_offsets.cc). Require the group.

    /// Whether a member may commit, with a reason that counts for all partitions. `version` is
    /// that of OffsetCommit; none: TxnOffsetCommit, of which each version will do.
    kafka::ErrorCode check_commit(Step&, std::string const& group_id, std::string const& member_id,
                                  std::optional<std::string> const& instance_id, std::int32_t epoch,
                                  std::optional<kafka::ApiVersion> version);
    /// Whether it may commit this partition; once check_commit() said NONE. A member that was
    /// told of its new epoch too late may still commit what it has since the epoch that it names.
    kafka::ErrorCode check_commit_of(Step&, std::string const& group_id,
                                     std::string const& member_id, std::int32_t epoch,
                                     std::string const& topic, std::int32_t partition);
    /// Both, for everything that is to be committed in a transaction.
    kafka::ErrorCode check_commit(Step&, kafka::TxnOffsetCommitRequest const& commit);
    kafka::ErrorCode check_fetch(Step&, std::string const& group_id, std::string const& member_id,
                                 std::int32_t epoch) const;

    // ---- moving between the protocols (migration.cc)

    /// Follows a group that has just become one of this protocol.
    void adopt(Step& step, std::string const& group_id);
    /// Forgets a group that is not one any more.
    void forget(std::string const& group_id);

    void tick(Step& step);
    std::optional<Instant> next_tick() const;
    /// Groups that lost members of the consumer protocol since this was asked last.
    std::set<std::string> take_shrunk() { return std::exchange(shrunk_, {}); }
    /// Has it asked again later: it could not be changed now.
    void shrank(std::string const& group_id) { shrunk_.insert(group_id); }

private:
    struct Session {
        Instant session_ends;
        /// Until when it must have revoked; a classic one: joined again, or synced.
        std::optional<Instant> act_by;
        /// The newest connection that it was heard on. What comes on an older one was sent before.
        ConnectionId connection{};
    };
    struct Watch {
        std::string id;
        std::map<std::string, Session> members;
        std::map<std::string, std::vector<std::string>> matches;  ///< topics of each expression
        std::optional<std::uint64_t> topics_seen;                 ///< State::topics_version
        Instant refreshed;
        std::optional<Instant> wakes;
    };

    /// One entry in the making.
    struct Draft {
        ConsumerGroup const* group = nullptr;  ///< null: there is none yet
        ConsumerGroupChanged entry;
        ConsumerMember member;                   ///< as it is going to be
        ConsumerMember const* before = nullptr;  ///< as it was; null: it is new
        std::string replaces;                    ///< the static member whose place it takes
        bool bumps = false;                      ///< the group epoch

        ConsumerGroup const& known() const;
    };

    // ---- a change of one member, and what follows (consumer_draft.cc)
    Draft draft(Step& step, std::string const& group_id) const;
    void take_place(Draft& draft, ConsumerMember const& of) const;
    /// Compares `draft.member.info` with what is known, and notes what is new.
    void describe(Draft& draft) const;
    GroupRefusal advance(Step& step, Watch& watch, Draft& draft,
                         ReportedPartitions const& reported);
    GroupRefusal retarget(Step& step, Watch& watch, Draft& draft);
    void refresh_topics(Step& step, Watch& watch);
    AssignableGroup readers(Step& step, Watch& watch, Draft const& draft);
    std::vector<std::string> const& matches(Step& step, Watch& watch, std::string const& regex);
    GroupRefusal write(Step& step, ConsumerGroupChanged const& entry);

    // ---- the parts of a heartbeat (consumer_heartbeat.cc)
    GroupRefusal find_member(Step&, Request const&, kafka::ConsumerGroupHeartbeatRequest const&,
                             Draft&) const;
    GroupRefusal find_static(Request const&, kafka::ConsumerGroupHeartbeatRequest const&,
                             Draft&) const;
    GroupRefusal check_member(Request const&, kafka::ConsumerGroupHeartbeatRequest const&,
                              ConsumerMember const&) const;
    GroupRefusal beat(Step&, Request const&, kafka::ConsumerGroupHeartbeatRequest const&,
                      kafka::ConsumerGroupHeartbeatResponse& out);
    GroupRefusal leave(Step&, Request const&, kafka::ConsumerGroupHeartbeatRequest const&);

    // ---- the parts of a classic member's join (consumer_classic.cc)
    GroupRefusal find_classic(Step&, Request const&, kafka::JoinGroupRequest const&, Draft&) const;
    void ask_to_rejoin(Step&, Watch& watch, ConsumerMember const& member);
    kafka::ErrorCode remove_one(Step&, std::string const& group_id, std::string const& member_id,
                                std::optional<std::string> const& instance_id);

    // ---- sessions (consumer_sessions.cc)
    Watch& watch(std::string const& group_id);
    void expect(Step& step, Watch& watch, ConsumerMember const& member, Request const& request);
    void must_act(Step& step, Watch& watch, ConsumerMember const& member);
    bool is_newest(Watch const& watch, std::string const& member_id, Request const& request) const;
    Duration session_timeout(Step& step, std::string const& group_id,
                             ConsumerMember const& member) const;
    void wake_by(Watch& watch, Instant when);
    void wake(Step& step, Watch& watch);
    kafka::ErrorCode remove(Step& step, std::string const& group_id,
                            std::vector<std::string> const& member_ids);

    std::map<std::string, Watch> watches_;
    std::set<std::pair<Instant, std::string>> wakes_;
    std::set<std::string> shrunk_;
};

/// By the names of their topics; topics that are gone are left out.
PartitionsByTopic by_topic(State const& state, OwnedPartitions const& partitions);

/// The assignor that most members ask for; the default when none asks.
std::string assignor_of(ConsumerGroup const& group, ConsumerMember const* changed = nullptr);

/// Whether a heartbeat makes sense, whoever sends it.
GroupRefusal check_heartbeat(kafka::ConsumerGroupHeartbeatRequest const& beat,
                             kafka::ApiVersion version);

}  // namespace klamm::broker
