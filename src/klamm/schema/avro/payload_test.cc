// Payloads: checked, shown, built, read with another schema.
#include "klamm/base/utf8.h"
#include "klamm/schema/avro/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::schema::avro {
namespace {

SchemaPtr schema(std::string_view text) {
    auto parsed = parse(schema::Type::avro, text, {}, {.strict = false});
    EXPECT_TRUE(parsed) << text;
    return *parsed;
}

Bytes bytes(std::initializer_list<unsigned> values) {
    Bytes out;
    for (auto const value : values) out.push_back(static_cast<std::byte>(value));
    return out;
}

/// The JSON, or "rule path why".
std::string shown(std::string_view text, Bytes const& payload) {
    auto const parsed = schema(text);
    auto const json = parsed->to_json(payload, {});
    EXPECT_EQ(parsed->check(payload, {}).has_value(), json.has_value()) << text;
    if (json) return *json;
    auto const& error = json.error();
    return error.rule + " " + error.path + ": " + error.why;
}

std::string hex(Bytes const& payload) {
    std::string text;
    for (auto const byte : payload) {
        constexpr std::string_view digits = "0123456789abcdef";
        text += digits[std::to_integer<std::size_t>(byte >> 4)];
        text += digits[std::to_integer<std::size_t>(byte & std::byte{15})];
    }
    return text;
}

std::string built(std::string_view text, std::string_view json) {
    auto const payload = schema(text)->from_json(json, {});
    if (payload) return hex(*payload);
    auto const& error = payload.error();
    return error.rule + " " + error.path + ": " + error.why;
}

constexpr std::string_view order = R"({"type":"record","name":"s.Order","fields":[
    {"name":"id","type":"long"},
    {"name":"email","type":["null","string"],"default":null},
    {"name":"lines","type":{"type":"array","items":{"type":"record","name":"Line","fields":[
        {"name":"sku","type":"string"},{"name":"count","type":"int","default":1}]}}},
    {"name":"tags","type":{"type":"map","values":"boolean"},"default":{}},
    {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","PAID"]}}]})";

TEST(AvroPayload, ShowsTheSpecificationsExamples) {
    EXPECT_EQ(shown("\"null\"", {}), "null");
    EXPECT_EQ(shown("\"boolean\"", bytes({1})), "true");
    EXPECT_EQ(shown("\"long\"", bytes({0x7f})), "-64");
    EXPECT_EQ(shown("\"long\"", bytes({0x80, 1})), "64");
    EXPECT_EQ(shown("\"string\"", bytes({6, 'f', 'o', 'o'})), "\"foo\"");
    EXPECT_EQ(shown(R"({"type":"array","items":"long"})", bytes({4, 6, 0x36, 0})), "[3,27]");
    EXPECT_EQ(shown(R"(["null","string"])", bytes({0})), "null");
    EXPECT_EQ(shown(R"(["null","string"])", bytes({2, 2, 'a'})), R"({"string":"a"})");
    EXPECT_EQ(shown(R"({"type":"record","name":"test","fields":[
                        {"name":"a","type":"long"},{"name":"b","type":"string"}]})",
                    bytes({0x36, 6, 'f', 'o', 'o'})),
              R"({"a":27,"b":"foo"})");
}

