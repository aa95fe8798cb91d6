// Whether a reader's schema reads what a writer's wrote: the rules of the specification's "Schema
// Resolution", as Avro's Java library answers them, case by case.
#include "klamm/schema/avro/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace klamm::schema::avro {
namespace {

Model model(std::string_view text) {
    auto parsed = parse_model(text, {}, {.strict = false});
    EXPECT_TRUE(parsed) << text << ": " << parsed.error().why;
    return parsed ? *std::move(parsed) : Model{.types = {Type{}}};
}

std::vector<std::string> findings(std::string_view reader, std::string_view writer) {
    auto const found = compare(model(reader), model(writer));
    if (!found) return {"error: " + found.error().why};
    std::vector<std::string> lines;
    for (auto const& finding : *found)
        lines.push_back(std::string(name_of(finding.rule)) + " " + finding.path + " " +
                        finding.message);
    return lines;
}

struct Case {
    std::string_view reader, writer;
    std::vector<std::string> findings;
};

constexpr std::string_view int_array = R"({"type":"array","items":"int"})";
constexpr std::string_view long_array = R"({"type":"array","items":"long"})";
constexpr std::string_view int_map = R"({"type":"map","values":"int"})";
constexpr std::string_view long_map = R"({"type":"map","values":"long"})";
constexpr std::string_view ab = R"({"type":"enum","name":"E","symbols":["A","B"]})";
constexpr std::string_view abc = R"({"type":"enum","name":"E","symbols":["A","B","C"]})";
constexpr std::string_view bc = R"({"type":"enum","name":"E","symbols":["B","C"]})";
constexpr std::string_view ab_default =
    R"({"type":"enum","name":"E","symbols":["A","B"],"default":"A"})";
constexpr std::string_view other_enum = R"({"type":"enum","name":"F","symbols":["A","B"]})";
constexpr std::string_view fixed4 = R"({"type":"fixed","name":"X","size":4})";
constexpr std::string_view fixed8 = R"({"type":"fixed","name":"X","size":8})";
constexpr std::string_view other_fixed = R"({"type":"fixed","name":"Y","size":4})";
constexpr std::string_view alias_fixed = R"({"type":"fixed","name":"Y","size":4,"aliases":["X"]})";
constexpr std::string_view space_fixed = R"({"type":"fixed","name":"n.X","size":4})";
constexpr std::string_view no_fields = R"({"type":"record","name":"R","fields":[]})";
constexpr std::string_view other_record = R"({"type":"record","name":"S","fields":[]})";
constexpr std::string_view space_record = R"({"type":"record","name":"n.R","fields":[]})";
constexpr std::string_view alias_record =
    R"({"type":"record","name":"S","aliases":["R"],"fields":[]})";
constexpr std::string_view space_alias_record =
    R"({"type":"record","name":"n.S","aliases":["R"],"fields":[]})";
constexpr std::string_view a_int =
    R"({"type":"record","name":"R","fields":[{"name":"a","type":"int"}]})";
constexpr std::string_view a_long =
    R"({"type":"record","name":"R","fields":[{"name":"a","type":"long"}]})";
constexpr std::string_view a_int_default =
    R"({"type":"record","name":"R","fields":[{"name":"a","type":"int","default":0}]})";
constexpr std::string_view a_null_default = R"({"type":"record","name":"R","fields":[
    {"name":"a","type":["null","int"],"default":null}]})";
constexpr std::string_view a_nullable =
    R"({"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]}]})";
constexpr std::string_view a_b = R"({"type":"record","name":"R","fields":[
    {"name":"a","type":"int"},{"name":"b","type":"int"}]})";
constexpr std::string_view b_a = R"({"type":"record","name":"R","fields":[
    {"name":"b","type":"int"},{"name":"a","type":"int"}]})";
constexpr std::string_view a_b_default = R"({"type":"record","name":"R","fields":[
    {"name":"a","type":"int"},{"name":"b","type":"int","default":0}]})";
constexpr std::string_view b_was_a = R"({"type":"record","name":"R","fields":[
    {"name":"b","type":"int","aliases":["a"]}]})";
constexpr std::string_view a_was_b = R"({"type":"record","name":"R","fields":[
    {"name":"a","type":"int","aliases":["b"]}]})";
constexpr std::string_view a_enum = R"({"type":"record","name":"R","fields":[{"name":"a","type":
    {"type":"enum","name":"E","symbols":["A"]}}]})";
