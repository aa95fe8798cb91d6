// What the registry stores: texts in, texts out.
#include "klamm/schema/avro/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::schema::avro {
namespace {

std::string canonical(std::string_view text, bool strict = true) {
    auto const schema = parse(schema::Type::avro, text, {}, {.strict = strict});
    return schema ? (*schema)->canonical() : "error: " + schema.error().why;
}

std::string normalized(std::string_view text) {
    auto const schema = parse(schema::Type::avro, text, {});
    return schema ? (*schema)->normalized() : "error: " + schema.error().why;
}

struct Case {
    std::string_view what, text, canonical;
};

TEST(AvroCanonical, IsWhatJavaPrints) {
    Case const cases[]{
        {"a bare name", R"("string")", R"("string")"},
        {"a primitive as an object", R"({"type":"string"})", R"("string")"},
        {"a primitive with a property", R"({"avro.java.string":"String","type":"string"})",
         R"({"type":"string","avro.java.string":"String"})"},
        {"the order of keys in a record",
         R"({"fields":[{"type":"int","name":"a","order":"ignore","aliases":["z"],"x":1,
             "default":1,"doc":"d"}],"aliases":["q.S"],"p":true,"doc":"r","namespace":"n",
             "name":"R","type":"record"})",
         R"({"type":"record","name":"R","namespace":"n","doc":"r","fields":[{"name":"a",)"
         R"("type":"int","doc":"d","default":1,"order":"ignore","aliases":["z"],"x":1}],)"
         R"("p":true,"aliases":["q.S"]})"},
        {"a namespace only where it differs",
         R"({"type":"record","name":"a.b.R","fields":[
             {"name":"x","type":{"type":"fixed","name":"a.b.F","size":2}},
             {"name":"y","type":{"type":"fixed","name":"c.F","size":2}}]})",
         R"({"type":"record","name":"R","namespace":"a.b","fields":[{"name":"x","type":)"
         R"({"type":"fixed","name":"F","size":2}},{"name":"y","type":{"type":"fixed",)"
         R"("name":"F","namespace":"c","size":2}}]})"},
        {"no namespace inside one",
         R"({"type":"record","name":"a.R","fields":[
             {"name":"x","type":{"type":"fixed","name":"F","namespace":"","size":2}},
             {"name":"y","type":"F"}]})",
         R"({"type":"record","name":"R","namespace":"a","fields":[{"name":"x","type":)"
         R"({"type":"fixed","name":"F","namespace":"","size":2}},{"name":"y","type":"F"}]})"},
        {"the second use by name",
         R"({"type":"record","name":"a.R","fields":[
             {"name":"x","type":{"type":"enum","name":"E","symbols":["A"]}},
             {"name":"y","type":{"type":"array","items":"a.E"}}]})",
         R"({"type":"record","name":"R","namespace":"a","fields":[{"name":"x","type":)"
         R"({"type":"enum","name":"E","symbols":["A"]}},{"name":"y","type":{"type":"array",)"
         R"("items":"E"}}]})"},
        {"a name that is a kind keeps its namespace",
         R"({"type":"record","name":"a.R","fields":[
             {"name":"x","type":{"type":"enum","name":"map","symbols":["A"]}},
             {"name":"y","type":"a.map"}]})",
         R"({"type":"record","name":"R","namespace":"a","fields":[{"name":"x","type":)"
         R"({"type":"enum","name":"map","symbols":["A"]}},{"name":"y","type":"a.map"}]})"},
        {"a name used before it is declared is declared where it is used first",
         R"({"type":"record","name":"R","fields":[{"name":"x","type":"F"},
             {"name":"y","type":{"type":"fixed","name":"F","size":2}}]})",
         R"({"type":"record","name":"R","fields":[{"name":"x","type":)"
         R"({"type":"fixed","name":"F","size":2}},{"name":"y","type":"F"}]})"},
        {"recursion",
         R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]})",
         R"({"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]}]})"},
        {"a null default is a default",
         R"({"type":"record","name":"R","fields":[
             {"name":"x","type":["null","int"],"default":null},{"name":"y","type":"null"}]})",
         R"({"type":"record","name":"R","fields":[{"name":"x","type":["null","int"],)"
         R"("default":null},{"name":"y","type":"null"}]})"},
        {"numbers as Java writes them",
         R"({"type":"double","a":1.0,"b":1e3,"c":0.10,"d":1e10,"e":123456789012345678901,
             "f":1.5E-7,"g":-0,"h":-0.0,"i":0.001,"j":12345678.9})",
         R"({"type":"double","a":1.0,"b":1000.0,"c":0.1,"d":1.0E10,"e":123456789012345678901,)"
         R"("f":1.5E-7,"g":0,"h":-0.0,"i":0.001,"j":1.23456789E7})"},
        {"text where a number belongs",
         R"({"type":"record","name":"R","fields":[
             {"name":"x","type":"float","default":"1.50"},
             {"name":"y","type":"double","default":"NaN"}]})",
         R"({"type":"record","name":"R","fields":[{"name":"x","type":"float","default":1.5},)"
         R"({"name":"y","type":"double","default":"NaN"}]})"},
        {"escapes become characters, but for control characters",
         R"({"type":"string","doc":"ignored","p":"\u00e9\u0001\t\/\u007f"})",
         "{\"type\":\"string\",\"p\":\"é\\u0001\\t/\x7f\"}"},
        {"an enum's default and properties",
         R"({"type":"enum","name":"E","default":"B","symbols":["A","B"],"aliases":["D"],"p":[1]})",
         R"({"type":"enum","name":"E","symbols":["A","B"],"default":"B","p":[1],"aliases":["D"]})"},
        {"an error is a record", R"({"type":"error","name":"E","fields":[]})",
         R"({"type":"error","name":"E","fields":[]})"},
        {"comments are left out",
         "// first\n{\"type\":/* a \"map\" */\"map\",\"values\":\"int\",\"p\":\"// kept\"}",
         R"({"type":"map","values":"int","p":"// kept"})"},
    };
    for (auto const& [what, text, expected] : cases) {
        EXPECT_EQ(canonical(text), expected) << what;
        EXPECT_EQ(canonical(expected), expected) << what << ", again";
    }
}

