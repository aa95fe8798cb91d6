#include "klamm/base/base64.h"
#include "klamm/base/utf8.h"
#include "klamm/cli/json.h"
#include "klamm/cli/moment.h"
#include "klamm/cli/storage_words.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/text.h"

#include <gtest/gtest.h>

namespace klamm::cli {
namespace {

using namespace std::string_literals;

TEST(Moment, IsADateATimeOrMilliseconds) {
    EXPECT_EQ(parse_moment("1970-01-02"), 86'400'000);
    EXPECT_EQ(parse_moment("2001-01-01T00:47"), 978'310'020'000);
    EXPECT_EQ(parse_moment("2001-01-01T00:47:01Z"), 978'310'021'000);
    EXPECT_EQ(parse_moment("978310020000"), 978'310'020'000);
}

TEST(Moment, ThatDoesNotExistIsRefused) {
    for (auto const* text : {"", "yesterday", "2001-02-30", "2001-13-01", "2001-01-01T25:00", "-1",
                             "2001-01-01T00:47:01+01:00"})
        EXPECT_EQ(parse_moment(text).error().exit_code, 2) << text;
}

TEST(Start, IsAPlaceOrATime) {
    using enum Start::Kind;
    EXPECT_EQ(parse_start("beginning"), (Start{beginning, 0}));
    EXPECT_EQ(parse_start("end"), (Start{end, 0}));
    EXPECT_EQ(parse_start("17"), (Start{offset, 17}));
    EXPECT_EQ(parse_start("-3"), (Start{before_end, 3}));
    EXPECT_EQ(parse_start("1970-01-02"), (Start{time, 86'400'000}));
    EXPECT_FALSE(parse_start("99999999999999999999"));
}

TEST(Text, KnowsUtf8FromOtherBytes) {
    for (auto const& text : {"", "plain", "Gr\xc3\xbc\xc3\x9f", "\xe2\x82\xac", "\xf0\x9f\x98\x80"})
        EXPECT_TRUE(is_utf8(text)) << text;
    for (auto const& text :
         {"\xff", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xe2\x82", "\xf4\x90\x80\x80", "\x80"})
        EXPECT_FALSE(is_utf8(text)) << printable(text);
}

TEST(Text, NeverSendsControlsToATerminal) {
    EXPECT_EQ(printable("a\nb\tc\x1b[31m\x7f"), "a\\nb\\tc\\x1b[31m\\x7f");
    EXPECT_EQ(printable("\xc2\x9bz"), "\\xc2\\x9bz");
    EXPECT_EQ(printable("\xc3\xa9\xff"), "\xc3\xa9\\xff");
}

TEST(Text, Base64PadsAsRfc4648Shows) {
    EXPECT_EQ(base64_encoded(""), "");
    EXPECT_EQ(base64_encoded("f"), "Zg==");
    EXPECT_EQ(base64_encoded("fo"), "Zm8=");
    EXPECT_EQ(base64_encoded("foo"), "Zm9v");
    EXPECT_EQ(base64_encoded("\xff\xff\xff"s), "////");
}

TEST(Terminal, NumbersAndTimesReadWell) {
    EXPECT_EQ(with_commas(0), "0");
    EXPECT_EQ(with_commas(999), "999");
    EXPECT_EQ(with_commas(-1'234'567), "-1,234,567");
    EXPECT_EQ(bytes_text(1023), "1023 B");
    EXPECT_EQ(bytes_text(1536), "1.5 KiB");
    EXPECT_EQ(utc_text(978'310'020'007), "2001-01-01T00:47:00.007Z");
    EXPECT_EQ(utc_text(-1), "1969-12-31T23:59:59.999Z");
}

TEST(Terminal, BarsCountEighths) {
    EXPECT_EQ(bar(0, 10), "");
    EXPECT_EQ(bar(1, 3), "███");
    EXPECT_EQ(bar(0.5, 3), "█▌");
    EXPECT_EQ(bar(7, 2), "██");
    EXPECT_EQ(width_of(bar(0.3, 10)), 3U);
}

TEST(Json, WritesEachLineAfresh) {
    Json json;
    json.object().field("a", 1).field("b", "x\"y").field("c", std::optional<int>()).end_object();
    EXPECT_EQ(json.text(), R"({"a":1,"b":"x\"y","c":null})");
}

TEST(StorageWords, SayWhatWasDoneAndWhatWillBe) {
    auto const* const report = R"({"topic": "t", "partitions": [
        {"partition": 0, "log_start": 0, "retention": {"last": null, "next": "nothing is stored"}},
        {"partition": 1, "log_start": 7, "retention": {"last": {"at_ms": 1000, "records": 7,
            "bytes": 2048, "reason": "retention.ms"}, "next": "nothing is stored"}},
        {"partition": 2, "log_start": 0, "retention": {"last": null, "next": "nothing is stored"},
         "compaction": {"passes": 1, "last": {"at_ms": 1000, "took_ms": 5, "bytes_before": 4096,
            "bytes_after": 100, "records_before": 9, "records_after": 2, "reason": "it was due"},
            "next": "waits"}}]})";
    EXPECT_EQ(storage_words(report, 61'000),
              (std::vector<std::string>{
                  "partitions 0, 2: nothing was deleted yet\n  next: nothing is stored",
                  "partition 1: 7 records (2.0 KiB) were deleted 1 min ago, by retention.ms\n"
                  "  next: nothing is stored",
                  "partition 2: compacted 1 min ago in 5 ms, 9 records to 2, 4.0 KiB to 100 B,\n"
                  "  because it was due\n  next: waits"}));
    for (auto const* other : {"", "null", "[]", R"({"partitions": 3})", R"({"partitions": [3]})"})
        EXPECT_EQ(storage_words(other, 0), std::vector<std::string>{}) << other;
}

}  // namespace
}  // namespace klamm::cli
