#include "klamm/base/crc32c.h"
#include "klamm/base/uuid.h"

#include <gtest/gtest.h>

namespace klamm {
namespace {

ByteView bytes_of(std::string_view text) { return std::as_bytes(std::span{text}); }

TEST(Crc32c, GivesThePublishedCheckValue) {
    EXPECT_EQ(crc32c(bytes_of("123456789")), 0xe3069283U);  // RFC 3720, B.4
    EXPECT_EQ(crc32c({}), 0U);
}

TEST(Crc32c, ContinuesWhereItStopped) {
    EXPECT_EQ(crc32c(bytes_of("56789"), crc32c(bytes_of("1234"))), 0xe3069283U);
}

TEST(Uuid, SurvivesItsText) {
    Random random{7};
    for (int i = 0; i < 1000; ++i) {
        auto const id = Uuid::random(random);
        EXPECT_EQ(parse_uuid(to_string(id)), id);
        EXPECT_NE(to_string(id).front(), '-');
    }
    EXPECT_EQ(to_string(Uuid{}), "AAAAAAAAAAAAAAAAAAAAAA");
    EXPECT_FALSE(parse_uuid("short"));
    EXPECT_FALSE(parse_uuid("AAAAAAAAAAAAAAAAAAAAA*"));
}

TEST(Uuid, HyphenatedHasFiveGroups) {
    EXPECT_EQ(to_hyphenated(Uuid{}), "00000000-0000-0000-0000-000000000000");
}

}  // namespace
}  // namespace klamm
