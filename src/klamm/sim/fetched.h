// sim/fetched.h - what a fetch brought, as a client reads it: batches, markers, and what is shown
// to a reader that wants committed records only.
#pragma once

#include "klamm/kafka/messages/fetch.h"
#include "klamm/sim/checker.h"

#include <map>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

namespace klamm::sim {

/// Reads batches, and remembers those that it has read: an auditor sees the same bytes often.
class BatchReader {
public:
    explicit BatchReader(Violations& violations) : violations_(violations) {}

    /// The batches of one fetched partition, complete ones. Reports a batch whose checksum or
    /// structure is wrong.
    std::vector<SeenBatch> read(PartitionName const& partition,
                                std::optional<kafka::Records> const& fetched);

private:
    struct Known {
        Bytes bytes;
        SeenBatch batch;
    };
    using KnownBatches = std::unordered_map<std::int64_t, Known>;  ///< by base offset

    std::optional<SeenBatch> read(PartitionName const& partition, KnownBatches& known_batches,
                                  ByteView bytes);

    Violations& violations_;
    std::map<PartitionName, KnownBatches> known_;
};

/// All records, those of markers too.
std::vector<SeenRecord> records_of(std::span<SeenBatch const> batches);

using Aborted = std::vector<kafka::FetchResponse::AbortedTransaction>;
/// What a client that reads committed records shows its user, as Kafka's clients do it: from the
/// list of aborted transactions and their markers.
std::vector<SeenRecord> committed_of(std::span<SeenBatch const> batches, Aborted aborted);

}  // namespace klamm::sim
