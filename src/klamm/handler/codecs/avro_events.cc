#include "klamm/handler/codecs/avro_events.h"

#include "klamm/base/utf8.h"

#include <fmt/format.h>

#include <bit>
#include <utility>

namespace klamm::handler {
namespace {

template <class T>
auto bits_of(T real) {
    if constexpr (sizeof(T) == 4)
        return std::bit_cast<std::uint32_t>(real);
    else
        return std::bit_cast<std::uint64_t>(real);
}

template <class T>
void append_real(std::string& out, T value) {
    auto bits = bits_of(value);
    for (std::size_t i = 0; i < sizeof(T); ++i, bits >>= 8) out += static_cast<char>(bits & 0xff);
}

}  // namespace

// ---- writing ------------------------------------------------------------------------------------

void AvroWriter::fail(std::string why) {
    if (error_.empty()) error_ = fmt::format("field {}: {}", field_, why);
}

void AvroWriter::boolean(bool value) { out_ += value ? '\1' : '\0'; }
void AvroWriter::int32(std::int32_t value) { int64(value); }
void AvroWriter::int64(std::int64_t value) {
    auto folded = static_cast<std::uint64_t>(value) << 1 ^ static_cast<std::uint64_t>(value >> 63);
    for (; folded >= 0x80; folded >>= 7) out_ += static_cast<char>(folded | 0x80);
    out_ += static_cast<char>(folded);
}
void AvroWriter::float32(float value) { append_real(out_, value); }
void AvroWriter::float64(double value) { append_real(out_, value); }
void AvroWriter::string(std::string_view value) {
    if (!is_utf8(value)) return fail("it is not UTF-8: a klamm::Binary can hold any bytes");
    int64(std::int64_t(value.size()));
    out_ += value;
}
void AvroWriter::bytes(Binary const& value) {
    int64(std::int64_t(value.size()));
    out_.append(reinterpret_cast<char const*>(value.data()), value.size());
}
void AvroWriter::time(Time value) { int64(value.time_since_epoch().count()); }
void AvroWriter::enumeration(std::size_t index, std::string_view symbol) {
    if (symbol.empty()) return fail(fmt::format("{} has no name in enum_names", index));
    int64(std::int64_t(index));
}
void AvroWriter::begin_array(std::size_t items) {
    if (items > 0) int64(std::int64_t(items));
}
void AvroWriter::end_array() { int64(0); }
void AvroWriter::begin_map(std::size_t entries) { begin_array(entries); }
void AvroWriter::key(std::string_view key) { string(key); }
void AvroWriter::end_map() { int64(0); }
void AvroWriter::optional(bool present) { int64(present ? 1 : 0); }

// ---- reading ------------------------------------------------------------------------------------

bool AvroReader::fail(std::string_view why) {
    if (!failed())
        error_ = field_.empty() ? std::string(why) : fmt::format("field {}: {}", field_, why);
    return false;
}

void AvroReader::expect_end() {
    field_ = {};
    if (!failed() && !left_.empty())
        fail(fmt::format("{} bytes are left behind the last field", left_.size()));
}

bool AvroReader::take(std::size_t size, std::string_view& bytes) {
    if (failed()) return false;
    if (size > left_.size())
        return fail(fmt::format("expected {} bytes more, found {}", size, left_.size()));
    bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return true;
}

template <class T>
bool AvroReader::take_real(T& value) {
    std::string_view bytes;
    if (!take(sizeof(T), bytes)) return false;
    decltype(bits_of(T{})) bits = 0;
    for (std::size_t i = sizeof(T); i-- > 0;)
        bits = static_cast<decltype(bits)>(bits << 8 | static_cast<unsigned char>(bytes[i]));
    value = std::bit_cast<T>(bits);
    return true;
}

bool AvroReader::boolean(bool& value) {
    std::string_view byte;
    if (!take(1, byte)) return false;
    if (byte[0] != '\0' && byte[0] != '\1') return fail("expected true or false as 1 or 0");
    value = byte[0] == '\1';
    return true;
}

bool AvroReader::int64(std::int64_t& value) {
    if (failed()) return false;
    std::uint64_t folded = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (left_.empty()) return fail("the value ends inside a number");
        auto const byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        if (shift == 63 && byte > 1) break;
        folded |= std::uint64_t(byte & 0x7f) << shift;
        if ((byte & 0x80) != 0) continue;
        value = static_cast<std::int64_t>(folded >> 1 ^ (0 - (folded & 1)));
        return true;
    }
    return fail("a number of more than 64 bits");
}