TEST(AvroCanonical, NormalizedIsSorted) {
    EXPECT_EQ(normalized(R"({"type":"bytes","z":1,"scale":2,"a":{"y":1,"x":2},
                             "precision":4,"logicalType":"decimal"})"),
              R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2,)"
              R"("a":{"x":2,"y":1},"z":1})");
    EXPECT_EQ(normalized(R"({"type":"bytes","scale":9,"precision":4,"logicalType":"decimal"})"),
              R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":9})");
    EXPECT_EQ(normalized(R"({"type":"string","z":1,"logicalType":"date","a":2})"),
              R"({"type":"string","a":2,"logicalType":"date","z":1})");
    EXPECT_EQ(
        normalized(R"({"type":"record","name":"n.R","doc":"","aliases":["b.Z","A"],"fields":[
                  {"name":"x","type":"double","default":1,"aliases":["c","b"],"doc":""},
                  {"name":"y","type":["null","float"],"default":1.1,"order":"ascending"}]})"),
        R"({"type":"record","name":"R","namespace":"n","fields":[{"name":"x","type":"double",)"
        R"("doc":"","default":1.0,"aliases":["b","c"]},{"name":"y","type":["null","float"],)"
        R"("default":1.1}],"aliases":["b.Z","A"]})");
}

TEST(AvroCanonical, ReferencesStayNamesUnlessResolved) {
    std::vector<Reference> const references{
        {.name = "c.Inner", .text = R"({"type":"fixed","name":"c.Inner","size":1})"},
        {.name = "c.Outer",
         .text = R"({"type":"record","name":"c.Outer","fields":[{"name":"i","type":"Inner"}]})"}};
    auto const schema = parse(schema::Type::avro,
                              R"({"type":"record","name":"a.R","fields":[
                                  {"name":"o","type":"c.Outer"},{"name":"i","type":"c.Inner"}]})",
                              references);
    ASSERT_TRUE(schema) << schema.error().why;
    EXPECT_EQ((*schema)->canonical(),
              R"({"type":"record","name":"R","namespace":"a","fields":[{"name":"o","type":)"
              R"("c.Outer"},{"name":"i","type":"c.Inner"}]})");
    auto const resolved = (*schema)->formatted("resolved");
    EXPECT_EQ(resolved,
              R"({"type":"record","name":"R","namespace":"a","fields":[{"name":"o","type":)"
              R"({"type":"record","name":"Outer","namespace":"c","fields":[{"name":"i","type":)"
              R"({"type":"fixed","name":"Inner","size":1}}]}},{"name":"i","type":"c.Inner"}]})");
    auto const inlined = parse(schema::Type::avro, resolved, {});
    ASSERT_TRUE(inlined);
    EXPECT_TRUE((*schema)->equivalent(**inlined));
    auto twice = references;
    twice.insert(twice.end(), references.begin(), references.end());
    EXPECT_TRUE(parse(schema::Type::avro, (*schema)->canonical(), twice));
    EXPECT_EQ((*schema)->record_name(), "a.R");
    EXPECT_EQ((*schema)->top_level_fields(), (std::vector<std::string>{"o", "i"}));
}

