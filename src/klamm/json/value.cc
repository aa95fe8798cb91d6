#include "klamm/json/value.h"

#include "klamm/base/ensure.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace klamm::json {

Value::Value() noexcept = default;
Value::Value(Value const&) = default;
Value::Value(Value&&) noexcept = default;
Value& Value::operator=(Value const&) = default;
Value& Value::operator=(Value&&) noexcept = default;
Value::~Value() = default;
Value::Value(std::nullptr_t) {}
Value::Value(bool yes) : is_(yes) {}
Value::Value(Number number) : is_(std::move(number)) {}
Value::Value(std::int64_t number) : is_(Number{std::to_string(number)}) {}
Value::Value(std::int32_t number) : Value(std::int64_t(number)) {}
Value::Value(std::string text) : is_(std::move(text)) {}
Value::Value(std::string_view text) : is_(std::string(text)) {}
Value::Value(char const* text) : is_(std::string(text)) {}
Value::Value(Array array) : is_(std::move(array)) {}
Value::Value(Object object) : is_(std::move(object)) {}
bool Value::operator==(Value const&) const = default;

Value const* Value::find(std::string_view key) const {
    auto const* object = std::get_if<Object>(&is_);
    if (object == nullptr) return nullptr;
    auto const found = std::ranges::find(*object, key, &Member::key);
    return found == object->end() ? nullptr : &found->value;
}

Value* Value::find(std::string_view key) {
    return const_cast<Value*>(std::as_const(*this).find(key));
}

std::string const* Value::find_string(std::string_view key) const {
    auto const* member = find(key);
    return member == nullptr ? nullptr : std::get_if<std::string>(&member->is_);
}

std::optional<bool> Value::find_bool(std::string_view key) const {
    auto const* member = find(key);
    if (member == nullptr || !member->is_bool()) return std::nullopt;
    return member->boolean();
}

Array const* Value::find_array(std::string_view key) const {
    auto const* member = find(key);
    return member == nullptr ? nullptr : std::get_if<Array>(&member->is_);
}

Object const* Value::find_object(std::string_view key) const {
    auto const* member = find(key);
    return member == nullptr ? nullptr : std::get_if<Object>(&member->is_);
}

std::optional<double> Value::as_double() const {
    auto const* number = std::get_if<Number>(&is_);
    if (number == nullptr) return std::nullopt;
    double value = 0;
    auto const& text = number->text;
    auto const read = std::from_chars(text.data(), text.data() + text.size(), value);
    // What is too small for a double stays 0; what is too large is none that was parsed.
    if (read.ec != std::errc{} && read.ec != std::errc::result_out_of_range) return std::nullopt;
    return value;
}

std::optional<std::int64_t> Value::as_int64() const {
    auto const* number = std::get_if<Number>(&is_);
    if (number == nullptr) return std::nullopt;
    auto const& text = number->text;
    auto const* const end = text.data() + text.size();
    std::int64_t value = 0;
    auto const read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc{} && read.ptr == end) return value;
    if (read.ec != std::errc{}) return std::nullopt;
    // With a fraction or an exponent: doubles are exact up to 2^53.
    constexpr double exact_max = 9007199254740992.0;
    auto const real = as_double();
    if (!real || std::abs(*real) > exact_max || std::trunc(*real) != *real) return std::nullopt;
    return std::int64_t(*real);
}

Value& Value::set(std::string_view key, Value value) {
    if (is_null()) is_ = Object{};
    ensure(is_object());
    if (auto* member = find(key)) {
        *member = std::move(value);
    } else {
        object().push_back({std::string(key), std::move(value)});
    }
    return *this;
}

Value& Value::push(Value value) {
    if (is_null()) is_ = Array{};
    ensure(is_array());
    array().push_back(std::move(value));
    return *this;
}

bool Value::erase(std::string_view key) {
    if (!is_object()) return false;
    return std::erase_if(object(), [&](Member const& m) { return m.key == key; }) > 0;
}

}  // namespace klamm::json
