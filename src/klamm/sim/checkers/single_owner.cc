// sim/checkers/single_owner.cc - in one generation of a group a partition belongs to one member; in
// groups of the consumer protocol also at any moment, across generations.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <set>
#include <tuple>

namespace klamm::sim {
namespace {

class SingleOwner final : public Checker {
public:
    explicit SingleOwner(Violations& violations) : Checker("single_owner", violations) {}

    void assigned(std::string const& group, std::int32_t generation, std::string const& member,
                  std::span<PartitionName const> partitions) override {
        for (auto const& partition : partitions) {
            auto const [it, is_new] =
                owners_.try_emplace(std::tuple{group, generation, partition}, member);
            if (!is_new && it->second != member)
                violate(fmt::format("group {} generation {}: {} belongs to {} and to {}", group,
                                    generation, to_string(partition), it->second, member));
        }
        auto& latest = generations_[{group, member}];
        if (generation < latest)
            violate(fmt::format("group {}: member {} was in generation {} and is now in {}", group,
                                member, latest, generation));
        latest = generation;
    }

    void holds(std::string const& group, std::string const& member,
               std::span<PartitionName const> partitions, Time now, Time until) override {
        auto& holders = holders_[group];
        for (auto const& partition : partitions)
            for (auto const& [other, held] : holders)
                if (other != member && held.until > now && held.partitions.contains(partition))
                    violate(fmt::format("group {}: {} reads {} while {} still has it", group,
                                        member, to_string(partition), other));
        holders[member] = {{partitions.begin(), partitions.end()}, until};
    }

private:
    struct Held {
        std::set<PartitionName> partitions;
        Time until = 0;
    };
    std::map<std::string, std::map<std::string, Held>> holders_;  ///< by group and member
    std::map<std::tuple<std::string, std::int32_t, PartitionName>, std::string> owners_;
    std::map<std::pair<std::string, std::string>, std::int32_t> generations_;
};

}  // namespace

std::unique_ptr<Checker> single_owner(Violations& violations) {
    return std::make_unique<SingleOwner>(violations);
}

}  // namespace klamm::sim
