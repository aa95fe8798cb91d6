#include "klamm/registry/http.h"

#include "klamm/base/utf8.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace klamm::registry {

namespace {

std::optional<unsigned> hex(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
    return std::nullopt;
}

/// None: a % without two digits behind it, or bytes that are no UTF-8.
std::optional<std::string> decoded(std::string_view text, bool plus_is_space) {
    std::string all;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_space) {
            all += ' ';
        } else if (text[i] != '%') {
            all += text[i];
        } else {
            if (i + 2 >= text.size()) return std::nullopt;
            auto const high = hex(text[i + 1]);
            auto const low = hex(text[i + 2]);
            if (!high || !low) return std::nullopt;
            all += static_cast<char>(static_cast<unsigned char>(*high << 4U | *low));
            i += 2;
        }
    }
    if (!is_utf8(all)) return std::nullopt;
    return all;
}

template <class Take>
void split(std::string_view text, char separator, Take&& take) {
    for (std::size_t at = 0; at <= text.size();) {
        auto const end = std::min(text.find(separator, at), text.size());
        take(text.substr(at, end - at));
        at = end + 1;
    }
}

std::string_view trimmed(std::string_view text) {
    while (text.starts_with(' ') || text.starts_with('\t')) text.remove_prefix(1);
    while (text.ends_with(' ') || text.ends_with('\t')) text.remove_suffix(1);
    return text;
}

std::string lower(std::string_view text) {
    std::string all(text);
    for (auto& c : all)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return all;
}

bool matches(std::string_view range, std::string_view type) {
    if (range == "*/*" || range == "*" || range == type) return true;
    return range.ends_with("/*") && type.starts_with(range.substr(0, range.size() - 1));
}

/// In thousandths, as the header's q.
unsigned quality_of(std::string_view parameters) {
    unsigned quality = 1000;
    split(parameters, ';', [&](std::string_view parameter) {
        parameter = trimmed(parameter);
        if (!parameter.starts_with("q=")) return;
        auto digits = parameter.substr(2);
        unsigned whole = 0;
        unsigned scale = 1000;
        for (auto const c : digits) {
            if (c == '.') continue;
            if (c < '0' || c > '9' || scale == 0) break;
            whole += static_cast<unsigned>(c - '0') * scale;
            scale /= 10;
        }
        quality = std::min(whole, 1000U);
    });
    return quality;
}

}  // namespace

std::string const* Target::find(std::string_view name) const {
    auto const found = std::ranges::find(query, name, &Parameter::name);
    return found == query.end() ? nullptr : &found->value;
}

std::string Target::text(std::string_view name) const {
    auto const* value = find(name);
    return value == nullptr ? std::string() : *value;
}

std::vector<std::string> Target::all(std::string_view name) const {
    std::vector<std::string> values;
    for (auto const& parameter : query)
        if (parameter.name == name) values.push_back(parameter.value);
    return values;
}

bool Target::flag(std::string_view name) const {
    auto const* value = find(name);
    return value != nullptr && lower(*value) == "true";
}

void Target::set(std::string_view name, std::string value) {
    std::erase_if(query, [&](Parameter const& parameter) { return parameter.name == name; });
    query.push_back({.name = std::string(name), .value = std::move(value)});
}