constexpr std::string_view a_enum_default = R"({"type":"record","name":"R","fields":[
    {"name":"a","type":{"type":"enum","name":"E","symbols":["A"],"default":"A"}}]})";
constexpr std::string_view list_int = R"({"type":"record","name":"L","fields":[
    {"name":"head","type":"int"},{"name":"tail","type":["null","L"]}]})";
constexpr std::string_view list_long = R"({"type":"record","name":"L","fields":[
    {"name":"head","type":"long"},{"name":"tail","type":["null","L"]}]})";
constexpr std::string_view list_string = R"({"type":"record","name":"L","fields":[
    {"name":"head","type":"string"},{"name":"tail","type":["null","L"]}]})";
constexpr std::string_view nested_int = R"({"type":"record","name":"R","fields":[
    {"name":"s","type":{"type":"record","name":"S","fields":[{"name":"x","type":"int"}]}}]})";
constexpr std::string_view nested_more = R"({"type":"record","name":"R","fields":[
    {"name":"s","type":{"type":"record","name":"S","fields":[
        {"name":"x","type":"int"},{"name":"y","type":"int"}]}},
    {"name":"t","type":["null",{"type":"array","items":"S"}],"default":null}]})";

std::string mismatch(std::string_view reader, std::string_view writer,
                     std::string_view path = "/") {
    return "TYPE_MISMATCH " + std::string(path) + " reader type: " + std::string(reader) +
           " not compatible with writer type: " + std::string(writer);
}
std::string lacking(std::string_view type, std::string_view path = "/") {
    return "MISSING_UNION_BRANCH " + std::string(path) +
           " reader union lacking writer type: " + std::string(type);
}
std::string no_default(std::string_view field, std::string_view path) {
    return "READER_FIELD_MISSING_DEFAULT_VALUE " + std::string(path) + " " + std::string(field);
}

