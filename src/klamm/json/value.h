// json/value.h - a JSON document that keeps what others lose: the text of its numbers and the order
// of its keys.
//
// A registry gives back what it was given: 1.0 stays 1.0, 12345678901234567890 keeps its digits,
// and {"b":1,"a":2} its order. Equality is that of texts: 1.0 is not 1.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace klamm::json {

class Value;
struct Member;

/// A number as it was written: valid JSON, any number of digits, in the range of a double.
struct Number {
    std::string text;
    bool operator==(Number const&) const = default;
};

using Array = std::vector<Value>;
/// In the order of the text. A key that was written twice has its last value, at its first place.
using Object = std::vector<Member>;

class Value {
public:
    // Out of line: Member, which the variant holds lists of, is not known yet.
    Value() noexcept;  ///< null
    Value(Value const&);
    Value(Value&&) noexcept;
    Value& operator=(Value const&);
    Value& operator=(Value&&) noexcept;
    ~Value();
    Value(std::nullptr_t);
    Value(bool yes);
    Value(Number number);
    Value(std::int64_t number);
    Value(std::int32_t number);
    Value(std::string text);
    Value(std::string_view text);
    Value(char const* text);
    Value(Array array);
    Value(Object object);

    bool is_null() const { return std::holds_alternative<std::monostate>(is_); }
    bool is_bool() const { return std::holds_alternative<bool>(is_); }
    bool is_number() const { return std::holds_alternative<Number>(is_); }
    bool is_string() const { return std::holds_alternative<std::string>(is_); }
    bool is_array() const { return std::holds_alternative<Array>(is_); }
    bool is_object() const { return std::holds_alternative<Object>(is_); }

    // ---- requires the kind -----------------------------------------------------------------
    bool boolean() const { return std::get<bool>(is_); }
    std::string const& number() const { return std::get<Number>(is_).text; }
    std::string const& string() const { return std::get<std::string>(is_); }
    Array const& array() const { return std::get<Array>(is_); }
    Array& array() { return std::get<Array>(is_); }
    Object const& object() const { return std::get<Object>(is_); }
    Object& object() { return std::get<Object>(is_); }

    // ---- questions to any kind ---------------------------------------------------------------
    /// The member of an object; null when this is none, or has none of this name.
    Value const* find(std::string_view key) const;
    Value* find(std::string_view key);
    /// The member, if it is a string, a bool, ...
    std::string const* find_string(std::string_view key) const;
    std::optional<bool> find_bool(std::string_view key) const;
    Array const* find_array(std::string_view key) const;
    Object const* find_object(std::string_view key) const;
    /// A whole number in the range of the type, however written (1, 1.0, 1e0); none: not one.
    std::optional<std::int64_t> as_int64() const;
    std::optional<double> as_double() const;  ///< none: not a number

    /// Sets a member: in place, or behind the last. Null becomes an object; else requires one.
    Value& set(std::string_view key, Value value);
    /// Appends to an array. Null becomes an array; else requires one.
    Value& push(Value value);
    bool erase(std::string_view key);  ///< false: there was none

    bool operator==(Value const&) const;

private:
    std::variant<std::monostate, bool, Number, std::string, Array, Object> is_;
};

struct Member {
    std::string key;
    Value value;
    bool operator==(Member const&) const = default;
};

/// What a text may cost.
struct Limits {
    std::size_t bytes_max = 16 * 1024 * 1024;
    std::size_t depth_max = 500;  ///< arrays and objects inside each other
};

struct ParseError {
    std::string why;     ///< "a comma or ] is missing", with line and column
    std::size_t at = 0;  ///< the byte
};

/// One document, UTF-8, with nothing behind it but white space.
[[nodiscard]] std::expected<Value, ParseError> parse(std::string_view text, Limits limits = {});

/// Without white space, in the order of the keys; characters beyond ASCII as they are.
std::string print(Value const& value);
/// The same with the keys of every object sorted as bytes.
std::string print_sorted(Value const& value);
/// For people: indented by two spaces.
std::string print_indented(Value const& value);
/// A string as JSON writes it, with its quotes.
std::string quote(std::string_view text);

}  // namespace klamm::json
