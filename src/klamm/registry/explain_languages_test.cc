// Explanations of real schemas: each mend is compared again here, without the search that proved
// it.
#include "klamm/base/random.h"
#include "klamm/registry/explain.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace klamm::registry {
namespace {

using schema::SchemaPtr;
using schema::Type;

SchemaPtr parsed(Type type, std::string_view text) {
    auto const schema = schema::parse(type, text, {});
    EXPECT_TRUE(schema) << text << "\n" << (schema ? "" : schema.error().why);
    return schema ? *schema : nullptr;
}

Proposal proposal(Type type, std::string_view text, std::vector<std::string> const& history,
                  Level level) {
    Proposal it{.subject = "s", .schema = parsed(type, text), .level = level};
    for (std::int32_t version = 0; auto const& old : history)
        it.history.push_back({++version, parsed(type, old)});
    it.parse = [type](std::string_view mended) { return schema::parse(type, mended, {}); };
    return it;
}

/// Whether a schema passes, asked of the language alone.
bool passes(Proposal const& it, std::string_view text) {
    auto const mended = parsed(it.schema->type(), text);
    for (auto const& [version, old] : it.history) {
        if (!is_transitive(it.level) && version != it.history.back().version) continue;
        if (checks_backward(it.level) && !mended->differences(*old, it.policy)->empty())
            return false;
        if (checks_forward(it.level) && !old->differences(*mended, it.policy)->empty())
            return false;
    }
    return true;
}

/// How many mends there are; all of them are looked at.
std::size_t proven_mends(Proposal const& it) {
    auto const explanation = explain(it);
    EXPECT_TRUE(explanation);
    if (!explanation) return 0;
    EXPECT_EQ(explanation->is_compatible(), passes(it, it.schema->canonical()));
    std::size_t count = 0;
    for (auto const& finding : explanation->findings) {
        EXPECT_EQ(finding.difference.description.find("%s"), std::string::npos);
        for (auto const& mend : finding.mends) {
            EXPECT_TRUE(passes(it, mend.schema)) << mend.words << "\n" << mend.schema;
            ++count;
        }
    }
    if (explanation->together) {
        EXPECT_GT(explanation->together->steps.size(), 1U);
        EXPECT_TRUE(passes(it, explanation->together->schema)) << explanation->together->schema;
        ++count;
    }
    return count;
}

std::string record(std::string const& fields) {
    return R"({"type":"record","name":"R","fields":[)" + fields + "]}";
}

TEST(ExplainLanguages, CommonMistakesInAvroAreMended) {
    auto const one = record(R"({"name":"a","type":"int"})");
    for (auto const* fields :
         {R"({"name":"a","type":"int"},{"name":"b","type":"string"})",
          R"({"name":"a","type":"boolean"})",
          R"({"name":"b","type":"int"},{"name":"c","type":{"type":"array","items":"long"}})"})
        EXPECT_GT(proven_mends(proposal(Type::avro, record(fields), {one}, Level::full)), 0U)
            << fields;
}

TEST(ExplainLanguages, CommonMistakesInProtobufAreMended) {
    std::string const head = "syntax = \"proto3\";\n";
    auto const one = head + "message M { int32 a = 1; string b = 2; }";
    for (auto const* text :
         {"message M { int32 a = 1; int32 b = 2; }", "message N { int32 a = 1; }",
          "message M { int32 a = 1; oneof o { string b = 2; string c = 3; } }"}) {
        auto const it = proposal(Type::protobuf, head + text, {one}, Level::full);
        EXPECT_GT(proven_mends(it), 0U) << text;
    }
}

TEST(ExplainLanguages, CommonMistakesInJsonSchemaAreMended) {
    auto const one = R"({"type":"object","properties":{"a":{"type":"integer"}},)"
                     R"("additionalProperties":false})";
    for (auto const* text :
         {R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"string"}},)"
          R"("required":["b"],"additionalProperties":false})",
          R"({"type":"object","properties":{"a":{"type":"string"}},"additionalProperties":false})",
          R"({"type":"object","properties":{"a":{"type":"integer","minimum":3}},)"
          R"("additionalProperties":false})"})
        EXPECT_GT(proven_mends(proposal(Type::json, text, {one}, Level::backward)), 0U) << text;
}

/// Some fields of a few, of a few types, with and without defaults.
std::string random_record(Random& random) {
    constexpr std::string_view types[] = {R"("int")", R"("long")", R"("string")",
                                          R"(["null","int"])",
                                          R"({"type":"array","items":"string"})"};
    constexpr std::string_view defaults[] = {"1", "1", R"("")", "null", "[]"};
    std::string fields;
    for (char name = 'a'; name <= 'e'; ++name) {
        if (random.below(3) == 0) continue;
        auto const type = random.below(std::size(types));
        fields += (fields.empty() ? "" : ",");
        fields += std::string(R"({"name":")") + name + R"(","type":)" + std::string(types[type]);
        if (random.below(2) == 0) fields += R"(,"default":)" + std::string(defaults[type]);
        fields += "}";
    }
    return record(fields);
}

TEST(ExplainLanguages, MendsOfRandomRecordsPassAgainstRandomHistories) {
    std::size_t mends = 0;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        Random random(seed);
        std::vector<std::string> history;
        for (auto i = 1 + random.below(3); i-- > 0;) history.push_back(random_record(random));
        auto const level = Level(1 + random.below(6));
        mends += proven_mends(proposal(Type::avro, random_record(random), history, level));
    }
    EXPECT_GT(mends, 100U);
}

}  // namespace
}  // namespace klamm::registry
