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

/// What the first of both limits is that the oldest records come to.
std::string limits_in_words(Partition const& partition, Placed const& oldest, std::int64_t now_ms) {
    auto const& settings = partition.topic->settings;
    std::string words;
    if (settings.retention_ms >= 0 && oldest.max_timestamp >= 0) {
        auto const left = oldest.max_timestamp + settings.retention_ms - now_ms;
        words += left > 0 ? "in " + duration_in_words(left) : "at the next look";
        words += " (retention.ms=" + std::to_string(settings.retention_ms) + ")";
    }
    if (settings.retention_bytes >= 0) {
        auto const most = std::uint64_t(settings.retention_bytes) + oldest.bytes;
        auto const held = partition.batches.bytes();
        if (!words.empty()) words += ", or ";
        words += held < most ? "when " + bytes_in_words(most - held) + " more have come"
                             : std::string("at the next look");
        words += " (retention.bytes=" + std::to_string(settings.retention_bytes) + ")";
    }
    return words;
}

/// Who has not read them, and what that means.
std::string readers_in_words(State const& state, Partition const& partition, Placed const& oldest,
                             std::int64_t now_ms) {
    auto const guard = partition.topic->settings.guard;
    if (guard == RetentionGuard::off) return "";
    auto const unread = unread_before(state, partition, oldest.last_offset + 1, now_ms);
    if (unread.empty()) return "";
    auto words = "; group '" + unread.front().group + "'";
    if (unread.size() > 1)
        words += " and " + std::to_string(unread.size() - 1) + " more have not read them";
    else
        words += " has not read them";
    return words + (guard == RetentionGuard::hold
                        ? ", so klamm.retention.guard=hold keeps them while there is room"
                        : ", and would lose them");
}

}  // namespace

std::string retention_next(State const& state, Partition const& partition, std::int64_t now_ms) {
    auto const& settings = partition.topic->settings;
    if (settings.retention_ms < 0 && settings.retention_bytes < 0)
        return "keeps everything: retention.ms and retention.bytes are -1";
    auto cursor = partition.batches.from(partition.log_start);
    auto const oldest = cursor.next();
    if (!oldest) return "nothing is stored";
    auto const first = std::max(oldest->base_offset, partition.log_start);
    if (oldest->last_offset >= partition.end_for(true))
        return "offset " + std::to_string(first) + " belongs to a transaction that has not ended";
    auto const words = limits_in_words(partition, *oldest, now_ms);
    if (words.empty()) return "keeps everything: the records have no timestamps";
    return "the oldest records (from offset " + std::to_string(first) + " on) go " + words +
           readers_in_words(state, partition, *oldest, now_ms);
}

std::string_view name_of(Notice::Kind kind) {
    switch (kind) {
        case Notice::Kind::unread_soon_deleted:
            return "unread_soon_deleted";
        case Notice::Kind::unread_deleted:
            return "unread_deleted";
        case Notice::Kind::unread_held:
            return "unread_held";
        case Notice::Kind::schemas_not_read:
            return "schemas_not_read";
        case Notice::Kind::records_refused:
            return "records_refused";
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
        case Notice::Kind::schemas_not_read:
        case Notice::Kind::records_refused:
            break;  // not by retention
    }
    return what;
}

}  // namespace klamm::broker