TEST(AvroPayload, ShowsEachKind) {
    EXPECT_EQ(shown("\"int\"", bytes({0xff, 0xff, 0xff, 0xff, 0x0f})), "-2147483648");
    EXPECT_EQ(shown("\"long\"", bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})),
              "-9223372036854775808");
    EXPECT_EQ(shown("\"float\"", bytes({0, 0, 0xc0, 0x3f})), "1.5");
    EXPECT_EQ(shown("\"double\"", bytes({0, 0, 0, 0, 0, 0, 0xf8, 0x7f})), "\"NaN\"");
    EXPECT_EQ(shown("\"double\"", bytes({0, 0, 0, 0, 0, 0, 0xf0, 0xff})), "\"-Infinity\"");
    EXPECT_EQ(shown("\"bytes\"", bytes({6, 0xff, 'a', 1})), "\"ÿa\\u0001\"");
    EXPECT_EQ(shown(R"({"type":"fixed","name":"F","size":2})", bytes({'a', 0xe9})), "\"aé\"");
    EXPECT_EQ(shown(R"({"type":"enum","name":"E","symbols":["A","B"]})", bytes({2})), "\"B\"");
    EXPECT_EQ(shown(R"({"type":"map","values":"int"})", bytes({2, 2, 'k', 2, 0})), R"({"k":1})");
    EXPECT_EQ(shown(R"(["null",{"type":"fixed","name":"n.F","size":1}])", bytes({2, 'x'})),
              R"({"n.F":"x"})");
    // Blocks with a size, and more than one of them.
    EXPECT_EQ(shown(R"({"type":"array","items":"int"})", bytes({1, 2, 2, 3, 4, 2, 4, 0})),
              "[1,1,2]");
    // What takes no bytes.
    EXPECT_EQ(shown(R"({"type":"record","name":"R","fields":[{"name":"n","type":"null"},
                        {"name":"f","type":{"type":"fixed","name":"F","size":0}}]})",
                    {}),
              R"({"n":null,"f":""})");
    EXPECT_EQ(shown(R"({"type":"array","items":"null"})", bytes({6, 0})), "[null,null,null]");
}

TEST(AvroPayload, WhatIsWrongIsSaidWithItsPlace) {
    EXPECT_THAT(shown("\"int\"", {}), testing::StartsWith("truncated : the payload ends"));
    EXPECT_THAT(shown("\"int\"", bytes({0x80})), testing::StartsWith("truncated"));
    EXPECT_THAT(shown("\"int\"", bytes({0x80, 0x80, 0x80, 0x80, 0x10})),
                testing::StartsWith("varint : an int of more than 32 bits"));
    EXPECT_THAT(shown("\"long\"", bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2})),
                testing::StartsWith("varint"));
    EXPECT_THAT(shown("\"boolean\"", bytes({2})), testing::StartsWith("boolean"));
    EXPECT_THAT(shown("\"string\"", bytes({4, 'a'})),
                testing::StartsWith("truncated : the payload ends inside a string: 2 bytes"));
    EXPECT_THAT(shown("\"string\"", bytes({1})), testing::StartsWith("length"));
    EXPECT_THAT(shown("\"string\"", bytes({2, 0xff})), testing::StartsWith("utf8"));
    EXPECT_THAT(shown("\"int\"", bytes({0, 0})),
                testing::StartsWith("trailing : 1 bytes follow the value of 1 bytes"));
    EXPECT_THAT(shown(R"(["null"])", bytes({2})), testing::StartsWith("union"));
    EXPECT_THAT(shown(R"(["null"])", bytes({1})), testing::StartsWith("union"));
    EXPECT_THAT(shown(R"({"type":"enum","name":"E","symbols":["A"]})", bytes({2})),
                testing::StartsWith("enum : there is no symbol of index 1: the schema has 1"));
    EXPECT_THAT(shown(R"({"type":"array","items":"int"})", bytes({200, 1, 0})),
                testing::StartsWith("truncated : 100 elements are announced"));
    EXPECT_THAT(shown(R"({"type":"array","items":"int"})", bytes({1, 4, 2, 0})),
                testing::StartsWith("length : a block of elements"));
    EXPECT_THAT(shown(R"({"type":"array","items":"int"})", bytes({1, 9, 2, 0})),
                testing::StartsWith("length"));
    EXPECT_THAT(shown(R"({"type":"array","items":"null"})", bytes({0x80, 0x80, 0x80, 0x80, 8, 0})),
                testing::StartsWith("size : more than 65536 elements that take no bytes"));

    auto payload = schema(order)->from_json(
        R"({"id":1,"lines":[{"sku":"a"},{"sku":"b"}],"tags":{"x/y":true},"state":"NEW"})", {});
    ASSERT_TRUE(payload);
    payload->back() = std::byte{6};
    EXPECT_THAT(shown(order, *payload), testing::StartsWith("enum /state:"));
    // id, email, two lines of sku and count: the second sku's length is the 8th byte.
    (*payload)[6] = std::byte{3};
    EXPECT_THAT(shown(order, *payload), testing::StartsWith("length /lines/1/sku:"));
}

