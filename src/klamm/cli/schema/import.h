// cli/schema/import.h - putting what one registry holds into another, with its ids and versions.
#pragma once

#include "klamm/cli/schema/records.h"

#include <cstddef>
#include <string>
#include <vector>

namespace klamm::cli {

struct ImportPlan {
    /// What the target has not, each after what it refers to.
    std::vector<StoredVersion const*> missing;
    std::size_t same = 0;                ///< is there already, under the same numbers
    std::vector<std::string> conflicts;  ///< numbers that name something else there
};

/// Asks the target; changes nothing. The plan points into `contents`.
Outcome<ImportPlan> plan_import(RegistryContents const& contents, RegistryClient& target);

/// Registers what is missing, in mode IMPORT, and sets the modes back also when that failed; then
/// settings. Requires a plan without conflicts.
Outcome<> carry_out(ImportPlan const& plan, RegistryContents const& contents,
                    RegistryClient& target);

}  // namespace klamm::cli
