// schema/protobuf/edit.h - finding and changing parts of a File.
#pragma once

#include "klamm/schema/protobuf/syntax.h"

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::schema::protobuf {

/// Where a message has a field. Valid until the message changes.
struct Place {
    std::vector<Field>* list = nullptr;  ///< null: it has none of this number
    std::size_t index = 0;
    Oneof* oneof = nullptr;  ///< null: it stands outside of any

    explicit operator bool() const { return list != nullptr; }
    Field& field() const { return (*list)[index]; }
};

/// The message that the names lead to, from the file's own downwards, also into groups; null: none.
Message* find_message(File& file, std::span<std::string const> names);
Enum* find_enum(File& file, std::span<std::string const> names);
Place find_field(Message& message, std::int32_t number);
/// Takes the field out; a oneof that loses its last goes too.
std::optional<Field> take_field(Message& message, std::int32_t number);
/// Puts the field among its likes, in the order of numbers: into the oneof of this name, which is
/// made if there is none, or outside (empty). What was reserved for it is no longer.
void put_field(Message& message, Field field, std::string const& oneof);
void reserve(std::vector<Reserved>& reserved, std::int32_t number, std::string const& name);

/// A number that is free in both messages; none: there is no more.
std::optional<std::int32_t> free_number(Message const& a, Message const& b);
/// `name`, or `name_2`, ...: what nothing in the message is called.
std::string free_name(Message& message, std::string const& name);

/// Calls with each name of a type, to be changed in place.
void each_type(File& file, std::function<void(std::string&)> const& change);

/// "optional int32 a = 1"
std::string words(Field const& field);

}  // namespace klamm::schema::protobuf
