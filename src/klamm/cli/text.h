// cli/text.h - bytes of keys and values as text, and text as lines.
#pragma once

#include <cstddef>
#include <cstdio>
#include <string>
#include <string_view>

namespace klamm::cli {

/// Safe to show on a terminal: control characters and what is no UTF-8 become \n, \t, \xff.
std::string printable(std::string_view bytes);

/// Lines of a stream without their ends. Holds one line at a time, up to a limit.
class LineReader {
public:
    static constexpr std::size_t line_bytes_max = 64 << 20;
    enum class Result { line, end, too_long, failed };

    /// The stream stays the caller's.
    explicit LineReader(std::FILE* stream) : stream_(stream) {}
    Result next(std::string& line);
    std::size_t number() const { return number_; }  ///< of the last line, from 1

private:
    std::FILE* stream_;
    std::size_t number_ = 0;
};

}  // namespace klamm::cli
