// What an engine is asked besides handling: to publish, to wait, to ask.
#include "klamm/handler/engine/rig.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

namespace klamm::handler::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::shared_ptr<void const> placed(std::string name) {
    return std::make_shared<Placed const>(Placed{std::move(name)});
}

TEST(EngineServices, what_is_published_is_handled_and_can_be_waited_for) {
    Rig rig;
    rig.start();
    std::optional<Position> place;
    rig.engine->publish("orders", event_type<Placed>(), placed("a"), {.partition = 0},
                        [&](bus::Result<Position> result) { place = *result; });
    bool processed = false;
    rig.run(0);
    ASSERT_TRUE(place);
    EXPECT_THAT(rig.story.outcomes, IsEmpty());
    rig.engine->wait_until_processed(*place, Duration{1'000}, [&](bus::Result<void> result) {
        EXPECT_TRUE(result);
        EXPECT_THAT(rig.story.outcomes, ElementsAre("orders/0@0 done"));
        processed = true;
    });
    rig.run();
    EXPECT_TRUE(processed);
}

TEST(EngineServices, a_wait_that_is_too_short_says_what_keeps_the_event) {
    Rig rig([](Placed const&, Context&) { return retry("not now"); },
            {.retry = {.attempts = 100, .first = milliseconds{1'000}}});
    rig.start();
    rig.place("ann", "a1");
    rig.place("ann", "a2");
    std::vector<std::string> whys;
    for (std::int64_t offset : {0, 1, 2})
        rig.engine->wait_until_processed(
            {"orders", 0, offset}, Duration{300},
            [&](bus::Result<void> result) { whys.push_back(result.error().why); });
    rig.run();
    EXPECT_THAT(whys, ElementsAre(HasSubstr("its handler is at try 1, or waits for the next one"),
                                  HasSubstr("1 event of its key come before it"),
                                  HasSubstr("it is not fetched yet")));
}

TEST(EngineServices, a_dead_letter_is_finished) {
    Rig rig([](Placed const&, Context&) { return dead_letter("no"); });
    rig.start();
    rig.place("ann", "a");
    bool processed = false;
    rig.engine->wait_until_processed({"orders", 0, 0}, Duration{1'000},
                                     [&](auto result) { processed = result.has_value(); });
    rig.run();
    EXPECT_TRUE(processed);
}

TEST(EngineServices, a_request_is_answered_by_a_handler) {
    Rig rig([](Placed const& placed, Context& context) {
        context.reply(Billed{placed.name + "!"});
        return done();
    });
    rig.start();
    std::string answer;
    rig.engine->request("orders", event_type<Placed>(), placed("a"), event_type<Billed>(),
                        Duration{5'000}, {.partition = 0}, [&](auto reply) {
                            answer = reply ? static_cast<Billed const*>(reply->get())->name
                                           : reply.error().why;
                        });
    rig.run(2'000);
    EXPECT_EQ(answer, "a!");
    EXPECT_EQ(rig.bus.topics.at("billing-replies").configs.at("retention.ms"), "3600000");
}

}  // namespace
}  // namespace klamm::handler::test
