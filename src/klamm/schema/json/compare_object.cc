#include "klamm/schema/json/compare_in.h"
#include "klamm/schema/json/hash_order.h"

#include <algorithm>
#include <set>
#include <unordered_map>

namespace klamm::schema::jsonschema {
namespace {

using Index = std::unordered_map<std::string_view, Node*>;

Index index_of(Node::Named const& named) { return {named.begin(), named.end()}; }

Node* find(Index const& index, std::string_view name) {
    auto const found = index.find(name);
    return found == index.end() ? nullptr : found->second;
}

std::vector<std::string_view> names_of(auto const& named) {
    std::vector<std::string_view> names;
    for (auto const& each : named) names.push_back(each.first);
    return names;
}

std::set<std::string_view> strings_of(json::Value const* list) {
    std::set<std::string_view> strings;
    if (list != nullptr)
        for (auto const& each : list->array())
            if (each.is_string()) strings.insert(each.string());
    return strings;
}

}  // namespace

void Comparer::compare_object(Out& out, Node& original, Node& update) {
    compare_required(out, original, update);
    compare_properties(out, original, update);
    compare_dependencies(out, original, update);
    compare_additional_properties(out, original, update);
    compare_unevaluated(
        out, original, update,
        {rules::unevaluated_properties_added, rules::unevaluated_properties_removed,
         rules::unevaluated_properties_extended, rules::unevaluated_properties_narrowed});
    compare_limit(out, "maxProperties", rules::max_properties, original, update);
    compare_limit(out, "minProperties", rules::min_properties, original, update);
}

void Comparer::compare_required(Out& out, Node& original, Node& update) {
    In const in(out, "required");
    auto const updated = index_of(update.properties);
    std::set<std::string_view> const was_required(original.required.begin(),
                                                  original.required.end());
    std::set<std::string_view> const is_required(update.required.begin(), update.required.end());
    for (auto const name : in_hash_order(names_of(original.properties), {})) {
        if (!spend(1)) return;
        auto* const property = find(updated, name);
        if (property == nullptr || was_required.contains(name) == is_required.contains(name))
            continue;
        In const below(out, name);
        auto const* const before = original.source->find("required");
        auto const* const after = update.source->find("required");
        if (was_required.contains(name))
            say(out, rules::required_attribute_removed, before, after, name);
        else if ((reversed_ ? original_ : update_).built(property)->default_value != nullptr)
            say(out, rules::required_attribute_with_default_added, before, after, name);
        else
            say(out, rules::required_attribute_added, before, after, name);
    }
}

void Comparer::compare_properties(Out& out, Node& original, Node& update) {
    In const in(out, "properties");
    auto const before = index_of(original.properties);
    auto const after = index_of(update.properties);
    for (auto const name :
         in_hash_order(names_of(original.properties), names_of(update.properties))) {
        if (!spend(1)) return;
        In const below(out, name);
        auto* const was = find(before, name);
        auto* const is = find(after, name);
        if (is == nullptr)
            compare_removed(out, was, name, update);
        else if (was == nullptr)
            compare_added(out, original, name, is, update);
        else
            compare(out, was, is);
    }
}

void Comparer::compare_removed(Out& out, Node* property, std::string_view name, Node& update) {
    auto const* const before = property->source;
    auto& model = reversed_ ? original_ : update_;
    if (is_open(model, update))
        return say(out, rules::property_removed_from_open, before, nullptr, name);
    if (auto* const cover = covering(model, update, name)) {
        auto const found = compare_apart(out, property, cover);
        out.found.insert(out.found.end(), found.begin(), found.end());
        say(out,
            is_compatible(found) ? rules::property_removed_is_covered
                                 : rules::property_removed_not_covered,
            before, cover->source, name);
    } else {
        auto const kind = (reversed_ ? update_ : original_).built(property)->kind;
        say(out,
            kind == Kind::never ? rules::false_property_removed_from_closed
                                : rules::property_removed_from_closed,
            before, nullptr, name);
    }
}

void Comparer::compare_added(Out& out, Node& original, std::string_view name, Node* property,
                             Node& update) {
    auto& model = reversed_ ? update_ : original_;
    (reversed_ ? original_ : update_).built(property);
    auto const* const after = property->source;
    auto const required = update.requires_property(name);
    auto const has_default = property->default_value != nullptr;
    if (is_open(model, original)) {
        if (property->kind == Kind::empty || property->kind == Kind::always)
            say(out, rules::empty_property_added_to_open, nullptr, after, name);
        else if (!required)
            say(out, rules::optional_property_added_to_open, nullptr, after, name);
        else if (has_default)
            say(out, rules::required_property_with_default_added_to_open, nullptr, after, name);
        else
            say(out, rules::required_property_added_to_open, nullptr, after, name);
        return;
    }
    if (auto* const cover = covering(model, original, name)) {
        auto const found = compare_apart(out, cover, property);
        out.found.insert(out.found.end(), found.begin(), found.end());
        say(out,
            is_compatible(found) ? rules::property_added_is_covered
                                 : rules::property_added_not_covered,
            cover->source, after, name);
    }
    if (!required)
        say(out, rules::optional_property_added_to_unopen, nullptr, after, name);
    else if (has_default)
        say(out, rules::required_property_with_default_added_to_unopen, nullptr, after, name);
    else
        say(out, rules::required_property_added_to_unopen, nullptr, after, name);
}

void Comparer::compare_dependencies(Out& out, Node& original, Node& update) {
    In const in(out, "dependencies");
    for (auto const name : in_hash_order(names_of(original.property_dependencies),
                                         names_of(update.property_dependencies))) {
        auto const list = [&](Node const& node) -> json::Value const* {
            for (auto const& [key, value] : node.property_dependencies)
                if (key == name) return value;
            return nullptr;
        };
        if (!spend(1 + original.property_dependencies.size())) return;
        auto const* const was = list(original);
        auto const* const is = list(update);
        auto const before = strings_of(was);
        auto const after = strings_of(is);
        In const below(out, name);
        if (is == nullptr)
            say(out, rules::dependency_array_removed, was, nullptr, name);
        else if (was == nullptr)
            say(out, rules::dependency_array_added, nullptr, is, name);
        else if (before == after)
            continue;
        else if (std::ranges::includes(after, before))
            say(out, rules::dependency_array_extended, was, is, name);
        else if (std::ranges::includes(before, after))
            say(out, rules::dependency_array_narrowed, was, is, name);
        else
            say(out, rules::dependency_array_changed, was, is, name);
    }
    auto const before = index_of(original.schema_dependencies);
    auto const after = index_of(update.schema_dependencies);
    for (auto const name : in_hash_order(names_of(original.schema_dependencies),
                                         names_of(update.schema_dependencies))) {
        In const below(out, name);
        auto* const was = find(before, name);
        auto* const is = find(after, name);
        if (is == nullptr)
            say(out, rules::dependency_schema_removed, was->source, nullptr, name);
        else if (was == nullptr)
            say(out, rules::dependency_schema_added, nullptr, is->source, name);
        else
            compare(out, was, is);
    }
}

void Comparer::compare_additional_properties(Out& out, Node& original, Node& update) {
    In const in(out, "additionalProperties");
    auto const* const before = original.source->find("additionalProperties");
    auto const* const after = update.source->find("additionalProperties");
    if (original.additional != update.additional)
        say(out,
            update.additional ? rules::additional_properties_added
                              : rules::additional_properties_removed,
            before, after);
    else if (original.additional_schema == nullptr && update.additional_schema != nullptr)
        say(out, rules::additional_properties_narrowed, before, after);
    else if (original.additional_schema != nullptr && update.additional_schema == nullptr)
        say(out, rules::additional_properties_extended, before, after);
    else
        compare(out, original.additional_schema, update.additional_schema);
}

void Comparer::compare_unevaluated(Out& out, Node& original, Node& update,
                                   UnevaluatedRules const& rules) {
    auto* const was = (reversed_ ? update_ : original_).built(original.unevaluated);
    auto* const is = (reversed_ ? original_ : update_).built(update.unevaluated);
    if (was == nullptr && is == nullptr) return;
    In const in(out, original.kind == Kind::object ? "unevaluatedProperties" : "unevaluatedItems");
    // Without the keyword everything is permitted, as with `true`; with `false` nothing is.
    enum class Width : std::uint8_t { none, some, all, unsaid };
    auto const width = [](Node const* node) {
        if (node == nullptr) return Width::unsaid;
        if (node->kind == Kind::never) return Width::none;
        auto const all = node->kind == Kind::empty || node->kind == Kind::always;
        return all ? Width::all : Width::some;
    };
    auto const before = width(was);
    auto const after = width(is);
    auto const* const old = was == nullptr ? nullptr : was->source;
    auto const* const now = is == nullptr ? nullptr : is->source;
    if (before == Width::none && after != Width::none)
        say(out, rules.added, old, now);
    else if (before != Width::none && after == Width::none)
        say(out, rules.removed, old, now);
    else if (before == Width::unsaid || (before == Width::all && after == Width::some))
        say(out, rules.narrowed, old, now);
    else if (after == Width::unsaid || (before == Width::some && after == Width::all))
        say(out, rules.extended, old, now);
    else
        compare(out, was, is);
}

/// Whether any property, or item, that is not named may have any value.
bool Comparer::is_open(Model& model, Node const& node) {
    if (!node.additional || node.additional_schema != nullptr || !node.pattern_properties.empty())
        return false;
    auto const* const rest = model.built(node.unevaluated);
    return rest == nullptr || rest->kind == Kind::empty || rest->kind == Kind::always;
}

/// The schema of properties or items that nothing else names; null when there is none.
Node* Comparer::left_over(Model& model, Node const& node) {
    if (node.additional_schema != nullptr) return node.additional_schema;
    auto* const rest = node.additional ? model.built(node.unevaluated) : nullptr;
    auto const some = rest != nullptr && rest->kind != Kind::never && rest->kind != Kind::empty &&
                      rest->kind != Kind::always;
    return some ? rest : nullptr;
}

/// The schema that a property without a schema of its own must obey; null when there is none.
Node* Comparer::covering(Model& model, Node const& object, std::string_view name) {
    for (auto const& [text, schema] : object.pattern_properties) {
        auto known = patterns_.find(text);
        if (known == patterns_.end()) {
            known = patterns_.emplace(text, Pattern::from(text)).first;
            auto const& pattern = known->second;
            if (!spend(1 + (pattern ? pattern->size() : text.size()))) return nullptr;
        }
        if (!spend(1)) return nullptr;
        if (known->second && known->second->finds(name)) return schema;
    }
    return left_over(model, object);
}

}  // namespace klamm::schema::jsonschema
