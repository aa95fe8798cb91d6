// What retention says to people.
#include "klamm/broker/retention.h"
#include "klamm/broker/words.h"

#include <algorithm>

namespace klamm::broker {
namespace {

std::string limit_of(Cut::Reason reason, TopicSettings const& settings) {
    if (reason == Cut::Reason::size)
        return "retention.bytes=" + std::to_string(settings.retention_bytes);
    return "retention.ms=" + std::to_string(settings.retention_ms);
}

/// When the record at `from` becomes too old: how long from now.
std::string when(Partition const& partition, std::int64_t from, Cut::Reason reason,
                 std::int64_t now_ms) {
    if (reason == Cut::Reason::size) return "as soon as more has come";
    auto cursor = partition.batches.from(from);
    auto const place = cursor.next();
    auto const due = place ? place->max_timestamp + partition.topic->settings.retention_ms : now_ms;
    return "in " + duration_in_words(due - now_ms);
}

}  // namespace

std::string_view name_of(Notice::Kind kind) {
    switch (kind) {
        case Notice::Kind::unread_soon_deleted:
            return "unread_soon_deleted";
        case Notice::Kind::unread_deleted:
            return "unread_deleted";
        case Notice::Kind::unread_held:
            return "unread_held";
    }
    return "?";
}

std::string retention_notice(Notice::Kind kind, Partition const& partition,
                             std::string const& group, std::int64_t from, Cut const& cut,
                             std::int64_t now_ms) {
    auto const& topic = *partition.topic;
    auto const limit = limit_of(cut.reason, topic.settings);
    auto const what = "group '" + group + "' has not read " + std::to_string(cut.offset - from) +
                      " records of " + topic.name + "-" + std::to_string(partition.number) +
                      " (offsets " + std::to_string(from) + " to " +
                      std::to_string(cut.offset - 1) + "), which " + limit;
    switch (kind) {
        case Notice::Kind::unread_soon_deleted:
            return what + " deletes " + when(partition, from, cut.reason, now_ms) +
                   "; let it catch up, raise the limit, or set klamm.retention.guard=hold";
        case Notice::Kind::unread_deleted:
            return what + " has deleted" +
                   (topic.settings.guard == RetentionGuard::hold
                        ? ": klamm.retention.guard.hold.bytes is used up"
                        : "; klamm.retention.guard=hold would have kept them");
        case Notice::Kind::unread_held:
            return what + " would delete; klamm.retention.guard=hold keeps " +
                   bytes_in_words(cut.bytes) + " for it until it has read them";
    }
    return what;
}

}  // namespace klamm::broker
