// cli/panel.h - a few lines on the terminal that are redrawn in place under a growing story.
#pragma once

#include "klamm/cli/terminal.h"

#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

/// Writes on stdout. Where stdout is no terminal only the story is written.
class Panel {
public:
    Panel() : moves_(is_terminal(stdout)) {}
    ~Panel() { clear(); }
    Panel(Panel const&) = delete;
    Panel& operator=(Panel const&) = delete;

    bool moves() const { return moves_; }
    Style const& style() const { return style_; }
    /// A line that stays, above what moves.
    void say(std::string_view line);
    void done(std::string_view line);     ///< "✓ line"
    void trouble(std::string_view line);  ///< "✗ line"
    void draw(std::vector<std::string> lines);
    void clear();
    /// What was drawn stays as it is; the next lines come under it.
    void keep() { lines_.clear(); }

private:
    bool const moves_;
    Style const style_{stdout};
    std::vector<std::string> lines_;
};

}  // namespace klamm::cli
