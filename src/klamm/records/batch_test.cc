#include "klamm/records/batch.h"

#include "klamm/base/crc32c.h"
#include "klamm/records/wire.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cstdio>
#include <numeric>

namespace klamm::records {
namespace {

using testing::HasSubstr;
using Kind = BatchError::Kind;

Bytes bytes_of(std::string_view text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

std::vector<Record> three_records() {
    return {{0, 1000, bytes_of("k1"), bytes_of("v1"), {{"h1", bytes_of("a")}, {"h2", {}}}},
            {1, 3000, std::nullopt, bytes_of("v2"), {}},
            {2, 2000, bytes_of("k3"), std::nullopt, {}}};
}

/// Changes a field and mends the CRC, so that what is refused is the field.
template <std::integral T>
Bytes with(Bytes batch, std::size_t at, T value) {
    store(batch, at, value);
    store(batch, 17, crc32c(ByteView{batch}.subspan(21)));
    return batch;
}

Kind refused(ByteView batch, std::string_view naming = "", CheckLimits limits = {}) {
    auto const info = check(batch, limits);
    if (info) {
        ADD_FAILURE() << "accepted";
        return {};
    }
    EXPECT_THAT(info.error().why, HasSubstr(naming));
    return info.error().kind;
}

constexpr std::array all_codecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4,
                                   Codec::zstd};

TEST(Batch, what_is_built_is_accepted_and_reads_back_with_every_codec) {
    for (auto const codec : all_codecs) {
        SCOPED_TRACE(to_string(codec));
        auto batch =
            build(three_records(),
                  {.codec = codec, .producer_id = 7, .producer_epoch = 1, .base_sequence = 40});
        auto const info = check(batch);
        ASSERT_TRUE(info) << info.error().why;
        EXPECT_EQ(info->codec(), codec);
        EXPECT_EQ(info->records_count, 3);
        EXPECT_EQ(info->producer_id, 7);
        EXPECT_EQ(info->base_sequence, 40);
        EXPECT_EQ(info->max_timestamp, 3000);
        auto const records = read_records(batch);
        ASSERT_TRUE(records) << records.error().why;
        EXPECT_EQ(*records, three_records());
    }
}

TEST(Batch, a_patched_offset_moves_every_record_and_leaves_the_crc_alone) {
    auto batch = build(three_records());
    auto const crc = read_header(batch)->crc;
    patch_offset(batch, 500, 3);
    auto const info = check_stored(batch);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->base_offset, 500);
    EXPECT_EQ(info->next_offset(), 503);
    EXPECT_EQ(info->leader_epoch, 3);
    EXPECT_EQ(info->crc, crc);
    EXPECT_EQ(read_records(batch)->back().offset, 502);
}

TEST(Batch, log_append_time_is_the_time_of_every_record) {
    auto batch = build(three_records());
    patch_log_append_time(batch, 9000);
    ASSERT_TRUE(check_stored(batch));
    auto const records = *read_records(batch);
    for (auto const& record : records) EXPECT_EQ(record.timestamp, 9000);
    EXPECT_EQ(*find_latest(batch), (OffsetAndTimestamp{0, 9000}));
}

TEST(Batch, a_wrong_max_timestamp_is_mended_as_kafka_does) {
    auto batch = with(build(three_records()), 35, std::int64_t{1});
    auto info = check(batch);
    ASSERT_TRUE(info);
    EXPECT_EQ(info->max_timestamp, 3000);
    mend_max_timestamp(batch, *info);
    auto const mended = check_stored(batch);
    ASSERT_TRUE(mended);
    EXPECT_EQ(mended->max_timestamp, 3000);
    EXPECT_EQ(mended->crc, info->crc);
}

TEST(Batch, a_right_max_timestamp_costs_nothing) {
    auto batch = build(three_records());
    auto const before = batch;
    auto info = check(batch);
    mend_max_timestamp(batch, *info);
    EXPECT_EQ(batch, before);
}

TEST(Batch, the_base_offset_of_a_client_means_nothing) {
    auto const info = check(with(build(three_records()), 0, std::int64_t{-5}));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->base_offset, 0);
}

