// records/compression.h - the four codecs of record batches.
//
// Framings, as Kafka's clients write them: gzip (RFC 1952, one or more members), snappy (raw, or
// in the framing of xerial's snappy-java, see snappy.cc), lz4 (frame format), zstd (RFC 8878).
#pragma once

#include "klamm/base/bytes.h"

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace klamm::records {

enum class Codec : std::uint8_t { none = 0, gzip = 1, snappy = 2, lz4 = 3, zstd = 4 };

std::string_view to_string(Codec codec);  ///< "none", "gzip", ...; "unknown" for other numbers

enum class DecompressError : std::uint8_t {
    malformed,
    too_large,
    unreadable,  ///< well-formed lz4 in a shape that Kafka's Java clients refuse, see lz4.cc
};

/// At most `bytes_max` bytes come out. Memory grows with what is produced, never with what the
/// input claims (a constant of a few MiB for the codec's window aside). Input that ends early or
/// goes on behind its end is malformed. Requires one of the five codecs.
[[nodiscard]] std::expected<Bytes, DecompressError> decompress(Codec codec, ByteView compressed,
                                                               std::size_t bytes_max);

/// A codec, and how hard it tries, in the numbers of Kafka's compression.*.level.
struct Compression {
    Codec codec = Codec::none;
    int level = 0;  ///< for gzip, lz4 and zstd
    bool operator==(Compression const&) const = default;
};

/// The level that Kafka takes when it is not told otherwise; 0 for codecs without levels.
int default_level(Codec codec);

/// A level beyond those of the codec counts as the nearest that it has.
Bytes compress(Compression const& compression, ByteView plain);
/// With the default level.
Bytes compress(Codec codec, ByteView plain);

}  // namespace klamm::records
