#include "klamm/schema/json/compile.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace klamm::schema::jsonschema {
namespace {

constexpr std::pair<std::string_view, std::uint8_t> type_names[] = {
    {"null", types::null},     {"boolean", types::boolean}, {"integer", types::integer},
    {"number", types::number}, {"string", types::string},   {"array", types::array},
    {"object", types::object}};

}  // namespace

void Compiler::add_type(Rules& rules) {
    auto const* const type = find("type");
    if (type == nullptr) return;
    rules.integer_by_text = dialect_.draft == Draft::draft4;
    auto const add = [&](json::Value const& one) {
        if (one.is_string())
            for (auto const& [name, bit] : type_names)
                if (name == one.string()) {
                    rules.types |= bit;
                    return;
                }
        complain("type",
                 "null, boolean, integer, number, string, array, object, or an array of them");
    };
    if (type->is_array())
        for (auto const& each : type->array()) add(each);
    else
        add(*type);
}

void Compiler::add_values(Rules& rules, std::string_view keyword, json::Value const& values) {
    if (!values.is_array()) return complain(keyword, "an array");
    // What a schema has as a value is checked like a payload, and bounded like one.
    auto tape = Tape::from(json::print(values));
    if (!tape) return complain(keyword, fmt::format("shorter: {}", tape.error()));
    ValueRules value{.keyword = keyword, .values = std::move(*tape)};
    value.only_strings = true;
    auto const& all = value.values;
    for (At i = 1; i < all[0].end; i = all[i].end)
        if (all[i].is == Is::string)
            value.strings.insert(all[i].view());
        else
            value.only_strings = false;
    rules.values.push_back(std::move(value));
}

void Compiler::add_number(Rules& rules) {
    if (!has({"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"})) return;
    auto number = std::make_unique<NumberRules>();
    number->minimum = limit_at("minimum");
    number->maximum = limit_at("maximum");
    if (since(Draft::draft6)) {
        number->exclusive_minimum = limit_at("exclusiveMinimum");
        number->exclusive_maximum = limit_at("exclusiveMaximum");
    } else {
        if (bool_at("exclusiveMinimum")) number->exclusive_minimum.swap(number->minimum);
        if (bool_at("exclusiveMaximum")) number->exclusive_maximum.swap(number->maximum);
    }
    if (auto const* value = find("multipleOf")) {
        number->multiple_of = value->is_number() ? Divisor::from(value->number()) : std::nullopt;
        if (number->multiple_of)
            number->multiple_of_text = value->number();
        else
            complain("multipleOf", "a number above 0, of at most 18 significant digits");
    }
    rules.number = std::move(number);
}

void Compiler::add_string(Rules& rules) {
    if (!has({"minLength", "maxLength", "pattern"})) return;
    auto string = std::make_unique<StringRules>();
    count_at("minLength", "maxLength", string->length);
    if (auto const* pattern = find("pattern")) {
        if (pattern->is_string())
            string->pattern = pattern_of("pattern", pattern->string());
        else
            complain("pattern", "a string");
    }
    rules.string = std::move(string);
}

void Compiler::add_array(Rules& rules) {
    if (!has({"items", "prefixItems", "additionalItems", "contains", "minItems", "maxItems",
              "uniqueItems", "unevaluatedItems"}))
        return;
    auto array = std::make_unique<ArrayRules>();
    count_at("minItems", "maxItems", array->count);
    add_items(*array);
    if (since(Draft::draft6)) array->contains = schema_at("contains");
    if (since(Draft::draft2019)) count_at("minContains", "maxContains", array->contained);
    array->contains_evaluates = since(Draft::draft2020);
    array->unique = bool_at("uniqueItems");
    if (since(Draft::draft2019)) array->unevaluated = schema_at("unevaluatedItems");
    rules.evaluates |= array->unevaluated != no_rules;
    rules.array = std::move(array);
}

void Compiler::add_items(ArrayRules& array) {
    std::string_view const tuple = since(Draft::draft2020) ? "prefixItems" : "items";
    auto const* const list = find(tuple);
    auto const is_tuple = list != nullptr && list->is_array();
    if (is_tuple) {
        for (auto const& each : list->array())
            if (is_schema(each))
                array.prefix.push_back(child(each));
            else
                complain(tuple, "an array of schemas");
    } else if (list != nullptr && since(Draft::draft2020)) {
        complain(tuple, "an array of schemas");
    }
    array.rest_keyword = is_tuple && !since(Draft::draft2020) ? "additionalItems" : "items";
    array.rest = schema_at(array.rest_keyword);
}

void Compiler::add_object(Rules& rules) {
    if (!has({"properties", "patternProperties", "additionalProperties", "propertyNames",
              "required", "minProperties", "maxProperties", "dependencies", "dependentRequired",
              "dependentSchemas", "unevaluatedProperties"}))
        return;
    auto object = std::make_unique<ObjectRules>();
    count_at("minProperties", "maxProperties", object->count);
    add_properties(*object);
    if (auto const* patterns = map_at("patternProperties")) {
        for (auto const& [text, schema] : *patterns)
            if (is_schema(schema))
                object->patterns.emplace_back(pattern_of("patternProperties", text), child(schema));
            else
                complain("patternProperties", "an object of schemas");
    }
    object->additional = schema_at("additionalProperties");
    if (since(Draft::draft6)) object->property_names = schema_at("propertyNames");
    add_dependencies(*object);
    if (since(Draft::draft2019)) object->unevaluated = schema_at("unevaluatedProperties");
    rules.evaluates |= object->unevaluated != no_rules;
    rules.object = std::move(object);
}

void Compiler::add_properties(ObjectRules& object) {
    auto const* const required = dialect_.validates ? find("required") : nullptr;
    if (required != nullptr) object.required = names_in("required", *required);
    std::ranges::sort(object.required);
    auto const repeated = std::ranges::unique(object.required);
    object.required.erase(repeated.begin(), repeated.end());
    auto const* const properties = map_at("properties");
    // The table's keys look at these strings, so all are there before the first is looked at.
    object.names = object.required;
    if (properties != nullptr)
        for (auto const& member : *properties) object.names.push_back(member.key);
    for (std::size_t i = 0; i < object.names.size(); ++i) {
        auto& property = object.properties[object.names[i]];
        if (i < object.required.size()) {
            property.required = std::uint32_t(i);
            continue;
        }
        auto const& schema = (*properties)[i - object.required.size()].value;
        if (is_schema(schema))
            property.rules = child(schema);
        else
            complain("properties", "an object of schemas");
    }
}

void Compiler::add_dependencies(ObjectRules& object) {
    auto const add = [&](std::string_view keyword, bool names, bool schemas) {
        auto const* const map = map_at(keyword);
        if (map == nullptr) return;
        for (auto const& [trigger, needed] : *map) {
            ObjectRules::Needs needs{.keyword = keyword, .trigger = trigger};
            if (schemas && is_schema(needed))
                needs.rules = child(needed);
            else if (names)
                needs.names = names_in(keyword, needed);
            else
                complain(keyword, "an object of schemas");
            object.dependencies.push_back(std::move(needs));
        }
    };
    add("dependencies", true, true);
    if (!since(Draft::draft2019)) return;
    if (dialect_.validates) add("dependentRequired", true, false);
    add("dependentSchemas", false, true);
}

}  // namespace klamm::schema::jsonschema
