#include "klamm/schema/avro/numbers.h"

#include <charconv>
#include <cmath>
#include <limits>

namespace klamm::schema::avro {
namespace {

template <typename T>
std::string text_of(T number) {
    if (std::isnan(number)) return "NaN";
    if (std::isinf(number)) return number < 0 ? "-Infinity" : "Infinity";
    std::string const sign = std::signbit(number) ? "-" : "";
    if (number == 0) return sign + "0.0";
    char buffer[64];
    auto const end = std::to_chars(buffer, buffer + sizeof buffer, std::abs(number),
                                   std::chars_format::scientific)
                         .ptr;
    std::string_view const text(buffer, static_cast<std::size_t>(end - buffer));
    auto const e = text.find('e');
    std::string digits(text.substr(0, 1));
    if (e > 2) digits += text.substr(2, e - 2);
    int exponent = 0;
    auto const* from = text.data() + e + 1 + (text[e + 1] == '+');
    std::from_chars(from, end, exponent);

    auto const size = static_cast<int>(digits.size());
    if (exponent < -3 || exponent >= 7) {
        auto const fraction = size > 1 ? digits.substr(1) : std::string("0");
        return sign + digits[0] + "." + fraction + "E" + std::to_string(exponent);
    }
    if (exponent < 0)
        return sign + "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    if (size <= exponent + 1)
        return sign + digits + std::string(static_cast<std::size_t>(exponent + 1 - size), '0') +
               ".0";
    auto const whole = static_cast<std::size_t>(exponent + 1);
    return sign + digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string java_text(double number) { return text_of(number); }
std::string java_text(float number) { return text_of(number); }

bool is_whole(json::Value const& value) {
    return value.is_number() && value.number().find_first_of(".eE") == std::string::npos;
}

std::optional<double> number_in(std::string const& text) {
    constexpr auto infinity = std::numeric_limits<double>::infinity();
    if (text == "NaN") return std::numeric_limits<double>::quiet_NaN();
    if (text == "Infinity") return infinity;
    if (text == "-Infinity") return -infinity;
    double number = 0;
    auto const* end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, number);
    if (text.empty() || read.ec != std::errc{} || read.ptr != end || !std::isfinite(number))
        return std::nullopt;
    return number;
}

json::Value with_java_numbers(json::Value value) {
    if (value.is_number()) {
        if (is_whole(value)) return value.number() == "-0" ? json::Number{"0"} : value;
        auto const number = value.as_double();
        if (!number) return value;
        auto text = java_text(*number);
        if (!std::isfinite(*number)) return text;
        return json::Number{std::move(text)};
    }
    if (value.is_array()) {
        for (auto& element : value.array()) element = with_java_numbers(std::move(element));
    } else if (value.is_object()) {
        for (auto& member : value.object())
            member.value = with_java_numbers(std::move(member.value));
    }
    return value;
}

}  // namespace klamm::schema::avro
