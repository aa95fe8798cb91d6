// sim/checkers/committed_never_back.cc - members commit offsets that only grow, so whoever asks
// after a commit was acknowledged gets that offset or a later one. A commit of which nothing was
// heard may arrive late, as in Kafka: whoever finds its offset goes on from there.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <set>

namespace klamm::sim {
namespace {

class CommittedNeverBack final : public Checker {
public:
    explicit CommittedNeverBack(Violations& violations)
        : Checker("committed_never_back", violations) {}

    void commit_acked(std::string const& group, PartitionName const& partition, std::int64_t offset,
                      Time now) override {
        floors_[{group, partition}].raise(now, offset);
    }
    void commit_unanswered(std::string const& group, PartitionName const& partition,
                           std::int64_t offset) override {
        unanswered_[{group, partition}].insert(offset);
    }
    void commit_read(std::string const& group, PartitionName const& partition, std::int64_t offset,
                     Time asked) override {
        auto& floor = floors_[{group, partition}];
        auto const committed = floor.at(asked, -1);
        if (offset >= committed) return;
        if (!unanswered_[{group, partition}].contains(offset))
            violate(fmt::format("group {} committed {} for {}; later {} was found", group,
                                committed, to_string(partition), offset));
        floor = {};
        floor.raise(asked, offset);
    }

private:
    using Key = std::pair<std::string, PartitionName>;
    std::map<Key, Floor> floors_;
    std::map<Key, std::set<std::int64_t>> unanswered_;
};

}  // namespace

std::unique_ptr<Checker> committed_never_back(Violations& violations) {
    return std::make_unique<CommittedNeverBack>(violations);
}

}  // namespace klamm::sim
