// broker/producer_ids.h - ids that no two producers share, ever.
#pragma once

#include "klamm/broker/step.h"

#include <cstdint>
#include <optional>

namespace klamm::broker {

/// Takes ids in blocks, so that not each costs an entry. What is left of a block at a crash is
/// never given.
class ProducerIds {
public:
    static constexpr std::int64_t block = 1000;

    /// None when the journal is full.
    std::optional<std::int64_t> take(Step& step);

private:
    std::int64_t next_ = 0;
    std::int64_t end_ = 0;  ///< of the block in hand
};

}  // namespace klamm::broker
