#include "klamm/base/uuid.h"

namespace klamm {
namespace {

constexpr std::string_view alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

}  // namespace

Uuid Uuid::random(Random& random) {
    Uuid id;
    do {
        for (std::size_t half = 0; half < 2; ++half) {
            auto word = random.next();
            for (std::size_t i = 0; i < 8; ++i, word >>= 8)
                id.bytes[half * 8 + i] = std::byte(word & 0xff);
        }
        id.bytes[6] = (id.bytes[6] & std::byte{0x0f}) | std::byte{0x40};
        id.bytes[8] = (id.bytes[8] & std::byte{0x3f}) | std::byte{0x80};
    } while (to_string(id).front() == '-');  // would read as a flag on a command line
    return id;
}

std::string to_string(Uuid const& id) {
    std::string text;
    unsigned bits = 0, held = 0;
    for (auto byte : id.bytes) {
        held = (held << 8) | std::to_integer<unsigned>(byte);
        for (bits += 8; bits >= 6; bits -= 6) text += alphabet[(held >> (bits - 6)) & 63];
    }
    text += alphabet[(held << (6 - bits)) & 63];
    return text;
}

std::optional<Uuid> parse_uuid(std::string_view base64url) {
    if (base64url.size() != 22) return std::nullopt;
    Uuid id;
    unsigned bits = 0, held = 0;
    std::size_t next = 0;
    for (char c : base64url) {
        auto const digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        held = (held << 6) | unsigned(digit);
        bits += 6;
        if (bits < 8) continue;
        bits -= 8;
        id.bytes[next++] = std::byte((held >> bits) & 0xff);
    }
    return id;
}

std::string to_hyphenated(Uuid const& id) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += digits[std::to_integer<unsigned>(id.bytes[i] >> 4)];
        text += digits[std::to_integer<unsigned>(id.bytes[i] & std::byte{15})];
    }
    return text;
}

}  // namespace klamm
