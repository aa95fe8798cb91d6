#include "klamm/schema/json/metaschemas.h"

#include <array>

namespace klamm::schema::jsonschema {
namespace {

constexpr std::string_view draft4 = R"({
"$schema": "http://json-schema.org/draft-04/schema#",
"id": "http://json-schema.org/draft-04/schema#",
"type": "object",
"definitions": {
  "schemas": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
  "map": {"type": "object", "additionalProperties": {"$ref": "#"}},
  "count": {"type": "integer", "minimum": 0},
  "types": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "names": {"type": "array", "minItems": 1, "items": {"type": "string"}, "uniqueItems": true}
},
"properties": {
  "id": {"type": "string"}, "$schema": {"type": "string"}, "$ref": {"type": "string"},
  "title": {"type": "string"}, "description": {"type": "string"}, "default": {},
  "multipleOf": {"type": "number", "minimum": 0, "exclusiveMinimum": true},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "boolean"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "boolean"},
  "maxLength": {"$ref": "#/definitions/count"}, "minLength": {"$ref": "#/definitions/count"},
  "pattern": {"type": "string", "format": "regex"}, "format": {"type": "string"},
  "additionalItems": {"anyOf": [{"type": "boolean"}, {"$ref": "#"}]},
  "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/schemas"}]},
  "maxItems": {"$ref": "#/definitions/count"}, "minItems": {"$ref": "#/definitions/count"},
  "uniqueItems": {"type": "boolean"},
  "maxProperties": {"$ref": "#/definitions/count"},
  "minProperties": {"$ref": "#/definitions/count"},
  "required": {"$ref": "#/definitions/names"},
  "additionalProperties": {"anyOf": [{"type": "boolean"}, {"$ref": "#"}]},
  "definitions": {"$ref": "#/definitions/map"}, "properties": {"$ref": "#/definitions/map"},
  "patternProperties": {"$ref": "#/definitions/map"},
  "dependencies": {"type": "object", "additionalProperties":
    {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/names"}]}},
  "enum": {"type": "array", "minItems": 1, "uniqueItems": true},
  "type": {"anyOf": [{"$ref": "#/definitions/types"},
    {"type": "array", "items": {"$ref": "#/definitions/types"}, "minItems": 1,
     "uniqueItems": true}]},
  "allOf": {"$ref": "#/definitions/schemas"}, "anyOf": {"$ref": "#/definitions/schemas"},
  "oneOf": {"$ref": "#/definitions/schemas"}, "not": {"$ref": "#"}
},
"dependencies": {"exclusiveMaximum": ["maximum"], "exclusiveMinimum": ["minimum"]}
})";

constexpr std::string_view draft6 = R"({
"$schema": "http://json-schema.org/draft-06/schema#",
"$id": "http://json-schema.org/draft-06/schema#",
"type": ["object", "boolean"],
"definitions": {
  "schemas": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
  "map": {"type": "object", "additionalProperties": {"$ref": "#"}},
  "count": {"type": "integer", "minimum": 0},
  "types": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}
},
"properties": {
  "$id": {"type": "string"}, "$schema": {"type": "string"}, "$ref": {"type": "string"},
  "title": {"type": "string"}, "description": {"type": "string"}, "default": {},
  "examples": {"type": "array"},
  "multipleOf": {"type": "number", "exclusiveMinimum": 0},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "number"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/definitions/count"}, "minLength": {"$ref": "#/definitions/count"},
  "pattern": {"type": "string", "format": "regex"}, "format": {"type": "string"},
  "additionalItems": {"$ref": "#"},
  "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/schemas"}]},
  "maxItems": {"$ref": "#/definitions/count"}, "minItems": {"$ref": "#/definitions/count"},
  "uniqueItems": {"type": "boolean"}, "contains": {"$ref": "#"},
  "maxProperties": {"$ref": "#/definitions/count"},
  "minProperties": {"$ref": "#/definitions/count"},
  "required": {"$ref": "#/definitions/names"},
  "additionalProperties": {"$ref": "#"}, "propertyNames": {"$ref": "#"},
  "definitions": {"$ref": "#/definitions/map"}, "properties": {"$ref": "#/definitions/map"},
  "patternProperties": {"$ref": "#/definitions/map"},
  "dependencies": {"type": "object", "additionalProperties":
    {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/names"}]}},
  "const": {}, "enum": {"type": "array"},
  "type": {"anyOf": [{"$ref": "#/definitions/types"},
    {"type": "array", "items": {"$ref": "#/definitions/types"}, "minItems": 1,
     "uniqueItems": true}]},
  "allOf": {"$ref": "#/definitions/schemas"}, "anyOf": {"$ref": "#/definitions/schemas"},
  "oneOf": {"$ref": "#/definitions/schemas"}, "not": {"$ref": "#"}
}
})";

