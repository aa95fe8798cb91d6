// schema/json/rules.h - every way in which two JSON Schemas may differ, and what it means.
//
// Names, verdicts and sentences are those of Confluent's registry; its clients match on them.
// Source: https://github.com/confluentinc/schema-registry, json-schema-provider, SchemaDiff.
#pragma once

#include "klamm/schema/schema.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace klamm::schema::jsonschema {

/// Whether the update, as the reader's schema, still accepts all that the original accepted.
enum class Verdict : std::uint8_t { compatible, lenient_only, breaking };

/// Which sentence describes it; a compatible one has none.
enum class Sentence : std::uint8_t {
    none,
    keyword_added,
    value_more,
    value_less,
    value_changed,
    fewer_elements,
    more_elements,
    other_type,
    added_to_open,
    required_added_to_unopen,
    removed_from_closed,
    removed_not_covered,
    added_not_covered,
};

struct Rule {
    std::string_view name;
    Verdict verdict = Verdict::compatible;
    Sentence sentence = Sentence::none;
};

inline bool is_compatible(Rule const& rule, Policy policy) {
    return rule.verdict == Verdict::compatible ||
           (rule.verdict == Verdict::lenient_only && policy == Policy::lenient);
}

/// The sentence for a difference at `path`, with "%s" for the two schemas.
std::string describe(Rule const& rule, std::string_view path);

/// A limit (maxLength, minimum, ...) comes, goes, or moves. Which of the moves breaks depends on
/// its direction.
struct LimitRules {
    Rule added, removed, increased, decreased;
};

// Names of four rules are one stem and four endings, so that a limit is one line below.
#define KLAMM_UPPER_LIMIT(STEM)                                                                \
    LimitRules {                                                                               \
        {STEM "_ADDED", Verdict::breaking, Sentence::keyword_added}, {STEM "_REMOVED"},        \
            {STEM "_INCREASED"}, {STEM "_DECREASED", Verdict::breaking, Sentence::value_less}, \
    }
#define KLAMM_LOWER_LIMIT(STEM)                                                                \
    LimitRules {                                                                               \
        {STEM "_ADDED", Verdict::breaking, Sentence::keyword_added}, {STEM "_REMOVED"},        \
            {STEM "_INCREASED", Verdict::breaking, Sentence::value_more}, {STEM "_DECREASED"}, \
    }

