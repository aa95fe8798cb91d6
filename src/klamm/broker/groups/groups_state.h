// broker/groups/groups_state.h - what of the consumer groups must survive: the fold over their entries.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/broker/entries.h"

#include <optional>
#include <string>
#include <string_view>

namespace klamm::broker {

struct GroupsState {
    void apply(GroupChanged const&) {}
    void apply(GroupDeleted const&) {}
    void apply(OffsetsCommitted const&) {}
    void apply(OffsetsDeleted const&) {}
    /// A deleted topic's committed offsets go with it.
    void topic_deleted(std::string_view) {}

    /// Appends its part of a checkpoint; the same state gives the same bytes.
    void encode(Bytes&) const {}
    /// Takes over what encode() wrote; the reason when it cannot be.
    [[nodiscard]] std::optional<std::string> decode(ByteView) { return std::nullopt; }
};

}  // namespace klamm::broker
