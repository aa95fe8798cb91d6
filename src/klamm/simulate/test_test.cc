#include "klamm/test.h"

#include "klamm/simulate/sample_app.h"

#include <gmock/gmock.h>

namespace klamm::simulated {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(Test, HandlesWhatIsPublishedAndShowsWhatWasSent) {
    klamm::Test test{sample_app()};
    test.publish("flights", Late{"KL1", 200}, {.key = "KL1"});
    test.publish("flights", Late{"KL1", 20}, {.key = "KL1"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<Notice>("notices"),
                ElementsAre(Notice{"KL1", 200, 1}, Notice{"KL1", 20, 2}));
    EXPECT_THAT(test.sent<Receipt>("receipts"), ElementsAre(Receipt{"KL1", 1}, Receipt{"KL1", 2}));
    EXPECT_EQ(test.counts().done, 4U);
    EXPECT_TRUE(test.health().healthy());
}

TEST(Test, PassesTheTimeOfRetriesAndDelaysAtOnce) {
    klamm::Test test{sample_app()};
    auto const before = test.now();
    test.publish("flights", Late{"KL2", 127}, {.key = "KL2"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<Notice>("notices"), SizeIs(1));
    EXPECT_THAT(test.sent<Claim>("claims"), ElementsAre(Claim{"KL2", 50}));
    EXPECT_EQ(test.counts().retries, 2U);
    EXPECT_GE(test.now() - before, std::chrono::seconds{7});
}

TEST(Test, ParksAKeyUntilItsDeadLettersAreRedriven) {
    klamm::Test test{sample_app()};
    test.publish("flights", Late{"KL3", -1}, {.key = "KL3"});
    test.publish("flights", Late{"KL3", 10}, {.key = "KL3"});
    test.publish("flights", Late{"KL4", 10}, {.key = "KL4"});
    test.run_until_idle();
    EXPECT_THAT(test.dead_letters("flights"), SizeIs(2));
    EXPECT_THAT(test.sent<Notice>("notices"), ElementsAre(Notice{"KL4", 10, 1}));
    EXPECT_FALSE(test.health().healthy());
    test.redrive("flights");
    test.run_until_idle();
    EXPECT_THAT(test.dead_letters("flights"), IsEmpty());
    EXPECT_THAT(test.sent<Notice>("notices"),
                testing::UnorderedElementsAre(Notice{"KL4", 10, 1}, Notice{"KL3", -1, 1},
                                              Notice{"KL3", 10, 2}));
    EXPECT_TRUE(test.health().healthy());
}

TEST(Test, GoesOnAfterACrashWhereItWas) {
    klamm::Test test{sample_app(), {.instances = 2}};
    for (int i = 0; i < 30; ++i)
        test.publish("flights", Late{"KL" + std::to_string(i), 10},
                     {.key = "KL" + std::to_string(i)});
    test.advance(milliseconds{10});
    test.crash(0);
    test.advance(milliseconds{500});
    test.crash(1);
    test.restart(0);
    test.restart(1);
    test.run_until_idle();
    EXPECT_THAT(test.sent<Notice>("notices"), SizeIs(30));
    EXPECT_THAT(test.sent<Receipt>("receipts"), SizeIs(30));
}

TEST(Test, PublishedTwiceIsHandledOnce) {
    klamm::Test test{sample_app()};
    for (int i = 0; i < 2; ++i)
        test.publish("flights", Late{"KL1", 10}, {.key = "KL1", .id = "the same"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<Notice>("notices"), SizeIs(1));
    EXPECT_EQ(test.counts().duplicates, 1U);
}

TEST(Test, AvroComesWithARegistry) {
    auto app = sample_app();
    app.options().format = Format::avro;
    klamm::Test test{app};
    test.publish("flights", Late{"KL1", 200}, {.key = "KL1"});
    test.run_until_idle();
    EXPECT_THAT(test.sent<Notice>("notices"), ElementsAre(Notice{"KL1", 200, 1}));
    EXPECT_THAT(test.sent<Receipt>("receipts"), ElementsAre(Receipt{"KL1", 1}));
    EXPECT_EQ(test.messages("notices").at(0).value->front(), '\0') << "behind its schema's id";
}

TEST(Test, RequestsAreAnswered) {
    App app{"desk"};
    app.on<Late>("asks", [](Late const& late, Context& context) {
        context.reply(Notice{late.flight, late.minutes, 1});
        return done();
    });
    klamm::Test test{app};
    EXPECT_EQ((test.request<Notice>("asks", Late{"KL9", 5}, {.key = "KL9"})),
              (Notice{"KL9", 5, 1}));
}

TEST(Test, ARequestThatNobodyAnswersComesToAnEnd) {
    App app{"desk"};
    app.on<Late>("asks", [](Late const&, Context&) { return done(); });
    klamm::Test test{app};
    EXPECT_EQ((test.request<Notice>("asks", Late{"KL9", 5}, {.key = "KL9"})), std::nullopt);
}

}  // namespace
}  // namespace klamm::simulated
