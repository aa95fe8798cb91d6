#include "klamm/schema/json/rules.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::schema::jsonschema {

std::string describe(Rule const& rule, std::string_view path) {
    switch (rule.sentence) {
        case Sentence::none:
            return {};
        case Sentence::keyword_added:
            return fmt::format(
                "The keyword at path '{}' in the %s schema is not present in the %s schema", path);
        case Sentence::value_more:
            return fmt::format(
                "The value at path '{}' in the %s schema is more than its value in the %s schema",
                path);
        case Sentence::value_less:
            return fmt::format(
                "The value at path '{}' in the %s schema is less than its value in the %s schema",
                path);
        case Sentence::value_changed:
            return fmt::format("The value at path '{}' is different between the %s and %s schema",
                               path);
        case Sentence::fewer_elements:
            return fmt::format(
                "An array or combined type at path '{}' has fewer elements in the %s schema than "
                "the %s schema",
                path);
        case Sentence::more_elements:
            return fmt::format(
                "An array or combined type at path '{}' has more elements in the %s schema than "
                "the %s schema",
                path);
        case Sentence::other_type:
            return fmt::format(
                "A type at path '{}' is different between the %s schema and the %s schema", path);
        case Sentence::added_to_open:
            return fmt::format(
                "The %s schema has an open content model and has a property or item at path '{}' "
                "which is missing in the %s schema",
                path);
        case Sentence::required_added_to_unopen:
            return fmt::format(
                "The %s schema has an unopen content model and has a required property at path "
                "'{}' which is missing in the %s schema",
                path);
        case Sentence::removed_from_closed:
            return fmt::format(
                "The %s has a closed content model and is missing a property or item present at "
                "path '{}' in the %s schema",
                path);
        case Sentence::removed_not_covered:
            return fmt::format(
                "A property or item is missing in the %s schema but present at path '{}' in the "
                "%s schema and is not covered by its partially open content model",
                path);
        case Sentence::added_not_covered:
            return fmt::format(
                "The %s schema has a property or item at path '{}' which is missing in the %s "
                "schema and is not covered by its partially open content model",
                path);
    }
    std::unreachable();
}

}  // namespace klamm::schema::jsonschema
