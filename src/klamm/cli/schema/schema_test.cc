#include "klamm/base/random.h"
#include "klamm/live/http_client.h"
#include "klamm/cli/registry_client.h"
#include "klamm/cli/sarif.h"
#include "klamm/cli/schema/data_check.h"
#include "klamm/cli/schema/line_diff.h"
#include "klamm/cli/schema/records.h"
#include "klamm/cli/schema/source.h"
#include "klamm/cli/topic_reader.h"

#include <gmock/gmock.h>

#include <sstream>

namespace klamm::cli {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Http, PathsAreEncoded) {
    EXPECT_EQ(live::percent_encoded("orders-value_1.a~b"), "orders-value_1.a~b");
    EXPECT_EQ(live::percent_encoded(":.eu:a/b c%\xc3\xbc"), "%3A.eu%3Aa%2Fb%20c%25%C3%BC");
}

TEST(Http, PasswordsAreNotShown) {
    EXPECT_EQ(live::without_password("https://ann:s@cret@host:1/x@y"), "https://host:1/x@y");
    EXPECT_EQ(live::without_password("http://host:8081"), "http://host:8081");
}

TEST(RegisteredSchema, IsReadAndWrittenAsRegistriesDo) {
    auto const text = R"({"subject":"s","version":2,"id":7,"schemaType":"PROTOBUF","references":)"
                      R"([{"name":"a.proto","subject":"a","version":1}],"schema":"message M{}"})";
    auto const it = registered_schema(*json::parse(text));
    ASSERT_TRUE(it);
    EXPECT_EQ(it->subject, "s");
    EXPECT_EQ(it->version, 2);
    EXPECT_EQ(it->id, 7);
    EXPECT_EQ(it->schema.type, schema::Type::protobuf);
    EXPECT_THAT(it->schema.references, ElementsAre(SchemaReference{"a.proto", "a", 1}));
    EXPECT_EQ(json::print(to_json(it->schema)),
              R"({"schemaType":"PROTOBUF","references":[{"name":"a.proto","subject":"a",)"
              R"("version":1}],"schema":"message M{}"})");
    EXPECT_EQ(registered_schema(*json::parse(R"({"schema":"\"int\""})"))->schema.type,
              schema::Type::avro);
    for (auto const* other : {"{}", "[]", R"({"schema":7})", R"({"schema":"","schemaType":"X"})"})
        EXPECT_FALSE(registered_schema(*json::parse(other))) << other;
}

TEST(Source, FilesSayWhatTheyAre) {
    EXPECT_EQ(type_of_file("a/order.avsc"), schema::Type::avro);
    EXPECT_EQ(type_of_file("order.proto"), schema::Type::protobuf);
    EXPECT_EQ(type_of_file("order.json"), schema::Type::json);
    EXPECT_EQ(type_of_file("order.txt"), std::nullopt);
    EXPECT_EQ(type_of_flag("Avro"), schema::Type::avro);
}

TEST(Source, SubjectsComeFromNamesOrFlags) {
    EXPECT_EQ(parse_subjects({})->of("a/orders-value.avsc"), "orders-value");
    EXPECT_EQ(parse_subjects({"s"})->of("a/order.avsc"), "s");
    auto const names = *parse_subjects({"order.avsc=orders-value", "b/c.proto=c"});
    EXPECT_EQ(names.of("a/order.avsc"), "orders-value");
    EXPECT_EQ(names.of("b/c.proto"), "c");
    EXPECT_EQ(names.of("a.b.json"), "a.b");
    EXPECT_EQ(parse_subjects({"s", "t"}).error().exit_code, 2);
}

