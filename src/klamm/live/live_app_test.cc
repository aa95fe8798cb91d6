#include "klamm/live/live_app.h"

#include <gmock/gmock.h>

#include <atomic>
#include <future>
#include <thread>

namespace klamm::live {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;

constexpr milliseconds patience = seconds{30};

struct Order {
    static constexpr EventName event{"test.order"};
    std::string id;
    static constexpr void describe(auto& field) { field("id", &Order::id); }
};
struct Invoice {
    static constexpr EventName event{"test.invoice"};
    std::string order;
    static constexpr void describe(auto& field) { field("order", &Invoice::order); }
};

/// Hands `orders` on as `invoices`, and counts those.
App make_app(std::atomic<int>& invoices) {
    App app{"billing"};
    app.on<Order>("orders", [](Order const& order, Context& context) {
        context.send("invoices", Invoice{order.id});
        context.reply(Invoice{order.id});
        return done();
    });
    app.on<Invoice>("invoices", [&invoices](Invoice const&, Context&) {
        ++invoices;
        return done();
    });
    return app;
}
RunOptions in_memory() {
    return {.durability = Durability::memory, .log = [](std::string const&) {}};
}

TEST(LiveApp, HandlesInThisProcessWhatIsPublished) {
    std::atomic<int> invoices{0};
    auto const running = start(make_app(invoices), in_memory());
    ASSERT_TRUE(running.has_value()) << running.error();
    ASSERT_TRUE((*running)->wait_until_ready(patience).has_value());
    EXPECT_TRUE((*running)->healthy()) << to_json((*running)->health());

    auto const at = (*running)->publish("orders", Order{"o-1"}, {.key = "ann"});
    ASSERT_TRUE(at.has_value()) << at.error();
    EXPECT_EQ(at->topic, "orders");
    auto const processed = (*running)->wait_until_processed(*at, patience);
    EXPECT_TRUE(processed.has_value()) << processed.error();
    EXPECT_GE((*running)->counts().done, 1u);
    EXPECT_EQ((*running)->counts().sent, 1u);
    EXPECT_TRUE((*running)->stop(patience));
}

TEST(LiveApp, AnswersRequestsOfManyThreads) {
    std::atomic<int> invoices{0};
    auto const running = start(make_app(invoices), in_memory());
    ASSERT_TRUE(running.has_value()) << running.error();
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
        threads.emplace_back([&, i] {
            auto const id = std::to_string(i);
            auto const reply =
                (*running)->request<Invoice>("orders", Order{id}, patience, {.key = id});
            ASSERT_TRUE(reply.has_value()) << reply.error();
            EXPECT_EQ(reply->order, id);
        });
}

TEST(LiveApp, OnceStoppedItSaysSoAndKeepsItsCounts) {
    std::atomic<int> invoices{0};
    auto const running = start(make_app(invoices), in_memory());
    ASSERT_TRUE(running.has_value()) << running.error();
    auto const at = (*running)->publish("orders", Order{"o-1"}, {.key = "ann"});
    ASSERT_TRUE((*running)->wait_until_processed(*at, patience).has_value());
    EXPECT_TRUE((*running)->stop(patience));
    EXPECT_TRUE((*running)->stop(patience)) << "again is nothing";

    EXPECT_FALSE((*running)->healthy());
    EXPECT_GE((*running)->counts().done, 1u);
    EXPECT_THAT((*running)->publish("orders", Order{"o-2"}).error(), HasSubstr("stopped"));
    EXPECT_THAT((*running)->wait_until_ready(patience).error(), HasSubstr("stopped"));
}

TEST(LiveApp, WhatCannotWorkIsSaidAtTheStart) {
    App none{"nothing"};
    EXPECT_THAT(start(none, in_memory()).error(), HasSubstr("no handler"));
}

TEST(Setup, NamesTheOptionThatIsWrong) {
    auto const error_of = [](RunOptions options) { return read_setup(std::move(options)).error(); };
    EXPECT_THAT(error_of({.listen = "nowhere"}), HasSubstr("listen"));
    EXPECT_THAT(error_of({.listen = "0.0.0.0:9092"}), HasSubstr("names no address"));
    EXPECT_THAT(error_of({.bootstrap = "kafka:9092", .listen = "127.0.0.1:0"}),
                HasSubstr("with bootstrap there is none"));
    EXPECT_THAT(error_of({.data = ""}), HasSubstr("data"));
    EXPECT_THAT(error_of({.session_timeout = milliseconds{1}}),
                HasSubstr("session_timeout is 1 ms; allowed: 1000"));
}

TEST(Setup, AProcessOnAClusterIsNamedByChanceAndAnEmbeddedOneIsNot) {
    EXPECT_EQ(read_setup({})->run.instance, "embedded");
    auto const one = read_setup({.bootstrap = "kafka:9092"})->run.instance;
    EXPECT_EQ(one.size(), 16u);
    EXPECT_NE(one, read_setup({.bootstrap = "kafka:9092"})->run.instance);
    EXPECT_FALSE(read_setup({.bootstrap = "kafka:9092"})->named);
    auto const named = read_setup({.bootstrap = "kafka:9092", .instance = "a"});
    EXPECT_EQ(named->run.instance, "a");
    EXPECT_TRUE(named->named);
}

AppView view_of(Health health, Counts counts) {
    return {.name = "bill\"ing",
            .health = [health] { return health; },
            .counts = [counts] { return counts; },
            .ready = [health] { return health.healthy(); }};
}

TEST(AppPages, ShowHealthAndWhatKeepsIt) {
    auto const sound = view_of({}, {});
    EXPECT_EQ(app_page(sound, "/healthz")->status, 200u);
    EXPECT_EQ(app_page(sound, "/readyz")->status, 200u);
    EXPECT_FALSE(app_page(sound, "/subjects").has_value());

    auto const ill = view_of(
        {.problems = {{.kind = Problem::Kind::lagging, .topic = "orders", .why = "It lags."}}}, {});
    auto const page = *app_page(ill, "/healthz");
    EXPECT_EQ(page.status, 503u);
    EXPECT_THAT(page.body, HasSubstr(R"("kind":"lagging")"));
    EXPECT_THAT(page.body, HasSubstr("It lags."));
    EXPECT_EQ(app_page(ill, "/readyz")->status, 503u);
    EXPECT_THAT(app_metrics(ill), HasSubstr("klamm_app_healthy{app=\"bill\\\"ing\"} 0\n"));
    EXPECT_THAT(app_metrics(ill),
                HasSubstr("klamm_app_problems{app=\"bill\\\"ing\",kind=\"lagging\"} 1\n"));
}

TEST(AppPages, ShowEachCount) {
    auto const metrics = app_metrics(view_of({}, {.done = 7, .rebalances = 2}));
    EXPECT_THAT(metrics, HasSubstr("klamm_app_done_total{app=\"bill\\\"ing\"} 7\n"));
    EXPECT_THAT(metrics, HasSubstr("klamm_app_rebalances_total{app=\"bill\\\"ing\"} 2\n"));
}

}  // namespace
}  // namespace klamm::live
