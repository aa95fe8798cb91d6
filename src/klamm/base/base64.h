// base/base64.h - bytes as text in the standard alphabet, with padding (RFC 4648, section 4).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace klamm {

std::string base64_encoded(std::string_view bytes);
/// Line breaks are skipped. None: it is something else.
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace klamm