std::expected<Target, Refusal> parse_target(std::string_view target) {
    if (target.size() > target_bytes_max)
        return Refused({.code = 414,
                        .message = "The path and query have " + std::to_string(target.size()) +
                                   " bytes; at most " + std::to_string(target_bytes_max)});
    if (auto const hash = target.find('#'); hash != target.npos) target = target.substr(0, hash);
    auto const mark = std::min(target.find('?'), target.size());
    auto path = target.substr(0, mark);
    auto const query = mark < target.size() ? target.substr(mark + 1) : std::string_view();
    if (path.starts_with('/')) path.remove_prefix(1);
    if (path.ends_with('/')) path.remove_suffix(1);

    Target parsed;
    bool fine = true;
    if (!path.empty())
        split(path, '/', [&](std::string_view segment) {
            auto text = decoded(segment, false);
            fine = fine && text;
            if (text) parsed.path.push_back(std::move(*text));
        });
    split(query, '&', [&](std::string_view parameter) {
        if (parameter.empty()) return;
        auto const equals = std::min(parameter.find('='), parameter.size());
        auto name = decoded(parameter.substr(0, equals), true);
        auto value = decoded(
            equals < parameter.size() ? parameter.substr(equals + 1) : std::string_view(), true);
        fine = fine && name && value;
        if (name && value)
            parsed.query.push_back({.name = std::move(*name), .value = std::move(*value)});
    });
    if (!fine)
        return Refused({.code = 400,
                        .message = "HTTP 400 Bad Request: the path or the query has a % without "
                                   "two hexadecimal digits, or is not UTF-8"});
    return parsed;
}

std::optional<std::int32_t> as_int32(std::string_view text) {
    if (text.starts_with('+')) text.remove_prefix(1);
    std::int32_t number = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::expected<Page, Refusal> page_of(Target const& target, std::size_t count,
                                     std::size_t limit_max) {
    auto const read = [&](std::string_view name, std::int32_t otherwise) {
        auto const* text = target.find(name);
        return text == nullptr || text->empty() ? std::optional(otherwise) : as_int32(*text);
    };
    auto const offset = read("offset", 0);
    auto const limit = read("limit", -1);
    if (!offset || !limit || *offset < 0)
        return Refused({.code = 404, .message = "HTTP 404 Not Found"});
    auto const wanted = *limit > 0 ? static_cast<std::size_t>(*limit) : limit_max;
    auto const first = std::min(static_cast<std::size_t>(*offset), count);
    return Page{.first = first,
                .size = std::min(wanted > limit_max ? limit_max : wanted, count - first)};
}

std::string_view negotiate(std::string_view accept, std::vector<std::string_view> const& offered) {
    if (trimmed(accept).empty()) return offered.front();
    std::string_view best;
    unsigned best_quality = 0;
    split(accept, ',', [&](std::string_view range) {
        auto const semicolon = std::min(range.find(';'), range.size());
        auto const type = lower(trimmed(range.substr(0, semicolon)));
        auto const quality =
            semicolon < range.size() ? quality_of(range.substr(semicolon + 1)) : 1000U;
        for (auto const offer : offered) {
            if (!matches(type, offer)) continue;
            auto const better =
                quality > best_quality ||
                (quality == best_quality && quality != 0 &&
                 std::ranges::find(offered, offer) < std::ranges::find(offered, best));
            if (better) {
                best = offer;
                best_quality = quality;
            }
            break;
        }
    });
    return best;
}

bool names_type(std::string_view accept, std::string_view type) {
    bool named = false;
    split(accept, ',', [&](std::string_view range) {
        auto const semicolon = std::min(range.find(';'), range.size());
        named = named || lower(trimmed(range.substr(0, semicolon))) == type;
    });
    return named;
}

bool is_accepted_body(std::string_view content_type) {
    auto const type = lower(trimmed(content_type.substr(0, content_type.find(';'))));
    return type.empty() || type == v1_json || type == "application/vnd.schemaregistry+json" ||
           type == "application/json" || type == "application/octet-stream";
}

std::expected<json::Value, Refusal> parse_body(std::string_view body) {
    if (trimmed(body).empty())
        return Refused(
            {.code = 422, .message = "The request has no body; a JSON object is needed"});
    auto parsed = json::parse(body);
    if (!parsed)
        return Refused({.code = 400, .message = "The body is not JSON: " + parsed.error().why});
    if (!parsed->is_object())
        return Refused({.code = 422, .message = "The body is not a JSON object"});
    return std::move(*parsed);
}

}  // namespace klamm::registry
