// broker/groups/live_group.h - one classic group between its generations: what need not survive.
//
//            first member joins                 all have joined, or time is up
//   ┌─────┐ ───────────────────▶ ┌───────────┐ ─────────────────────────────▶ ┌────────────┐
//   │empty│                      │ preparing │ ◀── a member joins or goes ─── │ completing │
//   └─────┘ ◀── nobody is left ─ └───────────┘                                └─────┬──────┘
//                                      ▲                                            │ the leader
//                a member joins,       │              ┌────────┐                    │ has assigned
//                goes or changes       └───────────── │ stable │ ◀──────────────────┘ (journaled)
//                                                     └────────┘
//
// Invariants:
//   1. `votes` counts, for each protocol, the members that support it.
//   2. A member waits for a join or for a sync, never for both.
//   3. `leader` is a member, or there are no members.
//   4. While the group is stable, the journaled group has the same generation and members.
#pragma once

#include "klamm/base/time.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/groups/groups_state.h"
#include "klamm/broker/request.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

enum class Phase : std::uint8_t { empty, preparing_rebalance, completing_rebalance, stable };
std::string_view to_string(Phase phase);  ///< as Kafka's tools show it: "PreparingRebalance"

/// A request that waits for what other members do.
struct Parked {
    RequestId id;
    kafka::ApiVersion version = 0;
};

struct Protocol {
    std::string name;
    Bytes metadata;
    bool operator==(Protocol const&) const = default;
};

struct LiveMember {
    std::string id;
    std::optional<std::string> instance;  ///< set: a static member
    std::string client_id;
    std::string client_host;
    Duration session_timeout{};
    Duration rebalance_timeout{};
    std::vector<Protocol> protocols;  ///< the preferred one first
    std::optional<Parked> join;
    std::optional<Parked> sync;
    bool joined = false;     ///< in the rebalance under way
    bool owes_sync = false;  ///< has been told of this generation, and has not asked for its part
    bool is_new = false;     ///< has never been told that it is a member
    Instant session_ends;

    /// Null when the member does not support it.
    Protocol const* protocol(std::string_view name) const;
    std::size_t bytes() const;  ///< what counts against group_metadata_bytes_max
};

struct LiveGroup {
    std::string id;
    Phase phase = Phase::empty;
    std::string protocol_type;
    std::int32_t generation = 0;
    std::optional<std::string> protocol;
    std::optional<std::string> leader;
    std::map<std::string, LiveMember> members;
    std::map<std::string, std::string> static_ids;  ///< member ids by group.instance.id
    std::map<std::string, Instant> promised;        ///< ids given out and not used yet; until when
    std::map<std::string, std::size_t, std::less<>> votes;
    std::size_t joined = 0;          ///< members with `joined`
    std::size_t metadata_bytes = 0;  ///< of all members

    bool initial = false;              ///< this rebalance began in an empty group,
    bool grew = false;                 ///< a member was added since its delay began,
    Duration initial_left{};           ///< and the delay may go on for so long
    std::optional<Instant> join_ends;  ///< of the rebalance under way
    std::optional<Instant> sync_ends;
    bool unwritten = false;        ///< became empty, and the journal was full
    std::optional<Instant> wakes;  ///< when Groups will look at its deadlines

    LiveMember* member(std::string const& member_id);
    bool is_leader(std::string const& member_id) const { return leader == member_id; }
    bool has_all_joined() const { return joined == members.size() && promised.empty(); }
    /// Whether a member with these protocols could take part, now.
    bool supports(std::string_view type, std::vector<Protocol> const& protocols) const;
    Duration rebalance_timeout() const;  ///< the longest of its members'
    /// The protocol that all members support and most prefer. Requires members.
    std::string select_protocol() const;

    /// The first member becomes the leader. Requires that no member has its id.
    LiveMember& add(LiveMember member);
    /// Its parked requests must have been taken. The leadership passes on.
    void remove(std::string const& member_id);
    void set_protocols(LiveMember& member, std::vector<Protocol> protocols);
    void set_joined(LiveMember& member, bool joined);
    /// When the leader has not joined, another who has takes over. False: nobody has joined.
    bool elect_joined_leader();

    /// The group as it is journaled, with the subscriptions for `protocol` and no assignments.
    GroupChanged to_entry(std::int64_t now_ms) const;
};

/// The group as a restart finds it: stable with all its members, or empty.
LiveGroup revive(std::string group_id, StoredGroup const& stored, Instant now);

}  // namespace klamm::broker
