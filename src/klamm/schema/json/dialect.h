// schema/json/dialect.h - the drafts of JSON Schema, and where in a schema others are.
#pragma once

#include "klamm/json/value.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

namespace klamm::schema::jsonschema {

enum class Draft : std::uint8_t { draft4, draft6, draft7, draft2019, draft2020 };

/// By the address of its metaschema: http or https, with or without a # at the end.
std::optional<Draft> draft_named(std::string_view address);
/// For people: "draft-07", "2020-12".
std::string_view name_of(Draft draft);

/// How a schema is read: its draft, and whether its metaschema's vocabularies have validation.
struct Dialect {
    Draft draft = Draft::draft7;
    bool validates = true;
    bool operator==(Dialect const&) const = default;
};

inline std::string_view id_keyword(Draft draft) { return draft == Draft::draft4 ? "id" : "$id"; }

/// Up to draft-07, a $ref stands alone: what is beside it is not looked at, but for definitions.
inline bool is_reference_alone(json::Value const& schema, Draft draft) {
    return draft < Draft::draft2019 && schema.find_string("$ref") != nullptr;
}

inline bool is_schema(json::Value const& value) { return value.is_object() || value.is_bool(); }

/// Calls `visit` with each schema directly inside this one. Values of unknown keywords are none.
void for_each_subschema(json::Value const& schema, Draft draft,
                        std::function<void(json::Value const&)> const& visit);

}  // namespace klamm::schema::jsonschema
