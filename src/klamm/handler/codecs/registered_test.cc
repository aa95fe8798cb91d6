// Codecs with a registry, which here is a table.
#include "klamm/bus/loop_fixture.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/sample_event.h"
#include "klamm/handler/registry_client.h"
#include "klamm/json/value.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>

namespace klamm::handler {
namespace {

using sample::Everything;
using sample::PlacedV1;
using sample::PlacedV2;
using testing::ElementsAre;
using testing::HasSubstr;

/// Keeps what it is given; answers at once, or when it is told to.
struct TableRegistry final : Registry {
    std::map<std::string, std::vector<std::int32_t>> subjects;
    std::vector<Schema> schemas;  ///< id 1 is the first
    std::optional<bus::Error> refuses;
    bool waits = false;
    std::deque<std::move_only_function<void()>> held;
    int asked_for_ids = 0;

    std::int32_t add(std::string const& subject, Schema schema) {
        std::int32_t id = 0;
        for (std::size_t i = 0; i < schemas.size(); ++i)
            if (schemas[i].text == schema.text) id = std::int32_t(i + 1);
        if (id == 0) {
            schemas.push_back(std::move(schema));
            id = std::int32_t(schemas.size());
        }
        subjects[subject].push_back(id);
        return id;
    }
    void register_schema(std::string const& subject, Schema schema,
                         bus::Done<Registered> done) override {
        if (refuses) return done(std::unexpected(*refuses));
        auto const id = add(subject, schema);
        done(Registered{id, std::int32_t(subjects[subject].size()), std::move(schema)});
    }
    void latest(std::string const& subject, bus::Done<std::optional<Registered>> done) override {
        if (refuses) return done(std::unexpected(*refuses));
        auto const found = subjects.find(subject);
        if (found == subjects.end()) return done(std::nullopt);
        auto const id = found->second.back();
        done(Registered{id, std::int32_t(found->second.size()), schemas.at(std::size_t(id - 1))});
    }
    void schema_by_id(std::int32_t id, bus::Done<std::optional<Schema>> done) override {
        ++asked_for_ids;
        auto answer = [this, id, done = std::move(done)]() mutable {
            if (refuses) return done(std::unexpected(*refuses));
            if (id < 1 || std::size_t(id) > schemas.size()) return done(std::nullopt);
            done(schemas[std::size_t(id - 1)]);
        };
        if (waits) return held.push_back(std::move(answer));
        answer();
    }
};

struct RegisteredTest : testing::Test {
    bus::VirtualLoop loop;
    TableRegistry registry;

