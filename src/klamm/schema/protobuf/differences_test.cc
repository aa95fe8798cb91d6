// Every rule of evolution, in both directions.
#include "klamm/schema/protobuf/protobuf.h"

#include <gmock/gmock.h>

namespace klamm::schema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

SchemaPtr schema(std::string_view text, std::span<Reference const> references = {}) {
    auto parsed = parse_protobuf(text, references, {});
    EXPECT_TRUE(parsed) << parsed.error().why << "\n" << text;
    return parsed ? *parsed : nullptr;
}

std::string listed(std::vector<Difference> const& found) {
    std::string text;
    for (auto const& each : found) text += (text.empty() ? "" : ", ") + each.rule + " " + each.path;
    return text;
}

/// What keeps readers of `after` from what was written with `before`: "RULE #/path, RULE #/path".
std::string broken(Schema const& before, Schema const& after, Policy policy = Policy::strict) {
    auto const found = after.differences(before, policy);
    return found ? listed(*found) : found.error().why;
}

std::string message(std::string_view syntax, std::string_view body) {
    return "syntax = \"" + std::string(syntax) + "\"; package p; message M {" + std::string(body) +
           "} enum E { ZERO = 0; } message N { int32 n = 1; } message O { int32 o = 1; }";
}

struct Row {
    char const* what;
    char const* before;
    char const* after;
    char const* forth;  ///< what breaks when `after` reads `before`
    char const* back;   ///< and the other way round
};

