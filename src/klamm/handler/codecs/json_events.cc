#include "klamm/handler/codecs/json_events.h"

#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"
#include "klamm/handler/rfc3339.h"
#include "klamm/json/pointer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace klamm::handler {
namespace {

/// Of what was found instead, in errors.
constexpr std::size_t shown_bytes_max = 40;

std::string_view as_text(Binary const& bytes) {
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

std::string shown(json::Value const& value) {
    if (value.is_object()) return "an object";
    if (value.is_array()) return "an array";
    auto text = json::print(value);
    if (text.size() <= shown_bytes_max) return text;
    auto end = shown_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    return text.substr(0, end) + "…";
}

/// What numbers cannot say, as Protobuf's JSON writes it.
template <class T>
std::optional<T> special_real(json::Value const& value) {
    if (!value.is_string()) return std::nullopt;
    if (value.string() == "NaN") return std::numeric_limits<T>::quiet_NaN();
    if (value.string() == "Infinity") return std::numeric_limits<T>::infinity();
    if (value.string() == "-Infinity") return -std::numeric_limits<T>::infinity();
    return std::nullopt;
}

template <class T>
void append_number(std::string& out, T value) {
    constexpr std::size_t most = 64;
    std::array<char, most> text;
    out.append(text.data(), fmt::format_to(text.data(), "{}", value));
}

template <class T>
void append_real(std::string& out, T value) {
    if (std::isnan(value))
        out += "\"NaN\"";
    else if (std::isinf(value))
        out += value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    else
        append_number(out, value);  // the fewest digits that say it all
}

/// ASCII that stands in a string as it is.
bool is_plain(std::string_view text) {
    bool plain = true;
    for (char const c : text) plain &= c >= ' ' && c <= '~' && c != '"' && c != '\\';
    return plain;
}

}  // namespace

// ---- writing ------------------------------------------------------------------------------------

void JsonWriter::before_value() {
    if (out_.empty()) return;
    auto const last = out_.back();
    if (last != '[' && last != '{' && last != ':') out_ += ',';
}

void JsonWriter::quote(std::string_view text) {
    if (is_plain(text)) {
        out_ += '"';
        out_ += text;
        out_ += '"';
        return;
    }
    if (!is_utf8(text)) return fail("it is not UTF-8: a klamm::Binary can hold any bytes");
    out_ += json::quote(text);
}

void JsonWriter::fail(std::string why) {
    if (error_.empty()) error_ = fmt::format("field {}: {}", field_, why);
    out_ += "null";
}

void JsonWriter::boolean(bool value) {
    before_value();
    out_ += value ? "true" : "false";
}
void JsonWriter::int32(std::int32_t value) { int64(value); }
void JsonWriter::int64(std::int64_t value) {
    before_value();
    fmt::format_int const digits(value);
    out_.append(digits.data(), digits.size());
}
void JsonWriter::float32(float value) {
    before_value();
    append_real(out_, value);
}
void JsonWriter::float64(double value) {
    before_value();
    append_real(out_, value);
}
void JsonWriter::string(std::string_view value) {
    before_value();
    quote(value);
}
void JsonWriter::bytes(Binary const& value) {
    before_value();
    out_ += '"' + base64_encoded(as_text(value)) + '"';
}
void JsonWriter::time(Time value) {
    before_value();
    out_ += '"' + to_rfc3339(value) + '"';
}
void JsonWriter::enumeration(std::size_t index, std::string_view symbol) {
    before_value();
    if (symbol.empty()) return fail(fmt::format("{} has no name in enum_names", index));
    quote(symbol);
}
void JsonWriter::begin_record(std::string_view) {
    before_value();
    out_ += '{';
}
void JsonWriter::field(std::string_view name) {
    field_ = name;
    key(name);
}
void JsonWriter::end_record() { out_ += '}'; }
void JsonWriter::begin_array(std::size_t) {
    before_value();
    out_ += '[';
}
void JsonWriter::end_array() { out_ += ']'; }
void JsonWriter::begin_map(std::size_t) {
    before_value();
    out_ += '{';
}
void JsonWriter::key(std::string_view key) {
    before_value();
    quote(key);
    out_ += ':';
}
void JsonWriter::end_map() { out_ += '}'; }
void JsonWriter::optional(bool present) {
    if (present) return;
    before_value();
    out_ += "null";
}

// ---- reading ------------------------------------------------------------------------------------

std::string JsonReader::place() const {
    std::string path;
    for (auto const& level : levels_) {
        if (level.value->is_array())
            path = json::pointer_to(path, std::to_string(level.next - 1));
        else
            path = json::pointer_to(path, level.name);
    }
    return path.empty() ? "the event" : path;
}

bool JsonReader::expected(std::string_view what) {
    if (!failed())
        error_ = fmt::format("{}: expected {}, found {}", place(), what, shown(*current_));
    return false;
}

template <class T, class Parse>
bool JsonReader::take(T& value, std::string_view what, Parse parse) {
    if (failed()) return false;
    auto found = parse(*current_);
    if (!found) return expected(what);
    value = *std::move(found);
    return true;
}

template <class T>
bool JsonReader::take_real(T& value, std::string_view what) {
    return take(value, what, [](json::Value const& from) -> std::optional<T> {
        auto const real = from.as_double();
        if (!real) return special_real<T>(from);
        if (std::abs(*real) > double(std::numeric_limits<T>::max())) return std::nullopt;
        return static_cast<T>(*real);
    });
}

bool JsonReader::boolean(bool& value) {
    return take(value, "true or false", [](json::Value const& from) {
        return from.is_bool() ? std::optional(from.boolean()) : std::nullopt;
    });
}

bool JsonReader::int32(std::int32_t& value) {
    return take(value, "a whole number of 32 bits",
                [](json::Value const& from) -> std::optional<std::int32_t> {
                    auto const number = from.as_int64();
                    if (!number || !std::in_range<std::int32_t>(*number)) return std::nullopt;
                    return static_cast<std::int32_t>(*number);
                });
}

bool JsonReader::int64(std::int64_t& value) {
    return take(value, "a whole number of 64 bits",
                [](json::Value const& from) { return from.as_int64(); });
}

bool JsonReader::float32(float& value) {
    return take_real(value, "a number in the range of float");
}
bool JsonReader::float64(double& value) { return take_real(value, "a number"); }

bool JsonReader::string(std::string& value) {
    return take(value, "a string", [](json::Value const& from) {
        return from.is_string() ? std::optional(from.string()) : std::nullopt;
    });
}

bool JsonReader::bytes(Binary& value) {
    return take(value, "bytes in base64", [](json::Value const& from) -> std::optional<Binary> {
        auto const bytes = from.is_string() ? base64_decoded(from.string()) : std::nullopt;
        if (!bytes) return std::nullopt;
        auto const view = std::as_bytes(std::span(*bytes));
        return Binary(view.begin(), view.end());
    });
}

bool JsonReader::time(Time& value) {
    return take(value, "a time like \"2026-11-23T16:00:00.250Z\"", [](json::Value const& from) {
        return from.is_string() ? from_rfc3339(from.string()) : std::nullopt;
    });
}

bool JsonReader::enumeration(std::size_t& index, std::vector<std::string> const& symbols) {
    if (failed()) return false;
    auto const it =
        current_->is_string() ? std::ranges::find(symbols, current_->string()) : symbols.end();
    if (it == symbols.end()) return expected(fmt::format("one of {}", fmt::join(symbols, ", ")));
    index = std::size_t(it - symbols.begin());
    return true;
}

bool JsonReader::begin_record() {
    if (failed()) return false;
    if (!current_->is_object()) return expected("an object");
    levels_.push_back({current_});
    return true;
}

bool JsonReader::field(std::string_view name) {
    if (failed()) return false;
    auto& level = levels_.back();
    auto const& members = level.value->object();
    level.name = name;
    // Who writes in the order of the description, as we do, is read without a search.
    if (level.next >= members.size() || members[level.next].key != name) {
        auto const it = std::ranges::find(members, name, &json::Member::key);
        if (it == members.end()) return false;
        level.next = std::size_t(it - members.begin());
    }
    current_ = &members[level.next++].value;
    return true;
}

bool JsonReader::end_record() {
    if (failed()) return false;
    levels_.pop_back();
    return true;
}

bool JsonReader::begin_array() {
    if (failed()) return false;
    if (!current_->is_array()) return expected("an array");
    levels_.push_back({current_});
    return true;
}

bool JsonReader::next_item() {
    if (failed()) return false;
    auto& level = levels_.back();
    auto const& items = level.value->array();
    if (level.next == items.size()) {
        levels_.pop_back();
        return false;
    }
    current_ = &items[level.next++];
    return true;
}

bool JsonReader::begin_map() {
    if (failed()) return false;
    if (!current_->is_object()) return expected("an object");
    levels_.push_back({current_});
    return true;
}

bool JsonReader::next_key(std::string& key) {
    if (failed()) return false;
    auto& level = levels_.back();
    auto const& members = level.value->object();
    if (level.next == members.size()) {
        levels_.pop_back();
        return false;
    }
    key = members[level.next].key;
    level.name = members[level.next].key;
    current_ = &members[level.next++].value;
    return true;
}

bool JsonReader::optional(bool& present) {
    if (failed()) return false;
    present = !current_->is_null();
    return true;
}

}  // namespace klamm::handler
