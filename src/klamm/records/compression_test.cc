#include "klamm/records/compression.h"

#include "klamm/records/wire.h"

#include <gtest/gtest.h>
#include <lz4frame.h>
#include <rapidcheck/gtest.h>

#include <array>

namespace klamm::records {
namespace {

constexpr std::array real_codecs = {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};
constexpr std::size_t limit = 1 << 20;

Bytes sample(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) bytes[i] = std::byte((i * i / 64) & 0xff);
    return bytes;
}

Bytes joined(std::initializer_list<Bytes> parts) {
    Bytes all;
    for (auto const& part : parts) put_bytes(all, part);
    return all;
}

/// The header of snappy-java, with the version numbers as `one` has them.
Bytes xerial(Bytes one) {
    Bytes header;
    for (auto const byte : {0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00})
        header.push_back(std::byte(byte));
    return joined({header, one, one});
}
Bytes big_endian_one() { return {std::byte{0}, std::byte{0}, std::byte{0}, std::byte{1}}; }
Bytes little_endian_one() { return {std::byte{1}, std::byte{0}, std::byte{0}, std::byte{0}}; }

Bytes block(Bytes const& plain) {
    auto const compressed = compress(Codec::snappy, plain);
    Bytes length(4);
    store(length, 0, std::uint32_t(compressed.size()));
    return joined({length, compressed});
}

TEST(Compression, output_of_exactly_the_limit_passes_and_a_byte_more_does_not) {
    auto const plain = sample(100'000);
    for (auto const codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        SCOPED_TRACE(to_string(codec));
        auto const compressed = compress(codec, plain);
        EXPECT_EQ(decompress(codec, compressed, plain.size()), plain);
        EXPECT_EQ(decompress(codec, compressed, plain.size() - 1),
                  std::unexpected(DecompressError::too_large));
    }
}

TEST(Compression, every_truncation_is_malformed) {
    for (auto const codec : real_codecs) {
        auto const compressed = compress(codec, sample(300));
        for (std::size_t size = 0; size < compressed.size(); ++size)
            EXPECT_EQ(decompress(codec, ByteView{compressed}.first(size), limit),
                      std::unexpected(DecompressError::malformed))
                << to_string(codec) << " cut at " << size;
    }
}

TEST(Compression, bytes_behind_the_end_are_malformed) {
    for (auto const codec : real_codecs)
        EXPECT_FALSE(decompress(codec, joined({compress(codec, sample(300)), Bytes(3)}), limit))
            << to_string(codec);
}

TEST(Compression, much_from_little_stops_at_the_limit) {
    for (auto const codec : real_codecs)
        EXPECT_EQ(decompress(codec, compress(codec, Bytes(8 << 20)), limit),
                  std::unexpected(DecompressError::too_large))
            << to_string(codec);
}

Bytes lz4_frame(ByteView plain, LZ4F_blockMode_t mode, unsigned dictionary = 0) {
    LZ4F_preferences_t preferences{};
    preferences.frameInfo.blockMode = mode;
    preferences.frameInfo.blockSizeID = LZ4F_max64KB;
    preferences.frameInfo.dictID = dictionary;
    Bytes out(LZ4F_compressFrameBound(plain.size(), &preferences));
    out.resize(
        LZ4F_compressFrame(out.data(), out.size(), plain.data(), plain.size(), &preferences));
    return out;
}

TEST(Compression, an_lz4_frame_that_kafkas_client_does_not_read_is_told_from_a_malformed_one) {
    constexpr std::size_t several_blocks = 200'000;
    auto const plain = sample(several_blocks);
    EXPECT_EQ(decompress(Codec::lz4, lz4_frame(plain, LZ4F_blockIndependent), limit), plain);
    auto const unreadable = std::unexpected(DecompressError::unreadable);
    EXPECT_EQ(decompress(Codec::lz4, lz4_frame(plain, LZ4F_blockLinked), limit), unreadable);
    EXPECT_EQ(decompress(Codec::lz4, lz4_frame(plain, LZ4F_blockIndependent, 7), limit),
              unreadable);
}

TEST(Compression, gzip_members_one_behind_the_other_are_one_text) {
    auto const a = sample(1000);
    auto const b = sample(77);
    auto const two = joined({compress(Codec::gzip, a), compress(Codec::gzip, b)});
    EXPECT_EQ(decompress(Codec::gzip, two, limit), joined({a, b}));
}

TEST(Compression, both_writers_of_the_xerial_framing_are_read) {
    auto const a = sample(1000);
    auto const b = sample(77);
    for (auto const& one : {big_endian_one(), little_endian_one()})
        EXPECT_EQ(decompress(Codec::snappy, joined({xerial(one), block(a), block(b)}), limit),
                  joined({a, b}));
}

TEST(Compression, xerial_streams_one_behind_the_other_are_one_text) {
    auto const a = sample(1000);
    auto const header = xerial(big_endian_one());
    EXPECT_EQ(decompress(Codec::snappy, joined({header, block(a), header, block(a)}), limit),
              joined({a, a}));
}

TEST(Compression, a_xerial_block_longer_than_the_input_is_malformed) {
    auto const framed = joined({xerial(big_endian_one()), block(sample(50))});
    for (std::size_t size = 17; size < framed.size(); ++size)
        EXPECT_FALSE(decompress(Codec::snappy, ByteView{framed}.first(size), limit));
}

TEST(Compression, a_snappy_block_that_claims_more_than_it_can_hold_is_not_believed) {
    Bytes claims;  // 900,000 bytes, in three
    for (auto value = 900'000U; value > 0; value >>= 7)
        claims.push_back(std::byte(value >= 0x80 ? value | 0x80 : value));
    EXPECT_EQ(decompress(Codec::snappy, claims, limit),
              std::unexpected(DecompressError::malformed));
}

TEST(Compression, codecs_have_kafkas_names) {
    EXPECT_EQ(to_string(Codec::zstd), "zstd");
    EXPECT_EQ(to_string(Codec{5}), "unknown");
}

RC_GTEST_PROP(Compression, any_bytes_come_back, ()) {
    auto const drawn = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
    auto const view = std::as_bytes(std::span{drawn});
    auto const codec = *rc::gen::elementOf(real_codecs);
    auto const back = decompress(codec, compress(codec, view), limit);
    RC_ASSERT(back.has_value());
    RC_ASSERT(*back == Bytes(view.begin(), view.end()));
}

RC_GTEST_PROP(Compression, any_bytes_as_input_give_an_error_or_bounded_output, ()) {
    auto bytes = compress(*rc::gen::elementOf(real_codecs), sample(500));
    auto const codec = *rc::gen::elementOf(real_codecs);
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] =
        std::byte(*rc::gen::arbitrary<std::uint8_t>());
    auto const out = decompress(codec, bytes, 10'000);
    RC_ASSERT(!out || out->size() <= 10'000);
}

}  // namespace
}  // namespace klamm::records
