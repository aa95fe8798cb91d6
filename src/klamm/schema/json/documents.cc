#include "klamm/schema/json/documents.h"

#include "klamm/base/ensure.h"
#include "klamm/json/pointer.h"
#include "klamm/schema/json/metaschemas.h"
#include "klamm/schema/json/uri.h"

#include <charconv>
#include <vector>

namespace klamm::schema::jsonschema {
namespace {

json::Value const* element_at(json::Array const& array, std::string_view key) {
    std::size_t at = 0;
    auto const read = std::from_chars(key.data(), key.data() + key.size(), at);
    auto const whole = read.ec == std::errc{} && read.ptr == key.data() + key.size();
    if (!whole || at >= array.size() || (key.size() > 1 && key[0] == '0')) return nullptr;
    return &array[at];
}

/// Finds a value by its place in memory; the way to it is what is asked for.
bool find_path(json::Value const& in, json::Value const* wanted, std::string& path) {
    if (&in == wanted) return true;
    auto const before = path.size();
    auto const descend = [&](json::Value const& child, std::string_view key) {
        path += '/';
        path += key;
        if (find_path(child, wanted, path)) return true;
        path.resize(before);
        return false;
    };
    if (in.is_object()) {
        for (auto const& [key, value] : in.object())
            if (descend(value, json::escape_key(key))) return true;
    } else if (in.is_array()) {
        for (std::size_t i = 0; i < in.array().size(); ++i)
            if (descend(in.array()[i], std::to_string(i))) return true;
    }
    return false;
}

}  // namespace

Target Documents::add(std::string const& uri, json::Value document, Dialect fallback) {
    auto const& root = texts_.emplace_back(std::move(document));
    auto const index = add_resource(uri, root, dialect_said(root, fallback));
    resources_[index].document = index;
    resource_of_.emplace(&root, index);
    auto const* const id = is_reference_alone(root, resources_[index].dialect.draft)
                               ? nullptr
                               : root.find_string(id_keyword(resources_[index].dialect.draft));
    if (id != nullptr) {
        auto const own = resolve(uri, split_fragment(*id).first);
        resources_[index].uri = own;
        by_uri_.try_emplace(own, index);
    }
    note_anchors(root, index);
    for_each_subschema(root, resources_[index].dialect.draft,
                       [&](json::Value const& child) { this->index(child, index); });
    return {&root, index};
}

ResourceIndex Documents::add_resource(std::string uri, json::Value const& root, Dialect dialect) {
    auto const index = ResourceIndex(resources_.size());
    by_uri_.try_emplace(uri, index);
    auto& added = resources_.emplace_back();
    added.uri = std::move(uri);
    added.root = &root;
    added.dialect = dialect;
    return index;
}

Dialect Documents::dialect_said(json::Value const& root, Dialect fallback) const {
    auto const* const said = root.find_string("$schema");
    if (said == nullptr) return fallback;
    if (auto const draft = draft_named(*said)) return {*draft, true};
    // A metaschema of one's own, which is among the references: its vocabularies decide.
    auto const found = by_uri_.find(std::string(split_fragment(*said).first));
    if (found == by_uri_.end()) return fallback;
    auto const& meta = resources_[found->second];
    Dialect dialect = meta.dialect;
    if (auto const* vocabularies = meta.root->find_object("$vocabulary")) {
        dialect.validates = false;
        for (auto const& [name, needed] : *vocabularies)
            if (name.ends_with("/vocab/validation")) dialect.validates = true;
    }
    return dialect;
}

void Documents::index(json::Value const& schema, ResourceIndex parent) {
    auto const resource = enter(schema, parent);
    resource_of_.emplace(&schema, resource);
    note_anchors(schema, resource);
    for_each_subschema(schema, resources_[resource].dialect.draft,
                       [&](json::Value const& child) { index(child, resource); });
}

/// The resource of a schema: that of its parent, or the one which its $id begins.
ResourceIndex Documents::enter(json::Value const& schema, ResourceIndex parent) {
    auto const dialect = resources_[parent].dialect;
    if (is_reference_alone(schema, dialect.draft)) return parent;
    auto const* const id = schema.find_string(id_keyword(dialect.draft));
    if (id == nullptr) return parent;
    auto const [address, fragment] = split_fragment(*id);
    if (address.empty()) return parent;
    auto const index = add_resource(resolve(resources_[parent].uri, address), schema,
                                    dialect_said(schema, dialect));
    resources_[index].document = resources_[parent].document;
    return index;
}

void Documents::note_anchors(json::Value const& schema, ResourceIndex index) {
    auto& resource = resources_[index];
    auto const draft = resource.dialect.draft;
    if (draft < Draft::draft2019) {
        auto const* const id = schema.find_string(id_keyword(draft));
        if (id == nullptr || is_reference_alone(schema, draft)) return;
        auto const fragment = split_fragment(*id).second;
        if (!fragment.empty()) resource.anchors.try_emplace(std::string(fragment), &schema);
        return;
    }
    if (auto const* anchor = schema.find_string("$anchor"))
        resource.anchors.try_emplace(*anchor, &schema);
    if (auto const* anchor = schema.find_string("$dynamicAnchor");
        anchor != nullptr && draft == Draft::draft2020) {
        resource.anchors.try_emplace(*anchor, &schema);
        resource.dynamic_anchors.try_emplace(*anchor, &schema);
    }
    if (draft == Draft::draft2019 && &schema == resource.root)
        resource.recursive_anchor = schema.find_bool("$recursiveAnchor").value_or(false);
}

ResourceIndex Documents::resource_of(json::Value const& schema, ResourceIndex parent) const {
    auto const known = resource_of_.find(&schema);
    return known == resource_of_.end() ? parent : known->second;
}

std::optional<Target> Documents::find(std::string_view reference, ResourceIndex from) const {
    auto const [address, fragment] = split_fragment(reference);
    auto found = by_uri_.find(resolve(resources_[from].uri, address));
    // A reference may also be named in the very words of the $ref.
    if (found == by_uri_.end()) found = by_uri_.find(std::string(address));
    if (found == by_uri_.end()) return std::nullopt;
    auto const index = found->second;
    auto const& resource = resources_[index];
    auto const decoded = json::decode_percent(fragment);
    if (decoded.empty()) return Target{resource.root, index};
    if (decoded.starts_with('/')) {
        if (auto const target = find_pointer(decoded, index)) return target;
        // Confluent's registry takes such a pointer to start at the document.
        return find_pointer(decoded, resource.document);
    }
    auto const anchor = resource.anchors.find(decoded);
    if (anchor == resource.anchors.end()) return std::nullopt;
    return Target{anchor->second, resource_of(*anchor->second, index)};
}

std::optional<Target> Documents::find_pointer(std::string_view pointer, ResourceIndex from) const {
    Target at{resources_[from].root, from};
    auto const keys = json::keys_of_pointer(pointer);
    for (std::size_t i = 0; i < keys.size(); ++i) {
        json::Value const* next = nullptr;
        if (at.schema->is_array()) {
            next = element_at(at.schema->array(), keys[i]);
        } else {
            next = at.schema->find(keys[i]);
            // What is defined may be in either of the two, as in Confluent's registry.
            auto const bridged = i == 0 && keys[i] == "$defs" && keys.size() > 1;
            if (bridged && (next == nullptr || next->find(keys[1]) == nullptr))
                next = at.schema->find("definitions");
        }
        if (next == nullptr) return std::nullopt;
        at = {next, resource_of(*next, at.resource)};
    }
    if (!is_schema(*at.schema)) return std::nullopt;
    return at;
}

void Documents::add_metaschemas() {
    // They come behind the others while these are looked at, and may need more of them.
    for (std::size_t i = 0; i < resources_.size(); ++i)
        if (resources_[i].document == i) add_metaschemas(*resources_[i].root, ResourceIndex(i));
}

void Documents::add_metaschemas(json::Value const& schema, ResourceIndex parent) {
    auto const resource = resource_of(schema, parent);
    if (auto const* to = schema.find_string("$ref")) add_metaschema(*to, resource);
    for_each_subschema(schema, resources_[resource].dialect.draft,
                       [&](json::Value const& child) { add_metaschemas(child, resource); });
}

void Documents::add_metaschema(std::string_view reference, ResourceIndex from) {
    auto const uri = resolve(resources_[from].uri, split_fragment(reference).first);
    auto const meta = metaschema_at(uri);
    if (!meta || by_uri_.contains(uri)) return;
    auto text = json::parse(meta->text);
    ensure(text.has_value());
    add(uri, std::move(*text), {meta->draft, true});
}

std::string Documents::location_of(json::Value const& schema, ResourceIndex resource) const {
    std::string path = "#";
    auto const& document = resources_[resources_[resource].document];
    find_path(*document.root, &schema, path);
    return path;
}

}  // namespace klamm::schema::jsonschema