TEST(Source, VersionsAndReferencesAreWrittenShort) {
    EXPECT_THAT(subject_and_version("orders:3"), Pair("orders", "3"));
    EXPECT_THAT(subject_and_version("orders"), Pair("orders", "latest"));
    EXPECT_THAT(subject_and_version("orders:latest"), Pair("orders", "latest"));
    EXPECT_THAT(subject_and_version(":.eu:orders"), Pair(":.eu:orders", "latest"));
    EXPECT_THAT(subject_and_version(":.eu:orders:2"), Pair(":.eu:orders", "2"));
    EXPECT_THAT(*parse_references({"a.proto=a:1", "b=b"}),
                ElementsAre(SchemaReference{"a.proto", "a", 1}, SchemaReference{"b", "b", -1}));
    for (auto const* wrong : {"a", "=a:1", "a=", "a=b:0", "a=b:99999999999"})
        EXPECT_EQ(parse_references({wrong}).error().exit_code, 2) << wrong;
}

TEST(Source, FilesFindWhatTheyReferTo) {
    using enum schema::Type;
    std::vector<SchemaFile> const files{
        {"d/order.proto", "order", protobuf, "syntax = \"proto3\";\nimport \"customer.proto\";"},
        {"d/customer.proto", "customer", protobuf, "import public \"city.proto\";"},
        {"d/city.proto", "city", protobuf, ""},
        {"order.avsc", "o", avro,
         R"({"name":"O","namespace":"shop","fields":[{"name":"c","type":"City"}]})"},
        {"city.avsc", "c", avro, R"({"type":"enum","name":"City","namespace":"shop"})"},
        {"o.json", "oj", json, R"({"items":[{"$ref":"c.json#/x"},{"$ref":"#/y"}]})"},
        {"c.json", "cj", json, "{}"}};
    auto const names = [&](std::size_t i) {
        std::vector<std::string> all;
        for (auto const& each : references_among(files, files[i]))
            all.push_back((each.direct ? "" : "+") + each.name);
        return all;
    };
    EXPECT_THAT(names(0), ElementsAre("+city.proto", "customer.proto"));
    EXPECT_THAT(names(3), ElementsAre("shop.City"));
    EXPECT_THAT(names(5), ElementsAre("c.json"));
    EXPECT_THAT(names(2), ElementsAre());
}

TEST(Sarif, PointsAtLines) {
    auto const* const text =
        "{\n \"name\": \"a\\\"}\",\n \"fields\": [\n  {\"x\": 1},\n  {\"type\": [\n   "
        "\"int\"]}]\n}";
    EXPECT_EQ(line_of(text, ""), 1U);
    EXPECT_EQ(line_of(text, "/name"), 2U);
    EXPECT_EQ(line_of(text, "/fields/1"), 5U);
    EXPECT_EQ(line_of(text, "#/fields/1/type/0"), 6U);
    EXPECT_EQ(line_of(text, "/fields/1/none/0"), 5U);
    for (auto const* broken : {"", "{", "{\"a", "[[[", "{\"a\":\"\\"}) line_of(broken, "/a/0/b");
}

TEST(Sarif, PointsAtLinesOfProtobuf) {
    auto const* const text =
        "syntax = \"proto3\";\nmessage A { int32 x = 3; }\nmessage B {\n  message C {\n"
        "    int32 x = 31;\n    int32 y = 3;\n  }\n}\n";
    EXPECT_EQ(line_of_proto(text, "#/A/3"), 2U);
    EXPECT_EQ(line_of_proto(text, "#/B"), 3U);
    EXPECT_EQ(line_of_proto(text, "#/B/C/3"), 6U);
    EXPECT_EQ(line_of_proto(text, "#/None/1"), 1U);
    EXPECT_EQ(line_of_proto("", "#/A"), 1U);
}

TEST(Sarif, IsWhatCodeHostsRead) {
    SarifResult const result{.rule = "R",
                             .message = "breaks",
                             .file = "./a b/c.avsc",
                             .line = 3,
                             .file_lines = 9,
                             .fixes = {{"mend it", "{}"}}};
    EXPECT_EQ(
        json::print(to_sarif(std::span(&result, 1))),
        R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[)"
        R"({"tool":{"driver":{"name":"klamm","version":"0.1.0","rules":[{"id":"R"}]}},)"
        R"("columnKind":"utf16CodeUnits","results":[{"ruleId":"R","level":"error","message":)"
        R"({"text":"breaks"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":)"
        R"("a%20b/c.avsc"},"region":{"startLine":3}}}],"fixes":[{"description":{"text":)"
        R"("mend it"},"artifactChanges":[{"artifactLocation":{"uri":"a%20b/c.avsc"},)"
        R"("replacements":[{"deletedRegion":{"startLine":1,"startColumn":1,"endLine":10,)"
        R"("endColumn":1},"insertedContent":{"text":"{}"}}]}]}]}]}]})");
}

