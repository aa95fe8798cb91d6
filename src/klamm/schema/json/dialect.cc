#include "klamm/schema/json/dialect.h"

#include <algorithm>
#include <array>
#include <utility>

namespace klamm::schema::jsonschema {
namespace {

enum class Holds : std::uint8_t { one, list, one_or_list, map };

struct Keyword {
    std::string_view name;
    Holds holds;
    Draft first = Draft::draft4;
    Draft last = Draft::draft2020;
};

constexpr std::array keywords{
    Keyword{"properties", Holds::map},
    Keyword{"patternProperties", Holds::map},
    Keyword{"additionalProperties", Holds::one},
    Keyword{"propertyNames", Holds::one, Draft::draft6},
    Keyword{"dependencies", Holds::map},
    Keyword{"dependentSchemas", Holds::map, Draft::draft2019},
    Keyword{"unevaluatedProperties", Holds::one, Draft::draft2019},
    Keyword{"items", Holds::one_or_list},
    Keyword{"prefixItems", Holds::list, Draft::draft2020},
    Keyword{"additionalItems", Holds::one, Draft::draft4, Draft::draft2019},
    Keyword{"contains", Holds::one, Draft::draft6},
    Keyword{"unevaluatedItems", Holds::one, Draft::draft2019},
    Keyword{"allOf", Holds::list},
    Keyword{"anyOf", Holds::list},
    Keyword{"oneOf", Holds::list},
    Keyword{"not", Holds::one},
    Keyword{"if", Holds::one, Draft::draft7},
    Keyword{"then", Holds::one, Draft::draft7},
    Keyword{"else", Holds::one, Draft::draft7},
    Keyword{"contentSchema", Holds::one, Draft::draft2019},
    Keyword{"definitions", Holds::map},
    // Older drafts have only `definitions`, but Confluent's registry lets them use both.
    Keyword{"$defs", Holds::map},
};

}  // namespace

std::optional<Draft> draft_named(std::string_view address) {
    if (address.ends_with('#')) address.remove_suffix(1);
    for (std::string_view const scheme : {"http://", "https://"})
        if (address.starts_with(scheme)) {
            address.remove_prefix(scheme.size());
            break;
        }
    constexpr std::array known{
        std::pair{"json-schema.org/draft-04/schema", Draft::draft4},
        std::pair{"json-schema.org/schema", Draft::draft4},
        std::pair{"json-schema.org/draft-06/schema", Draft::draft6},
        std::pair{"json-schema.org/draft-07/schema", Draft::draft7},
        std::pair{"json-schema.org/draft/2019-09/schema", Draft::draft2019},
        std::pair{"json-schema.org/draft/2020-12/schema", Draft::draft2020},
    };
    for (auto const& [name, draft] : known)
        if (address == name) return draft;
    return std::nullopt;
}

std::string_view name_of(Draft draft) {
    switch (draft) {
        case Draft::draft4:
            return "draft-04";
        case Draft::draft6:
            return "draft-06";
        case Draft::draft7:
            return "draft-07";
        case Draft::draft2019:
            return "2019-09";
        case Draft::draft2020:
            return "2020-12";
    }
    std::unreachable();
}

void for_each_subschema(json::Value const& schema, Draft draft,
                        std::function<void(json::Value const&)> const& visit) {
    if (!schema.is_object()) return;
    auto const only_definitions = is_reference_alone(schema, draft);
    auto const visit_schema = [&](json::Value const& value) {
        if (is_schema(value)) visit(value);
    };
    for (auto const& [key, value] : schema.object()) {
        auto const keyword = std::ranges::find(keywords, std::string_view(key), &Keyword::name);
        if (keyword == keywords.end() || draft < keyword->first || draft > keyword->last) continue;
        if (only_definitions && key != "definitions" && key != "$defs") continue;
        auto const lists = keyword->holds == Holds::list || keyword->holds == Holds::one_or_list;
        if (keyword->holds == Holds::map) {
            if (value.is_object())
                for (auto const& member : value.object()) visit_schema(member.value);
        } else if (lists && value.is_array()) {
            for (auto const& element : value.array()) visit_schema(element);
        } else if (keyword->holds != Holds::list) {
            visit_schema(value);
        }
    }
}

}  // namespace klamm::schema::jsonschema
