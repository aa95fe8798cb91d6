// schema/json/decimal.h - numbers as they are written, compared and divided without loss.
//
// 0.1 is a tenth, and 12345678901234567890 has all its digits: what a double makes of them decides
// nothing. No number is ever written out: 1e308 and 1e-308 cost as much as 1.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::schema::jsonschema {

/// ± digits × 10^exponent, with no zero at either end of the digits; zero has none.
class Decimal {
public:
    /// Requires a number of JSON. Exponents beyond ±10^15 count as that.
    explicit Decimal(std::string_view number);

    bool is_zero() const { return digits_.empty(); }
    bool is_negative() const { return negative_; }
    bool is_whole() const { return is_zero() || exponent_ >= 0; }
    /// The significant digits, for hashing: equal values have equal digits, sign and exponent.
    std::string_view digits() const { return digits_; }
    std::int64_t exponent() const { return exponent_; }

    std::strong_ordering operator<=>(Decimal const& other) const;
    bool operator==(Decimal const&) const = default;

private:
    bool negative_ = false;
    std::string digits_;
    std::int64_t exponent_ = 0;
};

/// A number to divide by, such as multipleOf. Up to 18 significant digits; more: none.
class Divisor {
public:
    static std::optional<Divisor> from(std::string_view number);
    bool divides(Decimal const& number) const;

private:
    std::uint64_t digits_ = 1;
    std::int64_t exponent_ = 0;
};

}  // namespace klamm::schema::jsonschema
