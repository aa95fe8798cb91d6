// For every rule that can break: a mend is offered, and with it nothing breaks any more.
#include "klamm/schema/protobuf/protobuf.h"

#include <gmock/gmock.h>

namespace klamm::schema {
namespace {

using ::testing::HasSubstr;

SchemaPtr schema(std::string_view text) {
    auto parsed = parse_protobuf(text, {}, {});
    EXPECT_TRUE(parsed) << parsed.error().why << "\n" << text;
    return parsed ? *parsed : nullptr;
}

std::vector<Difference> found(Schema const& old, Schema const& proposed, Breaks breaks,
                              Policy policy) {
    auto const list = breaks == Breaks::new_readers ? proposed.differences(old, policy)
                                                    : old.differences(proposed, policy);
    return list ? *list : std::vector<Difference>();
}

/// Mends one difference after the other until none is left; the words of the mends, or what is
/// left.
std::string mended(Schema const& old, SchemaPtr proposed, Breaks breaks, Policy policy,
                   SchemaPtr& result) {
    std::string words;
    for (int round = 0; round < 10; ++round) {
        auto const differences = found(old, *proposed, breaks, policy);
        if (differences.empty()) {
            result = proposed;
            return words;
        }
        bool better = false;
        for (auto const& mend : proposed->mends(old, differences.front(), breaks)) {
            auto const next = parse_protobuf(mend.schema, {}, {});
            if (!next || found(old, **next, breaks, policy).size() >= differences.size()) continue;
            EXPECT_EQ((*next)->canonical(), mend.schema);
            words += (words.empty() ? "" : " ") + mend.words;
            proposed = *next;
            better = true;
            break;
        }
        if (!better) return "left: " + differences.front().rule + " " + differences.front().path;
    }
    return "no end";
}

struct Row {
    char const* old;
    char const* proposed;
    Breaks breaks;
    char const* words;
    char const* text;  ///< what stands in the mended schema
    Policy policy = Policy::strict;
};

constexpr auto backward = Breaks::new_readers;
constexpr auto forward = Breaks::old_readers;
constexpr auto logical = Policy::logical;

constexpr Row rows[] = {
    {"package a; message M { optional M m = 1; }", "package b; message M { optional .b.M m = 1; }",
     backward, "Keep the package: package a;", "optional .a.M m = 1;"},
    {"message A {} message B { optional A a = 1; }", "message B {}", backward,
     "Put message 'A' back.", "message A {}\nmessage B {}"},
    {"message O { message A { optional int32 x = 1; } optional A a = 1; }",
     "message O { message B { optional int32 x = 1; } optional B a = 1; }", backward,
     "Keep the name 'A' for message 'B'.", "optional A a = 1;"},
    {"message A {}", "message A {} message B {}", forward,
     "Leave message 'B' out, or define it in a file of its own and import it.", "message A {}\n"},
    {"message M { optional int32 a = 1; optional int32 z = 7; }",
     "message M { optional string a = 1; }", backward,
     "Keep 'optional int32 a = 1' and add what is new as a field of its own: 'optional string a_2 "
     "= "
     "8'.",
     "optional int32 a = 1;\n  optional string a_2 = 8;"},
    {"message M { optional int32 a = 1; }", "message M { optional string b = 1; reserved 2 to 9; }",
     forward,
     "Keep 'optional int32 a = 1' and add what is new as a field of its own: 'optional string b = "
     "10'.",
     "optional int32 a = 1;\n  optional string b = 10;"},
    {"message M { optional group G = 1 { } }", "message M { optional int32 g = 1; }", backward,
     "Give 'g' a number that nobody had, and reserve 1: 'optional int32 g = 2'.", "reserved 1;"},
    {"message M { repeated int32 a = 1; }", "message M { optional int32 a = 1; }", backward,
     "Keep 'repeated int32 a = 1' and add what is new as a field of its own: 'optional int32 a_2 = "
     "2'.",
     "optional int32 a_2 = 2;"},
    {"message M { oneof o { int32 a = 1; } }", "message M { oneof o { string a = 1; } }", backward,
     "Keep 'int32 a = 1' and add what is new as a field of its own: 'string a_2 = 2'.",
     "oneof o {\n    int32 a = 1;\n    string a_2 = 2;"},
    {"message M { }", "message M { required int32 a = 1; }", backward, "Make 'a' optional.",
     "optional int32 a = 1;"},
    {"message M { }", "message M { required int32 a = 1; }", forward, "Make 'a' optional.",
     "optional int32 a = 1;"},
    {"message M { required int32 a = 1; }", "message M { reserved 1, 2; reserved \"a\"; }",
     backward, "Put 'required int32 a = 1' back.", "reserved 2;\n\n  required int32 a = 1;"},
    {"message M { oneof o { int32 a = 1; int32 b = 2; } }",
     "message M { oneof p { int32 a = 1; } }", backward, "Put 'int32 b = 2' back into oneof 'p'.",
     "int32 b = 2;"},
    {"message M { oneof o { int32 a = 1; } }",
     "message M { oneof o { int32 a = 1; int32 b = 2; } }", forward,
     "Put 'int32 b = 2' outside of oneof 'o'.", "optional int32 b = 2;"},
    {"message M { optional int32 a = 1; required int32 b = 2; }",
     "message M { oneof o { int32 a = 1; int32 b = 2; int32 c = 3; } }", backward,
     "Leave a, b where they were: outside of oneof 'o'.",
     "optional int32 a = 1;\n  required int32 b = 2;\n\n  oneof o {\n    int32 c = 3;"},
    {"message M { oneof o { int32 a = 1; int32 b = 2; } }",
     "message M { optional int32 a = 1; optional int32 b = 2; }", forward,
     "Leave a, b where they were: members of oneof 'o'.",
     "oneof o {\n    int32 a = 1;\n    int32 b = 2;"},
    {"message M { oneof o { int32 a = 1; } optional int32 b = 2; }",
     "message M { oneof o { int32 a = 1; int32 b = 2; } }", backward,
     "Leave b where they were: outside of oneof 'o'.", "optional int32 b = 2;"},
    {"message M { optional int32 a = 1; }", "message M { }", backward, "Reserve 1: reserved 1;",
     "reserved 1;", logical},
    {"message M { enum E { A = 1; B = 2; } }", "message M { enum E { A = 1; } }", backward,
     "Reserve 2: reserved 2;", "reserved 2;", logical},
    {"message M { reserved 1, 5 to 9; }", "message M { reserved 1; }", backward,
     "Keep the reserved numbers reserved.", "reserved 5 to 9;", logical},
};

TEST(ProtobufMends, TakeEveryDifferenceAway) {
    for (auto const& row : rows) {
        auto const old = schema(row.old);
        SchemaPtr result;
        EXPECT_EQ(mended(*old, schema(row.proposed), row.breaks, row.policy, result), row.words)
            << row.old << "\n"
            << row.proposed;
        EXPECT_THAT(result == nullptr ? "" : result->canonical(), HasSubstr(row.text));
    }
}

TEST(ProtobufMends, MoreThanOneIsOfferedForAType) {
    auto const old = schema("syntax = \"proto3\"; message M { int32 a = 1; }");
    auto const proposed = schema("syntax = \"proto3\"; message M { string a = 1; }");
    auto const differences = *proposed->differences(*old, Policy::strict);
    auto const mends = proposed->mends(*old, differences[0], Breaks::new_readers);
    ASSERT_EQ(mends.size(), 3U);
    EXPECT_EQ(mends[1].words, "Give 'a' a number that nobody had, and reserve 1: 'string a = 2'.");
    EXPECT_EQ(mends[2].words, "Keep 'int32 a = 1' as it was.");
    EXPECT_EQ(mends[2].schema, old->canonical());
}

}  // namespace
}  // namespace klamm::schema