TEST(AvroCompatibility, EachRuleAnswersAsInJava) {
    std::vector<Case> const cases{
        // containers
        {int_array, int_array, {}},
        {long_array, int_array, {}},
        {int_array, long_array, {mismatch("INT", "LONG", "/items")}},
        {int_map, int_map, {}},
        {long_map, int_map, {}},
        {int_map, long_map, {mismatch("INT", "LONG", "/values")}},
        {int_array, int_map, {mismatch("ARRAY", "MAP")}},
        {int_map, int_array, {mismatch("MAP", "ARRAY")}},
        {int_array, "\"int\"", {mismatch("ARRAY", "INT")}},
        {"\"int\"", int_map, {mismatch("INT", "MAP")}},
        {R"({"type":"array","items":{"type":"map","values":"string"}})",
         R"({"type":"array","items":{"type":"map","values":"long"}})",
         {mismatch("STRING", "LONG", "/items/values")}},
        // enums
        {ab, ab, {}},
        {abc, ab, {}},
        {ab, abc, {"MISSING_ENUM_SYMBOLS /symbols [C]"}},
        {ab, bc, {"MISSING_ENUM_SYMBOLS /symbols [C]"}},
        {other_enum, bc, {"NAME_MISMATCH /name expected: E", "MISSING_ENUM_SYMBOLS /symbols [C]"}},
        {ab_default, abc, {}},
        {ab_default, bc, {}},
        {abc, ab_default, {}},
        {other_enum, ab, {"NAME_MISMATCH /name expected: E"}},
        {R"({"type":"enum","name":"F","symbols":["A","B"],"aliases":["E"]})", ab, {}},
        {R"({"type":"enum","name":"E","symbols":[]})",
         abc,
         {"MISSING_ENUM_SYMBOLS /symbols [A, B, C]"}},
        {"\"string\"", ab, {mismatch("STRING", "ENUM")}},
        {ab, "\"string\"", {mismatch("ENUM", "STRING")}},
        {ab, "\"int\"", {mismatch("ENUM", "INT")}},
        // fixed
        {fixed4, fixed4, {}},
        {fixed4, fixed8, {"FIXED_SIZE_MISMATCH /size expected: 8, found: 4"}},
        {fixed8, fixed4, {"FIXED_SIZE_MISMATCH /size expected: 4, found: 8"}},
        {other_fixed, fixed4, {"NAME_MISMATCH /name expected: X"}},
        {other_fixed,
         fixed8,
         {"NAME_MISMATCH /name expected: X", "FIXED_SIZE_MISMATCH /size expected: 8, found: 4"}},
        {alias_fixed, fixed4, {}},
        {fixed4, alias_fixed, {"NAME_MISMATCH /name expected: Y"}},
        {space_fixed, fixed4, {}},
        {other_fixed, space_fixed, {"NAME_MISMATCH /name expected: n.X"}},
        {"\"bytes\"", fixed4, {mismatch("BYTES", "FIXED")}},
        {fixed4, "\"bytes\"", {mismatch("FIXED", "BYTES")}},
        {fixed4, ab, {mismatch("FIXED", "ENUM")}},
        // names of records
        {no_fields, no_fields, {}},
        {space_record, no_fields, {}},
        {no_fields, space_record, {}},
        {other_record, no_fields, {"NAME_MISMATCH /name expected: R"}},
        {alias_record, no_fields, {}},
        {no_fields, alias_record, {"NAME_MISMATCH /name expected: S"}},
        {alias_record, space_record, {"NAME_MISMATCH /name expected: n.R"}},
        {space_alias_record, space_record, {}},
        {space_alias_record, no_fields, {"NAME_MISMATCH /name expected: R"}},
        {R"({"type":"error","name":"R","fields":[]})", no_fields, {}},
        {no_fields, "\"int\"", {mismatch("RECORD", "INT")}},
        {no_fields, int_map, {mismatch("RECORD", "MAP")}},
        // fields
        {a_int, a_int, {}},
        {no_fields, a_int, {}},
        {a_int, no_fields, {no_default("a", "/fields/0")}},
        {a_int_default, no_fields, {}},
        {a_null_default, no_fields, {}},
        {a_nullable, no_fields, {no_default("a", "/fields/0")}},
        {a_long, a_int, {}},
        {a_int, a_long, {mismatch("INT", "LONG", "/fields/0/type")}},
        {a_int_default, a_int, {}},
        {a_int, a_int_default, {}},
        {a_nullable, a_int, {}},
        {a_int, a_nullable, {mismatch("INT", "NULL", "/fields/0/type/0")}},
        {a_b, b_a, {}},
        {a_b, a_int, {no_default("b", "/fields/1")}},
        {b_a, a_int, {no_default("b", "/fields/0")}},
        {a_b_default, a_int, {}},
        {a_int, a_b, {}},
        {a_b, no_fields, {no_default("a", "/fields/0"), no_default("b", "/fields/1")}},
        {b_was_a, a_int, {}},
        {a_int, b_was_a, {no_default("a", "/fields/0")}},
        {b_was_a, a_long, {mismatch("INT", "LONG", "/fields/0/type")}},
        {a_was_b,
         a_b_default,
         {"error: the reader's field \"a\" and its aliases name more than one field of the "
          "writer's record \"R\""}},
        {a_enum, no_fields, {no_default("a", "/fields/0")}},
        {a_enum_default, no_fields, {mismatch("ENUM", "RECORD", "/fields/0/type")}},
        {nested_int, nested_more, {}},
        {nested_more, nested_int, {no_default("y", "/fields/0/type/fields/1")}},
        // unions
        {R"(["int"])", R"(["int"])", {}},
        {R"(["int","string"])", R"(["string","int"])", {}},
        {R"(["int","string"])", R"(["int"])", {}},
        {R"(["int"])", R"(["int","string"])", {lacking("STRING", "/1")}},
        {R"(["int"])",
         R"(["string","boolean"])",
         {lacking("STRING", "/0"), lacking("BOOLEAN", "/1")}},
        {R"(["long","bytes"])", R"(["int","string"])", {}},
        {R"(["float"])", R"(["int","long"])", {}},
        {R"(["null","int"])", "\"int\"", {}},
        {R"(["null","int"])", "\"null\"", {}},
        {R"(["null","long"])", "\"int\"", {}},
        {R"(["null","int"])", "\"long\"", {lacking("LONG")}},
        {R"(["null","int"])", "\"string\"", {lacking("STRING")}},
        {"\"int\"", R"(["int"])", {}},
        {"\"int\"", R"(["null","int"])", {mismatch("INT", "NULL", "/0")}},
        {"\"double\"", R"(["int","float","long"])", {}},
        {"\"int\"",
         R"(["string","long"])",
         {mismatch("INT", "STRING", "/0"), mismatch("INT", "LONG", "/1")}},
        {"\"int\"", "[]", {}},
        {"[]", "[]", {}},
        {"[]", "\"int\"", {lacking("INT")}},
        {"[]", R"(["int"])", {lacking("INT", "/0")}},
        {R"(["int"])", "[]", {}},
        {R"(["null",{"type":"enum","name":"E","symbols":["A"]}])", abc, {lacking("ENUM")}},
        {R"(["null",{"type":"record","name":"S","fields":[]}])", no_fields, {lacking("RECORD")}},
        {R"(["null",{"type":"record","name":"R","fields":[]}])", a_int, {}},
        {R"(["null",{"type":"record","name":"R","fields":[{"name":"x","type":"int"}]}])",
         a_int,
         {lacking("RECORD")}},
        {R"(["null",{"type":"array","items":"int"}])",
         R"(["null",{"type":"array","items":"long"}])",
         {lacking("ARRAY", "/1")}},
        {R"({"type":"record","name":"R","fields":[{"name":"a","type":["null","int"]}]})",
         R"({"type":"record","name":"R","fields":[{"name":"a","type":["null","string"]}]})",
         {lacking("STRING", "/fields/0/type/1")}},
        // recursion
        {list_int, list_int, {}},
        {list_long, list_int, {}},
        {list_int, list_long, {mismatch("INT", "LONG", "/fields/0/type")}},
        {list_string, list_int, {mismatch("STRING", "INT", "/fields/0/type")}},
        {R"({"type":"record","name":"A","fields":[{"name":"b","type":["null",{"type":"record",
             "name":"B","fields":[{"name":"a","type":["null","A"]}]}]}]})",
         R"({"type":"record","name":"A","fields":[{"name":"b","type":["null",{"type":"record",
            "name":"B","fields":[{"name":"a","type":["null","A"]},{"name":"c","type":"int"}]}]}]})",
         {}},
        // a type that is met again brings what was found, with its first place
        {R"({"type":"record","name":"R","fields":[
             {"name":"a","type":{"type":"fixed","name":"X","size":4}},{"name":"b","type":"X"}]})",
         R"({"type":"record","name":"R","fields":[
             {"name":"a","type":{"type":"fixed","name":"X","size":8}},{"name":"b","type":"X"}]})",
         {"FIXED_SIZE_MISMATCH /fields/0/type/size expected: 8, found: 4",
          "FIXED_SIZE_MISMATCH /fields/0/type/size expected: 8, found: 4"}},
        // what no reader looks at
        {R"({"type":"int","logicalType":"date"})", "\"int\"", {}},
        {R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})",
         R"({"type":"bytes","logicalType":"decimal","precision":9,"scale":3})",
         {}},
        {R"({"type":"record","name":"R","doc":"d","fields":[
             {"name":"a","type":"int","order":"ignore","doc":"e","p":1}]})",
         a_int,
         {}},
    };
    for (auto const& [reader, writer, expected] : cases)
        EXPECT_EQ(findings(reader, writer), expected) << reader << "\nreads\n" << writer;
    EXPECT_EQ(cases.size(), 111u);
}

