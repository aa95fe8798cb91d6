#include "klamm/handler/rfc3339.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdint>

namespace klamm::handler {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

/// After so many days, and years, the calendar repeats itself.
constexpr std::int64_t era_days = 146'097;
constexpr std::int64_t era_years = 400;
/// What fits in milliseconds of 64 bits, with room for every day, hour and offset.
constexpr std::int64_t year_max = 292'270'000;

/// Takes text from the front; the first that does not fit ends it.
class Text {
public:
    explicit Text(std::string_view text) : left_(text) {}

    bool failed() const { return failed_; }
    bool is_at_end() const { return left_.empty(); }
    char peek() const { return left_.empty() ? '\0' : left_.front(); }
    bool skip(char c) {
        if (peek() != c) return false;
        left_.remove_prefix(1);
        return true;
    }
    void expect(char c) {
        if (!skip(c)) failed_ = true;
    }
    std::int64_t digits(std::size_t least, std::size_t most) {
        std::size_t count = 0;
        while (count < left_.size() && count < most && left_[count] >= '0' && left_[count] <= '9')
            ++count;
        std::int64_t number = 0;
        if (count < least) failed_ = true;
        std::from_chars(left_.data(), left_.data() + count, number);
        left_.remove_prefix(count);
        return number;
    }
    /// Two digits of at most `max`.
    std::int64_t two(std::int64_t max) {
        auto const number = digits(2, 2);
        if (number > max) failed_ = true;
        return number;
    }

private:
    std::string_view left_;
    bool failed_ = false;
};

std::optional<days> read_date(Text& text) {
    bool const negative = text.peek() == '-';
    bool const is_signed = text.skip('-') || text.skip('+');
    auto year = is_signed ? text.digits(6, 9) : text.digits(4, 4);
    if (negative) year = -year;
    text.expect('-');
    auto const month = text.two(12);
    text.expect('-');
    auto const day = text.two(31);
    if (text.failed() || year > year_max || year < -year_max) return std::nullopt;
    // std::chrono's years have 16 bits.
    auto const era = (year >= 0 ? year : year - era_years + 1) / era_years;
    std::chrono::year_month_day const date{std::chrono::year(int(year - era * era_years)),
                                           std::chrono::month(unsigned(month)),
                                           std::chrono::day(unsigned(day))};
    if (!date.ok()) return std::nullopt;
    return sys_days(date).time_since_epoch() + days(era * era_days);
}

milliseconds read_time_of_day(Text& text) {
    auto const hours = text.two(23);
    text.expect(':');
    auto const minutes = text.two(59);
    text.expect(':');
    auto const seconds = text.two(60);  // a leap second is the first of the next minute
    std::int64_t ms = 0;
    if (text.skip('.')) {
        for (std::int64_t unit = 100; unit > 0; unit /= 10) {
            if (unit < 100 && (text.peek() < '0' || text.peek() > '9')) break;
            ms += unit * text.digits(1, 1);
        }
        text.digits(0, 18);
    }
    return std::chrono::hours(hours) + std::chrono::minutes(minutes) +
           std::chrono::seconds(seconds) + milliseconds(ms);
}

std::chrono::minutes read_offset(Text& text) {
    if (text.skip('Z') || text.skip('z')) return {};
    bool const negative = text.skip('-');
    if (!negative) text.expect('+');
    auto const hours = text.two(23);
    text.expect(':');
    auto const offset = std::chrono::hours(hours) + std::chrono::minutes(text.two(59));
    return negative ? -offset : offset;
}

}  // namespace

void Rfc3339::put(std::int64_t number, std::size_t digits) {
    size_ += digits;
    for (auto at = size_; digits-- > 0; number /= 10) text_[--at] = char('0' + number % 10);
}

Rfc3339::Rfc3339(Time time) {
    auto const day = std::chrono::floor<days>(time);
    auto const in_day = std::chrono::hh_mm_ss(time - day);
    auto const since = std::int64_t(day.time_since_epoch().count());
    auto const era = (since >= 0 ? since : since - era_days + 1) / era_days;
    std::chrono::year_month_day const date{sys_days(days(since - era * era_days))};
    auto const year = int(date.year()) + era * era_years;
    if (year >= 0 && year <= 9999)
        put(year, 4);
    else
        size_ = std::size_t(fmt::format_to(text_.data(), "{:+07}", year) - text_.data());
    put('-');
    put(unsigned(date.month()), 2);
    put('-');
    put(unsigned(date.day()), 2);
    put('T');
    put(in_day.hours().count(), 2);
    put(':');
    put(in_day.minutes().count(), 2);
    put(':');
    put(in_day.seconds().count(), 2);
    if (auto const ms = in_day.subseconds().count(); ms != 0) {
        put('.');
        put(ms, 3);
    }
    put('Z');
}

std::string to_rfc3339(Time time) { return std::string(Rfc3339(time).text()); }

std::optional<Time> from_rfc3339(std::string_view written) {
    Text text(written);
    auto const date = read_date(text);
    if (!date || (!text.skip('T') && !text.skip('t') && !text.skip(' '))) return std::nullopt;
    auto const in_day = read_time_of_day(text);
    auto const offset = read_offset(text);
    if (text.failed() || !text.is_at_end()) return std::nullopt;
    return Time(*date) + in_day - offset;
}

}  // namespace klamm::handler
