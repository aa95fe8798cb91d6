#include "klamm/cli/contract/asyncapi.h"
#include "klamm/cli/contract/yaml.h"
#include "klamm/json/pointer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace klamm::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view shop = R"(asyncapi: 3.0.0
info: {title: Shop, version: 1.2.0}
servers:
  main: {host: 'localhost:9092', protocol: kafka}
channels:
  orders:
    address: shop.orders
    messages:
      placed: {$ref: '#/components/messages/placed'}
      cancelled:
        payload: {type: object, required: [id], properties: {id: {type: integer}}}
        examples: [{payload: {id: 7}}]
  customers:
    address: 'customers/{country}'
    parameters: {country: {default: ch}}
    bindings: {kafka: {topic: customers.ch}}
    messages:
      changed: {payload: {$ref: './customer.json'}}
  mails:
    address: null
operations:
  take: {action: receive, channel: {$ref: '#/channels/orders'}}
  tell:
    action: send
    channel: {$ref: '#/channels/orders'}
    messages: [{$ref: '#/channels/orders/messages/cancelled'}]
components:
  messages:
    placed:
      payload:
        schemaFormat: application/vnd.apache.avro+yaml;version=1.9.0
        schema: {type: record, name: Placed, fields: [{name: id, type: long}]}
)";

Document must_read(std::string_view text) {
    auto document = read_document(text);
    EXPECT_TRUE(document) << document.error();
    return document ? std::move(*document) : Document{};
}

std::expected<std::string, std::string> no_files(std::string const& path) {
    return std::unexpected(path + ": no such file");
}
std::expected<std::string, std::string> one_file(std::string const& path) {
    if (path != "./customer.json") return no_files(path);
    return R"({"$ref":"#/definitions/who","definitions":{"who":{"type":"string"}}})";
}

std::vector<std::string> words(std::vector<Problem> const& problems) {
    std::vector<std::string> all;
    for (auto const& [pointer, why] : problems) all.push_back(fmt::format("{}: {}", pointer, why));
    return all;
}

/// The problems of form of a document that is right but for what stands under `line`.
std::vector<std::string> problems_with(std::string_view line) {
    auto const text = fmt::format("asyncapi: 3.0.0\ninfo: {{title: T, version: '1'}}\n{}\n", line);
    return words(problems_of(must_read(text).value));
}

// ---- YAML --------------------------------------------------------------------------------

TEST(YamlDocument, HasTheKindsOfTheCoreSchema) {
    EXPECT_EQ(json::print(must_read("[1, -2.50, .5, +3, 0x1F, 1e3, true, ~, null, no, '1', 2.0.0, "
                                    "007, \"x\", -.5, 1.]")
                              .value),
              R"([1,-2.50,0.5,3,31,1e3,true,null,null,"no","1","2.0.0",7,"x",-0.5,1.0])");
    EXPECT_EQ(json::print(must_read("{\"a\": [{\"b\": null}], \"c\": 1.10}").value),
              R"({"a":[{"b":null}],"c":1.10})");
}

TEST(YamlDocument, RemembersLines) {
    auto const document = must_read("a: 1\nb:\n  - x\n  - c/d: 2\n");
    EXPECT_EQ(document.line_of("/a"), 1);
    EXPECT_EQ(document.line_of("/b/1/c~1d"), 4);
    EXPECT_EQ(document.line_of("/b/1/c~1d/none/at/all"), 4);
    EXPECT_EQ(document.line_of("/none"), 1);
}

TEST(YamlDocument, RefusesWhatIsBrokenTwiceOrTooMuch) {
    EXPECT_THAT(read_document("a: [1\nb: 2").error(), HasSubstr("line 2"));
    EXPECT_THAT(read_document("a: 1\na: 2").error(), HasSubstr("'a' is here twice"));
    EXPECT_THAT(read_document("? [1]\n: 2").error(), HasSubstr("a key must be text"));
    std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 10; ++i)
        bomb += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
    EXPECT_THAT(read_document(bomb).error(), HasSubstr("more than 200000 values"));
    EXPECT_THAT(read_document(std::string(200, '[') + std::string(200, ']')).error(),
                HasSubstr("more than 100 levels"));
}

TEST(Pointers, LeadToMembersAndElements) {
    auto const document = must_read("a/b: {'~': [1, 2]}").value;
    auto const pointer = json::pointer_to(json::pointer_to(json::pointer_to("", "a/b"), "~"), "1");
    EXPECT_EQ(pointer, "/a~1b/~0/1");
    ASSERT_NE(json::at_pointer(document, pointer), nullptr);
    EXPECT_EQ(json::at_pointer(document, pointer)->number(), "2");
    for (auto const* wrong : {"/a", "/a~1b/~0/2", "/a~1b/~0/x", "a", "/a~1b/~0/-1", "/"})
        EXPECT_EQ(json::at_pointer(document, wrong), nullptr) << wrong;
}

// ---- form --------------------------------------------------------------------------------

TEST(AsyncApi, ARightDocumentHasNoProblems) {
    EXPECT_THAT(words(problems_of(must_read(shop).value)), IsEmpty());
}

