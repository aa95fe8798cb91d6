// host/frame_reader.h - cuts what a socket delivers into frames, without copying record bytes.
//
// A frame is an int32 length and that many bytes. Bytes are read into a chunk; a frame that lies
// in it whole is a slice of it, shared by whoever needs it. A frame that is larger than a chunk
// gets a buffer of its own, with room for the length of the frame behind it, so that in a stream
// of large frames each one arrives in its final place.
//
//   chunk   | frame | frame | frame | begi..    moved to the next chunk (at most one chunk long)
//   buffer  | leng  large frame ............ | leng    4 bytes moved, then the next one in place
//
// Memory follows the bytes that arrived, never a length that a peer claims: a buffer of more than
// the trusted bytes grows by doubling as it fills.
//
// Thread: one. No I/O here; the caller reads the socket.
#pragma once

#include "klamm/base/bytes.h"

#include <cstddef>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace klamm::host {

class FrameReader {
public:
    static constexpr std::size_t chunk_bytes_min = 4 * 1024;
    static constexpr std::size_t chunk_bytes_max = 64 * 1024;
    static constexpr std::size_t trusted_bytes = 1024 * 1024 + chunk_bytes_max;

    struct Limits {
        std::size_t frame_bytes_max = 0;
        std::size_t trusted_bytes = FrameReader::trusted_bytes;
        std::string_view setting = "socket.request.max.bytes";  ///< of frame_bytes_max, for people
    };

    explicit FrameReader(std::size_t frame_bytes_max) : FrameReader(Limits{frame_bytes_max}) {}
    explicit FrameReader(Limits const& limits) : limits_(limits) {}

    /// Where the next bytes belong: at least one byte. Allocates when there is no room.
    std::span<std::byte> space();
    /// The first `bytes` of space() were filled.
    void filled(std::size_t bytes);

    /// The next frame without its length; nothing while it is not complete. An error is final.
    [[nodiscard]] std::expected<std::optional<Slice>, std::string> next();

    bool inside_frame() const { return end_ > begin_; }
    /// Whether space() will allocate or grow a buffer for a frame that is larger than a chunk.
    bool wants_large() const;
    /// What a frame that is larger than a chunk holds at the moment; 0 without one.
    std::size_t large_bytes() const { return capacity_ > chunk_bytes_max ? capacity_ : 0; }
    /// Gives the memory back, when it holds no begun frame.
    void rest();

private:
    std::optional<std::size_t> frame_bytes() const;
    void move_to(std::size_t capacity);
    void drop();

    Limits const limits_;
    std::shared_ptr<std::byte[]> buffer_;
    std::size_t capacity_ = 0;
    std::size_t begin_ = 0;  ///< of the frame that is not complete
    std::size_t end_ = 0;    ///< of what was filled
    std::size_t chunk_bytes_ = chunk_bytes_min;
};

}  // namespace klamm::host