TEST(Batch, lookups_by_time_find_the_first_that_fits) {
    auto batch = build(three_records());
    patch_offset(batch, 10, 0);
    EXPECT_EQ(**find_by_timestamp(batch, 0), (OffsetAndTimestamp{10, 1000}));
    EXPECT_EQ(**find_by_timestamp(batch, 1001), (OffsetAndTimestamp{11, 3000}));
    EXPECT_EQ(*find_by_timestamp(batch, 3001), std::nullopt);
    EXPECT_EQ(*find_latest(batch), (OffsetAndTimestamp{11, 3000}));
}

TEST(Batch, the_formats_before_kafka_0_11_are_refused_by_name) {
    Bytes old(34);  // shorter than a header of format 2
    for (auto const magic : {std::int8_t{0}, std::int8_t{1}}) {
        store(old, 16, magic);
        EXPECT_EQ(refused(old, "before Kafka 0.11"), Kind::unsupported_format);
    }
    store(old, 16, std::int8_t{3});
    EXPECT_EQ(refused(old, "magic is 3"), Kind::corrupt);
}

TEST(Batch, a_flipped_bit_anywhere_is_found) {
    auto const batch = build(three_records());
    for (std::size_t bit = 8 * 8; bit < batch.size() * 8; ++bit) {
        if (bit / 8 >= 12 && bit / 8 < 16) continue;  // the leader epoch: not covered
        auto bad = batch;
        bad[bit / 8] ^= std::byte(1 << (bit % 8));
        EXPECT_FALSE(check(bad)) << "bit " << bit;
    }
}

TEST(Batch, every_truncation_is_an_error) {
    for (auto const codec : all_codecs) {
        auto const batch = build(three_records(), {.codec = codec});
        for (std::size_t size = 0; size < batch.size(); ++size) {
            auto part = Bytes(batch.begin(), batch.begin() + std::ptrdiff_t(size));
            EXPECT_EQ(refused(part), Kind::corrupt);
            if (size < batch_header_bytes) continue;
            store(part, 8, std::int32_t(size) - 12);  // a length that fits what is left
            store(part, 17, crc32c(ByteView{part}.subspan(21)));
            EXPECT_FALSE(check(part)) << to_string(codec) << " cut at " << size;
            EXPECT_FALSE(read_records(part));
        }
    }
}

TEST(Batch, exactly_one_batch_is_expected) {
    auto two = build(three_records());
    auto const one = two;
    put_bytes(two, one);
    EXPECT_EQ(refused(two, "follow the batch"), Kind::corrupt);
    EXPECT_TRUE(read_header(two)) << "a header may be read where others follow";
}

TEST(Batch, claims_that_contradict_are_invalid) {
    auto const batch = build(three_records());
    EXPECT_EQ(refused(with(batch, 57, std::int32_t{0}), "without records"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 57, std::int32_t{-1}), "records_count is -1"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 57, std::int32_t{4}), "with 4 records"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 23, std::int32_t{-1}), "last_offset_delta is -1"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 21, std::int16_t{32}), "control"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 21, std::int16_t{16}), "transactional"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 21, std::int16_t{64}), "0x0040"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 43, std::int64_t{-2}), "producer_id is -2"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 43, std::int64_t{5}), "epoch -1"), Kind::invalid);
    EXPECT_EQ(refused(with(batch, 21, std::int16_t{5}), "codec 5"), Kind::unsupported_codec);
}

TEST(Batch, more_records_than_claimed_are_found) {
    auto batch = with(build(three_records()), 57, std::int32_t{2});
    batch = with(batch, 23, std::int32_t{1});
    EXPECT_EQ(refused(batch, "follow the last record"), Kind::corrupt);
}

