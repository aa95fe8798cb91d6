// Which dead letters a redrive sends back, and which stay and why.
#include "klamm/handler/redrive_fixture.h"

#include <gmock/gmock.h>

namespace klamm::handler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST_F(Redriving, what_waits_behind_one_that_is_selected_goes_along_in_order) {
    dead("ann", refused(10));
    dead("bob", refused(11));
    dead("ann", refused(12, true));
    dead("bob", refused(13, true));
    dead("ann", refused(14, true));
    RedriveOptions options;
    options.rules.selection.positions = {{1, 0}};
    auto const result = must(options);
    EXPECT_EQ(result.redriven, 3U);
    EXPECT_EQ(result.along, 2U);
    EXPECT_EQ(result.not_found, 0U);
    EXPECT_THAT(values("orders"), ElementsAre("event 10", "event 12", "event 14"));
    EXPECT_THAT(waiting(), ElementsAre(2, 6));
    auto const& records = log.topics.at("orders")[1].records;
    EXPECT_FALSE(read_redrive(records[1].headers)->last);
    EXPECT_TRUE(read_redrive(records[2].headers)->last);
}

TEST_F(Redriving, one_that_would_overtake_earlier_ones_of_its_key_stays) {
    dead("ann", refused(10));
    auto const behind = dead("ann", refused(12, true));
    RedriveOptions options;
    options.rules.selection.positions = {{1, behind.offset}};
    auto const result = must(options);
    EXPECT_EQ(result.redriven, 0U);
    EXPECT_EQ(result.stay.at(Stays::overtakes), 1U);
    EXPECT_THAT(result.stays_shown, ElementsAre(std::pair{behind, Stays::overtakes}));
    EXPECT_THAT(waiting(), SizeIs(2));
    options.rules.out_of_order = true;
    EXPECT_EQ(must(options).redriven, 1U);
    EXPECT_THAT(values("orders"), ElementsAre("event 12"));
}

TEST_F(Redriving, a_limit_leaves_the_later_ones_of_a_key_for_the_next_time) {
    dead("ann", refused(10));
    dead("ann", refused(12, true));
    dead("ann", refused(14, true));
    auto const result = must({.limit = 2});
    EXPECT_EQ(result.redriven, 2U);
    EXPECT_EQ(result.stayed(), 0U);
    EXPECT_THAT(values("orders"), ElementsAre("event 10", "event 12"));
    EXPECT_FALSE(read_redrive(log.topics.at("orders")[1].records.back().headers)->last);
}

TEST_F(Redriving, one_that_came_back_goes_before_younger_ones_that_never_left) {
    dead("ann", refused(14, true));
    auto again = refused(10);
    again.redrives = 1;
    dead("ann", again);
    auto back = refused(12, true);
    back.redrives = 1;
    dead("ann", back);
    EXPECT_EQ(must().redriven, 3U);
    EXPECT_THAT(values("orders"), ElementsAre("event 10", "event 12", "event 14"));
}

TEST_F(Redriving, handlers_that_park_nothing_have_no_order_to_keep) {
    auto letter = refused(10);
    letter.park = Park::none;
    dead("ann", letter);
    letter.original->offset = 12;
    auto const second = dead("ann", letter);
    RedriveOptions options;
    options.rules.selection.positions = {{1, second.offset}};
    EXPECT_EQ(must(options).redriven, 1U);
}

TEST_F(Redriving, what_came_back_too_often_stays_and_with_it_what_waits_behind) {
    auto letter = refused(10);
    letter.redrives = 3;
    dead("ann", letter);
    auto behind = refused(12, true);
    behind.redrives = 3;
    dead("ann", behind);
    dead("bob", refused(11));
    auto result = must();
    EXPECT_EQ(result.stay.at(Stays::redriven_often), 1U);
    EXPECT_EQ(result.stay.at(Stays::overtakes), 1U);
    EXPECT_THAT(values("orders"), ElementsAre("event 11"));
    RedriveOptions force;
    force.rules.redrives_max = 100;
    EXPECT_EQ(must(force).redriven, 2U);
    EXPECT_EQ(read_redrive(log.topics.at("orders")[1].records.back().headers)->redrives, 4);
}

