#include "klamm/registry/names.h"

#include <algorithm>

namespace klamm::registry {

Subject parse_subject(std::string_view qualified) {
    if (qualified.starts_with(any_context))
        return {.context = "*", .name = std::string(qualified.substr(any_context.size()))};
    if (!qualified.starts_with(":."))
        return {.context = std::string(default_context), .name = std::string(qualified)};
    auto const colon = qualified.find(':', 2);
    if (colon == std::string_view::npos)
        return {.context = std::string(qualified.substr(1)), .name = {}};
    return {.context = std::string(qualified.substr(1, colon - 1)),
            .name = std::string(qualified.substr(colon + 1))};
}

std::string qualified_context(std::string_view context) {
    if (context == default_context) return {};
    return ":" + std::string(context) + ":";
}

std::string to_string(Subject const& subject) {
    return qualified_context(subject.context) + subject.name;
}

Subject relative_to(std::string_view parent_context, std::string_view subject) {
    auto parsed = parse_subject(subject);
    if (parsed.context == default_context && parent_context != default_context)
        return {.context = std::string(parent_context), .name = std::string(subject)};
    return parsed;
}

std::string parse_context(std::string_view text) {
    if (text.starts_with(':')) text.remove_prefix(1);
    if (text.ends_with(':')) text.remove_suffix(1);
    if (text.find(':') != std::string_view::npos) return {};
    return text.starts_with('.') ? std::string(text) : "." + std::string(text);
}

namespace {
bool is_control(char byte) {
    auto const code = static_cast<unsigned char>(byte);
    return code < 0x20 || code == 0x7f;
}
/// U+0080 to U+009F, which are control characters too.
bool has_c1_control(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i)
        if (text[i] == '\xc2' && static_cast<unsigned char>(text[i + 1]) < 0xa0) return true;
    return false;
}
}  // namespace

bool is_valid(std::string_view qualified, bool for_settings) {
    if (qualified.size() > subject_bytes_max) return false;
    if (std::ranges::any_of(qualified, is_control) || has_c1_control(qualified)) return false;
    auto const subject = parse_subject(qualified);
    if (subject.context == "*") return false;  // means "any", where subjects are listed
    if (subject.name == "__GLOBAL" || subject.name == "__EMPTY") return false;
    return for_settings || subject.context != global_context;
}

}  // namespace klamm::registry