TEST(AvroPayload, ListsEndAtADepth) {
    auto const list = schema(R"({"type":"record","name":"L","fields":[
                                 {"name":"next","type":["null","L"]}]})");
    auto const of = [](std::size_t length) {
        Bytes payload(length, std::byte{2});
        payload.push_back(std::byte{0});
        return payload;
    };
    EXPECT_TRUE(list->check(of(limits::payload_depth - 1), {}));
    EXPECT_EQ(list->check(of(limits::payload_depth), {}).error().rule, "depth");
    EXPECT_EQ(list->check(of(1'000'000), {}).error().rule, "depth");
    EXPECT_EQ(list->check_reading(of(1'000'000), *list, {}).error().rule, "depth");
    // A record that holds itself has no value at all.
    auto const endless =
        schema(R"({"type":"record","name":"R","fields":[{"name":"r","type":"R"}]})");
    EXPECT_EQ(endless->check({}, {}).error().rule, "depth");
}

TEST(AvroPayload, IsBuiltFromWhatIsShownAndFromWhatPeopleWrite) {
    EXPECT_EQ(built("\"long\"", "-64"), "7f");
    EXPECT_EQ(built("\"int\"", "1.0"), "02");
    EXPECT_EQ(built("\"float\"", "1.5"), "0000c03f");
    EXPECT_EQ(built("\"double\"", "\"NaN\""), "000000000000f87f");
    EXPECT_EQ(built("\"bytes\"", R"("ÿa\u0001")"), "06ff6101");
    EXPECT_EQ(built(R"(["null","string"])", R"({"string":"a"})"), "020261");
    EXPECT_EQ(built(R"(["null","string"])", R"("a")"), "020261");
    EXPECT_EQ(built(R"(["null","string"])", "null"), "00");
    EXPECT_EQ(built(R"(["int","long"])", "4294967296"), "028080808020");
    EXPECT_EQ(built(R"(["null",{"type":"record","name":"n.R","fields":[
                        {"name":"a","type":"int"}]}])",
                    R"({"R":{"a":1}})"),
              "0202");
    EXPECT_EQ(built(R"(["null",{"type":"map","values":"int"}])", R"({"map":1})"),
              "0202066d61700200");
    EXPECT_EQ(built(R"({"type":"array","items":"int"})", "[]"), "00");
    EXPECT_EQ(built(order, R"({"id":1,"lines":[{"sku":"a"}],"state":"PAID"})"),
              "020002026102000002");
}

TEST(AvroPayload, WhatIsNoValueIsNotBuilt) {
    EXPECT_EQ(built("\"int\"", "\"1\""), "type : an value of int was expected");
    EXPECT_THAT(built("\"int\"", "4294967296"), testing::StartsWith("type : an int has 32 bits"));
    EXPECT_THAT(built("\"int\"", "1.5"), testing::StartsWith("type"));
    EXPECT_THAT(built("\"int\"", "{"), testing::StartsWith("json : the value is no JSON"));
    EXPECT_THAT(built("\"bytes\"", "\"€\""), testing::StartsWith("type : bytes are written as"));
    EXPECT_THAT(built(R"({"type":"fixed","name":"F","size":2})", "\"a\""),
                testing::StartsWith("size : F is 2 bytes, and these are 1"));
    EXPECT_THAT(built(R"(["null","int"])", "\"a\""), testing::StartsWith("union"));
    EXPECT_THAT(built(R"({"type":"enum","name":"E","symbols":["A"]})", "\"B\""),
                testing::StartsWith("enum : no symbol of E: A"));
    EXPECT_THAT(built(order, R"({"lines":[],"state":"NEW"})"),
                testing::StartsWith("missing /id: the field \"id\" is not given"));
    EXPECT_THAT(built(order, R"({"id":1,"lines":[{"sku":2}],"state":"NEW"})"),
                testing::StartsWith("type /lines/0/sku:"));
    EXPECT_THAT(built(order, R"({"id":1,"lines":[],"state":"NEW","stat":1})"),
                testing::StartsWith("field : s.Order has no field \"stat\""));
}

