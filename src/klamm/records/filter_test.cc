#include "klamm/records/filter.h"

#include "klamm/base/random.h"
#include "klamm/records/key_map.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace klamm::records {
namespace {

Bytes bytes_of(std::string const& text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

std::vector<Record> some_records(int count) {
    std::vector<Record> all;
    for (int n = 0; n < count; ++n)
        all.push_back({.offset = 0,
                       .timestamp = 1000 + (n * 7) % 10,
                       .key = bytes_of("k" + std::to_string(n % 3)),
                       .value = n % 4 == 0 ? std::nullopt : std::optional{bytes_of("value")},
                       .headers = {{"h", bytes_of(std::to_string(n))}}});
    return all;
}

TEST(Filter, what_stays_is_as_it_was_with_every_codec) {
    for (auto const codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        auto const batch = build(some_records(20), {.codec = codec,
                                                    .producer_id = 9,
                                                    .producer_epoch = 2,
                                                    .base_sequence = 77,
                                                    .base_offset = 500});
        auto const before = read_records(batch).value();
        auto const filtered =
            filter(batch, [](RecordView const&, std::int64_t offset) { return offset % 3 == 0; });
        ASSERT_TRUE(filtered.has_value());
        std::vector<Record> expected;
        std::int64_t latest = 0;
        for (auto const& record : before) {
            if (record.offset % 3 != 0) continue;
            expected.push_back(record);
            latest = std::max(latest, record.timestamp);
        }
        EXPECT_EQ(read_records(filtered->batch).value(), expected);
        EXPECT_EQ(filtered->records_before, 20);
        EXPECT_EQ(std::size_t(filtered->records_after), expected.size());
        auto const info = check_stored(filtered->batch).value();
        auto const old = check_stored(batch).value();
        EXPECT_EQ(info.base_offset, 500);
        EXPECT_EQ(info.last_offset(), 519);
        EXPECT_EQ(info.max_timestamp, latest);
        EXPECT_EQ(info.codec(), codec);
        EXPECT_EQ(info.producer_id, old.producer_id);
        EXPECT_EQ(info.base_sequence, old.base_sequence);
    }
}

TEST(Filter, all_or_nothing_makes_no_new_batch) {
    auto const batch = build(some_records(5));
    auto const all = filter(batch, [](auto const&, auto) { return true; }).value();
    EXPECT_EQ(all.records_after, 5);
    EXPECT_TRUE(all.batch.empty());
    auto const none = filter(batch, [](auto const&, auto) { return false; }).value();
    EXPECT_EQ(none.records_after, 0);
    EXPECT_TRUE(none.batch.empty());
}

TEST(Filter, a_damaged_batch_is_an_error) {
    auto batch = build(some_records(5));
    batch.back() ^= std::byte{1};
    EXPECT_FALSE(filter(batch, [](auto const&, auto) { return true; }).has_value());
}

TEST(Filter, batches_are_visited_one_behind_the_other) {
    auto bytes = build(some_records(2), {.base_offset = 10});
    auto const second = build(some_records(3), {.base_offset = 20});
    bytes.insert(bytes.end(), second.begin(), second.end());
    std::vector<std::int64_t> offsets;
    auto const all = [&](ByteView, BatchInfo const& info) {
        offsets.push_back(info.base_offset);
        return true;
    };
    ASSERT_TRUE(visit_batches(bytes, all).has_value());
    EXPECT_EQ(offsets, (std::vector<std::int64_t>{10, 20}));
    EXPECT_FALSE(visit_batches(ByteView{bytes}.first(bytes.size() - 1), all).has_value());
}

TEST(KeyMap, agrees_with_a_plain_map_until_it_is_full) {
    Random random{5};
    KeyMap map{64 * 1024, {1, 2}};
    std::map<std::string, std::int64_t> plain;
    std::int64_t offset = 0;
    bool full = false;
    for (int n = 0; n < 20'000; ++n) {
        auto const key = "key" + std::to_string(random.below(5000));
        auto const put = map.put(bytes_of(key), ++offset);
        full = full || !put;
        if (put) plain[key] = offset;
    }
    EXPECT_TRUE(full);
    EXPECT_EQ(map.keys(), plain.size());
    EXPECT_LE(map.bytes(), 64U * 1024);
    for (auto const& [key, newest] : plain) EXPECT_EQ(map.newest(bytes_of(key)), newest);
    EXPECT_EQ(map.newest(bytes_of("another")), std::nullopt);
}

TEST(KeyMap, an_older_offset_does_not_replace_a_newer_one) {
    KeyMap map{1024, {}};
    EXPECT_TRUE(map.put(bytes_of("k"), 9));
    EXPECT_TRUE(map.put(bytes_of("k"), 3));
    EXPECT_EQ(map.newest(bytes_of("k")), 9);
}

}  // namespace
}  // namespace klamm::records
