#include "klamm/broker/compaction_due.h"

#include "klamm/broker/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace klamm::broker {
namespace {

constexpr std::int64_t never_ms = std::numeric_limits<std::int64_t>::max();

/// Behind the last place that a pass may look at: readable, older than the lag, and never the
/// newest, so that a reader always finds something between any offset and the end.
std::int64_t limit_of(Partition const& partition, std::int64_t first_dirty, std::int64_t now_ms) {
    auto const limit = std::min(compaction_end(partition), partition.batches.last().base_offset);
    auto const lag = partition.topic->settings.min_compaction_lag_ms;
    if (lag <= 0) return limit;
    auto cursor = partition.batches.from(first_dirty);
    while (auto const place = cursor.next()) {
        if (place->base_offset >= limit) break;
        if (now_ms - place->max_timestamp < lag) return place->base_offset;
    }
    return limit;
}

struct Wants {
    bool enough = false;
    bool waited = false;
    bool overdue = false;
    std::int64_t age_ms = 0;  ///< of the oldest dirty place
};

/// When there will be a pass, whatever comes.
std::string at_the_latest(Wants const& wants, TopicSettings const& settings) {
    if (settings.max_compaction_lag_ms == never_ms) return "";
    return fmt::format("; at the latest in {} (max.compaction.lag.ms)",
                       duration_in_words(settings.max_compaction_lag_ms - wants.age_ms));
}

std::string why(CompactionDue const& due, Wants const& wants, TopicSettings const& settings,
                std::uint64_t enough_bytes) {
    auto const percent = due.dirty_ratio * 100;
    auto const least = settings.min_cleanable_dirty_ratio * 100;
    if (wants.overdue)
        return fmt::format("the oldest dirty record is older than max.compaction.lag.ms ({})",
                           duration_in_words(settings.max_compaction_lag_ms));
    if (due.due)
        return fmt::format("{} are dirty, {:.0f} % (min.cleanable.dirty.ratio: {:.0f} %)",
                           bytes_in_words(due.dirty_bytes), percent, least);
    if (due.dirty_bytes == 0 && settings.min_compaction_lag_ms > 0)
        return fmt::format("nothing is dirty that is older than min.compaction.lag.ms ({})",
                           duration_in_words(settings.min_compaction_lag_ms));
    if (due.dirty_bytes == 0)
        return "nothing is dirty but perhaps the newest records, which no pass looks at";
    if (!wants.enough && !wants.waited)
        return fmt::format(
            "waits: {} are dirty; a pass is made from {} on, or when they are older than "
            "segment.ms ({}){}",
            bytes_in_words(due.dirty_bytes), bytes_in_words(enough_bytes),
            duration_in_words(settings.segment_ms), at_the_latest(wants, settings));
    return fmt::format("waits: {} are dirty, {:.0f} %; a pass is made from {:.0f} % on{}",
                       bytes_in_words(due.dirty_bytes), percent, least,
                       at_the_latest(wants, settings));
}

}  // namespace

std::int64_t compaction_end(Partition const& partition) {
    return std::min(partition.high_watermark, partition.end_for(true));
}

CompactionDue compaction_due(Partition const& partition, Options const& options,
                             std::int64_t now_ms, bool in_words) {
    auto const& settings = partition.topic->settings;
    auto const& batches = partition.batches;
    auto const* compaction = partition.compaction.get();
    CompactionDue due;
    due.first_dirty =
        std::max(compaction == nullptr ? 0 : compaction->first_dirty, partition.log_start);
    due.limit = due.first_dirty;
    auto const enough_bytes =
        std::uint64_t(std::min<std::int64_t>(settings.segment_bytes, options.compaction_bytes_min));
    auto const oldest =
        batches.empty() ? std::optional<Placed>{} : batches.from(due.first_dirty).next();
    Wants wants;
    if (oldest) {
        auto const clean = compaction == nullptr ? 0 : compaction->clean_bytes;
        wants.enough = batches.bytes() - std::min(batches.bytes(), clean) >= enough_bytes;
        wants.age_ms = now_ms - oldest->max_timestamp;
        wants.waited = wants.age_ms >= settings.segment_ms;
        wants.overdue = settings.max_compaction_lag_ms != never_ms &&
                        wants.age_ms >= settings.max_compaction_lag_ms;
    }
    bool const wanted = wants.enough || wants.waited || wants.overdue;
    if (oldest && (wanted || in_words)) {
        due.limit = std::max(due.first_dirty, limit_of(partition, due.first_dirty, now_ms));
        due.dirty_bytes = batches.bytes_between(due.first_dirty, due.limit);
        auto const all = batches.bytes_between(partition.log_start, due.limit);
        due.dirty_ratio = all == 0 ? 0 : double(due.dirty_bytes) / double(all);
    }
    wants.enough = due.dirty_bytes >= enough_bytes;
    wants.overdue = wants.overdue && due.dirty_bytes > 0;
    due.overdue = wants.overdue;
    due.due = due.dirty_bytes > 0 &&
              (wants.overdue || ((wants.enough || wants.waited) &&
                                 due.dirty_ratio >= settings.min_cleanable_dirty_ratio));
    if (batches.empty())
        due.reason = "nothing is stored";
    else if (in_words || due.due)
        due.reason = why(due, wants, settings, enough_bytes);
    return due;
}

}  // namespace klamm::broker