    template <class E>
    static App handles(std::string topic = "orders") {
        App app{"a"};
        app.on<E>(std::move(topic), [](E const&, Context&) { return done(); });
        return app;
    }
    template <class E>
    static App sends(std::string topic = "orders") {
        App app{"a"};
        app.sends<E>(std::move(topic));
        return app;
    }
    std::unique_ptr<Codecs> started(Format format, App const& app) {
        auto codecs = make_codecs(format, &registry, loop);
        codecs->prepare(
            app, [](bus::Result<void> result) { EXPECT_TRUE(result) << result.error().why; });
        return codecs;
    }
    std::string refusal(Format format, App const& app) {
        std::string why = "nothing was said";
        make_codecs(format, &registry, loop)->prepare(app, [&](bus::Result<void> result) {
            why = result ? "" : result.error().why;
        });
        return why;
    }
    template <class E>
    static std::string written(Codecs& codecs, E const& event,
                               std::string const& topic = "orders") {
        auto const encoded = codecs.encode(topic, event_type<E>(), &event);
        EXPECT_EQ(encoded.error, "");
        return encoded.value;
    }
    template <class E>
    static std::expected<E, std::string> read(Codecs& codecs, std::string_view value,
                                              std::string content_type = {}) {
        Message message;
        message.value = value;
        message.event.content_type = std::move(content_type);
        std::expected<E, std::string> event = std::unexpected("nothing was said");
        codecs.decode(event_type<E>(), message, [&](auto result) {
            if (!result)
                event = std::unexpected("away: " + result.error().why);
            else if (!*result)
                event = std::unexpected((*result).error().why);
            else
                event = *static_cast<E const*>((*result)->get());
        });
        return event;
    }
    std::vector<std::string> subjects() const {
        std::vector<std::string> names;
        for (auto const& [name, ids] : registry.subjects) names.push_back(name);
        return names;
    }
};

TEST_F(RegisteredTest, PutsTheIdBeforeJsonAndAvro) {
    auto const json = started(Format::json, sends<PlacedV1>());
    EXPECT_EQ(written(*json, PlacedV1{"o", 7, ""}),
              std::string({0, 0, 0, 0, 1}) + R"({"order":"o","cents":7,"obsolete":""})");
    auto const avro = started(Format::avro, sends<PlacedV1>("other"));
    EXPECT_EQ(written(*avro, PlacedV1{"o", 7, ""}, "other"),
              std::string({0, 0, 0, 0, 2, 2, 'o', 14, 0}));
    EXPECT_EQ(avro->encode("other", event_type<PlacedV1>(), std::make_unique<PlacedV1>().get())
                  .content_type,
              "application/avro");
    EXPECT_THAT(subjects(), ElementsAre("orders-value", "other-value"));
}

TEST_F(RegisteredTest, NamesSubjectsByTypeWhereATopicHasSeveral) {
    auto app = sends<PlacedV1>();
    app.sends<Everything>("orders").sends<Everything>("others");
    (void)started(Format::json, app);
    EXPECT_THAT(subjects(),
                ElementsAre("orders-orders.placed", "orders-shop.everything", "others-value"));
}

TEST_F(RegisteredTest, ReadsWhatItWroteWithoutAskingForTheSchema) {
    for (auto const format : {Format::json, Format::avro}) {
        auto const codecs = started(format, sends<Everything>());
        EXPECT_EQ(read<Everything>(*codecs, written(*codecs, sample::full()),
                                   format == Format::json ? "application/json" : ""),
                  sample::full());
    }
    EXPECT_EQ(registry.asked_for_ids, 0);
}

TEST_F(RegisteredTest, ReadsAllFormatsWhateverItWrites) {
    auto const json = started(Format::json, sends<PlacedV1>("a"));
    auto const avro = started(Format::avro, sends<PlacedV1>("b"));
    PlacedV1 const event{"o", 7, "x"};
    PlacedV2 const as_v2{{}, "EUR", 7, "o"};
    for (auto const* const codecs : {&json, &avro}) {
        EXPECT_EQ(read<PlacedV2>(**codecs, written(*json, event, "a")), as_v2);
        EXPECT_EQ(read<PlacedV2>(**codecs, written(*avro, event, "b")), as_v2);
        EXPECT_EQ(read<PlacedV2>(**codecs, R"({"order":"o","cents":7})"), as_v2);
    }
    EXPECT_EQ(registry.asked_for_ids, 4);
    EXPECT_EQ(read<PlacedV2>(*avro, written(*avro, event, "b")), as_v2);
    EXPECT_EQ(registry.asked_for_ids, 4) << "what is known is not asked for again";
}

TEST_F(RegisteredTest, AsksOnceForEventsThatWaitForTheSameSchema) {
    auto const writer = started(Format::avro, sends<PlacedV1>());
    auto const reader = started(Format::avro, handles<PlacedV2>("elsewhere"));
    registry.waits = true;
    Message message;
    auto const value = written(*writer, PlacedV1{"o", 7, ""});
    message.value = value;
    int decoded = 0;
    for (int i = 0; i < 3; ++i)
        reader->decode(event_type<PlacedV2>(), message, [&](auto result) {
            ++decoded;
            EXPECT_TRUE(result && *result);
        });
    EXPECT_EQ(registry.held.size(), 1);
    EXPECT_EQ(decoded, 0);
    registry.held.front()();
    EXPECT_EQ(decoded, 3);
}

TEST_F(RegisteredTest, EndsWithoutWaitingForAnswers) {
    auto reader = started(Format::json, handles<PlacedV2>());
    registry.waits = true;
    Message message;
    message.value = std::string_view("\0\0\0\0\1\2", 6);
    reader->decode(event_type<PlacedV2>(), message, [](auto) { ADD_FAILURE(); });
    reader.reset();
    registry.held.front()();
}

TEST_F(RegisteredTest, TellsARegistryThatIsAwayFromAnEventThatIsNone) {
    auto const codecs = started(Format::json, handles<PlacedV2>());
    std::string const framed({0, 0, 0, 0, 9, 2});
    EXPECT_EQ(read<PlacedV2>(*codecs, framed).error(), "the registry has no schema with id 9");
    registry.refuses = bus::Error{bus::Error::Kind::away, "no answer"};
    EXPECT_EQ(read<PlacedV2>(*codecs, framed).error(), "away: no answer");
    EXPECT_THAT(read<PlacedV2>(*codecs, std::string(5, '\0')).error(),
                HasSubstr("0 is no schema id"));
    EXPECT_THAT(read<PlacedV2>(*codecs, std::string(2, '\0')).error(), HasSubstr("schema's id"));
    EXPECT_THAT(read<PlacedV2>(*codecs, "{}", "application/avro").error(),
                HasSubstr("schema's id"));
}

TEST_F(RegisteredTest, SaysWhyAvroCannotBeRead) {
    auto const writer = started(Format::avro, sends<PlacedV1>());
    auto const cut = written(*writer, PlacedV1{"o", 7, ""}).substr(0, 7);
    EXPECT_THAT(read<PlacedV1>(*writer, cut).error(), HasSubstr("Avro: field cents"));
    auto const reader = started(Format::avro, handles<PlacedV2>("elsewhere"));
    EXPECT_THAT(read<PlacedV2>(*reader, cut).error(), HasSubstr("Avro: /cents"));
}

TEST_F(RegisteredTest, RefusesToSendAvroThatWasNotDeclared) {
    auto const codecs = started(Format::avro, handles<PlacedV1>());
    PlacedV2 const event;
    EXPECT_EQ(
        codecs->encode("elsewhere", event_type<PlacedV2>(), &event).error,
        R"(orders.placed in topic elsewhere has no schema: declare it, app.sends<…>("elsewhere"))");
    auto const json = started(Format::json, handles<PlacedV1>());
    EXPECT_EQ(written(*json, PlacedV2{}, "elsewhere").front(), '{');
}

TEST_F(RegisteredTest, HandlesWhatItCanReadWithoutRegisteringItsOwn) {
    (void)started(Format::avro, sends<PlacedV1>());
    (void)started(Format::avro, handles<PlacedV2>());
    (void)started(Format::json, handles<PlacedV2>());
    EXPECT_EQ(registry.schemas.size(), 1);
    (void)started(Format::avro, handles<PlacedV2>("empty"));
    EXPECT_EQ(registry.schemas.size(), 2);
}

TEST_F(RegisteredTest, RefusesToStartWhereItCannotReadTheLatest) {
    (void)started(Format::avro, sends<PlacedV2>());
    auto const why = refusal(Format::avro, handles<PlacedV1>());
    EXPECT_THAT(why, HasSubstr("subject orders-value: orders.placed cannot be read from what is "
                               "written with version 1: TYPE_MISMATCH at /fields/1/type"));
    EXPECT_THAT(why, HasSubstr("doc/events.md"));
    (void)started(Format::json, sends<PlacedV2>("json"));
    EXPECT_THAT(refusal(Format::json, handles<PlacedV1>("json")), HasSubstr("/cents"));
    registry.add("proto-value", {"PROTOBUF", "message A {}", {}});
    EXPECT_THAT(refusal(Format::json, handles<PlacedV1>("proto")), HasSubstr("of type PROTOBUF"));
}

TEST_F(RegisteredTest, SaysWhatTheRegistryRefused) {
    registry.refuses = bus::Error{bus::Error::Kind::refused, "subject orders-value: incompatible"};
    auto const why = refusal(Format::json, sends<PlacedV1>());
    EXPECT_THAT(why, HasSubstr("the schema of orders.placed was refused: subject orders-value: "
                               "incompatible; doc/events.md"));
}

struct BadName {
    static constexpr EventName event{"bad"};
    bool yes = false;
    static constexpr void describe(auto& field) { field("is-it", &BadName::yes); }
};

TEST_F(RegisteredTest, RefusesFieldsThatAvroHasNoNameFor) {
    EXPECT_THAT(refusal(Format::avro, sends<BadName>()), HasSubstr("bad has no AVRO schema: "));
    EXPECT_EQ(refusal(Format::json, sends<BadName>()), "");
}

// ---- the client -----------------------------------------------------------------------------

/// Answers as it was told, in order.
struct Script final : RegistryTransport {
    std::deque<bus::Result<Response>> answers;
    std::vector<std::string> requests;

