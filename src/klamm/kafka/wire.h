// kafka/wire.h - the primitive types of the Kafka wire format, written and read.
//
// All integers are big-endian. "Flexible" message versions (KIP-482) write lengths as
// unsigned varints holding length + 1, so that 0 can mean null; older versions write an
// int16 (strings) or int32 (bytes, arrays) length where -1 means null.
//
// Source: https://kafka.apache.org/protocol.html#protocol_types
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/kafka/frame.h"

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace klamm::kafka {

/// What a frame may hold; beyond it the peer is taken to be mistaken or hostile. The first three
/// are Kafka's own.
inline constexpr std::size_t string_bytes_max = 32767;
inline constexpr std::uint32_t array_elements_max = 1'000'000;
inline constexpr std::uint32_t tagged_fields_max = 10'000;
/// All arrays of one frame together, so that nesting does not multiply the limit above.
inline constexpr std::uint32_t frame_elements_max = 1'000'000;

/// Why a frame could not be read.
enum class Refusal : std::uint8_t {
    none,
    ended_early,      ///< the frame ends inside a field
    bad_length,       ///< negative, or more than the bytes that are left, or than a string may have
    bad_varint,       ///< more than 32 bits
    unexpected_null,  ///< null where this version has no null
    too_many_elements,  ///< array_elements_max or frame_elements_max
    too_many_tags,      ///< tagged_fields_max
    bad_tag_size,       ///< a tagged field is longer or shorter than it says
    trailing_bytes,     ///< the message is complete, the frame is not
};

std::string_view to_string(Refusal refusal);  ///< for people: "the frame ends inside this field"

/// A decode error is the peer's fault: close the connection.
struct DecodeError {
    Refusal refusal = Refusal::none;
    std::size_t offset = 0;  ///< bytes from the start of the frame
    std::string field;       ///< "topics[3].partitions[0].fetch_offset"; empty for trailing_bytes

    bool operator==(DecodeError const&) const = default;
};

/// One sentence for a log: what could not be read, where, and why.
std::string to_string(DecodeError const& error);

/// Appends primitives to a frame of its own. Cannot fail: it only grows the frame.
class Writer {
public:
    /// Room for `expected` bytes is taken at once; more when needed.
    explicit Writer(std::size_t expected = 256) { frame_.bytes.resize(expected); }

    template <std::integral T>
    void integer(T value) {
        auto const big = std::endian::native == std::endian::big ? value : std::byteswap(value);
        std::memcpy(grow(sizeof big), &big, sizeof big);
    }
    void float64(double value) { integer(std::bit_cast<std::uint64_t>(value)); }

    void uvarint(std::uint32_t value) {
        for (; value >= 0x80; value >>= 7) *grow(1) = std::byte((value & 0x7f) | 0x80);
        *grow(1) = std::byte(value);
    }

    void raw(ByteView bytes) {
        if (!bytes.empty()) std::memcpy(grow(bytes.size()), bytes.data(), bytes.size());
    }

    /// Refers to `slice` instead of copying it.
    void splice(Slice const& slice) {
        if (!slice.empty()) frame_.splices.push_back({size_, slice});
    }

    /// Writes `value` as an unsigned varint before what was written since size() was `at`.
    /// Requires that nothing was spliced since.
    void insert_uvarint(std::size_t at, std::uint32_t value);

    /// Writes `value` over the bytes at `at`, which were written before.
    template <std::integral T>
    void patch(std::size_t at, T value) {
        auto const big = std::endian::native == std::endian::big ? value : std::byteswap(value);
        std::memcpy(frame_.bytes.data() + at, &big, sizeof big);
    }

    std::size_t size() const { return size_; }  ///< what was written, without splices
    std::size_t spliced() const { return frame_.splices.size(); }

    Frame finish() && {
        frame_.bytes.resize(size_);
        return std::move(frame_);
    }
    /// The same for what has no records. Requires that nothing was spliced.
    Bytes finish_bytes() &&;

private:
    std::byte* grow(std::size_t more) {
        if (more > frame_.bytes.size() - size_) make_room(more);
        auto* const end = frame_.bytes.data() + size_;
        size_ += more;
        return end;
    }
    void make_room(std::size_t more);

    Frame frame_;           // its bytes are longer than what was written, until finish()
    std::size_t size_ = 0;  // what was written
};

/// Takes primitives off the front of a frame.
///
/// Failure is sticky: after the first read past the end every read returns zero or empty, so
/// a decoder runs straight through and asks `failed()` once, at the end. A count or length
/// is never believed beyond the bytes that are left, which bounds every loop and allocation
/// by the size of the frame.
class Reader {
public:
    /// take_slice() copies.
    explicit Reader(ByteView frame)
        : begin_(frame.data()), next_(begin_), end_(begin_ + frame.size()) {}
    /// take_slice() shares the owner of `frame`, which must outlive the reader.
    explicit Reader(Slice const& frame) : Reader(frame.view()) { shared_ = &frame; }

    template <std::integral T>
    T integer() {
        T big{};
        auto const bytes = take(sizeof big);
        if (bytes.empty()) return 0;
        std::memcpy(&big, bytes.data(), sizeof big);
        return std::endian::native == std::endian::big ? big : std::byteswap(big);
    }
    double float64() { return std::bit_cast<double>(integer<std::uint64_t>()); }

    std::uint32_t uvarint() {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 35; shift += 7) {
            auto const byte = integer<std::uint8_t>();
            if (shift == 28 && byte > 0x0f) break;
            value |= std::uint32_t(byte & 0x7f) << shift;
            if ((byte & 0x80) == 0) return value;
        }
        fail(Refusal::bad_varint);
        return 0;
    }

    ByteView take(std::size_t size) {
        if (size > bytes_left()) [[unlikely]] {
            fail(Refusal::ended_early);
            return {};
        }
        auto const* const front = next_;
        next_ += size;
        return {front, size};
    }
    Slice take_slice(std::size_t size);

    /// Counts `elements` against the limits of arrays; fails when they are exceeded.
    void take_elements(std::uint32_t elements) {
        if (elements > array_elements_max || elements > elements_left_)
            return fail(Refusal::too_many_elements);
        elements_left_ -= elements;
    }

    /// Everything until release() reads from the next `size` bytes only.
    [[nodiscard]] std::byte const* confine(std::size_t size) {
        auto const* const outer = end_;
        if (size > bytes_left()) fail(Refusal::ended_early);
        if (!failed()) end_ = next_ + size;
        return outer;
    }
    /// Goes on after the confined bytes, all of which must have been read.
    void release(std::byte const* outer) {
        if (next_ != end_) fail(Refusal::bad_tag_size);
        end_ = outer;
        if (failed()) next_ = end_;
    }

    void fail(Refusal why) {
        if (!failed()) {
            error_.refusal = why;
            error_.offset = offset();
        }
        next_ = end_;
    }
    /// After a failure: the field that was being read lies in `outer`. Innermost first.
    void failed_in(std::string_view outer);
    void failed_at_element(std::size_t index);

    bool failed() const { return error_.refusal != Refusal::none; }
    DecodeError const& error() const { return error_; }
    std::size_t bytes_left() const { return std::size_t(end_ - next_); }
    std::size_t offset() const { return std::size_t(next_ - begin_); }

private:
    std::byte const* begin_;
    std::byte const* next_;
    std::byte const* end_;
    Slice const* shared_ = nullptr;
    std::uint32_t elements_left_ = frame_elements_max;
    DecodeError error_;
};

}  // namespace klamm::kafka
