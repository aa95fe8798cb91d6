// How a schema could be made to agree with an old one, and what changed between two.
#include "klamm/schema/avro/mend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::schema::avro {
namespace {

SchemaPtr schema(std::string_view text) {
    auto parsed = parse(schema::Type::avro, text, {});
    EXPECT_TRUE(parsed) << text << ": " << (parsed ? "" : parsed.error().why);
    return *parsed;
}

std::string record(std::string_view fields) {
    return R"({"type":"record","name":"R","fields":[)" + std::string(fields) + "]}";
}

/// The words of all candidates; those that take every difference away are marked with a star.
std::vector<std::string> candidates(std::string_view old_text, std::string_view new_text,
                                    Breaks breaks) {
    auto const old = schema(old_text);
    auto const proposed = schema(new_text);
    auto const between = [&](SchemaPtr const& now) {
        return breaks == Breaks::new_readers ? *now->differences(*old, Policy::strict)
                                             : *old->differences(*now, Policy::strict);
    };
    std::vector<std::string> words;
    auto const differences = between(proposed);
    EXPECT_FALSE(differences.empty());
    for (auto const& difference : differences)
        for (auto const& mend : proposed->mends(*old, difference, breaks)) {
            auto const mended = parse(schema::Type::avro, mend.schema, {});
            EXPECT_TRUE(mended) << mend.schema;
            EXPECT_EQ((*mended)->canonical(), mend.schema);
            words.push_back((between(*mended).empty() ? "* " : "  ") + mend.words);
        }
    return words;
}

struct Case {
    std::string old_text, new_text;
    Breaks breaks;
    std::vector<std::string> words;
};

std::string enumeration(std::string_view rest) {
    return R"({"type":"enum","name":"E",)" + std::string(rest) + "}";
}
std::string fixed(std::string_view name, int size) {
    return R"({"type":"fixed","name":")" + std::string(name) + R"(","size":)" +
           std::to_string(size) + "}";
}

TEST(AvroMends, EachRuleHasCandidatesInBothDirections) {
    auto const a = std::string(R"({"name":"a","type":"int"})");
    auto const b = std::string(R"({"name":"b","type":"int"})");
    auto const s = std::string(R"({"name":"s","type":"string"})");
    std::vector<Case> const cases{
        // a field
        {record(a),
         record(a + "," + b),
         Breaks::new_readers,
         {"* Give the field \"b\" a default: \"default\": 0.",
          "* Make the field \"b\" nullable: \"type\": [\"null\",\"int\"], \"default\": null."}},
        {record(a),
         record(b),
         Breaks::new_readers,
         {"* Give the field \"b\" a default: \"default\": 0.",
          "* Make the field \"b\" nullable: \"type\": [\"null\",\"int\"], \"default\": null.",
          "* If \"b\" is \"a\" by a new name, say so: \"aliases\": [\"a\"]."}},
        {record(a),
         record(a + R"(,{"name":"u","type":["string","null"]})"),
         Breaks::new_readers,
         {"* Give the field \"u\" a default: \"default\": \"\".",
          "* Make the field \"u\" nullable: \"type\": [\"null\",\"string\"], \"default\": null."}},
        {record(a),
         record(a + R"(,{"name":"e","type":)" + enumeration(R"("symbols":["A"],"default":"A")") +
                "}"),
         Breaks::new_readers,
         {"* Give the field \"e\" a default: \"default\": \"A\"."}},
        {record(a + "," + s),
         record(a),
         Breaks::old_readers,
         {"* Put the field \"s\" back: old readers need it, and have no default."}},
        {record(a),
         record(b),
         Breaks::old_readers,
         {"* Put the field \"a\" back: old readers need it, and have no default.",
          "* Call the field \"b\" \"a\" again."}},
        // a type
        {record(R"({"name":"a","type":"long"})"),
         record(a),
         Breaks::new_readers,
         {"* Put the type back: long instead of int.",
          "* Take both: \"type\": [\"long\",\"int\"]."}},
        {record(R"({"name":"a","type":["null","long"]})"),
         record(a),
         Breaks::new_readers,
         {"* Put the type back: [\"null\",\"long\"] instead of int.",
          "* Take both: \"type\": [\"null\",\"long\",\"int\"].",
          "* Put the type back: [\"null\",\"long\"] instead of int.",
          "* Take both: \"type\": [\"null\",\"long\",\"int\"]."}},
        {record(a),
         record(R"({"name":"a","type":"string"})"),
         Breaks::old_readers,
         {"* Put the type back: int instead of string."}},
        {record(a),
         record(R"({"name":"a","type":["int","string"]})"),
         Breaks::old_readers,
         {"* Take string out of the union again: old readers do not know it.",
          "* Put the type back: int instead of [\"int\",\"string\"]."}},
        // a name
        {fixed("n.F", 1),
         fixed("n.G", 1),
         Breaks::new_readers,
         {"* Give \"n.G\" its old name as an alias: \"aliases\": [\"n.F\"].",
          "* Call \"n.G\" \"n.F\" again."}},
        {fixed("n.F", 1), fixed("n.G", 1), Breaks::old_readers, {"* Call \"n.G\" \"n.F\" again."}},
        // a size
        {fixed("F", 1), fixed("F", 2), Breaks::new_readers, {"* Put the size of \"F\" back to 1."}},
        {fixed("F", 1), fixed("F", 2), Breaks::old_readers, {"* Put the size of \"F\" back to 1."}},
        // symbols
        {enumeration(R"("symbols":["A","B","C"])"),
         enumeration(R"("symbols":["B"])"),
         Breaks::new_readers,
         {"* Put back into \"E\" what it had: A, C.",
          "* Give \"E\" a default for symbols that it does not know: \"default\": \"B\"."}},
        {enumeration(R"("symbols":["A"])"),
         enumeration(R"("symbols":["A","B"])"),
         Breaks::old_readers,
         {"* Take out of \"E\" what old readers have no default for: B."}},
        // unions
        {R"(["null","string"])",
         R"(["null"])",
         Breaks::new_readers,
         {"* Add to the union what was written before: [\"null\",\"string\"]."}},
        {R"("string")",
         R"(["null","int"])",
         Breaks::new_readers,
         {"* Add to the union what was written before: [\"null\",\"int\",\"string\"]."}},
        {R"(["null","int"])",
         R"(["null","int","string"])",
         Breaks::old_readers,
         {"* Take string out of the union again: old readers do not know it."}},
        {R"(["null","int"])",
         R"("string")",
         Breaks::old_readers,
         {"* Put the type back: [\"null\",\"int\"] instead of string."}},
        {"[\"null\"," + record(a) + "]",
         "[\"null\"," + record(a + "," + b) + "]",
         Breaks::new_readers,
         {"* Give the field \"b\" a default: \"default\": 0.",
          "* Make the field \"b\" nullable: \"type\": [\"null\",\"int\"], \"default\": null."}},
        {R"(["null",{"type":"array","items":"long"}])",
         R"(["null",{"type":"array","items":"int"}])",
         Breaks::new_readers,
         {"* Put the type back: long instead of int.",
          "* Take both: \"type\": [\"long\",\"int\"]."}},
        // what was deleted with its type comes back with it
        {record(R"({"name":"f","type":)" + fixed("n.F", 2) + "},{\"name\":\"g\",\"type\":\"n.F\"}"),
         record(R"({"name":"g","type":)" + fixed("n.F", 2) + "}"),
         Breaks::old_readers,
         {"* Put the field \"f\" back: old readers need it, and have no default."}},
        {record(R"({"name":"next","type":["null","R"]})"),
         record(""),
         Breaks::old_readers,
         {"* Put the field \"next\" back: old readers need it, and have no default."}},
    };
    for (auto const& [old_text, new_text, breaks, words] : cases)
        EXPECT_EQ(candidates(old_text, new_text, breaks), words) << old_text << "\n" << new_text;
}

TEST(AvroMends, WhatComesFromAReferenceIsNotChanged) {
    auto const inner = [](std::string_view fields) {
        return std::vector<Reference>{
            {.name = "Inner",
             .text = R"({"type":"record","name":"Inner","fields":[)" + std::string(fields) + "]}"}};
    };
    auto const text = record(R"({"name":"i","type":"Inner"})");
    auto const old = *parse(schema::Type::avro, text, inner(""));
    auto const now = *parse(schema::Type::avro, text, inner(R"({"name":"x","type":"int"})"));
    auto const differences = *now->differences(*old, Policy::strict);
    ASSERT_EQ(differences.size(), 1u);
    EXPECT_THAT(now->mends(*old, differences[0], Breaks::new_readers), testing::IsEmpty());
}

std::vector<std::string> changes(std::string_view old_text, std::string_view new_text) {
    std::vector<std::string> lines;
    for (auto const& change : schema(new_text)->changes_from(*schema(old_text)))
        lines.push_back(change.rule + " " + change.path + " " + change.before + " -> " +
                        change.after);
    return lines;
}

TEST(AvroChanges, AreSaidInWords) {
    using Lines = std::vector<std::string>;
    EXPECT_EQ(changes(record(""), record("")), Lines{});
    EXPECT_EQ(changes(record(R"({"name":"a","type":"int"},{"name":"b","type":"int","default":1})"),
                      record(R"({"name":"b","type":"long","default":2,"doc":"d"},
                                {"name":"c","type":"int","aliases":["a"]},
                                {"name":"n","type":"null"})")),
              (Lines{"DOC_ADDED /fields/0  -> d", "DEFAULT_CHANGED /fields/0 1 -> 2",
                     "TYPE_CHANGED /fields/0/type int -> long", "NAME_CHANGED /fields/1 a -> c",
                     "ALIASES_ADDED /fields/1  -> a",
                     "FIELD_ADDED /fields/2  -> {\"name\":\"n\",\"type\":\"null\"}",
                     "FIELDS_REORDERED /fields a, b -> b, c, n"}));
    EXPECT_EQ(changes(record(R"({"name":"a","type":"int"})"), record("")),
              Lines{"FIELD_REMOVED /fields/0 {\"name\":\"a\",\"type\":\"int\"} -> "});
    EXPECT_EQ(changes(R"({"type":"enum","name":"E","symbols":["A","B"]})",
                      R"({"type":"enum","name":"n.E","symbols":["A","C"],"default":"A"})"),
              (Lines{"NAME_CHANGED / E -> n.E", "SYMBOL_ADDED /symbols  -> C",
                     "SYMBOL_REMOVED /symbols B -> ", "DEFAULT_ADDED /symbols  -> A"}));
    EXPECT_EQ(changes(fixed("F", 1), fixed("F", 2)), Lines{"SIZE_CHANGED / 1 -> 2"});
    EXPECT_EQ(changes(R"(["null","int"])", R"(["int","null"])"),
              Lines{"BRANCHES_REORDERED /  -> "});
    EXPECT_EQ(
        changes(R"(["null","int"])", R"(["null",{"type":"int","logicalType":"date"},"long"])"),
        (Lines{"PROPERTY_ADDED /1/logicalType  -> \"date\"", "BRANCH_ADDED /2  -> long"}));
    EXPECT_EQ(changes(R"({"type":"array","items":"int"})", R"({"type":"map","values":"int"})"),
              Lines{"TYPE_CHANGED / {\"type\":\"array\",\"items\":\"int\"} -> "
                    "{\"type\":\"map\",\"values\":\"int\"}"});
}

}  // namespace
}  // namespace klamm::schema::avro
