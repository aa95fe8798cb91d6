#include "klamm/handler/codecs/flat_events.h"

#include "klamm/base/base64.h"
#include "klamm/handler/rfc3339.h"
#include "klamm/json/value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <span>
#include <system_error>
#include <utility>

namespace klamm::handler {

namespace {

using Kind = json::Part::Kind;

/// All of the text. None: that is not how such a number is usually written.
template <class T>
std::optional<T> plain_number(std::string_view text) {
    T value{};
    auto const* const end = text.data() + text.size();
    auto const read = std::from_chars(text.data(), end, value);
    if (read.ec != std::errc{} || read.ptr != end) return std::nullopt;
    return value;
}

}  // namespace

bool FlatReader::unexpected() {
    failed_ = true;
    return false;
}

bool FlatReader::boolean(bool& value) {
    if (!is(Kind::yes) && !is(Kind::no)) return unexpected();
    value = current().kind == Kind::yes;
    return true;
}

bool FlatReader::int32(std::int32_t& value) {
    std::int64_t wide = 0;
    if (!int64(wide)) return false;
    if (!std::in_range<std::int32_t>(wide)) return unexpected();
    value = static_cast<std::int32_t>(wide);
    return true;
}

bool FlatReader::int64(std::int64_t& value) {
    if (!is(Kind::number)) return unexpected();
    auto found = plain_number<std::int64_t>(current().text);
    // 1.0 and 1e3 are whole numbers, too.
    if (!found) found = json::Value(json::Number{std::string(current().text)}).as_int64();
    if (!found) return unexpected();
    value = *found;
    return true;
}

bool FlatReader::float32(float& value) {
    double wide = 0;
    if (!float64(wide)) return false;
    if (std::abs(wide) > double(std::numeric_limits<float>::max())) return unexpected();
    value = static_cast<float>(wide);
    return true;
}

bool FlatReader::float64(double& value) {
    if (!is(Kind::number)) return unexpected();
    auto const found = plain_number<double>(current().text);
    if (!found) return unexpected();
    value = *found;
    return true;
}

bool FlatReader::string(std::string& value) {
    if (!is(Kind::string)) return unexpected();
    value = current().text;
    return true;
}

bool FlatReader::bytes(Binary& value) {
    if (!is(Kind::string)) return unexpected();
    auto const bytes = base64_decoded(current().text);
    if (!bytes) return unexpected();
    auto const view = std::as_bytes(std::span(*bytes));
    value.assign(view.begin(), view.end());
    return true;
}

bool FlatReader::time(Time& value) {
    if (!is(Kind::string)) return unexpected();
    auto const found = from_rfc3339(current().text);
    if (!found) return unexpected();
    value = *found;
    return true;
}

bool FlatReader::enumeration(std::size_t& index, std::vector<std::string> const& symbols) {
    if (!is(Kind::string)) return unexpected();
    auto const found = std::ranges::find(symbols, current().text);
    if (found == symbols.end()) return unexpected();
    index = std::size_t(found - symbols.begin());
    return true;
}

bool FlatReader::begin(Kind kind) {
    if (!is(kind)) return unexpected();
    levels_[depth_++] = {current_ + 1, current().next, current_ + 1};
    return true;
}

bool FlatReader::take_member(std::uint32_t key) {
    current_ = key + 1;
    levels_[depth_ - 1].next = current().next;
    return true;
}

bool FlatReader::field(std::string_view name) {
    if (failed_) return false;
    auto const& level = levels_[depth_ - 1];
    // Who writes in the order of the description, as we do, is read without a search.
    if (level.next < level.end && parts_[level.next].text == name) return take_member(level.next);
    for (auto key = level.first; key < level.end; key = parts_[key + 1].next)
        if (parts_[key].text == name) return take_member(key);
    return false;
}

bool FlatReader::end_record() {
    if (failed_) return false;
    --depth_;
    return true;
}

bool FlatReader::next_item() {
    if (failed_) return false;
    auto& level = levels_[depth_ - 1];
    if (level.next == level.end) {
        --depth_;
        return false;
    }
    current_ = level.next;
    level.next = current().next;
    return true;
}

bool FlatReader::next_key(std::string& key) {
    if (failed_) return false;
    auto const& level = levels_[depth_ - 1];
    if (level.next == level.end) {
        --depth_;
        return false;
    }
    key = parts_[level.next].text;
    return take_member(level.next);
}

bool FlatReader::optional(bool& present) {
    if (failed_) return false;
    present = current().kind != Kind::null;
    return true;
}

}  // namespace klamm::handler
