// Paths, queries, types, and every error with its code and text.
#include "klamm/registry/http.h"

#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

TEST(Http, SlashesAndColonsOfSubjectsAreEncoded) {
    Story story;
    EXPECT_EQ(story.register_schema("a%2Fb%20c", user({"a"})).id(), 1);
    EXPECT_EQ(story.get("/subjects").text, R"(["a/b c"])");
    EXPECT_EQ(story.get("/subjects/a%2fb%20c/versions/").text, "[1]");
    EXPECT_EQ(story.get("/subjects/a+b/versions").code(), 40401) << "a plus is a plus in a path";
    EXPECT_EQ(story.get("/subjects/%zz/versions").status, 400U);
    EXPECT_EQ(story.get("/subjects/%ff/versions").status, 400U);
    EXPECT_EQ(story.get("/subjects//versions").status, 404U);
    EXPECT_EQ(story.get("/subjects/" + std::string(target_bytes_max, 'x')).status, 414U);
}

TEST(Http, TruthIsWrittenInAnyCase) {
    Story story;
    EXPECT_EQ(story.register_schema("s", user({"a"}), {}, "?normalize=False").id(), 1);
    story.erase("/subjects/s");
    EXPECT_EQ(story.get("/subjects?deleted=TRUE").text, R"(["s"])");
    EXPECT_EQ(story.get("/subjects?deleted=yes").text, "[]");
}

TEST(Http, UnknownMembersAreIgnored) {
    Story story;
    EXPECT_EQ(
        story.register_schema("s", user({"a"}), R"("nobody":{"knows":1},"references":null,)").id(),
        1);
}

TEST(Http, TypesAreNegotiated) {
    Story story;
    auto const type_for = [&](std::string_view accept) {
        auto const got = story.ask("GET", "/subjects", {}, accept);
        return got.status == 200 ? got.type : std::to_string(got.status);
    };
    EXPECT_EQ(type_for(""), "application/vnd.schemaregistry.v1+json");
    EXPECT_EQ(type_for("*/*"), "application/vnd.schemaregistry.v1+json");
    EXPECT_EQ(type_for("application/json"), "application/json");
    EXPECT_EQ(type_for("application/vnd.schemaregistry+json"),
              "application/vnd.schemaregistry+json");
    EXPECT_EQ(type_for("application/vnd.schemaregistry.v1+json, "
                       "application/vnd.schemaregistry+json, application/json"),
              "application/vnd.schemaregistry.v1+json");
    EXPECT_EQ(type_for("application/vnd.schemaregistry.v1+json;q=0.1, application/json; q=0.9"),
              "application/json");
    EXPECT_EQ(type_for("text/html"), "406");
    EXPECT_EQ(type_for("application/json;q=0"), "406");

    auto const posted = [&](std::string_view type) {
        return story.ask("POST", "/subjects/s/versions", Story::body_of(user({"a"})), {}, type)
            .status;
    };
    for (auto const* type :
         {"", "application/json", "application/json; charset=utf-8", "application/octet-stream",
          "application/vnd.schemaregistry.v1+json", "application/vnd.schemaregistry+json"})
        EXPECT_EQ(posted(type), 200U) << type;
    EXPECT_EQ(posted("text/plain"), 415U);
}

TEST(Http, HeadIsAnsweredAsGet) {
    Story story;
    EXPECT_EQ(story.ask("HEAD", "/subjects").status, 200U);
    EXPECT_EQ(story.ask("HEAD", "/subjects/s/versions").status, 404U);
}

TEST(Http, WhoAsksForTheRootFindsItAlive) {
    Story story;
    EXPECT_EQ(story.get("/").text, "{}");
    EXPECT_EQ(story.post("/", "{}").text, "{}");
    EXPECT_EQ(story.get("/v1/metadata/version").text, R"({"version":"1.2.3","commitId":""})");
    EXPECT_EQ(story.get("/v1/metadata/id").text,
              R"({"id":"","scope":{"path":[],"clusters":{"kafka-cluster":"cluster",)"
              R"("schema-registry-cluster":"schema-registry"}}})");
    EXPECT_EQ(story.get("/v1/metadata/deployment").text, R"({"attributes":[]})");
    EXPECT_EQ(story.get("/schemas/types").text, R"(["JSON","PROTOBUF","AVRO"])");
}

