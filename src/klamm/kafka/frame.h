// kafka/frame.h - a frame ready to be sent: bytes of its own, and record bytes that stay where they
// are.
//
//   bytes    | length, header, fields ...      | more fields ...          |
//                                              ^ at                       ^ at
//   splices                                    | batches of a partition   | batches of the next |
//
// Sending a frame means writing `bytes` up to the first `at`, then that splice, and so on: one
// writev, no copy of record bytes.
#pragma once

#include "klamm/base/bytes.h"

#include <cstddef>
#include <vector>

namespace klamm::kafka {

struct Frame {
    struct Splice {
        std::size_t at = 0;  ///< comes before bytes[at]; ascending
        Slice slice;         ///< never empty
    };

    Bytes bytes;
    std::vector<Splice> splices;

    /// Of all that is sent.
    std::size_t size() const {
        auto total = bytes.size();
        for (auto const& splice : splices) total += splice.slice.size();
        return total;
    }

    /// The pieces in the order in which they are sent. They are valid as long as the frame lives
    /// unchanged.
    std::vector<ByteView> pieces() const;
};

/// All of it in one piece: for tests and simulation. The server sends pieces().
Bytes flatten(Frame const& frame);

}  // namespace klamm::kafka
