// broker/notice.h - what people should hear of without having asked: for the log, the metrics and
// the list of recent notices.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace klamm::broker {

struct Notice {
    enum class Kind : std::uint8_t {
        unread_soon_deleted,  ///< a living group has not read what retention deletes soon
        unread_deleted,       ///< it was deleted
        unread_held,          ///< klamm.retention.guard=hold keeps it
        schemas_not_read,     ///< records of _schemas that are older than the registry
        records_refused,      ///< they did not obey the schemas of the topic
    };
    Kind kind{};
    std::int64_t at_ms = 0;  ///< wall clock
    std::string topic;
    std::int32_t partition = 0;
    std::string group;         ///< empty: it is not about one
    std::int64_t records = 0;  ///< offsets that the group has not read; records refused
    std::string text;          ///< one sentence that says it all, and what to do
};

/// Counters since the start of the process, and the outcome of the last look at everything.
struct RetentionStats {
    std::uint64_t records_deleted = 0;  ///< offsets passed by log starts that moved
    std::uint64_t bytes_deleted = 0;
    std::uint64_t unread_records_deleted = 0;  ///< that a living group had not read
    std::uint64_t notices = 0;
    std::uint64_t held_bytes = 0;         ///< now, by klamm.retention.guard=hold
    std::uint64_t partitions_unread = 0;  ///< now: unread records go soon, or are held
};

/// The kind as programs write it, for instance "unread_held".
std::string_view name_of(Notice::Kind kind);

}  // namespace klamm::broker
