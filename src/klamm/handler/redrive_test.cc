// Dead letters are sent back once, in the order of their keys, whatever comes between.
#include "klamm/handler/redrive_fixture.h"

#include <gmock/gmock.h>

namespace klamm::handler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Redriving, all_that_waits_goes_back_once) {
    for (std::int64_t at = 10; at < 30; ++at) dead(fmt::format("key-{}", at), refused(at));
    EXPECT_THAT(waiting(), SizeIs(20));
    auto const result = must();
    EXPECT_EQ(result.redriven, 20U);
    EXPECT_EQ(result.waiting, 20U);
    EXPECT_THAT(values("orders"), SizeIs(20));
    EXPECT_THAT(waiting(), IsEmpty());
    EXPECT_EQ(must().redriven, 0U);
    EXPECT_THAT(values("orders"), SizeIs(20));

    auto const& back = log.topics.at("orders")[1].records.front();
    EXPECT_EQ(back.partition.partition, 1);
    EXPECT_EQ(text_of(back.key), "key-10");
    EXPECT_EQ(read_redrive(back.headers), (Redrive{.dead_letter = {"orders-dlt", 1, 0},
                                                   .group = "billing",
                                                   .redrives = 1,
                                                   .last = true,
                                                   .original = Position{"orders", 1, 10}}));
    EXPECT_EQ(original_headers(back.headers), (Headers{{"ce_id", "x"}}));
    // In one transaction, and with nothing left to remember but the offset.
    EXPECT_EQ(result.transactions, 1U);
    auto const& committed = log.offsets.at("klamm-dlq-orders-dlt").at({"orders-dlt", 1});
    EXPECT_EQ(committed, (bus::Committed{40, ""}));
}

TEST_F(Redriving, an_aborted_transaction_is_done_again_and_counts_once) {
    dead("ann", refused(10));
    log.aborts = 3;
    EXPECT_EQ(must().redriven, 1U);
    EXPECT_THAT(values("orders"), ElementsAre("event 10"));
    dead("ann", refused(12));
    log.aborts = 1000;
    auto const result = run({});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().kind, bus::Error::Kind::aborted);
    EXPECT_THAT(waiting(), SizeIs(1));
}

TEST_F(Redriving, a_second_redrive_takes_over_from_the_first) {
    for (std::int64_t at = 0; at < 20; ++at) dead(fmt::format("key-{}", at), refused(at));
    bool second = false;
    after_transaction = [&] {
        if (std::exchange(second, true)) return;
        log.owner = "somebody else";
    };
    auto const first = run({.per_second = 20});
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().kind, bus::Error::Kind::fenced);
    EXPECT_THAT(first.error().why, testing::HasSubstr("another redrive of orders-dlt"));
    EXPECT_THAT(values("orders"), SizeIs(10));
    EXPECT_EQ(must().redriven, 10U);
    EXPECT_THAT(values("orders"), SizeIs(20));
}

TEST_F(Redriving, its_rate_is_kept) {
    for (std::int64_t at = 0; at < 100; ++at) dead(fmt::format("key-{}", at), refused(at));
    auto const begin = loop.now().instant;
    EXPECT_EQ(must({.per_second = 10}).redriven, 100U);
    EXPECT_EQ(loop.now().instant - begin, std::chrono::seconds(10));
}

TEST_F(Redriving, it_ends_when_it_is_told_to_or_has_enough) {
    for (std::int64_t at = 0; at < 40; ++at) dead(fmt::format("key-{}", at), refused(at));
    EXPECT_EQ(must({.limit = 7}).redriven, 7U);
    stop_after = 10;
    auto const result = must({.per_second = 20});
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.redriven, 10U);
    EXPECT_THAT(waiting(), SizeIs(23));
}

TEST_F(Redriving, many_are_sent_in_several_transactions) {
    for (std::int64_t at = 0; at < 1200; ++at) dead(fmt::format("key-{}", at % 7), refused(at));
    auto const result = must();
    EXPECT_EQ(result.redriven, 1200U);
    EXPECT_EQ(result.transactions, 3U);
    EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Redriving, discarded_ones_leave_a_reason_and_tell_the_group_that_waits) {
    dead("ann", refused(10));
    dead("ann", refused(12, true));
    RedriveOptions options;
    options.rules.selection.positions = {{1, 0}};
    options.rules.discard = true;
    options.reason = "ordered by mistake";
    EXPECT_EQ(must(options).redriven, 1U);
    EXPECT_THAT(values("orders"), IsEmpty());
    ASSERT_THAT(log.topics.at("orders")[1].records, SizeIs(1));
    auto const& mark = log.topics.at("orders")[1].records.front();
    auto const said = read_redrive(mark.headers);
    ASSERT_TRUE(said);
    EXPECT_TRUE(said->discard);
    EXPECT_EQ(said->key, "ann");
    EXPECT_EQ(said->group, "billing");
    EXPECT_EQ(said->reason, "ordered by mistake");
    EXPECT_EQ(text_of(mark.key), "klamm-discard/orders-dlt/1@0");
    EXPECT_FALSE(mark.value);
    // The other one of its key waits still, and the note among the dead letters is none.
    EXPECT_THAT(waiting(), ElementsAre(2));
    EXPECT_EQ(must().redriven, 1U);
}

