// sim/checkers/single_owner.cc - in one generation of a group a partition belongs to one member.
#include "klamm/sim/checker.h"

#include <fmt/format.h>

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

private:
    std::map<std::tuple<std::string, std::int32_t, PartitionName>, std::string> owners_;
    std::map<std::pair<std::string, std::string>, std::int32_t> generations_;
};

}  // namespace

std::unique_ptr<Checker> single_owner(Violations& violations) {
    return std::make_unique<SingleOwner>(violations);
}

}  // namespace klamm::sim
