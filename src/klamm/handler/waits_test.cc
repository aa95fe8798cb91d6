#include "klamm/handler/waits.h"

#include "klamm/handler/engine/checkpoint.h"
#include "klamm/handler/fake_bus.h"

#include <gtest/gtest.h>

namespace klamm::handler {
namespace {

struct WaitWorld : testing::Test {
    bus::VirtualLoop loop;
    FakeBus bus{loop};
    std::optional<Progress> own;  ///< of orders/0
    Waits waits{loop,
                bus,
                {.group = "billing", .topics = {"orders"}, .waiting_max = 100},
                [this](Position const& position) -> std::optional<bool> {
                    if (!own || position.partition != 0) return std::nullopt;
                    return own->finished(position.offset);
                },
                [](Position const&) { return "its handler has not begun yet"; }};
    std::vector<std::string> heard;

    void wait(std::string const& topic, std::int32_t partition, std::int64_t offset,
              Duration patience = Duration{1'000}) {
        waits.wait({topic, partition, offset}, patience, [this](bus::Result<void> result) {
            heard.push_back(result ? "processed" : result.error().why);
        });
    }
    void commit(std::int32_t partition, Progress progress) {
        bus.offsets[{"orders", partition}] = Checkpoint{std::move(progress), 3}.write();
    }
};

TEST_F(WaitWorld, an_own_event_is_waited_for_without_asking) {
    own = Progress(5);
    wait("orders", 0, 4);
    wait("orders", 0, 5);
    loop.pass(Duration{20});
    EXPECT_EQ(heard, (std::vector<std::string>{"processed"}));
    own->finish(5, 6);
    waits.committed();
    EXPECT_EQ(heard.size(), 2U);
    EXPECT_EQ(bus.asked["committed"], 0);
}

TEST_F(WaitWorld, an_event_beyond_the_committed_offset_is_found_in_its_metadata) {
    Progress progress(5);
    progress.finish(7, 8);
    commit(1, progress);
    wait("orders", 1, 7);
    wait("orders", 1, 5, Duration{100});
    loop.pass(Duration{50});
    EXPECT_EQ(heard, (std::vector<std::string>{"processed"}));
    loop.pass(Duration{100});
    EXPECT_EQ(heard.back(),
              "orders/1@5 is not processed after 100 ms: group billing has finished orders/1 up to "
              "5, which another instance has, or none");
}

TEST_F(WaitWorld, metadata_that_is_not_ours_counts_for_nothing) {
    bus.offsets[{"orders", 1}] = {9, "by hand"};
    wait("orders", 1, 8);
    wait("orders", 1, 9, Duration{100});
    loop.pass(Duration{200});
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[0], "processed");
    EXPECT_NE(heard[1], "processed");
}

TEST_F(WaitWorld, the_log_is_asked_seldomer_and_seldomer) {
    wait("orders", 1, 0, Duration{60'000});
    loop.pass(Duration{61'000});
    EXPECT_LT(bus.asked["committed"], 150);
    EXPECT_EQ(heard, (std::vector<std::string>{
                         "orders/1@0 is not processed after 60000 ms: group billing has committed "
                         "nothing of orders/1; does an instance run that has this partition?"}));
    EXPECT_EQ(loop.planned(), 0U);
}

TEST_F(WaitWorld, many_who_wait_ask_together) {
    for (int i = 0; i < 50; ++i) wait("orders", 1, i);
    loop.pass(Duration{5});
    commit(1, Progress(50));
    loop.pass(Duration{100});
    EXPECT_EQ(heard.size(), 50U);
    EXPECT_LT(bus.asked["committed"], 10);
}

TEST_F(WaitWorld, a_partition_that_becomes_ours_is_asked_no_more) {
    wait("orders", 0, 3);
    loop.pass(Duration{50});
    own = Progress(0);
    auto const asked = bus.asked["committed"];
    loop.pass(Duration{300});
    EXPECT_EQ(bus.asked["committed"], asked);
    own = Progress(4);
    waits.committed();
    EXPECT_EQ(heard, (std::vector<std::string>{"processed"}));
}

TEST_F(WaitWorld, the_error_says_what_keeps_an_own_event) {
    own = Progress(0);
    wait("orders", 0, 3, Duration{100});
    loop.pass(Duration{100});
    EXPECT_EQ(heard, (std::vector<std::string>{"orders/0@3 is not processed after 100 ms: its "
                                               "handler has not begun yet"}));
}

TEST_F(WaitWorld, the_error_says_that_the_log_is_away) {
    bus.error = bus::Error{bus::Error::Kind::away, "nobody at b:9092"};
    wait("orders", 1, 3, Duration{100});
    loop.pass(Duration{100});
    EXPECT_EQ(heard, (std::vector<std::string>{"orders/1@3 is not processed after 100 ms: the log "
                                               "does not answer (nobody at b:9092)"}));
}

TEST_F(WaitWorld, a_topic_that_is_not_handled_is_refused_at_once) {
    wait("invoices", 0, 3);
    loop.pass(Duration{0});
    EXPECT_EQ(heard, (std::vector<std::string>{"billing has no handler for topic invoices: "
                                               "invoices/0@3 will never be processed"}));
}

TEST_F(WaitWorld, only_so_many_wait) {
    for (int i = 0; i < 101; ++i) wait("orders", 1, i, Duration{60'000});
    loop.pass(Duration{10});
    EXPECT_EQ(heard, (std::vector<std::string>{"100 wait for events already"}));
}

}  // namespace
}  // namespace klamm::handler
