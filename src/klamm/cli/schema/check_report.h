// cli/schema/check_report.h - what came of checking, for people, programs and code hosts.
#pragma once

#include "klamm/cli/schema/checking.h"
#include "klamm/cli/schema/data_check.h"
#include "klamm/json/value.h"

#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace klamm::cli {

struct Checked {
    CheckResult result;
    std::optional<DataCheck> data;
    std::string written;  ///< the file that a mend was written to; empty: none

    /// A mend that was written was proven.
    bool passes() const {
        return (result.passes() || !written.empty()) && (!data || data->failed == 0);
    }
};

void print_checked(Checked const& it, std::FILE* stream);
void print_summary(std::span<Checked const> all, std::FILE* stream);
json::Value to_json(std::span<Checked const> all);
json::Value to_sarif(std::span<Checked const> all);

}  // namespace klamm::cli
