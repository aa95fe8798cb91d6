#include "klamm/schema/json/json_schema.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace klamm::schema {
namespace {

using testing::HasSubstr;

constexpr char const* draft4 = "http://json-schema.org/draft-04/schema#";
constexpr char const* draft6 = "http://json-schema.org/draft-06/schema#";
constexpr char const* draft7 = "http://json-schema.org/draft-07/schema#";
constexpr char const* draft2019 = "https://json-schema.org/draft/2019-09/schema";
constexpr char const* draft2020 = "https://json-schema.org/draft/2020-12/schema";

SchemaPtr must_parse(std::string const& text, std::vector<Reference> const& references = {}) {
    auto schema = parse_json_schema(text, references, {});
    EXPECT_TRUE(schema) << text << ": " << schema.error().why;
    return schema ? std::move(*schema) : nullptr;
}

std::expected<void, PayloadError> check(SchemaPtr const& schema, std::string_view payload) {
    return schema->check(std::as_bytes(std::span(payload)), {});
}

/// What a keyword accepts, and what it refuses: with which rule, where.
struct Refusal {
    char const* payload;
    char const* rule;
    char const* path = "";
};

struct Case {
    std::vector<char const*> drafts;
    char const* members;  ///< of the schema
    std::vector<char const*> accepted;
    std::vector<Refusal> refused;
};

void expect(Case const& each) {
    for (auto const* draft : each.drafts) {
        auto const text =
            std::string("{\"$schema\":\"") + draft + "\"," + std::string(each.members) + "}";
        SCOPED_TRACE(text);
        auto const schema = must_parse(text);
        ASSERT_TRUE(schema);
        for (auto const* payload : each.accepted) {
            auto const checked = check(schema, payload);
            EXPECT_TRUE(checked) << payload << ": " << checked.error().why;
        }
        for (auto const& refusal : each.refused) {
            auto const checked = check(schema, refusal.payload);
            ASSERT_FALSE(checked) << refusal.payload;
            EXPECT_EQ(checked.error().rule, refusal.rule) << refusal.payload;
            EXPECT_EQ(checked.error().path, refusal.path) << refusal.payload;
            EXPECT_TRUE(checked.error().why.ends_with('.')) << checked.error().why;
        }
    }
}

std::vector<char const*> const all = {draft4, draft6, draft7, draft2019, draft2020};
std::vector<char const*> const since6 = {draft6, draft7, draft2019, draft2020};
std::vector<char const*> const since7 = {draft7, draft2019, draft2020};
std::vector<char const*> const since2019 = {draft2019, draft2020};
std::vector<char const*> const until7 = {draft4, draft6, draft7};
std::vector<char const*> const until2019 = {draft4, draft6, draft7, draft2019};

TEST(JsonPayloads, Types) {
    expect({all, R"("type":"integer")", {"1", "-3", "12345678901234567890"}, {{"1.5", "type"}}});
    expect({since6, R"("type":"integer")", {"1.0", "1e3"}, {{"\"1\"", "type"}}});
    expect({{draft4}, R"("type":"integer")", {"1"}, {{"1.0", "type"}}});
    expect({all, R"("type":["string","null"])", {"\"a\"", "null"}, {{"false", "type"}}});
    expect({all, R"("type":"object")", {"{}"}, {{"[]", "type"}}});
    expect({all, R"("type":"number")", {"1", "1.5", "1e300"}, {{"true", "type"}}});
}

TEST(JsonPayloads, Numbers) {
    expect(
        {all, R"("minimum":1.1)", {"1.1", "1.10", "11e-1", "\"\""}, {{"1.09999999", "minimum"}}});
    expect({all, R"("maximum":3)", {"3.0", "-9e99"}, {{"3.0000000000000000001", "maximum"}}});
    expect({since6, R"("exclusiveMinimum":0)", {"0.1", "1e-300"}, {{"0.0", "exclusiveMinimum"}}});
    expect({since6, R"("exclusiveMaximum":9)", {"8.9"}, {{"9", "exclusiveMaximum"}}});
    expect(
        {{draft4}, R"("maximum":9,"exclusiveMaximum":true)", {"8.9"}, {{"9", "exclusiveMaximum"}}});
    expect(
        {all, R"("multipleOf":0.01)", {"0.07", "19.99", "1e10", "0"}, {{"0.075", "multipleOf"}}});
    expect({all, R"("multipleOf":3)", {"12345678901234567890123"}, {{"1e20", "multipleOf"}}});
    expect({all, R"("maximum":12345678901234567890)", {}, {{"12345678901234567891", "maximum"}}});
}

TEST(JsonPayloads, Strings) {
    expect({all, R"("maxLength":2)", {"\"ab\"", "\"😀😀\"", "100"}, {{"\"abc\"", "maxLength"}}});
    expect({all, R"("minLength":2)", {"\"äö\""}, {{"\"😀\"", "minLength"}}});
    expect({all, R"("pattern":"^\\p{L}+$")", {"\"äb\""}, {{"\"a1\"", "pattern"}}});
    expect({all, R"("format":"date-time")", {"\"no date\""}, {}});
}

TEST(JsonPayloads, Values) {
    expect(
        {all, R"("enum":[1,"a",{"x":[2]}])", {"1.0", "\"a\"", R"({"x":[2.0]})"}, {{"2", "enum"}}});
    expect({since6, R"("const":{"a":1,"b":2})", {R"({"b":2,"a":1})"}, {{R"({"a":1})", "const"}}});
    expect({since6, R"("const":false)", {"false"}, {{"0", "const"}}});
}

TEST(JsonPayloads, Arrays) {
    expect({all,
            R"("items":{"type":"string"})",
            {"[]", "[\"a\"]", "{}"},
            {{"[\"a\",1]", "type", "/1"}}});
    expect({until2019,
            R"("items":[{"type":"string"}],"additionalItems":false)",
            {"[]", "[\"a\"]"},
            {{"[\"a\",1]", "additionalItems", "/1"}, {"[1]", "type", "/0"}}});
    expect({{draft2020},
            R"("prefixItems":[{"type":"string"}],"items":{"type":"number"})",
            {"[\"a\",1]"},
            {{"[\"a\",\"b\"]", "type", "/1"}}});
    expect({all,
            R"("minItems":1,"maxItems":2)",
            {"[1]"},
            {{"[]", "minItems"}, {"[1,2,3]", "maxItems"}}});
    expect({all,
            R"("uniqueItems":true)",
            {"[1,\"1\",true]", "[[1,2],[2,1]]"},
            {{"[1,2,1.0]", "uniqueItems", "/2"},
             {R"([{"a":1,"b":2},{"b":2,"a":1}])", "uniqueItems", "/1"}}});
    expect({since6, R"("contains":{"type":"null"})", {"[1,null]", "1"}, {{"[1]", "contains"}}});
    expect({since2019,
            R"("contains":{"type":"null"},"minContains":2,"maxContains":3)",
            {"[null,null,1]"},
            {{"[null]", "minContains"}, {"[null,null,null,null]", "maxContains"}}});
}

TEST(JsonPayloads, Objects) {
    expect({all,
            R"("properties":{"a":{"type":"string"}},"required":["a"],"additionalProperties":false)",
            {R"({"a":"x"})", "3"},
            {{R"({})", "required"},
             {R"({"a":1})", "type", "/a"},
             {R"({"a":"x","b":1})", "additionalProperties", "/b"}}});
    expect({all,
            R"("patternProperties":{"^n_":{"type":"number"}},)"
            R"("additionalProperties":{"type":"string"})",
            {R"({"n_a":1,"b":"x"})"},
            {{R"({"n_a":"x"})", "type", "/n_a"}, {R"({"b~/":1})", "type", "/b~0~1"}}});
    expect({all,
            R"("minProperties":1,"maxProperties":1)",
            {R"({"a":1})"},
            {{"{}", "minProperties"}, {R"({"a":1,"b":2})", "maxProperties"}}});
    expect({since6,
            R"("propertyNames":{"maxLength":1})",
            {R"({"a":1})"},
            {{R"({"ab":1})", "maxLength", "/ab"}}});
    expect({all,
            R"("dependencies":{"a":["b"]})",
            {R"({"a":1,"b":2})"},
            {{R"({"a":1})", "dependencies"}}});
    expect({since2019,
            R"("dependentRequired":{"a":["b"]})",
            {R"({"b":2})"},
            {{R"({"a":1})", "dependentRequired"}}});
    expect({since2019,
            R"("dependentSchemas":{"a":{"minProperties":2}})",
            {R"({"b":2})"},
            {{R"({"a":1})", "minProperties"}}});
}

TEST(JsonPayloads, Combinations) {
    expect({all, R"("allOf":[{"minimum":1},{"maximum":2}])", {"1", "2"}, {{"3", "maximum"}}});
    expect({all, R"("anyOf":[{"type":"string"},{"minimum":5}])", {"\"a\"", "6"}, {{"4", "anyOf"}}});
    expect({all, R"("oneOf":[{"type":"number"},{"minimum":5}])", {"4", "\"a\""}, {{"6", "oneOf"}}});
    expect({all, R"("not":{"type":"string"})", {"1"}, {{"\"a\"", "not"}}});
    expect({since7,
            R"("if":{"type":"string"},"then":{"minLength":2},"else":{"minimum":2})",
            {"\"ab\"", "2"},
            {{"\"a\"", "minLength"}, {"1", "minimum"}}});
    expect({{draft4, draft6}, R"("if":{"type":"string"},"then":false)", {"\"a\""}, {}});
}

TEST(JsonPayloads, WhatNothingElseLookedAt) {
    expect({since2019,
            R"("allOf":[{"properties":{"a":{}}}],"anyOf":[{"required":["b"],)"
            R"("properties":{"b":{}}},true],)"
            R"("unevaluatedProperties":false)",
            {R"({"a":1,"b":2})", "{}"},
            {{R"({"a":1,"c":2})", "unevaluatedProperties", "/c"}}});
    expect({{draft2020},
            R"("prefixItems":[{}],"contains":{"type":"string"},"unevaluatedItems":false)",
            {R"([1,"a"])"},
            {{R"([1,"a",2])", "unevaluatedItems", "/2"}}});
}

TEST(JsonPayloads, References) {
    expect({all,
            R"("definitions":{"tree":{"properties":{"next":{"$ref":"#/definitions/tree"},)"
            R"("v":{"type":"integer"}}}},)"
            R"("allOf":[{"$ref":"#/definitions/tree"}])",
            {R"({"next":{"next":{"v":1}}})"},
            {{R"({"next":{"next":{"v":"x"}}})", "type", "/next/next/v"}}});
    expect({until7,
            R"("properties":{"a":{"$ref":"#/definitions/s","maxLength":1}},)"
            R"("definitions":{"s":{"type":"string"}})",
            {R"({"a":"long"})"},
            {}});
    expect(
        {since2019,
         R"("properties":{"a":{"$ref":"#/$defs/s","maxLength":1}},"$defs":{"s":{"type":"string"}})",
         {},
         {{R"({"a":"long"})", "maxLength", "/a"}}});
    expect({since2019,
            R"("$defs":{"s":{"$anchor":"name","type":"string"}},"items":{"$ref":"#name"})",
            {"[\"a\"]"},
            {{"[1]", "type", "/0"}}});
    expect({since6,
            R"("items":{"$ref":"http://json-schema.org/draft-07/schema#"})",
            {R"([{"minLength":1}])"},
            {{R"([{"minLength":-1}])", "minimum", "/0/minLength"}}});
    expect({since2019,
            R"("items":{"$ref":"https://json-schema.org/draft/2020-12/schema"})",
            {R"([{"items":{"items":true}}])"},
            {{R"([{"items":{"items":{"type":"x"}}}])", "anyOf", "/0/items/items/type"}}});
    expect({{draft2020},
            R"("$id":"http://a/strict","$dynamicAnchor":"node","$ref":"tree",)"
            R"("unevaluatedProperties":false,)"
            R"("$defs":{"t":{"$id":"tree","$dynamicAnchor":"node","properties":{"data":true,)"
            R"("children":{"items":{"$dynamicRef":"#node"}}}}})",
            {R"({"children":[{"data":1}]})"},
            {{R"({"children":[{"daat":1}]})", "unevaluatedProperties", "/children/0/daat"}}});
}

TEST(JsonPayloads, ReferencesToOtherSubjects) {
    std::vector<Reference> const references = {
        {.name = "money.json",
         .subject = "money",
         .version = 1,
         .text = R"({"properties":{"amount":{"$ref":"positive.json"}},"required":["amount"]})"},
        {.name = "positive.json",
         .subject = "positive",
         .version = 2,
         .text = R"({"type":"number","exclusiveMinimum":0})",
         .direct = false}};
    for (auto const* id : {"", R"("$id":"http://shop/order.json",)"}) {
        auto const schema = must_parse(
            std::string("{") + id + R"("properties":{"total":{"$ref":"money.json"}}})", references);
        ASSERT_TRUE(schema);
        EXPECT_TRUE(check(schema, R"({"total":{"amount":1}})"));
        auto const refused = check(schema, R"({"total":{"amount":0}})");
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().path, "/total/amount");
        EXPECT_THAT(schema->formatted("resolved"), HasSubstr("exclusiveMinimum"));
    }
}

TEST(JsonPayloads, SaysWhatWasExpectedAndWhatCame) {
    auto const schema = must_parse(
        R"({"properties":{"email":{"type":["string","null"],"maxLength":5},"age":{"minimum":18},)"
        R"("pet":{"oneOf":[{"properties":{"legs":{"const":4}}},{"type":"string"}]}}})");
    auto const why = [&](char const* payload) {
        auto const checked = check(schema, payload);
        return checked ? "" : checked.error().value + ": " + checked.error().why;
    };
    EXPECT_EQ(why(R"({"email":5})"), "5: Expected a string or null, but this is a number.");
    EXPECT_EQ(why(R"({"email":"abcdefg"})"), "\"abcdefg\": It has 7 characters, not at most 5.");
    EXPECT_EQ(why(R"({"age":17.5})"), "17.5: 17.5 is not at least 18.");
    // The alternative that got furthest is what was meant.
    EXPECT_EQ(why(R"({"pet":{"legs":3}})"), "3: Only 4 is permitted.");
    auto const long_text = check(schema, R"({"email":")" + std::string(1000, 'x') + "\"}");
    ASSERT_FALSE(long_text);
    EXPECT_LT(long_text.error().value.size(), 130u);
}

