// Stories of schemas that refer to others.
#include "klamm/registry/stored.h"
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

std::string const inner =
    R"({"type":"record","name":"Inner","fields":[{"name":"x","type":"int"}]})";
std::string const outer =
    R"({"type":"record","name":"Outer","fields":[{"name":"i","type":"Inner"}]})";

std::string refers_to(std::string const& name, std::string const& subject, int version) {
    return R"("references":[{"name":")" + name + R"(","subject":")" + subject + R"(","version":)" +
           std::to_string(version) + "}],";
}

TEST(References, ASchemaIsReadWithWhatItRefersTo) {
    Story story;
    story.register_schema("inner", inner);
    auto const got = story.register_schema("outer", outer, refers_to("Inner", "inner", 1));
    EXPECT_EQ(got.id(), 2);
    EXPECT_EQ(story.get("/subjects/outer/versions/1").body.find_array("references")->size(), 1U);
    EXPECT_EQ(story.get("/subjects/inner/versions/1/referencedby").text, "[2]");
    EXPECT_EQ(story.get("/subjects/inner/versions/1/referencedBy").text, "[2]");
    EXPECT_TRUE(story.state().by_id(".", 2)->parsed().has_value());
    EXPECT_NE(story.get("/schemas/ids/2?format=resolved").string("schema").find("\"x\""),
              std::string::npos);
}

TEST(References, TheLatestVersionBecomesANumber) {
    Story story;
    story.register_schema("inner", inner);
    auto const got = story.register_schema("outer", outer, refers_to("Inner", "inner", -1));
    EXPECT_EQ((*got.body.find_array("references"))[0].find("version")->as_int64(), 1);
    EXPECT_EQ(story.look_up("outer", outer, refers_to("Inner", "inner", -1)).id(), 2);
}

TEST(References, WhatIsNotThereIsSaid) {
    Story story;
    auto const got = story.register_schema("outer", outer, refers_to("Inner", "inner", 4));
    EXPECT_EQ(got.code(), 42201);
    EXPECT_EQ(got.message(),
              "Invalid schema of type AVRO, details: No schema reference found for subject "
              "\"inner\" and version 4");
    EXPECT_EQ(
        story.register_schema("outer", outer, R"("references":[{"name":"Inner"}],)").message(),
        "Invalid schema of type AVRO, details: Invalid reference: {name='Inner', "
        "subject='null', version=null}");
}

TEST(References, WhatIsReferredToIsNotDeleted) {
    Story story;
    story.register_schema("inner", inner);
    story.register_schema("outer", outer, refers_to("Inner", "inner", 1));
    auto const got = story.erase("/subjects/inner");
    EXPECT_EQ(got.code(), 42206);
    EXPECT_EQ(got.message(),
              "One or more references exist to the schema "
              "{magic=1,keytype=SCHEMA,subject=inner,version=1}.");
    EXPECT_EQ(story.erase("/subjects/inner/versions/1").code(), 42206);
    story.erase("/subjects/outer");
    EXPECT_EQ(story.get("/subjects/inner/versions/1/referencedby").text, "[]");
    EXPECT_EQ(story.get("/subjects/inner/versions/1/referencedby?deleted=true").text, "[2]");
    EXPECT_EQ(story.erase("/subjects/inner").text, "[1]");
    EXPECT_EQ(story.erase("/subjects/inner?permanent=true").code(), 42206);
    story.erase("/subjects/outer?permanent=true");
    EXPECT_EQ(story.erase("/subjects/inner?permanent=true").text, "[1]");
}

TEST(References, AreFoundWhenTheyAreWrittenOut) {
    Story story;
    story.register_schema("inner", inner);
    story.register_schema("outer", outer, refers_to("Inner", "inner", 1));
    EXPECT_EQ(
        story
            .look_up("outer", R"({"type":"record","name":"Outer","fields":[{"name":"i","type":)" +
                                  inner + "}]}")
            .id(),
        2);
}

