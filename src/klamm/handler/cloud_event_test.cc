#include "klamm/handler/cloud_event.h"

#include "klamm/bus/bus.h"
#include "klamm/handler/rfc3339.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>

namespace klamm::handler {
namespace {

using testing::ElementsAre;
using testing::Eq;
using testing::Optional;

Time at(std::string_view text) { return *from_rfc3339(text); }

Message record(Headers headers, std::optional<std::string_view> value = "{}") {
    return {.position = {"orders", 3, 1042}, .value = value, .headers = std::move(headers)};
}
EventContext context_of(Headers headers) {
    return read_message(record(std::move(headers))).message.event;
}

Incoming structured(std::string_view event,
                    std::string type = "application/cloudevents+json; charset=UTF-8") {
    return read_message(record({{"content-type", std::move(type)}}, event));
}

TEST(Rfc3339, WritesUtcWithMillisecondsWhereThereAreAny) {
    EXPECT_EQ(to_rfc3339(Time{}), "1970-01-01T00:00:00Z");
    EXPECT_EQ(to_rfc3339(Time(milliseconds(1'795'449'600'250))), "2026-11-23T16:00:00.250Z");
    EXPECT_EQ(to_rfc3339(Time(milliseconds(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(Rfc3339, ReadsEveryFormThatTheStandardHas) {
    EXPECT_EQ(at("2026-11-23T16:00:00.25Z"), Time(milliseconds(1'795'449'600'250)));
    EXPECT_EQ(at("2026-11-23t17:30:00.2509999+01:30"), at("2026-11-23T16:00:00.250Z"));
    EXPECT_EQ(at("2026-11-23 11:00:00-05:00"), at("2026-11-23T16:00:00z"));
    EXPECT_EQ(at("2016-12-31T23:59:60Z"), at("2017-01-01T00:00:00Z"));
    EXPECT_EQ(at("2024-02-29T00:00:00Z") - at("2024-02-28T00:00:00Z"), std::chrono::hours(24));
}

TEST(Rfc3339, ReadsWhatItWroteForEveryTime) {
    for (auto const ms : {0L, 1L, -1L, 253'402'300'800'000L, -62'167'219'200'001L,
                          9'223'000'000'000'000'000L, -9'223'000'000'000'000'000L}) {
        Time const time{milliseconds(ms)};
        EXPECT_THAT(from_rfc3339(to_rfc3339(time)), Optional(time)) << to_rfc3339(time);
    }
}

TEST(Rfc3339, RefusesWhatIsNoTime) {
    for (auto const* const text :
         {"", "2026", "2026-11-23", "2026-11-23T16:00:00", "2026-13-01T00:00:00Z",
          "2026-02-29T00:00:00Z", "2026-11-23T24:00:00Z", "2026-11-23T16:00:00.Z",
          "2026-11-23T16:00:00Zx", "26-11-23T16:00:00Z", "+999999999-01-01T00:00:00Z"})
        EXPECT_EQ(from_rfc3339(text), std::nullopt) << text;
}

// The example of the specification's section on binary mode, attribute by attribute.
TEST(CloudEvent, WritesTheHeadersOfTheSpecification) {
    Headers headers;
    write_context(headers, {.id = "1234-1234-1234",
                            .source = "/mycontext/subcontext",
                            .type = "com.example.someevent",
                            .content_type = "application/avro",
                            .time = at("2018-04-05T03:56:24Z")});
    EXPECT_THAT(headers,
                ElementsAre(Header{"ce_specversion", "1.0"}, Header{"ce_id", "1234-1234-1234"},
                            Header{"ce_source", "/mycontext/subcontext"},
                            Header{"ce_type", "com.example.someevent"},
                            Header{"ce_time", "2018-04-05T03:56:24Z"},
                            Header{"content-type", "application/avro"}));
}

TEST(CloudEvent, ReadsWhatItWroteAndKeepsOtherHeaders) {
    EventContext const context{
        .id = "7",
        .source = "/shop",
        .type = "orders.placed",
        .subject = "o-1",
        .data_schema = "http://registry/schemas/ids/7",
        .content_type = "application/json",
        .time = at("2026-11-23T16:00:00.250Z"),
        .correlation_id = "1",
        .causation_id = "6",
        .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        .tracestate = "vendor=1"};
    Headers headers{{"tenant", "a"}, {"ce_id", "old"}, {"ce_id", "older"}};
    write_context(headers, context);
    EXPECT_EQ(headers.front(), (Header{"tenant", "a"}));
    EXPECT_EQ(std::ranges::count(headers, "ce_id", &Header::name), 1);
    EXPECT_EQ(context_of(headers), context);
}

TEST(CloudEvent, GivesAPlainRecordItsPosition) {
    auto const event = context_of({{"content-type", "application/json"}});
    EXPECT_EQ(event.id, "orders/3@1042");
    EXPECT_EQ(event.source, "/orders");
    EXPECT_EQ(event.type, "");
    EXPECT_EQ(event.content_type, "application/json");
}

TEST(CloudEvent, TakesAnIdOnlyTogetherWithItsSource) {
    EXPECT_EQ(context_of({{"ce_id", "1"}, {"ce_type", "t"}}).id, "orders/3@1042");
    EXPECT_EQ(context_of({{"ce_source", "/s"}, {"ce_type", "t"}}).source, "/orders");
    EXPECT_EQ(context_of({{"ce_source", "/s"}, {"ce_id", "1"}}).id, "1");
}

TEST(CloudEvent, TurnsStructuredModeIntoBinaryMode) {
    auto const incoming = structured(
        R"({"specversion":"1.0","type":"orders.placed","source":"/shop","id":"7","subject":"o-1",)"
        R"("time":"2026-11-23T16:00:00Z","correlationid":"1","priority":3,"gone":null,)"
        R"("data":{"order":"o-1","cents":12345678901234567890}})",
        "Application/CloudEvents+JSON;charset=utf-8");
    auto const& message = incoming.message;
    EXPECT_THAT(message.value, Optional(Eq(R"({"order":"o-1","cents":12345678901234567890})")));
    EXPECT_EQ(message.event.id, "7");
    EXPECT_EQ(message.event.type, "orders.placed");
    EXPECT_EQ(message.event.correlation_id, "1");
    EXPECT_EQ(message.event.content_type, "application/json");
    EXPECT_THAT(find_header(message.headers, "ce_priority"), Optional(Eq("3")));
    EXPECT_EQ(find_header(message.headers, "ce_gone"), std::nullopt);
    auto const again = read_message(record(message.headers, message.value));
    EXPECT_EQ(again.message.event, message.event);
}

TEST(CloudEvent, KeepsTheDataOfAStructuredEventWhenItIsMoved) {
    auto incoming =
        structured(R"({"specversion":"1.0","type":"t","source":"/s","id":"1","data":7})");
    auto const moved = std::move(incoming);
    auto const copied = moved;
    EXPECT_THAT(copied.message.value, Optional(Eq("7")));
}

TEST(CloudEvent, ReadsDataInAllForms) {
    auto const value_of = [](std::string_view type, std::string_view data) {
        auto const incoming = structured(fmt::format(
            R"({{"specversion":"1.0","type":"t","source":"/s","id":"1"{}{}}})", type, data));
        return incoming.message.value ? std::string(*incoming.message.value) : "none";
    };
    EXPECT_EQ(value_of("", R"(,"data_base64":"AP8B")"), (std::string{'\0', '\xff', '\1'}));
    EXPECT_EQ(value_of(R"(,"datacontenttype":"text/plain")", R"(,"data":"hello")"), "hello");
    EXPECT_EQ(value_of(R"(,"datacontenttype":"text/json")", R"(,"data":"hello")"), R"("hello")");
    EXPECT_EQ(value_of(R"(,"datacontenttype":"a/b+JSON; x=y")", R"(,"data":"h")"), R"("h")");
    EXPECT_EQ(value_of("", R"(,"data":[1.0,true])"), "[1.0,true]");
    EXPECT_EQ(value_of("", R"(,"data":null)"), "none");
    EXPECT_EQ(value_of("", ""), "none");
}

TEST(CloudEvent, LeavesAStructuredEventThatCannotBeReadAsItIs) {
    for (
        auto const& [event, why] : std::vector<std::pair<std::string, std::string>>{
            {"{", "column 2"},
            {"[]", "no JSON object"},
            {R"({"specversion":"1.0","source":"/s","id":"1"})", "/type"},
            {R"({"specversion":"0.3","type":"t","source":"/s","id":"1"})",
             "expected 1.0, found 0.3"},
            {R"({"specversion":"1.0","type":"t","source":"/s","id":1})", "/id"},
            {R"({"specversion":"1.0","type":"t","source":"/s","id":"1","data_base64":"?"})",
             "base64"},
            {R"({"specversion":"1.0","type":"t","source":"/s","id":"1","data_base64":"","data":1})",
             "both"}}) {
        auto const incoming = structured(event);
        EXPECT_THAT(incoming.message.value, Optional(Eq(event)));
        EXPECT_EQ(incoming.message.event.id, "orders/3@1042");
        EXPECT_THAT(problem_of_structured(event), testing::HasSubstr(why));
    }
    EXPECT_FALSE(is_structured("application/cloudevents+jsonx"));
    EXPECT_FALSE(is_structured("application/cloudevents-batch+json"));
}

TEST(CloudEvent, CarriesOnlyValidTraceContext) {
    auto const read = [](std::string trace) {
        return context_of({{"traceparent", std::move(trace)}, {"tracestate", "a=1"}});
    };
    std::string const valid = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    EXPECT_EQ(read(valid).traceparent, valid);
    EXPECT_EQ(read(valid).tracestate, "a=1");
    EXPECT_EQ(read("cc" + valid.substr(2) + "-more").traceparent, "cc" + valid.substr(2) + "-more");
    for (auto const& invalid : std::vector<std::string>{
             "", "hello", valid + "-more", "ff" + valid.substr(2), valid.substr(0, 54),
             "00-" + std::string(32, '0') + valid.substr(35),
             valid.substr(0, 36) + std::string(16, '0') + "-01",
             "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
             "cc" + valid.substr(2) + "x"}) {
        EXPECT_EQ(read(invalid).traceparent, "") << invalid;
        EXPECT_EQ(read(invalid).tracestate, "") << invalid;
        EXPECT_EQ(child_traceparent(invalid, "1"), "") << invalid;
    }
    EXPECT_EQ(context_of({{"ce_traceparent", valid}}).traceparent, valid);
}

TEST(CloudEvent, MakesAChildSpanOfTheSameTrace) {
    auto const child =
        child_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff", "1");
    EXPECT_TRUE(is_traceparent(child));
    EXPECT_EQ(child.substr(0, 36), "00-4bf92f3577b34da6a3ce929d0e0e4736-");
    EXPECT_NE(child.substr(36, 16), "00f067aa0ba902b7");
    EXPECT_EQ(child.substr(52), "-03");
}

TEST(CloudEvent, GivesASendTheSameContextEachTime) {
    EventContext const cause{
        .id = "7",
        .source = "/shop",
        .traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        .tracestate = "a=1"};
    auto const send = [&](EventContext const& from, std::string_view handler,
                          std::uint32_t number) {
        SendContext const context(from, handler, number, "/billing", "invoice.made", Time{});
        Headers headers;
        write_headers(headers, context.view);
        bus::HeaderBlock block;
        write_headers(block, context.view);
        EXPECT_EQ(bus::Outgoing{.more_headers = block}.all_headers(), headers);
        return read_message({.headers = std::move(headers)}).message.event;
    };
    auto const first = send(cause, "bill", 0);
    EXPECT_EQ(first, send(cause, "bill", 0));
    EXPECT_THAT(first.id,
                testing::MatchesRegex(
                    "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    EXPECT_NE(first.id.substr(0, 8), send(cause, "bill", 1).id.substr(0, 8));
    EXPECT_EQ(first.correlation_id, "7");
    EXPECT_EQ(first.causation_id, "7");
    EXPECT_EQ(first.tracestate, "a=1");
    EXPECT_TRUE(is_traceparent(first.traceparent));

    auto const second = send(first, "bill", 0);
    EXPECT_EQ(second.correlation_id, "7");
    EXPECT_EQ(second.causation_id, first.id);

    auto other_source = cause;
    other_source.source = "/shop7";
    other_source.id = "";
    EXPECT_NE(first.id, send(other_source, "bill", 0).id);
    EXPECT_NE(first.id, send(cause, "bill", 1).id);
    EXPECT_NE(first.id, send(cause, "other", 0).id);
    EXPECT_NE(first.traceparent, send(cause, "bill", 1).traceparent);
}

}  // namespace
}  // namespace klamm::handler
