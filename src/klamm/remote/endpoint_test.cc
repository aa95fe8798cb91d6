#include "klamm/remote/endpoint.h"

#include <gmock/gmock.h>

namespace klamm::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseBootstrap, TakesAddressesBetweenCommas) {
    auto const parsed = parse_bootstrap("a:1, [::1]:2 ,127.0.0.1:3");
    ASSERT_TRUE(parsed.has_value());
    EXPECT_THAT(*parsed, ElementsAre(host::Address{"a", 1}, host::Address{"::1", 2},
                                     host::Address{"127.0.0.1", 3}));
}

TEST(ParseBootstrap, NamesWhatIsNone) {
    for (auto const* const list : {"", "a", "a:1,", "a:1,b", "a:x"})
        EXPECT_THAT(parse_bootstrap(list).error(), HasSubstr("expected HOST:PORT")) << list;
}

TEST(Resolve, KnowsNumbersOfBothFamiliesEachOnce) {
    auto const resolved = resolve({{"127.0.0.1", 1}, {"::1", 2}, {"127.0.0.1", 1}});
    ASSERT_EQ(resolved.endpoints.size(), 2U);
    EXPECT_EQ(resolved.endpoints[0].name, "127.0.0.1:1");
    EXPECT_EQ(resolved.endpoints[0].address.ss_family, AF_INET);
    EXPECT_EQ(resolved.endpoints[1].name, "[::1]:2");
    EXPECT_EQ(resolved.endpoints[1].address.ss_family, AF_INET6);
    EXPECT_TRUE(resolved.troubles.empty());
}

TEST(Resolve, WhatIsNoNameIsATroubleAndKeepsNobodyElseAway) {
    auto const resolved = resolve({{"::zz", 1}, {"127.0.0.1", 2}});
    EXPECT_EQ(resolved.endpoints.size(), 1U);
    EXPECT_THAT(resolved.troubles, ElementsAre(HasSubstr("[::zz]:1: ")));
}

}  // namespace
}  // namespace klamm::remote
