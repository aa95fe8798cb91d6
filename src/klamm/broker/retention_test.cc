#include "klamm/broker/retention.h"

#include "klamm/broker/story.h"
#include "klamm/broker/words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

constexpr Duration hour{3'600'000};
Configs const keep_ten_hours{{"retention.ms", "36000000"}};

Configs with(Configs configs, std::string const& name, std::string const& value) {
    configs[name] = value;
    return configs;
}

class RetentionTest : public ::testing::Test {
protected:
    void create(Configs const& configs) {
        ASSERT_EQ(story.create("orders", 1, {configs.begin(), configs.end()}), ErrorCode::none);
    }
    /// One record an hour.
    void produce_hourly(int count) {
        for (int n = 0; n < count; ++n) {
            story.produce("orders", {"v" + std::to_string(n)});
            story.pass(hour);
        }
    }
    void commit(std::string const& group, std::int64_t offset) {
        kafka::OffsetCommitRequest request;
        request.group_id = group;
        auto& topic = request.topics.emplace_back();
        topic.name = "orders";
        auto& partition = topic.partitions.emplace_back();
        partition.partition_index = 0;
        partition.committed_offset = offset;
        auto const answer = story.ask(request, 9);
        ASSERT_EQ(answer.topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    }
    /// Time enough for a check, and what it says.
    std::vector<Notice> check() {
        story.pass(story.options.log_retention_check_interval_ms);
        story.sync();
        return story.broker->take_notices();
    }
    std::int64_t log_start() { return story.list_offset("orders", -2); }

    Story story;
};

TEST_F(RetentionTest, DeletesWhatIsOlderThanRetentionMs) {
    create(keep_ten_hours);
    produce_hourly(12);
    check();
    EXPECT_EQ(log_start(), 3);
    story.restart();
    EXPECT_EQ(log_start(), 3);
    EXPECT_EQ(story.broker->stats().retention.records_deleted, 0U) << "counted per process";
    story.pass(hour * 20);
    check();
    EXPECT_EQ(log_start(), 12);
    EXPECT_EQ(story.broker->stats().retention.records_deleted, 9U);
}

TEST_F(RetentionTest, KeepsAtLeastRetentionBytes) {
    create({{"retention.bytes", "0"}, {"retention.ms", "-1"}});
    produce_hourly(3);
    check();
    EXPECT_EQ(log_start(), 3);

    ASSERT_EQ(story.create("sized", 1, {{"retention.bytes", "300"}, {"retention.ms", "-1"}}),
              ErrorCode::none);
    for (int n = 0; n < 20; ++n) story.produce("sized", {"v"});
    check();
    auto const start = story.list_offset("sized", -2);
    auto const batch = records::build(story.records({"v"})).size();
    auto const stays = std::size_t(20 - start) * batch;
    EXPECT_GT(start, 0);
    EXPECT_GE(stays, 300U);
    EXPECT_LT(stays, 300U + batch);
}

TEST_F(RetentionTest, LeavesTopicsThatAreOnlyCompacted) {
    create(with(keep_ten_hours, "cleanup.policy", "compact"));
    auto records = story.records({"v"});
    records.front().key = Bytes(1);
    story.produce_batch("orders", records::build(records));
    story.pass(hour * 20);
    check();
    EXPECT_EQ(log_start(), 0);
}

TEST_F(RetentionTest, NeverPassesTheHighWatermark) {
    create(keep_ten_hours);
    story.send(Story::produce_request("orders", 0, records::build(story.records({"v"}))), 12);
    story.now.instant += hour * 20;
    story.now.wall_ms += (hour * 20).count();
    story.broker->tick(story.now);
    story.sync();
    EXPECT_EQ(log_start(), 0) << "it was not durable at the check";
    check();
    EXPECT_EQ(log_start(), 1);
}

TEST_F(RetentionTest, AFullJournalOnlyDelaysIt) {
    create(keep_ten_hours);
    produce_hourly(1);
    story.pass(hour * 9 - hour / 2);
    story.journal.full = true;
    story.pass(hour);
    EXPECT_EQ(log_start(), 0);
    story.journal.full = false;
    check();
    EXPECT_EQ(log_start(), 1);
}

TEST_F(RetentionTest, WarnsBeforeUnreadRecordsAreDeleted) {
    create(keep_ten_hours);
    produce_hourly(8);
    commit("billing", 2);
    story.broker->take_notices();
    story.pass(hour + hour / 2);  // offset 0 is 9.5 hours old, beyond seven eighths of ten
    auto const early = story.broker->take_notices();
    EXPECT_TRUE(early.empty()) << "it has read what goes soon";
    story.pass(hour * 2);
    auto const notices = story.broker->take_notices();
    ASSERT_EQ(notices.size(), 1U);
    auto const& notice = notices.front();
    EXPECT_EQ(notice.kind, Notice::Kind::unread_soon_deleted);
    EXPECT_EQ(notice.topic, "orders");
    EXPECT_EQ(notice.group, "billing");
    EXPECT_THAT(notice.text, ::testing::HasSubstr("group 'billing' has not read"));
    EXPECT_THAT(notice.text, ::testing::HasSubstr("retention.ms=36000000"));
    EXPECT_TRUE(check().empty()) << "said once an hour";
    EXPECT_EQ(story.broker->stats().retention.partitions_unread, 1U);
}

TEST_F(RetentionTest, SaysWhatWasDeletedUnread) {
    create(keep_ten_hours);
    produce_hourly(5);
    commit("billing", 2);
    story.pass(hour * 20);
    auto const notices = check();
    EXPECT_EQ(log_start(), 5);
    EXPECT_EQ(story.broker->stats().retention.unread_records_deleted, 3U);
    auto const deleted = std::ranges::count(notices, Notice::Kind::unread_deleted, &Notice::kind);
    EXPECT_EQ(deleted, 1);
    EXPECT_TRUE(check().empty()) << "nothing is left that it has not read";
    EXPECT_EQ(story.broker->stats().retention.partitions_unread, 0U);
}

TEST_F(RetentionTest, HoldsWhatALivingGroupHasNotRead) {
    create(with(keep_ten_hours, "klamm.retention.guard", "hold"));
    produce_hourly(5);
    commit("billing", 2);
    story.pass(hour * 15);
    check();
    EXPECT_EQ(log_start(), 2);
    EXPECT_GT(story.broker->stats().retention.held_bytes, 0U);
    commit("billing", 4);
    check();
    EXPECT_EQ(log_start(), 4);
    commit("billing", 5);
    check();
    EXPECT_EQ(log_start(), 5);
    EXPECT_EQ(story.broker->stats().retention.held_bytes, 0U);
}

TEST_F(RetentionTest, DoesNotWaitForGroupsThatAreSilentForADay) {
    create(with(keep_ten_hours, "klamm.retention.guard", "hold"));
    produce_hourly(3);
    commit("gone", 1);
    story.pass(hour * 23);
    check();
    EXPECT_EQ(log_start(), 1);
    story.pass(hour);
    check();
    EXPECT_EQ(log_start(), 3);
}

TEST(RetentionGuard, HoldsNoMoreThanItsBudget) {
    Options options;
    options.retention_guard_hold_bytes = 250;
    Story story(options);
    ASSERT_EQ(
        story.create("orders", 1, {{"retention.ms", "1000"}, {"klamm.retention.guard", "hold"}}),
        ErrorCode::none);
    for (int n = 0; n < 10; ++n) story.produce("orders", {"v"});
    kafka::OffsetCommitRequest request;
    request.group_id = "billing";
    request.topics.push_back({.name = "orders", .topic_id = {}, .partitions = {{}}});
    story.ask(request, 9);
    story.pass(options.log_retention_check_interval_ms);
    story.sync();
    auto const held = story.broker->stats().retention.held_bytes;
    EXPECT_GT(held, 0U);
    EXPECT_LE(held, 250U);
    EXPECT_GT(story.list_offset("orders", -2), 0);
    auto const notices = story.broker->take_notices();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices.front().kind, Notice::Kind::unread_deleted);
    EXPECT_THAT(notices.front().text, ::testing::HasSubstr("hold.bytes is used up"));
}

