// sim/processed.h - how a record of an application says of which input it was made.
#pragma once

#include "klamm/base/crc32c.h"
#include "klamm/sim/checker.h"

#include <compare>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::sim {

/// The group of all applications, and the topic to which they write.
inline constexpr std::string_view application_group = "apps";
inline constexpr std::string_view results_topic = "results";

struct Piece {
    PartitionName input;
    std::int64_t from = 0;
    std::int64_t to = 0;
    std::uint32_t hash = 0;  ///< of what was shown, see PieceHash
    std::string transaction;
    auto operator<=>(Piece const&) const = default;
};

/// "x0.2-7:events/1:100-120#5f3a0012"
std::string to_value(Piece const& piece);
std::optional<Piece> parse_piece(std::string_view value);

/// Of records with their offsets, in order.
class PieceHash {
public:
    void add(SeenRecord const& record) {
        hash_ = crc32c(std::as_bytes(std::span{&record.offset, 1}), hash_);
        hash_ = crc32c(std::as_bytes(std::span{record.value}), hash_);
    }
    std::uint32_t value() const { return hash_; }

private:
    std::uint32_t hash_ = 0;
};

}  // namespace klamm::sim