TEST(JsonPayloads, AreWholeTextsOfJson) {
    auto const schema = must_parse("{}");
    for (auto const* payload :
         {"", "{", "[1,]", "nul", "1 2", "\"\xff\"", "\"\\ud800\"", "\"\\udfff\"", "01"}) {
        auto const checked = check(schema, payload);
        ASSERT_FALSE(checked) << payload;
        EXPECT_EQ(checked.error().rule, "json");
    }
    EXPECT_FALSE(check(schema, std::string_view("1\0", 2)));
    EXPECT_TRUE(check(schema, "\xEF\xBB\xBF{}"));
    EXPECT_TRUE(check(schema, std::string(400, '[') + std::string(400, ']')));
    EXPECT_FALSE(check(schema, std::string(401, '[') + std::string(401, ']')));
    EXPECT_FALSE(check(must_parse("false"), "1"));
}

TEST(JsonPayloads, AreShownAndMade) {
    auto const schema = must_parse(R"({"properties":{"a":{"type":"integer"}}})");
    std::string_view const text = "{ \"a\" : 1.0,\n\"b\" : \"\\u00e4\" }";
    EXPECT_EQ(schema->to_json(std::as_bytes(std::span(text)), {}), R"({"a":1.0,"b":"ä"})");
    auto const bytes = schema->from_json(text, {});
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(std::ranges::equal(*bytes, std::as_bytes(std::span(text))));
    EXPECT_FALSE(schema->from_json(R"({"a":"x"})", {}));
    std::string_view const wrong = R"({"a":"x"})";
    EXPECT_FALSE(schema->check_reading(std::as_bytes(std::span(wrong)), *schema, {}));
}

}  // namespace
}  // namespace klamm::schema