TEST_F(RetentionTest, SaysInWordsWhatItDidAndWillDo) {
    using testing::HasSubstr;
    auto const report = [&] { return story.broker->report("orders", story.now).value(); };
    create(keep_ten_hours);
    EXPECT_THAT(report(), HasSubstr(R"("retention": {"last": null, "next": "nothing is stored"})"));
    produce_hourly(9);
    EXPECT_THAT(report(), HasSubstr("the oldest records (from offset 0 on) go in 1 h "
                                    "(retention.ms=36000000)\""));
    commit("readers", 0);
    EXPECT_THAT(report(), HasSubstr("; group 'readers' has not read them, and would lose them"));
    produce_hourly(3);
    check();
    EXPECT_THAT(report(), HasSubstr(R"("records": 1, )"));
    EXPECT_THAT(report(), HasSubstr(R"("reason": "retention.ms"}, "next": "the oldest)"));
    EXPECT_THAT(report(), HasSubstr("(from offset 3 on)"));
    story.create("kept", 1, {{"retention.ms", "-1"}});
    story.produce("kept", {"v"});
    EXPECT_THAT(story.broker->report("kept", story.now).value(), HasSubstr("keeps everything"));
}

TEST(Words, OfDurationsAndBytes) {
    EXPECT_EQ(duration_in_words(-5), "0 ms");
    EXPECT_EQ(duration_in_words(12), "12 ms");
    EXPECT_EQ(duration_in_words(1'500), "1 s");
    EXPECT_EQ(duration_in_words(65'000), "1 min 5 s");
    EXPECT_EQ(duration_in_words(7 * 86'400'000), "7 d");
    EXPECT_EQ(duration_in_words(7 * 86'400'000 - 1), "6 d 23 h");
    EXPECT_EQ(bytes_in_words(1023), "1023 B");
    EXPECT_EQ(bytes_in_words(1536), "1.5 KiB");
    EXPECT_EQ(bytes_in_words(10ULL << 30), "10.0 GiB");
    EXPECT_EQ(bytes_in_words(UINT64_MAX), "16383.9 PiB");
}

}  // namespace
}  // namespace klamm::broker
