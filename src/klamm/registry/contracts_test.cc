// Stories of metadata and rule sets.
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

std::string properties(std::string const& list) {
    return R"("metadata":{"properties":{)" + list + "}},";
}
std::string rules(std::string const& list) {
    return R"("ruleSet":{"domainRules":[)" + list + "]},";
}

TEST(Contracts, OtherMetadataIsAnotherSchema) {
    Story story;
    EXPECT_EQ(story.register_schema("s", user({"a"})).id(), 1);
    auto const got = story.register_schema("s", user({"a"}), properties(R"("owner":"me")"));
    EXPECT_EQ(got.id(), 2);
    EXPECT_EQ(got.version(), 2);
    EXPECT_EQ(story.register_schema("s", user({"a"}), properties(R"("owner":"me")")).version(), 2);
    EXPECT_EQ(story.get("/subjects/s/metadata?key=owner&value=me").version(), 2);
    EXPECT_EQ(story.get("/subjects/s/metadata?key=owner&value=you").code(), 40403);
    EXPECT_EQ(story.get("/subjects/t/metadata?key=owner&value=you").code(), 40401);
}

TEST(Contracts, TheVersionInTheMetadataIsTheRegistrys) {
    Story story;
    auto const add = [&](std::string const& more) {
        return story.register_schema("s", user({"a"}), more);
    };
    auto const find = [&](std::string const& more) {
        return story.look_up("s", user({"a"}), more);
    };
    auto const marked = [](std::string const& number) {
        return properties(R"("confluent:version":")" + number + "\"");
    };
    EXPECT_EQ(add("").id(), 1);
    EXPECT_EQ(add(R"("version":-1,)").id(), 1) << "the latest is equal but for a version";
    EXPECT_EQ(add(R"("version":2,)").id(), 2);
    EXPECT_EQ(add(R"("version":-1,)").id(), 2);
    EXPECT_EQ(find("").version(), 1);
    EXPECT_EQ(find(marked("1")).version(), 1) << "no metadata, but it is version 1";
    EXPECT_EQ(find(marked("2")).version(), 2);
    story.erase("/subjects/s/versions/1");
    EXPECT_EQ(find("").version(), 2);
    EXPECT_EQ(add("").id(), 2);
    EXPECT_EQ(add(R"("version":3,)").id(), 3);
    EXPECT_EQ(add(R"("version":-1,)").id(), 3);
    EXPECT_EQ(add(R"("version":3,)").code(), 42201);
    EXPECT_EQ(add(R"("version":4,)").id(), 4);
    EXPECT_EQ(find("").version(), 4);
    EXPECT_EQ(add(marked("-1")).id(), 5);
    EXPECT_EQ(add(marked("2")).id(), 2);
    EXPECT_EQ(add(marked("3")).id(), 3);
    EXPECT_EQ(add(marked("0")).id(), 6);
    EXPECT_EQ(add(R"("metadata":{},)").id(), 6);
    EXPECT_EQ(add(properties(R"("mine":"1")")).id(), 7);
    EXPECT_EQ(add(R"("version":-1,)").id(), 8);
    EXPECT_EQ(find(properties(R"("mine":"1")")).version(), 7);
    story.erase("/subjects/s/versions/7");
    EXPECT_EQ(find(properties(R"("mine":"1")")).version(), 8);
}

TEST(Contracts, WhoSendsNoMetadataMeansThoseThatAreThere) {
    Story story;
    EXPECT_EQ(story.register_schema("s", user({"a"}), properties(R"("owner":"me")")).id(), 1);
    EXPECT_EQ(story.register_schema("s", user({"a"})).id(), 1);
}

TEST(Contracts, WithoutATextTheLatestOneIsTaken) {
    Story story;
    story.register_schema("s", user({"a"}), properties(R"("owner":"me")"));
    auto const got = story.post("/subjects/s/versions",
                                R"({"ruleSet":{"domainRules":[{"name":"r","type":"CEL"}]}})");
    EXPECT_EQ(got.version(), 2);
    EXPECT_EQ(got.string("schema"), user({"a"}));
    EXPECT_EQ(*got.body.find("metadata")->find("properties")->find_string("owner"), "me");
    EXPECT_EQ(story.post("/subjects/t/versions", "{}").message(), "Empty schema");
}

