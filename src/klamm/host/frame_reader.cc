#include "klamm/host/frame_reader.h"

#include "klamm/base/ensure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace klamm::host {
namespace {

constexpr std::size_t length_bytes = 4;

std::uint32_t read_length(std::byte const* at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < length_bytes; ++i) value = value << 8 | std::uint32_t(at[i]);
    return value;
}

/// What a peer that does not speak Kafka probably speaks.
std::string_view hint(std::byte const* at) {
    std::string_view const text(reinterpret_cast<char const*>(at), length_bytes);
    if (text == "GET " || text == "POST" || text == "HEAD" || text == "PUT " || text == "HTTP")
        return "; this looks like HTTP, which has a port of its own";
    bool const is_tls = at[0] == std::byte{0x16} || at[0] == std::byte{0x15};  // hello, alert
    if (is_tls && at[1] == std::byte{0x03}) return "; this looks like TLS";
    return "";
}

}  // namespace

/// The length of the frame that begins at begin_, once its four bytes are there.
std::optional<std::size_t> FrameReader::frame_bytes() const {
    if (end_ - begin_ < length_bytes) return std::nullopt;
    return read_length(buffer_.get() + begin_);
}

/// Goes on in a new buffer, with the bytes of the begun frame at its front.
void FrameReader::move_to(std::size_t capacity) {
    auto larger = std::make_shared_for_overwrite<std::byte[]>(capacity);
    auto const begun = end_ - begin_;
    if (begun > 0) std::memcpy(larger.get(), buffer_.get() + begin_, begun);
    buffer_ = std::move(larger);
    capacity_ = capacity;
    begin_ = 0;
    end_ = begun;
}

bool FrameReader::wants_large() const {
    if (length_bytes + frame_bytes().value_or(0) <= chunk_bytes_max) return false;
    return begin_ > 0 || end_ == capacity_ || capacity_ <= chunk_bytes_max;
}

std::span<std::byte> FrameReader::space() {
    auto const begun = end_ - begin_;
    auto const wanted = length_bytes + frame_bytes().value_or(0);
    if (wanted > chunk_bytes_max) {
        // The next frame's length is read along, so that it too can go to its own place at once.
        auto const whole = wanted + length_bytes;
        if (wants_large()) move_to(std::min(whole, std::max(limits_.trusted_bytes, 2 * begun)));
        return {buffer_.get() + end_, std::min(capacity_, whole) - end_};
    }
    if (begin_ + wanted > capacity_ || end_ == capacity_ || capacity_ > chunk_bytes_max)
        move_to(std::max(chunk_bytes_, wanted));
    return {buffer_.get() + end_, capacity_ - end_};
}

void FrameReader::filled(std::size_t bytes) {
    ensure(bytes <= capacity_ - end_);
    end_ += bytes;
    // A connection that fills its chunk has more to say.
    if (end_ == capacity_) chunk_bytes_ = std::min(2 * chunk_bytes_, chunk_bytes_max);
}

std::expected<std::optional<Slice>, std::string> FrameReader::next() {
    auto const length = frame_bytes();
    if (!length) return std::nullopt;
    if (*length > limits_.frame_bytes_max)
        return std::unexpected(fmt::format("a frame of {} bytes; at most {} are allowed ({}){}",
                                           std::int32_t(std::uint32_t(*length)),
                                           limits_.frame_bytes_max, limits_.setting,
                                           hint(buffer_.get() + begin_)));
    if (end_ - begin_ < length_bytes + *length) return std::nullopt;
    ByteView const frame(buffer_.get() + begin_ + length_bytes, *length);
    begin_ += length_bytes + *length;
    Slice slice(buffer_, frame);
    if (begin_ == end_ && capacity_ > chunk_bytes_max) drop();
    return slice;
}

void FrameReader::drop() {
    buffer_.reset();
    capacity_ = begin_ = end_ = 0;
}

void FrameReader::rest() {
    if (inside_frame()) return;
    drop();
    chunk_bytes_ = chunk_bytes_min;
}

}  // namespace klamm::host