TEST(LineDiff, IsWhatDiffUWrites) {
    EXPECT_EQ(unified_diff("a\nb\n", "a\nb\n", "x", "y"), "");
    EXPECT_EQ(unified_diff("", "a\n", "x", "y"), "--- x\n+++ y\n@@ -0,0 +1 @@\n+a\n");
    EXPECT_EQ(
        unified_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n", "x", "y"),
        "--- x\n+++ y\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n");
    std::string many;
    for (int i = 1; i <= 30; ++i) many += std::to_string(i) + "\n";
    auto changed = many;
    changed.replace(0, 1, "one");
    changed += "31\n";
    EXPECT_EQ(unified_diff(many, changed, "x", "y"),
              "--- x\n+++ y\n@@ -1,4 +1,4 @@\n-1\n+one\n 2\n 3\n 4\n"
              "@@ -28,3 +28,4 @@\n 28\n 29\n 30\n+31\n");
    EXPECT_EQ(unified_diff("a\nb\nc\n", "b\n", "x", "y"),
              "--- x\n+++ y\n@@ -1,3 +1 @@\n-a\n b\n-c\n");
}

std::vector<std::string> split(std::string const& text) {
    std::vector<std::string> parts;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) parts.push_back(line);
    return parts;
}

/// As `patch` does it, without looking for another place when the lines do not fit.
std::vector<std::string> patched(std::vector<std::string> const& old, std::string const& diff) {
    std::vector<std::string> result;
    std::size_t at = 0;
    for (auto const& line : split(diff)) {
        if (line.starts_with("---") || line.starts_with("+++")) continue;
        if (line.starts_with("@@")) {
            auto const begin = std::stoul(line.substr(4));
            auto const is_empty = line.substr(4, line.find(' ', 4) - 4).ends_with(",0");
            for (auto const end = is_empty ? begin : begin - 1; at < end;) {
                result.push_back(old.at(at));
                ++at;
            }
            continue;
        }
        if (line[0] != '+') {
            EXPECT_EQ(old.at(at), line.substr(1));
            ++at;
        }
        if (line[0] != '-') result.push_back(line.substr(1));
    }
    for (; at < old.size(); ++at) result.push_back(old[at]);
    return result;
}

TEST(LineDiff, AppliedToTheOldTextItGivesTheNew) {
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
        Random random(seed);
        auto const text = [&] {
            std::string lines;
            for (auto i = random.below(25); i-- > 0;)
                lines += std::string(1, char('a' + random.below(4))) + "\n";
            return lines;
        };
        auto const before = text();
        auto const after = text();
        EXPECT_EQ(patched(split(before), unified_diff(before, after, "x", "y")), split(after))
            << "seed " << seed;
    }
}

RegistryContents contents(std::vector<std::string> const& lines) {
    RegistryContents all;
    for (auto const& line : lines) {
        auto const record = record_of_line(line);
        EXPECT_TRUE(record) << line;
        all.apply(record->first, record->second);
    }
    return all;
}

std::vector<std::string> lines(RegistryContents const& contents) {
    std::vector<std::string> all;
    for (auto const& [key, value] : contents.records()) all.push_back(text_of_record(key, value));
    return all;
}