bool AvroReader::int32(std::int32_t& value) {
    std::int64_t wide = 0;
    if (!int64(wide)) return false;
    if (!std::in_range<std::int32_t>(wide)) return fail("a number of more than 32 bits");
    value = static_cast<std::int32_t>(wide);
    return true;
}

bool AvroReader::float32(float& value) { return take_real(value); }
bool AvroReader::float64(double& value) { return take_real(value); }

bool AvroReader::string(std::string& value) {
    std::int64_t size = 0;
    std::string_view text;
    if (!int64(size)) return false;
    if (size < 0) return fail("a text of negative length");
    if (!take(std::size_t(size), text)) return false;
    if (!is_utf8(text)) return fail("a text that is not UTF-8");
    value = text;
    return true;
}

bool AvroReader::bytes(Binary& value) {
    std::int64_t size = 0;
    std::string_view bytes;
    if (!int64(size)) return false;
    if (size < 0) return fail("bytes of negative length");
    if (!take(std::size_t(size), bytes)) return false;
    auto const view = std::as_bytes(std::span(bytes));
    value.assign(view.begin(), view.end());
    return true;
}

bool AvroReader::time(Time& value) {
    std::int64_t ms = 0;
    if (!int64(ms)) return false;
    value = Time(milliseconds(ms));
    return true;
}

bool AvroReader::enumeration(std::size_t& index, std::vector<std::string> const& symbols) {
    std::int64_t found = 0;
    if (!int64(found)) return false;
    if (found < 0 || std::uint64_t(found) >= symbols.size())
        return fail(fmt::format("{} is the number of no name", found));
    index = std::size_t(found);
    return true;
}

bool AvroReader::field(std::string_view name) {
    if (failed()) return false;
    field_ = name;
    return true;
}

bool AvroReader::begin_array() {
    if (failed()) return false;
    blocks_.push_back({});
    return true;
}

bool AvroReader::next_block(Block& block) {
    if (block.behind && *block.behind != left_.size())
        return fail("a block of another length than it says");
    std::int64_t count = 0;
    std::int64_t size = 0;
    if (!int64(count)) return false;
    if (count < 0 && !int64(size)) return false;
    if (size < 0 || std::uint64_t(size) > left_.size())
        return fail(fmt::format("a block of {} bytes, where {} are left", size, left_.size()));
    block.behind.reset();
    if (count < 0) block.behind = left_.size() - std::uint64_t(size);
    block.items = count < 0 ? 0 - static_cast<std::uint64_t>(count) : std::uint64_t(count);
    // Nobody can make a reader work for longer than the value is long.
    if (block.items <= left_.size()) return true;
    auto const empty = block.items - left_.size();
    if (empty > empty_items_left_)
        return fail(fmt::format("{} items in {} bytes", block.items, left_.size()));
    empty_items_left_ -= empty;
    return true;
}

bool AvroReader::next_item() {
    if (failed()) return false;
    auto& block = blocks_.back();
    if (block.items == 0 && !next_block(block)) return false;
    if (block.items == 0) {
        blocks_.pop_back();
        return false;
    }
    --block.items;
    return true;
}

bool AvroReader::next_key(std::string& key) { return next_item() && string(key); }

bool AvroReader::optional(bool& present) {
    std::int64_t branch = 0;
    if (!int64(branch)) return false;
    if (branch != 0 && branch != 1)
        return fail(fmt::format("{} is no branch of an optional", branch));
    present = branch == 1;
    return true;
}

}  // namespace klamm::handler
