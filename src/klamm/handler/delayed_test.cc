#include "klamm/handler/delayed.h"

#include "klamm/base/random.h"
#include "klamm/handler/fake_bus.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>

namespace klamm::handler {
namespace {

bool same(bus::Outgoing const& a, bus::Outgoing const& b) {
    return a.topic == b.topic && a.partition == b.partition && a.key == b.key &&
           a.value == b.value && a.headers == b.headers && a.timestamp_ms == b.timestamp_ms;
}

TEST(DelayedEntry, is_a_line_of_json_and_the_value) {
    bus::Outgoing const event{.topic = "orders",
                              .partition = 3,
                              .key = "ann",
                              .value = "a\nb",
                              .headers = {{"ce_id", "x"}, {"empty", std::nullopt}}};
    EXPECT_EQ(write_delayed(event), R"({"topic":"orders","partition":3,"key":"ann",)"
                                    R"("headers":[["ce_id","x"],["empty",null]],"value":true})"
                                    "\na\nb");
}

TEST(DelayedEntry, that_is_damaged_says_what_is_wrong) {
    auto const why = [](std::string_view entry) {
        auto const read = read_delayed(entry);
        return read ? std::string("nothing") : read.error();
    };
    EXPECT_EQ(why(""), "its first line has no end");
    EXPECT_EQ(why("{}\n"), "its first line does not name topic, headers and value");
    EXPECT_EQ(why("{\"topic\":\"t\",\"headers\":[1],\"value\":true}\n"),
              "a header is no pair of name and value");
    EXPECT_EQ(why("{\"topic\":\"t\",\"headers\":[],\"value\":false}\nx"),
              "a tombstone has a value");
    EXPECT_EQ(why("{\"topic\":\"t\",\"partition\":-1,\"headers\":[],\"value\":true}\nx"),
              "its partition is no number");
}

RC_GTEST_PROP(DelayedEntry, of_any_bytes_is_read_as_it_was_written,
              (std::string const& topic, std::string const& key, std::string const& value,
               std::vector<std::pair<std::string, std::string>> const& headers, bool bare)) {
    bus::Outgoing event{.topic = "t" + topic};
    if (!bare) {
        event.partition = 7;
        event.key = key;
        event.value = value;
    }
    for (auto const& [name, text] : headers) event.headers.push_back({name, text});
    auto const read = read_delayed(write_delayed(event));
    RC_ASSERT(read.has_value() && same(*read, event));
}

struct DelayedWorld : testing::Test {
    bus::VirtualLoop loop;
    std::vector<std::string> sent;
    std::vector<std::string> problems;
    bus::TopicPartition const first{"orders", 0};
    bus::TopicPartition const second{"orders", 1};
    Ledger ledgers[2];
    DelayedEvents delayed{
        loop,
        [this](DelayedEvents::Due due) {
            sent.push_back(fmt::format("{}@{}", *due.event.value, loop.now().wall_ms - begin));
        },
        [this](auto const&, std::string const& why) { problems.push_back(why); }};
    std::int64_t const begin = loop.now().wall_ms;

    void put(Ledger& ledger, std::int64_t due, std::string const& name) {
        ledger.put(Ledger::due_key(begin + due, name),
                   write_delayed({.topic = "later", .value = name}));
    }
};

TEST_F(DelayedWorld, events_are_sent_when_they_are_due_in_the_order_of_their_times) {
    put(ledgers[0], 500, "b");
    put(ledgers[1], 100, "a");
    put(ledgers[0], 60'000, "c");
    delayed.look(first, ledgers[0]);
    delayed.look(second, ledgers[1]);
    EXPECT_EQ(delayed.waiting(), 3U);
    loop.pass(Duration{1'000});
    EXPECT_EQ(sent, (std::vector<std::string>{"a@100", "b@500"}));
    EXPECT_EQ(delayed.next_due_ms(), begin + 60'000);
    loop.pass(Duration{100'000});
    EXPECT_EQ(sent.back(), "c@60000");
    EXPECT_EQ(delayed.waiting(), 0U);
    EXPECT_EQ(loop.planned(), 0U);
}

TEST_F(DelayedWorld, an_earlier_event_that_comes_later_is_not_late) {
    put(ledgers[0], 5'000, "b");
    delayed.look(first, ledgers[0]);
    loop.pass(Duration{1'000});
    put(ledgers[0], 2'000, "a");
    delayed.look(first, ledgers[0]);
    loop.pass(Duration{9'000});
    EXPECT_EQ(sent, (std::vector<std::string>{"a@2000", "b@5000"}));
}

TEST_F(DelayedWorld, what_was_due_long_ago_is_sent_at_once) {
    put(ledgers[0], -3'600'000, "a");
    delayed.look(first, ledgers[0]);
    loop.pass(Duration{1});
    EXPECT_EQ(sent, (std::vector<std::string>{"a@0"}));
}

TEST_F(DelayedWorld, nothing_is_sent_for_a_partition_that_is_gone) {
    put(ledgers[0], 100, "a");
    delayed.look(first, ledgers[0]);
    delayed.forget(first);
    loop.pass(Duration{1'000});
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(ledgers[0].count("d/"), 1U);
    delayed.look(first, ledgers[0]);
    delayed.stop();
    loop.pass(Duration{1'000});
    EXPECT_TRUE(sent.empty());
}

TEST_F(DelayedWorld, many_that_are_due_at_once_are_sent_turn_by_turn) {
    for (int i = 0; i < 3 * DelayedEvents::per_turn_max; ++i)
        put(ledgers[0], 100, fmt::format("{:03}", i));
    delayed.look(first, ledgers[0]);
    loop.pass(Duration{100});
    EXPECT_EQ(sent.size(), 3U * DelayedEvents::per_turn_max);
    EXPECT_EQ(std::set<std::string>(sent.begin(), sent.end()).size(), sent.size());
}

TEST_F(DelayedWorld, an_entry_that_cannot_be_read_holds_up_nobody) {
    ledgers[0].put(Ledger::due_key(begin, "a"), "nonsense");
    put(ledgers[0], 100, "b");
    delayed.look(first, ledgers[0]);
    loop.pass(Duration{1'000});
    EXPECT_EQ(sent, (std::vector<std::string>{"b@100"}));
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems[0].find("cannot be read, and stays: its first line has no end"),
              std::string::npos);
}

}  // namespace
}  // namespace klamm::handler
