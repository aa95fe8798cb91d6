#include "klamm/schema/json/model_parts.h"

#include <algorithm>
#include <array>
#include <optional>

namespace klamm::schema::jsonschema {
namespace {

struct KindKeyword {
    std::string_view name;
    Kind kind;
    Draft first = Draft::draft4;
    Draft last = Draft::draft2020;
};

constexpr auto old = Draft::draft7;

constexpr std::array kind_keywords{
    KindKeyword{"items", Kind::array},
    KindKeyword{"additionalItems", Kind::array, Draft::draft4, Draft::draft2019},
    KindKeyword{"prefixItems", Kind::array, Draft::draft2020},
    KindKeyword{"minItems", Kind::array},
    KindKeyword{"maxItems", Kind::array},
    KindKeyword{"uniqueItems", Kind::array},
    KindKeyword{"contains", Kind::array, Draft::draft6},
    KindKeyword{"properties", Kind::object},
    KindKeyword{"required", Kind::object},
    KindKeyword{"minProperties", Kind::object},
    KindKeyword{"maxProperties", Kind::object},
    KindKeyword{"dependencies", Kind::object, Draft::draft4, old},
    KindKeyword{"dependentRequired", Kind::object, Draft::draft2019},
    KindKeyword{"dependentSchemas", Kind::object, Draft::draft2019},
    KindKeyword{"patternProperties", Kind::object},
    KindKeyword{"additionalProperties", Kind::object},
    KindKeyword{"propertyNames", Kind::object, Draft::draft6},
    KindKeyword{"minimum", Kind::number},
    KindKeyword{"maximum", Kind::number},
    KindKeyword{"exclusiveMinimum", Kind::number},
    KindKeyword{"exclusiveMaximum", Kind::number},
    KindKeyword{"multipleOf", Kind::number},
    KindKeyword{"minLength", Kind::string},
    KindKeyword{"maxLength", Kind::string},
    KindKeyword{"pattern", Kind::string},
    KindKeyword{"format", Kind::string, Draft::draft4, old},
};

std::optional<Kind> kind_of(std::string_view keyword, Draft draft) {
    auto const found = std::ranges::find(kind_keywords, keyword, &KindKeyword::name);
    if (found == kind_keywords.end() || draft < found->first || draft > found->last)
        return std::nullopt;
    return found->kind;
}

constexpr std::pair<std::string_view, Criterion> combinations[] = {
    {"allOf", Criterion::all}, {"oneOf", Criterion::one}, {"anyOf", Criterion::any}};

/// Taken into account behind all others, wherever they stand.
constexpr std::string_view last_keywords[] = {"properties", "patternProperties", "unevaluatedItems",
                                              "unevaluatedProperties"};

}  // namespace

OldParts::OldParts(Model& model, Node const& node, Draft draft)
    : model_(model), node_(node), draft_(draft) {
    for (auto const& member : node.source->object())
        kinds_.push_back(kind_of(member.key, draft).value_or(Kind::combined));
}

std::vector<Node*> OldParts::all() {
    auto const& schema = *node_.source;
    if (auto const* to = schema.find_string("$ref")) return {model_.reference(node_, *to)};
    if (auto const* type = schema.find("type")) add_type(*type);
    if (auto const* values = schema.find("enum")) {
        parts_.push_back(model_.part(node_, Kind::enumeration));
        parts_.back()->keywords.emplace_back("enum", values);
    }
    add_combinations();
    if (auto const* inner = schema.find("not"); inner != nullptr && is_schema(*inner))
        parts_.push_back(model_.negation(node_, *inner));
    if (auto const* value = schema.find("const"); value != nullptr && draft_ != Draft::draft4) {
        parts_.push_back(model_.part(node_, Kind::constant));
        parts_.back()->keywords.emplace_back("const", value);
    }
    for (auto const kind : {Kind::array, Kind::object, Kind::number, Kind::string}) sniff(kind);
    auto const conditional = schema.find("if") != nullptr || schema.find("then") != nullptr ||
                             schema.find("else") != nullptr;
    if (conditional && draft_ == Draft::draft7) parts_.push_back(model_.conditional(node_));
    return std::move(parts_);
}

void OldParts::add_type(json::Value const& type) {
    if (type.is_string()) {
        parts_.push_back(with_keywords(model_.type_part(node_, type.string())));
    } else if (type.is_array()) {
        auto* const any = model_.part(node_, Kind::combined);
        any->criterion = Criterion::any;
        for (auto const& each : type.array())
            if (each.is_string())
                any->parts.push_back(with_keywords(model_.type_part(node_, each.string())));
        parts_.push_back(any);
    }
}

void OldParts::add_combinations() {
    for (auto const& [keyword, criterion] : combinations)
        if (auto const* list = node_.source->find(keyword))
            parts_.push_back(model_.combination(node_, criterion, *list));
}

void OldParts::sniff(Kind kind) {
    if (std::ranges::find(taken_, kind) == taken_.end() &&
        std::ranges::find(kinds_, kind) != kinds_.end())
        parts_.push_back(with_keywords(model_.part(node_, kind)));
}

Node* OldParts::with_keywords(Node* part) {
    taken_.push_back(part->kind);
    auto const& members = node_.source->object();
    for (std::size_t i = 0; i < members.size(); ++i)
        if (kinds_[i] == part->kind) model_.add_keyword(*part, members[i].key, members[i].value);
    if (part->kind == Kind::array)
        // Unknown to these drafts, and compared all the same.
        for (std::string_view const name : {"minContains", "maxContains"})
            if (auto const* limit = node_.source->find(name))
                part->keywords.emplace_back(name, limit);
    return part;
}

std::vector<Node*> NewParts::all() {
    auto const& members = node_.source->object();
    for (auto const& [key, value] : members)
        if (std::ranges::find(last_keywords, std::string_view(key)) == std::end(last_keywords))
            add(key, value);
    for (auto const name : last_keywords)
        // Properties that are none say nothing, not even that it is about objects.
        if (auto const* value = node_.source->find(name);
            value != nullptr &&
            (!value->is_object() || !value->object().empty() || name.starts_with("unevaluated")))
            model_.add_keyword(
                *find_or_add(name == "unevaluatedItems" ? Kind::array : Kind::object), name,
                *value);
    return std::move(parts_);
}

void NewParts::add(std::string_view name, json::Value const& value) {
    if (auto const kind = kind_of(name, draft_)) {
        auto* const part = find_or_add(*kind);
        model_.add_keyword(*part, name, value);
        if (name != "contains") return;
        static json::Value const one{1};
        auto const* const least = node_.source->find("minContains");
        part->keywords.emplace_back("minContains", least == nullptr ? &one : least);
        if (auto const* most = node_.source->find("maxContains"))
            part->keywords.emplace_back("maxContains", most);
    } else if (name == "type") {
        add_type(value);
    } else if (name == "enum" || name == "const") {
        parts_.push_back(model_.part(node_, name == "enum" ? Kind::enumeration : Kind::constant));
        parts_.back()->keywords.emplace_back(name, &value);
    } else if (name == "not" && is_schema(value)) {
        parts_.push_back(model_.negation(node_, value));
    } else if (name == "if") {
        parts_.push_back(model_.conditional(node_));
    } else if (value.is_string() &&
               (name == "$ref" || name == "$dynamicRef" || name == "$recursiveRef")) {
        parts_.push_back(model_.reference(node_, value.string()));
    } else {
        for (auto const& [keyword, criterion] : combinations)
            if (keyword == name) parts_.push_back(model_.combination(node_, criterion, value));
    }
}

void NewParts::add_type(json::Value const& type) {
    if (type.is_array()) return add_types(type.array());
    if (!type.is_string()) return;
    auto* const part = model_.type_part(node_, type.string());
    auto const takes_keywords = part->kind == Kind::array || part->kind == Kind::object ||
                                part->kind == Kind::number || part->kind == Kind::string;
    if (!takes_keywords)
        parts_.push_back(part);
    else
        find_or_add(part->kind)->integer |= part->integer;
}

void NewParts::add_types(json::Array const& types) {
    auto* const any = model_.part(node_, Kind::combined);
    any->criterion = Criterion::any;
    any->generated = true;
    for (auto const& each : types)
        if (each.is_string()) any->parts.push_back(model_.type_part(node_, each.string()));
    // Keywords that stood before the type belong to the one of the types that they are about.
    if (parts_.size() == 1)
        for (auto*& one : any->parts)
            if (one->kind == parts_[0]->kind) {
                parts_[0]->integer |= one->integer;
                one = parts_[0];
                parts_.clear();
                break;
            }
    parts_.push_back(any);
}

Node* NewParts::find_or_add(Kind kind) {
    auto const is_kind = [&](Node const* node) { return node->kind == kind; };
    if (parts_.size() == 1 && parts_[0]->generated && parts_[0]->criterion == Criterion::any) {
        auto const& types = parts_[0]->parts;
        auto const found = std::ranges::find_if(types, is_kind);
        if (found != types.end()) return *found;
    }
    auto const found = std::ranges::find_if(parts_, is_kind);
    if (found != parts_.end()) return *found;
    parts_.push_back(model_.part(node_, kind));
    return parts_.back();
}

}  // namespace klamm::schema::jsonschema
