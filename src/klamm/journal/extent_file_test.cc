#include "klamm/journal/extent_file.h"

#include "klamm/base/crc32c.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::journal {
namespace {

void put(Bytes& file, ByteView bytes) { file.insert(file.end(), bytes.begin(), bytes.end()); }

/// Two blocks: "first" of owner 5 at 100, "second!" of owner 9 at 0.
Bytes example() {
    Bytes file;
    FileNumber const number{3};
    put(file, encode(ExtentHeader{.number = number}));
    std::uint32_t crc = 0;
    auto const block = [&](BlockLabel label, std::string_view text) {
        auto const body = std::as_bytes(std::span{text});
        auto const header =
            encode(BlockHeader{label, number, std::uint32_t(body.size()), crc32c(body)});
        crc = crc32c(header, crc);
        put(file, header);
        put(file, body);
    };
    block({5, 100}, "first");
    block({9, 0}, "second!");
    put(file, encode(ExtentFooter{number, file.size() + extent_footer_bytes, 2, crc}));
    return file;
}

TEST(ExtentFile, is_walked_from_header_to_footer) {
    auto const blocks = walk_extent_file(example());
    ASSERT_TRUE(blocks.has_value()) << blocks.error();
    ASSERT_EQ(blocks->size(), 2U);
    EXPECT_EQ((*blocks)[0].header.label, (BlockLabel{5, 100}));
    EXPECT_EQ((*blocks)[0].offset, 32U);
    EXPECT_EQ((*blocks)[1].header.label, (BlockLabel{9, 0}));
    EXPECT_EQ((*blocks)[1].header.body_bytes, 7U);
}

TEST(ExtentFile, every_truncation_and_every_flipped_bit_is_noticed) {
    auto const file = example();
    for (std::size_t size = 0; size < file.size(); ++size)
        EXPECT_FALSE(walk_extent_file(ByteView{file}.first(size)).has_value()) << size;
    for (std::size_t bit = 0; bit < file.size() * 8; ++bit) {
        auto damaged = file;
        damaged[bit / 8] ^= std::byte(1U << bit % 8);
        EXPECT_FALSE(walk_extent_file(damaged).has_value()) << bit;
    }
}

TEST(ExtentFile, damage_is_named_by_its_byte) {
    auto file = example();
    file[32 + 40] ^= std::byte{1};
    EXPECT_THAT(walk_extent_file(file).error(), testing::HasSubstr("byte 32: the checksum"));
}

TEST(ExtentFile, names_are_numbers_and_nothing_else_is_one) {
    EXPECT_EQ(extent_file_name(FileNumber{7}), "l1-000000000007");
    EXPECT_EQ(extent_file_number("l1-000000000007"), FileNumber{7});
    for (auto const* name :
         {"l1-7", "l1-000000000000", "l1-", "segment-000000000007", "l1-00000000000x"})
        EXPECT_EQ(extent_file_number(name), std::nullopt) << name;
}

}  // namespace
}  // namespace klamm::journal
