// Stories of levels, modes and contexts.
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

namespace klamm::registry {
namespace {

TEST(Config, TheGlobalLevelIsBackwardUntilItIsSet) {
    Story story;
    EXPECT_EQ(story.get("/config").text, R"({"compatibilityLevel":"BACKWARD"})");
    EXPECT_EQ(story.put("/config", R"({"compatibility":"full"})").text,
              R"({"compatibility":"FULL"})");
    EXPECT_EQ(story.get("/config").text, R"({"compatibilityLevel":"FULL"})");
    EXPECT_EQ(story.erase("/config").text, R"({"compatibilityLevel":"FULL"})");
    EXPECT_EQ(story.get("/config").text, R"({"compatibilityLevel":"BACKWARD"})");
}

TEST(Config, ASubjectHasNoLevelOfItsOwnUntilItIsSet) {
    Story story;
    EXPECT_EQ(story.get("/config/s").code(), 40408);
    EXPECT_EQ(story.get("/config/s?defaultToGlobal=true").text,
              R"({"compatibilityLevel":"BACKWARD"})");
    story.put("/config/s", R"({"compatibility":"NONE"})");
    EXPECT_EQ(story.get("/config/s").text, R"({"compatibilityLevel":"NONE"})");
    story.register_schema("s", user({"a"}));
    EXPECT_EQ(story.register_schema("s", user({"b"})).version(), 2);
    EXPECT_EQ(story.erase("/config/s").text, R"({"compatibilityLevel":"NONE"})");
    EXPECT_EQ(story.erase("/config/s").code(), 40401);
}

TEST(Config, AnUpdateChangesWhatItNames) {
    Story story;
    story.put("/config/s", R"({"compatibility":"FULL","normalize":true,"alias":"t"})");
    EXPECT_EQ(story.put("/config/s", R"({"compatibilityGroup":"major","alias":null})").text,
              R"({"normalize":true,"compatibility":"FULL","compatibilityGroup":"major"})");
}

TEST(Config, ASubjectsOwnConfigLiesOverTheGlobalOne) {
    Story story;
    story.put("/config", R"({"compatibility":"FULL","normalize":true})");
    story.put("/config/s", R"({"compatibility":"FORWARD"})");
    EXPECT_EQ(story.get("/config/s?defaultToGlobal=true").text,
              R"({"normalize":true,"compatibilityLevel":"FORWARD"})");
}

TEST(Config, AContextsLevelHoldsForItsSubjects) {
    Story story;
    story.put("/contexts/.c/config", R"({"compatibility":"NONE"})");
    story.put("/config/:.__GLOBAL:", R"({"compatibility":"FORWARD"})");
    EXPECT_EQ(story.get("/config/:.c:").text, R"({"compatibilityLevel":"NONE"})");
    EXPECT_EQ(story.get("/config/:.c:s?defaultToGlobal=true").string("compatibilityLevel"), "NONE");
    EXPECT_EQ(story.get("/config/:.d:s?defaultToGlobal=true").string("compatibilityLevel"),
              "FORWARD");
    EXPECT_EQ(story.get("/config/s?defaultToGlobal=true").string("compatibilityLevel"), "FORWARD");
}

TEST(Config, AnAliasStandsForAnotherSubject) {
    Story story;
    story.register_schema("real", user({"a"}));
    story.put("/config/nick", R"({"alias":"real"})");
    EXPECT_EQ(story.get("/subjects/nick/versions/latest").string("subject"), "real");
    EXPECT_EQ(story.register_schema("nick", user({"a", "b?"})).version(), 2);
    EXPECT_EQ(story.get("/subjects").text, R"(["real"])");
    EXPECT_NE(story.get("/schemas?aliases=true").text.find(R"("aliases":["nick"])"),
              std::string::npos);
}

TEST(Config, GroupsOfVersionsAreHeldAgainstTheirOwn) {
    Story story;
    story.put("/config/s", R"({"compatibilityGroup":"major"})");
    auto const major = [](std::string const& number) {
        return R"("metadata":{"properties":{"major":")" + number + R"("}},)";
    };
    EXPECT_EQ(story.register_schema("s", user({"a"}), major("1")).version(), 1);
    EXPECT_EQ(story.register_schema("s", user({"b"}), major("1")).status, 409U);
    EXPECT_EQ(story.register_schema("s", user({"b"}), major("2")).version(), 2);
    EXPECT_EQ(story.register_schema("s", user({"a", "c?"}), major("1")).version(), 3);
}

TEST(Config, IsNoLongerThanARecord) {
    Story story;
    auto const got =
        story.put("/config", R"({"compatibilityGroup":")" + std::string(1'000'001, 'x') + "\"}");
    EXPECT_EQ(got.code(), 422);
    EXPECT_EQ(got.message(), "The config has 1000026 bytes; at most 1000000");
}

TEST(Mode, ReadOnlyRefusesChanges) {
    Story story;
    story.register_schema("s", user({"a"}));
    EXPECT_EQ(story.get("/mode").text, R"({"mode":"READWRITE"})");
    EXPECT_EQ(story.put("/mode/s", R"({"mode":"READONLY"})").text, R"({"mode":"READONLY"})");
    auto const got = story.register_schema("s", user({"a", "b?"}));
    EXPECT_EQ(got.status, 422U);
    EXPECT_EQ(got.code(), 42205);
    EXPECT_EQ(got.message(), "Subject s in context  is in read-only mode");
    EXPECT_EQ(story.erase("/subjects/s").code(), 42205);
    EXPECT_EQ(story.erase("/subjects/s/versions/1").code(), 42205);
    EXPECT_EQ(story.put("/config/s", R"({"compatibility":"NONE"})").code(), 42205);
    EXPECT_EQ(story.register_schema("s", user({"a"})).id(), 1) << "what is there is not a change";
    EXPECT_EQ(story.erase("/mode/s").text, R"({"mode":"READONLY"})");
    EXPECT_EQ(story.get("/mode/s").code(), 40409);
    EXPECT_EQ(story.get("/mode/s?defaultToGlobal=true").text, R"({"mode":"READWRITE"})");
}

TEST(Mode, AnImportKeepsIdsAndVersions) {
    Story story;
    EXPECT_EQ(story.register_schema("s", user({"a"}), R"("id":7,"version":3,)").code(), 42205);
    EXPECT_EQ(story.put("/mode", R"({"mode":"import"})").text, R"({"mode":"import"})");
    EXPECT_EQ(story.register_schema("s", user({"x"})).code(), 42205);
    auto const got = story.register_schema("s", user({"a"}), R"("id":7,"version":3,)");
    EXPECT_EQ(got.id(), 7);
    EXPECT_EQ(got.version(), 3);
    EXPECT_EQ(story.register_schema("s", user({"a"}), R"("id":7,"version":3,)").id(), 7);
    auto const other = story.register_schema("s", user({"b"}), R"("id":7,"version":4,)");
    EXPECT_EQ(other.code(), 42205);
    EXPECT_EQ(other.message(), "Overwrite new schema with id 7 in context  is not permitted.");
    EXPECT_EQ(story.register_schema("s", user({"b"}), R"("id":5,"version":4,)").version(), 4);
    story.put("/mode", R"({"mode":"READWRITE"})");
    EXPECT_EQ(story.register_schema("t", user({"c"})).id(), 8);
}

TEST(Mode, TheLastNumbersAreTheEnd) {
    Story story;
    story.put("/mode", R"({"mode":"IMPORT"})");
    EXPECT_EQ(
        story.register_schema("s", "\"int\"", R"("id":2147483647,"version":2147483647,)").id(),
        2147483647);
    story.put("/mode", R"({"mode":"READWRITE"})");
    EXPECT_EQ(story.register_schema("s", "\"long\"").message(),
              "All version numbers of the subject are given");
    EXPECT_EQ(story.register_schema("t", "\"long\"").message(), "All ids of the context are given");
    EXPECT_EQ(story.register_schema("t", "\"int\"").id(), 2147483647);
}

TEST(Mode, AnImportBeginsWithNothing) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const got = story.put("/mode/s", R"({"mode":"IMPORT"})");
    EXPECT_EQ(got.code(), 42205);
    EXPECT_EQ(got.message(), "Cannot import since found existing subjects");
    EXPECT_EQ(story.put("/mode/s?force=true", R"({"mode":"IMPORT"})").status, 200U);
    story.erase("/mode/s");
    story.erase("/subjects/s");
    EXPECT_EQ(story.put("/mode/s", R"({"mode":"IMPORT"})").status, 200U);
    EXPECT_EQ(story.get("/subjects?deleted=true").text, "[]");
    story.put("/mode/s", R"({"mode":"READWRITE"})");
    EXPECT_EQ(story.register_schema("s", user({"a"})).id(), 2);
}