TEST_F(Redriving, filters_choose_by_what_dead_letters_say) {
    auto other = refused(20);
    other.error_type = "Timeout";
    other.reason = "the bank did not answer";
    dead("ann", refused(10));
    dead("bob", other);
    dead("cat", refused(30));
    auto const chosen = [&](auto change) {
        RedriveOptions options;
        options.dry_run = true;
        change(options.rules.selection);
        return must(options).redriven;
    };
    EXPECT_EQ(chosen([](Selection& s) { s.error_type = "Timeout"; }), 1U);
    EXPECT_EQ(chosen([](Selection& s) { s.reason = "refused"; }), 2U);
    EXPECT_EQ(chosen([](Selection& s) { s.key = "cat"; }), 1U);
    EXPECT_EQ(chosen([](Selection& s) { s.group = "billing"; }), 3U);
    EXPECT_EQ(chosen([](Selection& s) { s.group = "other"; }), 0U);
    EXPECT_EQ(chosen([](Selection& s) { s.handler = "orders.placed"; }), 3U);
    EXPECT_EQ(chosen([](Selection& s) { s.topic = "payments"; }), 0U);
    EXPECT_EQ(chosen([](Selection& s) { s.from = Time{milliseconds{20}}; }), 2U);
    EXPECT_EQ(chosen([](Selection& s) { s.to = Time{milliseconds{20}}; }), 1U);
    EXPECT_THAT(values("orders"), IsEmpty());
    EXPECT_EQ(log.producers, 0) << "a dry run fences nobody";
}

TEST_F(Redriving, a_position_where_nothing_waits_is_said) {
    dead("ann", refused(10));
    RedriveOptions options;
    options.rules.selection.positions = {{1, 0}, {1, 1}, {0, 5}};
    EXPECT_EQ(must(options).not_found, 2U);
    EXPECT_EQ(must(options).not_found, 3U);
}

TEST_F(Redriving, what_the_offset_has_no_room_to_remember_stays) {
    RedriveOptions options;
    for (std::int64_t at = 0; at < 4000; ++at) {
        auto const place = dead(fmt::format("key-{}", at), refused(at));
        if (at % 2 == 1) options.rules.selection.positions.insert({1, place.offset});
    }
    auto const result = must(options);
    EXPECT_GT(result.redriven, 500U);
    EXPECT_GT(result.stay.at(Stays::no_room), 100U);
    EXPECT_EQ(result.redriven + result.stay.at(Stays::no_room), 2000U);
    EXPECT_LE(log.offsets.at("klamm-dlq-orders-dlt").at({"orders-dlt", 1}).metadata.size(),
              Progress::metadata_bytes_max);
    EXPECT_EQ(must().redriven, 4000 - result.redriven);
    EXPECT_THAT(values("orders"), SizeIs(4000));
}

TEST_F(Redriving, what_has_no_home_stays) {
    dead("ann", refused(10));
    log.topics.erase("orders");
    auto const result = must();
    EXPECT_EQ(result.redriven, 0U);
    EXPECT_EQ(result.stay.at(Stays::homeless), 1U);
    RedriveOptions options;
    options.to = "elsewhere";
    EXPECT_EQ(must(options).redriven, 1U);
}

TEST_F(Redriving, records_that_are_no_dead_letters_stay_unless_they_are_meant) {
    log.append({.topic = "orders-dlt", .partition = 1, .key = "k", .value = "an order"});
    RedriveOptions options;
    options.to = "elsewhere";
    EXPECT_EQ(must(options).stay.at(Stays::unmarked), 1U);
    options.rules.discard = true;
    EXPECT_EQ(must(options).stay.at(Stays::unmarked), 1U);
    options.rules.discard = false;
    options.rules.unmarked = true;
    EXPECT_EQ(must(options).redriven, 1U);
    EXPECT_THAT(values("elsewhere"), ElementsAre("an order"));
}

TEST_F(Redriving, groups_count_what_waits_with_what_it_waits_for) {
    DeadLetterGroups groups{GroupBy::reason};
    auto const add = [&](std::string key, DeadLetter const& letter) {
        groups.add({.position = {"orders-dlt", 1, original_offset++},
                    .key = std::move(key),
                    .letter = letter});
    };
    add("ann", refused(10));
    add("bob", refused(11));
    add("ann", refused(12, true));
    auto other = refused(13);
    other.reason = "no answer";
    add("cat", other);
    auto const result = groups.result();
    ASSERT_THAT(result, SizeIs(2));
    EXPECT_EQ(result[0].name, "card # refused");
    EXPECT_EQ(result[0].failed, 2U);
    EXPECT_EQ(result[0].parked, 1U);
    EXPECT_EQ(result[0].example, (Position{"orders-dlt", 1, 0}));
    EXPECT_EQ(result[1].name, "no answer");
}

}  // namespace
}  // namespace klamm::handler