TEST(AvroPayload, TryingTheBranchesOfUnionsHasABudget) {
    // Each level may be either of two records, which are told apart only at the bottom.
    std::string text = R"({"type":"record","name":"Z","fields":[{"name":"x","type":"int"}]})";
    for (int i = 0; i < 24; ++i) {
        auto const n = std::to_string(i);
        text =
            R"([{"type":"record","name":"A)" + n + R"(","fields":[{"name":"x","type":)" + text +
            R"(}]},{"type":"record","name":"B)" + n + R"(","fields":[{"name":"x","type":)" +
            (i == 0 ? "\"Z\""
                    : "[\"A" + std::to_string(i - 1) + "\",\"B" + std::to_string(i - 1) + "\"]") +
            R"(}]}])";
    }
    std::string value = "{\"x\":true}";
    for (int i = 0; i < 24; ++i) value = "{\"x\":" + value + "}";
    EXPECT_THAT(built(text, value), testing::StartsWith("size"));
}

// ---- reading with another schema
// -----------------------------------------------------------------

std::string reading(std::string_view reader, std::string_view writer, std::string_view json) {
    auto const from = schema(writer);
    auto const payload = from->from_json(json, {});
    EXPECT_TRUE(payload) << writer << json << payload.error().why;
    auto const model_of = [](std::string_view text) { return *parse_model(text, {}, {}); };
    auto const to_model = model_of(reader);
    auto const from_model = model_of(writer);
    auto const read = read_as(to_model, Sizes(to_model), from_model, Sizes(from_model), *payload);
    EXPECT_EQ(schema(reader)->check_reading(*payload, *from, {}).has_value(), read.has_value());
    if (read) return *read;
    return read.error().rule + " " + read.error().path + ": " + read.error().why;
}

std::string record(std::string_view fields) {
    return R"({"type":"record","name":"R","fields":[)" + std::string(fields) + "]}";
}

TEST(AvroReading, PromotesNumbersAndTexts) {
    EXPECT_EQ(reading("\"long\"", "\"int\"", "7"), "7");
    EXPECT_EQ(reading("\"float\"", "\"int\"", "7"), "7.0");
    EXPECT_EQ(reading("\"double\"", "\"long\"", "7"), "7.0");
    EXPECT_EQ(reading("\"float\"", "\"long\"", "16777217"), "1.6777216E7");
    EXPECT_EQ(reading("\"double\"", "\"float\"", "0.5"), "0.5");
    EXPECT_EQ(reading("\"bytes\"", "\"string\"", "\"é\""), "\"Ã©\"");
    EXPECT_EQ(reading("\"string\"", "\"bytes\"", "\"Ã©\""), "\"é\"");
    EXPECT_THAT(reading("\"string\"", "\"bytes\"", "\"ÿ\""), testing::StartsWith("utf8"));
    EXPECT_THAT(reading("\"int\"", "\"long\"", "7"),
                testing::StartsWith("type : written as long, which cannot be read as int"));
}

TEST(AvroReading, FieldsAreFoundByNameAndAliasAndElseHaveDefaults) {
    auto const written = record(R"({"name":"a","type":"int"},{"name":"b","type":"string"},
                                   {"name":"c","type":{"type":"array","items":"int"}})");
    auto const value = R"({"a":1,"b":"x","c":[1,2]})";
    EXPECT_EQ(reading(record(R"({"name":"b","type":"string"},{"name":"a","type":"long"})"), written,
                      value),
              R"({"b":"x","a":1})");
    EXPECT_EQ(
        reading(record(R"({"name":"z","type":"string","aliases":["q","b"]})"), written, value),
        R"({"z":"x"})");
    EXPECT_EQ(reading(record(R"({"name":"n","type":["null","int"],"default":null},
                                {"name":"m","type":["int","null"],"default":5},
                                {"name":"r","default":{"x":1},"type":{"type":"record","name":"S",
                                 "fields":[{"name":"x","type":"int"},
                                           {"name":"y","type":"bytes","default":"\u00ff"}]}})"),
                      written, value),
              R"({"n":null,"m":{"int":5},"r":{"x":1,"y":"ÿ"}})");
    EXPECT_EQ(reading(record(R"({"name":"n","type":"int"})"), written, value),
              "missing /n: the field \"n\" is not written, and has no default");
}

