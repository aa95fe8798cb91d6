// sim/trace.h - what happened in a run: a hash of all of it, and the text when it is asked for.
//
// Two runs of one plan have equal hashes; that is how determinism is proved.
#pragma once

#include "klamm/base/crc32c.h"
#include "klamm/sim/plan.h"
#include "klamm/sim/schedule.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <vector>

namespace klamm::sim {

class Trace {
public:
    Trace(Schedule const& schedule, bool keep) : schedule_(schedule), keep_(keep) {}

    /// One event, in plain words.
    template <class... A>
    void note(fmt::format_string<A...> format, A&&... args) {
        line_.clear();
        fmt::format_to(std::back_inserter(line_), "{:>9.3f} s  ", double(schedule_.now()) / second);
        fmt::format_to(std::back_inserter(line_), format, std::forward<A>(args)...);
        auto const bytes = std::as_bytes(std::span{line_.data(), line_.size()});
        hash_ = (hash_ ^ crc32c(bytes)) * 0x9e3779b97f4a7c15U;
        ++events_;
        if (keep_) story_.emplace_back(line_.data(), line_.size());
    }
    void hit(Fault fault) { ++faults_[std::size_t(fault)]; }

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return events_; }
    FaultCounts const& faults() const { return faults_; }
    std::vector<std::string> const& story() const { return story_; }

private:
    Schedule const& schedule_;
    bool keep_;
    fmt::memory_buffer line_;
    std::uint64_t hash_ = 0xcbf29ce484222325U;
    std::uint64_t events_ = 0;
    FaultCounts faults_{};
    std::vector<std::string> story_;
};

}  // namespace klamm::sim
