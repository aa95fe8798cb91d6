#include "klamm/handler/codecs.h"
#include "klamm/bus/loop_fixture.h"
#include "klamm/handler/cloud_event.h"
#include "klamm/handler/codecs/sample_event.h"

#include <gmock/gmock.h>

namespace klamm::handler {
namespace {

using sample::Everything;
using testing::HasSubstr;

/// Nothing that is tested here waits.
struct PlainCodecsTest : testing::Test {
    bus::VirtualLoop loop;

    std::string prepare(Format format, App const& app) {
        std::string why = "nothing was said";
        make_codecs(format, nullptr, loop)->prepare(app, [&](bus::Result<void> result) {
            why = result ? "" : result.error().why;
        });
        return why;
    }
    std::expected<Everything, std::string> decode(Message const& message) {
        std::expected<Everything, std::string> event = std::unexpected("nothing was said");
        make_codecs(Format::json, nullptr, loop)
            ->decode(event_type<Everything>(), message, [&](auto result) {
                ASSERT_TRUE(result);
                if (*result)
                    event = *static_cast<Everything const*>((*result)->get());
                else
                    event = std::unexpected((*result).error().why);
            });
        return event;
    }
};

TEST_F(PlainCodecsTest, WritesAndReadsJson) {
    auto const codecs = make_codecs(Format::json, nullptr, loop);
    auto const event = sample::full();
    auto const encoded = codecs->encode("orders", event_type<Everything>(), &event);
    EXPECT_EQ(encoded.content_type, "application/json");
    EXPECT_EQ(encoded.error, "");
    EXPECT_EQ(decode({.value = encoded.value}), event);
}

TEST_F(PlainCodecsTest, SaysWhatCannotBeWritten) {
    auto const codecs = make_codecs(Format::json, nullptr, loop);
    auto const error_of = [&](Everything const& event) {
        return codecs->encode("orders", event_type<Everything>(), &event).error;
    };
    Everything event;
    event.items = {{"\xff", {}, {}}};
    EXPECT_THAT(error_of(event), HasSubstr("field name: it is not UTF-8"));
    event = {};
    event.colour = sample::Colour(7);
    EXPECT_EQ(error_of(event), "field colour: 7 has no name in enum_names");
}

TEST_F(PlainCodecsTest, SaysWhyAValueIsNoEvent) {
    EXPECT_EQ(decode({}).error(), "the record has no value (a tombstone)");
    EXPECT_EQ(decode({.value = R"({"small":true})"}).error(),
              "/small: expected a whole number of 32 bits, found true");
    auto const structured = read_message(
        {.value = R"({"specversion":"1.0"})",
         .headers = {{"content-type", "application/cloudevents+json; charset=UTF-8"}}});
    EXPECT_EQ(decode(structured.message).error(),
              "an event in structured mode that cannot be read: /id: expected a string that is not "
              "empty");
}

TEST_F(PlainCodecsTest, RefusesFormatsThatNeedMore) {
    App app{"a"};
    app.on<Everything>("orders", [](Everything const&, Context&) { return done(); });
    EXPECT_EQ(prepare(Format::json, app), "");
    EXPECT_THAT(prepare(Format::avro, app), HasSubstr("needs a schema registry"));
    EXPECT_THAT(prepare(Format::protobuf, app), HasSubstr("shop.everything is a described struct"));
}

}  // namespace
}  // namespace klamm::handler
