#include "klamm/kafka/wire.h"

#include "klamm/base/random.h"

#include <gtest/gtest.h>

namespace klamm::kafka {
namespace {

Bytes bytes(std::initializer_list<int> values) {
    Bytes result;
    for (auto v : values) result.push_back(std::byte(v));
    return result;
}

TEST(Writer, IsBigEndian) {
    Writer out{0};
    out.integer(std::int16_t(-2));
    out.integer(std::int32_t(0x01020304));
    out.integer(std::uint16_t(0xfffe));
    out.integer(std::uint32_t(0xfffffffe));
    out.float64(-2.5);
    EXPECT_EQ(std::move(out).finish_bytes(),
              bytes({0xff, 0xfe, 1, 2, 3, 4, 0xff, 0xfe, 0xff, 0xff, 0xff, 0xfe,  //
                     0xc0, 0x04, 0, 0, 0, 0, 0,    0}));
}

TEST(Writer, SplicesStandBetweenItsBytes) {
    Writer out;
    out.integer(std::int8_t(1));
    out.splice(Slice{bytes({7, 8})});
    out.splice({});
    out.splice(Slice{bytes({9})});
    out.integer(std::int8_t(2));
    auto const frame = std::move(out).finish();
    EXPECT_EQ(frame.size(), 5U);
    EXPECT_EQ(frame.pieces().size(), 4U);
    EXPECT_EQ(flatten(frame), bytes({1, 7, 8, 9, 2}));
}

TEST(Writer, InsertsALengthBeforeWhatItMeasures) {
    for (std::size_t size : {0U, 1U, 127U, 128U, 20000U}) {
        Writer out;
        out.integer(std::int8_t(5));
        out.raw(Bytes(size, std::byte{6}));
        out.insert_uvarint(1, std::uint32_t(size));
        auto const result = std::move(out).finish_bytes();
        Reader in{result};
        EXPECT_EQ(in.integer<std::int8_t>(), 5);
        EXPECT_EQ(in.uvarint(), size);
        EXPECT_EQ(in.take(size).size(), size);
        EXPECT_EQ(in.bytes_left(), 0U);
        EXPECT_FALSE(in.failed());
    }
}

TEST(Varint, EveryWidthComesBack) {
    for (unsigned shift = 0; shift < 32; ++shift) {
        for (auto value :
             {std::uint32_t(1) << shift, (std::uint32_t(1) << shift) - 1, ~0U >> shift}) {
            Writer out;
            out.uvarint(value);
            auto const written = std::move(out).finish_bytes();
            Reader in{written};
            EXPECT_EQ(in.uvarint(), value);
            EXPECT_EQ(in.bytes_left(), 0U);
        }
    }
}

TEST(Varint, MoreThan32BitsAreRefused) {
    for (auto const& frame :
         {bytes({0xff, 0xff, 0xff, 0xff, 0x10}), bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0x01})}) {
        Reader in{frame};
        EXPECT_EQ(in.uvarint(), 0U);
        EXPECT_EQ(in.error().refusal, Refusal::bad_varint);
    }
}

TEST(Reader, FailsOnceAndForAll) {
    auto const frame = bytes({1, 2, 3});
    Reader in{frame};
    EXPECT_EQ(in.integer<std::int16_t>(), 0x0102);
    EXPECT_EQ(in.integer<std::int16_t>(), 0);
    EXPECT_EQ(in.integer<std::int8_t>(), 0);
    EXPECT_TRUE(in.take(1).empty());
    EXPECT_EQ(in.bytes_left(), 0U);
    EXPECT_EQ(in.error(), (DecodeError{Refusal::ended_early, 2, ""}));
}

TEST(Reader, ConfinedItCannotReadFurther) {
    auto const frame = bytes({1, 2, 3, 4});
    Reader in{frame};
    auto const outer = in.confine(2);
    EXPECT_EQ(in.bytes_left(), 2U);
    EXPECT_EQ(in.integer<std::int16_t>(), 0x0102);
    in.release(outer);
    EXPECT_EQ(in.integer<std::int16_t>(), 0x0304);
    EXPECT_FALSE(in.failed());
}

TEST(Reader, WhatItWasConfinedToMustBeReadToTheEnd) {
    auto const frame = bytes({1, 2, 3, 4});
    Reader in{frame};
    auto const outer = in.confine(2);
    in.integer<std::int8_t>();
    in.release(outer);
    EXPECT_EQ(in.error(), (DecodeError{Refusal::bad_tag_size, 1, ""}));
    EXPECT_EQ(in.bytes_left(), 0U);
}

TEST(Reader, SlicesShareTheFrameOrOwnTheirBytes) {
    Slice const frame{bytes({1, 2, 3})};
    Reader sharing{frame};
    sharing.integer<std::int8_t>();
    EXPECT_EQ(sharing.take_slice(2).data(), frame.data() + 1);

    Reader copying{frame.view()};
    auto const copy = copying.take_slice(3);
    EXPECT_EQ(copy, frame);
    EXPECT_NE(copy.data(), frame.data());
}

TEST(DecodeError, IsASentence) {
    EXPECT_EQ(to_string(DecodeError{Refusal::bad_length, 12, "topics[3].name"}),
              "field topics[3].name cannot be read at byte 12: its length is negative or more "
              "than there is");
    EXPECT_EQ(to_string(DecodeError{Refusal::trailing_bytes, 12, ""}),
              "the message cannot be read at byte 12: bytes follow after the last field");
}

}  // namespace
}  // namespace klamm::kafka
