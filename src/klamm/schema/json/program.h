// schema/json/program.h - a schema compiled for checking payloads: each keyword where it is used.
//
// Every schema that can be reached becomes one set of rules, named by its index; references are
// indexes too, so that schemas may refer to themselves.
#pragma once

#include "klamm/schema/json/decimal.h"
#include "klamm/schema/json/documents.h"
#include "klamm/schema/json/pattern.h"
#include "klamm/schema/json/tape.h"
#include "klamm/schema/schema.h"

#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace klamm::schema::jsonschema {

using RulesIndex = std::uint32_t;
constexpr RulesIndex no_rules = UINT32_MAX;

/// Sets of types, as bits.
namespace types {
constexpr std::uint8_t null = 1, boolean = 2, integer = 4, number = 8, string = 16, array = 32,
                       object = 64;
}

/// A count such as minLength; without one, every count is right.
struct Counts {
    std::uint64_t min = 0;
    std::uint64_t max = UINT64_MAX;
};

struct Limit {
    std::string text;
    Decimal value;
    std::optional<std::int64_t> whole;  ///< the same where it fits, to compare fast
};

struct NumberRules {
    std::optional<Limit> minimum, maximum, exclusive_minimum, exclusive_maximum;
    std::optional<Divisor> multiple_of;
    std::string multiple_of_text;
};

/// A pattern, or why it cannot be used: then nothing obeys it.
struct CheckedPattern {
    std::string text;
    std::expected<Pattern, std::string> pattern;
};

struct StringRules {
    Counts length;
    std::optional<CheckedPattern> pattern;
};

struct ArrayRules {
    Counts count;
    std::vector<RulesIndex> prefix;
    RulesIndex rest = no_rules;
    std::string_view rest_keyword;
    RulesIndex contains = no_rules;
    Counts contained{.min = 1};
    bool contains_evaluates = false;  ///< what `contains` matches counts as evaluated: 2020-12
    bool unique = false;
    RulesIndex unevaluated = no_rules;
};

struct ObjectRules {
    struct Property {
        RulesIndex rules = no_rules;
        std::uint32_t required = UINT32_MAX;  ///< its place in `required`
    };
    struct Needs {
        std::string_view keyword;
        std::string trigger;
        std::vector<std::string> names;
        RulesIndex rules = no_rules;
    };
    Counts count;
    std::vector<std::string> names;  ///< what the keys of `properties` look at
    std::unordered_map<std::string_view, Property> properties;
    std::vector<std::string> required;
    std::vector<std::pair<CheckedPattern, RulesIndex>> patterns;
    RulesIndex additional = no_rules;
    RulesIndex property_names = no_rules;
    std::vector<Needs> dependencies;
    RulesIndex unevaluated = no_rules;
};

/// `enum`, and `const` as one of one value.
struct ValueRules {
    std::string_view keyword;
    Tape values;                                   ///< an array of them
    std::unordered_set<std::string_view> strings;  ///< those that are strings
    bool only_strings = false;
};

/// What applies other schemas to the same value.
struct Applied {
    enum class How : std::uint8_t { all, any, one, none, reference, dynamic, recursive, choice };
    How how = How::all;
    std::string_view keyword;
    std::vector<RulesIndex> rules;  ///< choice: if, then, else
    std::string anchor;             ///< dynamic: its name
    std::string unresolved;         ///< a reference to nothing that is here
};

struct Rules {
    std::uint8_t types = 0;        ///< 0: any
    bool never = false;            ///< the schema is false
    bool integer_by_text = false;  ///< 1.0 is none: draft-04
    bool evaluates = false;        ///< has unevaluatedProperties or unevaluatedItems
    ResourceIndex resource = 0;
    std::vector<ValueRules> values;
    std::unique_ptr<NumberRules const> number;
    std::unique_ptr<StringRules const> string;
    std::unique_ptr<ArrayRules const> array;
    std::unique_ptr<ObjectRules const> object;
    std::vector<Applied> applied;
};

struct Program {
    std::vector<Rules> rules;
    RulesIndex root = 0;
    bool has_dynamic_scope = false;
    /// $dynamicAnchor, by name and then by resource.
    std::unordered_map<std::string, std::unordered_map<ResourceIndex, RulesIndex>> anchors;
    /// Resources with $recursiveAnchor.
    std::unordered_map<ResourceIndex, RulesIndex> recursive;
};

/// The error: a keyword that makes no sense, a pattern that cannot be used. Without `strict` such a
/// keyword is ignored, and such a pattern obeyed by nothing.
[[nodiscard]] std::expected<Program, SchemaError> compile(Documents const& documents, Target root,
                                                          bool strict);

}  // namespace klamm::schema::jsonschema
