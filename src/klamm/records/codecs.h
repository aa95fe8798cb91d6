// records/codecs.h - each codec's two functions; the contract is that of compression.h.
#pragma once

#include "klamm/records/compression.h"

namespace klamm::records {

using Decompressed = std::expected<Bytes, DecompressError>;

Decompressed gunzip(ByteView compressed, std::size_t bytes_max);
Decompressed unsnappy(ByteView compressed, std::size_t bytes_max);
Decompressed unlz4(ByteView compressed, std::size_t bytes_max);
Decompressed unzstd(ByteView compressed, std::size_t bytes_max);

Bytes gzip(ByteView plain, int level);
Bytes snappy(ByteView plain);  ///< raw, which every client reads
Bytes lz4(ByteView plain, int level);
Bytes zstd(ByteView plain, int level);

/// Kafka's default for lz4, by which it means the fast compressor; all others are the slow one's.
inline constexpr int lz4_fast_level = 9;

/// Where a decompressor writes: grows by doubling, up to a byte beyond the limit, so that
/// "exactly full" and "too large" are told apart.
class Output {
public:
    Output(std::size_t expected, std::size_t bytes_max)
        : bytes_max_(bytes_max),
          bytes_(std::min(std::max<std::size_t>(expected, 512), bytes_max + 1)) {}

    /// Never empty, unless too_large().
    std::span<std::byte> room() {
        if (used_ == bytes_.size() && !too_large())
            bytes_.resize(std::min(bytes_.size() * 2, bytes_max_ + 1));
        return std::span{bytes_}.subspan(used_);
    }
    void wrote(std::size_t size) { used_ += size; }
    bool too_large() const { return used_ > bytes_max_; }
    Bytes take() {
        bytes_.resize(used_);
        return std::move(bytes_);
    }

private:
    std::size_t bytes_max_;
    Bytes bytes_;
    std::size_t used_ = 0;
};

}  // namespace klamm::records
