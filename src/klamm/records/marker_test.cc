#include "klamm/records/batch.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace klamm::records {
namespace {

std::string hex(Bytes const& bytes) {
    std::string text;
    for (auto const byte : bytes) text += fmt::format("{:02x}", std::uint8_t(byte));
    return text;
}

EndMarker marker(bool committed) {
    return {.committed = committed,
            .producer_id = 4000,
            .producer_epoch = 7,
            .base_offset = 41,
            .leader_epoch = 0,
            .timestamp = 1'700'000'000'000};
}

// As Apache Kafka 4.3.1 writes them (MemoryRecords.withEndTransactionMarker).
TEST(EndMarker, HasTheBytesOfKafka) {
    EXPECT_EQ(hex(build(marker(true))),
              "0000000000000029"  // base_offset
              "00000042"
              "00000000"
              "02"  // batch_length, leader epoch, magic
              "029b2bf7"
              "0030"              // crc; attributes: transactional, control
              "00000000"          // last_offset_delta
              "0000018bcfe56800"  // base_timestamp
              "0000018bcfe56800"  // max_timestamp
              "0000000000000fa0"
              "0007"  // producer id and epoch
              "ffffffff"
              "00000001"  // base_sequence, records
              "20"
              "00"
              "00"
              "00"  // length 16, attributes, deltas
              "08"
              "00000001"  // key: version 0, type 1: commit
              "0c"
              "000000000000"  // value: version 0, coordinator epoch 0
              "00");          // headers
    EXPECT_EQ(hex(build(marker(false))).substr(34, 8), "f6a5fdbf") << "the crc of an abort";
}

TEST(EndMarker, IsReadAgain) {
    for (bool const committed : {true, false})
        EXPECT_EQ(read_end_marker(build(marker(committed))).value(), marker(committed));
}

TEST(EndMarker, EveryTruncationAndEveryFlippedBitIsRefused) {
    auto const bytes = build(marker(true));
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(read_end_marker(ByteView{bytes}.first(size)));
    auto const checked_from = 16u;
    for (std::size_t at = checked_from; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            auto flipped = bytes;
            flipped[at] ^= std::byte(1 << bit);
            EXPECT_FALSE(read_end_marker(flipped)) << at;
        }
    }
}

TEST(EndMarker, IsRefusedFromClients) { EXPECT_FALSE(check(build(marker(true)))); }

}  // namespace
}  // namespace klamm::records
