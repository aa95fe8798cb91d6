#include "klamm/schema/json/json_schema.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <set>

namespace klamm::schema {
namespace {

SchemaPtr must_parse(std::string_view text) {
    auto schema = parse_json_schema(text, {}, {});
    EXPECT_TRUE(schema) << text << ": " << schema.error().why;
    return schema ? std::move(*schema) : nullptr;
}

/// What an evolution comes to: rules and paths of all differences, and the verdicts.
struct Step {
    char const* before;
    char const* after;
    std::vector<std::string> all;
    char const* verdict;  ///< "ok", "lenient", "breaks"
};

constexpr auto draft2020 = R"("$schema":"https://json-schema.org/draft/2020-12/schema")";

std::string in_2020(std::string_view members) {
    return "{" + std::string(draft2020) + "," + std::string(members) + "}";
}

/// Mends one difference after the other, each in every way that leaves fewer, until none is.
bool can_be_mended(Schema const& schema, Schema const& old, Breaks breaks) {
    auto const left = [&](Schema const& one) {
        return breaks == Breaks::new_readers ? *one.differences(old, Policy::strict)
                                             : *old.differences(one, Policy::strict);
    };
    auto const differences = left(schema);
    if (differences.empty()) return true;
    for (auto const& difference : differences)
        for (auto const& mend : schema.mends(old, difference, breaks)) {
            EXPECT_TRUE(mend.words.ends_with('.')) << mend.words;
            auto const mended = parse_json_schema(mend.schema, {}, {});
            if (mended && left(**mended).size() < differences.size() &&
                can_be_mended(**mended, old, breaks))
                return true;
        }
    return false;
}

void expect(Step const& step) {
    SCOPED_TRACE(std::string(step.before) + "  ->  " + step.after);
    auto const before = must_parse(step.before);
    auto const after = must_parse(step.after);
    ASSERT_TRUE(before && after);
    std::vector<std::string> all;
    for (auto const& change : after->changes_from(*before))
        all.push_back(change.rule + " " + change.path);
    EXPECT_THAT(all, testing::UnorderedElementsAreArray(step.all));
    auto const strict = after->differences(*before, Policy::strict);
    auto const lenient = after->differences(*before, Policy::lenient);
    ASSERT_TRUE(strict && lenient);
    auto const* const verdict = strict->empty() ? "ok" : lenient->empty() ? "lenient" : "breaks";
    EXPECT_STREQ(verdict, step.verdict);
    for (auto const& difference : *strict) {
        EXPECT_FALSE(difference.description.empty() && difference.rule != "SCHEMA_ADDED");
        EXPECT_TRUE(difference.path.starts_with("#/"));
    }
    if (after->canonical().starts_with('{') && before->canonical().starts_with('{')) {
        EXPECT_TRUE(can_be_mended(*after, *before, Breaks::new_readers));
        EXPECT_TRUE(can_be_mended(*after, *before, Breaks::old_readers));
    }
}

TEST(JsonSchemaRules, AnnotationsMayChange) {
    expect({R"({"$id":"http://a/b"})", R"({"$id":"http://a/c"})", {"ID_CHANGED #/"}, "ok"});
    expect({R"({"title":"a"})", R"({"title":"b"})", {"TITLE_CHANGED #/"}, "ok"});
    expect({R"({"description":"a"})", R"({})", {"DESCRIPTION_CHANGED #/"}, "ok"});
    expect({R"({"default":1})", R"({"default":2})", {"DEFAULT_CHANGED #/"}, "ok"});
    expect({R"({"default":{"a":1,"b":2}})", R"({"default":{"b":2,"a":1}})", {}, "ok"});
}

TEST(JsonSchemaRules, TypesMayBecomeWider) {
    expect({R"({"type":"string"})", R"({"type":"number"})", {"TYPE_CHANGED #/"}, "breaks"});
    expect({R"({"type":"integer"})", R"({"type":"number"})", {"TYPE_EXTENDED #/"}, "ok"});
    expect({R"({"type":"number"})", R"({"type":"integer"})", {"TYPE_NARROWED #/"}, "breaks"});
    expect({R"({"type":"string"})", R"({})", {}, "ok"});
    expect({R"({"type":"string"})", "true", {}, "ok"});
    expect({"false", R"({"type":"string"})", {}, "ok"});
    expect({"true", R"({"type":"string"})", {"TYPE_CHANGED #/"}, "breaks"});
    expect({R"({"type":"string"})", "false", {"TYPE_CHANGED #/"}, "breaks"});
    expect({R"({"type":"string","connect.type":"bytes"})",
            R"({"type":"number","connect.type":"bytes"})",
            {},
            "ok"});
    expect(
        {R"({"type":"string"})", R"({"type":["string","null"]})", {"SUM_TYPE_EXTENDED #/"}, "ok"});
    expect(
        {R"({"type":["string","null"]})", R"({"type":"string"})", {"TYPE_CHANGED #/"}, "breaks"});
}

/// Each limit: added, removed, higher, lower.
void expect_limit(std::string const& keyword, std::string const& stem, bool upper) {
    auto const with = [&](int value) {
        return "{\"" + keyword + "\":" + std::to_string(value) + "}";
    };
    auto const type = [&] {
        if (keyword.ends_with("Length")) return R"({"type":"string"})";
        if (keyword.ends_with("Items")) return R"({"type":"array"})";
        if (keyword.ends_with("Properties")) return R"({"type":"object"})";
        return R"({"type":"number"})";
    }();
    auto const place = " #/" + keyword;
    expect({type, with(5).c_str(), {stem + "_ADDED" + place}, "breaks"});
    expect({with(5).c_str(), type, {stem + "_REMOVED" + place}, "ok"});
    expect(
        {with(5).c_str(), with(6).c_str(), {stem + "_INCREASED" + place}, upper ? "ok" : "breaks"});
    expect(
        {with(6).c_str(), with(5).c_str(), {stem + "_DECREASED" + place}, upper ? "breaks" : "ok"});
    expect({("{\"" + keyword + "\":5.0}").c_str(), with(5).c_str(), {}, "ok"});
}

TEST(JsonSchemaRules, LimitsMayBeLoosened) {
    expect_limit("maxLength", "MAX_LENGTH", true);
    expect_limit("minLength", "MIN_LENGTH", false);
    expect_limit("maximum", "MAXIMUM", true);
    expect_limit("minimum", "MINIMUM", false);
    expect_limit("exclusiveMaximum", "EXCLUSIVE_MAXIMUM", true);
    expect_limit("exclusiveMinimum", "EXCLUSIVE_MINIMUM", false);
    expect_limit("maxProperties", "MAX_PROPERTIES", true);
    expect_limit("minProperties", "MIN_PROPERTIES", false);
    expect_limit("maxItems", "MAX_ITEMS", true);
    expect_limit("minItems", "MIN_ITEMS", false);
}

TEST(JsonSchemaRules, LimitsAreComparedDigitByDigit) {
    expect({R"({"maximum":12345678901234567890})",
            R"({"maximum":12345678901234567891})",
            {"MAXIMUM_INCREASED #/maximum"},
            "ok"});
    expect({R"({"maximum":1e2})", R"({"maximum":100.0})", {}, "ok"});
}

TEST(JsonSchemaRules, PatternsMayBeRemoved) {
    expect({R"({"type":"string"})", R"({"pattern":"a"})", {"PATTERN_ADDED #/pattern"}, "breaks"});
    expect({R"({"pattern":"a"})", R"({"type":"string"})", {"PATTERN_REMOVED #/pattern"}, "ok"});
    expect({R"({"pattern":"a"})", R"({"pattern":"b"})", {"PATTERN_CHANGED #/pattern"}, "breaks"});
}

TEST(JsonSchemaRules, MultiplesMayBecomeFiner) {
    auto const* const place = " #/multipleOf";
    auto const of = [&](char const* rule) { return std::string(rule) + place; };
    expect({R"({"type":"number"})", R"({"multipleOf":2})", {of("MULTIPLE_OF_ADDED")}, "breaks"});
    expect({R"({"multipleOf":2})", R"({"type":"number"})", {of("MULTIPLE_OF_REMOVED")}, "ok"});
    expect(
        {R"({"multipleOf":0.1})", R"({"multipleOf":0.3})", {of("MULTIPLE_OF_EXPANDED")}, "breaks"});
    expect({R"({"multipleOf":0.3})", R"({"multipleOf":0.1})", {of("MULTIPLE_OF_REDUCED")}, "ok"});
    expect({R"({"multipleOf":2})", R"({"multipleOf":3})", {of("MULTIPLE_OF_CHANGED")}, "breaks"});
    expect({R"({"multipleOf":0.5})", R"({"multipleOf":0.50})", {}, "ok"});
}

TEST(JsonSchemaRules, ValuesMayBeAddedToAnEnum) {
    expect({R"({"enum":["a"]})", R"({"enum":["b","a"]})", {"ENUM_ARRAY_EXTENDED #/enum"}, "ok"});
    expect(
        {R"({"enum":["a","b"]})", R"({"enum":["a"]})", {"ENUM_ARRAY_NARROWED #/enum"}, "breaks"});
    expect({R"({"enum":["a","b"]})",
            R"({"enum":["a","c"]})",
            {"ENUM_ARRAY_CHANGED #/enum"},
            "breaks"});
    expect({R"({"const":1})", R"({"const":2})", {"ENUM_ARRAY_CHANGED #/const"}, "breaks"});
    expect({R"({"type":"string","enum":["a","b"]})",
            R"({"type":"string","enum":["a"]})",
            {"COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"},
            "breaks"});
    expect({R"({"type":"string","enum":["a"]})",
            R"({"type":"string","enum":["a","b"]})",
            {"ENUM_ARRAY_EXTENDED #/allOf/1/enum"},
            "ok"});
}

TEST(JsonSchemaRules, WhatIsForbiddenMayBecomeLess) {
    expect({R"({"not":{"type":"number"}})",
            R"({"not":{"type":"integer"}})",
            {"NOT_TYPE_NARROWED #/not"},
            "ok"});
    expect({R"({"not":{"type":"integer"}})",
            R"({"not":{"type":"number"}})",
            {"NOT_TYPE_EXTENDED #/not"},
            "breaks"});
}

TEST(JsonSchemaRules, RequiredMayBecomeOptional) {
    auto const* const plain = R"({"properties":{"a":{"type":"string"}}})";
    auto const* const with_default =
        R"({"properties":{"a":{"type":"string","default":""}},"required":["a"]})";
    auto const* const required = R"({"properties":{"a":{"type":"string"}},"required":["a"]})";
    expect({required, plain, {"REQUIRED_ATTRIBUTE_REMOVED #/required/a"}, "ok"});
    expect({plain, required, {"REQUIRED_ATTRIBUTE_ADDED #/required/a"}, "breaks"});
    expect(
        {plain,
         with_default,
         {"REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED #/required/a", "DEFAULT_CHANGED #/properties/a"},
         "ok"});
}

TEST(JsonSchemaRules, PropertiesOfAnOpenModel) {
    auto const* const open = R"({"type":"object"})";
    std::string const place = " #/properties/a";
    expect({open,
            R"({"properties":{"a":{"type":"string"}},"required":["a"]})",
            {"REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL" + place},
            "breaks"});
    expect({open,
            R"({"properties":{"a":{"type":"string","default":""}},"required":["a"]})",
            {"REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL" + place},
            "lenient"});
    expect({open,
            R"({"properties":{"a":{"type":"string"}}})",
            {"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL" + place},
            "lenient"});
    for (auto const* any : {R"({"properties":{"a":{}}})", R"({"properties":{"a":true}})"})
        expect(
            {open, any, {"PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL" + place}, "ok"});
    expect({R"({"properties":{"a":{"type":"string"}}})",
            open,
            {"PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL" + place},
            "ok"});
}

TEST(JsonSchemaRules, PropertiesOfAClosedModel) {
    auto const* const closed = R"({"type":"object","additionalProperties":false})";
    std::string const place = " #/properties/a";
    expect({closed,
            R"({"properties":{"a":{"type":"string"}},"required":["a"],)"
            R"("additionalProperties":false})",
            {"REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL" + place},
            "breaks"});
    expect({closed,
            R"({"properties":{"a":{"default":1}},"additionalProperties":false,"required":["a"]})",
            {"REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL" + place},
            "ok"});
    expect({closed,
            R"({"properties":{"a":{"type":"string"}},"additionalProperties":false})",
            {"OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL" + place},
            "ok"});
    expect({R"({"properties":{"a":{}},"additionalProperties":false})",
            closed,
            {"PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL" + place},
            "lenient"});
    expect({R"({"properties":{"a":false},"additionalProperties":false})",
            closed,
            {"PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL" + place},
            "ok"});
}

TEST(JsonSchemaRules, PropertiesOfAPartiallyOpenModel) {
    std::string const place = " #/properties/a";
    auto const optional = "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL" + place;
    auto const* const strings = R"({"type":"object","additionalProperties":{"type":"string"}})";
    auto const* const by_pattern =
        R"({"type":"object","patternProperties":{"^a":{"type":"string"}},)"
        R"("additionalProperties":false})";
    expect({strings,
            R"({"properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}})",
            {"PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place, optional},
            "ok"});
    expect({strings,
            R"({"properties":{"a":{"type":"number"}},"additionalProperties":{"type":"string"}})",
            {"TYPE_CHANGED" + place,
             "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place, optional},
            "breaks"});
    expect({R"({"properties":{"a":{"type":"string"}},"additionalProperties":{"type":"string"}})",
            strings,
            {"PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place},
            "ok"});
    expect({R"({"properties":{"a":{"type":"number"}},"additionalProperties":{"type":"string"}})",
            strings,
            {"TYPE_CHANGED" + place,
             "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place},
            "breaks"});
    // Patterns may match anywhere in the name.
    expect({by_pattern,
            R"({"properties":{"a":{"type":"string"}},"patternProperties":{"^a":{"type":"string"}},)"
            R"("additionalProperties":false})",
            {"PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place, optional},
            "ok"});
    expect({by_pattern,
            R"({"properties":{"b":{}},"patternProperties":{"^a":{"type":"string"}},)"
            R"("additionalProperties":false})",
            {"OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/b"},
            "ok"});
}

TEST(JsonSchemaRules, AdditionalProperties) {
    auto const* const open = R"({"type":"object"})";
    auto const* const closed = R"({"type":"object","additionalProperties":false})";
    auto const* const strings = R"({"type":"object","additionalProperties":{"type":"string"}})";
    auto const* const numbers = R"({"type":"object","additionalProperties":{"type":"number"}})";
    std::string const place = " #/additionalProperties";
    expect({closed, open, {"ADDITIONAL_PROPERTIES_ADDED" + place}, "ok"});
    expect({open, closed, {"ADDITIONAL_PROPERTIES_REMOVED" + place}, "lenient"});
    expect({open, strings, {"ADDITIONAL_PROPERTIES_NARROWED" + place}, "lenient"});
    expect({strings, open, {"ADDITIONAL_PROPERTIES_EXTENDED" + place}, "ok"});
    expect({strings, numbers, {"TYPE_CHANGED" + place}, "breaks"});
}

TEST(JsonSchemaRules, Dependencies) {
    auto const with = [](char const* dependencies) {
        return std::string(R"({"type":"object","dependencies":{)") + dependencies + "}}";
    };
    std::string const place = " #/dependencies/a";
    auto const none = with("");
    auto const b = with(R"("a":["b"])");
    auto const bc = with(R"("a":["b","c"])");
    auto const d = with(R"("a":["d"])");
    auto const schema = with(R"("a":{"type":"object"})");
    auto const other = with(R"("a":{"type":"string"})");
    expect({none.c_str(), b.c_str(), {"DEPENDENCY_ARRAY_ADDED" + place}, "breaks"});
    expect({b.c_str(), none.c_str(), {"DEPENDENCY_ARRAY_REMOVED" + place}, "ok"});
    expect({b.c_str(), bc.c_str(), {"DEPENDENCY_ARRAY_EXTENDED" + place}, "breaks"});
    expect({bc.c_str(), b.c_str(), {"DEPENDENCY_ARRAY_NARROWED" + place}, "ok"});
    expect({b.c_str(), d.c_str(), {"DEPENDENCY_ARRAY_CHANGED" + place}, "breaks"});
    expect({none.c_str(), schema.c_str(), {"DEPENDENCY_SCHEMA_ADDED" + place}, "breaks"});
    expect({schema.c_str(), none.c_str(), {"DEPENDENCY_SCHEMA_REMOVED" + place}, "ok"});
    expect({schema.c_str(), other.c_str(), {"TYPE_CHANGED" + place}, "breaks"});
}

TEST(JsonSchemaRules, UnevaluatedProperties) {
    auto const open = in_2020(R"("type":"object")");
    auto const any = in_2020(R"("type":"object","unevaluatedProperties":true)");
    auto const closed = in_2020(R"("type":"object","unevaluatedProperties":false)");
    auto const strings = in_2020(R"("type":"object","unevaluatedProperties":{"type":"string"})");
    std::string const place = " #/unevaluatedProperties";
    expect({closed.c_str(), open.c_str(), {"UNEVALUATED_PROPERTIES_ADDED" + place}, "ok"});
    expect({closed.c_str(), strings.c_str(), {"UNEVALUATED_PROPERTIES_ADDED" + place}, "ok"});
    expect({open.c_str(), closed.c_str(), {"UNEVALUATED_PROPERTIES_REMOVED" + place}, "lenient"});
    expect({any.c_str(), strings.c_str(), {"UNEVALUATED_PROPERTIES_NARROWED" + place}, "lenient"});
    expect({strings.c_str(), any.c_str(), {"UNEVALUATED_PROPERTIES_EXTENDED" + place}, "ok"});
}

TEST(JsonSchemaRules, ItemsOfAnArray) {
    auto const* const any = R"({"type":"array"})";
    auto const* const strings = R"({"type":"array","items":{"type":"string"}})";
    expect({any, strings, {"SCHEMA_ADDED #/items"}, "breaks"});
    expect({strings, any, {"SCHEMA_REMOVED #/items"}, "ok"});
    expect({R"({"type":"array"})",
            R"({"type":"array","uniqueItems":true})",
            {"UNIQUE_ITEMS_ADDED #/uniqueItems"},
            "breaks"});
    expect({R"({"type":"array","uniqueItems":true})",
            any,
            {"UNIQUE_ITEMS_REMOVED #/uniqueItems"},
            "ok"});
}

TEST(JsonSchemaRules, ItemsOfATuple) {
    auto const tuple = [](char const* items, char const* rest) {
        return std::string(R"({"type":"array","items":[)") + items + "]" + rest + "}";
    };
    auto const* const s = R"({"type":"string"})";
    auto const* const sn = R"({"type":"string"},{"type":"number"})";
    auto const* const closed = R"(,"additionalItems":false)";
    auto const* const strings = R"(,"additionalItems":{"type":"string"})";
    std::string const place = " #/items/1";
    expect({tuple(s, "").c_str(),
            tuple(sn, "").c_str(),
            {"ITEM_ADDED_TO_OPEN_CONTENT_MODEL" + place},
            "breaks"});
    expect({tuple(s, "").c_str(),
            tuple(R"({"type":"string"},{})", "").c_str(),
            {"ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL" + place},
            "ok"});
    expect({tuple(sn, "").c_str(),
            tuple(s, "").c_str(),
            {"ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL" + place},
            "ok"});
    expect({tuple(s, closed).c_str(),
            tuple(sn, closed).c_str(),
            {"ITEM_ADDED_TO_CLOSED_CONTENT_MODEL" + place},
            "ok"});
    expect({tuple(sn, closed).c_str(),
            tuple(s, closed).c_str(),
            {"ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL" + place},
            "breaks"});
    expect({tuple(R"({"type":"string"},false)", closed).c_str(),
            tuple(s, closed).c_str(),
            {"ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL" + place},
            "ok"});
    expect({tuple(s, strings).c_str(),
            tuple(R"({"type":"string"},{"type":"string"})", strings).c_str(),
            {"ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place},
            "ok"});
    expect(
        {tuple(s, strings).c_str(),
         tuple(sn, strings).c_str(),
         {"TYPE_CHANGED" + place, "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place},
         "breaks"});
    expect({tuple(R"({"type":"string"},{"type":"string"})", strings).c_str(),
            tuple(s, strings).c_str(),
            {"ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place},
            "ok"});
    expect({tuple(sn, strings).c_str(),
            tuple(s, strings).c_str(),
            {"TYPE_CHANGED" + place,
             "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL" + place},
            "breaks"});
    std::string const rest = " #/additionalItems";
    expect(
        {tuple(s, closed).c_str(), tuple(s, "").c_str(), {"ADDITIONAL_ITEMS_ADDED" + rest}, "ok"});
    expect({tuple(s, "").c_str(),
            tuple(s, closed).c_str(),
            {"ADDITIONAL_ITEMS_REMOVED" + rest},
            "breaks"});
    expect({tuple(s, "").c_str(),
            tuple(s, strings).c_str(),
            {"ADDITIONAL_ITEMS_NARROWED" + rest},
            "breaks"});
    expect({tuple(s, strings).c_str(),
            tuple(s, "").c_str(),
            {"ADDITIONAL_ITEMS_EXTENDED" + rest},
            "ok"});
}

TEST(JsonSchemaRules, ItemsIn2020) {
    auto const closed =
        in_2020(R"("type":"array","prefixItems":[{"type":"string"}],"items":false)");
    auto const open = in_2020(R"("type":"array","prefixItems":[{"type":"string"}])");
    expect({closed.c_str(), open.c_str(), {"ADDITIONAL_ITEMS_ADDED #/additionalItems"}, "ok"});
    auto const array = in_2020(R"("type":"array")");
    auto const none = in_2020(R"("type":"array","unevaluatedItems":false)");
    auto const some = in_2020(R"("type":"array","unevaluatedItems":{"type":"string"})");
    auto const any = in_2020(R"("type":"array","unevaluatedItems":true)");
    std::string const place = " #/unevaluatedItems";
    expect({none.c_str(), array.c_str(), {"UNEVALUATED_ITEMS_ADDED" + place}, "ok"});
    expect({array.c_str(), none.c_str(), {"UNEVALUATED_ITEMS_REMOVED" + place}, "breaks"});
    expect({any.c_str(), some.c_str(), {"UNEVALUATED_ITEMS_NARROWED" + place}, "breaks"});
    expect({some.c_str(), any.c_str(), {"UNEVALUATED_ITEMS_EXTENDED" + place}, "ok"});
    auto const contains = [](char const* limits) {
        return in_2020(std::string(R"("contains":{"type":"string"})") + limits);
    };
    auto const one = contains("");
    auto const two = contains(R"(,"minContains":2)");
    auto const most = contains(R"(,"maxContains":5)");
    auto const more = contains(R"(,"maxContains":6)");
    expect({array.c_str(),
            in_2020(R"("type":"array","contains":{})").c_str(),
            {"MIN_CONTAINS_ADDED #/minContains"},
            "breaks"});
    expect({in_2020(R"("type":"array","contains":{})").c_str(),
            array.c_str(),
            {"MIN_CONTAINS_REMOVED #/minContains"},
            "ok"});
    expect({one.c_str(), two.c_str(), {"MIN_CONTAINS_INCREASED #/minContains"}, "breaks"});
    expect({two.c_str(), one.c_str(), {"MIN_CONTAINS_DECREASED #/minContains"}, "ok"});
    expect({one.c_str(), most.c_str(), {"MAX_CONTAINS_ADDED #/maxContains"}, "breaks"});
    expect({most.c_str(), one.c_str(), {"MAX_CONTAINS_REMOVED #/maxContains"}, "ok"});
    expect({most.c_str(), more.c_str(), {"MAX_CONTAINS_INCREASED #/maxContains"}, "ok"});
    expect({more.c_str(), most.c_str(), {"MAX_CONTAINS_DECREASED #/maxContains"}, "breaks"});
}

TEST(JsonSchemaRules, CombinedSchemas) {
    auto const of = [](char const* keyword, char const* schemas) {
        return std::string("{\"") + keyword + "\":[" + schemas + "]}";
    };
    auto const* const s = R"({"type":"string"})";
    auto const* const sn = R"({"type":"string"},{"type":"number"})";
    auto const* const sb = R"({"type":"string"},{"type":"boolean"})";
    expect({of("oneOf", sn).c_str(), of("anyOf", sn).c_str(), {"COMBINED_TYPE_EXTENDED #/"}, "ok"});
    expect(
        {of("anyOf", sn).c_str(), of("oneOf", sn).c_str(), {"COMBINED_TYPE_CHANGED #/"}, "breaks"});
    expect({of("allOf", s).c_str(), of("oneOf", s).c_str(), {"COMBINED_TYPE_EXTENDED #/"}, "ok"});
    expect({of("allOf", s).c_str(),
            of("oneOf", sn).c_str(),
            {"COMBINED_TYPE_EXTENDED #/", "SUM_TYPE_EXTENDED #/"},
            "ok"});
    expect({of("allOf", sn).c_str(),
            of("oneOf", s).c_str(),
            {"COMBINED_TYPE_EXTENDED #/", "PRODUCT_TYPE_NARROWED #/"},
            "ok"});
    expect({of("oneOf", s).c_str(), of("oneOf", sn).c_str(), {"SUM_TYPE_EXTENDED #/"}, "ok"});
    expect({of("oneOf", sn).c_str(), of("oneOf", s).c_str(), {"SUM_TYPE_NARROWED #/"}, "breaks"});
    expect(
        {of("allOf", s).c_str(), of("allOf", sn).c_str(), {"PRODUCT_TYPE_EXTENDED #/"}, "breaks"});
    expect({of("allOf", sn).c_str(), of("allOf", s).c_str(), {"PRODUCT_TYPE_NARROWED #/"}, "ok"});
    expect({of("oneOf", sn).c_str(),
            of("oneOf", sb).c_str(),
            {"COMBINED_TYPE_SUBSCHEMAS_CHANGED #/"},
            "breaks"});
    expect({of("oneOf", s).c_str(), s, {}, "ok"});
    expect({s, of("anyOf", sn).c_str(), {"SUM_TYPE_EXTENDED #/"}, "ok"});
    expect({of("allOf", sn).c_str(), s, {"PRODUCT_TYPE_NARROWED #/"}, "ok"});
    expect({s, of("allOf", sn).c_str(), {"TYPE_CHANGED #/"}, "breaks"});
}

TEST(JsonSchemaRules, SaysItInTheWordsOfConfluentsRegistry) {
    auto const before = must_parse(R"({"properties":{"a":{"type":"string"}}})");
    auto const after = must_parse(R"({"properties":{"a":{"type":"string","maxLength":3}}})");
    auto const differences = after->differences(*before, Policy::strict);
    ASSERT_TRUE(differences);
    ASSERT_EQ(differences->size(), 1u);
    auto const& it = differences->front();
    EXPECT_EQ(it.rule, "MAX_LENGTH_ADDED");
    EXPECT_EQ(it.path, "#/properties/a/maxLength");
    EXPECT_EQ(worded(it.description, "new", "old"),
              "The keyword at path '#/properties/a/maxLength' in the new schema is not present in "
              "the old schema");
    EXPECT_EQ(it.before, "");
    EXPECT_EQ(it.after, "3");
}

TEST(JsonSchemaRules, DifferencesComeInTheOrderOfConfluentsRegistry) {
    auto const of = [](char const* value) {
        std::string text = R"({"properties":{)";
        for (auto const* name : {"amount", "name", "id", "zip", "größe", "😀", "customerAddress"})
            text += json::quote(name) + ":" + value + ",";
        text.back() = '}';
        return must_parse(text + "}");
    };
    auto const differences = of("false")->differences(*of("{}"), Policy::strict);
    ASSERT_TRUE(differences);
    std::vector<std::string> names;
    for (auto const& each : *differences) names.push_back(each.path.substr(13));
    // As Java prints the HashSet of these.
    EXPECT_THAT(names, testing::ElementsAre("zip", "customerAddress", "amount", "größe", "name",
                                            "😀", "id"));
}

}  // namespace
}  // namespace klamm::schema
