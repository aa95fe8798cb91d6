#include "klamm/schema/json/uri.h"

#include <algorithm>
#include <vector>

namespace klamm::schema::jsonschema {
namespace {

struct Parts {
    std::string_view scheme;     ///< "https:", or empty
    std::string_view authority;  ///< "//host", or empty
    std::string_view path;
    std::string_view query;  ///< "?a=b", or empty
};

Parts split(std::string_view uri) {
    Parts parts;
    auto const colon = uri.find(':');
    auto const ends_scheme = uri.find_first_of("/?#");
    if (colon != uri.npos && colon > 0 && colon < ends_scheme) {
        parts.scheme = uri.substr(0, colon + 1);
        uri.remove_prefix(colon + 1);
    }
    if (uri.starts_with("//")) {
        auto const end = std::min(uri.find_first_of("/?", 2), uri.size());
        parts.authority = uri.substr(0, end);
        uri.remove_prefix(end);
    }
    auto const query = std::min(uri.find('?'), uri.size());
    parts.path = uri.substr(0, query);
    parts.query = uri.substr(query);
    return parts;
}

std::string without_dots(std::string_view path) {
    std::vector<std::string_view> kept;
    auto const absolute = path.starts_with('/');
    if (absolute) path.remove_prefix(1);
    bool folder = false;  // what comes last is a folder: "a/", "a/.", "a/.."
    while (true) {
        auto const slash = path.find('/');
        auto const segment = path.substr(0, slash);
        folder = segment == "." || segment == "..";
        if (segment == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (segment != ".") {
            kept.push_back(segment);
        }
        if (slash == path.npos) break;
        path.remove_prefix(slash + 1);
    }
    std::string out = absolute ? "/" : "";
    for (std::size_t i = 0; i < kept.size(); ++i) {
        if (i > 0) out += '/';
        out += kept[i];
    }
    if (folder && !kept.empty()) out += '/';
    return out;
}

}  // namespace

std::pair<std::string_view, std::string_view> split_fragment(std::string_view reference) {
    auto const hash = reference.find('#');
    if (hash == reference.npos) return {reference, {}};
    return {reference.substr(0, hash), reference.substr(hash + 1)};
}

std::string resolve(std::string_view base, std::string_view reference) {
    if (reference.empty()) return std::string(base);
    auto const to = split(reference);
    auto const from = split(base);
    std::string path;
    auto scheme = from.scheme;
    auto authority = from.authority;
    auto query = to.query;
    if (!to.scheme.empty() || !to.authority.empty()) {
        if (!to.scheme.empty()) scheme = to.scheme;
        authority = to.authority;
        // A path without a slash belongs to a scheme with rules of its own: urn:, tag:.
        path = to.path.starts_with('/') ? without_dots(to.path) : std::string(to.path);
    } else if (to.path.empty()) {
        path = std::string(from.path);
        if (query.empty()) query = from.query;
    } else if (to.path.starts_with('/')) {
        path = without_dots(to.path);
    } else {
        auto const last = from.path.rfind('/');
        auto folder = last == from.path.npos ? std::string() : std::string(from.path, 0, last + 1);
        if (folder.empty() && !from.authority.empty()) folder = "/";
        path = without_dots(folder + std::string(to.path));
    }
    std::string out;
    for (auto const part : {scheme, authority, std::string_view(path), query}) out += part;
    return out;
}

}  // namespace klamm::schema::jsonschema
