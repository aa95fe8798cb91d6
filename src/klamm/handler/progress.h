// handler/progress.h - how far a partition is: the offset before which all is finished, and what is
// finished beyond it.
//
//     finished   ████████░███░░██░░░░
//                        ▲ offset() = first unfinished;  metadata() names the islands behind it
//
// Both are committed together, in the transaction of the results, so after a restart exactly the
// unfinished events are handled again. Metadata is bounded (Kafka's default limit is 4,096 bytes):
// finish() of an event that would no longer fit must wait, see fits().
//
// Metadata: nothing when there are no islands; else "k1", a checksum of 6 characters (CRC-32C of
// the offset and of what follows), and for each island its distance from the end of the one before
// (of the first: from the offset) and its length, each less one, in characters of base64url with 5
// bits each, the lowest first, and a sixth bit that says that more follow. An island of few events
// costs 2 characters.
#pragma once

#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <string_view>

namespace klamm::handler {

class Progress {
public:
    static constexpr std::size_t metadata_bytes_max = 3'000;

    explicit Progress(std::int64_t offset = 0) : offset_(offset) {}
    /// What metadata() wrote. The error: it is not ours, or damaged, or was written for another
    /// offset; then start at `offset` alone.
    [[nodiscard]] static std::expected<Progress, std::string> read(std::int64_t offset,
                                                                   std::string_view metadata);

    std::int64_t offset() const { return offset_; }
    bool finished(std::int64_t offset) const;
    /// Offsets in [first, next): an event that fits(), or a gap in which there are no records, as
    /// compaction and the ends of transactions leave them. A gap goes with the event before it:
    /// the engine finishes it when that event is finished. Then it needs no room in the metadata
    /// that fits() has not kept for it.
    void finish(std::int64_t first, std::int64_t next);
    /// Whether metadata() would still be within its limit if the event at `offset` were finished,
    /// whatever gaps are finished later.
    bool fits(std::int64_t offset) const;
    std::string metadata() const;
    /// How many events or gaps are finished beyond offset(), as runs apart from each other.
    std::size_t islands() const { return islands_.size(); }

    bool operator==(Progress const&) const = default;

private:
    std::size_t bytes_at_most() const;

    std::int64_t offset_ = 0;
    std::map<std::int64_t, std::int64_t> islands_;  ///< first → next, apart from each other
};

}  // namespace klamm::handler