TEST(Batch, fewer_records_than_claimed_are_found_without_reserving_for_the_claim) {
    auto batch = with(build(three_records()), 57, std::int32_t{0x7fffffff});
    batch = with(batch, 23, std::int32_t{0x7ffffffe});
    EXPECT_EQ(refused(batch, "record 4 of 2147483647"), Kind::corrupt);
    EXPECT_FALSE(read_records(batch));
}

TEST(Batch, offsets_are_dense) {
    auto batch = build({{0, 0, {}, bytes_of("a"), {}}, {0, 0, {}, bytes_of("b"), {}}});
    auto const second = batch_header_bytes + 1 + 7 + 1;  // behind the first record and a length
    ASSERT_EQ(batch[second + 2], std::byte{2}) << "offset_delta 1, zigzag";
    batch[second + 2] = std::byte{0};
    EXPECT_EQ(refused(with(batch, 16, std::int8_t{2}), "does not follow"), Kind::invalid);
}

TEST(Batch, the_records_without_a_key_are_known) {
    using Indices = std::vector<std::int32_t>;
    for (auto const codec : all_codecs) {
        auto records = three_records();
        records[2].key.reset();
        auto const batch = build(records, {.codec = codec});
        EXPECT_EQ(check(batch)->first_keyless, 1);
        EXPECT_EQ(keyless(batch, 3), (Indices{1, 2}));
        EXPECT_EQ(keyless(batch, 1), (Indices{1}));
        for (auto& record : records) record.key.emplace();  // empty is not null
        EXPECT_EQ(check(build(records, {.codec = codec}))->first_keyless, -1);
        EXPECT_EQ(keyless(build(records, {.codec = codec}), 3), Indices{});
    }
}

TEST(Batch, a_timestamp_beyond_64_bits_is_invalid) {
    auto batch = build({{0, 0, {}, {}, {}}, {0, 1, {}, {}, {}}});
    EXPECT_EQ(refused(with(batch, 27, std::numeric_limits<std::int64_t>::max()), "64 bits"),
              Kind::invalid);
}

