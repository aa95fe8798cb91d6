// The canonical text, what goes in and what comes out.
#include "klamm/schema/protobuf/protobuf.h"

#include <gmock/gmock.h>

namespace klamm::schema {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

SchemaPtr schema(std::string_view text, std::span<Reference const> references = {}) {
    auto parsed = parse_protobuf(text, references, {});
    EXPECT_TRUE(parsed) << parsed.error().why << "\n" << text;
    return parsed ? *parsed : nullptr;
}

std::string why_not(std::string_view text, std::span<Reference const> references = {}) {
    auto const parsed = parse_protobuf(text, references, {});
    return parsed ? "it is one" : parsed.error().why;
}

/// Canonical text, which must be that of itself too.
std::string canonical(std::string_view text, std::span<Reference const> references = {}) {
    auto const parsed = schema(text, references);
    if (parsed == nullptr) return {};
    auto const again = schema(parsed->canonical(), references);
    if (again == nullptr) return {};
    EXPECT_EQ(again->canonical(), parsed->canonical());
    return parsed->canonical();
}

TEST(ProtobufCanonicalText, HasMessagesBeforeEnumsAndFieldsBeforeNestedTypes) {
    EXPECT_EQ(canonical(R"(// a comment
syntax = "proto3";
import "google/protobuf/timestamp.proto"; /* another */ import public "google/type/money.proto";
package shop.v1;

enum Color { option allow_alias = true; RED = 0; ROUGE = 0 [deprecated = true];
  reserved 5, 9 to max; reserved "BLUE"; }
option java_package = "io.shop";
message Order {
  message Item { string sku = 1; enum Kind { A = 0; } Kind kind = 2; oneof x { int32 y = 3; } }
  enum State { NEW = 0; }
  reserved 10, 20 to 30; reserved "old", "older"; reserved 40 to max;
  option deprecated = true;
  oneof payment { string card = 3; Item gift = 4 [json_name = "present"]; }
  optional State state = 1;
  repeated .shop.v1.Color colors = 2 [packed = false, deprecated = true];
  map<string,google.protobuf.Timestamp> times = 5;
  google.type.Money price = 6;
}
message Empty {}
service Shop {
  option deprecated = true;
  rpc Buy(Order) returns (stream Empty);
  rpc Look (stream Empty) returns (Order) { option idempotency_level = NO_SIDE_EFFECTS; }
}
service Nothing {}
)"),
              R"(syntax = "proto3";
package shop.v1;

import "google/protobuf/timestamp.proto";
import public "google/type/money.proto";

option java_package = "io.shop";

message Order {
  reserved 10, 20 to 30;
  reserved "old", "older";
  reserved 40 to max;

  option deprecated = true;

  optional State state = 1;
  repeated .shop.v1.Color colors = 2 [
    packed = false,
    deprecated = true
  ];
  map<string, google.protobuf.Timestamp> times = 5;
  google.type.Money price = 6;

  oneof payment {
    string card = 3;
    Item gift = 4 [json_name = "present"];
  }

  message Item {
    string sku = 1;
    Kind kind = 2;
)"
              "  \n"
              R"(    oneof x {
      int32 y = 3;
    }
)"
              "  \n"
              R"(    enum Kind {
      A = 0;
    }
  }
  enum State {
    NEW = 0;
  }
}
message Empty {}
enum Color {
  reserved 5, 9 to max;
  reserved "BLUE";
  option allow_alias = true;
  RED = 0;
  ROUGE = 0 [deprecated = true];
}

service Shop {
  option deprecated = true;

  rpc Buy (Order) returns (stream Empty);
  rpc Look (stream Empty) returns (Order) {
    option idempotency_level = NO_SIDE_EFFECTS;
  };
}
service Nothing {}
)");
}

