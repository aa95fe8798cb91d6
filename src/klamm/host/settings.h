// host/settings.h - `--set name=value`: every setting that has a name, a default and a range.
#pragma once

#include "klamm/host/options.h"

#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::host {

/// Changes one setting. The error names the setting, the value and what is allowed.
[[nodiscard]] std::expected<void, std::string> apply_setting(Options& options,
                                                             std::string_view name_and_value);

struct SettingInfo {
    std::string_view name;
    std::string default_value;
    std::string allowed;
    std::string_view says;  ///< what it is for
};

/// All settings, for `--help` and the documents.
std::vector<SettingInfo> list_settings();

}  // namespace klamm::host