TEST(RegistryRecords, GoThroughLinesUnchanged) {
    std::vector<std::string> const records{
        R"({"key":{"keytype":"CONFIG","subject":null,"magic":0},"value":{"compatibility":"FULL"}})",
        R"({"key":{"keytype":"SCHEMA","subject":"b","version":1,"magic":1},"value":{"subject":"b",)"
        R"("version":1,"id":1,"schemaType":"JSON","schema":"{}","deleted":true}})",
        R"({"key":{"keytype":"SCHEMA","subject":"a","version":3,"magic":1},"value":{"subject":"a",)"
        R"("version":3,"id":2,"references":[{"name":"n","subject":"b","version":1}],)"
        R"("schema":"\"int\"","deleted":false}})",
        R"({"key":{"keytype":"MODE","subject":"a","magic":0},"value":{"mode":"READONLY"}})"};
    EXPECT_EQ(lines(contents(records)), records);
}

TEST(RegistryRecords, TheLastWordCounts) {
    auto const all = contents(
        {R"({"key":"{\"keytype\":\"NOOP\",\"magic\":0}","value":null})",
         R"({"key":{"keytype":"SCHEMA","subject":"a","version":1},"value":{"id":1,"schema":"1"}})",
         R"({"key":{"keytype":"SCHEMA","subject":"a","version":2},"value":{"id":2,"schema":"2"}})",
         R"({"key":{"keytype":"SCHEMA","subject":"a","version":3},"value":{"id":3,"schema":"3"}})",
         R"({"key":{"keytype":"DELETE_SUBJECT","subject":"a"},"value":{"version":2}})",
         R"({"key":{"keytype":"SCHEMA","subject":"a","version":1},"value":null})",
         R"({"key":{"keytype":"CONFIG","subject":"a"},"value":{"compatibilityLevel":"NONE"}})",
         R"({"key":{"keytype":"MODE","subject":"a"},"value":{"mode":"IMPORT"}})",
         R"({"key":{"keytype":"MODE","subject":"a"},"value":null})",
         R"({"key":{"keytype":"STRANGE"},"value":{}})", R"({"key":7})"});
    ASSERT_EQ(all.versions.size(), 2U);
    EXPECT_TRUE(all.versions.at({"a", 2}).deleted);
    EXPECT_FALSE(all.versions.at({"a", 3}).deleted);
    EXPECT_EQ(json::print(all.configs.at("a")), R"({"compatibility":"NONE"})");
    EXPECT_TRUE(all.modes.empty());
    EXPECT_EQ(all.ignored, 2U);
    for (auto const* wrong : {"", "{", "{}", R"({"key":"{"})"})
        EXPECT_FALSE(record_of_line(wrong)) << wrong;
}

TEST(TopicReader, SharesTheLastRecordsOut) {
    using Range = std::pair<std::int64_t, std::int64_t>;
    OffsetRanges const ranges{{0, {0, 100}}, {1, {5, 7}}, {2, {50, 50}}};
    auto const last = last_of(ranges, 10);
    EXPECT_EQ(last.at(0), (Range{92, 100}));
    EXPECT_EQ(last.at(1), (Range{5, 7}));
    EXPECT_EQ(last.at(2), (Range{50, 50}));
    EXPECT_EQ(last_of(ranges, 1'000), ranges);
}

TEST(DataCheck, SubjectsNameTheirTopics) {
    EXPECT_EQ(topic_of("orders-value"), (std::pair{std::string("orders"), Part::value}));
    EXPECT_EQ(topic_of(":.eu:orders-key"), (std::pair{std::string("orders"), Part::key}));
    EXPECT_EQ(topic_of("shop.Order"), std::nullopt);
    EXPECT_EQ(topic_of("-value"), std::nullopt);
}

}  // namespace
}  // namespace klamm::cli
