#include "klamm/handler/codecs/flat_events.h"

#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/json_events.h"
#include "klamm/handler/codecs/sample_event.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace klamm::handler {
namespace {

using sample::Everything;

std::optional<Everything> read_flat(std::string_view text) {
    auto const document = json::Flat::read(text);
    if (!document) return std::nullopt;
    FlatReader reader(*document);
    Everything event;
    event_type<Everything>().read(reader, &event);
    if (reader.failed()) return std::nullopt;
    return event;
}

std::optional<Everything> read_whole(std::string_view text) {
    auto const document = json::parse(text);
    if (!document) return std::nullopt;
    JsonReader reader(*document);
    Everything event;
    event_type<Everything>().read(reader, &event);
    if (reader.failed()) return std::nullopt;
    return event;
}

Everything usual() {
    auto event = sample::full();
    event.real64 = -2.5;
    return event;
}

std::string written(Everything const& event) { return to_json(event_type<Everything>(), &event); }

TEST(FlatEvents, ReadsEachKindOfField) {
    EXPECT_EQ(read_flat(written(usual())), usual());
    EXPECT_EQ(read_flat(written(Everything{})), Everything{});
}

TEST(FlatEvents, ReadsFieldsInAnyOrderAndPassesOverOthers) {
    Everything expected;
    expected.text = "t";
    expected.large = 1000;
    expected.small = 7;
    EXPECT_EQ(read_flat(R"({"text":"t","new":[{"small":1}],"large":1e3,"small":7.0})"), expected);
}

TEST(FlatEvents, FailsOnWhatItDoesNotExpect) {
    for (auto const* text :
         {R"({"small":2147483648})", R"({"small":"1"})", R"({"large":0.5})", R"({"real32":1e39})",
          R"({"real64":"NaN"})", R"({"yes":null})", R"({"text":1})", R"({"colour":"blue"})",
          R"({"bytes":"?"})", R"({"when":"today"})", R"({"items":{}})", R"({"prices":[]})",
          R"({"item":null})", R"({"holes":[1,{}]})", "[]", "{"})
        EXPECT_FALSE(read_flat(text)) << text;
}

TEST(FlatEvents, AreThoseThatTheOtherReaderReadsAlsoFromTextsThatChangedByAByte) {
    auto const text = written(usual());
    for (std::size_t at = 0; at < text.size(); ++at)
        for (char const byte : {'0', '7', '.', 'e', '-', '"', '\\', ' ', ',', ':', '}', '[', 'n'}) {
            auto changed = text;
            changed[at] = byte;
            auto const event = read_flat(changed);
            if (!event) continue;
            EXPECT_EQ(event, read_whole(changed)) << changed;
        }
}

}  // namespace
}  // namespace klamm::handler
