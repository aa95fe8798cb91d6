#include "klamm/cli/text.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace klamm::cli {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return std::uint8_t(bytes[i]); }

/// How many bytes the character at `at` has, 0 if it is none. Overlong forms and surrogates
/// are none (RFC 3629).
std::size_t character_size(std::string_view bytes, std::size_t at) {
    auto const lead = byte_at(bytes, at);
    std::size_t const size = lead < 0x80   ? 1
                             : lead < 0xc2 ? 0
                             : lead < 0xe0 ? 2
                             : lead < 0xf0 ? 3
                             : lead < 0xf5 ? 4
                                           : 0;
    if (size == 0 || size > bytes.size() - at) return 0;
    for (std::size_t i = 1; i < size; ++i)
        if ((byte_at(bytes, at + i) & 0xc0) != 0x80) return 0;
    if (size < 3) return size;
    auto const second = byte_at(bytes, at + 1);
    auto const wrong = (lead == 0xe0 && second < 0xa0) || (lead == 0xed && second > 0x9f) ||
                       (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second > 0x8f);
    return wrong ? 0 : size;
}

}  // namespace

bool is_utf8(std::string_view bytes) {
    for (std::size_t at = 0; at < bytes.size();) {
        auto const size = character_size(bytes, at);
        if (size == 0) return false;
        at += size;
    }
    return true;
}

std::string base64(std::string_view bytes) {
    constexpr std::string_view digits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string text;
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        auto const count = std::min<std::size_t>(3, bytes.size() - at);
        std::uint32_t group = 0;
        for (std::size_t i = 0; i < 3; ++i)
            group = group << 8 | (i < count ? byte_at(bytes, at + i) : 0U);
        for (std::size_t i = 0; i < 4; ++i)
            text += i <= count ? digits[(group >> (18 - 6 * i)) & 63] : '=';
    }
    return text;
}

std::string printable(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
        auto const size = character_size(bytes, at);
        auto const lead = byte_at(bytes, at);
        // U+0080 to U+009F control terminals, too.
        auto const control = lead < 0x20 || lead == 0x7f ||
                             (size == 2 && lead == 0xc2 && byte_at(bytes, at + 1) < 0xa0);
        if (size > 0 && !control)
            text += bytes.substr(at, size);
        else if (lead == '\n')
            text += "\\n";
        else if (lead == '\t')
            text += "\\t";
        else
            for (std::size_t i = 0; i < std::max<std::size_t>(size, 1); ++i)
                fmt::format_to(std::back_inserter(text), "\\x{:02x}", byte_at(bytes, at + i));
        at += std::max<std::size_t>(size, 1);
    }
    return text;
}

LineReader::Result LineReader::next(std::string& line) {
    line.clear();
    ++number_;
    for (;;) {
        auto const c = ::getc_unlocked(stream_);
        if (c == EOF) {
            if (std::ferror(stream_) != 0) return Result::failed;
            return line.empty() ? Result::end : Result::line;
        }
        if (c == '\n') return Result::line;
        if (line.size() == line_bytes_max) return Result::too_long;
        line += char(c);
    }
}

}  // namespace klamm::cli