constexpr Row proto3_rows[] = {
    {"nothing", "string a = 1;", "string a = 1;", "", ""},
    {"a field is added", "", "string a = 1;", "", ""},
    {"a name changes", "string a = 1;", "string b = 1;", "", ""},
    {"integers and bool and enums are one kind",
     "int32 a = 1; int64 b = 2; bool c = 3; E d = 4; uint32 e = 5;",
     "uint64 a = 1; E b = 2; uint32 c = 3; int32 d = 4; bool e = 5;", "", ""},
    {"sint32 and sint64 are one kind", "sint32 a = 1;", "sint64 a = 1;", "", ""},
    {"string and bytes are one kind", "string a = 1;", "bytes a = 1;", "", ""},
    {"fixed32 and sfixed32 are one kind", "fixed32 a = 1;", "sfixed32 a = 1;", "", ""},
    {"fixed64 and sfixed64 are one kind", "fixed64 a = 1;", "sfixed64 a = 1;", "", ""},
    {"int32 and sint32 are two", "int32 a = 1;", "sint32 a = 1;", "FIELD_SCALAR_KIND_CHANGED #/M/1",
     "FIELD_SCALAR_KIND_CHANGED #/M/1"},
    {"int32 and string are two", "int32 a = 1;", "string a = 1;", "FIELD_SCALAR_KIND_CHANGED #/M/1",
     "FIELD_SCALAR_KIND_CHANGED #/M/1"},
    {"fixed32 and fixed64 are two", "fixed32 a = 1;", "fixed64 a = 1;",
     "FIELD_SCALAR_KIND_CHANGED #/M/1", "FIELD_SCALAR_KIND_CHANGED #/M/1"},
    {"float and double are two", "float a = 1;", "double a = 1;", "FIELD_SCALAR_KIND_CHANGED #/M/1",
     "FIELD_SCALAR_KIND_CHANGED #/M/1"},
    {"float and fixed32 are two", "float a = 1;", "fixed32 a = 1;",
     "FIELD_SCALAR_KIND_CHANGED #/M/1", "FIELD_SCALAR_KIND_CHANGED #/M/1"},
    {"a scalar becomes a message", "string a = 1;", "N a = 1;", "FIELD_KIND_CHANGED #/M/1",
     "FIELD_KIND_CHANGED #/M/1"},
    {"a message becomes a map", "N a = 1;", "map<string, N> a = 1;", "FIELD_KIND_CHANGED #/M/1",
     "FIELD_KIND_CHANGED #/M/1"},
    {"another message", "N a = 1;", "O a = 1;", "FIELD_NAMED_TYPE_CHANGED #/M/1",
     "FIELD_NAMED_TYPE_CHANGED #/M/1"},
    {"the key of a map", "map<string, N> a = 1;", "map<int32, N> a = 1;",
     "FIELD_SCALAR_KIND_CHANGED #/M/1", "FIELD_SCALAR_KIND_CHANGED #/M/1"},
    {"the value of a map", "map<string, N> a = 1;", "map<string, O> a = 1;",
     "FIELD_NAMED_TYPE_CHANGED #/M/1", "FIELD_NAMED_TYPE_CHANGED #/M/1"},
    {"the value of a map, within its kind", "map<string, int32> a = 1;", "map<string, bool> a = 1;",
     "", ""},
    {"the value of a map becomes a message", "map<string, int32> a = 1;", "map<string, N> a = 1;",
     "FIELD_KIND_CHANGED #/M/1", "FIELD_KIND_CHANGED #/M/1"},
    {"the label of a number", "optional int32 a = 1;", "repeated int32 a = 1;",
     "FIELD_NUMERIC_LABEL_CHANGED #/M/1", "FIELD_NUMERIC_LABEL_CHANGED #/M/1"},
    {"a label where there was none", "int32 a = 1;", "repeated int32 a = 1;", "", ""},
    {"the label of a string", "optional string a = 1;", "repeated string a = 1;", "", ""},
    {"the label of a message", "optional N a = 1;", "repeated N a = 1;", "", ""},
    {"a nested message comes", "", "message I {}", "", "MESSAGE_REMOVED #/M/I"},
    {"in a nested message", "message I { int32 x = 1; }", "message I { string x = 1; }",
     "FIELD_SCALAR_KIND_CHANGED #/M/I/1", "FIELD_SCALAR_KIND_CHANGED #/M/I/1"},
    {"a nested message has another place", "message I {} message J {}", "message J {} message I {}",
     "", ""},
    {"an enum comes", "", "enum I { A = 0; }", "", ""},
    {"constants come and are renamed", "enum I { A = 0; B = 1; }", "enum I { Z = 0; C = 2; }", "",
     ""},
    {"a oneof comes with fields of its own", "", "oneof x { int32 a = 1; int32 b = 2; }", "", ""},
    {"one field moves into a new oneof, and out", "int32 a = 1;", "oneof x { int32 a = 1; }", "",
     ""},
    {"two fields move into a oneof", "int32 a = 1; int32 b = 2;",
     "oneof x { int32 a = 1; int32 b = 2; }", "MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/x", ""},
    {"a field moves into a oneof that was there", "oneof x { int32 a = 1; } int32 b = 2;",
     "oneof x { int32 a = 1; int32 b = 2; }", "FIELD_MOVED_TO_EXISTING_ONEOF #/M/x", ""},
    {"two oneofs become one", "oneof x { int32 a = 1; } oneof y { int32 b = 2; }",
     "oneof x { int32 a = 1; int32 b = 2; }", "FIELD_MOVED_TO_EXISTING_ONEOF #/M/x", ""},
    {"a oneof gets a field", "oneof x { int32 a = 1; }", "oneof x { int32 a = 1; int32 b = 2; }",
     "", "ONEOF_FIELD_REMOVED #/M/x/2"},
    {"a oneof is renamed and gets a field", "oneof x { int32 a = 1; }",
     "oneof y { int32 a = 1; int32 b = 2; }", "", "ONEOF_FIELD_REMOVED #/M/y/2"},
    {"the type of a field in a oneof", "oneof x { int32 a = 1; }", "oneof x { string a = 1; }",
     "FIELD_SCALAR_KIND_CHANGED #/M/x/1", "FIELD_SCALAR_KIND_CHANGED #/M/x/1"},
    {"a field leaves its oneof with another type", "oneof x { int32 a = 1; }", "string a = 1;",
     "FIELD_SCALAR_KIND_CHANGED #/M/1", "FIELD_SCALAR_KIND_CHANGED #/M/x/1"},
    {"reserved numbers", "int32 a = 1;", "reserved 1;", "", ""},
};

constexpr Row proto2_rows[] = {
    {"a required field", "", "required int32 a = 1;", "REQUIRED_FIELD_ADDED #/M/1",
     "REQUIRED_FIELD_REMOVED #/M/1"},
    {"required and optional numbers", "required int32 a = 1;", "optional int32 a = 1;",
     "FIELD_NUMERIC_LABEL_CHANGED #/M/1", "FIELD_NUMERIC_LABEL_CHANGED #/M/1"},
    {"required and optional strings", "required string a = 1;", "optional string a = 1;", "", ""},
    {"a group comes", "", "optional group G = 1 { }", "", ""},
    {"a group becomes a message", "optional group G = 1 { }", "optional N g = 1;",
     "FIELD_KIND_CHANGED #/M/1", "FIELD_KIND_CHANGED #/M/1"},
    {"in a group", "optional group G = 1 { optional int32 a = 1; }",
     "optional group G = 1 { optional string a = 1; }",
     "FIELD_SCALAR_KIND_CHANGED #/M/G/1, FIELD_NAMED_TYPE_CHANGED #/M/1",
     "FIELD_SCALAR_KIND_CHANGED #/M/G/1, FIELD_NAMED_TYPE_CHANGED #/M/1"},
};

