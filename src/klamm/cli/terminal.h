// cli/terminal.h - what people see: colors where they are welcome, tables, one moving line.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

/// Escape sequences for one stream; all empty unless it is a terminal that wants colors
/// (https://no-color.org, TERM=dumb).
class Style {
public:
    explicit Style(std::FILE* stream);

    std::string_view bold() const { return colors_ ? "\x1b[1m" : ""; }
    std::string_view dim() const { return colors_ ? "\x1b[2m" : ""; }
    std::string_view good() const { return colors_ ? "\x1b[32m" : ""; }
    std::string_view bad() const { return colors_ ? "\x1b[1;31m" : ""; }
    std::string_view warm() const { return colors_ ? "\x1b[33m" : ""; }
    std::string_view cool() const { return colors_ ? "\x1b[36m" : ""; }
    std::string_view off() const { return colors_ ? "\x1b[0m" : ""; }

private:
    bool colors_;
};

bool is_terminal(std::FILE* stream);

/// Rows under headings, each column as wide as its widest cell.
class Table {
public:
    /// A heading that starts with '>' makes a column of numbers, set flush right.
    explicit Table(std::vector<std::string> headings);

    /// Requires one cell for each heading.
    void row(std::vector<std::string> cells);
    bool empty() const { return rows_.empty(); }
    void print(std::FILE* stream) const;

private:
    std::vector<std::string> headings_;
    std::vector<bool> flush_right_;
    std::vector<std::vector<std::string>> rows_;
};

/// One line on stderr that is written over while something long runs, and wiped at the end.
/// Nothing at all unless stderr is a terminal.
class ProgressLine {
public:
    ProgressLine() : visible_(is_terminal(stderr)) {}
    ~ProgressLine() { clear(); }
    ProgressLine(ProgressLine const&) = delete;
    ProgressLine& operator=(ProgressLine const&) = delete;

    bool due();  ///< whether it is time to show something new; cheap
    void show(std::string_view text);
    void clear();

private:
    bool visible_;
    bool shown_ = false;
    std::chrono::steady_clock::time_point next_{};
};

/// How many columns a text takes, for UTF-8 without wide or combining characters.
std::size_t width_of(std::string_view utf8);
std::string padded(std::string_view text, std::size_t width);

std::string with_commas(std::int64_t number);       ///< 1,234,567
std::string bytes_text(std::int64_t bytes);         ///< 1.5 MiB
std::string utc_text(std::int64_t unix_time_ms);    ///< 2001-01-01T00:47:00.000Z
std::string bar(double part, std::size_t columns);  ///< part of 0..1, in eighths of a column

}  // namespace klamm::cli
