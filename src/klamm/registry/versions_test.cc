// Stories of subjects, versions and ids.
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

TEST(Versions, AFirstSchemaHasIdAndVersionOneAndIsReadBackInEveryWay) {
    Story story;
    auto const got = story.register_schema("s", user({"a"}));
    EXPECT_EQ(got.status, 200U);
    EXPECT_EQ(got.id(), 1);
    EXPECT_EQ(got.version(), 1);
    EXPECT_EQ(got.string("schemaType"), "AVRO");
    EXPECT_EQ(got.string("guid").size(), 36U);
    EXPECT_EQ(got.type, "application/vnd.schemaregistry.v1+json");

    EXPECT_EQ(story.get("/subjects").text, R"(["s"])");
    EXPECT_EQ(story.get("/subjects/s/versions").text, "[1]");
    auto const version = story.get("/subjects/s/versions/1");
    EXPECT_EQ(version.string("subject"), "s");
    EXPECT_EQ(version.id(), 1);
    EXPECT_EQ(version.string("schema"), user({"a"}));
    EXPECT_EQ(version.number("ts"), 1'700'000'000'000);
    EXPECT_EQ(version.body.find("references"), nullptr);
    EXPECT_EQ(version.text, story.get("/subjects/s/versions/latest").text);
    EXPECT_EQ(version.text, story.get("/subjects/s/versions/-1").text);
    EXPECT_EQ(story.get("/subjects/s/versions/1/schema").text, user({"a"}));
    auto const by_id = story.get("/schemas/ids/1");
    EXPECT_EQ(by_id.string("schema"), user({"a"}));
    EXPECT_EQ(by_id.body.find("subject"), nullptr);
    EXPECT_EQ(story.get("/schemas/ids/1?subject=s").string("subject"), "s");
    EXPECT_EQ(story.get("/schemas/ids/1/schema").text, user({"a"}));
    EXPECT_EQ(story.get("/schemas/ids/1/subjects").text, R"(["s"])");
    EXPECT_EQ(story.get("/schemas/ids/1/versions").text, R"([{"subject":"s","version":1}])");
    auto const guid = got.string("guid");
    EXPECT_EQ(story.get("/schemas/guids/" + guid).string("schema"), user({"a"}));
    EXPECT_EQ(story.get("/schemas/guids/" + guid + "/ids").text, R"([{"context":".","id":1}])");
    EXPECT_EQ(story.look_up("s", user({"a"})).id(), 1);
}

TEST(Versions, TheSameSchemaHasTheSameIdUnderEverySubject) {
    Story story;
    EXPECT_EQ(story.register_schema("a", user({"a"})).id(), 1);
    EXPECT_EQ(story.register_schema("a", user({"a"})).version(), 1);
    auto const b = story.register_schema("b", user({"a"}));
    EXPECT_EQ(b.id(), 1);
    EXPECT_EQ(b.version(), 1);
    EXPECT_EQ(story.register_schema("a", user({"a", "b?"})).id(), 2);
    EXPECT_EQ(story.register_schema("a", user({"a", "b?"})).version(), 2);
    EXPECT_EQ(story.get("/schemas/ids/1/subjects").text, R"(["a","b"])");
    EXPECT_EQ(story.get("/schemas/ids/1?fetchMaxId=true").number("maxId"), 2);
}

TEST(Versions, AnIncompatibleSchemaIsRefusedInConfluentsWords) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const got = story.register_schema("s", user({"a", "b"}));
    EXPECT_EQ(got.status, 409U);
    EXPECT_EQ(got.code(), 409);
    EXPECT_EQ(got.message(),
              "Schema being registered is incompatible with an earlier schema for subject \"s\", "
              "details: [{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field "
              "'b' at path '/fields/1' in the new schema has no default value and is missing in "
              "the old schema', additionalInfo:'b'}, {oldSchemaVersion: 1}, {oldSchema: '" +
                  user({"a"}) + "'}, {validateFields: 'false', compatibility: 'BACKWARD'}]");
    EXPECT_EQ(story.get("/subjects/s/versions").text, "[1]");
    EXPECT_EQ(story.register_schema("s", user({"a", "b"}), {}, "?force=true").version(), 2);
}

