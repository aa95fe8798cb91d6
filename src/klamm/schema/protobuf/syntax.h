// schema/protobuf/syntax.h - a .proto file as its author wrote it, without comments and layout.
//
// What descriptors lose is kept: names of types as they were written, which numbers were reserved
// in one statement, custom options by name, maps as maps. Printing this is the canonical text;
// rearranging it is normalization; changing it is a mend.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::schema::protobuf {

/// The value of an option. Of the members only those of its kind are used.
struct OptionValue {
    enum class Kind : std::uint8_t { word, text, map, list };
    Kind kind = Kind::word;
    std::string text;  ///< word: a number, true, an enum's constant; text: its bytes, unescaped
    std::vector<std::pair<std::string, OptionValue>> members;  ///< map; keys as written: a, [b.c]
    std::vector<OptionValue> items;
    bool operator==(OptionValue const&) const = default;
};

struct Option {
    /// "deprecated"; "(my.option)" is one custom part; "(my.option).field.(other)" is three.
    struct Part {
        std::string name;
        bool custom = false;
        bool operator==(Part const&) const = default;
    };
    std::vector<Part> name;
    OptionValue value;
    bool operator==(Option const&) const = default;
};

enum class Label : std::uint8_t { none, optional, required, repeated };

struct Message;

struct Field {
    Label label = Label::none;
    std::string type;     ///< as written: "int32", "Foo", ".a.b.Foo"; of a map, the value's
    std::string map_key;  ///< not empty: map<map_key, type>
    std::string name;
    std::int32_t number = 0;
    std::vector<Option> options;  ///< with default and json_name as the last
    std::vector<Message> group;   ///< not empty: a group, whose one message this is
};

struct Range {
    std::int32_t first = 0;
    std::int32_t last = 0;  ///< inclusive
    bool operator==(Range const&) const = default;
};

/// One statement: either numbers or names.
struct Reserved {
    std::vector<Range> ranges;
    std::vector<std::string> names;
};

struct Extensions {
    std::vector<Range> ranges;
    std::vector<Option> options;
};

struct Extend {
    std::string type;
    std::vector<Field> fields;
};

struct Oneof {
    std::string name;
    std::vector<Option> options;
    std::vector<Field> fields;
};

struct Constant {
    std::string name;
    std::int32_t number = 0;
    std::vector<Option> options;
};

struct Enum {
    std::string name;
    std::vector<Reserved> reserved;
    std::vector<Option> options;
    std::vector<Constant> constants;
};

struct Message {
    std::string name;
    std::vector<Reserved> reserved;
    std::vector<Option> options;
    std::vector<Field> fields;  ///< neither in a oneof nor a group
    std::vector<Oneof> oneofs;
    std::vector<Field> groups;
    std::vector<Extensions> extensions;
    std::vector<Extend> extends;
    std::vector<Message> messages;  ///< without those of maps and groups
    std::vector<Enum> enums;
};

struct Method {
    std::string name;
    std::string request;
    std::string response;
    bool streams_requests = false;
    bool streams_responses = false;
    std::vector<Option> options;
};

struct Service {
    std::string name;
    std::vector<Option> options;
    std::vector<Method> methods;
};

struct File {
    std::string syntax;  ///< "proto2", "proto3"; empty: not said, which means proto2
    std::string package;
    std::vector<std::string> imports;
    std::vector<std::string> public_imports;
    std::vector<std::string> weak_imports;
    std::vector<Option> options;
    std::vector<Message> messages;
    std::vector<Enum> enums;
    std::vector<Extend> extends;
    std::vector<Service> services;
};

inline constexpr std::int32_t field_number_max = 536'870'911;  ///< 2^29 - 1

/// What may be left out of a text: declarations of extensions, and custom options (those of
/// package `confluent` stay).
enum class Extending : bool { printed, left_out };

/// The canonical text. Deterministic; parsing it gives the same File.
std::string print(File const& file, Extending extending = Extending::printed);

}  // namespace klamm::schema::protobuf