TEST(Batch, a_small_batch_that_decompresses_to_much_is_too_large) {
    std::vector<Record> const records{{0, 0, {}, Bytes(4'000'000), {}}};
    for (auto const codec : {Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        auto const batch = build(records, {.codec = codec});
        EXPECT_EQ(refused(batch, "more than 1000000 bytes", {1'000'000}), Kind::too_large);
        EXPECT_TRUE(check(batch)) << to_string(codec);
    }
}

// ---- bytes of real clients, lifted from the log of an Apache Kafka broker ---------------

Bytes golden(std::string const& name) {
    auto const path = std::string(KLAMM_GOLDEN) + "/batches/" + name + ".hex";
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file{std::fopen(path.c_str(), "r"),
                                                               &std::fclose};
    EXPECT_TRUE(file) << path;
    Bytes bytes;
    bool comment = false;
    int high = -1;
    for (int c = 0; file && (c = std::fgetc(file.get())) != EOF;) {
        if (c == '#' || c == '\n') comment = c == '#';
        auto const digit = std::string_view{"0123456789abcdef"}.find(char(c));
        if (comment || digit == std::string_view::npos) continue;
        if (high >= 0) bytes.push_back(std::byte(high * 16 + int(digit)));
        high = high < 0 ? int(digit) : -1;
    }
    return bytes;
}

std::string text(std::optional<Bytes> const& bytes) {
    if (!bytes) return "null";
    return {reinterpret_cast<char const*>(bytes->data()), bytes->size()};
}

std::string gorge() {
    std::string gorge;
    for (int i = 0; i < 12; ++i) gorge += "narrow gorge ";
    return gorge;
}

TEST(Batch, what_librdkafka_writes_is_read) {
    for (auto const codec : all_codecs) {
        SCOPED_TRACE(to_string(codec));
        auto const batch = golden("librdkafka-" + std::string(to_string(codec)));
        auto const info = check(batch);
        ASSERT_TRUE(info) << info.error().why;
        EXPECT_EQ(info->codec(), codec);
        EXPECT_GE(info->producer_id, 0);
        auto const records = *read_records(batch);
        ASSERT_EQ(records.size(), 3U);
        EXPECT_EQ(text(records[0].key), "k1");
        EXPECT_EQ(text(records[0].value), gorge());
        EXPECT_EQ(text(records[1].value), "null");
        EXPECT_EQ(text(records[2].value), gorge() + std::string(to_string(codec)));
        std::vector<Header> const headers{{"h1", bytes_of("a")}, {"h2", std::nullopt}};
        EXPECT_EQ(records[2].headers, headers);
    }
}

TEST(Batch, what_java_and_python_write_is_read) {
    std::vector<std::string> names{"kafka-python-snappy"};
    for (auto const codec : all_codecs) names.push_back("java-" + std::string(to_string(codec)));
    for (auto const& name : names) {
        SCOPED_TRACE(name);
        auto const batch = golden(name);
        auto const info = check(batch);
        ASSERT_TRUE(info) << info.error().why;
        EXPECT_EQ(info->max_timestamp, read_header(batch)->max_timestamp);
        auto const records = *read_records(batch);
        ASSERT_EQ(records.size(), 2U);
        EXPECT_EQ(text(records[0].value), gorge());
    }
}

TEST(Batch, without_a_codec_our_bytes_are_those_of_librdkafka) {
    auto const theirs = golden("librdkafka-none");
    auto const info = *read_header(theirs);
    auto ours = build(*read_records(theirs), {.producer_id = info.producer_id,
                                              .producer_epoch = info.producer_epoch,
                                              .base_sequence = info.base_sequence});
    patch_offset(ours, 0, 0);
    EXPECT_EQ(ours, theirs);
}

// ---- properties --------------------------------------------------------------------------

rc::Gen<std::optional<Bytes>> nullable_bytes() {
    return rc::gen::map(rc::gen::arbitrary<std::pair<bool, std::vector<std::uint8_t>>>(),
                        [](auto const& drawn) -> std::optional<Bytes> {
                            if (drawn.first) return std::nullopt;
                            auto const view = std::as_bytes(std::span{drawn.second});
                            return Bytes(view.begin(), view.end());
                        });
}

RC_GTEST_PROP(Batch, any_records_survive_any_codec, ()) {
    std::vector<Record> records(*rc::gen::inRange<std::size_t>(1, 30));
    for (std::int64_t i = 0; auto& record : records) {
        record = {i++,
                  *rc::gen::inRange<std::int64_t>(-1, 1LL << 60),
                  *nullable_bytes(),
                  *nullable_bytes(),
                  {}};
        for (auto left = *rc::gen::inRange(0, 3); left > 0; --left)
            record.headers.push_back({*rc::gen::arbitrary<std::string>(), *nullable_bytes()});
    }
    auto const batch = build(records, {.codec = *rc::gen::elementOf(all_codecs)});
    RC_ASSERT(check(batch).has_value());
    RC_ASSERT(*read_records(batch) == records);
}

RC_GTEST_PROP(Batch, bytes_changed_behind_a_mended_crc_never_crash_a_reader, ()) {
    auto batch = build(three_records(), {.codec = *rc::gen::elementOf(all_codecs)});
    for (auto left = *rc::gen::inRange(1, 5); left > 0; --left)
        batch[*rc::gen::inRange<std::size_t>(21, batch.size())] =
            std::byte(*rc::gen::arbitrary<std::uint8_t>());
    store(batch, 17, crc32c(ByteView{batch}.subspan(21)));
    constexpr CheckLimits limits{1 << 20};
    if (auto const info = check(batch, limits)) {
        auto const records = read_records(batch, limits);
        RC_ASSERT(records.has_value());
        RC_ASSERT(records->size() == std::size_t(info->records_count));
    } else {
        RC_ASSERT(!info.error().why.empty());
    }
}

}  // namespace
}  // namespace klamm::records
