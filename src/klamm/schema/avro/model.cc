#include "klamm/schema/avro/model.h"

#include <algorithm>
#include <array>
#include <utility>

namespace klamm::schema::avro {
namespace {

constexpr std::array<std::string_view, 14> kind_names{
    "null",   "boolean", "int",  "long",  "float", "double", "bytes",
    "string", "record",  "enum", "fixed", "array", "map",    "union"};

}  // namespace

std::string_view name_of(Kind kind) { return kind_names[std::to_underlying(kind)]; }

std::optional<Kind> primitive_named(std::string_view name) {
    for (std::size_t i = 0; i <= std::to_underlying(Kind::string); ++i)
        if (kind_names[i] == name) return static_cast<Kind>(i);
    return std::nullopt;
}

bool is_named(Kind kind) {
    return kind == Kind::record || kind == Kind::enumeration || kind == Kind::fixed;
}

bool is_primitive(Kind kind) { return kind <= Kind::string; }

Name Name::from(std::string_view text, std::string_view space) {
    auto const dot = text.rfind('.');
    if (dot == text.npos) return {std::string(text), std::string(space)};
    return {std::string(text.substr(dot + 1)), std::string(text.substr(0, dot))};
}

std::string branch_name(Type const& type) {
    return is_named(type.kind) ? type.name.full() : std::string(name_of(type.kind));
}

bool names_match(Type const& reader, Type const& writer) {
    return reader.name.simple == writer.name.simple ||
           std::ranges::find(reader.aliases, writer.name) != reader.aliases.end();
}

bool promotes(Kind reader, Kind writer) {
    switch (reader) {
        case Kind::int64:
            return writer == Kind::int32;
        case Kind::float32:
            return writer == Kind::int32 || writer == Kind::int64;
        case Kind::float64:
            return writer == Kind::int32 || writer == Kind::int64 || writer == Kind::float32;
        case Kind::bytes:
            return writer == Kind::string;
        case Kind::string:
            return writer == Kind::bytes;
        default:
            return false;
    }
}

FieldPlaces places_of(Type const& record) {
    FieldPlaces places;
    for (std::size_t i = 0; i < record.fields.size(); ++i) places.emplace(record.fields[i].name, i);
    return places;
}

}  // namespace klamm::schema::avro