TEST(Versions, DeletedSoftlyASchemaIsHiddenButItsIdIsRead) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    EXPECT_EQ(story.erase("/subjects/s/versions/1").text, "1");
    EXPECT_EQ(story.get("/subjects/s/versions").text, "[2]");
    EXPECT_EQ(story.get("/subjects/s/versions?deleted=true").text, "[1,2]");
    EXPECT_EQ(story.get("/subjects/s/versions?deletedOnly=true").text, "[1]");
    EXPECT_EQ(story.get("/subjects/s/versions?deletedAsNegative=True").text, "[-1,2]");
    EXPECT_EQ(story.get("/subjects/s/versions/1").code(), 40402);
    EXPECT_EQ(story.get("/subjects/s/versions/1?deleted=true").id(), 1);
    EXPECT_EQ(story.get("/schemas/ids/1").string("schema"), user({"a"}));
    EXPECT_EQ(story.get("/schemas/ids/1/versions").text, "[]");
    EXPECT_EQ(story.look_up("s", user({"a"})).code(), 40403);
    EXPECT_EQ(story.look_up("s", user({"a"}), {}, "?deleted=true").version(), 1);
}

TEST(Versions, RegisteredAgainASchemaKeepsItsIdAndHasANewVersion) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    story.erase("/subjects/s/versions/1");
    auto const got = story.register_schema("s", user({"a"}));
    EXPECT_EQ(got.id(), 1);
    EXPECT_EQ(got.version(), 3);
    EXPECT_EQ(story.get("/subjects/s/versions?deleted=true").text, "[2,3]");
}

TEST(Versions, AWholeSubjectIsDeletedSoftlyThenPermanently) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    EXPECT_EQ(story.erase("/subjects/s?permanent=true").code(), 40405);
    EXPECT_EQ(story.erase("/subjects/s").text, "[1,2]");
    EXPECT_EQ(story.get("/subjects").text, "[]");
    EXPECT_EQ(story.get("/subjects?deleted=true").text, R"(["s"])");
    EXPECT_EQ(story.get("/subjects?deletedOnly=true").text, R"(["s"])");
    EXPECT_EQ(story.erase("/subjects/s").code(), 40404);
    EXPECT_EQ(story.erase("/subjects/s?permanent=true").text, "[1,2]");
    EXPECT_EQ(story.erase("/subjects/s").code(), 40401);
    EXPECT_EQ(story.get("/schemas/ids/1").code(), 40403);
    // Version numbers begin again, ids do not.
    auto const got = story.register_schema("s", user({"a"}));
    EXPECT_EQ(got.version(), 1);
    EXPECT_EQ(got.id(), 3);
}

TEST(Versions, ANumberIsNotGivenAgainWhileItsSubjectLives) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    story.erase("/subjects/s/versions/2");
    EXPECT_EQ(story.erase("/subjects/s/versions/2?permanent=true").text, "2");
    EXPECT_EQ(story.register_schema("s", user({"a", "c?"})).version(), 3);
}

TEST(Versions, TheLatestIsTheLastThatIsLeft) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    EXPECT_EQ(story.erase("/subjects/s/versions/latest").text, "2");
    EXPECT_EQ(story.get("/subjects/s/versions/latest").version(), 1);
    EXPECT_EQ(story.erase("/subjects/s/versions/latest").text, "1");
    EXPECT_EQ(story.get("/subjects/s/versions/latest").code(), 40401);
    EXPECT_EQ(story.register_schema("s", user({"c"})).id(), 3) << "what is deleted forbids nothing";
}

TEST(Versions, OtherWordsAboutAFieldAreAnotherSchema) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const documented =
        R"({"type":"record","name":"User","doc":"who","fields":[{"name":"a","type":"string"}]})";
    EXPECT_EQ(story.look_up("s", documented).code(), 40403);
    EXPECT_EQ(story.register_schema("s", documented).id(), 2);
}

TEST(Versions, AVersionMayBeAskedForAndMustBeTheNext) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const late = story.register_schema("s", user({"a", "b?"}), R"("version":3,)");
    EXPECT_EQ(late.code(), 42201);
    EXPECT_EQ(late.message(), "Version is not one more than previous version");
    auto const next = story.register_schema("s", user({"a", "b?"}), R"("version":2,)");
    EXPECT_EQ(next.version(), 2);
    auto const again = story.register_schema("s", user({"a", "c?"}), R"("version":-1,)");
    EXPECT_EQ(again.version(), 3);
    EXPECT_EQ(*again.body.find("metadata")->find("properties")->find_string("confluent:version"),
              "3");
}

TEST(Versions, OfTwoThatRegisterAtOnceTheSecondIsAnsweredAgain) {
    Story story;
    auto const seen = story.state();  // by both
    story.register_schema("s", user({"a"}));
    EXPECT_NE(story.state().version(), seen.version()) << "what tells the second that it is late";
    auto const again = story.register_schema("s", user({"a"}));
    EXPECT_EQ(again.id(), 1);
    EXPECT_EQ(again.version(), 1);
    EXPECT_EQ(story.log().size(), 1U);
}

}  // namespace
}  // namespace klamm::registry
