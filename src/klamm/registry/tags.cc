#include "klamm/registry/tags.h"

#include "klamm/registry/refusals.h"

#include <algorithm>
#include <functional>

namespace klamm::registry {

namespace {

constexpr std::string_view tags_key = "confluent:tags";

/// Whether to go on.
using Visit = std::function<bool(json::Value& node, std::string const& path,
                                 std::string const& short_path, bool is_field)>;

/// Shows every record and field that is defined in the schema.
bool walk(json::Value& node, std::string const& space, Visit const& visit) {
    if (node.is_array()) {
        for (auto& branch : node.array())
            if (!walk(branch, space, visit)) return false;
        return true;
    }
    auto* type = node.find("type");
    if (type == nullptr) return true;
    if (!type->is_string()) return walk(*type, space, visit);
    if (type->string() == "array" || type->string() == "map") {
        auto* inner = node.find(type->string() == "array" ? "items" : "values");
        return inner == nullptr || walk(*inner, space, visit);
    }
    auto const* name = node.find_string("name");
    auto* fields = node.find("fields");
    if (name == nullptr || fields == nullptr || !fields->is_array()) return true;
    auto const* own_space = node.find_string("namespace");
    auto const dot = name->rfind('.');
    auto const inside = dot != name->npos      ? name->substr(0, dot)
                        : own_space != nullptr ? *own_space
                                               : space;
    auto const simple = dot != name->npos ? name->substr(dot + 1) : *name;
    auto const path = inside.empty() ? simple : inside + "." + simple;
    if (!visit(node, path, simple, false)) return false;
    for (auto& field : fields->array()) {
        auto const* field_name = field.find_string("name");
        auto* field_type = field.find("type");
        if (field_name == nullptr || field_type == nullptr) continue;
        if (!visit(field, path + "." + *field_name, simple + "." + *field_name, true)) return false;
        if (!field_type->is_string() && !walk(*field_type, inside, visit)) return false;
    }
    return true;
}

std::vector<std::string> tags_of(json::Value const& node) {
    std::vector<std::string> tags;
    if (auto const* list = node.find_array(tags_key))
        for (auto const& tag : *list)
            if (tag.is_string()) tags.push_back(tag.string());
    return tags;
}

void set_tags(json::Value& node, std::vector<std::string> const& tags) {
    if (tags.empty()) {
        node.erase(tags_key);
        return;
    }
    json::Array list;
    for (auto const& tag : tags) list.emplace_back(tag);
    node.set(tags_key, std::move(list));
}

/// Changes the tags of one entity.
template <class Change>
bool change(json::Value& schema, Tagged const& entity, Change const& with) {
    auto const path = entity.path.starts_with('.') ? entity.path.substr(1) : entity.path;
    return !walk(
        schema, "",
        [&](json::Value& node, std::string const& full, std::string const& simple, bool is_field) {
            if (is_field != entity.is_field || (path != full && path != simple)) return true;
            auto tags = tags_of(node);
            with(tags);
            set_tags(node, tags);
            return false;
        });
}

}  // namespace

std::vector<Tagged> tags_in(std::string_view avro) {
    std::vector<Tagged> all;
    auto schema = json::parse(avro);
    if (!schema) return all;
    walk(*schema, "",
         [&](json::Value& node, std::string const& path, std::string const&, bool is_field) {
             if (auto tags = tags_of(node); !tags.empty())
                 all.push_back({.path = path, .is_field = is_field, .tags = std::move(tags)});
             return true;
         });
    return all;
}

std::expected<std::string, std::string> retagged(std::string_view avro,
                                                 std::vector<Tagged> const& added,
                                                 std::vector<Tagged> const& removed) {
    auto schema = json::parse(avro);
    if (!schema) return std::unexpected(schema.error().why);
    auto const missing = [](Tagged const& entity) {
        return std::unexpected("No matching path '" + entity.path + "' found in the schema");
    };
    for (auto const& entity : added) {
        auto const done = change(*schema, entity, [&](std::vector<std::string>& tags) {
            for (auto const& tag : entity.tags)
                if (std::ranges::find(tags, tag) == tags.end()) tags.push_back(tag);
        });
        if (!done) return missing(entity);
    }
    for (auto const& entity : removed) {
        auto const done = change(*schema, entity, [&](std::vector<std::string>& tags) {
            for (auto const& tag : entity.tags) std::erase(tags, tag);
        });
        if (!done) return missing(entity);
    }
    return json::print(*schema);
}

std::expected<std::vector<Tagged>, Refusal> read_tags(json::Value const& body,
                                                      std::string_view key) {
    std::vector<Tagged> all;
    auto const* list = body.find(key);
    if (list == nullptr || list->is_null()) return all;
    if (!list->is_array()) return unprocessable(std::string(key) + " is not a list");
    for (auto const& one : list->array()) {
        auto const* entity = one.find("schemaEntity");
        auto const* path = entity == nullptr ? nullptr : entity->find_string("entityPath");
        auto const* type = entity == nullptr ? nullptr : entity->find_string("entityType");
        auto const* tags = one.find_array("tags");
        if (path == nullptr || tags == nullptr || type == nullptr ||
            (*type != "sr_record" && *type != "sr_field"))
            return unprocessable(std::string(key) +
                                 ": each needs tags and a schemaEntity with an entityPath and "
                                 "sr_record or sr_field as entityType");
        Tagged tagged{.path = *path, .is_field = *type == "sr_field", .tags = {}};
        for (auto const& tag : *tags)
            if (tag.is_string()) tagged.tags.push_back(tag.string());
        all.push_back(std::move(tagged));
    }
    return all;
}

json::Value print(std::vector<Tagged> const& tagged) {
    json::Array list;
    for (auto const& one : tagged) {
        json::Value entity{json::Object{}};
        entity.set("entityPath", one.path);
        entity.set("entityType", one.is_field ? "sr_field" : "sr_record");
        json::Array tags;
        for (auto const& tag : one.tags) tags.emplace_back(tag);
        json::Value both{json::Object{}};
        both.set("schemaEntity", std::move(entity));
        both.set("tags", std::move(tags));
        list.push_back(std::move(both));
    }
    return list;
}

}  // namespace klamm::registry
