// schema/avro/model.h - an Avro schema as data: a table of types that name each other by number.
//
//   text ──▶ parse_model ──▶ Model ──▶ print · compare · check · decode · encode · mend
//
// Numbers instead of pointers: a model is copied, changed and printed again to make a mend.
// Source of the rules: https://avro.apache.org/docs/1.12.0/specification/ and, where it leaves a
// choice, what Avro's Java library 1.12 does, since Confluent's registry stores what that prints.
#pragma once

#include "klamm/json/value.h"
#include "klamm/schema/schema.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace klamm::schema::avro {

namespace limits {
constexpr std::size_t text_bytes = 4 * 1024 * 1024;
constexpr std::size_t json_depth = 300;
constexpr std::size_t types = 100'000;
/// Types inside each other when all is written out; recursion ends where a type is named again.
constexpr std::size_t depth = 400;
/// Values inside each other in a payload: what a list linked through its records may reach.
constexpr std::size_t payload_depth = 256;
/// Elements of arrays that take no bytes, in one payload: nothing else bounds their number.
constexpr std::size_t empty_elements = 65'536;
/// What one payload may become as JSON, and a JSON text as payload.
constexpr std::size_t output_bytes = 64 * 1024 * 1024;
/// What one comparison may find, and what is shown of a type in a message.
constexpr std::size_t differences = 10'000;
constexpr std::size_t summary_bytes = 1'000;
/// Steps that one question may cost (pairs of types compared, branches of unions tried, ...).
constexpr std::size_t work = 2'000'000;
}  // namespace limits

enum class Kind : std::uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    record,
    enumeration,
    fixed,
    array,
    map,
    union_of,
};

/// "int", "record", "union", ...
std::string_view name_of(Kind kind);
std::optional<Kind> primitive_named(std::string_view name);
bool is_named(Kind kind);      ///< record, enumeration, fixed
bool is_primitive(Kind kind);  ///< null to string

struct Name {
    std::string simple;
    std::string space;  ///< empty: none
    /// Reads "a.b.C", or "C" within `space`.
    static Name from(std::string_view text, std::string_view space);
    std::string full() const { return space.empty() ? simple : space + "." + simple; }
    bool operator==(Name const&) const = default;
};

enum class Order : std::uint8_t { ascending, descending, ignore };

using TypeId = std::uint32_t;

struct Field {
    std::string name;
    std::optional<std::string> doc;
    TypeId type = 0;
    std::optional<json::Value> default_value;  ///< null is a default; none is none
    Order order = Order::ascending;
    std::vector<std::string> aliases;
    json::Object props;  ///< what Avro gives no meaning to, in the order of the text
};

struct Type {
    Kind kind = Kind::null;
    bool error = false;  ///< a record that was declared as "error"
    Name name;           ///< named kinds
    std::optional<std::string> doc;
    std::vector<Name> aliases;
    std::vector<Field> fields;          ///< record
    std::vector<std::string> symbols;   ///< enumeration
    std::optional<std::string> symbol;  ///< enumeration: the default
    std::uint32_t size = 0;             ///< fixed
    TypeId element = 0;                 ///< array, map
    std::vector<TypeId> branches;       ///< union
    json::Object props;
};

struct Model {
    std::vector<Type> types;
    TypeId root = 0;
    std::unordered_map<std::string, TypeId> named;  ///< by full name
    /// Full names of what references declare: printed by name, not written out.
    std::vector<std::string> referenced;

    Type const& operator[](TypeId id) const { return types[id]; }
    Type& operator[](TypeId id) { return types[id]; }
    TypeId add(Type type) {
        types.push_back(std::move(type));
        return static_cast<TypeId>(types.size() - 1);
    }
};

/// What the branch of a union is called: the full name, or that of the kind.
std::string branch_name(Type const& type);
/// Whether data of `writer`'s name is for `reader`: the simple names agree, or an alias says so.
bool names_match(Type const& reader, Type const& writer);
/// Whether every value of the writer's kind is one of the reader's, which is another.
bool promotes(Kind reader, Kind writer);
/// The places of a record's fields by name. Valid as long as the record is.
using FieldPlaces = std::unordered_map<std::string_view, std::size_t>;
FieldPlaces places_of(Type const& record);

[[nodiscard]] std::expected<Model, SchemaError> parse_model(std::string_view text,
                                                            std::span<Reference const> references,
                                                            ParseOptions options);

}  // namespace klamm::schema::avro
