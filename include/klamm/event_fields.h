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
inline constexpr bool no_such_field_type = false;

template <class T>
std::vector<std::string> symbols_of() {
    auto const& names = enum_names<T>;
    return {names.begin(), names.end()};
}

template <class T>
std::string_view name_of() {
    if constexpr (requires { T::event; })
        return T::event.name;
    else if constexpr (requires { T::name; })
        return T::name;
    else
        return {};
}

template <class T>
void write(Writer& out, T const& value) {
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
        for (auto const& item : value) write(out, item);
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
    } else
        static_assert(no_such_field_type<T>, "klamm/event.h lists the types of fields");
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
    } else
        static_assert(no_such_field_type<T>, "klamm/event.h lists the types of fields");
}

template <class T>
ShapePtr shape_of() {
    Shape shape;
    if constexpr (std::is_same_v<T, bool>)
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
        shape.symbols = symbols_of<T>();
    } else if constexpr (is_optional<T>) {
        shape.kind = Kind::optional;
        shape.of = shape_of<typename T::value_type>();
    } else if constexpr (is_vector<T>) {
        shape.kind = Kind::array;
        shape.of = shape_of<typename T::value_type>();
    } else if constexpr (is_map<T>) {
        shape.kind = Kind::map;
        shape.of = shape_of<typename T::mapped_type>();
    } else if constexpr (Described<T>) {
        shape.kind = Kind::record;
        shape.name = name_of<T>();
        if constexpr (requires { T::event; }) shape.doc = T::event.doc;
        auto visit = [&]<class M>(std::string_view name, M T::*, std::string_view doc = {}) {
            shape.fields.push_back({std::string(name), std::string(doc), shape_of<M>()});
        };
        T::describe(visit);
    } else
        static_assert(no_such_field_type<T>, "klamm/event.h lists the types of fields");
    return std::make_shared<Shape const>(std::move(shape));
}

}  // namespace klamm::detail

namespace klamm {

template <class E>
requires Described<E> && requires { E::event.name; }
struct EventTraits<E> {
    static EventType make_type() {
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
