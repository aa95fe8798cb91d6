#include "klamm/schema/json/json_schema.h"

#include "klamm/base/random.h"
#include "klamm/json/pointer.h"
#include "klamm/schema/json/compare.h"
#include "klamm/schema/json/decimal.h"
#include "klamm/schema/json/pattern.h"
#include "klamm/schema/json/uri.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace klamm::schema {
namespace {

using jsonschema::Decimal;
using jsonschema::Divisor;
using jsonschema::Pattern;
using testing::ElementsAre;
using testing::HasSubstr;

SchemaPtr must_parse(std::string_view text) {
    auto schema = parse_json_schema(text, {}, {});
    EXPECT_TRUE(schema) << text << ": " << schema.error().why;
    return schema ? std::move(*schema) : nullptr;
}

std::string refusal(std::string_view text) {
    auto const schema = parse_json_schema(text, {}, {});
    return schema ? "" : schema.error().why;
}

std::expected<void, PayloadError> check(SchemaPtr const& schema, std::string_view payload) {
    return schema->check(std::as_bytes(std::span(payload)), {});
}

TEST(JsonSchemaText, IsKeptButForWhiteSpace) {
    auto const schema =
        must_parse("{ \"title\" : \"Order\", \"multipleOf\": 1.0,\n \"maximum\": 1e2 }");
    EXPECT_EQ(schema->canonical(), R"({"title":"Order","multipleOf":1.0,"maximum":1e2})");
    EXPECT_EQ(schema->normalized(), R"({"maximum":1e2,"multipleOf":1.0,"title":"Order"})");
    EXPECT_EQ(schema->formatted("resolved"), schema->canonical());
    EXPECT_EQ(schema->formatted("unheard of"), schema->canonical());
    EXPECT_EQ(schema->record_name(), "Order");
    EXPECT_THAT(must_parse(R"({"properties":{"b":{},"a":{}}})")->top_level_fields(),
                ElementsAre("b", "a"));
    EXPECT_TRUE(
        schema->equivalent(*must_parse(R"({"maximum":1e2,"multipleOf":1.0,"title":"Order"})")));
    EXPECT_FALSE(schema->equivalent(*must_parse("{}")));
}

TEST(JsonSchemaText, SaysWhatIsWrongAndWhere) {
    EXPECT_THAT(refusal("{"), HasSubstr("line 1"));
    EXPECT_THAT(refusal("[]"), HasSubstr("neither"));
    EXPECT_THAT(refusal(R"({"properties":{"a":{"type":"strng"}}})"),
                HasSubstr("type at #/properties/a must be"));
    EXPECT_THAT(refusal(R"({"minLength":-1})"), HasSubstr("whole number"));
    EXPECT_THAT(refusal(R"({"required":true})"), HasSubstr("array of names"));
    EXPECT_THAT(refusal(R"({"properties":{"a":1}})"), HasSubstr("object of schemas"));
    EXPECT_THAT(refusal(R"({"multipleOf":0})"), HasSubstr("above 0"));
    EXPECT_THAT(refusal(R"j({"items":{"pattern":"a(?=b)"}})j"), HasSubstr("look-ahead"));
    EXPECT_THAT(refusal(R"j({"pattern":"(a)\\1"})j"), HasSubstr("back-reference"));
    EXPECT_THAT(refusal(R"({"$ref":"http://example.com/a.json"})"), HasSubstr("never fetched"));
    EXPECT_THAT(refusal(R"({"anyOf":{}})"), HasSubstr("array of schemas"));
}

TEST(JsonSchemaText, WhatWasStoredIsReadAsItIs) {
    for (auto const* text : {R"({"type":"strng"})", R"({"minLength":-1,"maxLength":"x"})",
                             R"({"required":true,"properties":[],"items":7})",
                             R"({"multipleOf":{},"pattern":1,"enum":2,"type":{}})"}) {
        auto const schema = parse_json_schema(text, {}, {.strict = false});
        ASSERT_TRUE(schema) << text;
        EXPECT_TRUE((*schema)->differences(**schema, Policy::strict)->empty()) << text;
    }
    // What cannot be checked is refused, and says so.
    for (auto const* text : {R"j({"pattern":"a(?=b)"})j", R"j({"$ref":"http://x/y"})j"}) {
        auto const schema = parse_json_schema(text, {}, {.strict = false});
        ASSERT_TRUE(schema) << text;
        auto const checked = check(*schema, "\"a\"");
        ASSERT_FALSE(checked);
        EXPECT_THAT(checked.error().why, HasSubstr("cannot be checked"));
    }
}

TEST(JsonSchemaDecimal, ComparesAndDividesWithoutLoss) {
    EXPECT_EQ(Decimal("1.0"), Decimal("1"));
    EXPECT_EQ(Decimal("-0.0"), Decimal("0e5"));
    EXPECT_EQ(Decimal("120e-1"), Decimal("12"));
    EXPECT_LT(Decimal("-2"), Decimal("-1.999"));
    EXPECT_LT(Decimal("9"), Decimal("10"));
    EXPECT_GT(Decimal("1e400000"), Decimal("9e399999"));
    EXPECT_LT(Decimal("1e-99999999999999999999"), Decimal("1"));
    EXPECT_TRUE(Divisor::from("0.0001")->divides(Decimal("0.0075")));
    EXPECT_FALSE(Divisor::from("0.01")->divides(Decimal("0.0075")));
    EXPECT_TRUE(Divisor::from("7")->divides(Decimal("7e300")));
    EXPECT_FALSE(Divisor::from("7")->divides(Decimal("1e300")));
    EXPECT_TRUE(Divisor::from("2.5e10")->divides(Decimal("1e11")));
    EXPECT_FALSE(Divisor::from("0"));
    EXPECT_FALSE(Divisor::from("-1"));
    EXPECT_FALSE(Divisor::from("1234567890123456789"));
}

TEST(JsonSchemaPattern, MeansWhatECMA262Means) {
    struct {
        char const* pattern;
        char const* finds;
        char const* misses;
    } const cases[] = {
        {R"(^\d+$)", "12", "12\n"},
        {R"(\s)", "a\xC2\xA0", "a"},
        {R"(^[^\s]$)", "a", "\xEF\xBB\xBF"},
        {R"(^[\S]$)", "a", "\xC2\xA0"},
        {"^.$", "a", "\xE2\x80\xA8"},
        {R"(^\u00e4\xe4$)", "ää", "aa"},
        {R"(^\ud83d\ude00$)", "😀", "x"},
        {R"(^\u{1F600}$)", "😀", "x"},
        {R"(^\cI$)", "\t", "I"},
        {R"(^\p{Lu}\P{Lu}$)", "Aa", "aA"},
        {R"(^\p{Letter}$)", "ä", "1"},
        {R"(^\p{Script=Greek}$)", "α", "a"},
        {R"(^(?<year>\d{4})$)", "2026", "26"},
        {R"(^a{2,3}$)", "aa", "aaaa"},
        {R"(^[[:a]$)", "[", "b"},
        {R"(^[\b]$)", "\b", "b"},
        {R"(a/\/\-\.)", "a//-.", "a//-x"},
        {"^[^]$", "\n", ""},
        {"b", "abc", "acd"},
        {R"(^[\w.-]+$)", "a-b.c", "a b"},
    };
    for (auto const& each : cases) {
        auto const pattern = Pattern::from(each.pattern);
        ASSERT_TRUE(pattern) << pattern.error();
        EXPECT_TRUE(pattern->finds(each.finds)) << each.pattern << " " << each.finds;
        EXPECT_FALSE(pattern->finds(each.misses)) << each.pattern << " " << each.misses;
    }
    for (auto const* refused : {"(?=a)", "(?!a)", "(?<=a)", "(?<!a)", R"((a)\1)", R"(\k<a>)", "(",
                                "[a", "a{2000}", "\\", R"(\u12)", R"(\p{Nothing})", "a**"})
        EXPECT_FALSE(Pattern::from(refused)) << refused;
}

TEST(JsonSchemaUri, ResolvesAsRfc3986Does) {
    struct {
        char const* reference;
        char const* is;
    } const cases[] = {{"g", "http://a/b/c/g"},      {"./g", "http://a/b/c/g"},
                       {"g/", "http://a/b/c/g/"},    {"/g", "http://a/g"},
                       {"//g", "http://g"},          {"?y", "http://a/b/c/d;p?y"},
                       {"g?y", "http://a/b/c/g?y"},  {"", "http://a/b/c/d;p?q"},
                       {".", "http://a/b/c/"},       {"..", "http://a/b/"},
                       {"../g", "http://a/b/g"},     {"../../g", "http://a/g"},
                       {"../../../g", "http://a/g"}, {"g/../h", "http://a/b/c/h"},
                       {"urn:x:y", "urn:x:y"},       {"https://z/./k", "https://z/k"}};
    for (auto const& each : cases)
        EXPECT_EQ(jsonschema::resolve("http://a/b/c/d;p?q", each.reference), each.is)
            << each.reference;
    EXPECT_THAT(json::keys_of_pointer("/a~1b/~01/0"), ElementsAre("a/b", "~1", "0"));
    EXPECT_EQ(json::decode_percent("a%25%zz%2"), "a%%zz%2");
}

// ---- those who mean harm ---------------------------------------------------------------------

TEST(HostileJsonSchema, DepthIsLimited) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += R"({"not":)";
    EXPECT_THAT(refusal(deep), HasSubstr("200 levels"));
    // A chain of references is as deep as nesting, and may be longer than any text is deep.
    std::string chain = R"({"$ref":"#/definitions/0","definitions":{)";
    for (int i = 0; i < 5'000; ++i)
        chain += fmt::format(R"("{}":{{"items":{{"$ref":"#/definitions/{}"}}}},)", i, i + 1);
    chain += R"("5000":{}}})";
    auto const schema = must_parse(chain);
    auto const differences = schema->differences(*schema, Policy::strict);
    ASSERT_FALSE(differences);
    EXPECT_THAT(differences.error().why, HasSubstr("600 levels"));
    EXPECT_TRUE(check(schema, "[[[1]]]"));
}

TEST(HostileJsonSchema, CirclesOfReferencesEnd) {
    for (auto const* text :
         {R"({"$ref":"#"})",
          R"({"$ref":"#/definitions/a","definitions":{"a":{"$ref":"#/definitions/b"},)"
          R"("b":{"$ref":"#/definitions/a"}}})",
          R"({"anyOf":[{"$ref":"#"},{"$ref":"#"}]})", R"({"not":{"$ref":"#"}})",
          R"({"$schema":"https://json-schema.org/draft/2019-09/schema","$recursiveRef":"#"})",
          R"({"$schema":"https://json-schema.org/draft/2020-12/schema","$dynamicRef":"#"})"}) {
        auto const schema = must_parse(text);
        ASSERT_TRUE(schema);
        auto const checked = check(schema, "1");
        ASSERT_FALSE(checked) << text;
        EXPECT_THAT(checked.error().rule, testing::AnyOf("depth", "budget")) << text;
        EXPECT_TRUE(schema->differences(*schema, Policy::strict)) << text;
    }
}

/// Each of `count` definitions is a oneOf of all of them.
std::string web(int count, std::string_view type) {
    std::string text = R"({"$ref":"#/definitions/0","definitions":{)";
    for (int i = 0; i < count; ++i) {
        text += fmt::format(R"({}"{}":{{"oneOf":[)", i == 0 ? "" : ",", i);
        for (int j = 0; j < count; ++j)
            text += fmt::format(R"({{"properties":{{"a":{{"$ref":"#/definitions/{}"}},"b{}":)"
                                R"({{"type":"{}"}}}},"additionalProperties":false}},)",
                                j, i, type);
        text.back() = ']';
        text += '}';
    }
    return text + "}}";
}

TEST(HostileJsonSchema, WebsOfAlternativesEndWithinTheBudget) {
    auto const small = must_parse(web(3, "string"));
    EXPECT_TRUE(small->differences(*small, Policy::strict)->empty());
    EXPECT_FALSE(must_parse(web(3, "number"))->differences(*small, Policy::strict)->empty());
    auto const large = must_parse(web(60, "string"));
    auto const differences = large->differences(*must_parse(web(60, "number")), Policy::strict);
    ASSERT_FALSE(differences);
    EXPECT_THAT(differences.error().why, HasSubstr("steps"));
    std::string payload = "1";
    for (int i = 0; i < 60; ++i) payload = R"({"a":)" + payload + "}";
    auto const checked = check(large, payload);
    ASSERT_FALSE(checked);
    EXPECT_EQ(checked.error().rule, "budget");
}

TEST(HostileJsonSchema, PatternsNeverBacktrack) {
    auto const schema = must_parse(R"j({"items":{"pattern":"^(a+)+$"}})j");
    std::string const text = "\"" + std::string(30'000, 'a') + "b\"";
    EXPECT_EQ(check(schema, "[" + text + "]").error().rule, "pattern");
    EXPECT_THAT(refusal(R"j({"pattern":"((a{100}){100}){100}"})j"), HasSubstr("cannot be used"));
}

TEST(HostileJsonSchema, ManyValuesAreComparedWithinTheBudget) {
    auto const schema = must_parse(R"({"uniqueItems":true})");
    std::string numbers = "[";
    for (int i = 0; i < 50'000; ++i) numbers += fmt::format("{},", i);
    numbers.back() = ']';
    EXPECT_TRUE(check(schema, numbers));
    std::string objects = "[";
    for (int i = 0; i < 2'000; ++i) objects += fmt::format(R"({{"a":{},"b":[{}]}},)", i % 7, i);
    objects.back() = ']';
    EXPECT_TRUE(check(schema, objects));
}

/// What was taken for compatible while it was being compared must not hide what breaks.
TEST(JsonSchemaCompare, AMemoryOfCirclesMasksNothing) {
    auto const of = [](char const* first, char const* second) {
        auto const object = [](char const* type, char const* next) {
            return fmt::format(R"({{"properties":{{"id":{{"type":"{}"}},)"
                               R"("ref":{{"oneOf":[{{"$ref":"#/definitions/{}"}}]}}}}}})",
                               type, next);
        };
        return must_parse(
            fmt::format(R"({{"properties":{{"root":{{"oneOf":[{{"$ref":"#/definitions/A"}},)"
                        R"({{"$ref":"#/definitions/B"}}]}}}},)"
                        R"("definitions":{{"A":{},"B":{},"C":{}}}}})",
                        object(first, "C"), object(second, "C"), object("integer", "A")));
    };
    auto const before = of("integer", "boolean");
    auto const after = of("boolean", "number");
    EXPECT_FALSE(after->differences(*before, Policy::strict)->empty());
    EXPECT_TRUE(before->differences(*before, Policy::strict)->empty());
}

// ---- properties ------------------------------------------------------------------------------

class Maker {
public:
    explicit Maker(std::uint64_t seed) : random_(seed) {}

    std::string schema(int depth) {
        switch (random_.below(depth > 0 ? 7 : 4)) {
            case 0:
                return "{}";
            case 1:
                return fmt::format(R"({{"type":"string","maxLength":{}}})", random_.below(4));
            case 2:
                return fmt::format(R"({{"type":"integer","minimum":{}}})", random_.below(4));
            case 3:
                return R"({"type":["number","null"]})";
            case 4:
                return fmt::format(R"({{"type":"array","items":{},"maxItems":{}}})",
                                   schema(depth - 1), random_.below(3));
            case 5:
                return fmt::format(R"({{"anyOf":[{},{}]}})", schema(depth - 1), schema(depth - 1));
            default:
                return object(depth);
        }
    }
    std::string value(int depth) {
        switch (random_.below(depth > 0 ? 6 : 4)) {
            case 0:
                return "null";
            case 1:
                return fmt::format("\"{}\"", std::string(random_.below(5), 'x'));
            case 2:
                return std::to_string(random_.below(6));
            case 3:
                return "1.5";
            case 4:
                return fmt::format("[{}]", random_.below(3) == 0 ? "" : value(depth - 1));
            default:
                return fmt::format(R"({{"a":{},"b":{}}})", value(depth - 1), value(depth - 1));
        }
    }

private:
    std::string object(int depth) {
        std::string properties;
        for (char const name : {'a', 'b', 'c'})
            if (random_.below(2) == 0)
                properties += fmt::format(R"({}"{}":{})", properties.empty() ? "" : ",", name,
                                          schema(depth - 1));
        auto const* const required = random_.below(3) == 0 ? R"(,"required":["a"])" : "";
        auto const* const closed = random_.below(2) == 0 ? R"(,"additionalProperties":false)" : "";
        return fmt::format(R"({{"type":"object","properties":{{{}}}{}{}}})", properties, required,
                           closed);
    }

    Random random_;
};

TEST(JsonSchemaProperty, ACompatibleUpdateAcceptsWhatTheOriginalAccepted) {
    constexpr std::uint64_t seeds = 4'000;
    int proven = 0;
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        Maker maker(seed);
        auto const original = must_parse(maker.schema(2));
        auto const update = must_parse(maker.schema(2));
        EXPECT_EQ(must_parse(original->canonical())->canonical(), original->canonical());
        EXPECT_TRUE(original->differences(*original, Policy::strict)->empty());
        // That an optional name becomes required is only seen where both know the name.
        if (original->canonical().find("required") != std::string::npos ||
            update->canonical().find("required") != std::string::npos)
            continue;
        if (!update->differences(*original, Policy::strict)->empty()) continue;
        for (int i = 0; i < 20; ++i) {
            auto const payload = maker.value(3);
            if (!check(original, payload)) continue;
            ++proven;
            EXPECT_TRUE(check(update, payload))
                << "seed " << seed << ": " << payload << " is accepted by " << original->canonical()
                << ", not by " << update->canonical();
        }
    }
    EXPECT_GT(proven, 100);
}

}  // namespace
}  // namespace klamm::schema
