// The state: its invariants under any history, and records as Confluent's registry writes them.
#include "klamm/registry/state.h"

#include "klamm/registry/persistent_map.h"
#include "klamm/registry/stored.h"
#include "klamm/registry/story.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

namespace klamm::registry {
namespace {

// ---- records of Confluent's registry, written anew from the documented format
// --------------------

std::vector<Record> confluent_topic() {
    return {
        {R"({"keytype":"NOOP","magic":0})", std::nullopt},
        {R"({"keytype":"CONFIG","subject":null,"magic":0})", R"({"compatibilityLevel":"FORWARD"})"},
        {R"({"keytype":"SCHEMA","subject":"s","version":1,"magic":1})",
         R"({"subject":"s","version":1,"id":3,"schema":"\"string\"","deleted":false})"},
        {R"({"keytype":"SCHEMA","subject":"s","version":2,"magic":1})",
         R"({"subject":"s","version":2,"id":4,"md5":"CV1xzxJVa51eMwrVdbPfXQ==",)"
         R"("schemaType":"AVRO","metadata":{"properties":{"a":"b"}},"schema":"\"int\"",)"
         R"("deleted":false})"},
        {R"({"keytype":"CONTEXT","tenant":"default","context":".c","magic":0})",
         R"({"tenant":"default","context":".c"})"},
        {R"({"keytype":"SCHEMA","subject":":.c:t","version":5,"magic":1})",
         R"({"subject":":.c:t","version":5,"id":9,"schemaType":"AVRO","references":)"
         R"([{"name":"X","subject":"x","version":1}],"schema":"\"X\"","deleted":true,"ts":17})"},
        {R"({"keytype":"MODE","subject":"s","magic":0})", R"({"subject":"s","mode":"READONLY"})"},
        {R"({"keytype":"DELETE_SUBJECT","subject":"s","magic":0})",
         R"({"subject":"s","version":1})"},
        {R"({"keytype":"ASSOC","tenant":"default","resourceName":"r"})", R"({"guid":"g"})"},
        // Nonsense of every kind is skipped.
        {"no JSON", "{}"},
        {R"({"keytype":"SCHEMA","subject":"s","version":0,"magic":1})", R"({"id":1,"schema":"x"})"},
        {R"({"keytype":"SCHEMA","subject":"s","version":7,"magic":1})", "[]"},
        {R"({"keytype":"SCHEMA","subject":"s","version":8,"magic":1})",
         R"({"subject":"s","version":8,"id":3,"schema":"\"long\"","deleted":false})"},
        {R"({"keytype":"WHAT","magic":0})", "{}"},
    };
}

TEST(State, ConfluentsRecordsAreRead) {
    Story story;
    for (auto const& record : confluent_topic()) story.apply(record);
    EXPECT_EQ(story.state().version(), confluent_topic().size());
    EXPECT_EQ(story.get("/config").text, R"({"compatibilityLevel":"FORWARD"})");
    EXPECT_EQ(story.get("/subjects/s/versions?deletedAsNegative=true").text, "[-1,2]");
    EXPECT_EQ(story.get("/schemas/ids/3").string("schema"), "\"string\"");
    EXPECT_EQ(story.get("/subjects/s/versions/2").string("guid"),
              "095d71cf-1255-6b9d-5e33-0ad575b3df5d")
        << "the record's own MD5 counts: its metadata may be encoded";
    EXPECT_EQ(story.get("/subjects/:.c:t/versions/5?deleted=true").number("ts"), 17);
    EXPECT_EQ(story.get("/mode/s").string("mode"), "READONLY");
    EXPECT_EQ(story.get("/contexts").text, R"([".",".c"])");
    auto const counts = story.state().counts();
    EXPECT_EQ(counts.schemas, 3U);
    EXPECT_EQ(counts.subjects, 2U);
    EXPECT_EQ(counts.versions, 3U);
}

TEST(State, RecordsAreWrittenAsConfluentWritesThem) {
    Story story;
    story.put("/config", R"({"compatibility":"NONE"})");
    story.register_schema(":.c:s", "\"string\"");
    story.put("/mode/:.c:s", R"({"mode":"READWRITE"})");
    story.erase("/subjects/:.c:s/versions/1");
    story.erase("/subjects/:.c:s/versions/1?permanent=true");
    std::vector<Record> const expected{
        {R"({"keytype":"CONFIG","magic":0})", R"({"compatibilityLevel":"NONE"})"},
        {R"({"keytype":"CONTEXT","tenant":"default","context":".c","magic":0})",
         R"({"tenant":"default","context":".c"})"},
        {R"({"keytype":"SCHEMA","subject":":.c:s","version":1,"magic":1})",
         R"({"subject":":.c:s","version":1,"id":1,"schemaType":"AVRO","schema":"\"string\"",)"
         R"("deleted":false,"ts":1700000000000})"},
        {R"({"keytype":"MODE","subject":":.c:s","magic":0})",
         R"({"subject":":.c:s","mode":"READWRITE"})"},
        {R"({"keytype":"SCHEMA","subject":":.c:s","version":1,"magic":1})",
         R"({"subject":":.c:s","version":1,"id":1,"schemaType":"AVRO","schema":"\"string\"",)"
         R"("deleted":true,"ts":1700000000000})"},
        {R"({"keytype":"SCHEMA","subject":":.c:s","version":1,"magic":1})", std::nullopt},
        {R"({"keytype":"MODE","subject":":.c:s","magic":0})", std::nullopt},
        {R"({"keytype":"NOOP","magic":0})", R"({"klamm.maxIds":{".c":1}})"},
    };
    ASSERT_EQ(story.log().size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(story.log()[i].key, expected[i].key);
        EXPECT_EQ(story.log()[i].value, expected[i].value);
    }
}

