// What a frame may make the decoder allocate, measured by counting operator new.
#include "klamm/kafka/apis.h"
#include "klamm/kafka/wire.h"

#include <gtest/gtest.h>
#include <cstdlib>
#include <new>

namespace {
std::size_t allocated = 0;  // bytes asked for so far, by the whole test program
}

// Not inlined, or gcc takes malloc() and free() here for a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size) {
    allocated += size;
    if (auto* memory = std::malloc(size)) return memory;
    throw std::bad_alloc{};
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace klamm::kafka {
namespace {

std::size_t allocated_by(auto action) {
    auto const before = allocated;
    action();
    return allocated - before;
}

/// A header of the newest version of each API, without client id and tags.
Bytes header(ApiRange const& api) {
    Writer out;
    out.integer(api.key);
    out.integer(api.last);
    out.integer(std::int32_t(0));
    out.integer(std::int16_t(-1));
    out.integer(std::uint8_t(0));
    return std::move(out).finish_bytes();
}

TEST(Allocation, AHundredBytesCannotAskForMuch) {
    Random random{1};
    for (auto const& api : described_apis()) {
        for (int i = 0; i < 2000; ++i) {
            auto frame = header(api);
            // Mostly small numbers: short strings and many elements; now and then a huge count.
            while (frame.size() < 100) {
                auto const huge = random.one_in(20);
                frame.push_back(std::byte(huge ? 0xff : random.below(4)));
            }
            Slice const slice{std::move(frame)};
            auto const bytes = allocated_by([&] { (void)decode_request(slice).has_value(); });
            ASSERT_LT(bytes, 100'000U) << api.name;
        }
    }
}

TEST(Allocation, ClaimedElementsCostNothing) {
    auto frame = header({9, 0, 8, ""});                                           // OffsetFetch v8
    for (auto byte : {0xff, 0xff, 0xff, 0x7f}) frame.push_back(std::byte(byte));  // groups
    frame.resize(100);
    Slice const slice{std::move(frame)};
    auto const bytes = allocated_by([&] { EXPECT_FALSE(decode_request(slice)); });
    EXPECT_LT(bytes, 2'000U);  // the text of the error
}

TEST(Allocation, EncodingTakesOneBufferThatGrows) {
    FetchResponse response;
    response.responses.resize(1);
    response.responses[0].partitions.resize(1000);
    RequestHeader const header{1, 17, 1, {}};
    AnyResponse const any{response};
    std::size_t frame_bytes = 0;
    auto const bytes = allocated_by([&] { frame_bytes = encode_response(header, any).size(); });
    EXPECT_LT(bytes, 6 * frame_bytes);  // doubling: at most 1/2 + 1/4 + ... of twice the end
}

}  // namespace
}  // namespace klamm::kafka
