#include "klamm/cli/http_client.h"
#include "klamm/cli/registry_client.h"
#include "klamm/cli/sarif.h"
#include "klamm/cli/schema/source.h"

#include <gmock/gmock.h>

namespace klamm::cli {
namespace {

using testing::ElementsAre;
using testing::Pair;

TEST(Http, PathsAreEncoded) {
    EXPECT_EQ(percent_encoded("orders-value_1.a~b"), "orders-value_1.a~b");
    EXPECT_EQ(percent_encoded(":.eu:a/b c%\xc3\xbc"), "%3A.eu%3Aa%2Fb%20c%25%C3%BC");
}

TEST(Http, PasswordsAreNotShown) {
    EXPECT_EQ(without_password("https://ann:s@cret@host:1/x@y"), "https://host:1/x@y");
    EXPECT_EQ(without_password("http://host:8081"), "http://host:8081");
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
         R"({"type":"record","name":"O","namespace":"shop","fields":[{"name":"c","type":"City"}]})"},
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

TEST(Sarif, IsWhatCodeHostsRead) {
    SarifResult const result{.rule = "R",
                             .message = "breaks",
                             .file = "./a b/c.avsc",
                             .line = 3,
                             .file_lines = 9,
                             .fixes = {{"mend it", "{}"}}};
    EXPECT_EQ(
        json::print(to_sarif(std::span(&result, 1), "1.2")),
        R"({"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[)"
        R"({"tool":{"driver":{"name":"klamm","version":"1.2","rules":[{"id":"R"}]}},)"
        R"("columnKind":"utf16CodeUnits","results":[{"ruleId":"R","level":"error","message":)"
        R"({"text":"breaks"},"locations":[{"physicalLocation":{"artifactLocation":{"uri":)"
        R"("a%20b/c.avsc"},"region":{"startLine":3}}}],"fixes":[{"description":{"text":)"
        R"("mend it"},"artifactChanges":[{"artifactLocation":{"uri":"a%20b/c.avsc"},)"
        R"("replacements":[{"deletedRegion":{"startLine":1,"startColumn":1,"endLine":10,)"
        R"("endColumn":1},"insertedContent":{"text":"{}"}}]}]}]}]}]})");
}

}  // namespace
}  // namespace klamm::cli
