#include "klamm/message.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

namespace klamm {

std::optional<std::string_view> find_header(Headers const& headers, std::string_view name) {
    for (auto const& header : headers | std::views::reverse)
        if (header.name == name) {
            if (!header.value) return std::nullopt;
            return std::string_view{*header.value};
        }
    return std::nullopt;
}

void set_header(Headers& headers, std::string_view name, std::string value) {
    std::erase_if(headers, [&](Header const& header) { return header.name == name; });
    headers.push_back({std::string(name), std::move(value)});
}

std::string to_string(Position const& position) {
    fmt::format_int const partition(position.partition);
    fmt::format_int const offset(position.offset);
    std::string text;
    text.reserve(position.topic.size() + partition.size() + offset.size() + 2);
    text.append(position.topic).append(1, '/').append(partition.data(), partition.size());
    return text.append(1, '@').append(offset.data(), offset.size());
}

}  // namespace klamm
