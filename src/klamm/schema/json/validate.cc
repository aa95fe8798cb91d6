#include "klamm/schema/json/validate.h"

#include "klamm/schema/json/validator.h"
#include "klamm/schema/json/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace klamm::schema::jsonschema {
namespace {

/// Bytes of text that a pattern or a comparison goes through for one step.
constexpr std::size_t bytes_per_step = 32;
/// As many digits surely fit into 64 bits.
constexpr std::size_t fast_digits_max = 18;

std::size_t code_points(std::string_view text) {
    return std::size_t(std::ranges::count_if(
        text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

std::uint8_t type_of(Item const& item, bool by_text) {
    switch (item.is) {
        case Is::null:
            return types::null;
        case Is::boolean:
            return types::boolean;
        case Is::string:
            return types::string;
        case Is::array:
            return types::array;
        case Is::object:
            return types::object;
        case Is::number:
            break;
    }
    auto const whole = item.yes || (!by_text && Decimal(item.view()).is_whole());
    return whole ? types::integer | types::number : types::number;
}

std::string words_of_types(std::uint8_t bits) {
    constexpr std::pair<std::uint8_t, std::string_view> names[] = {
        {types::object, "an object"},
        {types::array, "an array"},
        {types::string, "a string"},
        {types::number, "a number"},
        {types::integer, "a whole number"},
        {types::boolean, "true or false"},
        {types::null, "null"}};
    std::string words;
    for (auto const& [bit, name] : names) {
        if ((bits & bit) == 0) continue;
        if (bit == types::integer && (bits & types::number) != 0) continue;
        if (!words.empty()) words += " or ";
        words += name;
    }
    return words;
}

std::string_view words_of_kind(Item const& item) {
    constexpr std::string_view names[] = {"null",     "a boolean", "a number",
                                          "a string", "an array",  "an object"};
    return names[std::size_t(item.is)];
}

/// A number of the payload, ready to be compared with many limits.
class Compared {
public:
    explicit Compared(Item const& number) : text_(number.view()) {
        if (!number.yes || number.size > fast_digits_max) return;
        auto const text = text_;
        std::int64_t value = 0;
        std::from_chars(text.data(), text.data() + text.size(), value);
        whole_ = value;
    }
    std::strong_ordering with(Limit const& limit) {
        if (whole_ && limit.whole) return *whole_ <=> *limit.whole;
        return decimal() <=> limit.value;
    }
    Decimal const& decimal() {
        if (!decimal_) decimal_.emplace(text_);
        return *decimal_;
    }

private:
    std::string_view text_;
    std::optional<std::int64_t> whole_;
    std::optional<Decimal> decimal_;
};

}  // namespace

std::expected<void, PayloadError> validate(Program const& program, Tape const& payload) {
    Validator quick(program, payload, false);
    if (quick.accepts_all()) return {};
    if (quick.exhausted()) return std::unexpected(quick.error());
    Validator explained(program, payload, true);
    explained.accepts_all();
    if (!explained.exhausted()) return std::unexpected(explained.error());
    return std::unexpected(
        PayloadError{.path = {},
                     .value = payload.print(0, error_value_bytes_max),
                     .rule = "schema",
                     .why = "It does not obey the schema; to say why takes too many steps."});
}

Validator::Validator(Program const& program, Tape const& payload, bool explains)
    : program_(program),
      payload_(payload),
      explains_(explains),
      steps_left_(validate_steps_max + validate_steps_per_byte * payload.bytes()) {}

PayloadError Validator::error() const {
    if (too_deep_)
        return {.path = {},
                .value = {},
                .rule = "depth",
                .why = fmt::format("More than {} schemas apply inside each other; does one refer "
                                   "to itself?",
                                   validate_depth_max)};
    if (steps_left_ == 0)
        return {
            .path = {},
            .value = {},
            .rule = "budget",
            .why = fmt::format("Checking it takes more than {} steps.",
                               validate_steps_max + validate_steps_per_byte * payload_.bytes())};
    return {.path = payload_.pointer_to(failure_.at),
            .value = shown(failure_.at),
            .rule = std::string(failure_.rule),
            .why = failure_.why};
}

bool Validator::spend(std::size_t steps) {
    steps_left_ -= std::min(steps, steps_left_);
    return !exhausted();
}

std::string Validator::shown(At at) const { return payload_.print(at, error_value_bytes_max); }

bool Validator::accepts(RulesIndex index, At at, Evaluated* evaluated) {
    if (depth_ >= validate_depth_max) too_deep_ = true;
    if (!spend(1)) return false;
    auto const& rules = program_.rules[index];
    if (rules.never) return fail(at, "false", [] { return "Nothing is permitted here."; });
    auto const enters =
        program_.has_dynamic_scope && (scope_.empty() || scope_.back() != rules.resource);
    if (enters) scope_.push_back(rules.resource);
    ++depth_;
    auto accepted = false;
    if (!rules.evaluates) {
        accepted = accepts_value(rules, at, evaluated);
    } else {
        Evaluated own(payload_[at].size);
        accepted = accepts_value(rules, at, &own) && check_unevaluated(rules, at, own);
        if (accepted && evaluated != nullptr && own.size() == evaluated->size())
            evaluated->add(own);
    }
    --depth_;
    if (enters) scope_.pop_back();
    return accepted;
}

bool Validator::accepts_value(Rules const& rules, At at, Evaluated* evaluated) {
    if (rules.types != 0 && !is_of_type(rules, at)) return false;
    for (auto const& values : rules.values)
        if (!is_one_of(values, at)) return false;
    auto const is = payload_[at].is;
    if (is == Is::number && rules.number && !check_number(*rules.number, at)) return false;
    if (is == Is::string && rules.string && !check_string(*rules.string, at)) return false;
    if (is == Is::array && rules.array && !check_array(*rules.array, at, evaluated)) return false;
    if (is == Is::object && rules.object && !check_object(*rules.object, at, evaluated))
        return false;
    for (auto const& applied : rules.applied)
        if (!apply(applied, at, evaluated)) return false;
    return true;
}

bool Validator::is_of_type(Rules const& rules, At at) {
    auto const& item = payload_[at];
    if ((type_of(item, rules.integer_by_text) & rules.types) != 0) return true;
    return fail(at, "type", [&] {
        return fmt::format("Expected {}, but this is {}.", words_of_types(rules.types),
                           words_of_kind(item));
    });
}

bool Validator::is_one_of(ValueRules const& values, At at) {
    auto const& item = payload_[at];
    auto found = item.is == Is::string && values.strings.contains(item.view());
    if (item.is != Is::string && !values.only_strings)
        for (At i = 1; i < values.values[0].end && !found; i = values.values[i].end)
            found = equal(values.values, i, payload_, at, steps_left_);
    if (found) return true;
    return fail(at, values.keyword, [&] {
        auto const all = values.values.print(0, error_value_bytes_max);
        return values.keyword == "const"
                   ? fmt::format("Only {} is permitted.",
                                 values.values.print(1, error_value_bytes_max))
                   : fmt::format("It is none of the permitted values {}.", all);
    });
}

bool Validator::check_number(NumberRules const& rules, At at) {
    Compared number(payload_[at]);
    auto const outside = [&](std::string_view keyword, std::string_view must, Limit const& limit) {
        return fail(at, keyword,
                    [&] { return fmt::format("{} is not {} {}.", shown(at), must, limit.text); });
    };
    if (rules.minimum && number.with(*rules.minimum) < 0)
        return outside("minimum", "at least", *rules.minimum);
    if (rules.maximum && number.with(*rules.maximum) > 0)
        return outside("maximum", "at most", *rules.maximum);
    if (rules.exclusive_minimum && number.with(*rules.exclusive_minimum) <= 0)
        return outside("exclusiveMinimum", "more than", *rules.exclusive_minimum);
    if (rules.exclusive_maximum && number.with(*rules.exclusive_maximum) >= 0)
        return outside("exclusiveMaximum", "less than", *rules.exclusive_maximum);
    if (rules.multiple_of && !rules.multiple_of->divides(number.decimal()))
        return fail(at, "multipleOf", [&] {
            return fmt::format("{} is no multiple of {}.", shown(at), rules.multiple_of_text);
        });
    return true;
}

bool Validator::check_string(StringRules const& rules, At at) {
    auto const text = payload_[at].view();
    auto const outside = [&](std::string_view keyword, std::string_view must, std::uint64_t limit) {
        return fail(at, keyword, [&] {
            return fmt::format("It has {} characters, not {} {}.", code_points(text), must, limit);
        });
    };
    // No character has more than four bytes, and none has less than one.
    if (text.size() < rules.length.min ||
        (text.size() / 4 < rules.length.min && code_points(text) < rules.length.min))
        return outside("minLength", "at least", rules.length.min);
    if (text.size() > rules.length.max && code_points(text) > rules.length.max)
        return outside("maxLength", "at most", rules.length.max);
    if (!rules.pattern) return true;
    auto finds = false;
    if (!check_pattern(*rules.pattern, at, "pattern", finds)) return false;
    if (finds) return true;
    return fail(at, "pattern", [&] {
        return fmt::format("It does not match the pattern {}.", rules.pattern->text);
    });
}

/// False: the pattern could not be tried.
bool Validator::check_pattern(CheckedPattern const& pattern, At at, std::string_view keyword,
                              bool& finds) {
    if (!pattern.pattern)
        return fail(at, keyword, [&] {
            return fmt::format("It cannot be checked: {}.", pattern.pattern.error());
        });
    auto const text = payload_[at].view();
    if (!spend(1 + text.size() / bytes_per_step)) return false;
    finds = pattern.pattern->finds(text);
    return true;
}

}  // namespace klamm::schema::jsonschema
