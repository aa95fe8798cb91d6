// bus/fetched.h - what a reader of committed records sees of what a Fetch brought.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/kafka/messages/fetch.h"

#include <expected>
#include <string>
#include <vector>

namespace klamm::bus {

/// Appends the records from `offset` on, without those of aborted transactions and without
/// control records, and returns where to go on. Keys and values look into the fetched batches, or
/// into what was decompressed. The error: what is wrong with a batch; then nothing was appended.
[[nodiscard]] std::expected<std::int64_t, std::string> read_fetched(
    kafka::FetchResponse::PartitionData const& fetched, TopicPartition const& partition,
    std::int64_t offset, std::vector<Record>& out);

}  // namespace klamm::bus
