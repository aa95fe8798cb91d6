#include "klamm/schema/json/model.h"

#include "klamm/schema/json/model_parts.h"

#include <algorithm>

namespace klamm::schema::jsonschema {

std::string_view name_of(Criterion criterion) {
    constexpr std::string_view names[] = {"allOf", "anyOf", "oneOf"};
    return names[std::size_t(criterion)];
}

json::Value const* Node::keyword(std::string_view name) const {
    auto const found =
        std::ranges::find(keywords, name, [](auto const& each) { return each.first; });
    return found == keywords.end() ? nullptr : found->second;
}

bool Node::requires_property(std::string_view name) const {
    return std::ranges::find(required, name) != required.end();
}

Node* Model::node_of(Target target) {
    auto& node = by_source_[target.schema];
    if (node == nullptr) {
        node = &nodes_.emplace_back();
        node->source = target.schema;
        node->resource = target.resource;
    }
    return node;
}

Node* Model::built(Node* node) {
    if (node == nullptr || node->built) return node;
    node->built = true;
    if (node->source->is_object())
        build_object(*node);
    else if (node->source->is_bool())
        node->kind = node->source->boolean() ? Kind::always : Kind::never;
    return node;
}

Node* Model::resolved(Node* node) {
    // Brent's way to notice a circle of references: remember one node, ever less often.
    Node* remembered = nullptr;
    std::size_t steps = 0;
    std::size_t next = 1;
    for (node = built(node); node != nullptr && node->kind == Kind::reference;
         node = built(node->inner)) {
        if (node == remembered) {
            node->kind = Kind::unresolved;
            break;
        }
        if (++steps == next) {
            remembered = node;
            next *= 2;
        }
    }
    return node;
}

Node* Model::child(json::Value const& schema, ResourceIndex parent) {
    return node_of({&schema, documents_.resource_of(schema, parent)});
}

Node* Model::part(Node const& of, Kind kind) {
    auto* const node = &nodes_.emplace_back();
    node->kind = kind;
    node->source = of.source;
    node->resource = of.resource;
    node->built = true;
    return node;
}

Node* Model::reference(Node const& of, std::string_view to) {
    auto const target = documents_.find(to, of.resource);
    auto* const node = part(of, target ? Kind::reference : Kind::unresolved);
    if (target) node->inner = node_of(*target);
    return node;
}

Node* Model::combination(Node const& of, Criterion criterion, json::Value const& list) {
    auto* const node = part(of, Kind::combined);
    node->criterion = criterion;
    auto const splices = documents_.dialect_of(of.resource).draft >= Draft::draft2019;
    if (!list.is_array()) return node;
    for (auto const& schema : list.array()) {
        auto* const one = child(schema, of.resource);
        // From 2019-09 on, what a subschema says at once is taken as so many subschemas.
        if (splices) built(one);
        if (splices && one->generated && one->criterion == Criterion::all)
            node->parts.insert(node->parts.end(), one->parts.begin(), one->parts.end());
        else
            node->parts.push_back(one);
    }
    return node;
}

Node* Model::type_part(Node const& of, std::string_view type) {
    constexpr std::pair<std::string_view, Kind> kinds[] = {
        {"string", Kind::string}, {"number", Kind::number}, {"integer", Kind::number},
        {"object", Kind::object}, {"array", Kind::array},   {"boolean", Kind::boolean},
        {"null", Kind::null}};
    for (auto const& [name, kind] : kinds)
        if (name == type) {
            auto* const node = part(of, kind);
            node->integer = type == "integer";
            return node;
        }
    return part(of, Kind::empty);
}

Node* Model::conditional(Node const& of) { return part(of, Kind::conditional); }

Node* Model::negation(Node const& of, json::Value const& schema) {
    auto* const node = part(of, Kind::negation);
    node->inner = child(schema, of.resource);
    return node;
}

void Model::add_named(Node& node, Node::Named& to, json::Value const& map) {
    if (!map.is_object()) return;
    for (auto const& [name, schema] : map.object())
        if (is_schema(schema)) to.emplace_back(name, child(schema, node.resource));
}

void Model::add_keyword(Node& node, std::string_view name, json::Value const& value) {
    switch (node.kind) {
        case Kind::object:
            add_object_keyword(node, name, value);
            break;
        case Kind::array:
            add_array_keyword(node, name, value);
            break;
        default:
            node.keywords.emplace_back(name, &value);
    }
}

void Model::add_object_keyword(Node& node, std::string_view name, json::Value const& value) {
    if (name == "properties") {
        add_named(node, node.properties, value);
    } else if (name == "patternProperties") {
        add_named(node, node.pattern_properties, value);
    } else if (name == "additionalProperties") {
        if (value.is_bool())
            node.additional = value.boolean();
        else
            node.additional_schema = child(value, node.resource);
    } else if (name == "unevaluatedProperties") {
        node.unevaluated = child(value, node.resource);
    } else if (name == "required" && value.is_array()) {
        for (auto const& each : value.array())
            if (each.is_string()) node.required.push_back(each.string());
    } else if (name == "dependencies" || name == "dependentRequired" ||
               name == "dependentSchemas") {
        if (!value.is_object()) return;
        for (auto const& [key, needed] : value.object()) {
            if (needed.is_array() && name != "dependentSchemas")
                node.property_dependencies.emplace_back(key, &needed);
            else if (is_schema(needed) && name != "dependentRequired")
                node.schema_dependencies.emplace_back(key, child(needed, node.resource));
        }
    } else {
        node.keywords.emplace_back(name, &value);
    }
}

void Model::add_array_keyword(Node& node, std::string_view name, json::Value const& value) {
    if (name == "items") {
        add_items(node, value);
    } else if (name == "prefixItems" && value.is_array()) {
        for (auto const& each : value.array()) node.tuple.push_back(child(each, node.resource));
    } else if (name == "additionalItems") {
        if (value.is_bool())
            node.additional = value.boolean();
        else
            node.additional_schema = child(value, node.resource);
    } else if (name == "unevaluatedItems") {
        node.unevaluated = child(value, node.resource);
    } else {
        node.keywords.emplace_back(name, &value);
    }
}

void Model::add_items(Node& node, json::Value const& items) {
    auto const draft = documents_.dialect_of(node.resource).draft;
    if (items.is_array()) {
        for (auto const& each : items.array()) node.tuple.push_back(child(each, node.resource));
    } else if (draft < Draft::draft2019) {
        node.items = child(items, node.resource);
    } else if (items.is_bool()) {
        if (!items.boolean()) node.additional = false;
    } else if (node.source->find("prefixItems") != nullptr) {
        node.additional_schema = child(items, node.resource);
    } else {
        node.items = child(items, node.resource);
    }
}

void Model::build_object(Node& node) {
    auto const draft = documents_.dialect_of(node.resource).draft;
    auto const parts = draft < Draft::draft2019 ? OldParts(*this, node, draft).all()
                                                : NewParts(*this, node, draft).all();
    auto const* const source = node.source;
    auto const resource = node.resource;
    if (parts.size() == 1) {
        node = *parts[0];
    } else if (parts.size() > 1) {
        node.kind = Kind::combined;
        node.criterion = Criterion::all;
        node.generated = true;
        node.parts = parts;
    }
    node.source = source;
    node.resource = resource;
    node.built = true;
    // An array whose every element has a schema has no others.
    if (node.kind == Kind::array && node.items != nullptr) node.additional = true;
    node.id = source->find_string(id_keyword(draft));
    node.title = source->find_string("title");
    node.description = source->find_string("description");
    node.default_value = source->find("default");
    auto const* const connect_type = source->find_string("connect.type");
    node.is_bytes = connect_type != nullptr && *connect_type == "bytes";
}

}  // namespace klamm::schema::jsonschema
