#include "klamm/base/base64.h"

#include <algorithm>
#include <cstdint>

namespace klamm {

std::string base64_encoded(std::string_view bytes) {
    static constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        auto const left = std::min<std::size_t>(3, bytes.size() - i);
        std::uint32_t group = 0;
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U);
        for (std::size_t k = 0; k < 4; ++k)
            text += k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
    }
    return text;
}

std::optional<std::string> base64_decoded(std::string_view text) {
    std::string bytes;
    std::uint32_t group = 0;
    int digits = 0;
    int padding = 0;
    for (char const c : text) {
        if (c == '\r' || c == '\n') continue;
        std::uint32_t digit = 0;
        if (c >= 'A' && c <= 'Z') {
            digit = static_cast<std::uint32_t>(c - 'A');
        } else if (c >= 'a' && c <= 'z') {
            digit = static_cast<std::uint32_t>(c - 'a') + 26;
        } else if (c >= '0' && c <= '9') {
            digit = static_cast<std::uint32_t>(c - '0') + 52;
        } else if (c == '+' || c == '/') {
            digit = c == '+' ? 62 : 63;
        } else if (c == '=' && digits >= 2 && padding < 2) {
            ++padding;
        } else {
            return std::nullopt;
        }
        if (c != '=' && padding > 0) return std::nullopt;
        group = group << 6 | digit;
        if (++digits < 4) continue;
        for (int k = 0; k < 3 - padding; ++k)
            bytes += static_cast<char>(group >> (16 - 8 * k) & 0xff);
        group = 0;
        digits = 0;
    }
    if (digits != 0) return std::nullopt;
    return bytes;
}

}  // namespace klamm
