#include "klamm/cli/panel.h"

#include <fmt/core.h>

namespace klamm::cli {

void Panel::say(std::string_view line) {
    auto const drawn = lines_;
    clear();
    fmt::print("{}\n", line);
    std::fflush(stdout);
    if (!drawn.empty()) draw(drawn);
}

void Panel::done(std::string_view line) {
    say(fmt::format("{}✓{} {}", style_.good(), style_.off(), line));
}

void Panel::trouble(std::string_view line) {
    say(fmt::format("{}✗{} {}", style_.bad(), style_.off(), line));
}

void Panel::draw(std::vector<std::string> lines) {
    if (!moves_) return;
    // One write, from the first line on: a cleared screen in between would flicker.
    std::string text;
    if (!lines_.empty()) text += fmt::format("\x1b[{}A", lines_.size());
    for (auto const& line : lines) text += "\r" + line + "\x1b[K\n";
    std::fwrite(text.data(), 1, text.size(), stdout);
    std::fflush(stdout);
    lines_ = std::move(lines);
}

void Panel::clear() {
    if (lines_.empty()) return;
    fmt::print("\x1b[{}A\r\x1b[J", lines_.size());
    std::fflush(stdout);
    lines_.clear();
}

}  // namespace klamm::cli
