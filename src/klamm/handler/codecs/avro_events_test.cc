#include "klamm/handler/codecs/avro_events.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/sample_event.h"
#include "klamm/handler/codecs/schemas.h"
#include "klamm/schema/schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace klamm::handler {
namespace {

using sample::Everything;
using testing::HasSubstr;

template <class E>
std::string avro_of(E const& event) {
    std::string out;
    AvroWriter writer(out);
    event_type<E>().write(writer, &event);
    EXPECT_EQ(writer.error(), "");
    return out;
}
template <class E>
std::expected<E, std::string> read_as(std::string_view bytes) {
    E event;
    AvroReader reader(bytes);
    detail::read(reader, event);
    reader.expect_end();
    if (reader.failed()) return std::unexpected(reader.error());
    return event;
}
ByteView bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

schema::SchemaPtr parsed(schema::Type type, std::string_view text) {
    auto const made = schema::parse(type, text, {});
    EXPECT_TRUE(made) << made.error().why << " in " << text;
    return made ? *made : nullptr;
}
template <class E>
schema::SchemaPtr avro_schema_of() {
    return parsed(schema::Type::avro, avro_schema(event_type<E>()));
}
template <class E>
schema::SchemaPtr json_schema_of() {
    return parsed(schema::Type::json, json_schema(event_type<E>()));
}

/// A value of `schema`, given as JSON, read as an E.
template <class E>
std::expected<E, std::string> resolved_as(std::string_view schema, std::string_view value) {
    auto const writer = parsed(schema::Type::avro, schema);
    auto const bytes = writer->from_json(value, {});
    if (!bytes) return std::unexpected("the test's value: " + bytes.error().why);
    auto const text = writer->to_json(*bytes, {});
    auto const document =
        resolved(*json::parse(*text), *json::parse(schema), *event_type<E>().shape);
    auto const event = from_json(event_type<E>(), json::print(document));
    if (!event) return std::unexpected(event.error().why);
    return *static_cast<E const*>(event->get());
}

TEST(AvroEvents, HaveASchemaWithDefaults) {
    EXPECT_EQ(avro_schema(event_type<sample::Item>()),
              R"({"type":"record","name":"item","namespace":"shop","doc":"one line of an order",)"
              R"("fields":[{"name":"name","type":"string","default":""},)"
              R"({"name":"price","type":{"type":"record","name":"Money","namespace":"shop",)"
              R"("fields":[{"name":"cents","type":"long","default":0},)"
              R"({"name":"currency","type":"string","default":"EUR"}]},)"
              R"("default":{"cents":5,"currency":"USD"}},)"
              R"({"name":"discount","type":["null","shop.Money"],"default":null}]})");
    EXPECT_EQ(avro_schema_of<Everything>()->record_name(), "shop.everything");
}

TEST(AvroEvents, ReadWhatTheyWrote) {
    EXPECT_EQ(read_as<Everything>(avro_of(sample::full())), sample::full());
    EXPECT_EQ(read_as<Everything>(avro_of(Everything{})), Everything{});
}

// schema/ reads and writes Avro by the schema's text alone.
TEST(AvroEvents, AreWhatTheirSchemaSays) {
    auto const schema = avro_schema_of<Everything>();
    for (auto const& event : {sample::full(), Everything{}}) {
        auto const bytes = avro_of(event);
        EXPECT_TRUE(schema->check(bytes_of(bytes), {}));
        auto const text = schema->to_json(bytes_of(bytes), {});
        ASSERT_TRUE(text) << text.error().why;
        auto const again = schema->from_json(*text, {});
        ASSERT_TRUE(again) << again.error().why;
        EXPECT_EQ(
            read_as<Everything>({reinterpret_cast<char const*>(again->data()), again->size()}),
            event);
    }
}

TEST(AvroEvents, RefuseEveryTruncation) {
    auto const bytes = avro_of(sample::full());
    for (std::size_t size = 0; size < bytes.size(); ++size)
        EXPECT_FALSE(read_as<Everything>(std::string_view(bytes).substr(0, size))) << size;
    EXPECT_THAT(read_as<Everything>(bytes + "x").error(), HasSubstr("1 bytes are left"));
}

TEST(AvroEvents, SayWhatIsWrong) {
    auto const money = [](std::string bytes) { return read_as<sample::Money>(bytes).error(); };
    EXPECT_EQ(money(""), "field cents: the value ends inside a number");
    EXPECT_EQ(money(std::string(11, '\xff')), "field cents: a number of more than 64 bits");
    EXPECT_EQ(money({0, 1}), "field currency: a text of negative length");
    EXPECT_EQ(money({0, 20, 'x'}), "field currency: expected 10 bytes more, found 1");
    EXPECT_EQ(money({0, 2, '\xff'}), "field currency: a text that is not UTF-8");
}

struct Empty {
    static constexpr EventName event{"empty"};
    bool operator==(Empty const&) const = default;
    static constexpr void describe(auto&) {}
};
struct Empties {
    static constexpr EventName event{"empties"};
    std::vector<Empty> items;
    bool operator==(Empties const&) const = default;
    static constexpr void describe(auto& field) { field("items", &Empties::items); }
};

TEST(AvroEvents, HoldNobodyUpWithItemsOfNoBytes) {
    Empties const some{std::vector<Empty>(AvroReader::empty_items_max)};
    EXPECT_EQ(read_as<Empties>(avro_of(some)), some);
    Empties const many{std::vector<Empty>(AvroReader::empty_items_max + 10)};
    EXPECT_THAT(read_as<Empties>(avro_of(many)).error(), HasSubstr("items in 1 bytes"));
}

TEST(AvroEvents, ReadBlocksThatSayHowLongTheyAre) {
    std::vector<std::optional<std::int32_t>> holes;
    auto const read = [&](std::string const& bytes) {
        AvroReader reader(bytes);
        detail::read(reader, holes);
        return reader.error();
    };
    // A block of 1 item, then one of -1 items in 1 byte; then the end.
    EXPECT_EQ(read({2, 2, 1, 1, 2, 0, 0}), "");
    EXPECT_THAT(holes, testing::ElementsAre(-1, std::nullopt));
    EXPECT_EQ(read({1, 4, 0, 0}), "a block of another length than it says");
    EXPECT_EQ(read({1, 53, 0, 0}), "a block of -27 bytes, where 2 are left");
}

TEST(AvroResolution, ReadsAnotherVersionOfTheEvent) {
    auto const schema = avro_schema(event_type<sample::PlacedV1>());
    EXPECT_EQ(resolved_as<sample::PlacedV2>(schema, R"({"order":"o","cents":7,"obsolete":"y"})"),
              (sample::PlacedV2{{}, "EUR", 7, "o"}));
    auto const newer = avro_schema(event_type<sample::PlacedV2>());
    EXPECT_EQ(resolved_as<sample::PlacedV1>(
                  newer, R"({"note":{"string":"n"},"currency":"x","cents":8,"order":"p"})"),
              (sample::PlacedV1{"p", 8, "x"}));
    EXPECT_EQ(resolved_as<sample::PlacedV1>(
                  newer, R"({"note":null,"currency":"x","cents":3000000000,"order":"p"})")
                  .error(),
              "/cents: expected a whole number of 32 bits, found 3000000000");
}

TEST(AvroResolution, ReadsEverythingThatItWrote) {
    auto const schema = avro_schema(event_type<Everything>());
    auto const bytes = avro_of(sample::full());
    auto const text = avro_schema_of<Everything>()->to_json(bytes_of(bytes), {});
    EXPECT_EQ(resolved_as<Everything>(schema, *text), sample::full());
}

TEST(AvroResolution, Promotes) {
    auto const of = [](std::string_view name, std::string_view type, std::string_view value) {
        return resolved_as<Everything>(
            fmt::format(R"({{"type":"record","name":"x","fields":[{{"name":"{}","type":{}}}]}})",
                        name, type),
            fmt::format(R"({{"{}":{}}})", name, value));
    };
    EXPECT_EQ(of("large", R"("int")", "7")->large, 7);
    EXPECT_EQ(of("real32", R"("long")", "7")->real32, 7);
    EXPECT_EQ(of("real64", R"("float")", "0.5")->real64, 0.5);
    EXPECT_EQ(of("text", R"("bytes")", R"("\u00c3\u00bc")")->text, "ü");
    EXPECT_EQ(of("bytes", R"("string")", R"("ü")")->bytes,
              (Binary{std::byte{0xc3}, std::byte{0xbc}}));
    EXPECT_EQ(of("text", R"(["null","string"])", R"({"string":"a"})")->text, "a");
    EXPECT_EQ(of("note", R"("string")", R"("a")")->note, "a");
    EXPECT_EQ(of("note", R"(["string","null"])", "null")->note, std::nullopt);
    auto const when = [&](std::string_view logical, std::string_view value) {
        return of("when", fmt::format(R"({{"type":"long","logicalType":"{}"}})", logical), value)
            ->when.time_since_epoch()
            .count();
    };
    EXPECT_EQ(when("timestamp-micros", "-1"), -1);
    EXPECT_EQ(when("timestamp-micros", "1500"), 1);
    EXPECT_EQ(when("local-timestamp-millis", "7"), 7);
    EXPECT_EQ(of("when", R"("long")", "7")->when, Time(milliseconds(7)));
    EXPECT_EQ(of("large", R"({"type":"long","logicalType":"timestamp-millis"})", "7")->large, 7);
    EXPECT_THAT(of("when", R"({"type":"int","logicalType":"date"})", "7").error(),
                HasSubstr("/when: expected a time"));
    EXPECT_THAT(of("text", R"(["int","string"])", R"({"int":7})").error(),
                HasSubstr("/text: expected a string, found 7"));
}

TEST(AvroResolution, FindsNamesOfTheWriter) {
    EXPECT_EQ(resolved_as<Everything>(
                  R"({"type":"record","name":"n.x","fields":[)"
                  R"({"name":"ignored","type":{"type":"record","name":"m","fields":[)"
                  R"({"name":"cents","type":"int"}]}},)"
                  R"({"name":"prices","type":{"type":"map","values":["null","m"]}}]})",
                  R"({"ignored":{"cents":1},"prices":{"a":{"n.m":{"cents":2}}}})")
                  ->prices.at("a")
                  .cents,
              2);
}

// ---- evolution, by the rules of registries --------------------------------------------------

std::string breaks(schema::SchemaPtr const& reader, schema::SchemaPtr const& writer,
                   schema::Policy policy = schema::Policy::strict) {
    std::string rules;
    auto const differences = reader->differences(*writer, policy);
    for (auto const& each : *differences) rules += each.rule + " at " + each.path + "; ";
    return rules;
}

TEST(Evolution, OfAvroAddsAndRemovesFieldsInBothDirections) {
    auto const old = avro_schema_of<sample::PlacedV1>();
    auto const young = avro_schema_of<sample::PlacedV2>();
    EXPECT_EQ(breaks(young, old), "");  // BACKWARD; cents became wider
    EXPECT_THAT(breaks(old, young), HasSubstr("TYPE_MISMATCH"));
}

struct PlacedMore : sample::PlacedV1 {
    static constexpr EventName event{"orders.placed"};
    std::optional<std::string> note;
    std::string currency = "EUR";
    static constexpr void describe(auto& field) {
        sample::PlacedV1::describe(field);
        field("note", &PlacedMore::note);
        field("currency", &PlacedMore::currency);
    }
};

TEST(Evolution, OfJsonAddsFieldsAndWidensNumbers) {
    auto const old = json_schema_of<sample::PlacedV1>();
    EXPECT_EQ(breaks(json_schema_of<PlacedMore>(), old), "");
    // The registry's rule for closed models; doc/events.md says what to do.
    EXPECT_THAT(breaks(old, json_schema_of<PlacedMore>()),
                HasSubstr("PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL"));
    auto const reader =
        parsed(schema::Type::json, open_json_schema(event_type<sample::PlacedV1>()));
    EXPECT_EQ(breaks(reader, json_schema_of<PlacedMore>(), schema::Policy::lenient), "");
    auto const wide = parsed(schema::Type::json, open_json_schema(event_type<sample::PlacedV2>()));
    EXPECT_EQ(breaks(wide, old, schema::Policy::lenient), "");
    EXPECT_THAT(breaks(reader, json_schema_of<sample::PlacedV2>(), schema::Policy::lenient),
                HasSubstr("/cents"));
}

}  // namespace

