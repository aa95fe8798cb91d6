#include "klamm/cli/contract/verdict.h"

#include "klamm/cli/contract/yaml.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <map>

namespace klamm::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view id_only =
    R"({"type":"record","name":"Placed","fields":[{"name":"id","type":"long"}]})";
constexpr std::string_view with_note = R"({"type":"record","name":"Placed","fields":[)"
                                       R"({"name":"id","type":"long"},)"
                                       R"({"name":"note","type":"string","default":""}]})";

std::string document(std::string_view action, std::string_view schema) {
    return fmt::format(R"(asyncapi: 3.0.0
info: {{title: Shop, version: '1'}}
channels:
  orders:
    messages:
      placed:
        examples: [{{payload: {{id: 1}}}}]
        payload:
          schemaFormat: application/vnd.apache.avro
          schema: {}
operations:
  take: {{action: {}, channel: {{$ref: '#/channels/orders'}}}}
)",
                       schema, action);
}

/// A registry by hand, and what a document comes to against it.
struct Story {
    std::map<std::string, std::vector<RegisteredVersion>> subjects;
    ContractReport report;

    Story& registered(std::string const& subject, std::string_view text) {
        auto schema = schema::parse(schema::Type::avro, text, {});
        EXPECT_TRUE(schema) << schema.error().why;
        auto& versions = subjects[subject];
        versions.push_back({std::int32_t(versions.size()) + 1, *schema});
        return *this;
    }
    Story& check(std::string const& text) {
        auto const read = read_document(text);
        EXPECT_TRUE(read) << read.error();
        EXPECT_THAT(problems_of(read->value), IsEmpty());
        std::vector<Problem> problems;
        auto const contract = read_contract(read->value, {}, problems);
        EXPECT_THAT(problems, IsEmpty());
        auto const done = check_directions(
            contract, parse_schemas(contract, report),
            [&](std::string const& subject) { return subjects[subject]; }, report);
        EXPECT_TRUE(done);
        return *this;
    }
    std::vector<std::string> wrong() const {
        std::vector<std::string> all;
        for (auto const& verdict : report.verdicts)
            all.push_back(
                fmt::format("{} {}: {}", name_of(verdict.kind), verdict.where, verdict.why));
        return all;
    }
};

TEST(Directions, AReceiverReadsEveryVersion) {
    auto const story = Story()
                           .registered("orders-value", id_only)
                           .registered("orders-value", with_note)
                           .check(document("receive", id_only));
    EXPECT_THAT(story.wrong(), IsEmpty());
    EXPECT_THAT(story.report.holds,
                ElementsAre("take receives placed and reads all 2 versions of orders-value"));
}

TEST(Directions, AReceiverThatNeedsMoreThanAnOldVersionHasIsToldWhich) {
    constexpr std::string_view needs_note = R"({"type":"record","name":"Placed","fields":[)"
                                            R"({"name":"id","type":"long"},)"
                                            R"({"name":"note","type":"string"}]})";
    auto story = Story().registered("orders-value", id_only).registered("orders-value", with_note);
    story.check(document("receive", needs_note));
    EXPECT_THAT(story.wrong(),
                ElementsAre(HasSubstr("example"),
                            testing::AllOf(HasSubstr("against version 1 of orders-value"),
                                           HasSubstr("READER_FIELD_MISSING_DEFAULT_VALUE"))));
    EXPECT_THAT(story.report.holds, IsEmpty());
}

TEST(Directions, ASenderIsReadByTheNewestVersion) {
    constexpr std::string_view without_id = R"({"type":"record","name":"Placed","fields":[]})";
    EXPECT_THAT(Story()
                    .registered("orders-value", without_id)
                    .registered("orders-value", with_note)
                    .check(document("send", id_only))
                    .wrong(),
                IsEmpty());
    EXPECT_THAT(
        Story().registered("orders-value", id_only).check(document("send", without_id)).wrong(),
        testing::Contains(HasSubstr("incompatible take against version 1")));
}

TEST(Directions, SubjectsAreFoundByTheUsualStrategies) {
    EXPECT_THAT(
        Story().registered("orders-Placed", id_only).check(document("send", id_only)).report.holds,
        ElementsAre("take sends placed, which version 1 of orders-Placed reads"));
    EXPECT_THAT(Story().registered("Placed", id_only).check(document("send", id_only)).wrong(),
                IsEmpty());
    EXPECT_THAT(Story().check(document("send", id_only)).wrong(),
                ElementsAre(HasSubstr("unregistered take: the registry has no subject "
                                      "orders-value or orders-Placed or Placed")));
}

TEST(Directions, ASchemaThatIsNoneIsReported) {
    EXPECT_THAT(Story().check(document("send", R"({"type":"recor"})")).wrong(),
                ElementsAre(HasSubstr("schema ")));
}

}  // namespace
}  // namespace klamm::cli
