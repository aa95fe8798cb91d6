#include "klamm/cli/terminal.h"

#include "klamm/base/ensure.h"

#include <fmt/core.h>

#include <unistd.h>
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <ctime>

namespace klamm::cli {
namespace {

constexpr auto progress_interval = std::chrono::milliseconds(100);

bool wants_colors(std::FILE* stream) {
    auto const* no_color = std::getenv("NO_COLOR");
    auto const* term = std::getenv("TERM");
    if (no_color != nullptr && *no_color != '\0') return false;
    if (term != nullptr && std::string_view(term) == "dumb") return false;
    return is_terminal(stream);
}

}  // namespace

Style::Style(std::FILE* stream) : colors_(wants_colors(stream)) {}

bool is_terminal(std::FILE* stream) { return ::isatty(::fileno(stream)) == 1; }

Table::Table(std::vector<std::string> headings) : headings_(std::move(headings)) {
    for (auto& heading : headings_) {
        flush_right_.push_back(heading.starts_with('>'));
        if (flush_right_.back()) heading.erase(0, 1);
    }
}

void Table::row(std::vector<std::string> cells) {
    ensure(cells.size() == headings_.size());
    rows_.push_back(std::move(cells));
}

void Table::print(std::FILE* stream) const {
    std::vector<std::size_t> widths;
    for (auto const& heading : headings_) widths.push_back(width_of(heading));
    for (auto const& row : rows_)
        for (std::size_t i = 0; i < row.size(); ++i)
            widths[i] = std::max(widths[i], width_of(row[i]));

    auto const line = [&](std::vector<std::string> const& cells) {
        std::string text;
        for (std::size_t i = 0; i < cells.size(); ++i) {
            auto const gap = std::string(widths[i] - width_of(cells[i]), ' ');
            if (i > 0) text += "  ";
            text += flush_right_[i] ? gap + cells[i] : cells[i] + gap;
        }
        text.erase(text.find_last_not_of(' ') + 1);
        return text;
    };
    Style const style{stream};
    fmt::print(stream, "{}{}{}\n", style.bold(), line(headings_), style.off());
    for (auto const& row : rows_) fmt::print(stream, "{}\n", line(row));
}

bool ProgressLine::due() {
    if (!visible_) return false;
    auto const now = std::chrono::steady_clock::now();
    if (now < next_) return false;
    next_ = now + progress_interval;
    return true;
}

void ProgressLine::show(std::string_view text) {
    if (!visible_) return;
    Style const style{stderr};
    fmt::print(stderr, "\r\x1b[K{}{}{}", style.dim(), text, style.off());
    std::fflush(stderr);
    shown_ = true;
}

void ProgressLine::clear() {
    if (!shown_) return;
    fmt::print(stderr, "\r\x1b[K");
    std::fflush(stderr);
    shown_ = false;
}

std::size_t width_of(std::string_view utf8) {
    return std::size_t(std::ranges::count_if(
        utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string padded(std::string_view text, std::size_t width) {
    auto const used = width_of(text);
    return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string with_commas(std::int64_t number) {
    auto const digits = fmt::format("{}", number);
    auto const first = std::size_t(number < 0 ? 1 : 0);
    std::string out;
    for (std::size_t i = 0; i < digits.size(); ++i) {
        if (i > first && (digits.size() - i) % 3 == 0) out += ',';
        out += digits[i];
    }
    return out;
}

std::string bytes_text(std::int64_t bytes) {
    constexpr std::array units{"B", "KiB", "MiB", "GiB", "TiB"};
    auto value = double(bytes);
    std::size_t unit = 0;
    for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
    return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string utc_text(std::int64_t unix_time_ms) {
    auto const ms = ((unix_time_ms % 1000) + 1000) % 1000;
    auto const seconds = std::time_t((unix_time_ms - ms) / 1000);
    std::tm parts{};
    if (::gmtime_r(&seconds, &parts) == nullptr) return fmt::format("{}", unix_time_ms);
    std::array<char, 32> text{};
    auto const size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    return fmt::format("{}.{:03}Z", std::string_view(text.data(), size), ms);
}

std::string bar(double part, std::size_t columns) {
    constexpr std::array<std::string_view, 8> eighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    auto const filled = std::size_t(std::lround(std::clamp(part, 0.0, 1.0) * double(columns) * 8));
    std::string text;
    for (std::size_t i = 0; i < filled / 8; ++i) text += "█";
    return text.append(eighths[filled % 8]);
}

}  // namespace klamm::cli
