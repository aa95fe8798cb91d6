// broker/l1_files.h - which L1 files there are, and how much of each is still needed.
//
// Part of the fold: files come with ExtentsStored; what they hold is released when places are
// dropped or replaced. A file of which nothing is needed is forgotten, and the world removes it as
// soon as the entry that released it is durable.
#pragma once

#include "klamm/broker/batch_index.h"

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

namespace klamm::broker {

class L1Files {
public:
    struct File {
        std::uint64_t bytes = 0;   ///< of the whole file
        std::uint64_t stored = 0;  ///< of batches, when it was written
        std::uint64_t needed = 0;  ///< of batches, now
        bool operator==(File const&) const = default;
    };
    using Map = std::map<journal::FileNumber, File>;

    Map const& all() const { return files_; }
    /// No file has this number yet.
    journal::FileNumber next() const { return next_; }
    std::uint64_t bytes() const { return bytes_; }  ///< of all files
    bool knows(journal::FileNumber number) const { return files_.contains(number); }

    /// Numbers count up: false when the number was used before.
    [[nodiscard]] bool add(journal::FileNumber number, std::uint64_t bytes);
    /// Requires that it is known.
    void hold(journal::FileNumber number, std::uint64_t bytes);
    void release(std::span<ReleasedBytes const> released);
    /// Forgets the file if nothing holds it.
    void settle(journal::FileNumber number);

    /// From a checkpoint: `stored` is what it was, hold() follows for what is needed.
    [[nodiscard]] bool restore(journal::FileNumber number, std::uint64_t bytes,
                               std::uint64_t stored);
    void restore_next(journal::FileNumber next) { next_ = next; }

    /// Those forgotten since the last call. Not part of the fold.
    std::vector<journal::FileNumber> take_forgotten() { return std::exchange(forgotten_, {}); }

private:
    Map files_;
    journal::FileNumber next_{1};
    std::uint64_t bytes_ = 0;
    std::vector<journal::FileNumber> forgotten_;
};

}  // namespace klamm::broker
