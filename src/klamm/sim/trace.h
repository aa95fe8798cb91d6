// sim/trace.h - what happened in a run: a hash of all of it, and the text when it is asked for.
//
// Two runs of one plan have equal hashes; that is how determinism is proved.
#pragma once

#include "klamm/base/crc32c.h"
#include "klamm/sim/plan.h"
#include "klamm/sim/schedule.h"

#include <fmt/format.h>

#include <cstdint>
#include <functional>
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
        fmt::format_to(std::back_inserter(line_), format, std::forward<A>(args)...);
        count(std::as_bytes(std::span{line_.data(), line_.size()}));
        if (keep_) keep(line_);
    }
    /// An event whose words cost too much when nobody wants them: `bytes` stand for it.
    template <class Words>
    void note_bytes(ByteView bytes, Words words) {
        count(bytes);
        if (keep_) keep(words());
    }
    void hit(Fault fault) {
        ++faults_[std::size_t(fault)];
        if (on_hit) on_hit(fault);
    }
    std::function<void(Fault)> on_hit;  ///< hears of each fault that happens; may be empty

    std::uint64_t hash() const { return hash_; }
    std::uint64_t events() const { return events_; }
    FaultCounts const& faults() const { return faults_; }
    std::vector<std::string> const& story() const { return story_; }

private:
    void count(ByteView bytes) {
        constexpr std::uint64_t factor = 0x9e3779b97f4a7c15U;
        hash_ = (hash_ ^ std::uint64_t(schedule_.now())) * factor;
        hash_ = (hash_ ^ crc32c(bytes)) * factor;
        ++events_;
    }
    template <class Text>
    void keep(Text const& text) {
        story_.push_back(fmt::format("{:>9.3f} s  {}", double(schedule_.now()) / second,
                                     std::string_view(text.data(), text.size())));
    }

    Schedule const& schedule_;
    bool keep_;
    fmt::memory_buffer line_;
    std::uint64_t hash_ = 0xcbf29ce484222325U;
    std::uint64_t events_ = 0;
    FaultCounts faults_{};
    std::vector<std::string> story_;
};

}  // namespace klamm::sim
