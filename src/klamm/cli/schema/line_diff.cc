#include "klamm/cli/schema/line_diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace klamm::cli {
namespace {

using Lines = std::vector<std::string_view>;

constexpr std::size_t around = 3;
constexpr std::size_t differences_max = 2'000;  // lines; beyond that all counts as replaced

struct Edit {
    char sign = ' ';  // as in the output
    std::string_view line;
};

Lines lines_of(std::string_view text) {
    Lines lines;
    while (!text.empty()) {
        auto const end = std::min(text.find('\n'), text.size());
        lines.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

/// Myers' greedy algorithm (An O(ND) Difference Algorithm, 1986): the fewest edits. The furthest
/// points of every round are kept to walk back from the end.
class Shortest {
public:
    Shortest(Lines const& a, Lines const& b)
        : a_(a), b_(b), n_(std::ptrdiff_t(a.size())), m_(std::ptrdiff_t(b.size())) {}

    std::vector<Edit> edits() {
        std::vector<std::ptrdiff_t> furthest{0, 0, 0};  // diagonals -1, 0, 1
        auto const most = std::min<std::ptrdiff_t>(n_ + m_, differences_max);
        for (std::ptrdiff_t d = 0; d <= most; ++d) {
            std::vector<std::ptrdiff_t> next(std::size_t(2 * d + 3), -1);
            auto const at = [](std::vector<std::ptrdiff_t>& row, std::ptrdiff_t round,
                               std::ptrdiff_t k) -> std::ptrdiff_t& {
                return row[std::size_t(k + round + 1)];
            };
            for (auto k = -d; k <= d; k += 2) {
                auto x = d == 0                    ? 0
                         : is_down(furthest, d, k) ? at(furthest, d - 1, k + 1)
                                                   : at(furthest, d - 1, k - 1) + 1;
                while (x < n_ && x - k < m_ && a_[std::size_t(x)] == b_[std::size_t(x - k)]) ++x;
                at(next, d, k) = x;
                if (x < n_ || x - k < m_) continue;
                rounds_.push_back(std::move(next));
                return walk_back(d);
            }
            rounds_.push_back(next);
            furthest = std::move(next);
        }
        return replaced();
    }

private:
    /// Whether the best way to diagonal k in round d is a line of b; else one of a is taken away.
    static bool is_down(std::vector<std::ptrdiff_t> const& before, std::ptrdiff_t d,
                        std::ptrdiff_t k) {
        auto const x = [&](std::ptrdiff_t diagonal) {
            return before[std::size_t(diagonal + d - 1 + 1)];
        };
        return k == -d || (k != d && x(k - 1) < x(k + 1));
    }

    std::vector<Edit> walk_back(std::ptrdiff_t d) const {
        std::vector<Edit> edits;
        auto x = n_;
        auto y = m_;
        for (; d > 0; --d) {
            auto const& before = rounds_[std::size_t(d - 1)];
            auto const down = is_down(before, d, x - y);
            auto const k = x - y + (down ? 1 : -1);
            auto const from_x = before[std::size_t(k + d)];
            auto const from_y = from_x - k;
            auto const step_x = from_x + (down ? 0 : 1);
            for (; x > step_x; --x, --y) edits.push_back({' ', a_[std::size_t(x - 1)]});
            if (down)
                edits.push_back({'+', b_[std::size_t(from_y)]});
            else
                edits.push_back({'-', a_[std::size_t(from_x)]});
            x = from_x;
            y = from_y;
        }
        for (; x > 0; --x) edits.push_back({' ', a_[std::size_t(x - 1)]});
        std::ranges::reverse(edits);
        return edits;
    }

    std::vector<Edit> replaced() const {
        std::vector<Edit> edits;
        for (auto const line : a_) edits.push_back({'-', line});
        for (auto const line : b_) edits.push_back({'+', line});
        return edits;
    }

    Lines const& a_;
    Lines const& b_;
    std::ptrdiff_t n_;
    std::ptrdiff_t m_;
    std::vector<std::vector<std::ptrdiff_t>> rounds_;
};

/// "12,5", and as diff writes it, the line before when there are none.
std::string range(std::size_t begin, std::size_t count) {
    if (count == 0) return fmt::format("{},0", begin);
    return count == 1 ? fmt::format("{}", begin + 1) : fmt::format("{},{}", begin + 1, count);
}

}  // namespace

std::string unified_diff(std::string_view old_text, std::string_view new_text,
                         std::string_view old_name, std::string_view new_name) {
    if (old_text == new_text) return {};
    auto const a = lines_of(old_text);
    auto const b = lines_of(new_text);
    auto const edits = Shortest(a, b).edits();
    auto text = fmt::format("--- {}\n+++ {}\n", old_name, new_name);
    std::size_t old_line = 0;
    std::size_t new_line = 0;
    for (std::size_t i = 0; i < edits.size();) {
        auto const is_change = [](Edit const& edit) { return edit.sign != ' '; };
        auto const first =
            std::size_t(std::find_if(edits.begin() + std::ptrdiff_t(i), edits.end(), is_change) -
                        edits.begin());
        if (first == edits.size()) break;
        auto const begin = std::max(i, first < around ? 0 : first - around);
        auto end = first;  // behind the last change of the hunk, and what stands around it
        for (auto at = first; at < edits.size() && at < end + 2 * around + 1; ++at)
            if (is_change(edits[at])) end = at;
        end = std::min(end + around + 1, edits.size());
        old_line += begin - i;
        new_line += begin - i;
        std::size_t old_count = 0;
        std::size_t new_count = 0;
        std::string lines;
        for (auto at = begin; at < end; ++at) {
            old_count += edits[at].sign != '+';
            new_count += edits[at].sign != '-';
            fmt::format_to(std::back_inserter(lines), "{}{}\n", edits[at].sign, edits[at].line);
        }
        fmt::format_to(std::back_inserter(text), "@@ -{} +{} @@\n{}", range(old_line, old_count),
                       range(new_line, new_count), lines);
        old_line += old_count;
        new_line += new_count;
        i = end;
    }
    return text;
}

}  // namespace klamm::cli
