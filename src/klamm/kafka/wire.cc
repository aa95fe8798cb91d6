#include "klamm/kafka/wire.h"

#include "klamm/base/ensure.h"

#include <algorithm>
#include <array>

namespace klamm::kafka {

std::string_view to_string(Refusal refusal) {
    switch (refusal) {
        case Refusal::none:
            return "nothing is wrong";
        case Refusal::ended_early:
            return "the frame ends inside this field";
        case Refusal::bad_length:
            return "its length is negative or more than there is";
        case Refusal::bad_varint:
            return "its varint has more than 32 bits";
        case Refusal::unexpected_null:
            return "it is null, which this version does not allow";
        case Refusal::too_many_elements:
            return "the frame has more than 1,000,000 array elements";
        case Refusal::too_many_tags:
            return "it has more than 10,000 tagged fields";
        case Refusal::bad_tag_size:
            return "a tagged field has not the size that it states";
        case Refusal::trailing_bytes:
            return "bytes follow after the last field";
    }
    return "unknown refusal";
}

std::string to_string(DecodeError const& error) {
    std::string text = error.field.empty() ? "the message" : "field " + error.field;
    text += " cannot be read at byte " + std::to_string(error.offset) + ": ";
    return text += to_string(error.refusal);
}

void Writer::make_room(std::size_t more) {
    frame_.bytes.resize(std::max(2 * frame_.bytes.size(), size_ + more));
}

void Writer::insert_uvarint(std::size_t at, std::uint32_t value) {
    ensure(frame_.splices.empty() || frame_.splices.back().at <= at);
    std::array<std::byte, 5> varint;
    std::size_t length = 0;
    for (; value >= 0x80; value >>= 7) varint[length++] = std::byte((value & 0x7f) | 0x80);
    varint[length++] = std::byte(value);

    auto const moved = size_ - at;
    grow(length);
    auto* const from = frame_.bytes.data() + at;
    std::memmove(from + length, from, moved);
    std::memcpy(from, varint.data(), length);
}

Bytes Writer::finish_bytes() && {
    ensure(frame_.splices.empty());
    return std::move(*this).finish().bytes;
}

Slice Reader::take_slice(std::size_t size) {
    auto const from = offset();
    auto const bytes = take(size);
    if (failed()) return {};
    if (shared_) return shared_->part(from, size);
    return Slice{Bytes(bytes.begin(), bytes.end())};
}

void Reader::failed_in(std::string_view outer) {
    auto& field = error_.field;
    auto const joined = field.empty() || field.front() == '[';
    field.insert(0, joined ? std::string{outer} : std::string{outer} + '.');
}

void Reader::failed_at_element(std::size_t index) {
    auto& field = error_.field;
    field.insert(0, '[' + std::to_string(index) + (field.empty() ? "]" : "]."));
}

}  // namespace klamm::kafka
