#include "klamm/schema/json/tape.h"

#include "klamm/json/pointer.h"
#include "klamm/json/surrogates.h"
#include "klamm/json/value.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <cstring>

namespace klamm::schema::jsonschema {

/// Takes the reader's events. The reader recurses, which is faster; as deep as we let it.
class TapeWriter {
public:
    /// `escapes`: the text has some, so that a string may hold half of a character.
    TapeWriter(std::vector<Item>& items, bool escapes) : items_(items), escapes_(escapes) {}

    bool Null() { return add({.is = Is::null}); }
    bool Bool(bool yes) { return add({.is = Is::boolean, .yes = yes}); }
    bool RawNumber(char const* text, rapidjson::SizeType size, bool) {
        auto const plain = std::all_of(text, text + size,
                                       [](char c) { return (c >= '0' && c <= '9') || c == '-'; });
        return add({.is = Is::number, .yes = plain, .size = size, .text = text});
    }
    bool String(char const* text, rapidjson::SizeType size, bool) {
        if (escapes_ && json::has_half_character({text, size})) return false;
        return add({.is = Is::string, .size = size, .text = text});
    }
    bool Key(char const* text, rapidjson::SizeType size, bool) { return String(text, size, false); }
    bool StartObject() { return open(Is::object); }
    bool EndObject(rapidjson::SizeType members) { return close(members); }
    bool StartArray() { return open(Is::array); }
    bool EndArray(rapidjson::SizeType elements) { return close(elements); }
    // Numbers come as texts.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    bool too_deep() const { return too_deep_; }

private:
    bool add(Item item) {
        item.end = At(items_.size() + 1);
        items_.push_back(item);
        return true;
    }
    bool open(Is is) {
        too_deep_ = depth_ == payload_depth_max;
        if (too_deep_) return false;
        open_[depth_++] = At(items_.size());
        return add({.is = is});
    }
    bool close(std::uint32_t size) {
        auto& item = items_[open_[--depth_]];
        item.size = size;
        item.end = At(items_.size());
        return true;
    }

    std::vector<Item>& items_;
    bool escapes_;
    At open_[payload_depth_max];
    std::size_t depth_ = 0;
    bool too_deep_ = false;
};

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";

bool is_ascii(std::string_view text) {
    std::uint64_t seen = 0;
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t eight = 0;
        std::memcpy(&eight, text.data() + i, 8);
        seen |= eight;
    }
    for (; i < text.size(); ++i) seen |= static_cast<unsigned char>(text[i]);
    return (seen & 0x8080808080808080u) == 0;
}

template <unsigned extra>
rapidjson::ParseResult read(char* text, TapeWriter& writer) {
    constexpr unsigned flags =
        rapidjson::kParseInsituFlag | rapidjson::kParseNumbersAsStringsFlag | extra;
    rapidjson::InsituStringStream stream(text);
    rapidjson::Reader reader;
    return reader.Parse<flags>(stream, writer);
}

}  // namespace

std::expected<Tape, std::string> Tape::from(std::string_view json) {
    if (json.size() > payload_bytes_max)
        return std::unexpected(
            fmt::format("{} bytes are more than {}", json.size(), payload_bytes_max));
    if (json.starts_with(byte_order_mark)) json.remove_prefix(byte_order_mark.size());
    // The reader takes a zero for the end.
    if (!json.empty() && std::memchr(json.data(), 0, json.size()) != nullptr)
        return std::unexpected("it has a zero byte");
    Tape tape;
    tape.bytes_ = json.size();
    tape.text_ = std::make_unique_for_overwrite<char[]>(json.size() + 1);
    std::ranges::copy(json, tape.text_.get());
    tape.text_[json.size()] = 0;
    tape.items_.reserve(json.size() / 6 + 8);
    TapeWriter writer(tape.items_, json.find("\\u") != json.npos);
    auto const result = is_ascii(json)
                            ? read<0>(tape.text_.get(), writer)
                            : read<rapidjson::kParseValidateEncodingFlag>(tape.text_.get(), writer);
    if (writer.too_deep())
        return std::unexpected(fmt::format("more than {} arrays and objects are inside each other",
                                           payload_depth_max));
    if (!result.IsError()) return tape;
    // Not the fast reader's business: line and column.
    auto const slowly = json::parse(json);
    return std::unexpected(slowly ? std::string(rapidjson::GetParseError_En(result.Code()))
                                  : slowly.error().why);
}

/// Calls `step` with the key, or the index, on each level down to the item.
template <typename Step>
void Tape::descend_to(At at, Step const& step) const {
    At here = 0;
    while (here != at && items_[here].end > at) {
        auto const is_object = items_[here].is == Is::object;
        At child = here + 1;
        for (std::size_t i = 0;; ++i) {
            auto const value = is_object ? child + 1 : child;
            if (at < items_[value].end) {
                step(is_object ? json::escape_key(items_[child].view()) : std::to_string(i));
                if (at < value) return;
                here = value;
                break;
            }
            child = items_[value].end;
        }
    }
}

std::string Tape::pointer_to(At at) const {
    std::string pointer;
    descend_to(at, [&](std::string const& key) { (pointer += '/') += key; });
    return pointer;
}

std::size_t Tape::depth_of(At at) const {
    std::size_t depth = 0;
    descend_to(at, [&](std::string const&) { ++depth; });
    return depth;
}

std::string Tape::print(At at, std::size_t bytes_max) const {
    std::string out;
    std::vector<std::pair<At, char>> open;  // where each ends, and how it is closed
    bool is_key = false;
    for (At i = at; i < items_[at].end && out.size() <= bytes_max; ++i) {
        auto const& item = items_[i];
        auto const separated = is_key || out.empty() || out.back() == '[' || out.back() == '{';
        if (!separated) out += ',';
        auto const names = !is_key && !open.empty() && open.back().second == '}';
        if (item.is == Is::object || item.is == Is::array) {
            out += item.is == Is::object ? '{' : '[';
            open.emplace_back(item.end, item.is == Is::object ? '}' : ']');
        } else if (item.is == Is::string) {
            out += json::quote(item.view().substr(0, bytes_max));
        } else if (item.is == Is::number) {
            out += item.view();
        } else {
            out += item.is == Is::null ? "null" : item.yes ? "true" : "false";
        }
        is_key = names;
        if (names) out += ':';
        while (!open.empty() && open.back().first == i + 1) {
            out += open.back().second;
            open.pop_back();
        }
    }
    if (out.size() <= bytes_max) return out;
    out.resize(bytes_max);
    while (!out.empty() && (static_cast<unsigned char>(out.back()) & 0xC0) == 0x80) out.pop_back();
    if (!out.empty() && static_cast<unsigned char>(out.back()) >= 0x80) out.pop_back();
    return out + "…";
}

}  // namespace klamm::schema::jsonschema
