#include "klamm/json/flat.h"
#include "klamm/json/value.h"

#include <gmock/gmock.h>

#include <string>

namespace klamm::json {
namespace {

Value value_at(std::vector<Part> const& parts, std::uint32_t at) {
    auto const& part = parts.at(at);
    auto const next = [&](std::uint32_t item) { return parts.at(item).next; };
    switch (part.kind) {
        case Part::Kind::null:
            return nullptr;
        case Part::Kind::yes:
            return true;
        case Part::Kind::no:
            return false;
        case Part::Kind::number:
            return Number{std::string(part.text)};
        case Part::Kind::string:
            return part.text;
        case Part::Kind::array: {
            Array items;
            for (auto item = at + 1; item < part.next; item = next(item))
                items.push_back(value_at(parts, item));
            return items;
        }
        case Part::Kind::object:
            break;
    }
    Object members;
    for (auto key = at + 1; key < part.next; key = next(key + 1))
        members.push_back({std::string(parts.at(key).text), value_at(parts, key + 1)});
    return members;
}

/// Whether it is read flat; then it says what parse() says.
bool flat(std::string_view text) {
    auto const read = Flat::read(text);
    if (!read) return false;
    auto const value = parse(text);
    EXPECT_TRUE(value) << text;
    if (value) {
        EXPECT_EQ(value_at(read->parts(), 0), *value) << text;
    }
    return true;
}

TEST(Flat, SaysWhatTheDocumentSays) {
    for (auto const* text :
         {"0", "-0", "null", "true", "false", "\"\"", "[]", "{}", " [ 1 , 2 ] ", "[[],[[]],{}]",
          R"({"a":[1,"x"],"b":null})", "\t{\n\"a\" : {\"b\":{}} ,\r\"c\":-1.50e-07}",
          R"({"number":12345678901234567890,"":0.10,"long enough for a word or two":1E5})",
          R"("\"\\\/\b\f\n\r\t")", R"(["\u00e9\u0001\u20AC","é","\ud83d\ude00","plain"])",
          "\"exactly8\"", "\"\xED\x9F\xBF and more than eight \xC3\xBC and \x7f\"",
          R"({"first\tescaped":"x","second":"then \n not","third":"\\"})"})
        EXPECT_TRUE(flat(text)) << text;
}

TEST(Flat, LeavesToOthersWhatIsWrongOrUnusual) {
    for (auto const* text : {"",
                             " ",
                             "[",
                             "[1,]",
                             "[,1]",
                             "{\"a\":1,}",
                             "{\"a\"}",
                             "{\"a\":}",
                             "{1:2}",
                             "{,}",
                             "01",
                             "-",
                             "1.",
                             ".5",
                             "+1",
                             "1e",
                             "1e+",
                             "1 2",
                             "nul",
                             "nulll",
                             "'a'",
                             "\"a",
                             "\"\\",
                             "\"\\x\"",
                             "\"\\u12\"",
                             "\"\\u12G4\"",
                             "\"\\ud800\"",
                             "\"\\udfff\"",
                             "\"\\ud800\\u0020\"",
                             "[1",
                             "]",
                             "\"a\nb\"",
                             "\"\xff\"",
                             "\"\xED\xA0\x80\"",
                             "\"\\n\xff\"",
                             "NaN",
                             "// x\n1",
                             "1e999",
                             "[1}",
                             "{\"a\":1]",
                             "\xEF\xBB\xBF{}",
                             "{\"a\":1 \"b\":2}",
                             "{\"a\" 1}",
                             R"({"a":1,"a":2})",
                             R"({"a":1,"\u0061":2})",
                             "1e100"})
        EXPECT_FALSE(flat(text)) << text;
    EXPECT_FALSE(flat(std::string_view("1\0 2", 4)));
    EXPECT_FALSE(flat(std::string_view("\"a\0b\"", 5)));
}

TEST(Flat, HasLimits) {
    auto const nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_TRUE(flat(nested(Flat::depth_max)));
    EXPECT_FALSE(flat(nested(Flat::depth_max + 1)));
    auto const object = [](std::size_t keys) {
        std::string text = "{";
        for (std::size_t i = 0; i < keys; ++i)
            text += (i > 0 ? "," : "") + quote(std::to_string(i)) + ":[{}]";
        return text + "}";
    };
    EXPECT_TRUE(flat(object(Flat::keys_max)));
    EXPECT_FALSE(flat(object(Flat::keys_max + 1)));
    EXPECT_TRUE(flat(std::string(Flat::digits_max, '9')));
    EXPECT_FALSE(flat(std::string(Flat::digits_max + 1, '9')));
    EXPECT_TRUE(flat(quote(std::string(Flat::bytes_max - 2, 'x'))));
    EXPECT_FALSE(flat(quote(std::string(Flat::bytes_max - 1, 'x'))));
}

TEST(Flat, ReadsNoTruncatedText) {
    std::string const text =
        R"({"key":[true,{"x":"\u00e9\n"},-12.5e3,"éé plain and longer"],"z":null})";
    ASSERT_TRUE(flat(text));
    for (std::size_t size = 0; size < text.size(); ++size)
        EXPECT_FALSE(flat(std::string_view(text).substr(0, size))) << size;
}

TEST(Flat, AgreesWithTheParserOnTextsThatChangedByAByte) {
    std::string const text =
        R"( {"key":[true,{"x":"\u00e9\n"},-12.5e3],"é":null,"a":"\ud83d\ude00"} )";
    for (std::size_t at = 0; at < text.size(); ++at)
        for (int byte = 0; byte < 256; ++byte) {
            auto changed = text;
            changed[at] = static_cast<char>(byte);
            flat(changed);
        }
}

}  // namespace
}  // namespace klamm::json
