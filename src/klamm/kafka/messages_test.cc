// What must hold for every message in every version.
#include "klamm/kafka/apis.h"
#include "klamm/kafka/message.h"
#include "klamm/kafka/print.h"
#include "klamm/kafka/sample.h"

#include <gtest/gtest.h>

namespace klamm::kafka {
namespace {

constexpr int samples = 30;

template <class T>
class Messages : public testing::Test {
protected:
    /// Calls `check(message, version, bytes)` for random messages of every version.
    static void for_each_sample(auto check) {
        for (auto version = T::api.first; version <= T::api.last; ++version) {
            for (std::uint64_t seed = 0; seed < samples; ++seed) {
                SCOPED_TRACE("version " + std::to_string(version) + ", seed " +
                             std::to_string(seed));
                Random random{seed};
                auto const message = sample<T>(random, version);
                check(message, version, encode(message, version));
            }
        }
    }
};

#define X(Name) , Name##Request, Name##Response
template <class, class... T>
using TypesOf = testing::Types<T...>;
using All = TypesOf<void KLAMM_KAFKA_APIS(X)>;
#undef X

struct Names {
    template <class T>
    static std::string GetName(int) {
        return std::string{api_name(T::api.key)} +
               (requires { typename T::Response; } ? "Request" : "Response");
    }
};
TYPED_TEST_SUITE(Messages, All, Names);

TYPED_TEST(Messages, ComeBackAsTheyWere) {
    this->for_each_sample([](auto const& message, auto version, Bytes const& bytes) {
        auto const back = decode<TypeParam>(Slice{bytes}, version);
        ASSERT_TRUE(back) << to_string(back.error());
        EXPECT_EQ(*back, message) << to_text(*back, version) << to_text(message, version);
        EXPECT_EQ(encode(*back, version), bytes);
    });
}

TYPED_TEST(Messages, CutAnywhereAreAnErrorThatNamesAField) {
    this->for_each_sample([](auto const&, auto version, Bytes const& bytes) {
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            auto const cut = decode<TypeParam>(
                Slice{Bytes(bytes.begin(), bytes.begin() + std::ptrdiff_t(size))}, version);
            ASSERT_FALSE(cut) << size << " of " << bytes.size() << " bytes";
            EXPECT_NE(cut.error().field, "");
            EXPECT_LE(cut.error().offset, size);
        }
    });
}

TYPED_TEST(Messages, WithBytesBehindThemAreAnError) {
    this->for_each_sample([](auto const&, auto version, Bytes bytes) {
        bytes.push_back({});
        auto const longer = decode<TypeParam>(Slice{bytes}, version);
        ASSERT_FALSE(longer);
        EXPECT_EQ(longer.error(), (DecodeError{Refusal::trailing_bytes, bytes.size() - 1, ""}));
    });
}

TYPED_TEST(Messages, SurviveFlippedBytes) {
    this->for_each_sample([](auto const&, auto version, Bytes const& bytes) {
        Random random{bytes.size()};
        for (int i = 0; i < 20 && !bytes.empty(); ++i) {
            auto damaged = bytes;
            damaged[random.below(bytes.size())] = std::byte(random.below(256));
            auto const decoded = decode<TypeParam>(Slice{damaged}, version);
            if (!decoded) continue;
            auto const again = decode<TypeParam>(Slice{encode(*decoded, version)}, version);
            ASSERT_TRUE(again);
            EXPECT_EQ(*again, *decoded);
        }
    });
}

TYPED_TEST(Messages, PrintWithinTheirLimit) {
    this->for_each_sample([](auto const& message, auto version, Bytes const&) {
        auto const text = to_text(message, version, {.total_bytes_max = 100});
        EXPECT_EQ(text.front(), '{');
        EXPECT_LT(text.size(), 1000U);  // the limit, and the field that crossed it
    });
}

}  // namespace
}  // namespace klamm::kafka
