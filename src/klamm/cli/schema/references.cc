// What files refer to among each other, before any of them is registered.
#include "klamm/cli/schema/source.h"

#include <algorithm>
#include <set>

namespace klamm::cli {
namespace {

/// Every string of a document, with the key under which it stands.
template <class Visit>
void each_string(json::Value const& document, std::string_view key, Visit visit) {
    if (document.is_string()) visit(key, document.string());
    if (document.is_array())
        for (auto const& each : document.array()) each_string(each, key, visit);
    if (document.is_object())
        for (auto const& member : document.object()) each_string(member.value, member.key, visit);
}

std::string full_name(json::Value const& avro) {
    auto const* const name = avro.find_string("name");
    auto const* const space = avro.find_string("namespace");
    if (name == nullptr) return {};
    if (space == nullptr || space->empty() || name->find('.') != std::string::npos) return *name;
    return *space + "." + *name;
}

bool is_at_end_of(std::string_view path, std::string_view name) {
    return path == name || (path.ends_with(name) && path[path.size() - name.size() - 1] == '/');
}

/// The names in a text that other files may answer to: what is imported, used as a type, or $ref.
std::set<std::string> names_used(SchemaFile const& file) {
    std::set<std::string> names;
    if (file.type == schema::Type::protobuf) {
        constexpr std::string_view word = "import";
        for (auto at = file.text.find(word); at != file.text.npos;
             at = file.text.find(word, at + word.size())) {
            auto const open = file.text.find('"', at);
            auto const end = file.text.find(';', at);
            if (open == file.text.npos || end == file.text.npos || open > end) continue;
            auto const close = file.text.find('"', open + 1);
            if (close < end) names.insert(file.text.substr(open + 1, close - open - 1));
        }
        return names;
    }
    auto const document = json::parse(file.text);
    if (!document) return names;
    auto const* const space = document->find_string("namespace");
    each_string(*document, "", [&](std::string_view key, std::string const& text) {
        if (file.type == schema::Type::json) {
            if (key == "$ref") names.insert(text.substr(0, text.find('#')));
            return;
        }
        names.insert(text);
        if (space != nullptr && text.find('.') == text.npos) names.insert(*space + "." + text);
    });
    return names;
}

/// Under which of the names the file is meant; empty: under none.
std::string name_among(std::set<std::string> const& names, SchemaFile const& file) {
    if (file.type == schema::Type::protobuf) {
        for (auto const& name : names)
            if (is_at_end_of(file.path, name)) return name;
        return {};
    }
    auto const document = json::parse(file.text);
    if (!document) return {};
    if (file.type == schema::Type::avro) {
        auto name = full_name(*document);
        return names.contains(name) ? name : std::string();
    }
    auto const* const id = document->find_string("$id");
    if (id != nullptr && names.contains(*id)) return *id;
    for (auto const& name : names)
        if (!name.empty() && is_at_end_of(file.path, name)) return name;
    return {};
}

void collect(std::span<SchemaFile const> files, SchemaFile const& file, bool direct,
             std::set<std::string>& visited, std::vector<schema::Reference>& all) {
    auto const names = names_used(file);
    for (auto const& other : files) {
        if (other.type != file.type || other.path == file.path) continue;
        auto const name = name_among(names, other);
        if (name.empty() || !visited.insert(other.path).second) continue;
        collect(files, other, false, visited, all);
        all.push_back({name, other.subject, 0, other.text, direct});
    }
}

}  // namespace

std::vector<schema::Reference> references_among(std::span<SchemaFile const> files,
                                                SchemaFile const& file) {
    std::set<std::string> visited{file.path};
    std::vector<schema::Reference> all;
    collect(files, file, true, visited, all);
    return all;
}

}  // namespace klamm::cli