TEST(ProtobufCanonicalText, KeepsWhatProto2HasOfItsOwn) {
    EXPECT_EQ(canonical(R"(
message A {
  required int32 a = 1 [default = -5];
  optional string s = 2 [default = "x\"y\n"];
  optional bytes b = 3 [default = "\001\377z"];
  optional E e = 4 [default = TWO];
  optional double d = 5 [default = inf];
  repeated group Result = 6 { required string url = 1; optional group Deep = 2 { } }
  oneof one { int32 i = 7; group Choice = 8 { optional bool yes = 1; } }
  extensions 100 to 199, 250; extensions 1000 to max;
  extend A { optional A more = 100; }
  enum E { ONE = 1; TWO = 2; }
}
extend A { optional int32 x = 101; repeated string y = 102; }
extend A { optional int32 z = 103; }
)"),
              R"(
message A {
  required int32 a = 1 [default = -5];
  optional string s = 2 [default = "x\"y\n"];
  optional bytes b = 3 [default = "\001\377z"];
  optional E e = 4 [default = TWO];
  optional double d = 5 [default = inf];

  oneof one {
    int32 i = 7;
)"
              "  \n"
              R"(    group Choice = 8 {
      optional bool yes = 1;
    }
  }

  repeated group Result = 6 {
    required string url = 1;
)"
              "  \n"
              R"(    optional group Deep = 2 {}
  }

  extensions 100 to 199, 250;
  extensions 1000 to max;

  extend A {
    optional A more = 100;
  }

  enum E {
    ONE = 1;
    TWO = 2;
  }
}

extend A {
  optional int32 x = 101;
  repeated string y = 102;
}
extend A {
  optional int32 z = 103;
}
)");
}

TEST(ProtobufCanonicalText, KeepsCustomOptions) {
    std::string const text = R"(syntax = "proto3";
package p;

import "google/protobuf/descriptor.proto";
import "confluent/meta.proto";

option (p.top) = "file";

message M {
  option (rich).inner.x = 1;
  option (rich).names = "a";

  string s = 1 [(confluent.field_meta) = {
    doc: "it\'s",
    params: [
      {
        key: "k",
        value: "v"
      },
      {
        key: "l"
      }
    ],
    tags: [
      "PII",
      "X"
    ]
  }];
  int32 i = 2 [
    (p.flag) = true,
    json_name = "I"
  ];
}
message Rich {
  Inner inner = 1;
  repeated string names = 2;

  message Inner {
    int32 x = 1;
  }
}

extend google.protobuf.FileOptions {
  string top = 50000;
}
extend google.protobuf.MessageOptions {
  Rich rich = 50000;
}
extend google.protobuf.FieldOptions {
  bool flag = 50000;
}
)";
    EXPECT_EQ(canonical(text), text);
    auto const less = schema(text)->formatted("ignore_extensions");
    EXPECT_THAT(less, HasSubstr("confluent.field_meta"));
    EXPECT_THAT(less, Not(HasSubstr("extend")));
    EXPECT_THAT(less, Not(HasSubstr("p.flag")));
    EXPECT_THAT(less, HasSubstr("int32 i = 2 [json_name = \"I\"];"));
}

TEST(ProtobufCanonicalText, LeavesOutWhatTheLibraryTakesForACommentInAValue) {
    auto const text = canonical(
        "import \"confluent/meta.proto\"; message M { option (confluent.message_meta) = { doc: "
        "\"a\" "
        "# b ] [ c = \"d\" };}");
    EXPECT_THAT(text, HasSubstr("{\n    doc: \"a\"\n  };"));
}

TEST(ProtobufCanonicalText, KeepsHowNumbersWereWritten) {
    std::string const text = R"(
import "google/protobuf/descriptor.proto";

message M {
  option (o) = 1.0;

  optional double d = 1 [
    (f) = -2.50,
    (i) = 0x10,
    default = 1e3
  ];
  optional int32 n = 2 [default = -0x1F];
  optional bool b = 3 [default = true];
}

extend google.protobuf.MessageOptions {
  optional double o = 50000;
}
extend google.protobuf.FieldOptions {
  repeated float f = 50000;
  optional int32 i = 50001;
}
)";
    EXPECT_EQ(canonical(text), text);
    auto tabs = text;
    for (auto at = tabs.find("  "); at != tabs.npos; at = tabs.find("  "))
        tabs.replace(at, 2, "\t");
    EXPECT_EQ(canonical(tabs), text);
    auto const normal = schema(text)->normalized();
    EXPECT_THAT(normal, HasSubstr("option (o) = 1;"));
    EXPECT_THAT(normal, HasSubstr("default = 1000"));
    EXPECT_THAT(normal, HasSubstr("default = -31"));
    EXPECT_THAT(normal, HasSubstr("(i) = 16"));
    EXPECT_EQ(schema(normal)->normalized(), normal);
}