namespace old {
enum class Size : std::uint8_t { one };
}
namespace young {
enum class Size : std::uint8_t { one, two };
}
}  // namespace klamm::handler

template <>
inline constexpr std::array klamm::enum_names<klamm::handler::old::Size>{"one"};
template <>
inline constexpr std::array klamm::enum_names<klamm::handler::young::Size>{"one", "two"};

namespace klamm::handler {
namespace {

template <class T>
struct With {
    static constexpr EventName event{"with"};
    T value{};
    static constexpr void describe(auto& field) { field("value", &With::value); }
};
struct Without {
    static constexpr EventName event{"with"};
    static constexpr void describe(auto&) {}
};

/// Whether a reader of New may follow events of Old: "json", "avro", both, or nothing.
template <class Old, class New>
std::string backward() {
    std::string formats;
    if (breaks(json_schema_of<New>(), json_schema_of<Old>()).empty()) formats += "json ";
    if (breaks(avro_schema_of<New>(), avro_schema_of<Old>()).empty()) formats += "avro ";
    return formats;
}

// The table in doc/events.md, row by row.
TEST(Evolution, IsWhatTheManualSays) {
    EXPECT_EQ((backward<Without, With<std::string>>()), "json avro ");
    EXPECT_EQ((backward<With<std::string>, Without>()), "avro ");
    EXPECT_EQ((backward<With<std::int32_t>, With<std::int64_t>>()), "json avro ");
    EXPECT_EQ((backward<With<float>, With<double>>()), "json avro ");
    EXPECT_EQ((backward<With<std::string>, With<std::optional<std::string>>>()), "json avro ");
    EXPECT_EQ((backward<With<std::optional<std::string>>, With<std::string>>()), "");
    EXPECT_EQ((backward<With<old::Size>, With<young::Size>>()), "json avro ");
    EXPECT_EQ((backward<With<young::Size>, With<old::Size>>()), "");
    EXPECT_EQ((backward<With<std::string>, With<std::int64_t>>()), "");
}

TEST(JsonSchemas, AcceptWhatIsWritten) {
    auto const schema = json_schema_of<Everything>();
    ASSERT_TRUE(schema);
    for (auto const& event : {sample::full(), Everything{}}) {
        auto const text = to_json(event_type<Everything>(), &event);
        auto const checked = schema->check(bytes_of(text), {});
        EXPECT_TRUE(checked) << checked.error().path << ": " << checked.error().why;
    }
    EXPECT_FALSE(schema->check(bytes_of(R"({"small":2147483648})"), {}));
    EXPECT_FALSE(schema->check(bytes_of(R"({"colour":"blue"})"), {}));
    EXPECT_FALSE(schema->check(bytes_of(R"({"unknown":1})"), {}));
    EXPECT_EQ(schema->record_name(), "shop.everything");
}

TEST(JsonSchemas, AreOfDraft7AndClosedWithDefaults) {
    EXPECT_EQ(json_schema(event_type<sample::PlacedV2>()),
              R"({"$schema":"http://json-schema.org/draft-07/schema#","type":"object",)"
              R"("title":"orders.placed","properties":{)"
              R"("note":{"oneOf":[{"type":"null"},{"type":"string"}],"default":null},)"
              R"("currency":{"type":"string","default":"EUR"},)"
              R"("cents":{"type":"integer","default":0},)"
              R"("order":{"type":"string","default":""}},"additionalProperties":false})");
}

}  // namespace
}  // namespace klamm::handler
