// klamm/event_fields.h - how the fields of described structs are shaped, written and read. Included
// by klamm/event.h.
#pragma once

#include "klamm/event.h"

#include <type_traits>

namespace klamm::detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;
template <class T>
inline constexpr bool is_map = false;
template <class T>
inline constexpr bool is_map<std::map<std::string, T>> = true;
template <class T>
inline constexpr bool is_duration = false;
template <class R, class P>
inline constexpr bool is_duration<std::chrono::duration<R, P>> = true;
template <class T>
inline constexpr bool is_time_point = false;
template <class C, class D>
inline constexpr bool is_time_point<std::chrono::time_point<C, D>> = true;
template <class T, class... Ts>
inline constexpr bool is_one_of = (std::is_same_v<T, Ts> || ...);

/// One sentence for each mistake; the compiler's note names the field's type.
template <class T>
constexpr void check_field() {
    constexpr bool is_known_enum =
        std::is_enum_v<T> && !std::is_same_v<decltype(enum_names<T>), std::nullptr_t const>;
    static_assert(!std::is_enum_v<T> || is_known_enum,
                  "klamm: an enum that is a field needs names: template <> inline constexpr "
                  "std::array klamm::enum_names<E>{\"first\", \"second\"};");
    static_assert(!std::is_integral_v<T> || is_one_of<T, bool, std::int32_t, std::int64_t>,
                  "klamm: whole numbers are std::int32_t or std::int64_t; Avro and JSON have no "
                  "unsigned and no smaller ones");
    static_assert(!std::is_floating_point_v<T> || is_one_of<T, float, double>,
                  "klamm: real numbers are float or double");
    static_assert(!std::is_pointer_v<T> && !std::is_reference_v<T> && !std::is_array_v<T> &&
                      !std::is_same_v<T, std::string_view>,
                  "klamm: an event owns what it says: use std::string, std::vector, std::optional");
    static_assert(!is_duration<T>,
                  "klamm: a duration is no field: use std::int64_t, with the unit in its name");
    static_assert(!is_time_point<T> || std::is_same_v<T, Time>,
                  "klamm: points in time are klamm::Time");
    static_assert(!std::is_class_v<T> || is_optional<T> || is_vector<T> || is_map<T> ||
                      is_duration<T> || is_time_point<T> || Described<T> ||
                      is_one_of<T, std::string, std::string_view>,
                  "klamm: a struct that is a field needs static constexpr void describe(auto& "
                  "field); of containers there are std::vector, std::optional and "
                  "std::map<std::string, T>");
    if constexpr (is_optional<T>)
        static_assert(!is_optional<typename T::value_type>,
                      "klamm: an optional of an optional cannot be told from an optional");
}

/// "Money", of shop::Money; of a template's instance only letters, digits and _.
template <class T>
std::string type_name() {
    std::string_view text = __PRETTY_FUNCTION__;  // "… type_name() [with T = shop::Money; …]"
    text.remove_prefix(text.find("T = ") + 4);
    text = text.substr(0, text.find_first_of(";]"));
    auto const scope = text.substr(0, text.find('<')).rfind("::");
    if (scope != text.npos) text.remove_prefix(scope + 2);
    std::string name(text);
    for (auto& c : name) {
        bool const letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(c >= '0' && c <= '9')) c = '_';
    }
    return name;
}

template <class T>
std::vector<std::string> symbols_of() {
    auto const& names = enum_names<T>;
    return {names.begin(), names.end()};
}

/// A static one: a field may be called event, too.
template <class T>
concept Named = requires {
    requires std::is_same_v<decltype(&T::event), EventName const*>;
};

template <class T>
std::string const& name_of() {
    static std::string const name = [] {
        if constexpr (Named<T>)
            return std::string(T::event.name);
        else
            return type_name<T>();
    }();
    return name;
}

template <class T>
void write(Writer& out, T const& value) {
    check_field<T>();
    if constexpr (std::is_same_v<T, bool>)
        out.boolean(value);
    else if constexpr (std::is_same_v<T, std::int32_t>)
        out.int32(value);
    else if constexpr (std::is_same_v<T, std::int64_t>)
        out.int64(value);
    else if constexpr (std::is_same_v<T, float>)
        out.float32(value);
    else if constexpr (std::is_same_v<T, double>)
        out.float64(value);
    else if constexpr (std::is_same_v<T, std::string>)
        out.string(value);
    else if constexpr (std::is_same_v<T, Binary>)
        out.bytes(value);
    else if constexpr (std::is_same_v<T, Time>)
        out.time(value);
    else if constexpr (std::is_enum_v<T>) {
        auto const index = std::size_t(value);
        auto const& names = enum_names<T>;
        out.enumeration(index, index < names.size() ? std::string_view{names[index]} : "");
    } else if constexpr (is_optional<T>) {
        out.optional(value.has_value());
        if (value) write(out, *value);
    } else if constexpr (is_vector<T>) {
        out.begin_array(value.size());
        for (typename T::value_type const& item : value) write(out, item);
        out.end_array();
    } else if constexpr (is_map<T>) {
        out.begin_map(value.size());
        for (auto const& [key, item] : value) {
            out.key(key);
            write(out, item);
        }
        out.end_map();
    } else if constexpr (Described<T>) {
        out.begin_record(name_of<T>());
        auto visit = [&](std::string_view name, auto member, std::string_view = {}) {
            out.field(name);
            write(out, value.*member);
        };
        T::describe(visit);
        out.end_record();
    }
}