TEST(AvroReading, AWrittenFieldIsReadOnce) {
    EXPECT_THAT(reading(record(R"({"name":"a","type":"int"},
                                  {"name":"z","type":"int","aliases":["a"]})"),
                        record(R"({"name":"a","type":"int"})"), R"({"a":1})"),
                testing::StartsWith("alias /z: the fields \"a\" and \"z\" are read from the same"));
}

TEST(AvroReading, SymbolsUnionsAndNames) {
    auto const enumeration = [](std::string_view rest) {
        return R"({"type":"enum","name":"E",)" + std::string(rest) + "}";
    };
    auto const abc = enumeration(R"("symbols":["A","B","C"])");
    EXPECT_EQ(reading(enumeration(R"("symbols":["C","A"])"), abc, "\"C\""), "\"C\"");
    EXPECT_EQ(reading(enumeration(R"("symbols":["A"],"default":"A")"), abc, "\"C\""), "\"A\"");
    EXPECT_THAT(reading(enumeration(R"("symbols":["A"])"), abc, "\"C\""),
                testing::StartsWith("enum : the reader's E lacks the symbol C"));
    EXPECT_EQ(reading(R"(["null","long"])", "\"int\"", "1"), R"({"long":1})");
    EXPECT_EQ(reading(R"(["long","int"])", "\"int\"", "1"), R"({"int":1})");
    EXPECT_EQ(reading("\"long\"", R"(["int","string"])", "1"), "1");
    EXPECT_THAT(reading("\"long\"", R"(["int","string"])", "\"x\""), testing::StartsWith("type"));
    EXPECT_EQ(reading(R"(["string","null"])", R"(["null","string"])", "null"), "null");
    EXPECT_EQ(reading(R"({"type":"fixed","name":"n.F","size":1})",
                      R"({"type":"fixed","name":"m.F","size":1})", "\"x\""),
              "\"x\"");
    EXPECT_THAT(reading(R"({"type":"fixed","name":"G","size":1})",
                        R"({"type":"fixed","name":"F","size":1})", "\"x\""),
                testing::StartsWith("name : written as F"));
    EXPECT_THAT(reading(R"({"type":"fixed","name":"F","size":2})",
                        R"({"type":"fixed","name":"F","size":1})", "\"x\""),
                testing::StartsWith("size : F is 2 bytes, and 1 are written"));
    EXPECT_EQ(reading(R"({"type":"map","values":["null","double"]})",
                      R"({"type":"map","values":"int"})", R"({"a":1,"b":2})"),
              R"({"a":{"double":1.0},"b":{"double":2.0}})");
    EXPECT_THAT(reading(R"({"type":"array","items":"int"})", R"({"type":"array","items":["int",
                            "string"]})",
                        R"([1,"x"])"),
                testing::StartsWith("type /1:"));
}

TEST(AvroText, IsUtf8OnlyWhenItIs) {
    auto const text = [](std::string_view bytes_of) {
        return is_utf8(std::as_bytes(std::span(bytes_of)));
    };
    for (auto const* good :
         {"", "a", "12345678", "12345678é", "é1234567€12345678😀", "\xf4\x8f\xbf\xbf"})
        EXPECT_TRUE(text(good)) << good;
    for (auto const* bad : {"\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80", "\xed\xa0\x80",
                            "\xf0\x80\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                            "12345678\xff", "\xe2\x82", "\xe2\x28\xa1", "\xf0\x9f\x98"})
        EXPECT_FALSE(text(bad)) << bad;
}

}  // namespace
}  // namespace klamm::schema::avro
