// Schemas of described structs. Every field has a default, that of a default-constructed struct, so
// that readers of a later version read earlier events (doc/events.md, "Evolution").
#include "klamm/handler/codecs/schemas.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/json_events.h"
#include "klamm/handler/rfc3339.h"

#include "klamm/base/base64.h"

#include <algorithm>
#include <limits>
#include <map>
#include <optional>

namespace klamm::handler {
namespace {

using json::Object;
using json::Value;

/// What a default-constructed record writes; an object.
Value defaults_of(Shape const& record) {
    JsonWriter writer;
    record.write_default(writer);
    return json::parse(writer.take()).value_or(Value(Object{}));
}

/// Numbers that are none have no default that registries accept.
bool is_no_number(Shape const& shape, Value const& value) {
    return (shape.kind == Kind::float32 || shape.kind == Kind::float64) && !value.is_number();
}

// ---- JSON Schema --------------------------------------------------------------------------------

Value json_type(Shape const& shape);

Value typed(std::string_view type) { return Object{{"type", type}}; }

Value json_record(Shape const& shape) {
    auto schema = typed("object");
    schema.set("title", shape.name);
    if (!shape.doc.empty()) schema.set("description", shape.doc);
    auto const defaults = defaults_of(shape);
    Value properties = Object{};
    for (auto const& field : shape.fields) {
        auto property = json_type(*field.shape);
        if (!field.doc.empty()) property.set("description", field.doc);
        auto const* const value = defaults.find(field.name);
        if (value != nullptr && !is_no_number(*field.shape, *value))
            property.set("default", *value);
        properties.set(field.name, std::move(property));
    }
    schema.set("properties", std::move(properties));
    // Closed: in an open model old events might have had anything under the name of a new field,
    // so registries refuse to add one.
    schema.set("additionalProperties", false);
    return schema;
}

Value json_type(Shape const& shape) {
    switch (shape.kind) {
        case Kind::boolean:
            return typed("boolean");
        case Kind::int32:
            return typed("integer")
                .set("minimum", std::numeric_limits<std::int32_t>::min())
                .set("maximum", std::numeric_limits<std::int32_t>::max());
        case Kind::int64:
            return typed("integer");
        case Kind::float32:
        case Kind::float64:
            return typed("number");
        case Kind::string:
            return typed("string");
        case Kind::bytes:
            return typed("string").set("contentEncoding", "base64");
        case Kind::time:
            return typed("string").set("format", "date-time");
        case Kind::enumeration: {
            Value symbols = json::Array{};
            for (auto const& symbol : shape.symbols) symbols.push(symbol);
            return Object{{"enum", std::move(symbols)}};
        }
        case Kind::record:
            return json_record(shape);
        case Kind::array:
            return typed("array").set("items", json_type(*shape.of));
        case Kind::map:
            return typed("object").set("additionalProperties", json_type(*shape.of));
        case Kind::optional:
            return Object{{"oneOf", json::Array{typed("null"), json_type(*shape.of)}}};
    }
    std::unreachable();
}

// ---- Avro
// -----------------------------------------------------------------------------------------

/// Bytes as Avro's JSON has them: each a character.
std::string latin1(std::string_view bytes) {
    std::string text;
    for (auto const byte : bytes) {
        auto const c = static_cast<unsigned char>(byte);
        if (c < 0x80) {
            text += byte;
        } else {
            text += static_cast<char>(0xc0 | c >> 6);
            text += static_cast<char>(0x80 | (c & 0x3f));
        }
    }
    return text;
}

/// A default as Avro's JSON has it; none: it cannot be said.
std::optional<Value> avro_default(Shape const& shape, Value const& value) {
    if (is_no_number(shape, value)) return std::nullopt;
    switch (shape.kind) {
        case Kind::time:
            return from_rfc3339(value.string()).value_or(Time{}).time_since_epoch().count();
        case Kind::bytes:
            return latin1(base64_decoded(value.string()).value_or(""));
        case Kind::optional:
            return nullptr;  // the only default that the first branch, null, has
        case Kind::array: {
            Value items = json::Array{};
            for (auto const& item : value.array()) {
                auto made = avro_default(*shape.of, item);
                if (!made) return std::nullopt;
                items.push(*std::move(made));
            }
            return items;
        }
        case Kind::map: {
            Value entries = Object{};
            for (auto const& [key, entry] : value.object()) {
                auto made = avro_default(*shape.of, entry);
                if (!made) return std::nullopt;
                entries.set(key, *std::move(made));
            }
            return entries;
        }
        case Kind::record: {
            Value fields = Object{};
            for (auto const& field : shape.fields) {
                auto const* const found = value.find(field.name);
                auto made = found ? avro_default(*field.shape, *found) : std::nullopt;
                if (!made) return std::nullopt;
                fields.set(field.name, *std::move(made));
            }
            return fields;
        }
        default:
            return value;
    }
}

std::string avro_name(std::string_view text) {
    std::string name(text);
    for (auto& c : name) {
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && c != '.' && !(c >= '0' && c <= '9')) c = '_';
    }
    return name;
}

class AvroSchema {
public:
    /// `space`: the namespace around it.
    Value type_of(Shape const& shape, std::string const& space) {
        switch (shape.kind) {
            case Kind::boolean:
                return "boolean";
            case Kind::int32:
                return "int";
            case Kind::int64:
                return "long";
            case Kind::float32:
                return "float";
            case Kind::float64:
                return "double";
            case Kind::string:
                return "string";
            case Kind::bytes:
                return "bytes";
            case Kind::time:
                return typed("long").set("logicalType", "timestamp-millis");
            case Kind::array:
                return typed("array").set("items", type_of(*shape.of, space));
            case Kind::map:
                return typed("map").set("values", type_of(*shape.of, space));
            case Kind::optional:
                return json::Array{"null", type_of(*shape.of, space)};
            case Kind::record:
            case Kind::enumeration:
                break;
        }
        return named(shape, space);
    }

private:
    Value named(Shape const& shape, std::string const& space) {
        auto full = avro_name(shape.name);
        if (!full.contains('.') && !space.empty()) full = space + '.' + full;
        // Two structs of one name: the second gets a number.
        auto const wanted = full;
        for (int n = 2;; ++n) {
            auto const known = named_.find(full);
            if (known == named_.end()) break;
            if (same(*known->second, shape)) return full;
            full = wanted + '_' + std::to_string(n);
        }
        named_[full] = &shape;
        auto const dot = full.rfind('.');
        auto const inner = dot == full.npos ? std::string() : full.substr(0, dot);
        Value schema = typed(shape.kind == Kind::record ? "record" : "enum");
        schema.set("name", dot == full.npos ? full : full.substr(dot + 1));
        if (!inner.empty()) schema.set("namespace", inner);
        if (!shape.doc.empty()) schema.set("doc", shape.doc);
        if (shape.kind == Kind::enumeration) {
            Value symbols = json::Array{};
            for (auto const& symbol : shape.symbols) symbols.push(symbol);
            return schema.set("symbols", std::move(symbols));
        }
        auto const defaults = defaults_of(shape);
        Value fields = json::Array{};
        for (auto const& field : shape.fields)
            fields.push(field_of(field, defaults.find(field.name), inner));
        return schema.set("fields", std::move(fields));
    }

