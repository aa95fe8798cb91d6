#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/sample_event.h"

#include <gmock/gmock.h>

#include <cmath>

namespace klamm::handler {
namespace {

using sample::Everything;
using testing::HasSubstr;

template <class E>
std::string json_of(E const& event) {
    return to_json(event_type<E>(), &event);
}
template <class E>
std::expected<E, std::string> read_as(std::string_view text) {
    auto const event = from_json(event_type<E>(), text);
    if (!event) return std::unexpected(event.error().why);
    return *static_cast<E const*>(event->get());
}
template <class E>
std::string why(std::string_view text) {
    auto const event = read_as<E>(text);
    return event ? "it was read" : event.error();
}

TEST(JsonEvents, WritesEachKindOfField) {
    EXPECT_EQ(json_of(sample::full()),
              R"({"yes":false,"small":-2147483648,"large":9223372036854775807,"real32":0.1,)"
              R"("real64":1e+300,"text":"a \"quoted\" line\nand ünïcödé €","bytes":"AP8i",)"
              R"("when":"2026-11-23T16:00:00.250Z","colour":"red",)"
              R"("item":{"name":"pen","price":{"cents":199,"currency":"EUR"},)"
              R"("discount":{"cents":1,"currency":"EUR"}},)"
              R"("items":[{"name":"a","price":{"cents":0,"currency":"EUR"},"discount":null},)"
              R"({"name":"b","price":{"cents":-7,"currency":""},)"
              R"("discount":{"cents":0,"currency":"EUR"}}],)"
              R"("prices":{"":{"cents":1,"currency":"x"},"per piece":{"cents":2,"currency":"y"}},)"
              R"("note":"","until":"1969-12-31T23:59:59.999Z","holes":[1,null,3],)"
              R"("colours":{"both":["green","red"],"none":[]}})");
}

TEST(JsonEvents, ReadsWhatItWrote) {
    EXPECT_EQ(read_as<Everything>(json_of(sample::full())), sample::full());
    EXPECT_EQ(read_as<Everything>(json_of(Everything{})), Everything{});
}

TEST(JsonEvents, KeepsRealsThatAreNoNumbers) {
    Everything event;
    event.real32 = -std::numeric_limits<float>::infinity();
    event.real64 = std::nan("");
    EXPECT_THAT(json_of(event), HasSubstr(R"("real32":"-Infinity","real64":"NaN")"));
    auto const read = read_as<Everything>(json_of(event));
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->real32, event.real32);
    EXPECT_TRUE(std::isnan(read->real64));
}

TEST(JsonEvents, KeepsDefaultsOfMissingFieldsAndIgnoresUnknownOnes) {
    EXPECT_EQ(read_as<Everything>("{}"), Everything{});
    EXPECT_EQ(read_as<Everything>(R"({"new":{"x":[1]},"small":-1})"), Everything{});
    auto const read = read_as<Everything>(R"({"item":{"name":"x"},"items":[{}]})");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->item.price, (sample::Money{5, "USD"}));
    EXPECT_EQ(read->items.at(0), sample::Item{});
}

TEST(JsonEvents, ReadsFieldsInAnyOrderAndWholeNumbersHoweverWritten) {
    auto const read =
        read_as<Everything>(R"( {"text":"t", "large":1e3, "small":7.0,"yes":false} )");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(read->large, 1000);
    EXPECT_EQ(read->small, 7);
    EXPECT_FALSE(read->yes);
}

TEST(JsonEvents, ReadsAnotherVersionOfTheEvent) {
    sample::PlacedV1 const old{"o-1", 7, "y"};
    EXPECT_EQ(read_as<sample::PlacedV2>(json_of(old)), (sample::PlacedV2{{}, "EUR", 7, "o-1"}));
    sample::PlacedV2 const young{"n", "USD", 8, "o-2"};
    EXPECT_EQ(read_as<sample::PlacedV1>(json_of(young)), (sample::PlacedV1{"o-2", 8, "x"}));
}

TEST(JsonEvents, SaysWhereAndWhatWasWrong) {
    EXPECT_EQ(why<Everything>(R"({"small":"x"})"),
              R"(/small: expected a whole number of 32 bits, found "x")");
    EXPECT_EQ(why<Everything>(R"({"small":2147483648})"),
              "/small: expected a whole number of 32 bits, found 2147483648");
    EXPECT_EQ(why<Everything>(R"({"large":9223372036854775808})"),
              "/large: expected a whole number of 64 bits, found 9223372036854775808");
    EXPECT_EQ(why<Everything>(R"({"large":0.5})"),
              "/large: expected a whole number of 64 bits, found 0.5");
    EXPECT_EQ(why<Everything>(R"({"real32":1e39})"),
              "/real32: expected a number in the range of float, found 1e39");
    EXPECT_EQ(why<Everything>(R"({"yes":null})"), "/yes: expected true or false, found null");
    EXPECT_EQ(why<Everything>(R"({"colour":"blue"})"),
              R"(/colour: expected one of red, green, found "blue")");
    EXPECT_EQ(why<Everything>(R"({"bytes":"?"})"),
              R"(/bytes: expected bytes in base64, found "?")");
    EXPECT_THAT(why<Everything>(R"({"when":1795449600250})"), HasSubstr("/when: expected a time"));
    EXPECT_EQ(why<Everything>(R"({"items":[{},{"price":{"cents":[]}}]})"),
              "/items/1/price/cents: expected a whole number of 64 bits, found an array");
    EXPECT_EQ(why<Everything>(R"({"prices":{"a/b":7}})"),
              "/prices/a~1b: expected an object, found 7");
    EXPECT_EQ(why<Everything>(R"({"holes":[1,null,{}]})"),
              "/holes/2: expected a whole number of 32 bits, found an object");
    EXPECT_EQ(why<Everything>("[]"), "the event: expected an object, found an array");
    EXPECT_THAT(why<Everything>("{"), HasSubstr("it is no JSON: "));
    EXPECT_THAT(why<Everything>(R"({"text":7,"small":"later ones do not count"})"),
                testing::AnyOf(HasSubstr("/text"), HasSubstr("/small")));
    EXPECT_EQ(why<Everything>("{\"small\":\"" + std::string(38, 'x') + "ü\"}"),
              "/small: expected a whole number of 32 bits, found \"" + std::string(38, 'x') + "…");
}

TEST(JsonEvents, ForgetsWhatACollectionHeldBefore) {
    auto const read = read_as<Everything>(R"({"prices":{},"items":[],"note":null})");
    ASSERT_TRUE(read) << read.error();
    EXPECT_EQ(*read, Everything{});
}

TEST(EventTypes, AreCalledAsTheySayOrAsInCpp) {
    auto const& shape = *event_type<Everything>().shape;
    EXPECT_EQ(shape.name, "shop.everything");
    EXPECT_EQ(shape.fields.at(9).shape->name, "shop.item");
    EXPECT_EQ(shape.fields.at(9).shape->doc, "one line of an order");
    EXPECT_EQ(shape.fields.at(9).shape->fields.at(1).shape->name, "Money");
    EXPECT_EQ(shape.fields.at(8).shape->name, "Colour");
    EXPECT_EQ(shape.fields.at(2).doc, "all 64 bits");
    EXPECT_EQ(detail::type_name<detail::AnyField>(), "AnyField");
    EXPECT_EQ((detail::type_name<std::pair<int, std::string>>().substr(0, 9)), "pair_int_");
}

}  // namespace
}  // namespace klamm::handler