constexpr std::string_view draft7 = R"({
"$schema": "http://json-schema.org/draft-07/schema#",
"$id": "http://json-schema.org/draft-07/schema#",
"type": ["object", "boolean"],
"definitions": {
  "schemas": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
  "map": {"type": "object", "additionalProperties": {"$ref": "#"}},
  "count": {"type": "integer", "minimum": 0},
  "types": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}
},
"properties": {
  "$id": {"type": "string"}, "$schema": {"type": "string"}, "$ref": {"type": "string"},
  "$comment": {"type": "string"},
  "title": {"type": "string"}, "description": {"type": "string"}, "default": true,
  "readOnly": {"type": "boolean"}, "writeOnly": {"type": "boolean"},
  "examples": {"type": "array"},
  "multipleOf": {"type": "number", "exclusiveMinimum": 0},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "number"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/definitions/count"}, "minLength": {"$ref": "#/definitions/count"},
  "pattern": {"type": "string", "format": "regex"}, "format": {"type": "string"},
  "contentMediaType": {"type": "string"}, "contentEncoding": {"type": "string"},
  "additionalItems": {"$ref": "#"},
  "items": {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/schemas"}]},
  "maxItems": {"$ref": "#/definitions/count"}, "minItems": {"$ref": "#/definitions/count"},
  "uniqueItems": {"type": "boolean"}, "contains": {"$ref": "#"},
  "maxProperties": {"$ref": "#/definitions/count"},
  "minProperties": {"$ref": "#/definitions/count"},
  "required": {"$ref": "#/definitions/names"},
  "additionalProperties": {"$ref": "#"}, "propertyNames": {"$ref": "#"},
  "definitions": {"$ref": "#/definitions/map"}, "properties": {"$ref": "#/definitions/map"},
  "patternProperties": {"$ref": "#/definitions/map"},
  "dependencies": {"type": "object", "additionalProperties":
    {"anyOf": [{"$ref": "#"}, {"$ref": "#/definitions/names"}]}},
  "const": true, "enum": {"type": "array"},
  "type": {"anyOf": [{"$ref": "#/definitions/types"},
    {"type": "array", "items": {"$ref": "#/definitions/types"}, "minItems": 1,
     "uniqueItems": true}]},
  "if": {"$ref": "#"}, "then": {"$ref": "#"}, "else": {"$ref": "#"},
  "allOf": {"$ref": "#/definitions/schemas"}, "anyOf": {"$ref": "#/definitions/schemas"},
  "oneOf": {"$ref": "#/definitions/schemas"}, "not": {"$ref": "#"}
}
})";

constexpr std::string_view schema2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/schema",
"$vocabulary": {
  "https://json-schema.org/draft/2019-09/vocab/core": true,
  "https://json-schema.org/draft/2019-09/vocab/applicator": true,
  "https://json-schema.org/draft/2019-09/vocab/validation": true,
  "https://json-schema.org/draft/2019-09/vocab/meta-data": true,
  "https://json-schema.org/draft/2019-09/vocab/format": false,
  "https://json-schema.org/draft/2019-09/vocab/content": true
},
"$recursiveAnchor": true,
"type": ["object", "boolean"],
"allOf": [{"$ref": "meta/core"}, {"$ref": "meta/applicator"}, {"$ref": "meta/validation"},
  {"$ref": "meta/meta-data"}, {"$ref": "meta/format"}, {"$ref": "meta/content"}],
"properties": {
  "definitions": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}},
  "dependencies": {"type": "object", "additionalProperties":
    {"anyOf": [{"$recursiveRef": "#"}, {"$ref": "meta/validation#/$defs/names"}]}}
}
})";

