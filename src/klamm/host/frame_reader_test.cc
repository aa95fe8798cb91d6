#include "klamm/host/frame_reader.h"

#include "klamm/base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace klamm::host {
namespace {

Bytes framed(std::size_t size, unsigned fill) {
    Bytes bytes(4 + size, std::byte(fill));
    for (std::size_t i = 0; i < 4; ++i) bytes[i] = std::byte(size >> (24 - 8 * i));
    return bytes;
}

/// Gives `bytes` to the reader in reads of at most `read_max` bytes, as a socket would.
std::vector<Slice> feed(FrameReader& reader, ByteView bytes, std::size_t read_max) {
    std::vector<Slice> frames;
    while (!bytes.empty()) {
        auto const space = reader.space();
        EXPECT_FALSE(space.empty());
        auto const size = std::min({space.size(), bytes.size(), read_max});
        std::memcpy(space.data(), bytes.data(), size);
        reader.filled(size);
        bytes = bytes.subspan(size);
        while (true) {
            auto frame = reader.next();
            EXPECT_TRUE(frame.has_value());
            if (!*frame) break;
            frames.push_back(**frame);
        }
    }
    return frames;
}

TEST(FrameReader, GivesTheSameFramesHoweverTheyArrive) {
    Random random(7);
    Bytes stream;
    std::vector<Bytes> sent;
    for (unsigned i = 0; i < 200; ++i) {
        auto const size = random.one_in(10) ? random.below(300'000) : random.below(3000);
        sent.push_back(framed(size, i));
        stream.insert(stream.end(), sent.back().begin(), sent.back().end());
    }
    for (std::size_t const read_max : {std::size_t(1021), std::size_t(70'000), stream.size()}) {
        FrameReader reader(1 << 20);
        auto const frames = feed(reader, stream, read_max);
        ASSERT_EQ(frames.size(), sent.size());
        for (std::size_t i = 0; i < sent.size(); ++i) {
            ByteView const expected(sent[i].data() + 4, sent[i].size() - 4);
            ASSERT_TRUE(std::ranges::equal(frames[i].view(), expected)) << "frame " << i;
        }
        EXPECT_FALSE(reader.inside_frame());
    }
}

TEST(FrameReader, PutsEachOfManyLargeFramesInItsPlaceAtOnce) {
    FrameReader reader(10 << 20);
    auto const frame = framed(1'000'000, 1);
    feed(reader, frame, frame.size());
    // From the second frame on, only the length was read along with the one before.
    auto const space = reader.space();
    EXPECT_LE(space.size(), FrameReader::chunk_bytes_max);
    std::memcpy(space.data(), frame.data(), 4);
    reader.filled(4);
    EXPECT_EQ(reader.space().size(), frame.size() - 4 + 4);
}

TEST(FrameReader, AllocatesByWhatArrivedNotByWhatIsClaimed) {
    FrameReader reader(1 << 30);
    auto bytes = framed(16, 0);
    bytes[0] = std::byte{0x3f};  // now it claims almost a gibibyte
    feed(reader, bytes, bytes.size());
    reader.space();
    EXPECT_LE(reader.large_bytes(), FrameReader::trusted_bytes);
    Bytes const more(4 << 20);
    feed(reader, more, 100'000);
    EXPECT_LE(reader.large_bytes(), 3 * more.size());
}

TEST(FrameReader, RefusesWhatIsTooLargeAndSaysWhatItLooksLike) {
    auto const refusal = [](std::string_view text) {
        FrameReader reader(100 << 20);
        std::memcpy(reader.space().data(), text.data(), text.size());
        reader.filled(text.size());
        auto const frame = reader.next();
        return frame ? std::string("accepted") : frame.error();
    };
    EXPECT_THAT(refusal("GET / HTTP/1.1"), testing::HasSubstr("looks like HTTP"));
    EXPECT_THAT(refusal(std::string_view("\x16\x03\x01\x02\x00", 5)), testing::HasSubstr("TLS"));
    EXPECT_THAT(refusal("\xff\xff\xff\xff"), testing::HasSubstr("a frame of -1 bytes"));
}

TEST(FrameReader, HoldsNoMemoryWhileNothingArrives) {
    FrameReader reader(1 << 20);
    auto frame = framed(100'000, 1);
    auto const last = frame.back();
    frame.pop_back();
    feed(reader, frame, frame.size());
    EXPECT_GT(reader.large_bytes(), 100'000U);
    feed(reader, ByteView(&last, 1), 1);
    EXPECT_EQ(reader.large_bytes(), 0U);
}

}  // namespace
}  // namespace klamm::host