TEST(Contracts, TheConfigsDefaultsLieUnderAndItsOverridesOver) {
    Story story;
    story.put("/config/s", R"({"defaultMetadata":{"properties":{"a":"1","b":"1"}},)"
                           R"("overrideMetadata":{"properties":{"c":"3"}}})");
    auto const got = story.register_schema("s", user({"a"}), properties(R"("b":"2","c":"2")"));
    EXPECT_EQ(json::print(*got.body.find("metadata")),
              R"({"properties":{"a":"1","b":"2","c":"3"}})");
    EXPECT_EQ(story.look_up("s", user({"a"}), properties(R"("b":"2","c":"2")")).version(), 1);
    EXPECT_EQ(story.look_up("s", user({"a"})).version(), 1);
}

TEST(Contracts, RuleSetsAreValidated) {
    struct Case {
        std::string set;
        std::string why;
    };
    Case const cases[] = {
        {R"("domainRules":[{"type":"CEL"}])", "Missing rule name"},
        {R"("domainRules":[{"name":"","type":"CEL"}])", "Empty rule name"},
        {R"("domainRules":[{"name":"1x","type":"CEL"}])",
         "Illegal initial character in rule name: 1x"},
        {R"("domainRules":[{"name":"a b","type":"CEL"}])", "Illegal character in rule name: a b"},
        {R"("domainRules":[{"name":"a"}])", "Missing rule type"},
        {R"("domainRules":[{"name":"a","type":"CEL"}],"encodingRules":[{"name":"a","type":"X"}])",
         "Found rule with duplicate name 'a'"},
        {R"("domainRules":[{"name":"a","type":"CEL","mode":"UPGRADE"}])",
         "Domain rules can only be WRITE, READ, WRITEREAD"},
        {R"("encodingRules":[{"name":"a","type":"CEL","mode":"UPDOWN"}])",
         "Encoding rules can only be WRITE, READ, WRITEREAD"},
        {R"("migrationRules":[{"name":"a","type":"CEL"}])",
         "Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN"},
        {R"("domainRules":[{"name":"a","type":"CEL","mode":"READ","onFailure":"DLQ,NONE"}])",
         "Multiple actions only valid with WRITEREAD and UPDOWN"},
        {R"("domainRules":[{"name":")" + std::string(257, 'a') + R"(","type":"CEL"}])",
         "Rule name too long"},
    };
    Story story;
    for (auto const& one : cases) {
        auto const got = story.register_schema("s", user({"a"}), "\"ruleSet\":{" + one.set + "},");
        EXPECT_EQ(got.code(), 42210) << one.set;
        EXPECT_EQ(got.message(), one.why) << one.set;
    }
    EXPECT_EQ(story.put("/config", R"({"defaultRuleSet":{"domainRules":[{"name":"a"}]}})").code(),
              42210);
}

TEST(Contracts, SchemasAreListedByTypeOfRule) {
    Story story;
    story.register_schema("s", user({"a"}), rules(R"({"name":"r","type":"CEL"})"));
    story.register_schema("t", user({"a"}));
    EXPECT_EQ(story.get("/schemas?ruleType=CEL").body.array().size(), 1U);
    EXPECT_EQ(story.get("/schemas?ruleType=ENCRYPT").body.array().size(), 0U);
    EXPECT_EQ(story.get("/schemas").body.array().size(), 2U);
    EXPECT_EQ(story.get("/schemas?offset=1&limit=1").body.array().size(), 1U);
    EXPECT_EQ(story.get("/schemas?subjectPrefix=t").body.array().size(), 1U);
}

