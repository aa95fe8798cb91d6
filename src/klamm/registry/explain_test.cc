#include "klamm/registry/explain.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <sstream>

namespace klamm::registry {
namespace {

using schema::Breaks;
using schema::Difference;
using schema::Mend;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// A language of fields: "a b? c". A field with '?' has a default; a reader cannot do without the
/// others. "big" before them: comparing takes more than the budget.
class FieldList : public schema::Schema {
public:
    explicit FieldList(std::string text, schema::Type type = schema::Type::avro)
        : text_(std::move(text)), type_(type) {
        std::istringstream words(text_);
        for (std::string word; words >> word;) {
            auto const optional = word.ends_with('?');
            if (optional) word.pop_back();
            fields_[word] = optional;
        }
    }

    schema::Type type() const override { return type_; }
    std::string const& canonical() const override { return text_; }
    std::string normalized() const override { return text_; }
    std::string formatted(std::string_view) const override { return text_; }
    std::string record_name(schema::MessageIndexes const&) const override { return {}; }
    std::vector<std::string> top_level_fields() const override { return {}; }
    bool equivalent(Schema const&) const override { return false; }

    std::expected<std::vector<Difference>, schema::SchemaError> differences(
        Schema const& writer, schema::Policy) const override {
        if (fields_.contains("big")) return std::unexpected(schema::SchemaError{"too big"});
        std::vector<Difference> found;
        auto const& written = dynamic_cast<FieldList const&>(writer).fields_;
        for (auto const& [name, optional] : fields_)
            if (!optional && !written.contains(name))
                found.push_back({"MISSING", "/" + name, "the %s schema has no default for " + name,
                                 "", "", name});
        return found;
    }
    std::vector<Mend> mends(Schema const&, Difference const& difference,
                            Breaks breaks) const override {
        auto const field = difference.path.substr(1);
        if (field == "stubborn") return {};
        if (breaks == Breaks::old_readers) return {{"Keep " + field, text_ + " " + field}};
        std::string mended;
        for (auto const& [name, optional] : fields_)
            mended += name + (optional || name == field ? "? " : " ");
        return {{"Break it", "nonsense"},
                {"Make it worse", text_ + " worse"},
                {"Default for " + field, mended}};
    }
    std::vector<Difference> changes_from(Schema const&) const override { return {}; }
    std::expected<void, schema::PayloadError> check(ByteView,
                                                    schema::MessageIndexes const&) const override {
        return {};
    }
    std::expected<std::string, schema::PayloadError> to_json(
        ByteView, schema::MessageIndexes const&) const override {
        return "";
    }
    std::expected<Bytes, schema::PayloadError> from_json(
        std::string_view, schema::MessageIndexes const&) const override {
        return Bytes{};
    }
    std::expected<void, schema::PayloadError> check_reading(
        ByteView, Schema const&, schema::MessageIndexes const&) const override {
        return {};
    }

private:
    std::string text_;
    schema::Type type_;
    std::map<std::string, bool> fields_;
};

Proposal proposal(std::string text, std::vector<std::string> const& history, Level level) {
    Proposal it{.subject = "orders-value",
                .schema = std::make_shared<FieldList>(std::move(text)),
                .level = level};
    for (std::int32_t version = 0; auto const& old : history)
        it.history.push_back({++version, std::make_shared<FieldList>(old)});
    it.parse =
        [](std::string_view mended) -> std::expected<schema::SchemaPtr, schema::SchemaError> {
        if (mended == "nonsense") return std::unexpected(schema::SchemaError{"no schema"});
        return std::make_shared<FieldList>(std::string(mended));
    };
    return it;
}

Explanation explained(std::string text, std::vector<std::string> const& history, Level level,
                      ExplainLimits const& limits = {}) {
    return *explain(proposal(std::move(text), history, level), limits);
}

std::vector<std::string> words(std::vector<Mend> const& mends) {
    std::vector<std::string> all;
    for (auto const& mend : mends) all.push_back(mend.words);
    return all;
}

TEST(Explain, ACompatibleSchemaHasNoFindings) {
    auto const it = explained("a b?", {"a"}, Level::backward);
    EXPECT_TRUE(it.is_compatible());
    EXPECT_THAT(it.against, ElementsAre(1));
    EXPECT_EQ(to_text(it), "orders-value: compatible with version 1 (BACKWARD)\n");
}

TEST(Explain, OnlyMendsThatAreProvenAreShown) {
    auto const it = explained("a b", {"a"}, Level::backward);
    ASSERT_EQ(it.findings.size(), 1U);
    EXPECT_EQ(it.findings[0].breaks, Breaks::new_readers);
    EXPECT_THAT(it.findings[0].versions, ElementsAre(1));
    EXPECT_THAT(words(it.findings[0].mends), ElementsAre("Default for b"));
    EXPECT_FALSE(it.together);
}

TEST(Explain, SeveralFindingsAreMendedTogether) {
    auto const it = explained("a b c", {"a"}, Level::backward);
    ASSERT_EQ(it.findings.size(), 2U);
    for (auto const& finding : it.findings) EXPECT_THAT(finding.mends, IsEmpty());
    ASSERT_TRUE(it.together);
    EXPECT_THAT(it.together->steps, ElementsAre("Default for b", "Default for c"));
    EXPECT_TRUE(explained(it.together->schema, {"a"}, Level::backward).is_compatible());
}

TEST(Explain, WhatCannotBeMendedWholeIsNotMendedAtAll) {
    auto const it = explained("a b stubborn", {"a"}, Level::backward);
    EXPECT_EQ(it.findings.size(), 2U);
    for (auto const& finding : it.findings) EXPECT_THAT(finding.mends, IsEmpty());
    EXPECT_FALSE(it.together);
}

TEST(Explain, BothDirectionsAreToldApart) {
    auto const it = explained("b", {"a"}, Level::full);
    ASSERT_EQ(it.findings.size(), 2U);
    EXPECT_EQ(words_of(it.findings[0]), "New readers cannot read data of version 1.");
    EXPECT_EQ(words_of(it.findings[1]), "Readers with version 1 cannot read new data.");
    EXPECT_EQ(it.findings[1].difference.before, "a");
    EXPECT_EQ(it.findings[1].difference.description, "the old schema has no default for a");
    ASSERT_TRUE(it.together);
    EXPECT_THAT(it.together->steps, ElementsAre("Default for b", "Keep a"));
}

TEST(Explain, OneFindingNamesAllTheVersionsThatItIsAbout) {
    auto const transitive = explained("a b", {"b", "a", "a"}, Level::backward_transitive);
    ASSERT_EQ(transitive.findings.size(), 2U);
    EXPECT_EQ(words_of(transitive.findings[0]), "New readers cannot read data of versions 2, 3.");
    EXPECT_EQ(words_of(transitive.findings[1]), "New readers cannot read data of version 1.");
    EXPECT_EQ(explained("a b", {"c", "a b"}, Level::backward).findings.size(), 0U);
    EXPECT_EQ(explained("a b", {"c"}, Level::none).findings.size(), 0U);
}

TEST(Explain, AnotherLanguageIsAFinding) {
    auto it = proposal("a", {}, Level::forward);
    it.history.push_back({4, std::make_shared<FieldList>("a", schema::Type::json)});
    auto const found = *explain(it);
    ASSERT_EQ(found.findings.size(), 1U);
    EXPECT_EQ(found.findings[0].difference.rule, "SCHEMA_TYPE_CHANGED");
    EXPECT_EQ(found.findings[0].difference.before, "JSON");
}

TEST(Explain, StopsLookingForMendsWhereItsBudgetEnds) {
    std::string fields = "a";
    for (int i = 0; i < 30; ++i) fields += " f" + std::to_string(i);
    EXPECT_TRUE(explained(fields, {"a"}, Level::backward, {.attempts_max = 200}).together);
    auto const long_one = fields + " " + std::string(1 << 20, 'z') + "?";
    EXPECT_FALSE(explained(long_one, {"a"}, Level::backward, {.attempts_max = 200}).together);
    auto const it =
        explained(fields, {"a"}, Level::backward, {.findings_max = 10, .attempts_max = 20});
    EXPECT_FALSE(it.together);
    EXPECT_EQ(it.findings.size(), 10U);
    EXPECT_EQ(it.findings_left_out, 20U);
    EXPECT_EQ(explain(proposal("big", {"a"}, Level::backward)).error().why, "too big");
}

TEST(Explain, ReadersHearWhatItMeansForThem) {
    auto it = explained("a b", {"a"}, Level::backward);
    EXPECT_THAT(reader_words(it), IsEmpty());
    it.readers = {{"billing", "orders", 2, 12'345}, {"audit", "orders", 1, 0}};
    EXPECT_THAT(reader_words(it),
                ElementsAre("2 groups read orders now: `audit` and `billing`.",
                            "`billing` is 12,345 records behind in orders: it will meet old "
                            "records."));
    it.readers[1].members = 0;
    EXPECT_EQ(reader_words(it)[0],
              "1 group reads orders now: `billing`. 1 has read before: `audit`.");
    it.findings[0].breaks = Breaks::old_readers;
    it.readers.pop_back();
    EXPECT_THAT(reader_words(it), ElementsAre("1 group reads orders now: `billing`.",
                                              "It will meet new records with its old schema."));
}

TEST(Explain, AsJsonItHasEverything) {
    auto it = explained("a b", {"a"}, Level::backward);
    it.readers = {{"billing", "orders", 2, -1}};
    auto const document = to_json(it);
    EXPECT_EQ(
        json::print(document),
        R"({"is_compatible":false,"subject":"orders-value","level":"BACKWARD","policy":"STRICT",)"
        R"("against":[1],"findings":[{"rule":"MISSING","path":"/b","description":)"
        R"("the new schema has no default for b",)"
        R"("after":"b","breaks":"new_readers","versions":[1],)"
        R"("consequence":"New readers cannot read data of version 1.",)"
        R"("mends":[{"words":"Default for b","schema":"a b? "}]}],)"
        R"("readers":[{"group":"billing","topic":"orders","members":2,"lag":-1}],)"
        R"("notes":["1 group reads orders now: `billing`.",)"
        R"("`billing` has committed nothing in orders: it will meet old records."]})");
    auto const readers = readers_in(document);
    ASSERT_EQ(readers.size(), 1U);
    EXPECT_EQ(readers[0].lag, -1);
    EXPECT_THAT(readers_in(json::Value()), IsEmpty());
}

TEST(Explain, AsTextItReadsFromTopToBottom) {
    EXPECT_EQ(to_text(explained("a b c", {"a"}, Level::full)),
              "orders-value: not compatible with version 1 (FULL)\n"
              "\n"
              "  MISSING at /b\n"
              "    the new schema has no default for b\n"
              "    after   b\n"
              "    breaks  New readers cannot read data of version 1.\n"
              "\n"
              "  MISSING at /c\n"
              "    the new schema has no default for c\n"
              "    after   c\n"
              "    breaks  New readers cannot read data of version 1.\n"
              "\n"
              "  mended all together by\n"
              "    1. Default for b\n"
              "    2. Default for c\n");
}

TEST(Level, HasANameInEitherCase) {
    EXPECT_EQ(level_named("backward_Transitive"), Level::backward_transitive);
    EXPECT_EQ(level_named("sideways"), std::nullopt);
    EXPECT_EQ(name_of(Level::full), "FULL");
}

}  // namespace
}  // namespace klamm::registry
