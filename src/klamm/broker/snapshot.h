// broker/snapshot.h - the state as bytes, for checkpoints (doc/formats/checkpoint-state.md).
//
// Freezing is cheap and happens on the broker's thread: small things are encoded at once, full
// blocks of batches, which never change, are only shared. Assembling the bytes may happen later,
// on any thread. The same state gives the same bytes.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/state.h"

#include <optional>
#include <string>
#include <vector>

namespace klamm::broker {

inline constexpr std::uint8_t snapshot_version = 4;

struct FrozenState {
    struct Piece {
        Bytes bytes;
        std::shared_ptr<BatchBlock const> block;  ///< comes behind `bytes`; may be null
    };
    std::vector<Piece> pieces;
    registry::State registry;  ///< comes last
};

FrozenState freeze(State const& state);
Bytes assemble(FrozenState const& frozen);

/// Takes over what assemble() gave, with high watermarks at the ends of the logs. Requires an
/// empty state. The reason why the bytes cannot be a state, or nothing; after a reason the state
/// is of no use.
[[nodiscard]] std::optional<std::string> thaw(State& state, ByteView bytes);

}  // namespace klamm::broker
