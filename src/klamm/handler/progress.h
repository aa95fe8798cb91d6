// handler/progress.h - how far a partition is: the offset before which all is finished, and what is
// finished beyond it.
//
//     finished   ████████░███░░██░░░░
//                        ▲ offset() = first unfinished;  metadata() names the islands behind it
//
// Both are committed together, in the transaction of the results, so after a restart exactly the
// unfinished events are handled again. Metadata is bounded (Kafka's default limit is 4,096 bytes):
// finish() of an event that would no longer fit must wait, see fits().
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
    /// What metadata() wrote. The error: it is not ours, or damaged; then start at `offset` alone.
    [[nodiscard]] static std::expected<Progress, std::string> read(std::int64_t offset,
                                                                   std::string_view metadata);

    std::int64_t offset() const { return offset_; }
    bool finished(std::int64_t offset) const;
    /// Offsets in [first, next): a gap in the log counts as finished, too.
    void finish(std::int64_t first, std::int64_t next);
    /// Whether metadata() would still be within its limit if `offset` were finished.
    bool fits(std::int64_t offset) const;
    std::string metadata() const;

    bool operator==(Progress const&) const = default;

private:
    std::int64_t offset_ = 0;
    std::map<std::int64_t, std::int64_t> islands_;  ///< first → next, apart from each other
};

}  // namespace klamm::handler
