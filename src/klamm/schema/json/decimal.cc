#include "klamm/schema/json/decimal.h"

#include <algorithm>

namespace klamm::schema::jsonschema {
namespace {

constexpr std::int64_t exponent_max = 1'000'000'000'000'000;
constexpr std::size_t divisor_digits_max = 18;

__extension__ using Wide = unsigned __int128;

/// Below this, the product of two remainders has 64 bits: division is then much faster.
constexpr std::uint64_t small_max = UINT32_MAX;

std::uint64_t multiply(std::uint64_t a, std::uint64_t b, std::uint64_t modulus) {
    if (modulus <= small_max) return a * b % modulus;
    return std::uint64_t(Wide(a) * b % modulus);
}

std::uint64_t power_of_ten(std::uint64_t exponent, std::uint64_t modulus) {
    std::uint64_t result = 1 % modulus;
    for (std::uint64_t base = 10 % modulus; exponent > 0; exponent /= 2) {
        if (exponent % 2 == 1) result = multiply(result, base, modulus);
        base = multiply(base, base, modulus);
    }
    return result;
}

}  // namespace

Decimal::Decimal(std::string_view number) {
    negative_ = number.starts_with('-');
    if (negative_) number.remove_prefix(1);
    auto const e = std::min(number.find_first_of("eE"), number.size());
    for (char const c : number.substr(0, e))
        if (c != '.') digits_ += c;
    auto const point = number.substr(0, e).find('.');
    if (point != number.npos) exponent_ = -std::int64_t(e - point - 1);
    if (e < number.size()) {
        auto text = number.substr(e + 1);
        auto const down = text.starts_with('-');
        if (down || text.starts_with('+')) text.remove_prefix(1);
        std::int64_t written = 0;
        for (char const c : text) written = std::min(written * 10 + (c - '0'), exponent_max);
        exponent_ += down ? -written : written;
    }
    digits_.erase(0, std::min(digits_.find_first_not_of('0'), digits_.size()));
    auto const last = digits_.find_last_not_of('0');
    auto const kept = last == digits_.npos ? 0 : last + 1;
    exponent_ += std::int64_t(digits_.size() - kept);
    digits_.resize(kept);
    if (digits_.empty()) {
        negative_ = false;
        exponent_ = 0;
    }
}

std::strong_ordering Decimal::operator<=>(Decimal const& other) const {
    auto const sign = [](Decimal const& d) { return d.is_zero() ? 0 : d.negative_ ? -1 : 1; };
    if (sign(*this) != sign(other)) return sign(*this) <=> sign(other);
    if (is_zero()) return std::strong_ordering::equal;
    auto const size = [](Decimal const& d) { return std::int64_t(d.digits_.size()) + d.exponent_; };
    auto order = size(*this) <=> size(other);
    if (order == 0) order = digits_.compare(other.digits_) <=> 0;
    return negative_ ? 0 <=> order : order;
}

std::optional<Divisor> Divisor::from(std::string_view number) {
    Decimal const decimal(number);
    if (decimal.is_zero() || decimal.is_negative() || decimal.digits().size() > divisor_digits_max)
        return std::nullopt;
    Divisor divisor;
    divisor.digits_ = 0;
    for (char const c : decimal.digits())
        divisor.digits_ = divisor.digits_ * 10 + std::uint64_t(c - '0');
    divisor.exponent_ = decimal.exponent();
    return divisor;
}

bool Divisor::divides(Decimal const& number) const {
    if (number.is_zero()) return true;
    // The number's last digit is no zero, so nothing divides it that needs more of them.
    if (number.exponent() < exponent_) return false;
    std::uint64_t rest = 0;
    if (digits_ == 1) return true;
    for (char const c : number.digits()) {
        auto const digit = std::uint64_t(c - '0');
        rest = digits_ <= small_max ? (rest * 10 + digit) % digits_
                                    : std::uint64_t((Wide(rest) * 10 + digit) % digits_);
    }
    auto const zeros = std::uint64_t(number.exponent() - exponent_);
    return multiply(rest, power_of_ten(zeros, digits_), digits_) == 0;
}

}  // namespace klamm::schema::jsonschema
