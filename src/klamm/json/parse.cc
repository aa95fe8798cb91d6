#include "klamm/json/surrogates.h"
#include "klamm/json/value.h"

#include <fmt/format.h>
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>

#include <algorithm>
#include <unordered_map>

namespace klamm::json {
namespace {

/// Builds the document from the reader's events. The reader keeps its own stack, so that depth
/// costs it no stack of the machine; the limit is for those who walk the document later.
class Builder {
public:
    explicit Builder(Limits limits) : limits_(limits) {}

    bool Null() { return add({}); }
    bool Bool(bool yes) { return add(yes); }
    bool RawNumber(char const* text, rapidjson::SizeType size, bool) {
        return add(Number{std::string(text, size)});
    }
    bool String(char const* text, rapidjson::SizeType size, bool) {
        return whole(text, size) && add(std::string(text, size));
    }
    bool Key(char const* text, rapidjson::SizeType size, bool) {
        open_.back().key.assign(text, size);
        return whole(text, size);
    }
    bool StartObject() { return open(Object{}); }
    bool EndObject(rapidjson::SizeType) { return close(); }
    bool StartArray() { return open(Array{}); }
    bool EndArray(rapidjson::SizeType) { return close(); }
    // Numbers come as texts.
    bool Int(int) { return false; }
    bool Uint(unsigned) { return false; }
    bool Int64(std::int64_t) { return false; }
    bool Uint64(std::uint64_t) { return false; }
    bool Double(double) { return false; }

    Value take() { return std::move(root_); }
    bool too_deep() const { return too_deep_; }
    bool half_character() const { return half_character_; }

private:
    /// Beyond so many members, a search for each new key would take too long.
    static constexpr std::size_t searched_max = 16;

    struct Open {
        Value value;
        std::string key;  ///< of the member to come
        std::unordered_map<std::string, std::size_t> places;
    };

    bool whole(char const* text, std::size_t size) {
        half_character_ = has_half_character({text, size});
        return !half_character_;
    }
    bool open(Value value) {
        if (open_.size() >= limits_.depth_max) {
            too_deep_ = true;
            return false;
        }
        open_.push_back({std::move(value), {}, {}});
        return true;
    }
    bool close() {
        auto value = std::move(open_.back().value);
        open_.pop_back();
        return add(std::move(value));
    }
    bool add(Value value) {
        if (open_.empty()) {
            root_ = std::move(value);
        } else if (auto& parent = open_.back(); parent.value.is_array()) {
            parent.value.array().push_back(std::move(value));
        } else {
            add_member(parent, std::move(value));
        }
        return true;
    }
    static void add_member(Open& parent, Value value) {
        auto& members = parent.value.object();
        if (auto* known = find(parent)) {
            *known = std::move(value);
            return;
        }
        if (members.size() >= searched_max) parent.places.emplace(parent.key, members.size());
        members.push_back({std::move(parent.key), std::move(value)});
    }
    static Value* find(Open& parent) {
        auto& members = parent.value.object();
        auto const searched =
            members.begin() + std::ptrdiff_t(std::min(members.size(), searched_max));
        auto const found = std::find_if(members.begin(), searched,
                                        [&](Member const& m) { return m.key == parent.key; });
        if (found != searched) return &found->value;
        auto const later = parent.places.find(parent.key);
        return later == parent.places.end() ? nullptr : &members[later->second].value;
    }

    Limits limits_;
    Value root_;
    std::vector<Open> open_;
    bool too_deep_ = false;
    bool half_character_ = false;
};

/// "line 3, column 14: Missing a comma or } after an object member."
std::string describe(std::string_view text, std::size_t at, std::string_view what) {
    auto const before = text.substr(0, std::min(at, text.size()));
    auto const line = std::ranges::count(before, '\n') + 1;
    auto const last = before.rfind('\n');
    auto const column = last == before.npos ? before.size() + 1 : before.size() - last;
    return fmt::format("line {}, column {}: {}", line, column, what);
}

}  // namespace

std::expected<Value, ParseError> parse(std::string_view text, Limits limits) {
    if (text.size() > limits.bytes_max)
        return std::unexpected(ParseError{
            fmt::format("{} bytes of JSON, more than {}", text.size(), limits.bytes_max), 0});
    // The reader takes a zero for the end.
    if (auto const zero = text.find('\0'); zero != text.npos)
        return std::unexpected(ParseError{describe(text, zero, "a zero byte"), zero});
    constexpr unsigned flags = rapidjson::kParseNumbersAsStringsFlag |
                               rapidjson::kParseIterativeFlag |
                               rapidjson::kParseValidateEncodingFlag;
    rapidjson::MemoryStream bytes(text.data(), text.size());
    rapidjson::EncodedInputStream<rapidjson::UTF8<>, rapidjson::MemoryStream> stream(bytes);
    rapidjson::Reader reader;
    Builder builder(limits);
    auto const result = reader.Parse<flags>(stream, builder);
    if (builder.too_deep())
        return std::unexpected(
            ParseError{describe(text, result.Offset(),
                                fmt::format("more than {} levels of arrays and objects inside "
                                            "each other",
                                            limits.depth_max)),
                       result.Offset()});
    if (builder.half_character())
        return std::unexpected(ParseError{describe(text, result.Offset(),
                                                   "an escape \\uD800 to \\uDFFF stands alone; "
                                                   "it is half of a character"),
                                          result.Offset()});
    if (result.IsError())
        return std::unexpected(
            ParseError{describe(text, result.Offset(), rapidjson::GetParseError_En(result.Code())),
                       result.Offset()});
    return builder.take();
}

}  // namespace klamm::json
