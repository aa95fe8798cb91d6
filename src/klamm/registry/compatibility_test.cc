// Stories of schemas held against the versions that are there.
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

bool is_compatible(Got const& got) { return got.body.find_bool("is_compatible").value_or(false); }
std::vector<std::string> messages(Got const& got) {
    std::vector<std::string> all;
    if (auto const* list = got.body.find_array("messages"))
        for (auto const& message : *list) all.push_back(message.string());
    return all;
}

TEST(Compatibility, LevelsAskForTheirDirection) {
    struct Case {
        std::string level;
        bool added;          ///< a field without a default
        bool added_default;  ///< one with a default
        bool removed;        ///< a field without a default
    };
    Case const cases[] = {
        {"NONE", true, true, true},
        {"BACKWARD", false, true, true},
        {"FORWARD", true, true, false},
        {"FULL", false, true, false},
        {"BACKWARD_TRANSITIVE", false, true, true},
        {"FORWARD_TRANSITIVE", true, true, false},
        {"FULL_TRANSITIVE", false, true, false},
    };
    for (auto const& one : cases) {
        Story story;
        story.register_schema("s", user({"a", "b"}));
        story.put("/config/s", R"({"compatibility":")" + one.level + "\"}");
        EXPECT_EQ(is_compatible(story.check("s", "latest", user({"a", "b", "c"}))), one.added)
            << one.level;
        EXPECT_EQ(is_compatible(story.check("s", "1", user({"a", "b", "c?"}))), one.added_default)
            << one.level;
        EXPECT_EQ(is_compatible(story.check("s", "", user({"a"}))), one.removed) << one.level;
    }
}

TEST(Compatibility, OnlyTransitiveLevelsLookPastTheLatest) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    story.register_schema("s", user({"a", "b"}), {}, "?force=true");
    EXPECT_TRUE(is_compatible(story.check("s", "", user({"a", "b", "c?"}))));
    story.put("/config/s", R"({"compatibility":"BACKWARD_TRANSITIVE"})");
    auto const got = story.check("s", "", user({"a", "b", "c?"}));
    EXPECT_FALSE(is_compatible(got));
    EXPECT_EQ(messages(got)[1], "{oldSchemaVersion: 1}");
    story.erase("/subjects/s/versions/1");
    EXPECT_TRUE(is_compatible(story.check("s", "", user({"a", "b", "c?"}))))
        << "deleted versions do not count";
}

TEST(Compatibility, BothDirectionsQuoteTheOldSchemaOnce) {
    Story story;
    story.put("/config/s", R"({"compatibility":"FULL"})");
    story.register_schema("s", user({"a"}));
    auto const got = messages(story.check("s", "latest", user({"b"})));
    ASSERT_EQ(got.size(), 5U);
    EXPECT_NE(
        got[0].find("The field 'a' at path '/fields/0' in the old schema has no default value "
                    "and is missing in the new schema"),
        std::string::npos)
        << got[0];
    EXPECT_NE(got[1].find("The field 'b' at path '/fields/0' in the new schema"),
              std::string::npos);
    EXPECT_EQ(got[2], "{oldSchemaVersion: 1}");
    EXPECT_EQ(got[3], "{oldSchema: '" + user({"a"}) + "'}");
    EXPECT_EQ(got[4], "{validateFields: 'false', compatibility: 'FULL'}");
}

TEST(Compatibility, ALongOldSchemaIsCutOff) {
    Story story;
    std::vector<std::string> names;
    for (int i = 0; i < 400; ++i) names.push_back("field" + std::to_string(i));
    story.register_schema("s", user(names));
    auto const got = messages(story.check("s", "latest", user({"b"})));
    ASSERT_EQ(got.size(), 4U);
    EXPECT_TRUE(got[2].starts_with("{oldSchema: <truncated> '{\"type\""));
    EXPECT_EQ(got[2].size(), 10U * 1024 + std::string("{oldSchema: <truncated> '...'}").size());
}

TEST(Compatibility, WithoutVerboseThereAreNoMessages) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const got =
        story.post("/compatibility/subjects/s/versions/latest", Story::body_of(user({"b"})));
    EXPECT_EQ(got.text, R"({"is_compatible":false})");
    EXPECT_EQ(story
                  .post("/compatibility/subjects/s/versions/latest?verbose=True",
                        Story::body_of(user({"a"})))
                  .text,
              R"({"is_compatible":true,"messages":[]})");
}

TEST(Compatibility, AnUnknownSubjectIsCompatibleWithItsLatestOnly) {
    Story story;
    EXPECT_TRUE(is_compatible(story.check("s", "latest", user({"a"}))));
    EXPECT_TRUE(is_compatible(story.check("s", "", user({"a"}))));
    EXPECT_EQ(story.check("s", "1", user({"a"})).code(), 40402);
}

TEST(Compatibility, WhatIsNoSchemaIsAMessageWhenVerbose) {
    Story story;
    auto const verbose = story.check("s", "latest", "{");
    EXPECT_EQ(verbose.status, 200U);
    EXPECT_FALSE(is_compatible(verbose));
    EXPECT_TRUE(messages(verbose)[0].starts_with("Invalid schema of type AVRO, details: "));
    EXPECT_EQ(story.post("/compatibility/subjects/s/versions/latest", Story::body_of("{")).code(),
              42201);
    EXPECT_EQ(messages(story.check("s", "latest", " "))[0], "Empty schema");
}

TEST(Compatibility, ExplainedTheAnswerHasFindingsMendsAndReaders) {
    Story story;
    story.world().readers = [](std::string_view subject) {
        EXPECT_EQ(subject, "s");
        return std::vector<Reader>{{.group = "billing", .topic = "orders", .members = 2, .lag = 7}};
    };
    story.register_schema("s", user({"a"}));
    auto const target = "/compatibility/subjects/s/versions/latest";
    auto const accept = "application/vnd.klamm.findings+json, application/json";
    auto const got = story.ask("POST", target, Story::body_of(user({"a", "b"})), accept);
    EXPECT_EQ(got.type, "application/vnd.klamm.findings+json");
    EXPECT_FALSE(is_compatible(got));
    ASSERT_EQ(got.body.find_array("findings")->size(), 1U);
    auto const& finding = (*got.body.find_array("findings"))[0];
    EXPECT_EQ(*finding.find_string("rule"), "READER_FIELD_MISSING_DEFAULT_VALUE");
    EXPECT_FALSE(messages(got).empty());
    EXPECT_EQ(*(*got.body.find_array("readers"))[0].find_string("group"), "billing");

    auto const refused =
        story.ask("POST", "/subjects/s/versions", Story::body_of(user({"a", "b"})), accept);
    EXPECT_EQ(refused.status, 409U);
    EXPECT_EQ(refused.code(), 409);
    EXPECT_EQ(refused.type, "application/vnd.klamm.findings+json");
    EXPECT_EQ(refused.body.find_array("findings")->size(), 1U);

    auto const fine = story.ask("POST", target, Story::body_of(user({"a"})), accept);
    EXPECT_TRUE(is_compatible(fine));
    EXPECT_EQ(story.ask("GET", "/subjects", {}, accept).type, "application/json");
}

}  // namespace
}  // namespace klamm::registry
