#include "klamm/kafka/codec.h"

#include <gtest/gtest.h>

namespace klamm::kafka {
namespace {

Bytes bytes(std::initializer_list<int> values) {
    Bytes result;
    for (auto v : values) result.push_back(std::byte(v));
    return result;
}

/// A message with one field of each kind.
struct Everything {
    using Self = Everything;
    static constexpr Api api{.key = 99, .first = 0, .last = 3, .flexible_from = 2};

    struct Inner {
        using Self = Inner;
        std::int8_t number = 0;
        static constexpr void describe(auto& field) { field("number", &Self::number); }
        bool operator==(Self const&) const = default;
    };

    std::optional<std::string> text = "";
    std::optional<Bytes> blob;
    std::vector<std::int16_t> numbers;
    std::optional<Inner> inner;
    double ratio = 0;
    std::int32_t lost = 7;
    std::string kept;
    std::int32_t tagged = -1;
    std::vector<Inner> tagged_items;

    static constexpr void describe(auto& field) {
        field("text", &Self::text, always.nullable_since(1));
        field("blob", &Self::blob);
        field("numbers", &Self::numbers);
        field("inner", &Self::inner);
        field("ratio", &Self::ratio, since(3));
        field("lost", &Self::lost, since(3).ignorable());
        field("kept", &Self::kept, since(3));
        field("tagged", &Self::tagged, since(2).tag(0).ignorable());
        field("tagged_items", &Self::tagged_items, since(3).tag(1).ignorable());
    }
    bool operator==(Self const&) const = default;
};

TEST(Codec, ClassicVersionsHaveFixedLengths) {
    Everything const message{.text = "ab", .numbers = {1, -1}, .inner = Everything::Inner{5}};
    EXPECT_EQ(encode(message, 1), bytes({
                                      0, 2, 'a', 'b',                // text
                                      0xff, 0xff, 0xff, 0xff,        // blob: null
                                      0, 0, 0, 2, 0, 1, 0xff, 0xff,  // numbers
                                      1, 5,                          // inner: there
                                  }));
}

TEST(Codec, FlexibleVersionsHaveVarintsAndTags) {
    Everything const message{.blob = bytes({9}), .tagged = 3, .tagged_items = {{4}}};
    EXPECT_EQ(encode(message, 3), bytes({
                                      1,                          // text: empty
                                      2,    9,                    // blob: one byte
                                      1,                          // numbers: none
                                      0xff,                       // inner: null
                                      0,    0, 0, 0, 0, 0, 0, 0,  // ratio
                                      0,    0, 0, 7,              // lost
                                      1,                          // kept: empty
                                      2,                          // two tagged fields
                                      0,    4, 0, 0, 0, 3,        // tag 0, 4 bytes
                                      1,    3, 2, 4, 0,  // tag 1, 3 bytes: one item and its tags
                                  }));
}

TEST(Codec, UnknownTagsAreSkipped) {
    auto const frame = bytes({
        1, 0, 1, 0xff,     // text, blob, numbers, inner
        2,                 // two tagged fields
        0, 4, 0, 0, 0, 3,  // tag 0
        77, 2, 1, 2,       // tag 77
    });
    auto const message = decode<Everything>(Slice{frame}, 2);
    ASSERT_TRUE(message) << to_string(message.error());
    EXPECT_EQ(message->tagged, 3);
}

TEST(Codec, ATagOfTheWrongSizeIsRefused) {
    auto const longer = bytes({1, 0, 1, 0xff, 1, 0, 5, 0, 0, 0, 3, 9});
    EXPECT_EQ(decode<Everything>(Slice{longer}, 2).error(),
              (DecodeError{Refusal::bad_tag_size, 11, "tagged_fields"}));
    auto const shorter = bytes({1, 0, 1, 0xff, 1, 0, 3, 0, 0, 0});
    EXPECT_EQ(decode<Everything>(Slice{shorter}, 2).error(),
              (DecodeError{Refusal::ended_early, 7, "tagged"}));
}

TEST(Codec, NullIsRefusedWhereTheVersionHasNone) {
    auto const frame = bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff});
    EXPECT_TRUE(decode<Everything>(Slice{frame}, 1));
    EXPECT_EQ(decode<Everything>(Slice{frame}, 0).error(),
              (DecodeError{Refusal::unexpected_null, 2, "text"}));
}

