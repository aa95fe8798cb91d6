// Stories of Protobuf and JSON Schema in the registry.
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

constexpr auto protobuf = R"("schemaType":"PROTOBUF",)";
constexpr auto json_schema = R"("schemaType":"JSON",)";

TEST(Protobuf, ADescriptorInBase64IsTheSameSchemaAsItsText) {
    // What Python's and JavaScript's clients send: a FileDescriptorProto.
    auto const descriptor = "CgdhLnByb3RvIg4KAU0SCQoBeBgBIAEoBWIGcHJvdG8z";
    Story story;
    auto const text = story.register_schema(
        "s", "syntax = \"proto3\";\n// said\nmessage M { int32 x = 1; }", protobuf);
    EXPECT_EQ(text.id(), 1) << text.text;
    EXPECT_EQ(text.string("schemaType"), "PROTOBUF");
    EXPECT_EQ(story.register_schema("s", descriptor, protobuf).id(), 1);
    EXPECT_EQ(story.look_up("s", descriptor, protobuf).version(), 1);
    auto const back = story.get("/schemas/ids/1?format=serialized").string("schema");
    EXPECT_EQ(story.register_schema("s", back, protobuf).id(), 1) << back;
    EXPECT_EQ(story.get("/subjects/s/versions/latest?format=serialized").string("schema"), back);
}

TEST(Protobuf, FindingsAreInDoubleQuotes) {
    Story story;
    story.register_schema("s", "syntax = \"proto3\"; message M { int32 x = 1; }", protobuf);
    auto const got =
        story.check("s", "latest", "syntax = \"proto3\"; message M { string x = 1; }", protobuf);
    auto const& first = (*got.body.find_array("messages"))[0].string();
    EXPECT_TRUE(first.starts_with("{errorType:\"FIELD_SCALAR_KIND_CHANGED\", description:\""))
        << first;
    EXPECT_TRUE(first.ends_with("\"}")) << first;
    EXPECT_EQ(first.find("%s"), std::string::npos) << first;
}

TEST(JsonSchema, KeepsItsKeysAndIsSortedWhenNormal) {
    Story story;
    auto const schema = R"({"type": "object", "properties": {"b": {"type":"number"}, "a": true}})";
    EXPECT_EQ(story.register_schema("s", schema, json_schema).string("schema"),
              R"({"type":"object","properties":{"b":{"type":"number"},"a":true}})");
    EXPECT_EQ(story.register_schema("t", schema, json_schema, "?normalize=true").string("schema"),
              R"({"properties":{"a":true,"b":{"type":"number"}},"type":"object"})");
    story.put("/config/u", R"({"normalize":true})");
    EXPECT_EQ(story.register_schema("u", schema, json_schema).id(), 2);
    EXPECT_EQ(story.look_up("u", schema, json_schema).version(), 1);
}

TEST(JsonSchema, FindingsHaveTheQuotesOfTheOriginal) {
    Story story;
    story.register_schema("s", R"({"type":"string"})", json_schema);
    auto const got = story.check("s", "latest", R"({"type":"object"})", json_schema);
    EXPECT_EQ((*got.body.find_array("messages"))[0].string(),
              "{errorType:\"TYPE_CHANGED\", description:\"A type at path '#/' is different between "
              "the new schema and the old schema'}");
}

TEST(JsonSchema, LenientPermitsOptionalPropertiesInOpenModels) {
    Story story;
    auto const with = [](std::string const& properties) {
        return R"({"type":"object","properties":{)" + properties + "}}";
    };
    story.register_schema("s", with(R"("a":{"type":"string"})"), json_schema);
    auto const more = with(R"("a":{"type":"string"},"b":{"type":"string"})");
    EXPECT_EQ(story.register_schema("s", more, json_schema).status, 409U);
    story.put("/config/s", R"({"compatibilityPolicy":"lenient"})");
    EXPECT_EQ(story.register_schema("s", more, json_schema).version(), 2);
}

TEST(Languages, AnotherOneIsIncompatible) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const got = story.check("s", "latest", R"({"type":"object"})", json_schema);
    EXPECT_EQ(got.body.find_array("messages")->at(0).string(),
              "Incompatible because of different schema type");
    story.put("/config/s", R"({"compatibility":"NONE"})");
    EXPECT_EQ(story.register_schema("s", R"({"type":"object"})", json_schema).version(), 2);
}

}  // namespace
}  // namespace klamm::registry
