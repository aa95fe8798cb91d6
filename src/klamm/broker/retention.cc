#include "klamm/broker/retention.h"

#include "klamm/broker/entries.h"

#include <algorithm>
#include <limits>

namespace klamm::broker {
namespace {

/// So many in one step, so that requests do not wait for all of them.
constexpr int partitions_per_step = 500;

/// What is older goes; nothing is older than the beginning of time.
std::int64_t older_than(std::int64_t retention_ms, std::int64_t now_ms) {
    return retention_ms < 0 ? std::numeric_limits<std::int64_t>::min() : now_ms - retention_ms;
}

/// Most of a limit: what exceeds it goes soon. -1 stays -1.
std::int64_t soon(std::int64_t limit) {
    return limit < 0 ? limit : limit - limit / retention_soon_part;
}

bool lives(StoredGroup const& group, std::int64_t now_ms) {
    bool const has_members =
        !group.members.empty() || (group.consumer && !group.consumer->members.empty());
    return has_members || now_ms - group.changed_ms < living_group_silence_max_ms;
}

}  // namespace

Cut find_cut(Partition const& partition, std::int64_t before_ms, std::int64_t bytes_max,
             std::int64_t end) {
    Cut cut{.offset = partition.log_start};
    auto left = partition.batches.bytes();
    std::uint64_t passed = 0;
    auto cursor = partition.batches.from(partition.log_start);
    while (auto const place = cursor.next()) {
        if (place->last_offset >= end) break;
        left -= std::min<std::uint64_t>(left, place->bytes);
        bool const too_many = bytes_max >= 0 && left >= std::uint64_t(bytes_max);
        bool const too_old = place->max_timestamp < before_ms;
        if (!too_many && !too_old) break;
        passed += place->bytes;
        if (!too_many && place->max_timestamp < 0) continue;
        cut = {.offset = place->last_offset + 1,
               .bytes = passed,
               .reason = too_old ? Cut::Reason::age : Cut::Reason::size};
    }
    return cut;
}

std::vector<Unread> unread_before(State const& state, Partition const& partition,
                                  std::int64_t offset, std::int64_t now_ms) {
    std::vector<Unread> found;
    for (auto const& [group_id, group] : state.groups.all()) {
        auto const* stored = group.offset(partition.topic->name, partition.number);
        if (stored == nullptr || stored->offset >= offset) continue;
        bool const committed_lately = now_ms - stored->committed_ms < living_group_silence_max_ms;
        if (committed_lately || lives(group, now_ms)) found.push_back({group_id, stored->offset});
    }
    return found;
}

void Retention::start(Step& step) {
    due_ = step.now().instant + step.options().log_retention_check_interval_ms;
}

LastDeletion const* Retention::last(PartitionKey partition) const {
    auto const found = last_.find(partition);
    return found == last_.end() ? nullptr : &found->second;
}

Partition const* Retention::next(Step& step) {
    auto const& topics = step.state().topics;
    for (auto at = topics.lower_bound(pass_->topic); at != topics.end(); ++at) {
        auto const& [name, topic] = *at;
        if (name != pass_->topic) {
            pass_->topic = name;
            pass_->partition = 0;
        }
        if (!topic.settings.remove_old) continue;
        if (auto const* partition = topic.partition(pass_->partition)) {
            ++pass_->partition;
            return partition;
        }
    }
    return nullptr;
}

void Retention::tick(Step& step) {
    if (!due_ || step.now().instant < *due_) return;
    if (!pass_) pass_.emplace();
    due_ = step.now().instant;
    for (int n = 0; n < partitions_per_step; ++n) {
        auto const* partition = next(step);
        if (partition == nullptr) return end_pass(step);
        look(step, *partition);
    }
}

void Retention::end_pass(Step& step) {
    auto const now = step.now().instant;
    stats_.held_bytes = pass_->held_bytes;
    stats_.partitions_unread = pass_->partitions_unread;
    pass_.reset();
    due_ = now + step.options().log_retention_check_interval_ms;
    std::erase_if(said_, [&](auto const& said) { return said.second.second <= now; });
    std::erase_if(last_,
                  [&](auto const& last) { return step.state().partition(last.first) == nullptr; });
}

void Retention::look(Step& step, Partition const& partition) {
    auto const& settings = partition.topic->settings;
    auto const now_ms = step.now().wall_ms;
    auto const end = partition.end_for(true);  // open transactions stay
    auto cut = find_cut(partition, older_than(settings.retention_ms, now_ms),
                        settings.retention_bytes, end);
    std::vector<Unread> unread;
    if (settings.guard != RetentionGuard::off) {
        auto const soon_cut = find_cut(partition, older_than(soon(settings.retention_ms), now_ms),
                                       soon(settings.retention_bytes), end);
        if (soon_cut.offset > partition.log_start)
            unread = unread_before(step.state(), partition, soon_cut.offset, now_ms);
        if (!unread.empty()) guard(step, partition, soon_cut, unread, cut);
    }
    if (cut.offset > partition.log_start) move(step, partition, cut, unread);
}

/// Keeps what may be kept, and says what happens to whose records.
void Retention::guard(Step& step, Partition const& partition, Cut const& soon_cut,
                      std::vector<Unread> const& unread, Cut& cut) {
    ++pass_->partitions_unread;
    auto const planned = cut.offset;
    auto const held = partition.topic->settings.guard == RetentionGuard::hold
                          ? hold(step, partition, unread, cut)
                          : 0;
    for (auto const& [group, committed] : unread) {
        auto const from = std::max(committed, partition.log_start);
        if (from < cut.offset)
            say(step, Notice::Kind::unread_deleted, partition, group, from, cut);
        else if (from < planned)
            say(step, Notice::Kind::unread_held, partition, group, from,
                {.offset = planned, .bytes = held, .reason = cut.reason});
        else
            say(step, Notice::Kind::unread_soon_deleted, partition, group, from, soon_cut);
    }
}

/// Moves the cut back to what no group has left unread, as far as all that is held may grow.
/// Returns the bytes that it holds.
std::uint64_t Retention::hold(Step& step, Partition const& partition,
                              std::vector<Unread> const& unread, Cut& cut) {
    auto from = cut.offset;
    for (auto const& group : unread) from = std::min(from, group.committed);
    from = std::max(from, partition.log_start);
    auto const each_held = [&](auto const& take) {
        auto cursor = partition.batches.from(from);
        for (auto place = cursor.next(); place && place->last_offset < cut.offset;
             place = cursor.next()) {
            if (!take(*place)) return;
        }
    };
    std::uint64_t held = 0;
    each_held([&](BatchRef const& place) {
        held += place.bytes;
        return true;
    });
    auto const allowed = std::uint64_t(step.options().retention_guard_hold_bytes);
    auto const room = allowed - std::min(allowed, pass_->held_bytes);
    auto stays_from = from;
    each_held([&](BatchRef const& place) {
        if (held <= room) return false;
        held -= place.bytes;
        stays_from = place.last_offset + 1;
        return true;
    });
    pass_->held_bytes += held;
    cut.offset = stays_from;
    cut.bytes -= std::min(cut.bytes, held);
    return held;
}

void Retention::move(Step& step, Partition const& partition, Cut const& cut,
                     std::vector<Unread> const& unread) {
    auto const from = partition.log_start;
    auto const moved = step.commit(
        encode_entry(LogStartMoved{.partition = partition.key, .log_start_offset = cut.offset}));
    if (!moved) return;  // the journal is full: the next look tries again
    stats_.records_deleted += std::uint64_t(cut.offset - from);
    stats_.bytes_deleted += cut.bytes;
    last_[partition.key] = {step.now().wall_ms, cut.offset - from, cut.bytes, cut.reason};
    auto first_unread = cut.offset;
    for (auto const& group : unread) first_unread = std::min(first_unread, group.committed);
    stats_.unread_records_deleted += std::uint64_t(cut.offset - std::max(first_unread, from));
}

void Retention::say(Step& step, Notice::Kind kind, Partition const& partition,
                    std::string const& group, std::int64_t from, Cut const& cut) {
    ++stats_.notices;
    auto const now = step.now();
    auto const key = std::pair{partition.key, group};
    auto const said = said_.find(key);
    if (said != said_.end() && said->second.first == kind && now.instant < said->second.second)
        return;
    if (said == said_.end() && said_.size() >= notices_remembered_max) return;
    said_[key] = {kind, now.instant + notice_interval};
    auto const unread = cut.offset - from;
    notices_.push_back({.kind = kind,
                        .at_ms = now.wall_ms,
                        .topic = partition.topic->name,
                        .partition = partition.number,
                        .group = group,
                        .records = unread,
                        .text = retention_notice(kind, partition, group, from, cut, now.wall_ms)});
}

}  // namespace klamm::broker
