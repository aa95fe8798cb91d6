#include "klamm/sim/checker.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::sim {

std::string to_string(PartitionName const& partition) {
    return fmt::format("{}/{}", partition.topic, partition.number);
}

std::string_view transaction_of(std::string_view value) {
    auto const colon = value.find(':');
    return colon == std::string_view::npos ? std::string_view{} : value.substr(0, colon);
}

std::vector<Fate> fates_of(std::span<SeenBatch const> batches) {
    std::vector<Fate> fates(batches.size(), Fate::plain);
    std::map<std::int64_t, std::vector<std::size_t>> open;  // by producer id
    for (std::size_t i = 0; i < batches.size(); ++i) {
        auto const& batch = batches[i];
        if (batch.kind == SeenBatch::Kind::transactional) {
            fates[i] = Fate::open;
            open[batch.producer_id].push_back(i);
        } else if (batch.marker()) {
            bool const commit = batch.kind == SeenBatch::Kind::commit;
            for (auto const at : std::exchange(open[batch.producer_id], {}))
                fates[at] = commit ? Fate::committed : Fate::aborted;
        }
    }
    return fates;
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
    all_.push_back(compaction_keeps(violations));
    all_.push_back(transaction_atomic(violations));
    all_.push_back(committed_reads(violations));
    all_.push_back(last_stable(violations));
    all_.push_back(exactly_once(violations));
}

}  // namespace klamm::sim