TEST(AvroCompatibility, PrimitivesArePromotedAndNothingElse) {
    constexpr std::string_view kinds[]{"null",  "boolean", "int",   "long",
                                       "float", "double",  "bytes", "string"};
    std::set<std::pair<std::string_view, std::string_view>> const promoted{
        {"long", "int"},    {"float", "int"},    {"double", "int"},   {"float", "long"},
        {"double", "long"}, {"double", "float"}, {"string", "bytes"}, {"bytes", "string"}};
    for (auto const reader : kinds)
        for (auto const writer : kinds) {
            bool const reads = reader == writer || promoted.contains({reader, writer});
            auto const quoted = [](std::string_view kind) { return json::quote(kind); };
            EXPECT_EQ(findings(quoted(reader), quoted(writer)).empty(), reads)
                << reader << " reads " << writer;
        }
}

TEST(AvroCompatibility, DescriptionsAreTheRegistrys) {
    auto const said = [](std::string_view reader, std::string_view writer) {
        auto const new_schema = parse(schema::Type::avro, reader, {});
        auto const old_schema = parse(schema::Type::avro, writer, {});
        auto const differences = (*new_schema)->differences(**old_schema, Policy::strict);
        auto const& first = differences->front();
        return worded(first.description, "new", "old") + " | " + first.before + " | " + first.after;
    };
    EXPECT_EQ(said(a_b, a_int),
              "The field 'b' at path '/fields/1' in the new schema has no default value and is "
              "missing in the old schema |  | {\"name\":\"b\",\"type\":\"int\"}");
    EXPECT_EQ(said(fixed4, fixed8),
              "The size of FIXED type field at path '/size' in the new schema does not match with "
              "the old schema | 8 | 4");
    EXPECT_EQ(said(a_int, a_long),
              "The type (path '/fields/0/type') of a field in the new schema does not match with "
              "the old schema | long | int");
    EXPECT_EQ(said(other_record, no_fields),
              "The name of the schema has changed (path '/name') | R | S");
    EXPECT_EQ(said(ab, abc),
              "The new schema is missing enum symbols '[C]' at path '/symbols' in the old schema | "
              "[A, B, C] | [A, B]");
    EXPECT_EQ(said(R"(["int"])", R"(["int","string"])"),
              "The new schema is missing a type inside a union field at path '/1' in the old "
              "schema | string | [\"int\"]");
}