TEST_F(Redriving, elsewhere_they_are_events_like_others_and_discarded_where_they_were) {
    dead("ann", refused(10));
    RedriveOptions options;
    options.to = "elsewhere";
    EXPECT_EQ(must(options).redriven, 1U);
    auto const& record = log.topics.at("elsewhere")[0].records.front();
    EXPECT_EQ(record.headers, (Headers{{"ce_id", "x"}, {"klamm_redrives", "1"}}));
    auto const told = read_redrive(log.topics.at("orders")[1].records.front().headers);
    ASSERT_TRUE(told);
    EXPECT_TRUE(told->discard);
    EXPECT_EQ(told->reason, "redriven to elsewhere");
}

TEST_F(Redriving, of_share_groups_the_original_record_is_sent_again) {
    auto const letter = [](std::int64_t offset) {
        return Headers{{"__dlq.errors.topic", "orders"},
                       {"__dlq.errors.partition", "0"},
                       {"__dlq.errors.offset", fmt::format("{}", offset)},
                       {"__dlq.errors.group", "workers"}};
    };
    for (int i = 0; i < 3; ++i)
        log.append({.topic = "orders",
                    .partition = 0,
                    .key = fmt::format("k{}", i),
                    .value = fmt::format("job {}", i),
                    .headers = {{"own", fmt::format("{}", i)}}});
    auto& orders = log.topics.at("orders")[0];
    orders.first = 1;
    orders.records.erase(orders.records.begin());
    log.append({.topic = "orders-dlt", .partition = 0, .headers = letter(0)});
    log.append({.topic = "orders-dlt", .partition = 0, .headers = letter(1)});
    log.append({.topic = "orders-dlt",
                .partition = 0,
                .key = "k0",
                .value = "copied job 0",
                .headers = letter(0)});
    auto const result = must();
    EXPECT_EQ(result.redriven, 2U);
    EXPECT_EQ(result.bare, 1U);
    EXPECT_EQ(result.stay.at(Stays::gone), 1U);
    ASSERT_THAT(orders.records, SizeIs(4));
    EXPECT_EQ(text_of(orders.records[2].value), "copied job 0");
    EXPECT_EQ(text_of(orders.records[3].value), "job 1");
    EXPECT_EQ(original_headers(orders.records[3].headers), (Headers{{"own", "1"}}));
    EXPECT_EQ(read_redrive(orders.records[3].headers)->group, "workers");
}

TEST_F(Redriving, what_fails_again_at_once_is_not_sent_again_in_the_same_run) {
    for (std::int64_t at = 0; at < 10; ++at) dead("ann", refused(at));
    after_transaction = [&] {
        auto again = refused(0);
        again.redrives = 1;
        dead("ann", again);
        log.topics.at("orders-dlt")[0].records.clear();
    };
    EXPECT_EQ(must({.per_second = 4}).redriven, 10U);
    EXPECT_THAT(waiting(), SizeIs(5));
}

TEST_F(Redriving, an_unknown_topic_is_refused) {
    log.topics.erase("orders-dlt");
    auto const result = run({});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().why, "there is no topic orders-dlt");
}

TEST_F(Redriving, one_is_shown_whether_it_waits_or_not) {
    auto const place = dead("ann", refused(10));
    must();
    std::optional<StoredDeadLetter> found;
    read_dead_letter_at(log, place, [&](auto letter) { found = letter.value(); });
    loop.pass_all();
    ASSERT_TRUE(found);
    EXPECT_EQ(found->letter.reason, "card 10 refused");
    read_dead_letter_at(log, {"orders-dlt", 1, 1}, [&](auto letter) { found = letter.value(); });
    loop.pass_all();
    EXPECT_FALSE(found);
}

}  // namespace
}  // namespace klamm::handler