template <class T>
void read(Reader& in, T& value) {
    if constexpr (std::is_same_v<T, bool>)
        in.boolean(value);
    else if constexpr (std::is_same_v<T, std::int32_t>)
        in.int32(value);
    else if constexpr (std::is_same_v<T, std::int64_t>)
        in.int64(value);
    else if constexpr (std::is_same_v<T, float>)
        in.float32(value);
    else if constexpr (std::is_same_v<T, double>)
        in.float64(value);
    else if constexpr (std::is_same_v<T, std::string>)
        in.string(value);
    else if constexpr (std::is_same_v<T, Binary>)
        in.bytes(value);
    else if constexpr (std::is_same_v<T, Time>)
        in.time(value);
    else if constexpr (std::is_enum_v<T>) {
        static auto const symbols = symbols_of<T>();
        std::size_t index = 0;
        if (in.enumeration(index, symbols)) value = T(index);
    } else if constexpr (is_optional<T>) {
        bool present = false;
        if (!in.optional(present)) return;
        if (!present) return value.reset();
        typename T::value_type item{};
        read(in, item);
        value = std::move(item);
    } else if constexpr (is_vector<T>) {
        value.clear();
        if (!in.begin_array()) return;
        while (in.next_item()) {
            typename T::value_type item{};
            read(in, item);
            value.push_back(std::move(item));
        }
    } else if constexpr (is_map<T>) {
        value.clear();
        if (!in.begin_map()) return;
        std::string key;
        while (in.next_key(key)) {
            typename T::mapped_type item{};
            read(in, item);
            value.insert_or_assign(key, std::move(item));
        }
    } else if constexpr (Described<T>) {
        if (!in.begin_record()) return;
        auto visit = [&](std::string_view name, auto member, std::string_view = {}) {
            if (in.field(name)) read(in, value.*member);
        };
        T::describe(visit);
        in.end_record();
    }
}

/// `Around`: the structs that T is inside of.
template <class T, class... Around>
ShapePtr shape_of() {
    static_assert(!is_one_of<T, Around...>,
                  "klamm: a struct cannot be inside itself; split the event, or name by id");
    Shape shape;
    if constexpr (is_one_of<T, Around...>)
        return nullptr;
    else if constexpr (std::is_same_v<T, bool>)
        shape.kind = Kind::boolean;
    else if constexpr (std::is_same_v<T, std::int32_t>)
        shape.kind = Kind::int32;
    else if constexpr (std::is_same_v<T, std::int64_t>)
        shape.kind = Kind::int64;
    else if constexpr (std::is_same_v<T, float>)
        shape.kind = Kind::float32;
    else if constexpr (std::is_same_v<T, double>)
        shape.kind = Kind::float64;
    else if constexpr (std::is_same_v<T, std::string>)
        shape.kind = Kind::string;
    else if constexpr (std::is_same_v<T, Binary>)
        shape.kind = Kind::bytes;
    else if constexpr (std::is_same_v<T, Time>)
        shape.kind = Kind::time;
    else if constexpr (std::is_enum_v<T>) {
        shape.kind = Kind::enumeration;
        shape.name = type_name<T>();
        shape.symbols = symbols_of<T>();
    } else if constexpr (is_optional<T>) {
        shape.kind = Kind::optional;
        shape.of = shape_of<typename T::value_type, Around...>();
    } else if constexpr (is_vector<T>) {
        shape.kind = Kind::array;
        shape.of = shape_of<typename T::value_type, Around...>();
    } else if constexpr (is_map<T>) {
        shape.kind = Kind::map;
        shape.of = shape_of<typename T::mapped_type, Around...>();
    } else if constexpr (Described<T>) {
        shape.kind = Kind::record;
        shape.name = name_of<T>();
        if constexpr (Named<T>) shape.doc = T::event.doc;
        shape.write_default = [](Writer& out) { write(out, T{}); };
        auto visit = [&]<class M, class C>(std::string_view name, M C::*,
                                           std::string_view doc = {}) {
            shape.fields.push_back(
                {std::string(name), std::string(doc), shape_of<M, T, Around...>()});
        };
        T::describe(visit);
    }
    return std::make_shared<Shape const>(std::move(shape));
}

}  // namespace klamm::detail

namespace klamm {

template <class E>
struct EventTraits {
    static EventType make_type() {
        static_assert(Described<E>,
                      "klamm: an event needs static constexpr void describe(auto& field), see "
                      "klamm/event.h; for a class that protoc generated include klamm/protobuf.h");
        static_assert(detail::Named<E>,
                      "klamm: an event needs a name: static constexpr klamm::EventName "
                      "event{\"orders.placed\"};");
        static_assert(std::is_default_constructible_v<E> && std::is_copy_constructible_v<E>,
                      "klamm: an event can be made without arguments, and copied");
        EventType type;
        type.name = E::event.name;
        type.doc = E::event.doc;
        type.shape = detail::shape_of<E>();
        type.make = [] { return std::make_shared<E>(); };
        type.write = [](Writer& out, void const* event) {
            detail::write(out, *static_cast<E const*>(event));
        };
        type.read = [](Reader& in, void* event) { detail::read(in, *static_cast<E*>(event)); };
        return type;
    }
};

}  // namespace klamm