TEST(References, OfASubjectToItselfDoNotKeepIt) {
    Story story;
    story.put("/config/s", R"({"compatibility":"NONE"})");
    story.register_schema("s", inner);
    EXPECT_EQ(story.register_schema("s", outer, refers_to("Inner", "s", 1)).version(), 2);
    EXPECT_EQ(story.erase("/subjects/s").text, "[1,2]");
    EXPECT_EQ(story.erase("/subjects/s?permanent=true").text, "[1,2]");
}

TEST(References, KeepAVersionThatWasRegisteredAgain) {
    Story story;
    story.put("/config/inner", R"({"compatibility":"NONE"})");
    story.register_schema("inner", inner);
    story.register_schema("outer", outer, refers_to("Inner", "inner", 1));
    story.erase("/subjects/outer");
    story.erase("/subjects/inner");
    EXPECT_EQ(story.register_schema("outer", outer, refers_to("Inner", "inner", 1)).code(), 42201)
        << "a schema that is deleted is not referred to anew";
    auto const again = story.register_schema("inner", inner);
    EXPECT_EQ(again.id(), 1);
    EXPECT_EQ(again.version(), 2);
    EXPECT_EQ(story.get("/subjects/inner/versions?deleted=true").text, "[1,2]");
    EXPECT_EQ(story.get("/subjects/inner/versions/1/referencedby?deleted=true").text, "[2]");
}

TEST(References, OfAContextAreItsOwn) {
    Story story;
    story.register_schema(":.c:inner", inner);
    auto const got = story.register_schema(":.c:outer", outer, refers_to("Inner", "inner", 1));
    EXPECT_EQ(got.id(), 2);
    auto const qualified = story.get("/subjects/:.c:outer/versions/1?referenceFormat=qualified");
    EXPECT_EQ(*(*qualified.body.find_array("references"))[0].find_string("subject"), ":.c:inner");
    EXPECT_EQ(story.register_schema("outer", outer, refers_to("Inner", "inner", 1)).code(), 42201);
    EXPECT_EQ(story.register_schema("outer", outer, refers_to("Inner", ":.c:inner", 1)).id(), 1);
}

TEST(References, AChainHasAnEnd) {
    Story story;
    auto const fixed = R"({"type":"fixed","name":"N0","size":1})";
    story.register_schema("s0", fixed);
    for (int i = 1; i <= 102; ++i) {
        auto const name = "N" + std::to_string(i);
        auto const before = "N" + std::to_string(i - 1);
        auto const schema = R"({"type":"record","name":")" + name +
                            R"(","fields":[{"name":"f","type":")" + before + "\"}]}";
        auto const got = story.register_schema("s" + std::to_string(i), schema,
                                               refers_to(before, "s" + std::to_string(i - 1), 1));
        if (got.status == 200) continue;
        EXPECT_EQ(i, 102);
        EXPECT_EQ(got.message(),
                  "Invalid schema of type AVRO, details: it needs more than 999 other schemas, or "
                  "more than 100 in a row");
    }
    EXPECT_EQ(story.state().counts().schemas, 102U);
}

TEST(References, HaveABudget) {
    auto const content =
        std::make_shared<Content const>(Content{.text = std::string(1 << 20, 'x')});
    std::vector<Resolved> references(16, {.name = "n", .subject = "s", .content = content});
    EXPECT_EQ(texts_of(references)->size(), 16U);
    references.push_back(references.back());
    EXPECT_EQ(texts_of(references).error().why,
              "the schemas that it refers to have more than 16777216 bytes together");
}

TEST(References, ARecordMayComeBeforeThatWhichItRefersTo) {
    Story story;
    story.register_schema("inner", inner);
    story.register_schema("outer", outer, refers_to("Inner", "inner", 1));
    State turned;
    auto const& log = story.log();
    for (auto record = log.rbegin(); record != log.rend(); ++record) {
        turned.apply(*record);
        if (turned.by_id(".", 2) && !turned.by_id(".", 1)) {
            EXPECT_FALSE(turned.by_id(".", 2)->parsed().has_value());
        }
    }
    ASSERT_TRUE(turned.by_id(".", 2));
    EXPECT_TRUE(turned.by_id(".", 2)->parsed().has_value());
    EXPECT_EQ(turned.dump(), story.state().dump());
}

}  // namespace
}  // namespace klamm::registry