    Value field_of(FieldShape const& field, Value const* value, std::string const& space) {
        Value written = Object{{"name", field.name}};
        if (!field.doc.empty()) written.set("doc", field.doc);
        written.set("type", type_of(*field.shape, space));
        auto made = value ? avro_default(*field.shape, *value) : std::nullopt;
        if (made) written.set("default", *std::move(made));
        return written;
    }

    static bool same(Shape const& a, Shape const& b) {
        if (a.kind != b.kind || a.name != b.name || a.symbols != b.symbols ||
            a.write_default != b.write_default)
            return false;
        if (a.of && !same(*a.of, *b.of)) return false;
        return std::ranges::equal(a.fields, b.fields, [](auto const& x, auto const& y) {
            return x.name == y.name && same(*x.shape, *y.shape);
        });
    }

    std::map<std::string, Shape const*, std::less<>> named_;
};

}  // namespace

std::string json_schema(EventType const& type) {
    Value schema = Object{{"$schema", "http://json-schema.org/draft-07/schema#"}};
    auto const record = json_record(*type.shape);
    for (auto const& [key, value] : record.object()) schema.set(key, value);
    return json::print(schema);
}

std::string open_json_schema(EventType const& type) {
    auto const opened = [](auto const& self, Value value) -> Value {
        if (value.is_array())
            for (auto& each : value.array()) each = self(self, std::move(each));
        if (!value.is_object()) return value;
        if (value.find_bool("additionalProperties") == false) value.erase("additionalProperties");
        for (auto& [key, each] : value.object())
            if (key != "default") each = self(self, std::move(each));
        return value;
    };
    return json::print(opened(opened, json_record(*type.shape)));
}

std::string avro_schema(EventType const& type) {
    return json::print(AvroSchema().type_of(*type.shape, ""));
}

}  // namespace klamm::handler