TEST(Http, OnlyRequestsThatMayChangeSomethingWait) {
    auto const waits = [](std::string_view method, std::string_view target) {
        return may_change({.method = method, .target = target});
    };
    EXPECT_TRUE(waits("POST", "/subjects/s/versions?normalize=true"));
    EXPECT_TRUE(waits("POST", "/subjects/s/versions/"));
    EXPECT_TRUE(waits("POST", "/contexts/.c/subjects/s/versions"));
    EXPECT_TRUE(waits("POST", "/subjects/s/versions/1/tags"));
    EXPECT_TRUE(waits("PUT", "/config"));
    EXPECT_TRUE(waits("DELETE", "/subjects/s"));
    EXPECT_FALSE(waits("POST", "/subjects/s"));
    EXPECT_FALSE(waits("POST", "/compatibility/subjects/s/versions"));
    EXPECT_FALSE(waits("GET", "/subjects"));
}

TEST(Http, PathsOfTheRegistryAreKnown) {
    for (auto const* path :
         {"/", "/subjects", "/subjects/", "/schemas/types", "/config", "/mode/s",
          "/contexts/.c/mode", "/compatibility/subjects/s/versions", "/v1/metadata/id"})
        EXPECT_TRUE(is_registry_path(path)) << path;
    for (auto const* path : {"/healthz", "/subjectsx", "/v1", "/metrics", ""})
        EXPECT_FALSE(is_registry_path(path)) << path;
}

struct Error {
    std::string method;
    std::string target;
    std::string body;
    unsigned status;
    std::int64_t code;
    std::string message;
};

/// On a state with: "s" (versions 1 deleted, 2), "gone" (deleted), "locked" (read-only), "base"
/// (referred to by "user").
Story prepared() {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    story.erase("/subjects/s/versions/1");
    story.register_schema("gone", user({"a"}));
    story.erase("/subjects/gone");
    story.register_schema("locked", user({"a"}));
    story.put("/mode/locked", R"({"mode":"READONLY"})");
    story.register_schema("base", R"({"type":"fixed","name":"Base","size":2})");
    story.register_schema("user", R"({"type":"array","items":"Base"})",
                          R"("references":[{"name":"Base","subject":"base","version":1}],)");
    return story;
}

