#include "klamm/cli/text.h"

#include "klamm/base/utf8.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

namespace klamm::cli {
namespace {

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return std::uint8_t(bytes[i]); }

}  // namespace

std::string printable(std::string_view bytes) {
    std::string text;
    for (std::size_t at = 0; at < bytes.size();) {
        auto const size = utf8_bytes(bytes.substr(at));
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
