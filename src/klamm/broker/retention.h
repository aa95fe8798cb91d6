// broker/retention.h - records that are too old or too many go; what nobody has read is guarded.
//
//     log_start          cut         soon                     stable end
//        |  goes now      |  goes soon  |  stays                  |
//     ───┼────────────────┼─────────────┼─────────────────────────┼──▶ offset
//              ▲ a living group's committed offset: the guard speaks, or holds
//
// Every log.retention.check.interval.ms all partitions of topics with cleanup.policy=delete are
// looked at, a few hundred in one step. The log start moves to the first batch (in L1: block of
// batches) that retention.ms and retention.bytes leave; nothing else is decided here.
//
// The guard (klamm.retention.guard of the topic) looks at groups that live: they have members, or
// they committed within the last day. What such a group has not read is announced before it is
// deleted (warn), or is kept (hold) as long as all that is held stays below
// klamm.retention.guard.hold.bytes; what lies beyond is deleted, oldest first, and that is said.
//
// What is announced and when need not survive a restart: it is said again.
#pragma once

#include "klamm/base/time.h"
#include "klamm/broker/config.h"
#include "klamm/broker/notice.h"
#include "klamm/broker/state.h"
#include "klamm/broker/step.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace klamm::broker {

/// A group that has not been heard of for so long is not waited for.
inline constexpr std::int64_t living_group_silence_max_ms = 86'400'000;
/// Which part of retention.ms and retention.bytes is "soon".
inline constexpr std::int64_t retention_soon_part = 8;
/// How often the same is said of the same group and partition.
inline constexpr Duration notice_interval{3'600'000};
/// Notices that are remembered, so that they are not repeated; beyond, they are only counted.
inline constexpr std::size_t notices_remembered_max = 10'000;

/// Where a partition's log would be cut.
struct Cut {
    enum class Reason : std::uint8_t { nothing, age, size };
    std::int64_t offset = 0;  ///< the first one that stays
    std::uint64_t bytes = 0;  ///< of what goes
    Reason reason = Reason::nothing;
};

/// The cut when batches older than `before_ms` go (their youngest record counts; a batch without
/// timestamps goes with the next one that has some), and the oldest ones while at least
/// `bytes_max` stay (-1: no matter how many). Nothing at or behind `end` goes.
Cut find_cut(Partition const& partition, std::int64_t before_ms, std::int64_t bytes_max,
             std::int64_t end);

/// What retention last did with a partition, since the start of the process.
struct LastDeletion {
    std::int64_t at_ms = 0;
    std::int64_t records = 0;  ///< offsets that the log start passed
    std::uint64_t bytes = 0;
    Cut::Reason reason = Cut::Reason::nothing;
};

/// A group that lives and has not read all before some offset.
struct Unread {
    std::string group;
    std::int64_t committed = 0;
};
/// By group. Those without a committed offset in this partition have not said what they want.
std::vector<Unread> unread_before(State const& state, Partition const& partition,
                                  std::int64_t offset, std::int64_t now_ms);

class Retention {
public:
    void start(Step& step);
    void tick(Step& step);
    std::optional<Instant> next_tick() const { return due_; }
    RetentionStats const& stats() const { return stats_; }
    /// Null: nothing yet.
    LastDeletion const* last(PartitionKey partition) const;
    std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }

private:
    struct Pass {
        std::string topic;  ///< the next one
        std::int32_t partition = 0;
        std::uint64_t held_bytes = 0;
        std::uint64_t partitions_unread = 0;
    };
    /// The next partition that is to be looked at; null: the pass is over.
    Partition const* next(Step& step);
    void look(Step& step, Partition const& partition);
    void guard(Step& step, Partition const& partition, Cut const& soon_cut,
               std::vector<Unread> const& unread, Cut& cut);
    std::uint64_t hold(Step& step, Partition const& partition, std::vector<Unread> const& unread,
                       Cut& cut);
    void move(Step& step, Partition const& partition, Cut const& cut,
              std::vector<Unread> const& unread);
    void say(Step& step, Notice::Kind kind, Partition const& partition, std::string const& group,
             std::int64_t from, Cut const& cut);
    void end_pass(Step& step);

    std::optional<Instant> due_;
    std::optional<Pass> pass_;
    RetentionStats stats_;
    std::map<PartitionKey, LastDeletion> last_;
    std::map<std::pair<PartitionKey, std::string>, std::pair<Notice::Kind, Instant>> said_;
    std::vector<Notice> notices_;
};

/// One sentence about records from `from` up to the cut, which `group` has not read.
std::string retention_notice(Notice::Kind kind, Partition const& partition,
                             std::string const& group, std::int64_t from, Cut const& cut,
                             std::int64_t now_ms);

/// What retention will do next with this partition, and when.
std::string retention_next(State const& state, Partition const& partition, std::int64_t now_ms);

}  // namespace klamm::broker