TEST(Http, EveryErrorHasItsCodeAndText) {
    std::string const schema = Story::body_of(user({"z?"}));
    std::string const no_version =
        " is not a valid version id. Allowed values are between [1, 2^31-1] and the string "
        "\"latest\"";
    std::vector<Error> const errors{
        {"GET", "/nothing", "", 404, 404, "HTTP 404 Not Found"},
        {"GET", "/subjects/s/versions/2/nothing", "", 404, 404, "HTTP 404 Not Found"},
        {"GET", "/schemas/ids/x", "", 404, 404, "HTTP 404 Not Found"},
        {"GET", "/subjects?limit=x", "", 404, 404, "HTTP 404 Not Found"},
        {"PATCH", "/subjects", "", 405, 405, "HTTP 405 Method Not Allowed"},
        {"DELETE", "/schemas/types", "", 405, 405, "HTTP 405 Method Not Allowed"},
        {"GET", "/subjects/x/versions", "", 404, 40401, "Subject 'x' not found."},
        {"GET", "/subjects/x/versions/1", "", 404, 40401, "Subject 'x' not found."},
        {"GET", "/subjects/gone/versions/latest", "", 404, 40401, "Subject 'gone' not found."},
        {"POST", "/subjects/x", schema, 404, 40401, "Subject 'x' not found."},
        {"DELETE", "/subjects/x", "", 404, 40401, "Subject 'x' not found."},
        {"DELETE", "/subjects/x/versions/1", "", 404, 40401, "Subject 'x' not found."},
        {"DELETE", "/config/x", "", 404, 40401, "Subject 'x' not found."},
        {"DELETE", "/mode/x", "", 404, 40401, "Subject 'x' not found."},
        {"GET", "/subjects/s/versions/9", "", 404, 40402, "Version 9 not found."},
        {"DELETE", "/subjects/s/versions/9", "", 404, 40402, "Version 9 not found."},
        {"GET", "/schemas/ids/99", "", 404, 40403, "Schema 99 not found"},
        {"GET", "/schemas/ids/99/subjects", "", 404, 40403, "Schema not found"},
        {"GET", "/schemas/guids/nobody", "", 404, 40403, "Schema nobody not found"},
        {"POST", "/subjects/s", schema, 404, 40403, "Schema not found"},
        {"DELETE", "/subjects/gone", "", 404, 40404,
         "Subject 'gone' was soft deleted.Set permanent=true to delete permanently"},
        {"DELETE", "/subjects/s?permanent=true", "", 404, 40405,
         "Subject 's' was not deleted first before being permanently deleted"},
        {"DELETE", "/subjects/s/versions/1", "", 404, 40406,
         "Subject 's' Version 1 was soft deleted.Set permanent=true to delete permanently"},
        {"DELETE", "/subjects/s/versions/2?permanent=true", "", 404, 40407,
         "Subject 's' Version 2 was not deleted first before being permanently deleted"},
        {"GET", "/config/s", "", 404, 40408,
         "Subject 's' does not have subject-level compatibility configured"},
        {"GET", "/mode/s", "", 404, 40409,
         "Subject 's' does not have subject-level mode configured"},
        {"POST", "/subjects/s/versions", "{", 400, 400, ""},
        {"POST", "/subjects/s/versions", "", 422, 422, ""},
        {"POST", "/subjects/s/versions", "[]", 422, 422, ""},
        {"POST", "/subjects/s/versions", R"({"schema":{}})", 422, 422, ""},
        {"POST", "/subjects/s/versions", R"({"schema":"x","schemaType":"XML"})", 422, 42201,
         "Invalid schema type XML"},
        {"POST", "/subjects/s/versions", "{}", 200, -1, ""},
        {"POST", "/subjects/x/versions", "{}", 422, 42201, "Empty schema"},
        {"GET", "/subjects/s/versions/0", "", 422, 42202, "The specified version '0'" + no_version},
        {"GET", "/subjects/s/versions/first", "", 422, 42202,
         "The specified version 'first'" + no_version},
        {"POST", "/compatibility/subjects/s/versions/-2", schema, 422, 42202,
         "The specified version '-2'" + no_version},
        {"PUT", "/config", R"({"compatibility":"SOMETIMES"})", 422, 42203,
         "Invalid compatibility level. Valid values are none, backward, forward, full, "
         "backward_transitive, forward_transitive, and full_transitive"},
        {"PUT", "/mode", R"({"mode":"WRITEONLY"})", 422, 42204,
         "Invalid mode. Valid values are READWRITE, READONLY, IMPORT and FORWARD."},
        {"PUT", "/mode", R"({"mode":"FORWARD"})", 422, 42204,
         "Forward mode only supported on global level"},
        {"POST", "/subjects/locked/versions", schema, 422, 42205,
         "Subject locked in context  is in read-only mode"},
        {"PUT", "/mode", R"({"mode":"IMPORT"})", 422, 42205,
         "Cannot import since found existing subjects"},
        {"DELETE", "/subjects/base", "", 422, 42206,
         "One or more references exist to the schema "
         "{magic=1,keytype=SCHEMA,subject=base,version=1}."},
        {"POST", "/subjects/__GLOBAL/versions", schema, 422, 42208,
         "The specified subject '__GLOBAL' is not a valid."},
        {"POST", "/subjects/a%09b/versions", schema, 422, 42208,
         "The specified subject 'a\tb' is not a valid."},
        {"POST", "/subjects/:*:s/versions", schema, 422, 42208,
         "The specified subject ':*:s' is not a valid."},
        {"PUT", "/config/__EMPTY", R"({"compatibility":"NONE"})", 422, 42208,
         "The specified subject '__EMPTY' is not a valid."},
        {"POST", "/subjects/s/versions", Story::body_of(std::string(1'000'001, ' ') + "\"int\""),
         422, 42209, "Register operation failed because schema is too large"},
        {"GET", "/contexts/a:b/subjects", "", 400, 400,
         "Context name 'a:b' cannot contain a colon"},
    };
    for (auto const& error : errors) {
        auto story = prepared();
        auto const got = story.ask(error.method, error.target, error.body);
        auto const what = error.method + " " + error.target + " " + error.body.substr(0, 80) +
                          " -> " + got.text.substr(0, 200);
        EXPECT_EQ(got.status, error.status) << what;
        EXPECT_EQ(got.code(), error.code) << what;
        if (!error.message.empty()) {
            EXPECT_EQ(got.message(), error.message) << what;
        }
    }
}

}  // namespace
}  // namespace klamm::registry