TEST(Codec, LengthsAreNotBelieved) {
    auto const refusal = [](std::initializer_list<int> frame, ApiVersion version) {
        auto const message = decode<Everything>(Slice{bytes(frame)}, version);
        EXPECT_FALSE(message);
        return message.error();
    };
    EXPECT_EQ(refusal({0x7f, 0xff, 'a'}, 0), (DecodeError{Refusal::bad_length, 2, "text"}));
    EXPECT_EQ(refusal({0xff, 0xfe, 'a'}, 0), (DecodeError{Refusal::bad_length, 2, "text"}));
    EXPECT_EQ(refusal({0, 0, 0x7f, 0xff, 0xff, 0xff}, 0),
              (DecodeError{Refusal::bad_length, 6, "blob"}));
    EXPECT_EQ(refusal({1, 0, 0xff, 0xff, 0xff, 0xff, 0x0f}, 2),
              (DecodeError{Refusal::bad_length, 7, "numbers"}));
    EXPECT_EQ(refusal({0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 3, 0, 1, 0}, 0),
              (DecodeError{Refusal::ended_early, 12, "numbers[1]"}));
}

TEST(Codec, StringsOfTheFlexibleEncodingAreBoundedToo) {
    Writer out;
    out.uvarint(string_bytes_max + 2);
    out.raw(Bytes(string_bytes_max + 1, std::byte{'x'}));
    auto const message = decode<Everything>(Slice{std::move(out).finish_bytes()}, 2);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().refusal, Refusal::bad_length);
}

TEST(Codec, ComposedTextIsCutBetweenCharacters) {
    auto const text = std::string(string_bytes_max - 1, 'x') + "\u00e4";
    Everything const message{.text = text};
    auto const back = decode<Everything>(Slice{encode(message, 2)}, 2);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back->text, std::string(string_bytes_max - 1, 'x'));
}

TEST(Codec, AFrameHasAMillionElementsAtMost) {
    Writer out;
    out.uvarint(0);
    out.uvarint(0);
    out.uvarint(array_elements_max + 2);
    out.raw(Bytes(2 * (array_elements_max + 1)));
    auto const message = decode<Everything>(Slice{std::move(out).finish_bytes()}, 2);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().refusal, Refusal::too_many_elements);
    EXPECT_EQ(message.error().field, "numbers");
}

TEST(Codec, AStructHasTenThousandTagsAtMost) {
    Writer out;
    for (auto byte : {1, 0, 1, 0xff}) out.integer(std::uint8_t(byte));
    out.uvarint(tagged_fields_max + 1);
    out.raw(Bytes(2 * (tagged_fields_max + 1), std::byte{0}));
    auto const message = decode<Everything>(Slice{std::move(out).finish_bytes()}, 2);
    ASSERT_FALSE(message);
    EXPECT_EQ(message.error().refusal, Refusal::too_many_tags);
}

TEST(Codec, WhatAVersionLacksIsDroppedIfThatWasAllowed) {
    auto const back = decode<Everything>(Slice{encode(Everything{.lost = 8, .tagged = 9}, 1)}, 1);
    ASSERT_TRUE(back);
    EXPECT_EQ(*back, Everything{});
}

TEST(CodecDeathTest, WhatAVersionLacksIsRefusedOtherwise) {
    EXPECT_DEATH(encode(Everything{.kept = "x"}, 2), "version 2 cannot carry the value of kept");
    EXPECT_DEATH(encode(Everything{.text = {}}, 0), "version 0 cannot carry the value of text");
    EXPECT_DEATH(encode(Everything{}, 4), "belief");
}

TEST(Codec, StructsOfOurOwnAreAlwaysFlexible) {
    Writer out;
    encode_struct(out, Everything::Inner{5});
    auto const written = std::move(out).finish_bytes();
    EXPECT_EQ(written, bytes({5, 0}));
    Reader in{written};
    Everything::Inner back;
    decode_struct(in, back);
    EXPECT_FALSE(in.failed());
    EXPECT_EQ(back.number, 5);
}

}  // namespace
}  // namespace klamm::kafka
