// kafka/records.h - the "records" type of the protocol: batches, opaque here, shared not copied.
#pragma once

#include "klamm/base/bytes.h"

#include <vector>

namespace klamm::kafka {

/// The bytes of zero or more record batches. Decoding makes one part that shares the frame;
/// encoding leaves the parts where they are and refers to them (see Frame in frame.h).
struct Records {
    std::vector<Slice> parts;

    std::size_t size() const {
        std::size_t total = 0;
        for (auto const& part : parts) total += part.size();
        return total;
    }
    bool operator==(Records const&) const = default;
};

}  // namespace klamm::kafka
