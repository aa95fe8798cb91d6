// broker/groups/assignor.h - the assignors of the consumer protocol: who is to get which
// partitions.
//
// Pure functions of who reads what and who was to have what before. Both keep what members were
// to have as far as balance lets them. Each partition of each topic that anybody reads is given
// to exactly one member that reads it.
//
//   uniform  balances over all topics together: the default
//   range    balances each topic for itself, so that partitions with the same number of topics
//            with as many partitions meet at the same member
#pragma once

#include "klamm/broker/groups/consumer_state.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::broker {

inline constexpr std::string_view uniform_assignor = "uniform";
inline constexpr std::string_view range_assignor = "range";

struct AssignableMember {
    std::string member_id;
    std::vector<Uuid> topics;  ///< in order, each once, each in `AssignableGroup::topics`
    TargetPartitions const* before = nullptr;  ///< null: nothing
};

struct AssignableGroup {
    std::vector<AssignableMember> members;  ///< by member id
    std::map<Uuid, std::int32_t> topics;    ///< their numbers of partitions
};

/// What each member is to get, in the order of `group.members`.
using Targets = std::vector<TargetPartitions>;

Targets assign_uniform(AssignableGroup const& group);
Targets assign_range(AssignableGroup const& group);

bool is_assignor(std::string_view name);
/// Requires is_assignor(name).
Targets assign(std::string_view name, AssignableGroup const& group);

}  // namespace klamm::broker
