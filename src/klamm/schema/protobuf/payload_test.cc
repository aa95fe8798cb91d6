// Payloads: what is accepted, what is refused and where, and how they look as JSON.
#include "klamm/json/value.h"
#include "klamm/schema/protobuf/protobuf.h"

#include <gmock/gmock.h>

#include <initializer_list>
#include <thread>

namespace klamm::schema {
namespace {

using ::testing::HasSubstr;

SchemaPtr schema(std::string_view text) {
    auto parsed = parse_protobuf(text, {}, {});
    EXPECT_TRUE(parsed) << parsed.error().why << "\n" << text;
    return parsed ? *parsed : nullptr;
}

Bytes bytes(std::initializer_list<int> list) {
    Bytes bytes;
    for (int const each : list) bytes.push_back(static_cast<std::byte>(each));
    return bytes;
}

/// "rule at path", or "ok".
std::string verdict(Schema const& schema, ByteView payload, MessageIndexes const& indexes = {}) {
    auto const checked = schema.check(payload, indexes);
    EXPECT_EQ(checked.has_value(), schema.to_json(payload, indexes).has_value());
    return checked ? "ok" : checked.error().rule + " at " + checked.error().path;
}

std::string json(Schema const& schema, ByteView payload, MessageIndexes const& indexes = {}) {
    auto const text = schema.to_json(payload, indexes);
    return text ? *text : text.error().rule + ": " + text.error().why;
}

/// JSON in, JSON out.
std::string round_trip(Schema const& schema, std::string_view text,
                       MessageIndexes const& indexes = {}) {
    auto const payload = schema.from_json(text, indexes);
    if (!payload) return payload.error().why;
    EXPECT_EQ(verdict(schema, *payload, indexes), "ok");
    return json(schema, *payload, indexes);
}

constexpr std::string_view shop = R"(syntax = "proto3"; package shop;
import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto";
import "google/protobuf/any.proto"; import "google/protobuf/struct.proto";
import "google/protobuf/wrappers.proto"; import "google/protobuf/field_mask.proto";
import "google/type/date.proto";
message Order {
  string id = 1; repeated int32 counts = 2; map<string, Item> items = 3;
  oneof payment { string card = 4; bool cash = 5; }
  google.protobuf.Timestamp at = 6; google.protobuf.Any any = 7; google.protobuf.Struct more = 8;
  google.protobuf.StringValue note = 9; State state = 10; double price = 11; bytes raw = 12;
  int64 big = 13; google.protobuf.Duration took = 14; google.protobuf.FieldMask mask = 15;
  google.type.Date day = 16; optional int32 maybe = 17; repeated Item list = 18; float f = 1000;
  message Item { string sku = 1; uint32 n_of = 2; sint64 z = 3; fixed32 x = 4; sfixed64 y = 5; }
}
enum State { NEW = 0; PAID = 1; }
message Other { Other inner = 1; bool b = 2; })";

TEST(ProtobufJson, GoesBothWays) {
    auto const parsed = schema(shop);
    std::string const text =
        R"({"id":"a","counts":[1,-2],"items":{"k":{"sku":"s","nOf":3,"z":"-4","x":5,"y":"-6"}},)"
        R"("at":"2024-02-29T12:34:56.789Z",)"
        R"("any":{"@type":"type.googleapis.com/shop.Other","b":true},)"
        R"("more":{"a":[1,"x",null,true,{"b":{}}]},"note":"n","state":"PAID","price":1.5,)"
        R"("raw":"AP8=","big":"9007199254740993","took":"-1.500s","mask":"a.bC,d",)"
        R"("day":{"year":2024,"month":2,"day":29},"maybe":0,"list":[],"f":0.1,"cash":false})";
    EXPECT_EQ(round_trip(*parsed, text), text);
    // Names as in the schema, numbers as people write them.
    EXPECT_EQ(round_trip(*parsed, R"({"n_of": 1e1})", {0, 0}),
              R"({"sku":"","nOf":10,"z":"0","x":0,"y":"0"})");
    EXPECT_EQ(round_trip(*parsed, R"({"inner": {"inner": {"b": true}}})", {1}),
              R"({"inner":{"inner":{"b":true},"b":false},"b":false})");
}

TEST(ProtobufJson, HasAWordForWhatTheMappingHasNone) {
    auto const any = schema(
        "syntax = \"proto3\"; import \"google/protobuf/any.proto\"; message M { "
        "google.protobuf.Any a = 1; }");
    EXPECT_EQ(json(*any, bytes({10, 8, 10, 3, 'x', '/', 'y', 18, 1, 7})),
              R"({"a":{"@type":"x/y","value":"Bw=="}})");
    auto const time = schema(
        "syntax = \"proto3\"; import \"google/protobuf/timestamp.proto\"; message M { "
        "google.protobuf.Timestamp a = 1; }");
    EXPECT_EQ(json(*time, bytes({10, 2, 16, 1})), R"({"a":"1970-01-01T00:00:00.000000001Z"})");
    EXPECT_EQ(json(*time, bytes({10, 11, 8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})),
              R"({"a":"1969-12-31T23:59:59Z"})");
    EXPECT_EQ(json(*time, bytes({10, 10, 8, 255, 255, 255, 255, 255, 255, 255, 255, 127})),
              R"({"a":{"seconds":"9223372036854775807","nanos":0}})");
    auto const old = schema("message M { optional string s = 1; optional double d = 2; }");
    EXPECT_EQ(json(*old, bytes({10, 1, 255})), "{\"s\":\"\xef\xbf\xbd\"}");
    EXPECT_EQ(json(*old, bytes({17, 0, 0, 0, 0, 0, 0, 0xf8, 0x7f})), R"({"d":"NaN"})");
    auto const numbers = schema("syntax = \"proto3\"; enum E { Z = 0; } message M { E e = 1; }");
    EXPECT_EQ(json(*numbers, bytes({8, 7})), R"({"e":7})");
}

TEST(ProtobufJson, IsRefusedWithAReason) {
    auto const parsed = schema(shop);
    EXPECT_THAT(round_trip(*parsed, "{"), HasSubstr("line 1"));
    EXPECT_THAT(round_trip(*parsed, R"({"nobody": 1})"), HasSubstr("nobody"));
    EXPECT_THAT(round_trip(*parsed, R"({"counts": ["x"]})"), HasSubstr("counts"));
    EXPECT_THAT(round_trip(*parsed, R"({"any": {"@type": "x/y.Z"}})"), HasSubstr("y.Z"));
    EXPECT_THAT(round_trip(*parsed, std::string(10'000, '[')), HasSubstr("100 levels"));
    auto const old = schema("message M { required int32 a = 1; }");
    EXPECT_EQ(round_trip(*old, "{}"), "the JSON is no M: missing field a");
    EXPECT_EQ(round_trip(*old, R"({"a": 1})"), R"({"a":1})");
}

TEST(ProtobufPayload, IsRefusedWhereItIsWrong) {
    auto const parsed = schema(shop);
    EXPECT_EQ(verdict(*parsed, bytes({})), "ok");
    EXPECT_EQ(verdict(*parsed, bytes({10, 1, 'a'})), "ok");
    EXPECT_EQ(verdict(*parsed, bytes({10, 1, 255})), "utf8 at /id");
    EXPECT_EQ(verdict(*parsed, bytes({8, 1})), "wire_type at /id");
    EXPECT_EQ(verdict(*parsed, bytes({10, 5, 'a'})), "truncated at /id");
    EXPECT_EQ(verdict(*parsed, bytes({16, 1, 18, 2, 1, 2})), "ok") << "packed and not packed";
    EXPECT_EQ(verdict(*parsed, bytes({18, 2, 1, 128})), "truncated at /counts/0");
    EXPECT_EQ(verdict(*parsed, bytes({26, 5, 10, 1, 'k', 18, 0})), "ok");
    EXPECT_EQ(verdict(*parsed, bytes({26, 7, 10, 1, 'k', 18, 2, 10, 9})),
              "truncated at /items/0/value/sku");
    EXPECT_EQ(verdict(*parsed, bytes({146, 1, 0, 146, 1, 2, 8, 1})), "wire_type at /list/1/sku");
    EXPECT_EQ(verdict(*parsed, bytes({0, 1})), "tag at ");
    EXPECT_EQ(verdict(*parsed, bytes({6})), "tag at ");
    EXPECT_EQ(verdict(*parsed, bytes({255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})),
              "varint at ");
    EXPECT_EQ(verdict(*parsed, bytes({248, 255, 255, 255, 31, 1})), "tag at ");
    EXPECT_EQ(verdict(*parsed, bytes({12})), "group at ");
    EXPECT_EQ(verdict(*parsed, bytes({128, 31})), "truncated at ");
}

TEST(ProtobufPayload, MayHaveFieldsThatNobodyKnows) {
    auto const parsed = schema("syntax = \"proto3\"; message M {}");
    EXPECT_EQ(verdict(*parsed, bytes({8, 1, 18, 1, 2, 25, 1, 2,  3, 4, 5, 6,
                                      7, 8, 37, 1, 2, 3,  4, 43, 8, 1, 44})),
              "ok");
    EXPECT_EQ(verdict(*parsed, bytes({43, 8, 1})), "truncated at ");
    EXPECT_EQ(verdict(*parsed, bytes({43, 8, 1, 52})), "group at ");
    Bytes groups(200'000, std::byte{11});
    EXPECT_EQ(verdict(*parsed, groups), "nesting at ");
}

TEST(ProtobufPayload, NeedsTheRequiredFieldsOfProto2) {
    std::string text = "message M {";
    Bytes payload;
    for (int i = 1; i <= 100; ++i) {
        text += "required bool f" + std::to_string(i) + " = " + std::to_string(i) + ";";
        int const tag = i << 3;
        if (tag >= 128) payload.push_back(static_cast<std::byte>((tag & 127) | 128));
        payload.push_back(static_cast<std::byte>(tag >= 128 ? tag >> 7 : tag));
        payload.push_back(std::byte{1});
    }
    auto const parsed = schema(text + "}");
    EXPECT_EQ(verdict(*parsed, payload), "ok");
    payload.resize(payload.size() - 3);
    auto const missing = parsed->check(payload, {});
    ASSERT_FALSE(missing);
    EXPECT_EQ(missing.error().why, "required field 'f100' is missing");
    auto const group = schema("message M { repeated group G = 1 { required int32 x = 2; } }");
    EXPECT_EQ(verdict(*group, bytes({11, 16, 1, 12, 11, 16, 1, 12})), "ok");
    EXPECT_EQ(verdict(*group, bytes({11, 16, 1, 12, 11, 12})), "required at /g/1");
}

TEST(ProtobufPayload, NamesItsMessageByIndexes) {
    auto const parsed = schema(R"(syntax = "proto3";
message A { map<string, int32> m = 1; message B { int32 b = 1; } message C { string c = 1; } }
message D { bool d = 1; })");
    EXPECT_EQ(json(*parsed, bytes({8, 1}), {1}), R"({"d":true})");
    EXPECT_EQ(json(*parsed, bytes({8, 1}), {0, 0}), R"({"b":1})");
    EXPECT_EQ(json(*parsed, bytes({10, 1, 'x'}), {0, 1}), R"({"c":"x"})");
    // A writer that counts the entry of the map: its B is the second nested message, its C the
    // third.
    EXPECT_EQ(json(*parsed, bytes({8, 1}), {0, 1}), R"({"b":1})");
    EXPECT_EQ(json(*parsed, bytes({10, 1, 'x'}), {0, 2}), R"({"c":"x"})");
    EXPECT_EQ(verdict(*parsed, bytes({}), {2}), "message_indexes at ");
    EXPECT_EQ(verdict(*parsed, bytes({}), {0, 3}), "message_indexes at ");
    EXPECT_EQ(verdict(*parsed, bytes({}), {-1}), "message_indexes at ");
    EXPECT_EQ(verdict(*schema("syntax = \"proto3\";"), bytes({})), "message_indexes at ");
}

std::string read_by(std::string_view writer, std::string_view reader, ByteView payload) {
    auto const read =
        schema("syntax = \"proto3\";" + std::string(reader))
            ->check_reading(payload, *schema("syntax = \"proto3\";" + std::string(writer)), {});
    return read ? "ok" : read.error().rule + " at " + read.error().path;
}

TEST(ProtobufReading, SeesWhatTheWriterMeant) {
    EXPECT_EQ(read_by("message M { int64 a = 1; }", "message M { int32 a = 1; }", bytes({8, 5})),
              "ok");
    EXPECT_EQ(read_by("message M { int64 a = 1; }", "message M { int32 a = 1; }",
                      bytes({8, 128, 128, 128, 128, 8})),
              "range at /a");
    EXPECT_EQ(read_by("message M { int32 a = 1; }", "message M { sint32 a = 1; }", bytes({8, 5})),
              "type at /a");
    EXPECT_EQ(read_by("message M { int32 a = 1; }", "message M { string a = 1; }", bytes({8, 5})),
              "type at /a");
    EXPECT_EQ(read_by("message M { int32 a = 1; }", "message M { string a = 1; }", bytes({})),
              "ok");
    EXPECT_EQ(
        read_by("message M { bytes a = 1; }", "message M { string a = 1; }", bytes({10, 1, 200})),
        "utf8 at /a");
    EXPECT_EQ(read_by("message M { int32 a = 1; }", "message N { int32 a = 1; }", bytes({})),
              "message at ");
    EXPECT_EQ(read_by("message M { int32 a = 1; int32 b = 2; }",
                      "message M { oneof o { int32 a = 1; int32 b = 2; } }", bytes({8, 1, 16, 1})),
              "oneof at ");
    EXPECT_EQ(read_by("message M { oneof o { int32 a = 1; int32 b = 2; } }",
                      "message M { oneof o { int32 a = 1; int32 b = 2; } }", bytes({8, 1, 16, 1})),
              "ok");
    auto const needs = schema("package p; message M { required int32 a = 1; }");
    auto const wrote = schema("package q; message M { optional int32 a = 1; }");
    EXPECT_TRUE(needs->check_reading(bytes({8, 1}), *wrote, {}));
    EXPECT_FALSE(needs->check_reading(bytes({}), *wrote, {}));
}

TEST(ProtobufPayload, CutAnywhereNeverCrashes) {
    auto const parsed = schema(shop);
    auto const whole = parsed->from_json(
        R"({"id":"abc","counts":[1,300],"items":{"k":{"sku":"s"}},"any":{"@type":)"
        R"("type.googleapis.com/shop.Other","b":true},"more":{"a":[1,{"b":"c"}]},"f":1,)"
        R"("at":"2024-02-29T12:34:56.789Z","list":[{"sku":"x"},{"z":"-1"}]})",
        {});
    ASSERT_TRUE(whole);
    for (std::size_t size = 0; size <= whole->size(); ++size) {
        verdict(*parsed, ByteView(*whole).first(size));
        auto damaged = *whole;
        if (size == whole->size()) break;
        for (int bit = 0; bit < 8; ++bit) {
            damaged[size] = (*whole)[size] ^ static_cast<std::byte>(1 << bit);
            verdict(*parsed, damaged);
            (void)parsed->check_reading(damaged, *parsed, {});
        }
    }
}

TEST(ProtobufPayload, MayBeCheckedByManyThreadsAtOnce) {
    auto const parsed = schema(shop);
    auto const work = [&parsed] {
        for (int i = 0; i < 50; ++i) round_trip(*parsed, R"({"items":{"k":{"sku":"s"}}})");
    };
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back(work);
}

}  // namespace
}  // namespace klamm::schema