namespace rules {

using enum Verdict;
using enum Sentence;

inline constexpr Rule id_changed{"ID_CHANGED"};
inline constexpr Rule title_changed{"TITLE_CHANGED"};
inline constexpr Rule description_changed{"DESCRIPTION_CHANGED"};
inline constexpr Rule default_changed{"DEFAULT_CHANGED"};
inline constexpr Rule schema_added{"SCHEMA_ADDED", breaking};
inline constexpr Rule schema_removed{"SCHEMA_REMOVED"};
inline constexpr Rule type_extended{"TYPE_EXTENDED"};
inline constexpr Rule type_narrowed{"TYPE_NARROWED", breaking, other_type};
inline constexpr Rule type_changed{"TYPE_CHANGED", breaking, other_type};

inline constexpr auto max_length = KLAMM_UPPER_LIMIT("MAX_LENGTH");
inline constexpr auto min_length = KLAMM_LOWER_LIMIT("MIN_LENGTH");
inline constexpr Rule pattern_added{"PATTERN_ADDED", breaking, keyword_added};
inline constexpr Rule pattern_removed{"PATTERN_REMOVED"};
inline constexpr Rule pattern_changed{"PATTERN_CHANGED", breaking, value_changed};

inline constexpr auto maximum = KLAMM_UPPER_LIMIT("MAXIMUM");
inline constexpr auto minimum = KLAMM_LOWER_LIMIT("MINIMUM");
inline constexpr auto exclusive_maximum = KLAMM_UPPER_LIMIT("EXCLUSIVE_MAXIMUM");
inline constexpr auto exclusive_minimum = KLAMM_LOWER_LIMIT("EXCLUSIVE_MINIMUM");
inline constexpr Rule multiple_of_added{"MULTIPLE_OF_ADDED", breaking, keyword_added};
inline constexpr Rule multiple_of_removed{"MULTIPLE_OF_REMOVED"};
inline constexpr Rule multiple_of_expanded{"MULTIPLE_OF_EXPANDED", breaking, value_more};
inline constexpr Rule multiple_of_reduced{"MULTIPLE_OF_REDUCED"};
inline constexpr Rule multiple_of_changed{"MULTIPLE_OF_CHANGED", breaking, value_changed};

inline constexpr Rule required_attribute_added{"REQUIRED_ATTRIBUTE_ADDED", breaking, keyword_added};
inline constexpr Rule required_attribute_with_default_added{
    "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED"};
inline constexpr Rule required_attribute_removed{"REQUIRED_ATTRIBUTE_REMOVED"};
inline constexpr auto max_properties = KLAMM_UPPER_LIMIT("MAX_PROPERTIES");
inline constexpr auto min_properties = KLAMM_LOWER_LIMIT("MIN_PROPERTIES");
inline constexpr Rule additional_properties_added{"ADDITIONAL_PROPERTIES_ADDED"};
inline constexpr Rule additional_properties_removed{"ADDITIONAL_PROPERTIES_REMOVED", lenient_only,
                                                    keyword_added};
inline constexpr Rule additional_properties_extended{"ADDITIONAL_PROPERTIES_EXTENDED"};
inline constexpr Rule additional_properties_narrowed{"ADDITIONAL_PROPERTIES_NARROWED", lenient_only,
                                                     fewer_elements};
inline constexpr Rule unevaluated_properties_added{"UNEVALUATED_PROPERTIES_ADDED"};
inline constexpr Rule unevaluated_properties_removed{"UNEVALUATED_PROPERTIES_REMOVED", lenient_only,
                                                     keyword_added};
inline constexpr Rule unevaluated_properties_extended{"UNEVALUATED_PROPERTIES_EXTENDED"};
inline constexpr Rule unevaluated_properties_narrowed{"UNEVALUATED_PROPERTIES_NARROWED",
                                                      lenient_only, fewer_elements};
inline constexpr Rule dependency_array_added{"DEPENDENCY_ARRAY_ADDED", breaking, keyword_added};
inline constexpr Rule dependency_array_removed{"DEPENDENCY_ARRAY_REMOVED"};
inline constexpr Rule dependency_array_extended{"DEPENDENCY_ARRAY_EXTENDED", breaking,
                                                more_elements};
inline constexpr Rule dependency_array_narrowed{"DEPENDENCY_ARRAY_NARROWED"};
inline constexpr Rule dependency_array_changed{"DEPENDENCY_ARRAY_CHANGED", breaking, value_changed};
inline constexpr Rule dependency_schema_added{"DEPENDENCY_SCHEMA_ADDED", breaking, keyword_added};
inline constexpr Rule dependency_schema_removed{"DEPENDENCY_SCHEMA_REMOVED"};

inline constexpr Rule required_property_added_to_open{
    "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", breaking, added_to_open};
inline constexpr Rule required_property_with_default_added_to_open{
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL", lenient_only, added_to_open};
inline constexpr Rule optional_property_added_to_open{
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", lenient_only, added_to_open};
inline constexpr Rule empty_property_added_to_open{
    "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"};
inline constexpr Rule required_property_added_to_unopen{
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", breaking,
    Sentence::required_added_to_unopen};
inline constexpr Rule required_property_with_default_added_to_unopen{
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL"};
inline constexpr Rule optional_property_added_to_unopen{
    "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL"};
inline constexpr Rule property_removed_from_open{"PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL"};
inline constexpr Rule false_property_removed_from_closed{
    "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL"};
inline constexpr Rule property_removed_from_closed{"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL",
                                                   lenient_only, Sentence::removed_from_closed};
inline constexpr Rule property_removed_is_covered{
    "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"};
inline constexpr Rule property_removed_not_covered{
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", lenient_only,
    Sentence::removed_not_covered};
inline constexpr Rule property_added_is_covered{
    "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"};
inline constexpr Rule property_added_not_covered{
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", lenient_only,
    Sentence::added_not_covered};

inline constexpr auto max_items = KLAMM_UPPER_LIMIT("MAX_ITEMS");
inline constexpr auto min_items = KLAMM_LOWER_LIMIT("MIN_ITEMS");
inline constexpr auto max_contains = KLAMM_UPPER_LIMIT("MAX_CONTAINS");
inline constexpr auto min_contains = KLAMM_LOWER_LIMIT("MIN_CONTAINS");
inline constexpr Rule unique_items_added{"UNIQUE_ITEMS_ADDED", breaking, keyword_added};
inline constexpr Rule unique_items_removed{"UNIQUE_ITEMS_REMOVED"};
inline constexpr Rule additional_items_added{"ADDITIONAL_ITEMS_ADDED"};
inline constexpr Rule additional_items_removed{"ADDITIONAL_ITEMS_REMOVED", breaking, keyword_added};
inline constexpr Rule additional_items_extended{"ADDITIONAL_ITEMS_EXTENDED"};
inline constexpr Rule additional_items_narrowed{"ADDITIONAL_ITEMS_NARROWED", breaking,
                                                fewer_elements};
inline constexpr Rule unevaluated_items_added{"UNEVALUATED_ITEMS_ADDED"};
inline constexpr Rule unevaluated_items_removed{"UNEVALUATED_ITEMS_REMOVED", breaking,
                                                keyword_added};
inline constexpr Rule unevaluated_items_extended{"UNEVALUATED_ITEMS_EXTENDED"};
inline constexpr Rule unevaluated_items_narrowed{"UNEVALUATED_ITEMS_NARROWED", breaking,
                                                 fewer_elements};
inline constexpr Rule item_added_to_open{"ITEM_ADDED_TO_OPEN_CONTENT_MODEL", breaking,
                                         added_to_open};
inline constexpr Rule empty_item_added_to_open{
    "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL"};
inline constexpr Rule item_added_to_closed{"ITEM_ADDED_TO_CLOSED_CONTENT_MODEL"};
inline constexpr Rule item_removed_from_open{"ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL"};
inline constexpr Rule false_item_removed_from_closed{
    "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL"};
inline constexpr Rule item_removed_from_closed{"ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", breaking,
                                               Sentence::removed_from_closed};
inline constexpr Rule item_removed_is_covered{
    "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"};
inline constexpr Rule item_removed_not_covered{
    "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", breaking,
    Sentence::removed_not_covered};
inline constexpr Rule item_added_is_covered{
    "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL"};
inline constexpr Rule item_added_not_covered{
    "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", breaking,
    Sentence::added_not_covered};

inline constexpr Rule enum_array_extended{"ENUM_ARRAY_EXTENDED"};
inline constexpr Rule enum_array_narrowed{"ENUM_ARRAY_NARROWED", breaking, fewer_elements};
inline constexpr Rule enum_array_changed{"ENUM_ARRAY_CHANGED", breaking, other_type};

inline constexpr Rule combined_type_extended{"COMBINED_TYPE_EXTENDED"};
inline constexpr Rule combined_type_changed{"COMBINED_TYPE_CHANGED", breaking, other_type};
inline constexpr Rule combined_type_subschemas_changed{"COMBINED_TYPE_SUBSCHEMAS_CHANGED", breaking,
                                                       other_type};
inline constexpr Rule product_type_extended{"PRODUCT_TYPE_EXTENDED", breaking, more_elements};
inline constexpr Rule product_type_narrowed{"PRODUCT_TYPE_NARROWED"};
inline constexpr Rule sum_type_extended{"SUM_TYPE_EXTENDED"};
inline constexpr Rule sum_type_narrowed{"SUM_TYPE_NARROWED", breaking, fewer_elements};
inline constexpr Rule not_type_extended{"NOT_TYPE_EXTENDED", breaking, more_elements};
inline constexpr Rule not_type_narrowed{"NOT_TYPE_NARROWED"};

}  // namespace rules

#undef KLAMM_UPPER_LIMIT
#undef KLAMM_LOWER_LIMIT

}  // namespace klamm::schema::jsonschema
