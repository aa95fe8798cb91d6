// broker/transactions/changes.h - what the entries of transactions change: a part of apply().
#pragma once

#include "klamm/broker/state.h"
#include "klamm/journal/journal.h"

#include <optional>
#include <string>

namespace klamm::broker {

/// The reason why an entry cannot follow the state, which is then as it was; or nothing.
using Refused = std::optional<std::string>;

Refused change(State& state, ProducerInitialized const& entry);
Refused change(State& state, TransactionExtended const& entry);
Refused change(State& state, TransactionOffsets const& entry, journal::Position at);
Refused change(State& state, TransactionEnded const& entry, journal::Position at, ByteView body);
Refused change(State& state, TransactionalIdsForgotten const& entry);

/// Whether a transactional batch of this producer may stand in a partition.
Refused check_transactional(State const& state, records::BatchInfo const& batch);
/// It does now; requires check_transactional().
void write_transactional(State& state, Partition& partition, records::BatchInfo const& batch,
                         std::int64_t appended_ms);

}  // namespace klamm::broker