constexpr std::string_view core2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/meta/core",
"$vocabulary": {"https://json-schema.org/draft/2019-09/vocab/core": true},
"$recursiveAnchor": true,
"type": ["object", "boolean"],
"properties": {
  "$id": {"type": "string", "pattern": "^[^#]*#?$"}, "$schema": {"type": "string"},
  "$anchor": {"type": "string", "pattern": "^[A-Za-z][-A-Za-z0-9.:_]*$"},
  "$ref": {"type": "string"}, "$recursiveRef": {"type": "string"},
  "$recursiveAnchor": {"type": "boolean"},
  "$vocabulary": {"type": "object", "additionalProperties": {"type": "boolean"}},
  "$comment": {"type": "string"},
  "$defs": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}}
}
})";

constexpr std::string_view applicator2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/meta/applicator",
"$vocabulary": {"https://json-schema.org/draft/2019-09/vocab/applicator": true},
"$recursiveAnchor": true,
"$defs": {
  "schemas": {"type": "array", "minItems": 1, "items": {"$recursiveRef": "#"}},
  "map": {"type": "object", "additionalProperties": {"$recursiveRef": "#"}}
},
"properties": {
  "additionalItems": {"$recursiveRef": "#"}, "unevaluatedItems": {"$recursiveRef": "#"},
  "items": {"anyOf": [{"$recursiveRef": "#"}, {"$ref": "#/$defs/schemas"}]},
  "contains": {"$recursiveRef": "#"}, "additionalProperties": {"$recursiveRef": "#"},
  "unevaluatedProperties": {"$recursiveRef": "#"}, "properties": {"$ref": "#/$defs/map"},
  "patternProperties": {"$ref": "#/$defs/map"}, "dependentSchemas": {"$ref": "#/$defs/map"},
  "propertyNames": {"$recursiveRef": "#"},
  "if": {"$recursiveRef": "#"}, "then": {"$recursiveRef": "#"}, "else": {"$recursiveRef": "#"},
  "allOf": {"$ref": "#/$defs/schemas"}, "anyOf": {"$ref": "#/$defs/schemas"},
  "oneOf": {"$ref": "#/$defs/schemas"}, "not": {"$recursiveRef": "#"}
}
})";

constexpr std::string_view validation2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/meta/validation",
"$vocabulary": {"https://json-schema.org/draft/2019-09/vocab/validation": true},
"$recursiveAnchor": true,
"$defs": {
  "count": {"type": "integer", "minimum": 0},
  "types": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}
},
"properties": {
  "multipleOf": {"type": "number", "exclusiveMinimum": 0},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "number"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/$defs/count"}, "minLength": {"$ref": "#/$defs/count"},
  "pattern": {"type": "string", "format": "regex"},
  "maxItems": {"$ref": "#/$defs/count"}, "minItems": {"$ref": "#/$defs/count"},
  "uniqueItems": {"type": "boolean"},
  "maxContains": {"$ref": "#/$defs/count"}, "minContains": {"$ref": "#/$defs/count"},
  "maxProperties": {"$ref": "#/$defs/count"}, "minProperties": {"$ref": "#/$defs/count"},
  "required": {"$ref": "#/$defs/names"},
  "dependentRequired": {"type": "object", "additionalProperties": {"$ref": "#/$defs/names"}},
  "const": true, "enum": {"type": "array"},
  "type": {"anyOf": [{"$ref": "#/$defs/types"},
    {"type": "array", "items": {"$ref": "#/$defs/types"}, "minItems": 1, "uniqueItems": true}]}
}
})";

constexpr std::string_view metadata2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/meta/meta-data",
"$vocabulary": {"https://json-schema.org/draft/2019-09/vocab/meta-data": true},
"$recursiveAnchor": true,
"properties": {
  "title": {"type": "string"}, "description": {"type": "string"}, "default": true,
  "deprecated": {"type": "boolean"}, "readOnly": {"type": "boolean"},
  "writeOnly": {"type": "boolean"}, "examples": {"type": "array"}
}
})";

