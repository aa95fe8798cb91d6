#include "klamm/schema/json/json_schema.h"

#include <gmock/gmock.h>

namespace klamm::schema {
namespace {

using testing::Contains;
using testing::ElementsAre;

SchemaPtr must_parse(std::string_view text) {
    auto schema = parse_json_schema(text, {}, {});
    EXPECT_TRUE(schema) << text << ": " << schema.error().why;
    return schema ? std::move(*schema) : nullptr;
}

/// Words and texts of the mends of the first difference.
std::vector<std::string> mends(char const* before, char const* after, Breaks breaks) {
    auto const old = must_parse(before);
    auto const now = must_parse(after);
    auto const found = breaks == Breaks::new_readers ? now->differences(*old, Policy::strict)
                                                     : old->differences(*now, Policy::strict);
    if (!found || found->empty()) return {};
    std::vector<std::string> lines;
    for (auto const& mend : now->mends(*old, found->front(), breaks))
        lines.push_back(mend.words + " " + mend.schema);
    return lines;
}

TEST(JsonSchemaMends, OfALimitThatBecameNarrower) {
    EXPECT_THAT(mends(R"({"properties":{"a":{"maxLength":9}}})",
                      R"({"properties":{"a":{"maxLength":3}}})", Breaks::new_readers),
                ElementsAre("Set maxLength at #/properties/a to 9, as before. "
                            R"({"properties":{"a":{"maxLength":9}}})"));
}

TEST(JsonSchemaMends, OfAPropertyThatIsNewInAnOpenModel) {
    auto const lines =
        mends(R"({"type":"object"})",
              R"({"type":"object","properties":{"a":{"type":"string","title":"A"}}})",
              Breaks::new_readers);
    EXPECT_THAT(lines, Contains("Let a have any value, as it had before: {}. "
                                R"({"type":"object","properties":{"a":{"title":"A"}}})"));
    EXPECT_THAT(lines, Contains("Leave the property a out at the top. "
                                R"({"type":"object","properties":{}})"));
}

TEST(JsonSchemaMends, OfAPropertyThatBecameRequired) {
    auto const lines =
        mends(R"({"properties":{"a":{"type":"integer"}}})",
              R"({"properties":{"a":{"type":"integer"}},"required":["a"]})", Breaks::new_readers);
    EXPECT_THAT(lines, Contains("Make a optional: leave it out of required at the top. "
                                R"({"properties":{"a":{"type":"integer"}}})"));
    EXPECT_THAT(
        lines, Contains("Give a a default: \"default\": 0. "
                        R"({"properties":{"a":{"type":"integer","default":0}},"required":["a"]})"));
}

TEST(JsonSchemaMends, OfAValueThatIsGone) {
    EXPECT_THAT(mends(R"({"enum":["a","b"]})", R"({"enum":["b","c"]})", Breaks::new_readers),
                Contains(R"(Keep the values that enum had at the top: ["a","b","c"]. )"
                         R"({"enum":["a","b","c"]})"));
    EXPECT_THAT(mends(R"({"enum":["a"]})", R"({"enum":["a","b"]})", Breaks::old_readers),
                Contains(R"(Set enum at the top to ["a"], as before. {"enum":["a"]})"));
}

TEST(JsonSchemaMends, OfATypeThatChanged) {
    EXPECT_THAT(
        mends(R"({"properties":{"a":{"type":"string"}}})",
              R"({"properties":{"a":{"type":"number"}}})", Breaks::new_readers),
        Contains("Permit the old and the new at #/properties/a: anyOf of both. "
                 R"({"properties":{"a":{"anyOf":[{"type":"string"},{"type":"number"}]}}})"));
}

TEST(JsonSchemaMends, ReachWhatIsBehindAReference) {
    EXPECT_THAT(
        mends(R"({"items":{"$ref":"#/definitions/n"},"definitions":{"n":{"minimum":1}}})",
              R"({"items":{"$ref":"#/definitions/n"},"definitions":{"n":{"minimum":2}}})",
              Breaks::new_readers),
        Contains("Set minimum at #/definitions/n to 1, as before. "
                 R"({"items":{"$ref":"#/definitions/n"},"definitions":{"n":{"minimum":1}}})"));
}

TEST(JsonSchemaChanges, AreSaidInWords) {
    std::vector<std::string> lines;
    auto const old = must_parse(R"({"properties":{"a":{"maxLength":3},"b":{}}})");
    auto const now = must_parse(R"({"properties":{"a":{"maxLength":5}},"title":"T"})");
    for (auto const& change : now->changes_from(*old))
        lines.push_back(change.description + " " + change.before + " -> " + change.after);
    EXPECT_THAT(lines,
                ElementsAre("#/: title changed  -> \"T\"",
                            "#/properties/a/maxLength: max length increased 3 -> 5",
                            "#/properties/b: property removed from open content model {} -> "));
}

}  // namespace
}  // namespace klamm::schema
