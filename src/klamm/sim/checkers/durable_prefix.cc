// sim/checkers/durable_prefix.cc - a restart finds the journal as it was appended, up to some entry
// at or behind the durable end: no hole, no change, no entry from elsewhere.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <set>

namespace klamm::sim {
namespace {

using journal::Position;

class DurablePrefix final : public Checker {
public:
    explicit DurablePrefix(Violations& violations) : Checker("durable_prefix", violations) {}

    void appended(Position position, std::uint32_t digest) override { entries_[position] = digest; }
    void made_durable(Position position) override {
        if (position < durable_)
            violate(fmt::format("durable went back from {} to {}", at(durable_), at(position)));
        durable_ = position;
    }
    void checkpoint_tried(Position covers) override { tried_.insert(covers); }
    void checkpoint_saved(Position covers) override {
        if (covers == saved_) return;  // the same once more, in its place
        saved_before_ = saved_;
        saved_ = covers;
    }
    void replay_began() override { next_ = Position{}; }
    void checkpoint_found(Position covers) override {
        if (!tried_.contains(covers))
            violate(fmt::format("a checkpoint of {} was never saved", at(covers)));
        if (covers < saved_before_)
            violate(fmt::format("the checkpoint of {} was found; {} and {} were saved later",
                                at(covers), at(saved_before_), at(saved_)));
        saved_ = covers;  // any later one is damaged, and no longer counts
        next_ = covers;
    }
    void replayed(Position position, std::uint32_t digest) override {
        auto const expected = entries_.lower_bound(next_);
        if (expected == entries_.end())
            return violate(
                fmt::format("an entry at {} was replayed and never appended", at(position)));
        if (expected->first != position)
            return violate(fmt::format("the entry at {} was replayed where that at {} should be",
                                       at(position), at(expected->first)));
        if (expected->second != digest)
            return violate(fmt::format("the entry at {} has changed", at(position)));
        next_ = Position{at(position) + 1};
    }
    void replay_ended() override {
        auto const missing = entries_.lower_bound(next_);
        if (missing != entries_.end() && missing->first < durable_)
            violate(fmt::format("the entry at {} was durable (up to {}) and is gone",
                                at(missing->first), at(durable_)));
        entries_.erase(missing, entries_.end());  // lost, as an unsynced entry may be
    }

private:
    static std::uint64_t at(Position position) { return std::uint64_t(position); }

    std::map<Position, std::uint32_t> entries_;  ///< those that may still be there
    std::set<Position> tried_;
    Position durable_{}, saved_{}, saved_before_{}, next_{};
};

}  // namespace

std::unique_ptr<Checker> durable_prefix(Violations& violations) {
    return std::make_unique<DurablePrefix>(violations);
}

}  // namespace klamm::sim
