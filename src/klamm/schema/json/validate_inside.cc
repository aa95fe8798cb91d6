#include "klamm/schema/json/validator.h"
#include "klamm/schema/json/values.h"

#include <fmt/format.h>

namespace klamm::schema::jsonschema {
namespace {

std::string_view words_of_size(std::size_t size, std::string_view one, std::string_view many) {
    return size == 1 ? one : many;
}

}  // namespace

bool Validator::check_array(ArrayRules const& rules, At at, Evaluated* evaluated) {
    auto const& array = payload_[at];
    auto const wrong_size = [&](std::string_view keyword, std::string_view must,
                                std::uint64_t limit) {
        return fail(at, keyword, [&] {
            return fmt::format("It has {} {}, not {} {}.", array.size,
                               words_of_size(array.size, "element", "elements"), must, limit);
        });
    };
    if (array.size < rules.count.min) return wrong_size("minItems", "at least", rules.count.min);
    if (array.size > rules.count.max) return wrong_size("maxItems", "at most", rules.count.max);
    if (!rules.prefix.empty() || rules.rest != no_rules) {
        std::size_t i = 0;
        for (At element = at + 1; element < array.end; element = payload_[element].end, ++i) {
            auto const named = i < rules.prefix.size();
            if (!named && rules.rest == no_rules) break;
            if (evaluated != nullptr) evaluated->add(i);
            auto const accepted =
                named ? accepts(rules.prefix[i], element, nullptr)
                      : check_left_over(rules.rest, rules.rest_keyword, element, element);
            if (!accepted) return false;
        }
    }
    if (rules.contains != no_rules && !check_contains(rules, at, evaluated)) return false;
    if (!rules.unique || array.size < 2) return true;
    if (!spend(array.end - at)) return false;
    auto const repeated = repeated_element(payload_, at, steps_left_);
    if (repeated == 0) return true;
    return fail(repeated, "uniqueItems", [] { return "It is in the array more than once."; });
}

bool Validator::check_contains(ArrayRules const& rules, At at, Evaluated* evaluated) {
    auto const& array = payload_[at];
    std::size_t found = 0;
    std::size_t i = 0;
    for (At element = at + 1; element < array.end; element = payload_[element].end, ++i) {
        if (!accepts_quietly(rules.contains, element, nullptr)) continue;
        ++found;
        if (evaluated != nullptr && rules.contains_evaluates) evaluated->add(i);
    }
    auto const wrong = [&](std::string_view keyword, std::string_view must, std::uint64_t limit) {
        return fail(at, keyword, [&] {
            return fmt::format("{} of its {} elements match the schema of contains, not {} {}.",
                               found, array.size, must, limit);
        });
    };
    if (exhausted()) return false;
    if (found < rules.contained.min)
        return wrong(rules.contained.min == 1 ? "contains" : "minContains", "at least",
                     rules.contained.min);
    if (found > rules.contained.max) return wrong("maxContains", "at most", rules.contained.max);
    return true;
}

bool Validator::check_object(ObjectRules const& rules, At at, Evaluated* evaluated) {
    auto const& object = payload_[at];
    auto const wrong_size = [&](std::string_view keyword, std::string_view must,
                                std::uint64_t limit) {
        return fail(at, keyword, [&] {
            return fmt::format("It has {} {}, not {} {}.", object.size,
                               words_of_size(object.size, "property", "properties"), must, limit);
        });
    };
    if (object.size < rules.count.min)
        return wrong_size("minProperties", "at least", rules.count.min);
    if (object.size > rules.count.max)
        return wrong_size("maxProperties", "at most", rules.count.max);
    Present present(rules.required.size());
    std::size_t i = 0;
    for (At key = at + 1; key < object.end; key = payload_[key + 1].end, ++i)
        if (!check_member(rules, key, i, present, evaluated)) return false;
    for (std::size_t j = 0; j < rules.required.size(); ++j)
        if (!present.has(j))
            return fail(at, "required", [&] {
                return fmt::format("The required property {} is missing.", rules.required[j]);
            });
    return rules.dependencies.empty() || check_dependencies(rules, at, evaluated);
}

bool Validator::check_member(ObjectRules const& rules, At key, std::size_t i, Present& present,
                             Evaluated* evaluated) {
    auto const name = payload_[key].view();
    auto const value = key + 1;
    auto known = false;
    if (auto const property = rules.properties.find(name); property != rules.properties.end()) {
        auto const& [schema, required] = property->second;
        if (required != UINT32_MAX) present.add(required);
        known = schema != no_rules;
        if (known && !accepts(schema, value, nullptr)) return false;
    }
    for (auto const& [pattern, schema] : rules.patterns) {
        auto finds = false;
        if (!check_pattern(pattern, key, "patternProperties", finds)) return false;
        if (!finds) continue;
        known = true;
        if (!accepts(schema, value, nullptr)) return false;
    }
    if (!known && rules.additional != no_rules) {
        known = true;
        if (!check_left_over(rules.additional, "additionalProperties", value, key)) return false;
    }
    if (known && evaluated != nullptr) evaluated->add(i);
    return rules.property_names == no_rules || accepts(rules.property_names, key, nullptr);
}

/// With `false` as the schema, the keyword is at fault and not the value.
bool Validator::check_left_over(RulesIndex rules, std::string_view keyword, At at, At named) {
    if (!program_.rules[rules].never) return accepts(rules, at, nullptr);
    return fail(at, keyword, [&] {
        return named == at ? std::string("There must be no such element.")
                           : fmt::format("The property {} is not permitted.",
                                         payload_[named].view().substr(0, error_value_bytes_max));
    });
}

At Validator::member(At object, std::string_view name) {
    if (!spend(1 + payload_[object].size / 8)) return 0;
    for (At key = object + 1; key < payload_[object].end; key = payload_[key + 1].end)
        if (payload_[key].view() == name) return key + 1;
    return 0;
}

bool Validator::check_dependencies(ObjectRules const& rules, At at, Evaluated* evaluated) {
    for (auto const& needs : rules.dependencies) {
        if (member(at, needs.trigger) == 0) continue;
        for (auto const& name : needs.names)
            if (member(at, name) == 0)
                return fail(at, needs.keyword, [&] {
                    return fmt::format("With the property {}, {} is required.", needs.trigger,
                                       name);
                });
        if (needs.rules != no_rules && !accepts(needs.rules, at, evaluated)) return false;
    }
    return true;
}

bool Validator::check_unevaluated(Rules const& rules, At at, Evaluated& evaluated) {
    auto const& value = payload_[at];
    if (value.is == Is::object && rules.object && rules.object->unevaluated != no_rules) {
        std::size_t i = 0;
        for (At key = at + 1; key < value.end; key = payload_[key + 1].end, ++i)
            if (!evaluated.has(i) &&
                !check_left_over(rules.object->unevaluated, "unevaluatedProperties", key + 1, key))
                return false;
        evaluated.add_all();
    }
    if (value.is == Is::array && rules.array && rules.array->unevaluated != no_rules) {
        std::size_t i = 0;
        for (At element = at + 1; element < value.end; element = payload_[element].end, ++i)
            if (!evaluated.has(i) &&
                !check_left_over(rules.array->unevaluated, "unevaluatedItems", element, element))
                return false;
        evaluated.add_all();
    }
    return true;
}

}  // namespace klamm::schema::jsonschema