constexpr std::string_view format2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/meta/format",
"$vocabulary": {"https://json-schema.org/draft/2019-09/vocab/format": true},
"$recursiveAnchor": true,
"properties": {"format": {"type": "string"}}
})";

constexpr std::string_view content2019 = R"({
"$schema": "https://json-schema.org/draft/2019-09/schema",
"$id": "https://json-schema.org/draft/2019-09/meta/content",
"$vocabulary": {"https://json-schema.org/draft/2019-09/vocab/content": true},
"$recursiveAnchor": true,
"properties": {"contentMediaType": {"type": "string"}, "contentEncoding": {"type": "string"},
  "contentSchema": {"$recursiveRef": "#"}}
})";

constexpr std::string_view schema2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/schema",
"$vocabulary": {
  "https://json-schema.org/draft/2020-12/vocab/core": true,
  "https://json-schema.org/draft/2020-12/vocab/applicator": true,
  "https://json-schema.org/draft/2020-12/vocab/unevaluated": true,
  "https://json-schema.org/draft/2020-12/vocab/validation": true,
  "https://json-schema.org/draft/2020-12/vocab/meta-data": true,
  "https://json-schema.org/draft/2020-12/vocab/format-annotation": true,
  "https://json-schema.org/draft/2020-12/vocab/content": true
},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"allOf": [{"$ref": "meta/core"}, {"$ref": "meta/applicator"}, {"$ref": "meta/unevaluated"},
  {"$ref": "meta/validation"}, {"$ref": "meta/meta-data"}, {"$ref": "meta/format-annotation"},
  {"$ref": "meta/content"}],
"properties": {
  "definitions": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}},
  "dependencies": {"type": "object", "additionalProperties":
    {"anyOf": [{"$dynamicRef": "#meta"}, {"$ref": "meta/validation#/$defs/names"}]}},
  "$recursiveAnchor": {"type": "string"}, "$recursiveRef": {"type": "string"}
}
})";

constexpr std::string_view core2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/core",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/core": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"$defs": {"anchor": {"type": "string", "pattern": "^[A-Za-z_][-A-Za-z0-9._]*$"}},
"properties": {
  "$id": {"type": "string", "pattern": "^[^#]*#?$"}, "$schema": {"type": "string"},
  "$ref": {"type": "string"}, "$anchor": {"$ref": "#/$defs/anchor"},
  "$dynamicRef": {"type": "string"}, "$dynamicAnchor": {"$ref": "#/$defs/anchor"},
  "$vocabulary": {"type": "object", "additionalProperties": {"type": "boolean"}},
  "$comment": {"type": "string"},
  "$defs": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}}
}
})";

constexpr std::string_view applicator2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/applicator",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/applicator": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"$defs": {
  "schemas": {"type": "array", "minItems": 1, "items": {"$dynamicRef": "#meta"}},
  "map": {"type": "object", "additionalProperties": {"$dynamicRef": "#meta"}}
},
"properties": {
  "prefixItems": {"$ref": "#/$defs/schemas"}, "items": {"$dynamicRef": "#meta"},
  "contains": {"$dynamicRef": "#meta"}, "additionalProperties": {"$dynamicRef": "#meta"},
  "properties": {"$ref": "#/$defs/map"}, "patternProperties": {"$ref": "#/$defs/map"},
  "dependentSchemas": {"$ref": "#/$defs/map"}, "propertyNames": {"$dynamicRef": "#meta"},
  "if": {"$dynamicRef": "#meta"}, "then": {"$dynamicRef": "#meta"},
  "else": {"$dynamicRef": "#meta"},
  "allOf": {"$ref": "#/$defs/schemas"}, "anyOf": {"$ref": "#/$defs/schemas"},
  "oneOf": {"$ref": "#/$defs/schemas"}, "not": {"$dynamicRef": "#meta"}
}
})";

constexpr std::string_view unevaluated2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/unevaluated",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/unevaluated": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {"unevaluatedItems": {"$dynamicRef": "#meta"},
  "unevaluatedProperties": {"$dynamicRef": "#meta"}}
})";

