#include "klamm/sim/checker.h"

#include <fmt/format.h>

namespace klamm::sim {

std::string to_string(PartitionName const& partition) {
    return fmt::format("{}/{}", partition.topic, partition.number);
}

Checkers::Checkers(Violations& violations) {
    all_.push_back(no_lost_ack(violations));
    all_.push_back(durable_prefix(violations));
    all_.push_back(offsets_dense(violations));
    all_.push_back(single_owner(violations));
    all_.push_back(idempotent_once(violations));
    all_.push_back(committed_never_back(violations));
    all_.push_back(high_watermark(violations));
    all_.push_back(log_start(violations));
}

}  // namespace klamm::sim