TEST(ProtobufDifferences, FollowTheRulesInBothDirections) {
    for (auto const& row : proto3_rows) {
        auto const before = schema(message("proto3", row.before));
        auto const after = schema(message("proto3", row.after));
        EXPECT_EQ(broken(*before, *after), row.forth) << row.what;
        EXPECT_EQ(broken(*after, *before), row.back) << row.what << ", backwards";
    }
    std::string const rest = " message N {}";
    for (auto const& row : proto2_rows) {
        auto const before = schema("message M {" + std::string(row.before) + "}" + rest);
        auto const after = schema("message M {" + std::string(row.after) + "}" + rest);
        EXPECT_EQ(broken(*before, *after), row.forth) << row.what;
        EXPECT_EQ(broken(*after, *before), row.back) << row.what << ", backwards";
    }
}

TEST(ProtobufDifferences, NameThePackageAndMessagesThatAreGone) {
    auto const before = schema("syntax = \"proto3\"; package a; message A {} message B {}");
    auto const after = schema("syntax = \"proto3\"; package b; message B {}");
    auto const found = *after->differences(*before, Policy::strict);
    ASSERT_EQ(listed(found), "PACKAGE_CHANGED #/, MESSAGE_REMOVED #/A");
    EXPECT_EQ(worded(found[0].description, "new", "old"),
              "The package at '#/' in the new schema does not match the package in the old schema");
    EXPECT_EQ(found[0].before, "package a");
    EXPECT_EQ(found[0].after, "package b");
    EXPECT_EQ(worded(found[1].description, "new", "old"),
              "The new schema is missing a MESSAGE type at path '#/A' in the old schema");
    EXPECT_EQ(found[1].before, "message A");
    EXPECT_EQ(found[1].after, "");
}

TEST(ProtobufDifferences, SayWhatWasThereAndWhatIs) {
    auto const before = schema(message("proto3", "repeated int32 a = 1; map<string, N> b = 2;"));
    auto const after = schema(message("proto3", "string a = 1; oneof x { O b = 2; }"));
    auto const found = *after->differences(*before, Policy::strict);
    ASSERT_EQ(listed(found), "FIELD_SCALAR_KIND_CHANGED #/M/1, FIELD_KIND_CHANGED #/M/x/2");
    EXPECT_EQ(found[0].description,
              "The kind of a SCALAR field at path '#/M/1' in the %s schema does not match its kind "
              "in the %s schema");
    EXPECT_EQ(found[0].before, "repeated int32 a = 1");
    EXPECT_EQ(found[0].after, "string a = 1");
    EXPECT_EQ(found[1].before, "map<string, N> b = 2");
    EXPECT_EQ(found[1].after, "O b = 2 in oneof x");
}

Reference file(std::string name, std::int32_t version, std::string text) {
    return {.name = name, .subject = name, .version = version, .text = std::move(text)};
}

constexpr std::string_view importer =
    "syntax = \"proto3\"; import \"n.proto\"; message M { q.N a = 1; q.N b = 2; }";

TEST(ProtobufDifferences, LookIntoMessagesOfReferences) {
    std::vector<Reference> const one{file(
        "n.proto", 1, "syntax = \"proto3\"; package q; message N { N next = 1; int32 x = 2; }")};
    std::vector<Reference> const two{file(
        "n.proto", 2, "syntax = \"proto3\"; package q; message N { N next = 1; string x = 2; }")};
    std::vector<Reference> const three{file(
        "n.proto", 3, "syntax = \"proto3\"; package q; message N { N next = 1; bool x = 2; }")};
    auto const before = schema(importer, one);
    EXPECT_EQ(broken(*before, *schema(importer, one)), "");
    EXPECT_EQ(broken(*before, *schema(importer, three)), "");
    EXPECT_EQ(broken(*before, *schema(importer, two)),
              "FIELD_SCALAR_KIND_CHANGED #/N/2, FIELD_NAMED_TYPE_CHANGED #/M/1, "
              "FIELD_NAMED_TYPE_CHANGED #/M/2");
    // The same message, now in the schema itself.
    EXPECT_EQ(broken(*before, *schema("syntax = \"proto3\"; message M { N a = 1; N b = 2; }"
                                      "message N { N next = 1; int32 x = 2; }")),
              "");
}