TEST(State, AGuidIsTheMd5OfTextReferencesMetadataAndRules) {
    EXPECT_EQ(guid_of({.text = "\"string\""}), "095d71cf-1255-6b9d-5e33-0ad575b3df5d");
    Content content{
        .text = R"({"type":"record","name":"Outer","fields":[{"name":"i","type":"Inner"}]})",
        .references = {{.name = "Inner", .subject = "inner", .version = 3}},
        .metadata = Metadata{.tags = {{"a.b", {"X", "PII"}}},
                             .properties = {{"zip", "1"}, {"owner", "me"}},
                             .sensitive = {"secret"}},
        .rules = RuleSet{}};
    content.rules->migration.push_back(
        {.name = "up", .doc = "doc", .mode = "UPGRADE", .type = "JSONATA", .expr = "expr"});
    content.rules->domain.push_back({.name = "check",
                                     .kind = "CONDITION",
                                     .mode = "WRITE",
                                     .type = "CEL",
                                     .tags = {"T2", "T1"},
                                     .params = {{"k", "v"}},
                                     .expr = "size > 0",
                                     .on_success = "NONE",
                                     .on_failure = "DLQ",
                                     .disabled = true});
    EXPECT_EQ(guid_of(content), "903acf2d-7af9-ec78-e46b-3b47d232469b")
        << "by another implementation of MD5 over the bytes that doc/registry.md lists";
}

// ---- invariants ---------------------------------------------------------------------------------

/// Does anything that clients do, at random, and remembers what must never change.
class AnyHistory {
public:
    explicit AnyHistory(std::uint64_t seed) : random_(seed) {
        story_.put("/config", R"({"compatibility":"NONE"})");
    }

    void step() {
        auto const subject = pick({"a", "b", ":.c:a", ":.c:d"});
        auto const version = std::to_string(1 + below(6));
        auto const schema =
            R"({"type":"fixed","name":"N","size":)" + std::to_string(1 + below(6)) + "}";
        switch (below(12)) {
            case 0:
            case 1:
            case 2:
            case 3:
                registered(subject, story_.register_schema(subject, schema));
                break;
            case 4:
                registered(subject, story_.register_schema(subject, schema, R"("version":-1,)"));
                break;
            case 5:
                registered(subject,
                           story_.register_schema(subject, R"({"type":"array","items":"N"})",
                                                  R"("references":[{"name":"N","subject":")" +
                                                      pick({"a", "b"}) + R"(","version":)" +
                                                      version + "}],"));
                break;
            case 6:
            case 7:
                story_.erase("/subjects/" + subject + "/versions/" + version);
                break;
            case 8:
                story_.erase("/subjects/" + subject + "/versions/" + version + "?permanent=true");
                forget(subject);
                break;
            case 9:
                story_.erase("/subjects/" + subject);
                break;
            case 10:
                story_.erase("/subjects/" + subject + "?permanent=true");
                forget(subject);
                break;
            case 11:
                story_.put("/config/" + subject, R"({"compatibility":"NONE","normalize":false})");
                break;
        }
    }

    void check() const {
        State again;
        for (auto const& record : story_.state().dump()) again.apply(record);
        EXPECT_EQ(again.dump(), story_.state().dump());
        EXPECT_EQ(again.counts().schemas, story_.state().counts().schemas);
        EXPECT_EQ(again.counts().subjects, story_.state().counts().subjects);
        EXPECT_EQ(again.counts().versions, story_.state().counts().versions);
        // As a topic that was compacted: the last record of each key, in the order of those.
        State compacted;
        auto const& log = story_.log();
        std::map<std::string, std::size_t> last;
        for (std::size_t i = 0; i < log.size(); ++i) last[log[i].key] = i;
        for (std::size_t i = 0; i < log.size(); ++i)
            if (last[log[i].key] == i) compacted.apply(log[i]);
        for (auto const* context : {".", ".c"})
            for (std::int32_t id = 1; id < 200; ++id) {
                auto const here = story_.state().by_id(context, id);
                for (auto const* other : {&again, &compacted}) {
                    auto const there = other->by_id(context, id);
                    ASSERT_EQ(here != nullptr, there != nullptr) << context << id;
                    if (!here) continue;
                    EXPECT_EQ(here->guid(), there->guid());
                    EXPECT_EQ(here->parsed().has_value(), there->parsed().has_value());
                }
            }
        for (auto const* subject : {"a", "b", ":.c:a", ":.c:d"}) {
            auto const fresh = [&](State const& state) {
                auto const got = Story(state).register_schema(subject, user({"fresh"}));
                return std::pair(got.id(), got.version());
            };
            EXPECT_EQ(fresh(story_.state()), fresh(again)) << subject;
            EXPECT_EQ(fresh(story_.state()), fresh(compacted)) << subject;
        }
    }

