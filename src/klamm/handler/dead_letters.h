// handler/dead_letters.h - the dead letters of a topic: which wait, one after the other, and in
// groups.
//
// A dead letter waits until it was redriven or discarded. Which ones were is the Progress
// (progress.h) of the group "klamm-dlq-TOPIC" in the partitions of TOPIC, which is committed in the
// transactions that redrive them. So nothing is deleted, and retention has the last word.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/handler/dead_letter.h"
#include "klamm/handler/progress.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace klamm::handler {

/// A dead letter as it lies in its topic.
struct StoredDeadLetter {
    Position position;
    Time timestamp;
    std::optional<std::string> key;
    std::optional<std::string> value;
    Headers headers;
    DeadLetter letter;

    /// When it failed, or if it does not say: when it came here.
    Time failed_at() const { return letter.failed_at.value_or(timestamp); }
    std::size_t bytes() const;
};
StoredDeadLetter stored_dead_letter(bus::Record const& record);

/// Which dead letters are meant: those that fit everything that is said here.
struct Selection {
    std::set<std::pair<std::int32_t, std::int64_t>> positions;  ///< partition, offset; empty: all
    std::optional<std::string> group;
    std::optional<std::string> handler;
    std::optional<std::string> error_type;
    std::optional<std::string> reason;  ///< a part of it
    std::optional<std::string> topic;   ///< where they were
    std::optional<std::string> key;
    std::optional<Time> from;  ///< failed at or after
    std::optional<Time> to;    ///< failed before

    bool matches(StoredDeadLetter const& letter) const;
    bool operator==(Selection const&) const = default;
};

/// In what the dead letter keeps its order, in words of no meaning: those of one key, or of one
/// partition, that wait for each other. None: nothing waits for it, and it for nothing.
std::optional<std::string> queue_of(StoredDeadLetter const& letter);

/// "klamm-dlq-orders-dlt": the group, and the transactional id of who redrives.
std::string redrive_group(std::string_view dead_letter_topic);

struct Scan {
    std::map<std::int32_t, Progress> progress;
    std::map<std::int32_t, std::int64_t> ends;  ///< what came later was not looked at
    std::uint64_t records = 0;                  ///< that were read
    bool whole = true;                          ///< false: `each` had enough
};
struct ScanOptions {
    std::string topic;
    std::optional<std::int32_t> partition;      ///< none: all
    std::map<std::int32_t, std::int64_t> ends;  ///< none: what is there now
    bool discarded = false;                     ///< the marks of those, too
    std::int32_t read_bytes = 1024 * 1024;
};
/// What is called for each, in the order of partitions and offsets; false: enough. `next` is the
/// offset of the record that follows, or the end.
using EachDeadLetter = std::function<bool(StoredDeadLetter const& letter, std::int64_t next)>;
/// Walks over those that wait. The bus lives longer.
void scan_dead_letters(bus::Bus& bus, ScanOptions options, EachDeadLetter each,
                       bus::Done<Scan> done);

/// The dead letter at a position, whether it waits or not; none: there is none.
void read_dead_letter_at(bus::Bus& bus, Position const& position,
                         bus::Done<std::optional<StoredDeadLetter>> done);

/// The record that a dead letter was, as far as it is still there. Brokers write dead letters of
/// share groups without headers and, by default, without key and value.
void read_original(bus::Bus& bus, Position const& original,
                   bus::Done<std::optional<bus::Record>> done);

enum class GroupBy : std::uint8_t { reason, error_type, handler, group, topic };

struct DeadLetterGroup {
    std::string name;
    std::uint64_t failed = 0;
    std::uint64_t parked = 0;  ///< that wait behind those
    Time first;
    Time last;
    std::int32_t redrives = 0;  ///< the most of any
    Position example;
};
/// Counts dead letters as they are met. At most `groups_max` groups and the queues of `queues_max`
/// keys; what comes then is counted as `others`.
class DeadLetterGroups {
public:
    static constexpr std::size_t groups_max = 1'000;
    static constexpr std::size_t queues_max = 100'000;
    static constexpr std::string_view others = "(others)";

    explicit DeadLetterGroups(GroupBy by) : by_(by) {}
    void add(StoredDeadLetter const& letter);
    /// The largest first.
    std::vector<DeadLetterGroup> result() const;

private:
    std::string name_of(StoredDeadLetter const& letter);

    GroupBy by_;
    std::map<std::string, DeadLetterGroup> groups_;
    std::map<std::string, std::string> by_queue_;  ///< where those behind the first are counted
};
/// Without what is different in each: "card # of order # was refused".
std::string reason_shape(std::string_view reason);

}  // namespace klamm::handler
