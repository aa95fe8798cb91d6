// broker/groups/group_config.h - configs of single groups (KIP-848): names, ranges, what holds.
//
// They may be set before there is such a group. What is not set comes from the broker's options;
// what was set under other limits than today's is moved into today's.
#pragma once

#include "klamm/base/time.h"
#include "klamm/broker/config.h"
#include "klamm/broker/step.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace klamm::broker {

/// Groups that have configs.
inline constexpr std::size_t configured_groups_max = 100'000;

std::span<ConfigDef const> group_configs();  ///< by name
/// What `def` of a group is when the group does not set it.
std::string group_default(ConfigDef const& def, Options const& options);
/// Why a group may not be given these; nothing when it may.
std::optional<std::string> check_group_configs(Configs const& configs, Options const& options);

Duration group_session_timeout(Step& step, std::string const& group_id);
Duration group_heartbeat_interval(Step& step, std::string const& group_id);

}  // namespace klamm::broker
