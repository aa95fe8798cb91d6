#include "klamm/json/value.h"

#include <gmock/gmock.h>

namespace klamm::json {
namespace {

using testing::HasSubstr;

Value must_parse(std::string_view text) {
    auto value = parse(text);
    EXPECT_TRUE(value) << text << ": " << value.error().why;
    return value ? std::move(*value) : Value{};
}

TEST(Json, GivesBackNumbersAndTheOrderOfKeysAsTheyWereWritten) {
    std::string const text = R"({"z":1.0,"a":[1e300,-0,12345678901234567890,0.10],)"
                             R"("é":"\u0001\n\"\\/","n":null,"t":true})";
    EXPECT_EQ(print(must_parse(text)), text);
}

TEST(Json, AKeyWrittenTwiceHasItsLastValueAtItsFirstPlace) {
    EXPECT_EQ(print(must_parse(R"({"a":1,"b":2,"a":3})")), R"({"a":3,"b":2})");
    std::string many = "{";
    for (int i = 0; i < 200; ++i) {
        if (i > 0) many += ',';
        many += quote(std::to_string(i % 100)) + ":" + std::to_string(i / 100);
    }
    auto const value = must_parse(many + "}");
    ASSERT_EQ(value.object().size(), 100u);
    for (auto const& member : value.object()) EXPECT_EQ(member.value.number(), "1");
}

TEST(Json, SortsTheKeysOfEveryObject) {
    EXPECT_EQ(print_sorted(must_parse(R"({"b":{"d":1,"c":2},"a":[{"y":1,"x":2}]})")),
              R"({"a":[{"x":2,"y":1}],"b":{"c":2,"d":1}})");
}

TEST(Json, IndentsForPeople) {
    EXPECT_EQ(print_indented(must_parse(R"({"a":[1,2],"b":{}})")),
              "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

TEST(Json, SaysWhereATextIsWrong) {
    for (auto const* text :
         {"", "{", "[1,]", "{\"a\":1,}", "01", "1 2", "nul", "\"\xff\"", "'a'", "\"\\ud800\"",
          "\"\\udfff\"", "{\"\\uDC00\":1}", "{\"a\" 1}", "[1", "\"a", "NaN", "// x\n1", "1e999"})
        EXPECT_FALSE(parse(text)) << text;
    EXPECT_FALSE(parse(std::string_view("1\0 2", 4)));
    EXPECT_TRUE(parse("\"\\ud83d\\ude00 \xED\x9F\xBF\""));
    auto const wrong = parse("{\n  \"a\": 1\n  \"b\": 2\n}");
    ASSERT_FALSE(wrong);
    EXPECT_THAT(wrong.error().why, HasSubstr("line 3"));
}

TEST(Json, RefusesWhatIsTooDeepOrTooLong) {
    std::string const deep(100'000, '[');
    auto const refused = parse(deep);
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().why, HasSubstr("500 levels"));
    EXPECT_TRUE(parse(std::string(500, '[') + std::string(500, ']')));
    EXPECT_FALSE(parse(std::string(501, '[') + std::string(501, ']')));
    EXPECT_FALSE(parse("[1,2]", {.bytes_max = 4}));
}

TEST(Json, ReadsWholeNumbersHoweverTheyAreWritten) {
    EXPECT_EQ(must_parse("9223372036854775807").as_int64(), INT64_MAX);
    EXPECT_EQ(must_parse("9223372036854775808").as_int64(), std::nullopt);
    EXPECT_EQ(must_parse("1.0").as_int64(), 1);
    EXPECT_EQ(must_parse("12e2").as_int64(), 1200);
    EXPECT_EQ(must_parse("1.5").as_int64(), std::nullopt);
    EXPECT_EQ(must_parse("\"1\"").as_int64(), std::nullopt);
    EXPECT_EQ(must_parse("-1e300").as_double(), -1e300);
    EXPECT_EQ(must_parse("1e-999").as_double(), 0.0);
}

TEST(Json, IsBuiltAndChanged) {
    Value value;
    value.set("a", 1).set("b", Value(Array{}).push("x").push(true)).set("a", nullptr);
    EXPECT_EQ(print(value), R"({"a":null,"b":["x",true]})");
    EXPECT_TRUE(value.erase("a"));
    EXPECT_FALSE(value.erase("a"));
    EXPECT_EQ(value, must_parse(R"({"b":["x",true]})"));
    EXPECT_EQ(value.find_array("b")->size(), 2u);
    EXPECT_EQ(value.find("b")->find("x"), nullptr);
    EXPECT_EQ(value.find_string("b"), nullptr);
}

}  // namespace
}  // namespace klamm::json