constexpr std::string_view validation2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/validation",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/validation": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"$defs": {
  "count": {"type": "integer", "minimum": 0},
  "types": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
  "names": {"type": "array", "items": {"type": "string"}, "uniqueItems": true}
},
"properties": {
  "multipleOf": {"type": "number", "exclusiveMinimum": 0},
  "maximum": {"type": "number"}, "exclusiveMaximum": {"type": "number"},
  "minimum": {"type": "number"}, "exclusiveMinimum": {"type": "number"},
  "maxLength": {"$ref": "#/$defs/count"}, "minLength": {"$ref": "#/$defs/count"},
  "pattern": {"type": "string", "format": "regex"},
  "maxItems": {"$ref": "#/$defs/count"}, "minItems": {"$ref": "#/$defs/count"},
  "uniqueItems": {"type": "boolean"},
  "maxContains": {"$ref": "#/$defs/count"}, "minContains": {"$ref": "#/$defs/count"},
  "maxProperties": {"$ref": "#/$defs/count"}, "minProperties": {"$ref": "#/$defs/count"},
  "required": {"$ref": "#/$defs/names"},
  "dependentRequired": {"type": "object", "additionalProperties": {"$ref": "#/$defs/names"}},
  "const": true, "enum": {"type": "array"},
  "type": {"anyOf": [{"$ref": "#/$defs/types"},
    {"type": "array", "items": {"$ref": "#/$defs/types"}, "minItems": 1, "uniqueItems": true}]}
}
})";

constexpr std::string_view metadata2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/meta-data",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/meta-data": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {
  "title": {"type": "string"}, "description": {"type": "string"}, "default": true,
  "deprecated": {"type": "boolean"}, "readOnly": {"type": "boolean"},
  "writeOnly": {"type": "boolean"}, "examples": {"type": "array"}
}
})";

constexpr std::string_view format2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/format-annotation",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/format-annotation": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {"format": {"type": "string"}}
})";

constexpr std::string_view assertion2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/format-assertion",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/format-assertion": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {"format": {"type": "string"}}
})";

constexpr std::string_view content2020 = R"({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"$id": "https://json-schema.org/draft/2020-12/meta/content",
"$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/content": true},
"$dynamicAnchor": "meta",
"type": ["object", "boolean"],
"properties": {"contentMediaType": {"type": "string"}, "contentEncoding": {"type": "string"},
  "contentSchema": {"$dynamicRef": "#meta"}}
})";

struct Known {
    std::string_view uri;  ///< behind "http://" or "https://"
    std::string_view text;
    Draft draft;
};

constexpr std::array known{
    Known{"json-schema.org/draft-04/schema", draft4, Draft::draft4},
    Known{"json-schema.org/draft-06/schema", draft6, Draft::draft6},
    Known{"json-schema.org/draft-07/schema", draft7, Draft::draft7},
    Known{"json-schema.org/draft/2019-09/schema", schema2019, Draft::draft2019},
    Known{"json-schema.org/draft/2019-09/meta/core", core2019, Draft::draft2019},
    Known{"json-schema.org/draft/2019-09/meta/applicator", applicator2019, Draft::draft2019},
    Known{"json-schema.org/draft/2019-09/meta/validation", validation2019, Draft::draft2019},
    Known{"json-schema.org/draft/2019-09/meta/meta-data", metadata2019, Draft::draft2019},
    Known{"json-schema.org/draft/2019-09/meta/format", format2019, Draft::draft2019},
    Known{"json-schema.org/draft/2019-09/meta/content", content2019, Draft::draft2019},
    Known{"json-schema.org/draft/2020-12/schema", schema2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/core", core2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/applicator", applicator2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/unevaluated", unevaluated2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/validation", validation2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/meta-data", metadata2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/format-annotation", format2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/format-assertion", assertion2020, Draft::draft2020},
    Known{"json-schema.org/draft/2020-12/meta/content", content2020, Draft::draft2020},
};

}  // namespace

std::optional<Metaschema> metaschema_at(std::string_view uri) {
    for (std::string_view const scheme : {"https://", "http://"}) {
        if (!uri.starts_with(scheme)) continue;
        auto const address = uri.substr(scheme.size());
        for (auto const& each : known)
            if (each.uri == address) return Metaschema{each.text, each.draft};
    }
    return std::nullopt;
}

}  // namespace klamm::schema::jsonschema