    void send(Request request, bus::Done<Response> done) override {
        requests.push_back(request.method + ' ' + request.path + ' ' + request.body);
        auto answer = std::move(answers.front());
        answers.pop_front();
        done(std::move(answer));
    }
};

struct RegistryClientTest : testing::Test {
    Script& script = *new Script;
    RegistryClient client{std::unique_ptr<RegistryTransport>(&script)};

    std::string registered(std::string const& subject, Registry::Schema schema) {
        std::string text;
        client.register_schema(subject, std::move(schema), [&](auto result) {
            text = result ? fmt::format("id {}, version {}", result->id, result->version)
                          : fmt::format("{}: {}", int(result.error().kind), result.error().why);
        });
        return text;
    }
};

TEST_F(RegistryClientTest, Registers) {
    script.answers = {{Script::Response{200, R"({"id":7,"version":3})"}}};
    EXPECT_EQ(registered("a/b", {"JSON", "{}", {{"x.proto", "x", 2}}}), "id 7, version 3");
    EXPECT_THAT(script.requests, ElementsAre("POST /subjects/a%2Fb/versions "
                                             R"({"schemaType":"JSON","schema":"{}","references":)"
                                             R"([{"name":"x.proto","subject":"x","version":2}]})"));
}

TEST_F(RegistryClientTest, AsksForTheVersionWhereItIsNotTold) {
    script.answers = {{Script::Response{200, R"({"id":7})"}},
                      {Script::Response{200, R"({"id":7,"version":3})"}}};
    EXPECT_EQ(registered("a", {"JSON", "{}", {}}), "id 7, version 3");
    EXPECT_THAT(script.requests.at(1), testing::StartsWith("POST /subjects/a {"));
}

TEST_F(RegistryClientTest, TellsWhatIsRefusedFromWhatIsAway) {
    using Kind = bus::Error::Kind;
    auto const kind = [](Kind each) { return std::to_string(int(each)); };
    script.answers = {{Script::Response{409, R"({"error_code":409,"message":"incompatible"})"}},
                      {Script::Response{503, R"({"error_code":503,"message":"later"})"}},
                      {Script::Response{401, "who are you?"}},
                      {Script::Response{200, "<html>"}},
                      {Script::Response{200, "{}"}},
                      {std::unexpected(bus::Error{Kind::away, "no answer"})}};
    EXPECT_EQ(registered("a", {}), kind(Kind::refused) + ": subject a: incompatible (status 409)");
    EXPECT_EQ(registered("a", {}), kind(Kind::away) + ": subject a: later (status 503)");
    EXPECT_THAT(registered("a", {}), HasSubstr("NAME:PASSWORD@"));
    EXPECT_THAT(registered("a", {}), HasSubstr("is this a schema registry?"));
    EXPECT_THAT(registered("a", {}), HasSubstr("gave no id"));
    EXPECT_EQ(registered("a", {}), kind(Kind::away) + ": no answer");
}

TEST_F(RegistryClientTest, FindsLatestAndIdsOrNothing) {
    script.answers = {
        {Script::Response{200, R"({"subject":"a","id":7,"version":3,"schema":"\"int\""})"}},
        {Script::Response{404, R"({"error_code":40401,"message":"no"})"}},
        {Script::Response{200, R"({"schemaType":"JSON","schema":"{}"})"}},
        {Script::Response{404, R"({"error_code":40403,"message":"no"})"}}};
    client.latest("a", [](auto found) {
        ASSERT_TRUE(found && *found);
        EXPECT_EQ((*found)->schema.type, "AVRO");
        EXPECT_EQ((*found)->version, 3);
    });
    client.latest("a", [](auto found) { EXPECT_TRUE(found && !*found); });
    client.schema_by_id(7, [](auto found) {
        ASSERT_TRUE(found && *found);
        EXPECT_EQ((*found)->type, "JSON");
    });
    client.schema_by_id(7, [](auto found) { EXPECT_TRUE(found && !*found); });
    EXPECT_THAT(script.requests.at(2), testing::StartsWith("GET /schemas/ids/7"));
}

}  // namespace
}  // namespace klamm::handler
