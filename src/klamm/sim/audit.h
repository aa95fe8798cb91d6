// sim/audit.h - everything there is, read through the protocol right after a restart.
#pragma once

#include "klamm/kafka/apis.h"
#include "klamm/sim/services.h"

#include <functional>
#include <optional>

namespace klamm::sim {

/// Answers at once, without a network. Nothing: the reason has been reported.
using AskNow =
    std::function<std::optional<kafka::AnyResponse>(kafka::AnyRequest, kafka::ApiVersion)>;

/// Tells the checkers each topic, each partition's whole log and each group's offsets. False:
/// a batch could not be read; `damaged` was called, and the audit should be done again.
[[nodiscard]] bool audit(Services& services, AskNow const& ask,
                         std::function<void()> const& damaged);

/// The topic that all workloads share, and the groups that read it.
inline constexpr std::string_view main_topic = "events";
PartitionName main_partition(std::int32_t number);
/// The compacted one.
inline constexpr std::string_view table_topic = "table";
std::string group_name(int number);  ///< "g0"
/// How checkers call it: other topics than the main one may be deleted and created again.
std::string checked_name(std::string const& topic, Uuid const& id);

}  // namespace klamm::sim
