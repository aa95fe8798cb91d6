#include "klamm/sim/plan.h"

#include "klamm/base/random.h"

#include <utility>

namespace klamm::sim {

std::string_view to_string(Fault fault) {
    switch (fault) {
        case Fault::delay:
            return "delay";
        case Fault::request_lost:
            return "request lost";
        case Fault::response_lost:
            return "response lost";
        case Fault::late_copy:
            return "late copy";
        case Fault::client_gone:
            return "client gone";
        case Fault::paused:
            return "paused";
        case Fault::kill:
            return "kill";
        case Fault::power_loss:
            return "power loss";
        case Fault::power_loss_in_commit:
            return "power loss in commit";
        case Fault::lost_write:
            return "lost write";
        case Fault::torn_write:
            return "torn write";
        case Fault::slow_sync:
            return "slow sync";
        case Fault::failed_sync:
            return "failed sync";
        case Fault::disk_full:
            return "disk full";
        case Fault::flipped_bit:
            return "flipped bit";
        case Fault::flipped_checkpoint:
            return "flipped bit in a checkpoint";
    }
    std::unreachable();
}

Plan plan_of(std::uint64_t seed) {
    Random random{seed * 2 + 1};
    auto const between = [&](int low, int high) {
        return low + int(random.below(std::uint64_t(high - low + 1)));
    };
    Plan plan;
    plan.seed = seed;
    plan.duration = between(6, 26) * second;
    plan.partitions = between(1, 4);
    plan.idempotent_producers = between(0, 3);
    plan.plain_producers = between(plan.idempotent_producers == 0 ? 1 : 0, 2);
    plan.groups = between(0, 2);
    plan.members = between(1, 3);
    plan.admin = random.one_in(2);
    plan.table = random.one_in(2);

    // Opportunities: messages for the network, commits for the disk, tenths of a second for what
    // ends the process. Each fault is off in a third of all seeds.
    constexpr std::array usual{
        std::pair{Fault::delay, 60U},
        std::pair{Fault::request_lost, 120U},
        std::pair{Fault::response_lost, 120U},
        std::pair{Fault::late_copy, 80U},
        std::pair{Fault::client_gone, 30U},
        std::pair{Fault::kill, 40U},
        std::pair{Fault::power_loss, 30U},
        std::pair{Fault::power_loss_in_commit, 50U},
        std::pair{Fault::slow_sync, 40U},
        std::pair{Fault::failed_sync, 300U},
        std::pair{Fault::disk_full, 150U},
        std::pair{Fault::flipped_bit, 50U},
        std::pair{Fault::flipped_checkpoint, 60U},
    };
    for (auto const& [fault, rate] : usual) {
        auto const often = rate / 2 + std::uint32_t(random.below(rate * 2)) + 1;
        if (!random.one_in(3)) plan[fault] = often;
    }
    plan.modern_groups = between(0, 2) == 0 ? 0 : 1;
    plan.modern_members = between(1, 4);
    plan.writers = between(0, 2);
    plan.applications = between(0, 2);
    plan[Fault::paused] = random.one_in(3) ? 0 : 10 + std::uint32_t(random.below(60));
    return plan;
}

}  // namespace klamm::sim