TEST(AvroCompatibility, HostileSchemasEndWithinTheBudget) {
    // Each record names the next one twice, so that what the last one lacks doubles on the way up.
    auto const doubling = [](std::string_view last) {
        std::string text = "[";
        for (int i = 0; i < 60; ++i)
            text += R"({"type":"record","name":"R)" + std::to_string(i) +
                    R"(","fields":[{"name":"a","type":"R)" + std::to_string(i + 1) +
                    R"("},{"name":"b","type":"R)" + std::to_string(i + 1) + R"("}]},)";
        return text + R"({"type":"record","name":"R60","fields":[{"name":"x","type":)" +
               std::string(last) + R"(}]}])";
    };
    auto const root = [&](std::string_view last) {
        return R"({"type":"record","name":"Top","fields":[{"name":"u","type":)" + doubling(last) +
               R"(},{"name":"r","type":"R0"}]})";
    };
    EXPECT_THAT(findings(root("\"int\""), root("\"string\"")),
                testing::ElementsAre(testing::HasSubstr("more than 10000 differences")));

    // Many names, aliases, symbols and defaults; each list is searched.
    std::string many = R"({"type":"record","name":"R","aliases":["x")";
    for (int i = 0; i < 20'000; ++i) many += ",\"a" + std::to_string(i) + "\"";
    many += R"(],"fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["S")";
    for (int i = 0; i < 20'000; ++i) many += ",\"s" + std::to_string(i) + "\"";
    many += "]}}";
    for (int i = 0; i < 20'000; ++i)
        many += R"(,{"name":"f)" + std::to_string(i) + R"(","type":"int","default":0})";
    many += "]}";
    EXPECT_THAT(findings(many, many), testing::IsEmpty());
    auto const schema = *parse(schema::Type::avro, many, {});
    EXPECT_THAT(schema->changes_from(*schema), testing::IsEmpty());
    EXPECT_TRUE(schema->equivalent(*schema));

    // Defaults that are checked by way of other defaults, twice on each level.
    std::string levels = R"({"type":"record","name":"D0","fields":[]})";
    for (int i = 1; i < 60; ++i) {
        auto const inner = "D" + std::to_string(i - 1);
        levels = R"({"type":"record","name":"D)" + std::to_string(i) +
                 R"(","fields":[{"name":"a","default":{},"type":)" + levels +
                 R"(},{"name":"b","default":{},"type":")" + inner + "\"}]}";
    }
    EXPECT_THAT(parse(schema::Type::avro, levels, {}).error().why,
                testing::HasSubstr("its defaults take more than 2000000 steps to check"));

    // Two cycles of coprime lengths: every pair of their records is met.
    auto const cycle = [](int length) {
        std::string text = "[";
        for (int i = 0; i < length; ++i)
            text += R"({"type":"record","name":"C)" + std::to_string(i) +
                    R"(","fields":[{"name":"n","type":"C)" + std::to_string((i + 1) % length) +
                    R"("}]},)";
        return text + "\"null\"]";
    };
    EXPECT_THAT(findings(cycle(251), cycle(241)), testing::Not(testing::IsEmpty()));
}

}  // namespace
}  // namespace klamm::schema::avro
