#include "klamm/cli/outcome.h"

#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <cstdio>

namespace klamm::cli {

int report(Outcome<> const& outcome) {
    if (outcome) return 0;
    Style const style{stderr};
    fmt::print(stderr, "{}klamm:{} {}\n", style.bad(), style.off(), outcome.error().what);
    if (!outcome.error().hint.empty())
        fmt::print(stderr, "{}       {}{}\n", style.dim(), outcome.error().hint, style.off());
    return outcome.error().exit_code;
}

}  // namespace klamm::cli