TEST(ProtobufCanonicalText, IsTheSameForTextAndForTheDescriptorOfIt) {
    auto const parsed = schema(R"(syntax = "proto3";
package p;

import "confluent/meta.proto";

message M {
  optional string s = 1 [(confluent.field_meta) = {
    doc: "words"
  }];
  map<string, .p.M> m = 2;
  repeated .p.M.N n = 3 [deprecated = true];

  oneof o {
    int32 a = 4;
    .p.M b = 5;
  }

  message N {}
}
)");
    auto const serialized = parsed->formatted("serialized");
    EXPECT_EQ(canonical(serialized), parsed->canonical());
    EXPECT_EQ(schema(serialized)->formatted("serialized"), serialized);
    EXPECT_TRUE(schema(serialized)->equivalent(*parsed));
}

TEST(ProtobufCanonicalText, TurnsMapEntriesThatConfluentPrintsBackIntoMaps) {
    EXPECT_EQ(canonical(R"(syntax = "proto3";
message M {
  repeated .M.TagsEntry tags = 1;
  message TagsEntry { option map_entry = true; string key = 1; .M value = 2; }
})"),
              R"(syntax = "proto3";

message M {
  map<string, .M> tags = 1;
}
)");
}

TEST(ProtobufNormalizedText, IsOneForAllThatMeanTheSame) {
    auto const a = schema(R"(syntax = "proto3"; package p;
import "google/type/date.proto"; import "google/protobuf/any.proto";
option java_package = "x"; option go_package = "y";
message M { N n = 2; google.type.Date d = 1; map<string, N> m = 3; reserved 9, 5 to 6, 7;
  message N {} enum E { Z = 0; B = 2; A = 1; MINUS = -1; } })");
    auto const b = schema(R"(syntax = "proto3"; package p;
import "google/protobuf/any.proto"; import "google/type/date.proto";
option go_package = "y"; option java_package = "x";
message M { reserved 7; reserved 5 to 6, 9; .google.type.Date d = 1; p.M.N n = 2;
  map<string, M.N> m = 3; message N {} enum E { Z = 0; MINUS = -1; A = 1; B = 2; } })");
    EXPECT_NE(a->canonical(), b->canonical());
    EXPECT_EQ(a->normalized(), b->normalized());
    EXPECT_TRUE(a->equivalent(*b));
    EXPECT_EQ(schema(a->normalized())->normalized(), a->normalized());
    EXPECT_EQ(a->normalized(), R"(syntax = "proto3";
package p;

import "google/protobuf/any.proto";
import "google/type/date.proto";

option go_package = "y";
option java_package = "x";

message M {
  reserved 5 to 6;
  reserved 7;
  reserved 9;

  .google.type.Date d = 1;
  .p.M.N n = 2;
  map<string, .p.M.N> m = 3;

  message N {}
  enum E {
    Z = 0;
    A = 1;
    B = 2;
    MINUS = -1;
  }
}
)");
}

TEST(ProtobufNormalizedText, MergesWhatIsSaidOfOneOption) {
    auto const text = schema(R"(syntax = "proto3"; package p;
import "google/protobuf/descriptor.proto";
message R { int32 b = 1; int32 a = 2; }
extend google.protobuf.MessageOptions { R r = 50000; }
message M { option (r).b = 1; option deprecated = true; option (.p.r).a = 2; })")
                          ->normalized();
    EXPECT_THAT(text, HasSubstr("  option deprecated = true;\n  option (p.r) = {\n    a: 2,\n"
                                "    b: 1\n  };\n"));
    EXPECT_THAT(text, HasSubstr("extend .google.protobuf.MessageOptions {\n  .p.R r = 50000;"));
    EXPECT_EQ(schema(text)->normalized(), text);
}

TEST(ProtobufImports, AreFoundAmongReferencesAndAmongThoseThatEverybodyHas) {
    std::vector<Reference> const references{
        {.name = "deep.proto",
         .subject = "d",
         .version = 1,
         .text = "syntax = \"proto3\"; package d; message Deep { google.type.PostalAddress a = 1; }"
                 "import \"google/type/postal_address.proto\";",
         .direct = false},
        {.name = "a/b.proto",
         .subject = "b",
         .version = 2,
         .text = "syntax = \"proto3\"; import public \"deep.proto\"; message B { d.Deep d = 1; }"}};
    auto const parsed =
        schema("syntax = \"proto3\"; import \"a/b.proto\"; message M { B b = 1; d.Deep d = 2; }",
               references);
    ASSERT_NE(parsed, nullptr);
    EXPECT_EQ(parsed->record_name(), "M");
    for (auto const* path :
         {"google/protobuf/any.proto", "google/protobuf/api.proto", "google/protobuf/struct.proto",
          "google/protobuf/wrappers.proto", "google/type/calendar_period.proto",
          "google/type/color.proto", "google/type/datetime.proto", "google/type/dayofweek.proto",
          "google/type/decimal.proto", "google/type/expr.proto", "google/type/fraction.proto",
          "google/type/interval.proto", "google/type/latlng.proto", "google/type/month.proto",
          "google/type/phone_number.proto", "google/type/quaternion.proto",
          "google/type/timeofday.proto", "confluent/type/decimal.proto",
          "confluent/type/variant.proto"})
        EXPECT_EQ(why_not("syntax = \"proto3\"; import \"" + std::string(path) + "\";"),
                  "it is one");
}

