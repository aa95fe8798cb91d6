#include "klamm/records/recompress.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <string>

namespace klamm::records {
namespace {

constexpr std::array codecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

Bytes bytes_of(std::string const& text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

std::vector<Record> zeros(std::size_t bytes) {
    return {{.offset = 0, .timestamp = 5, .key = {}, .value = Bytes(bytes), .headers = {}}};
}

rc::Gen<std::optional<Bytes>> any_bytes() {
    return rc::gen::map(rc::gen::arbitrary<std::pair<bool, std::string>>(), [](auto const& drawn) {
        return drawn.first ? std::optional{bytes_of(drawn.second)} : std::nullopt;
    });
}

rc::Gen<Record> any_record() {
    return rc::gen::exec([] {
        Record record{.offset = 0,
                      .timestamp = *rc::gen::inRange<std::int64_t>(0, 1'000'000'000'000),
                      .key = *any_bytes(),
                      .value = *any_bytes(),
                      .headers = {}};
        for (auto left = *rc::gen::inRange(0, 3); left > 0; --left)
            record.headers.push_back({*rc::gen::arbitrary<std::string>(), *any_bytes()});
        return record;
    });
}

rc::Gen<Compression> any_compression() {
    return rc::gen::exec([] {
        auto const codec = *rc::gen::elementOf(codecs);
        return Compression{codec, *rc::gen::oneOf(rc::gen::just(default_level(codec)),
                                                  rc::gen::inRange(-200'000, 30))};
    });
}

/// The header as it must be, but for what recompression is there to change.
BatchInfo without_codec(BatchInfo info) {
    info.bytes = 0;
    info.crc = 0;
    info.attributes = std::int16_t(info.attributes & ~7);
    return info;
}

RC_GTEST_PROP(Recompress, any_batch_to_any_codec_has_the_same_records_and_header, ()) {
    auto const records = *rc::gen::nonEmpty(rc::gen::container<std::vector<Record>>(any_record()));
    bool const idempotent = *rc::gen::arbitrary<bool>();
    auto const batch =
        build(records, {.codec = *rc::gen::elementOf(codecs),
                        .producer_id = idempotent ? 77 : -1,
                        .producer_epoch = std::int16_t(idempotent ? 3 : -1),
                        .base_sequence = idempotent ? *rc::gen::inRange(0, 1 << 30) : -1,
                        .base_offset = *rc::gen::inRange<std::int64_t>(0, 1LL << 40),
                        .transactional = idempotent && *rc::gen::arbitrary<bool>()});
    auto const wanted = *any_compression();
    auto const made = recompress(batch, wanted);
    RC_ASSERT(made.has_value());
    RC_ASSERT(check(*made).has_value());
    auto const before = check_stored(batch).value();
    auto const after = check_stored(*made).value();
    RC_ASSERT(after.codec() == wanted.codec);
    RC_ASSERT(std::size_t(after.bytes) == made->size());
    RC_ASSERT(without_codec(after) == without_codec(before));
    RC_ASSERT(read_records(*made).value() == read_records(batch).value());
    // There and back again: where nothing is compressed, the bytes themselves are the same.
    RC_ASSERT(recompress(*made, {Codec::none}).value() == recompress(batch, {Codec::none}).value());
}

TEST(Recompress, stops_at_a_bomb) {
    auto const bomb = build(zeros(1'000'000), {.codec = Codec::zstd});
    ASSERT_LT(bomb.size(), 1000U);
    auto const made = recompress(bomb, {Codec::gzip, -1}, {.plain_bytes_max = 900'000});
    ASSERT_FALSE(made.has_value());
    EXPECT_EQ(made.error().kind, BatchError::Kind::too_large);
}

TEST(Recompress, tells_a_batch_that_fits_from_one_that_is_a_byte_too_long) {
    auto const batch = build(zeros(1000), {.codec = Codec::zstd});
    auto const plain = recompress(batch, {Codec::none}).value();
    EXPECT_TRUE(recompress(batch, {Codec::none}, {.batch_bytes_max = plain.size()}).has_value());
    auto const refused = recompress(batch, {Codec::none}, {.batch_bytes_max = plain.size() - 1});
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().kind, BatchError::Kind::too_large);
    auto const packed = recompress(batch, {Codec::lz4, 9}).value();
    EXPECT_TRUE(recompress(batch, {Codec::lz4, 9}, {.batch_bytes_max = packed.size()}).has_value());
    EXPECT_FALSE(
        recompress(batch, {Codec::lz4, 9}, {.batch_bytes_max = packed.size() - 1}).has_value());
}

TEST(Recompress, a_level_that_tries_harder_gives_less) {
    std::string text;
    for (int n = 0; n < 20'000; ++n) text += std::to_string(n * n % 7919) + " ";
    auto const batch =
        build({{.offset = 0, .timestamp = 5, .key = {}, .value = bytes_of(text), .headers = {}}});
    auto const size = [&](Codec codec, int level) {
        return recompress(batch, {codec, level}).value().size();
    };
    EXPECT_LT(size(Codec::gzip, 9), size(Codec::gzip, 1));
    EXPECT_LT(size(Codec::lz4, 17), size(Codec::lz4, 9));  // 9 is Kafka's word for the fast one
    EXPECT_LT(size(Codec::zstd, 19), size(Codec::zstd, 1));
    EXPECT_EQ(size(Codec::gzip, default_level(Codec::gzip)), size(Codec::gzip, 6));
}

}  // namespace
}  // namespace klamm::records
