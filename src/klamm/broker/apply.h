// broker/apply.h - the only place where state changes: one entry, applied.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/state.h"
#include "klamm/journal/journal.h"

#include <optional>
#include <string>

namespace klamm::broker {

/// Changes `state` as the entry at `at` says. Total for every entry that a handler decided; for
/// any other bytes the reason why they cannot follow this state, which is then as it was.
[[nodiscard]] std::optional<std::string> apply(State& state, journal::Position at, ByteView head,
                                               ByteView body);

/// Whether an entry with this range alone could be applied, if its files were there.
bool fits(State const& state, StoredRange const& range);

}  // namespace klamm::broker