TEST(ProtobufErrors, SayWhereAndWhat) {
    EXPECT_THAT(why_not("syntax = \"proto3\";\nmessage M {\n  strin s = 1;\n}"),
                HasSubstr("line 3, column 3: \"strin\" is not defined"));
    EXPECT_THAT(why_not("syntax = \"proto3\";\nmessage M {\n  string s = 1\n}"),
                HasSubstr("line 4, column 1: Expected \";\""));
    EXPECT_THAT(why_not("syntax = \"proto3\"; message M { int32 a = 1; int32 b = 1; }"),
                HasSubstr("Field number 1 has already been used"));
    EXPECT_THAT(why_not("syntax = \"proto3\"; import \"x.proto\";"),
                HasSubstr("import \"x.proto\" is not among the references"));
    EXPECT_THAT(why_not("edition = \"2023\"; message M {}"), HasSubstr("editions"));
    EXPECT_THAT(why_not("aGVsbG8="), HasSubstr("no FileDescriptorProto"));
    EXPECT_THAT(why_not("a"), HasSubstr("neither"));
    std::vector<Reference> const broken{{.name = "x.proto", .text = "message {"}};
    EXPECT_THAT(why_not("import \"x.proto\";", broken), HasSubstr("in x.proto: line 1"));
}

TEST(ProtobufErrors, EndHostileTexts) {
    std::string deep = "syntax = \"proto3\";";
    for (int i = 0; i < 100'000; ++i) deep += "message M{";
    EXPECT_THAT(why_not(deep), HasSubstr("more than 64 deep"));
    std::string deep_option = "option (a) = ";
    for (int i = 0; i < 100'000; ++i) deep_option += "{a";
    EXPECT_THAT(why_not(deep_option), HasSubstr("more than 64 deep"));
    EXPECT_THAT(why_not("message M { optional int32 a = 99999999999999999999999; }"),
                HasSubstr("line 1"));
    EXPECT_THAT(why_not("message M { optional int32 a = 536870912; }"), HasSubstr("536870911"));
    EXPECT_THAT(why_not(std::string(3'000'000, ' ')), HasSubstr("at most"));
    std::vector<Reference> const circle{{.name = "a.proto", .text = "import \"b.proto\";"},
                                        {.name = "b.proto", .text = "import \"a.proto\";"}};
    EXPECT_THAT(why_not("import \"a.proto\";", circle), HasSubstr("leads back to itself"));
    std::string ranges = "message M {";
    for (int i = 0; i < 10'000; ++i) ranges += "reserved " + std::to_string(2 * i + 1) + ";";
    EXPECT_THAT(why_not(ranges + "}"), HasSubstr("too many reserved"));
    std::string options = "message M {";
    for (int i = 0; i < 300; ++i) options += "option deprecated = true;";
    EXPECT_THAT(why_not(options + "}"), HasSubstr("more than 250 options"));
}

TEST(ProtobufSchema, NamesItsMessagesAndFields) {
    auto const parsed = schema(
        "syntax = \"proto3\"; package a.b; message M { string x = 1; int32 y = 2; message N {} }"
        "message O {}");
    EXPECT_EQ(parsed->record_name(), "a.b.M");
    EXPECT_EQ(parsed->record_name({0, 0}), "a.b.M.N");
    EXPECT_EQ(parsed->record_name({1}), "a.b.O");
    EXPECT_EQ(parsed->record_name({2}), "");
    EXPECT_THAT(parsed->top_level_fields(), ElementsAre("x", "y"));
    EXPECT_EQ(schema("")->canonical(), "");
    auto const only_import =
        schema("syntax = \"proto3\"; import public \"google/type/date.proto\";");
    EXPECT_EQ(only_import->record_name(), "google.type.Date");
    EXPECT_THAT(only_import->top_level_fields(), ElementsAre("year", "month", "day"));
}

}  // namespace
}  // namespace klamm::schema
