#include "klamm/schema/schema.h"

#include <gtest/gtest.h>

namespace klamm::schema {
namespace {

Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes out;
    for (auto const value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

TEST(Framing, AnIdIsFourBytesBehindZero) {
    auto const payload = bytes({0, 0, 1, 2, 3, 99});
    auto const framing = read_framing(payload);
    ASSERT_TRUE(framing);
    EXPECT_EQ(framing->id, 0x10203);
    EXPECT_EQ(framing->prefix_bytes, 5u);
    EXPECT_TRUE(framing->guid.empty());
}

TEST(Framing, AGuidIsSixteenBytesBehindOne) {
    auto const payload =
        bytes({1, 0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0, 1, 2, 3, 4, 5, 6, 7});
    auto const framing = read_framing(payload);
    ASSERT_TRUE(framing);
    EXPECT_EQ(framing->guid, "01234567-89ab-cdef-0001-020304050607");
    EXPECT_EQ(framing->id, 0);
    EXPECT_EQ(framing->prefix_bytes, 17u);
}

TEST(Framing, WhatIsNeitherIsRefused) {
    EXPECT_EQ(read_framing({}).error().rule, "framing");
    EXPECT_EQ(read_framing(bytes({0, 0, 0, 1})).error().rule, "truncated");
    EXPECT_EQ(read_framing(bytes({1, 2, 3})).error().rule, "truncated");
    EXPECT_EQ(read_framing(bytes({2, 0, 0, 0, 1})).error().rule, "framing");
    EXPECT_EQ(read_framing(bytes({0, 0, 0, 0, 0})).error().rule, "framing");
    EXPECT_EQ(read_framing(bytes({0, 0x80, 0, 0, 0})).error().rule, "framing");
}

TEST(Framing, IndexesComeBackAsTheyWereWritten) {
    MessageIndexes const paths[]{{0}, {1}, {0, 0}, {3, 2, 1}, {100, 2147483647}};
    for (auto const& indexes : paths) {
        auto written = write_framing(7, Type::protobuf, indexes);
        EXPECT_EQ(read_framing(written)->id, 7);
        written.push_back(std::byte{42});
        auto payload = ByteView(written).subspan(5);
        EXPECT_EQ(read_indexes(payload), indexes);
        EXPECT_EQ(payload.size(), 1u);
    }
    EXPECT_EQ(write_framing(1, Type::protobuf, {0}), bytes({0, 0, 0, 0, 1, 0}));
    EXPECT_EQ(write_framing(1, Type::protobuf, {}), bytes({0, 0, 0, 0, 1, 0}));
    EXPECT_EQ(write_framing(1, Type::protobuf, {1, 0}), bytes({0, 0, 0, 0, 1, 4, 2, 0}));
    EXPECT_EQ(write_framing(0x01020304, Type::avro, {}), bytes({0, 1, 2, 3, 4}));
}

TEST(Framing, IndexesThatAreNoneAreRefused) {
    for (auto const& written : {bytes({}), bytes({4, 2}), bytes({2, 0x80}), bytes({1, 0}),
                                bytes({2, 1}), bytes({0xff, 0xff, 0xff, 0xff, 0x7f}),
                                bytes({0x80, 0x80, 0x80, 0x80, 0x80, 0}), bytes({0xd0, 0x0f, 0})}) {
        ByteView payload(written);
        EXPECT_FALSE(read_indexes(payload)) << written.size();
        EXPECT_EQ(payload.size(), written.size());
    }
}

}  // namespace
}  // namespace klamm::schema