TEST(AvroCanonical, EquivalentMeansEqualButForTheOrderOfSets) {
    auto const same = [](std::string_view left, std::string_view right) {
        return (*parse(schema::Type::avro, left, {}))
            ->equivalent(**parse(schema::Type::avro, right, {}));
    };
    EXPECT_TRUE(same(R"({"type":"string","a":1,"b":2})", R"({"type":"string","b":2,"a":1})"));
    EXPECT_FALSE(same(R"({"type":"string","a":1})", R"({"type":"string","a":1.0})"));
    EXPECT_TRUE(same(R"({"type":"fixed","name":"F","size":1,"aliases":["A","B"]})",
                     R"({"type":"fixed","name":"F","size":1,"aliases":["B","A"]})"));
    EXPECT_FALSE(same(R"({"type":"fixed","name":"F","size":1,"doc":"d"})",
                      R"({"type":"fixed","name":"F","size":1})"));
    EXPECT_FALSE(same(R"({"type":"fixed","name":"a.F","size":1})",
                      R"({"type":"fixed","name":"b.F","size":1})"));
    EXPECT_TRUE(
        same(R"({"type":"record","name":"L","fields":[{"name":"n","type":["null","L"]}]})",
             R"({"type":"record","name":"L","fields":[{"type":["null","L"],"name":"n"}]})"));
}

struct Refused {
    std::string_view text, why;
    bool lenient_too = true;
};

TEST(AvroCanonical, WhatIsNoSchemaIsRefusedWithItsPlace) {
    Refused const cases[]{
        {"", "the schema is no JSON"},
        {"{}", "no \"type\""},
        {"1", "a type is a name"},
        {R"("Foo")", "the type \"Foo\" is not declared"},
        {R"({"type":{"type":"int"}})", "no \"type\", or one that is no text"},
        {R"({"type":"record","fields":[]})", "a type without a \"name\""},
        {R"({"type":"record","name":"R"})", "has no array \"fields\""},
        {R"({"type":"record","name":"1R","fields":[]})", "\"1R\" is no name"},
        {R"({"type":"record","name":"R-S","fields":[]})", "\"R-S\" is no name"},
        {R"({"type":"record","name":"é","fields":[]})", "is no name", false},
        {R"({"type":"record","name":"a-b.R","fields":[]})", "\"a-b\" is no namespace", false},
        {R"({"type":"record","name":"a..R","fields":[]})", "\"a.\" is no namespace", false},
        {R"({"type":"record","name":"string","fields":[]})", "no type may be named \"string\""},
        {R"({"type":"record","name":"R","fields":[{"name":"a"}]})",
         "the field \"a\" has no \"type\" (at /fields/0)"},
        {R"({"type":"record","name":"R","fields":[{"type":"int"}]})", "a field without a \"name\""},
        {R"({"type":"record","name":"R","fields":[{"name":"$a","type":"int"}]})",
         "\"$a\" is no name for a field"},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"},
             {"name":"a","type":"int"}]})",
         "two fields named \"a\" (at /fields/1)"},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","order":"up"}]})",
         "\"order\" is ascending"},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","aliases":"b"}]})",
         "\"aliases\" is no array"},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","default":"x"}]})",
         "the default \"x\" of the field \"a\" is no int (at /fields/0)", false},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","default":1.0}]})",
         "is no int", false},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int",
             "default":2147483648}]})",
         "is no int", false},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","default":null}]})",
         "is no int", false},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":["null","int"],
             "default":"x"}]})",
         "is no [\"null\",\"int\"]", false},
        {R"({"type":"record","name":"R","fields":[{"name":"a","default":{},"type":
             {"type":"record","name":"S","fields":[{"name":"b","type":"int"}]}}]})",
         "the default {} of the field \"a\" is no S", false},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":"float","default":"x"}]})",
         "the default \"x\" is no number"},
        {R"({"type":"enum","name":"E"})", "no array \"symbols\""},
        {R"({"type":"enum","name":"E","symbols":["A","A"]})", "has the symbol \"A\" twice"},
        {R"({"type":"enum","name":"E","symbols":["A-B"]})", "is no symbol"},
        {R"({"type":"enum","name":"E","symbols":["A"],"default":"B"})",
         "the default \"B\" is no symbol"},
        {R"({"type":"fixed","name":"F"})", "has no \"size\""},
        {R"({"type":"fixed","name":"F","size":-1})", "has no \"size\""},
        {R"({"type":"fixed","name":"F","size":"1"})", "has no \"size\""},
        {R"({"type":"array"})", "an array without \"items\""},
        {R"({"type":"map"})", "a map without \"values\""},
        {R"(["int",["string"]])", "a union directly inside a union (at /1)"},
        {R"(["int","string","int"])", "the union has \"int\" twice (at /2)"},
        {R"([{"type":"array","items":"int"},{"type":"array","items":"long"}])",
         "the union has \"array\" twice"},
        {R"([{"type":"record","name":"R","fields":[]},{"type":"record","name":"R","fields":[]}])",
         "the type \"R\" is declared twice"},
        {R"("int" "long")", "the schema is no JSON"},
    };
    for (auto const& [text, why, lenient_too] : cases) {
        EXPECT_THAT(canonical(text), testing::HasSubstr(why)) << text;
        if (lenient_too) {
            EXPECT_THAT(canonical(text, false), testing::HasSubstr(why)) << text;
        } else {
            EXPECT_THAT(canonical(text, false), testing::Not(testing::StartsWith("error")));
        }
    }
}

