#include "klamm/cli/contract/references.h"

#include "klamm/cli/contract/yaml.h"
#include "klamm/json/pointer.h"

#include <fmt/format.h>

namespace klamm::cli {
namespace {

constexpr int hops_max = 32;

}  // namespace

std::string const* reference_in(json::Value const& value) { return value.find_string("$ref"); }

std::expected<std::string, std::string> pointer_of(std::string_view reference) {
    if (!reference.starts_with('#'))
        return std::unexpected(fmt::format("'{}' is not in this document", reference));
    return json::decode_percent(reference.substr(1));
}

std::expected<Target, std::string> follow(json::Value const& document, json::Value const& from,
                                          std::string pointer) {
    Target at{&from, std::move(pointer)};
    for (int hop = 0; hop < hops_max; ++hop) {
        auto const* reference = reference_in(*at.value);
        if (reference == nullptr) return at;
        auto next = pointer_of(*reference);
        if (!next) return std::unexpected(next.error());
        auto const* value = json::at_pointer(document, *next);
        if (value == nullptr)
            return std::unexpected(fmt::format("there is nothing at '{}'", *reference));
        at = {value, std::move(*next)};
    }
    return std::unexpected(fmt::format("'{}' leads in a circle", *reference_in(from)));
}

}  // namespace klamm::cli
