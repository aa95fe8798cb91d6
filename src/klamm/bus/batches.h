// bus/batches.h - what is to be written, as requests: batches for each partition, in rounds.
//
//     records:   a→p0  b→p1  c→p0  d→p0          each request has at most one batch of a partition
//     round 1:   p0 [a c]  p1 [b]
//     round 2:   p0 [d]                          p0's first batch was full
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/bus/setting.h"

#include <map>
#include <span>
#include <string>
#include <vector>

namespace klamm::bus {

/// Room is left for what brokers allow by default in one batch.
inline constexpr std::size_t batch_bytes_aim = 900'000;

/// Records, wherever they lie.
using OutgoingView = std::span<Outgoing const* const>;

/// A batch to be, and what came of it.
struct Batch {
    TopicPartition partition;
    std::vector<std::size_t> records;  ///< indexes, in order
    std::int32_t base_sequence = 0;    ///< within its partition, from what place() was told on
    std::size_t round = 0;
    std::size_t bytes = 0;          ///< at most
    std::int64_t base_offset = -1;  ///< once it is written
    bool written() const { return base_offset >= 0; }
};

/// Chooses partitions, by key, or one for all that have none: `any` counts up. Requires that all
/// topics are known. `sequences` counts on. The error: a partition that does not exist.
[[nodiscard]] Result<std::vector<Batch>> place(OutgoingView records, Topics const& topics,
                                               std::uint64_t any,
                                               std::map<TopicPartition, std::int32_t>& sequences);

struct ProducerName {
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    bool known() const { return id >= 0; }
};

/// Those of one round that are not written yet. Their bytes are new with each call: the broker may
/// have put its mark on those that it was given before.
kafka::ProduceRequest produce_request(OutgoingView records, std::span<Batch const> batches,
                                      std::size_t round, ProducerName const& producer,
                                      std::string const* transactional_id, std::int64_t now_ms);

/// "orders" of all records, each once.
std::vector<std::string> topics_of(OutgoingView records);

}  // namespace klamm::bus