TEST(AvroCanonical, WhatFitsIsTaken) {
    for (auto const* field : {
             R"({"name":"a","type":["int","null"],"default":null})",
             R"({"name":"a","type":"long","default":9223372036854775807})",
             R"({"name":"a","type":"bytes","default":"\u00ff"})",
             R"({"name":"a","type":{"type":"map","values":["null","int"]},"default":{"k":1}})",
             R"({"name":"a","type":{"type":"array","items":"R"},"default":[]})",
             R"({"name":"a","default":{},"type":{"type":"record","name":"S","fields":[
                 {"name":"b","type":"int","default":1}]}})",
         }) {
        auto const text = std::string(R"({"type":"record","name":"R","fields":[)") + field + "]}";
        EXPECT_THAT(canonical(text), testing::Not(testing::StartsWith("error"))) << field;
    }
}

TEST(AvroCanonical, SchemasBeyondTheLimitsAreRefused) {
    std::string deep;
    for (int i = 0; i < 1000; ++i) deep += R"({"type":"array","items":)";
    EXPECT_THAT(canonical(deep), testing::HasSubstr("levels"));

    // Each record is used before it is declared, so that all end up inside each other.
    std::string chain = "[";
    for (int i = 0; i < 1000; ++i)
        chain += R"({"type":"record","name":"R)" + std::to_string(i) +
                 R"(","fields":[{"name":"f","type":"R)" + std::to_string(i + 1) + R"("}]},)";
    chain += R"({"type":"record","name":"R1000","fields":[]}])";
    EXPECT_THAT(canonical(chain), testing::HasSubstr("more than 400 types inside each other"));

    std::string wide = "[";
    for (int i = 0; i < 100'001; ++i) wide += R"("int",)";
    EXPECT_THAT(canonical(wide + R"("null"])"), testing::HasSubstr("more than 100000 types"));
}

TEST(AvroFingerprint, IsThatOfTheSpecification) {
    auto const form = [](std::string_view text) {
        return parsing_form(*parse_model(text, {}, {}));
    };
    EXPECT_EQ(form(R"({"type":"string","p":1})"), R"("string")");
    EXPECT_EQ(form(R"({"type":"record","name":"R","namespace":"a","doc":"d","fields":[
                   {"name":"x","type":{"type":"fixed","name":"F","size":3},"default":"abc"},
                   {"name":"y","type":{"type":"map","values":"F"}}]})"),
              R"({"name":"a.R","type":"record","fields":[{"name":"x","type":{"name":"a.F",)"
              R"("type":"fixed","size":3}},{"name":"y","type":{"type":"map","values":"a.F"}}]})");
    EXPECT_EQ(rabin(R"("null")"), 7195948357588979594u);
    EXPECT_EQ(rabin(R"("string")"), 0x8f014872634503c7u);
    EXPECT_EQ(rabin(""), 0xc15d213aa4d7a795u);
}

}  // namespace
}  // namespace klamm::schema::avro
