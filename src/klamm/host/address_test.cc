#include "klamm/host/address.h"

#include "klamm/host/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::host {
namespace {

TEST(Address, IsReadAsPeopleWriteIt) {
    EXPECT_EQ(parse_address("127.0.0.1:9092"), (Address{"127.0.0.1", 9092}));
    EXPECT_EQ(parse_address("[::1]:0"), (Address{"::1", 0}));
    EXPECT_EQ(to_string(Address{"::1", 9092}), "[::1]:9092");
    for (auto const* wrong : {"", "9092", ":9092", "host:", "host:70000", "host:9 ", "::1:9092"}) {
        auto const address = parse_address(wrong);
        ASSERT_FALSE(address.has_value()) << wrong;
        EXPECT_THAT(address.error(), testing::HasSubstr("expected HOST:PORT"));
    }
}

TEST(Address, KnowsWhoCanReachIt) {
    EXPECT_TRUE(is_loopback({"127.0.0.2", 1}));
    EXPECT_TRUE(is_loopback({"::1", 1}));
    EXPECT_FALSE(is_loopback({"0.0.0.0", 1}));
    EXPECT_TRUE(is_wildcard({"0.0.0.0", 1}));
}

TEST(Settings, AreChangedByName) {
    Options options;
    ASSERT_TRUE(apply_setting(options, "num.partitions=3").has_value());
    ASSERT_TRUE(apply_setting(options, "auto.create.topics.enable=false").has_value());
    EXPECT_EQ(options.broker.num_partitions, 3);
    EXPECT_FALSE(options.broker.auto_create_topics_enable);
}

TEST(Settings, AWrongOneNamesItselfItsValueAndWhatIsAllowed) {
    Options options;
    auto const refusal = [&](std::string_view text) {
        auto const done = apply_setting(options, text);
        return done ? std::string("accepted") : done.error();
    };
    EXPECT_EQ(refusal("num.partitions=0"), "num.partitions is '0'; allowed: 1 to 100000");
    EXPECT_EQ(refusal("num.partitions=3x"), "num.partitions is '3x'; allowed: 1 to 100000");
    EXPECT_EQ(refusal("auto.create.topics.enable=1"),
              "auto.create.topics.enable is '1'; allowed: true or false");
    EXPECT_THAT(refusal("no.such=1"), testing::HasSubstr("there is no setting 'no.such'"));
    EXPECT_THAT(refusal("num.partitions"), testing::HasSubstr("not NAME=VALUE"));
}

TEST(Settings, EachDefaultIsInItsOwnRange) {
    Options options;
    for (auto const& setting : list_settings()) {
        auto const text = std::string(setting.name) + "=" + setting.default_value;
        EXPECT_TRUE(apply_setting(options, text).has_value()) << text;
    }
}

}  // namespace
}  // namespace klamm::host
