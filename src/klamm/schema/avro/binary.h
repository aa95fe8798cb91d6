// schema/avro/binary.h - Avro's binary encoding, piece by piece, with a reason for each refusal.
#pragma once

#include "klamm/schema/avro/path.h"
#include "klamm/schema/schema.h"

#include <cstdint>
#include <expected>
#include <string_view>

namespace klamm::schema::avro {

/// Reads from the front; errors say where `path` stands.
class BinaryReader {
public:
    BinaryReader(ByteView bytes, Path const& path) : rest_(bytes), path_(path) {}

    std::size_t left() const { return rest_.size(); }
    std::size_t at(ByteView whole) const { return whole.size() - rest_.size(); }

    [[nodiscard]] std::expected<bool, PayloadError> read_boolean();
    [[nodiscard]] std::expected<std::int32_t, PayloadError> read_int();
    [[nodiscard]] std::expected<std::int64_t, PayloadError> read_long(std::string_view what);
    [[nodiscard]] std::expected<float, PayloadError> read_float();
    [[nodiscard]] std::expected<double, PayloadError> read_double();
    /// An index below `count`; `what`: "symbol", "branch".
    [[nodiscard]] std::expected<std::size_t, PayloadError> read_index(std::size_t count,
                                                                      std::string_view what);
    [[nodiscard]] std::expected<ByteView, PayloadError> read_bytes(std::string_view what);
    [[nodiscard]] std::expected<std::string_view, PayloadError> read_string();
    [[nodiscard]] std::expected<ByteView, PayloadError> take(std::uint64_t size,
                                                             std::string_view what);

    /// Of an array or a map: how many elements come next, 0 at the end. Those of a block that says
    /// its size must end where it says: see end_block.
    struct Block {
        std::uint64_t count = 0;
        bool sized = false;
        std::size_t left_after = 0;
    };
    [[nodiscard]] std::expected<Block, PayloadError> read_block(std::uint64_t element_fewest);
    [[nodiscard]] std::expected<void, PayloadError> end_block(Block const& block) const;

    std::unexpected<PayloadError> refuse(std::string rule, std::string why,
                                         std::string value = {}) const {
        return std::unexpected(
            PayloadError{path_.text(), std::move(value), std::move(rule), std::move(why)});
    }

private:
    ByteView rest_;
    Path const& path_;
    std::uint64_t empty_ = 0;  ///< elements so far that took no bytes
};

void append_long(Bytes& out, std::int64_t value);
void append_bytes(Bytes& out, ByteView bytes);

}  // namespace klamm::schema::avro
