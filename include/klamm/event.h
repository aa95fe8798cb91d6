// klamm/event.h - plain structs as events: described once, and so written, read and given a schema.
//
//     struct OrderPlaced {
//         static constexpr klamm::EventName event{"orders.placed"};
//         std::string order;
//         std::int64_t cents = 0;
//         std::optional<std::string> note;
//
//         static constexpr void describe(auto& field) {
//             field("order", &OrderPlaced::order);
//             field("cents", &OrderPlaced::cents, "price in cents");
//             field("note", &OrderPlaced::note);
//         }
//     };
//
// Fields may be: bool, int32, int64, float, double, std::string, Binary, Time, enums that have
// `enum_names`, described structs, std::optional, std::vector and std::map<std::string, …> of
// these. Unsigned numbers and durations are none, because the formats have none: take std::int64_t
// and say the unit in the name. What a default-constructed struct has in a field is the field's
// default: a field added later reads old events. Generated Protobuf classes are events, too:
// klamm/protobuf.h. doc/events.md has the whole story.
#pragma once

#include "klamm/message.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace klamm {

/// Bytes that are no text.
using Binary = std::vector<std::byte>;

/// The name of a type of events, which travels as `ce_type`.
struct EventName {
    std::string_view name;
    std::string_view doc = {};
};

namespace detail {
struct AnyField {
    constexpr void operator()(auto&&...) {}
};
}  // namespace detail

/// A struct that describes its fields.
template <class T>
concept Described = requires(detail::AnyField& field) {
    T::describe(field);
};

/// Specialize for each enum that is a field: names in the order of their numbers, from 0 on. New
/// ones go to the end; the names are what travels.
///     template <> inline constexpr std::array klamm::enum_names<Color>{"red", "green"};
template <class E>
inline constexpr std::nullptr_t enum_names = nullptr;

enum class Kind : std::uint8_t {
    boolean,
    int32,
    int64,
    float32,
    float64,
    string,
    bytes,
    time,
    enumeration,
    record,
    array,     ///< of `of`
    map,       ///< from strings to `of`
    optional,  ///< of `of`
};

struct Shape;
using ShapePtr = std::shared_ptr<Shape const>;

struct FieldShape {
    std::string name;
    std::string doc;
    ShapePtr shape;
};

/// What a schema is derived from.
struct Shape {
    Kind kind{};
    std::string name;  ///< of a record or an enumeration: its own, or that of its C++ type
    std::string doc;
    std::vector<FieldShape> fields;                      ///< of a record
    ShapePtr of;                                         ///< of an array, a map, an optional
    std::vector<std::string> symbols;                    ///< of an enumeration
    void (*write_default)(class Writer& out) = nullptr;  ///< a default-constructed record
};

/// Takes the values of an event in the order of its description.
class Writer {
public:
    virtual ~Writer() = default;
    virtual void boolean(bool value) = 0;
    virtual void int32(std::int32_t value) = 0;
    virtual void int64(std::int64_t value) = 0;
    virtual void float32(float value) = 0;
    virtual void float64(double value) = 0;
    virtual void string(std::string_view value) = 0;
    virtual void bytes(Binary const& value) = 0;
    virtual void time(Time value) = 0;
    virtual void enumeration(std::size_t index, std::string_view symbol) = 0;
    virtual void begin_record(std::string_view name) = 0;
    virtual void field(std::string_view name) = 0;  ///< its value follows
    virtual void end_record() = 0;
    virtual void begin_array(std::size_t items) = 0;
    virtual void end_array() = 0;
    virtual void begin_map(std::size_t entries) = 0;
    virtual void key(std::string_view key) = 0;  ///< its value follows
    virtual void end_map() = 0;
    virtual void optional(bool present) = 0;  ///< when present, its value follows
};

/// Gives the values of an event in the order of its description. After the first failure every
/// call fails and changes nothing; the reader knows what was wrong and where.
class Reader {
public:
    virtual ~Reader() = default;
    virtual bool boolean(bool& value) = 0;
    virtual bool int32(std::int32_t& value) = 0;
    virtual bool int64(std::int64_t& value) = 0;
    virtual bool float32(float& value) = 0;
    virtual bool float64(double& value) = 0;
    virtual bool string(std::string& value) = 0;
    virtual bool bytes(Binary& value) = 0;
    virtual bool time(Time& value) = 0;
    virtual bool enumeration(std::size_t& index, std::vector<std::string> const& symbols) = 0;
    virtual bool begin_record() = 0;
    /// Whether the field is there; else it keeps its default.
    virtual bool field(std::string_view name) = 0;
    virtual bool end_record() = 0;
    virtual bool begin_array() = 0;
    virtual bool next_item() = 0;  ///< false: the array is over, or reading has failed
    virtual bool begin_map() = 0;
    virtual bool next_key(std::string& key) = 0;  ///< as next_item
    virtual bool optional(bool& present) = 0;
    virtual bool failed() const = 0;
};

/// How a class that Protobuf generated is written and read; see klamm/protobuf.h.
struct ProtobufType {
    struct File {
        std::string path;                  ///< "shop/money.proto"
        std::string text;                  ///< as .proto
        std::vector<std::string> imports;  ///< paths of others of these files
    };
    std::string schema;                       ///< its own file, as .proto text
    std::vector<std::string> direct_imports;  ///< of its own file
    std::vector<File> imports;                ///< also indirect ones, each after its own imports
    std::vector<std::int32_t> indexes;        ///< where in the file the message is
    std::function<bool(void const* event, std::string& out)> write;  ///< appends; false: incomplete
    std::function<bool(std::string_view bytes, void* event)> read;
};

/// A type of events, with its C++ type erased. One for each, which lives for ever.
struct EventType {
    std::string name;
    std::string doc;
    ShapePtr shape;                                ///< null: Protobuf
    std::shared_ptr<ProtobufType const> protobuf;  ///< null: a described struct
    std::function<std::shared_ptr<void>()> make;   ///< a default-constructed event
    std::function<void(Writer&, void const* event)> write;
    std::function<void(Reader&, void* event)> read;
};

/// Of described structs. Specialize to make events of types that cannot describe themselves.
template <class E>
struct EventTraits;

/// What can be sent and handled.
template <class E>
concept Event = requires {
    EventTraits<E>::make_type();
};

template <Event E>
EventType const& event_type() {
    static EventType const type = EventTraits<E>::make_type();
    return type;
}

}  // namespace klamm

#include "klamm/event_fields.h"
