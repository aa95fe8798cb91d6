// cli/schema/git.h - files of a revision, asked of the program git in the current directory.
#pragma once

#include "klamm/cli/outcome.h"

#include <string>
#include <vector>

namespace klamm::cli {

/// The paths of files below `paths` (all, if empty), as seen from the current directory.
Outcome<std::vector<std::string>> git_files(std::string const& revision,
                                            std::vector<std::string> const& paths);
Outcome<std::string> git_text(std::string const& revision, std::string const& path);

}  // namespace klamm::cli
