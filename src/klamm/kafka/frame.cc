#include "klamm/kafka/frame.h"

#include <cstring>

namespace klamm::kafka {

std::vector<ByteView> Frame::pieces() const {
    std::vector<ByteView> pieces;
    pieces.reserve(2 * splices.size() + 1);
    std::size_t from = 0;
    for (auto const& splice : splices) {
        if (splice.at > from) pieces.push_back(ByteView{bytes}.subspan(from, splice.at - from));
        pieces.push_back(splice.slice.view());
        from = splice.at;
    }
    if (from < bytes.size()) pieces.push_back(ByteView{bytes}.subspan(from));
    return pieces;
}

Bytes flatten(Frame const& frame) {
    Bytes whole(frame.size());
    std::size_t to = 0;
    for (auto piece : frame.pieces()) {
        std::memcpy(whole.data() + to, piece.data(), piece.size());
        to += piece.size();
    }
    return whole;
}

}  // namespace klamm::kafka