TEST(Mode, ModesOfAContextAreDeletedWithItsSubjects) {
    Story story;
    story.put("/mode/:.c:", R"({"mode":"READONLY"})");
    story.put("/mode/:.c:s", R"({"mode":"IMPORT"})");
    EXPECT_EQ(story.erase("/mode/:.c:?recursive=true").text, R"({"mode":"READONLY"})");
    EXPECT_EQ(story.get("/mode/:.c:s").code(), 40409);
}

TEST(Contexts, EachCountsItsOwnIds) {
    Story story;
    EXPECT_EQ(story.register_schema("s", user({"a"})).id(), 1);
    EXPECT_EQ(story.register_schema(":.c:s", user({"b"})).id(), 1);
    EXPECT_EQ(story.register_schema("%3A.c%3At", user({"c"})).id(), 2);
    EXPECT_EQ(story.get("/contexts").text, R"([".",".c"])");
    EXPECT_EQ(story.get("/subjects").text, R"([":.c:s",":.c:t","s"])");
    EXPECT_EQ(story.get("/subjects?subjectPrefix=").text, R"(["s"])");
    EXPECT_EQ(story.get("/subjects?subjectPrefix=:.c:").text, R"([":.c:s",":.c:t"])");
    EXPECT_EQ(story.get("/subjects?subjectPrefix=:*:s").text, R"([":.c:s","s"])");
    EXPECT_EQ(story.get("/contexts/.c/subjects").text, R"([":.c:s",":.c:t"])");
    EXPECT_EQ(story.get("/schemas/ids/1").string("schema"), user({"a"}));
    EXPECT_EQ(story.get("/schemas/ids/1?subject=:.c:").string("schema"), user({"b"}));
    EXPECT_EQ(story.get("/contexts/.c/schemas/ids/1").string("schema"), user({"b"}));
    EXPECT_EQ(story.get("/contexts/c/subjects/s/versions/1").string("subject"), ":.c:s");
}

TEST(Contexts, AnUnqualifiedSubjectIsLookedForInAll) {
    Story story;
    story.register_schema(":.c:t", user({"a"}));
    EXPECT_EQ(story.get("/subjects/t/versions/1").string("subject"), ":.c:t");
    EXPECT_EQ(story.get("/schemas/ids/1?subject=t").string("subject"), ":.c:t");
    EXPECT_EQ(story.look_up("t", user({"a"})).string("subject"), ":.c:t");
    EXPECT_EQ(story.get("/subjects/t/versions").code(), 40401);
}

TEST(Contexts, OnlyAnEmptyOneIsDeleted) {
    Story story;
    story.register_schema(":.c:t", user({"a"}));
    auto const full = story.erase("/contexts/.c");
    EXPECT_EQ(full.code(), 42211);
    EXPECT_EQ(full.message(), "The specified context ':.c:' is not empty.");
    story.erase("/subjects/:.c:t");
    story.erase("/subjects/:.c:t?permanent=true");
    auto const empty = story.erase("/contexts/.c");
    EXPECT_EQ(empty.status, 204U);
    EXPECT_EQ(empty.text, "");
    EXPECT_EQ(story.get("/contexts").text, R"(["."])");
}

}  // namespace
}  // namespace klamm::registry
