// cli/dlq/dlq_test.cc - places and choices as people write them, dead letters as they read them.
#include "klamm/cli/dlq/commands.h"
#include "klamm/cli/dlq/letters.h"
#include "klamm/cli/terminal.h"

#include <gtest/gtest.h>

namespace klamm::cli {
namespace {

using namespace std::string_literals;

TEST(DlqPlace, IsAPartitionAndAnOffset) {
    EXPECT_EQ(parse_place("orders-dlt", "3@17"), std::pair(3, std::int64_t(17)));
    EXPECT_EQ(parse_place("orders-dlt", "orders-dlt/3@17"), std::pair(3, std::int64_t(17)));
    for (auto const* text : {"", "3", "3@", "@17", "3@-1", "-3@1", "3@17x", "other/3@17"}) {
        auto const place = parse_place("orders-dlt", text);
        ASSERT_FALSE(place) << text;
        EXPECT_EQ(place.error().exit_code, 2) << text;
    }
}

TEST(DlqChoice, BecomesASelection) {
    ChoiceFlags flags;
    EXPECT_FALSE(flags.chooses());
    flags.places = {"0@1", "1@2"};
    flags.error = "CardRefused";
    flags.since = "1970-01-02";
    EXPECT_TRUE(flags.chooses());
    handler::Selection wanted;
    wanted.positions = {{0, 1}, {1, 2}};
    wanted.error_type = "CardRefused";
    wanted.from = Time{milliseconds{86'400'000}};
    EXPECT_EQ(selection("orders-dlt", flags), wanted);
    flags.until = "yesterday";
    EXPECT_EQ(selection("orders-dlt", flags).error().exit_code, 2);
}

TEST(DlqText, IsCutToTheColumnsThatThereAre) {
    EXPECT_EQ(shortened("card refused", 12), "card refused");
    EXPECT_EQ(shortened("card refused!", 12), "card refuse…");
    EXPECT_EQ(shortened("\x1b[31mred", 40), "\\x1b[31mred");
    EXPECT_EQ(width_of(shortened(std::string(1000, 'x'), 20)), 20U);
    EXPECT_EQ(width_of(shortened("Grüße aus Köln, und viele", 10)), 10U);
}

TEST(DlqText, NamesErrorsByTheirLastPart) {
    EXPECT_EQ(short_error("com.example.shop.CardRefused"), "CardRefused");
    EXPECT_EQ(short_error("Shop$CardRefused"), "CardRefused");
    EXPECT_EQ(short_error("std::bad_alloc"), "std::bad_alloc");
    EXPECT_EQ(short_error("ends."), "ends.");
}

TEST(DlqText, SaysAsMuchOfTheOriginAsIsKnown) {
    handler::DeadLetter letter;
    EXPECT_EQ(origin_text(letter), "-");
    letter.original = Position{"orders", -1, -1};
    EXPECT_EQ(origin_text(letter), "orders");
    letter.original = Position{"orders", 3, -1};
    EXPECT_EQ(origin_text(letter), "orders/3");
    letter.original = Position{"orders", 3, 17};
    EXPECT_EQ(origin_text(letter), "orders/3@17");
}

TEST(DlqJson, KeepsBytesThatAreNoText) {
    handler::StoredDeadLetter stored;
    stored.position = {"orders-dlt", 3, 17};
    stored.key = "ann";
    stored.value = "\xff\x00"s;
    stored.headers = {{"own", "\x80"s}};
    stored.letter.reason = "no";
    Json json;
    write_letter(json, stored);
    auto const text = std::string(json.text());
    for (auto const* part : {R"("place":"3@17")", R"("key":"ann")", R"("value_base64":"/wA=")",
                             R"({"name":"own","value_base64":"gA=="})", R"("original":null)"})
        EXPECT_NE(text.find(part), std::string::npos) << part << " in " << text;
}

}  // namespace
}  // namespace klamm::cli