TEST(ProtobufDifferences, EndForMessagesThatContainEachOther) {
    std::string text = "syntax = \"proto3\"; package q;";
    for (int i = 0; i < 300; ++i) {
        text += "message N" + std::to_string(i) + " {";
        for (int k = 1; k <= 40; ++k)
            text += "N" + std::to_string((i * k + k) % 300) + " f" + std::to_string(k) + " = " +
                    std::to_string(k) + ";";
        text += "int32 last = 41; }";
    }
    auto changed = text;
    changed.replace(changed.rfind("int32 last"), 5, "float");
    std::vector<Reference> const one{file("n.proto", 1, text)};
    std::vector<Reference> const two{file("n.proto", 2, changed)};
    constexpr std::string_view user =
        "syntax = \"proto3\"; import \"n.proto\"; message M { q.N1 a = 1; }";
    EXPECT_THAT(broken(*schema(user, one), *schema(user, two)),
                HasSubstr("FIELD_SCALAR_KIND_CHANGED #/N299/41"));
}

TEST(ProtobufDifferences, AskForReservedNumbersWhenLogical) {
    auto const before = schema(
        "syntax = \"proto3\"; message M { reserved 7 to 9; int32 a = 1; int32 b = 2; "
        "enum E { Z = 0; A = 1; B = 2; reserved 5; } }");
    auto const careless =
        schema("syntax = \"proto3\"; message M { reserved 2, 8 to 9; enum E { Z = 0; B = 2; } }");
    EXPECT_EQ(broken(*before, *careless), "");
    EXPECT_EQ(broken(*before, *careless, Policy::logical),
              "FIELD_DELETED_NO_NUMBER_RESERVED #/M/1, RESERVED_FIELD_NUMBER_DELETED #/M, "
              "ENUM_VALUE_DELETED_NO_NUMBER_RESERVED #/M/E/1, "
              "RESERVED_ENUM_VALUE_NUMBER_DELETED #/M/E");
    auto const careful = schema(
        "syntax = \"proto3\"; message M { reserved 1, 2, 7, 8 to 20; "
        "enum E { Z = 0; B = 2; reserved 1, 5; } }");
    EXPECT_EQ(broken(*before, *careful, Policy::logical), "");
}

TEST(ProtobufChanges, TellEverythingInWords) {
    auto const before = schema(
        "syntax = \"proto3\"; message A { int32 a = 1; string s = 2; } message B {} enum E { Z = "
        "0; }");
    auto const after = schema(
        "syntax = \"proto3\"; message B {} message A { int64 b = 1; repeated N n = 3; } message N "
        "{}");
    std::vector<std::string> words;
    for (auto const& each : after->changes_from(*before))
        words.push_back(each.rule + " " + each.path + " " + each.description);
    EXPECT_THAT(words, ElementsAre("FIELD_NAME_CHANGED #/A/1 'int32 a = 1' became 'int64 b = 1'",
                                   "FIELD_REMOVED #/A/2 'string s = 2' was removed",
                                   "FIELD_ADDED #/A/3 'repeated N n = 3' was added",
                                   "MESSAGE_MOVED #/A 'message A' has another place",
                                   "MESSAGE_MOVED #/B 'message B' has another place",
                                   "MESSAGE_ADDED #/N 'message N' was added",
                                   "ENUM_REMOVED #/E 'enum E' was removed"));
    EXPECT_THAT(after->changes_from(*after), IsEmpty());
    auto const one = schema("syntax = \"proto3\"; message A { int32 a = 1; }");
    auto const many = schema("syntax = \"proto3\"; message A { repeated int64 a = 1; }");
    EXPECT_EQ(listed(many->changes_from(*one)), "FIELD_CHANGED #/A/1");
    auto const options = schema(
        "syntax = \"proto3\"; message B {} message A { int64 b = 1 [deprecated = true]; "
        "repeated N n = 3; } message N {}");
    ASSERT_EQ(options->changes_from(*after).size(), 1U);
    EXPECT_EQ(options->changes_from(*after)[0].rule, "OPTIONS_CHANGED");
}

}  // namespace
}  // namespace klamm::schema