TEST(Contracts, TaggingAVersionMakesANewOne) {
    Story story;
    story.register_schema("s", user({"a"}), rules(R"({"name":"r","type":"CEL"})"));
    auto const got = story.post("/subjects/s/versions/1/tags",
                                R"({"newVersion":2,"metadata":{"properties":{"owner":"me"}},)"
                                R"("rulesToMerge":{"domainRules":[{"name":"q","type":"CEL"}]},)"
                                R"("rulesToRemove":["r"]})");
    EXPECT_EQ(got.version(), 2) << got.text;
    EXPECT_EQ(json::print(*got.body.find("metadata")),
              R"({"properties":{"confluent:version":"2","owner":"me"}})");
    auto const& left = *got.body.find("ruleSet")->find_array("domainRules");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(*left[0].find_string("name"), "q");
}

TEST(Contracts, TagsStandInsideOfAvroSchemas) {
    Story story;
    auto const schema =
        R"({"type":"record","name":"Order","namespace":"com","fields":[{"name":"to","type":)"
        R"(["null",)"
        R"({"type":"record","name":"Person","fields":[{"name":"email","type":"string",)"
        R"("confluent:tags":["PII"]}]}]}]})";
    EXPECT_EQ(story.register_schema("s", schema).id(), 1);
    EXPECT_EQ(json::print(*story.get("/schemas/ids/1?findTags=PII").body.find("schemaTags")),
              R"([{"schemaEntity":{"entityPath":"com.Person.email","entityType":"sr_field"},)"
              R"("tags":["PII"]}])");
    EXPECT_EQ(story.get("/subjects/s/versions/1?findTags=GDPR").body.find("schemaTags"), nullptr);

    auto const got = story.post(
        "/subjects/s/versions/1/tags",
        R"({"tagsToAdd":[{"schemaEntity":{"entityPath":"Order","entityType":"sr_record"},)"
        R"("tags":["GDPR"]}],"tagsToRemove":[{"schemaEntity":{"entityPath":"com.Person.email",)"
        R"("entityType":"sr_field"},"tags":["PII"]}]})");
    EXPECT_EQ(got.version(), 2) << got.text;
    EXPECT_EQ(json::print(*story.get("/subjects/s/versions/2?findTags=*").body.find("schemaTags")),
              R"([{"schemaEntity":{"entityPath":"com.Order","entityType":"sr_record"},)"
              R"("tags":["GDPR"]}])");
    auto const nowhere = story.register_schema(
        "s", schema,
        R"("schemaTagsToAdd":[{"schemaEntity":{"entityPath":"No","entityType":"sr_record"},)"
        R"("tags":["X"]}],)");
    EXPECT_EQ(nowhere.code(), 42201);
    EXPECT_EQ(nowhere.message(),
              "Invalid schema of type AVRO, details: No matching path 'No' found in the schema");
}

TEST(Contracts, TagsOfTheLatestVersionStayWhenTheyAreAskedTo) {
    Story story;
    auto const schema = [](std::string const& more) {
        return R"({"type":"record","name":"R","fields":[{"name":"a","type":"int")" + more + "}]}";
    };
    story.register_schema("s", schema(R"(,"confluent:tags":["PII"])"));
    auto const got =
        story.register_schema("s", schema(R"(,"doc":"d")"), R"("propagateSchemaTags":true,)");
    EXPECT_EQ(got.version(), 2);
    EXPECT_NE(got.string("schema").find(R"("confluent:tags":["PII"])"), std::string::npos);
}

TEST(Contracts, ReservedFieldsAreKept) {
    Story story;
    story.put("/config", R"({"validateFields":true})");
    story.register_schema("s", user({"a"}), properties(R"("confluent:reserved":"x, y")"));
    auto const used =
        story.register_schema("s", user({"a", "x?"}), properties(R"("confluent:reserved":"x,y")"));
    EXPECT_EQ(used.status, 409U);
    EXPECT_NE(used.message().find("The new schema has field that conflicts with the reserved field "
                                  "x., {validateFields: 'true', compatibility: 'BACKWARD'}"),
              std::string::npos)
        << used.message();
    auto const dropped =
        story.register_schema("s", user({"a", "b?"}), properties(R"("confluent:reserved":"x")"));
    EXPECT_NE(dropped.message().find(
                  "The new schema has reserved field y removed from its metadata which is present "
                  "in the old schema's metadata."),
              std::string::npos)
        << dropped.message();
}

}  // namespace
}  // namespace klamm::registry