private:
    void registered(std::string const& subject, Got const& got) {
        if (got.status != 200) return;
        auto const context = subject.starts_with(":.c:") ? ".c" : ".";
        auto const [known, added] = guids_.try_emplace({context, got.id()}, got.string("guid"));
        EXPECT_EQ(known->second, got.string("guid")) << "an id was given to another schema";
        auto const [numbered, first] = ids_.try_emplace({subject, got.version()}, got.id());
        EXPECT_EQ(numbered->second, got.id()) << "a version's number was given again";
    }
    /// Once a subject is gone as a whole, its numbers begin again.
    void forget(std::string const& subject) {
        if (story_.get("/subjects/" + subject + "/versions?deleted=true").status == 200) return;
        std::erase_if(ids_, [&](auto const& one) { return one.first.first == subject; });
    }
    std::uint64_t below(std::uint64_t end) { return random_() % end; }
    std::string pick(std::vector<std::string> const& names) { return names[below(names.size())]; }

    Story story_;
    std::mt19937_64 random_;
    std::map<std::pair<std::string, std::int64_t>, std::string> guids_;
    std::map<std::pair<std::string, std::int64_t>, std::int64_t> ids_;
};

TEST(State, HoldsItsInvariantsUnderAnyHistory) {
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        AnyHistory history(seed);
        for (int i = 0; i < 120; ++i) {
            history.step();
            if (i % 30 == 0) history.check();
        }
        history.check();
        if (HasFailure()) return;
    }
}

TEST(State, ACopyStaysAsItWas) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const before = story.state();
    auto const dumped = before.dump();
    for (int i = 0; i < 50; ++i) story.register_schema("t" + std::to_string(i), user({"a"}));
    story.erase("/subjects/s");
    EXPECT_EQ(before.dump(), dumped);
    EXPECT_EQ(before.version(), 1U);
}

TEST(State, ASchemaIsParsedOnceHoweverManyThreadsAsk) {
    Story story;
    story.register_schema("s", user({"a"}));
    auto const schema = story.state().by_id(".", 1);
    std::vector<schema::Schema const*> seen(8);
    {
        std::vector<std::jthread> threads;
        for (auto& one : seen)
            threads.emplace_back([&one, schema] { one = schema->parsed().value().get(); });
    }
    EXPECT_NE(seen[0], nullptr);
    EXPECT_EQ(std::set(seen.begin(), seen.end()).size(), 1U);
}

TEST(State, TheVersionOfASchemaIsTheLatestThatHasIt) {
    Story story;
    story.register_schema("s", user({"a"}));
    story.register_schema("s", user({"a", "b?"}));
    auto const first = story.state().by_id(".", 1);
    EXPECT_EQ(story.state().version_of("s", *first), 1);
    EXPECT_EQ(story.state().version_of("t", *first), std::nullopt);
    EXPECT_EQ(story.state().version_of(":.c:s", *first), std::nullopt);
    EXPECT_EQ(story.state().by_guid(first->guid()), first);
    story.erase("/subjects/s/versions/1");
    EXPECT_EQ(story.state().version_of("s", *first), 1) << "its data is still there";
    story.register_schema("s", user({"a"}));
    EXPECT_EQ(story.state().version_of("s", *story.state().by_id(".", 1)), 3);
}

TEST(PersistentMap, IsAMapWhoseCopiesStay) {
    std::mt19937_64 random(7);
    PersistentMap<int, int> map;
    std::map<int, int> model;
    std::vector<std::pair<PersistentMap<int, int>, std::map<int, int>>> copies;
    for (int i = 0; i < 3000; ++i) {
        auto const key = static_cast<int>(random() % 400);
        if (random() % 3 != 0) {
            map.set(key, i);
            model[key] = i;
        } else {
            EXPECT_EQ(map.erase(key), model.erase(key) == 1);
        }
        if (i % 300 == 0) copies.emplace_back(map, model);
    }
    copies.emplace_back(map, model);
    for (auto const& [copy, expected] : copies) {
        std::map<int, int> all;
        copy.each([&](int key, int value) {
            all[key] = value;
            return true;
        });
        EXPECT_EQ(all, expected);
        EXPECT_EQ(copy.size(), expected.size());
        auto const from = expected.lower_bound(200);
        copy.from(200, [&](int key, int value) {
            EXPECT_EQ(key, from->first);
            EXPECT_EQ(value, from->second);
            return false;
        });
    }
}

}  // namespace
}  // namespace klamm::registry