TEST(AsyncApi, SaysWhichFieldsAreMissingUnknownOrOfAnotherKind) {
    EXPECT_THAT(words(problems_of(must_read("openapi: 3.1.0").value)),
                ElementsAre(HasSubstr("no AsyncAPI document")));
    EXPECT_THAT(words(problems_of(must_read("asyncapi: 2.6.0").value)),
                ElementsAre("/asyncapi: version 2.6.0 is not understood; 3.0.0 is"));
    EXPECT_THAT(words(problems_of(must_read("asyncapi: 3.0.0\ninfo: {title: 1}").value)),
                ElementsAre("/info: info must have a field 'version'",
                            "/info/title: must be text; perhaps it lacks quotes"));
    EXPECT_THAT(problems_with("chanels: {}\nx-own: 1"),
                ElementsAre("/chanels: an AsyncAPI document has no field 'chanels'; own ones begin "
                            "with x-"));
    EXPECT_THAT(problems_with("channels: [1]"), ElementsAre("/channels: must be a map of names"));
    EXPECT_THAT(problems_with("channels: {a: 1}"),
                ElementsAre("/channels/a: a channel must be an object"));
    EXPECT_THAT(problems_with("operations: {o: {action: publish, channel: x}}"),
                ElementsAre("/operations/o/action: must be send or receive",
                            "/operations/o/channel: must be a reference: {$ref: '#/…'}"));
    EXPECT_THAT(problems_with("components: {schemas: {s: {schemaFormat: x}}}"),
                ElementsAre(HasSubstr("must have a field 'schema'")));
}

TEST(AsyncApi, ReferencesMustLeadSomewhere) {
    EXPECT_THAT(problems_with("channels: {a: {$ref: '#/channels/b'}}"),
                ElementsAre("/channels/a: $ref: there is nothing at '#/channels/b'"));
    EXPECT_THAT(problems_with("channels: {a: {$ref: '#/channels/b'}, b: {$ref: '#/channels/a'}}"),
                testing::SizeIs(2));
    EXPECT_THAT(problems_with("channels: {a: {$ref: 'https://example.com/a'}}"),
                ElementsAre(HasSubstr("is not in this document")));
}

// ---- meaning -----------------------------------------------------------------------------

TEST(AsyncApi, TellsTopicsMessagesAndDirections) {
    std::vector<Problem> problems;
    auto const contract = read_contract(must_read(shop).value, one_file, problems);
    EXPECT_THAT(words(problems), IsEmpty());
    EXPECT_EQ(contract.title, "Shop");
    ASSERT_EQ(contract.channels.size(), 3u);
    auto const& orders = contract.channels[0];
    EXPECT_EQ(orders.topic, "shop.orders");
    ASSERT_EQ(orders.messages.size(), 2u);
    EXPECT_EQ(orders.messages[0].type, schema::Type::avro);
    EXPECT_EQ(orders.messages[0].schema,
              R"({"type":"record","name":"Placed","fields":[{"name":"id","type":"long"}]})");
    EXPECT_EQ(orders.messages[0].schema_pointer, "/components/messages/placed/payload/schema");
    EXPECT_THAT(orders.messages[1].examples, ElementsAre(R"({"id":7})"));
    EXPECT_EQ(contract.channels[1].topic, "customers.ch");
    EXPECT_EQ(contract.channels[2].topic, "");
    ASSERT_EQ(contract.operations.size(), 2u);
    EXPECT_EQ(contract.operations[0].action, Action::receive);
    EXPECT_THAT(contract.operations[0].messages, ElementsAre(0u, 1u));
    EXPECT_EQ(contract.operations[1].action, Action::send);
    EXPECT_THAT(contract.operations[1].messages, ElementsAre(1u));
}

TEST(AsyncApi, AJsonSchemaBringsAlongWhatItRefersTo) {
    std::vector<Problem> problems;
    auto const contract = read_contract(must_read(shop).value, one_file, problems);
    EXPECT_EQ(contract.channels[1].messages[0].schema,
              R"({"$ref":"#/definitions/customer.json","definitions":{)"
              R"("customer.json":{"$ref":"#/definitions/who","definitions":{)"
              R"("who":{"type":"string"}}},"who":{"type":"string"}}})");
    auto const tree = must_read(R"(asyncapi: 3.0.0
info: {title: T, version: '1'}
channels:
  t: {messages: {m: {payload: {$ref: '#/components/schemas/tree'}}}}
components:
  schemas:
    tree: {properties: {left: {$ref: '#/components/schemas/tree'}}}
)");
    auto const recursive = read_contract(tree.value, no_files, problems);
    EXPECT_THAT(words(problems), IsEmpty());
    EXPECT_EQ(recursive.channels[0].messages[0].schema,
              R"({"properties":{"left":{"$ref":"#/definitions/tree"}},"definitions":{)"
              R"("tree":{"properties":{"left":{"$ref":"#/definitions/tree"}}}}})");
}

TEST(AsyncApi, SaysWhatCannotBeMeant) {
    auto const document = must_read(R"(asyncapi: 3.0.0
info: {title: T, version: '1'}
channels:
  a: {address: 'a/b'}
  b: {address: 'b.{x}', parameters: {y: {}}}
  c: {messages: {m: {payload: {$ref: './away.json'}}}}
  d: {messages: {m: {payload: {schemaFormat: application/raml+yaml, schema: {}}}}}
operations:
  o: {action: send, channel: {$ref: '#/components/channels/e'}}
  p: {action: send, channel: {$ref: '#/channels/c'}, messages: [{$ref: '#/components/messages/n'}]}
components:
  channels: {e: {}}
  messages: {n: {}}
)");
    ASSERT_THAT(words(problems_of(document.value)), IsEmpty());
    std::vector<Problem> problems;
    read_contract(document.value, no_files, problems);
    EXPECT_THAT(words(problems), ElementsAre(HasSubstr("'a/b' is no name of a Kafka topic"),
                                             HasSubstr("the parameter {x} is not described"),
                                             HasSubstr("the parameter 'y' is not in the address"),
                                             HasSubstr("./away.json: no such file"),
                                             HasSubstr("'application/raml+yaml' is not understood"),
                                             HasSubstr("is none of the document's channels"),
                                             HasSubstr("is none of the messages of channel 'c'")));
}

}  // namespace
}  // namespace klamm::cli
