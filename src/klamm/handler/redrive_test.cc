// handler/redrive_test.cc - dead letters are sent back once, in the order of their keys, against a
// log in memory that leaves gaps as transactions do.
#include "klamm/handler/redrive.h"
#include "klamm/bus/loop_fixture.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <deque>

namespace klamm::handler {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Slice slice_of(std::string_view text) {
    auto const bytes = std::as_bytes(std::span{text});
    return Slice(Bytes(bytes.begin(), bytes.end()));
}
std::string text_of(std::optional<Slice> const& slice) {
    if (!slice) return "(null)";
    return {reinterpret_cast<char const*>(slice->data()), slice->size()};
}

/// Transactions take one offset more in each partition that they touch, for their end.
class TestBus : public bus::Bus {
public:
    explicit TestBus(bus::VirtualLoop& loop) : loop_(loop) {}

    struct Partition {
        std::vector<bus::Record> records;
        std::int64_t first = 0;
        std::int64_t next = 0;
    };
    std::map<std::string, std::vector<Partition>> topics;
    std::map<std::string, std::map<bus::TopicPartition, bus::Committed>> offsets;
    int transactions = 0;
    int aborts = 0;  ///< of the next commits
    int reads = 0;
    std::string owner;  ///< which producer of the id was the last

    Position append(bus::Outgoing record) {
        auto& partitions = topics.at(record.topic);
        auto const id = record.partition.value_or(0);
        auto& partition = partitions.at(static_cast<std::size_t>(id));
        bus::Record stored{.partition = {record.topic, id},
                           .offset = partition.next,
                           .timestamp_ms = 1'000 + partition.next,
                           .headers = record.headers};
        if (record.key) stored.key = slice_of(*record.key);
        if (record.value) stored.value = slice_of(*record.value);
        partition.records.push_back(std::move(stored));
        return {record.topic, id, partition.next++};
    }
    void commit(bus::Transaction const& transaction) {
        std::set<std::pair<std::string, int>> touched;
        for (auto const& record : transaction.records) {
            auto const position = append(record);
            touched.insert({position.topic, position.partition});
        }
        for (auto const& [topic, partition] : touched)
            ++topics.at(topic).at(static_cast<std::size_t>(partition)).next;
        for (auto const& [partition, committed] : transaction.offsets)
            offsets[transaction.group][partition] = committed;
        ++transactions;
    }

    void probe(bus::Done<bus::Capabilities>) override {}
    void create_topics(std::vector<bus::TopicSpec>, bus::Done<void>) override {}
    void describe_topics(std::vector<std::string> names,
                         bus::Done<std::vector<bus::TopicDescription>> done) override {
        std::vector<bus::TopicDescription> all;
        for (auto const& name : names) {
            auto const found = topics.find(name);
            all.push_back({name, found == topics.end() ? 0 : int(found->second.size())});
        }
        answer(std::move(done), std::move(all));
    }
    void offset_at(bus::TopicPartition const& partition, std::int64_t when,
                   bus::Done<std::int64_t> done) override {
        auto const* const at = find(partition);
        if (at == nullptr) return refuse(std::move(done));
        answer(std::move(done), when == bus::earliest ? at->first : at->next);
    }
    void read(bus::TopicPartition const& partition, std::int64_t offset, std::int32_t bytes_max,
              bus::Done<bus::ReadResult> done) override {
        ++reads;
        auto const* const at = find(partition);
        if (at == nullptr) return refuse(std::move(done));
        bus::ReadResult result{.next = std::max(offset, at->next), .end = at->next};
        std::size_t const count_max = bytes_max == 1 ? 1 : 7;
        for (auto const& record : at->records) {
            if (record.offset < offset) continue;
            if (result.records.size() == count_max) {
                result.next = record.offset;
                break;
            }
            result.records.push_back(record);
        }
        answer(std::move(done), std::move(result));
    }
    void committed(std::string const& group, std::vector<bus::TopicPartition> partitions,
                   bus::Done<std::map<bus::TopicPartition, bus::Committed>> done) override {
        std::map<bus::TopicPartition, bus::Committed> found;
        for (auto const& partition : partitions) found[partition] = offsets[group][partition];
        answer(std::move(done), std::move(found));
    }
    void send(std::vector<bus::Outgoing>, bus::Done<std::vector<Position>>) override {}
    std::unique_ptr<bus::Producer> make_producer(bus::ProducerOptions options) override;
    std::unique_ptr<bus::Consumer> make_consumer(bus::ConsumerOptions, bus::Subscriber&) override {
        return nullptr;
    }

    template <class T>
    void answer(bus::Done<T> done, T value) {
        loop_.post([done = std::move(done), value = std::move(value)]() mutable {
            done(std::move(value));
        });
    }
    template <class T>
    void fail(bus::Done<T> done, bus::Error::Kind kind) {
        loop_.post([done = std::move(done), kind]() mutable {
            done(std::unexpected(bus::Error{kind, "as the test said"}));
        });
    }
    template <class T>
    void refuse(bus::Done<T> done) {
        fail(std::move(done), bus::Error::Kind::refused);
    }

    bus::VirtualLoop& loop_;
    int producers = 0;

private:
    Partition const* find(bus::TopicPartition const& partition) const {
        auto const topic = topics.find(partition.topic);
        if (topic == topics.end()) return nullptr;
        return &topic->second.at(static_cast<std::size_t>(partition.partition));
    }
};

class TestProducer : public bus::Producer {
public:
    TestProducer(TestBus& bus, std::string id)
        : bus_(bus), name_(fmt::format("{}#{}", id, bus.producers++)) {}
    void initialize(bus::Done<void> done) override {
        bus_.owner = name_;
        succeed(std::move(done));
    }
    void commit(bus::Transaction transaction, bus::Done<void> done) override {
        if (bus_.owner != name_) return bus_.fail(std::move(done), bus::Error::Kind::fenced);
        if (bus_.aborts > 0) {
            --bus_.aborts;
            return bus_.fail(std::move(done), bus::Error::Kind::aborted);
        }
        bus_.commit(transaction);
        succeed(std::move(done));
    }

private:
    void succeed(bus::Done<void> done) {
        bus_.loop_.post([done = std::move(done)]() mutable { done({}); });
    }

    TestBus& bus_;
    std::string name_;
};

std::unique_ptr<bus::Producer> TestBus::make_producer(bus::ProducerOptions options) {
    return std::make_unique<TestProducer>(*this, options.transactional_id);
}

struct Story : testing::Test, RedriveObserver {
    bus::VirtualLoop loop;
    TestBus log{loop};
    std::int64_t original_offset = 0;
    std::uint64_t stop_after = UINT64_MAX;
    std::function<void()> after_transaction = [] {};

    Story() {
        log.topics["orders"].resize(2);
        log.topics["orders-dlt"].resize(2);
        log.topics["elsewhere"].resize(1);
    }
    bool goes_on(RedriveResult const& so_far) override {
        after_transaction();
        return so_far.redriven < stop_after;
    }

    DeadLetter refused(std::int64_t at, bool parked = false) {
        return {.original = Position{"orders", 1, at},
                .group = "billing",
                .handler = "orders.placed",
                .reason = parked ? "waits" : fmt::format("card {} refused", at),
                .error_type = parked ? "" : "CardRefused",
                .attempts = parked ? 0 : 5,
                .failed_at = Time{milliseconds{at}},
                .parked = parked};
    }
    /// In a transaction of its own, as the engine's are.
    Position dead(std::string key, DeadLetter const& letter) {
        auto const position = log.topics.at("orders-dlt")[1].next;
        log.commit({.records = {{.topic = "orders-dlt",
                                 .partition = 1,
                                 .key = std::move(key),
                                 .value = fmt::format("event {}", letter.original->offset),
                                 .headers = write_dead_letter({{"ce_id", "x"}}, letter,
                                                              DeadLetterDialect::klamm)}}});
        return {"orders-dlt", 1, position};
    }

    bus::Result<RedriveResult> run(RedriveOptions options) {
        std::optional<bus::Result<RedriveResult>> result;
        options.topic = "orders-dlt";
        redrive(loop, log, std::move(options), *this,
                [&](auto done) { result.emplace(std::move(done)); });
        loop.pass_all();
        return std::move(*result);
    }
    RedriveResult must(RedriveOptions options = {}) {
        auto const result = run(std::move(options));
        EXPECT_TRUE(result) << (result ? "" : result.error().why);
        return result.value_or(RedriveResult{});
    }
    /// What is in a topic, without marks.
    std::vector<std::string> values(std::string const& topic) {
        std::vector<std::string> all;
        for (auto const& partition : log.topics.at(topic))
            for (auto const& record : partition.records)
                if (record.value) all.push_back(text_of(record.value));
        return all;
    }
    std::vector<std::int64_t> waiting() {
        std::vector<std::int64_t> offsets;
        scan_dead_letters(
            log, {.topic = "orders-dlt"},
            [&](StoredDeadLetter const& letter, std::int64_t) {
                offsets.push_back(letter.position.offset);
                return true;
            },
            [](auto const& scan) { EXPECT_TRUE(scan); });
        loop.pass_all();
        return offsets;
    }
};

TEST_F(Story, all_that_waits_goes_back_once) {
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

TEST_F(Story, what_waits_behind_one_that_is_selected_goes_along_in_order) {
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

TEST_F(Story, one_that_would_overtake_earlier_ones_of_its_key_stays) {
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

TEST_F(Story, a_limit_leaves_the_later_ones_of_a_key_for_the_next_time) {
    dead("ann", refused(10));
    dead("ann", refused(12, true));
    dead("ann", refused(14, true));
    auto const result = must({.limit = 2});
    EXPECT_EQ(result.redriven, 2U);
    EXPECT_EQ(result.stayed(), 0U);
    EXPECT_THAT(values("orders"), ElementsAre("event 10", "event 12"));
    EXPECT_FALSE(read_redrive(log.topics.at("orders")[1].records.back().headers)->last);
}

TEST_F(Story, one_that_came_back_goes_before_younger_ones_that_never_left) {
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

TEST_F(Story, handlers_that_park_nothing_have_no_order_to_keep) {
    auto letter = refused(10);
    letter.park = Park::none;
    dead("ann", letter);
    letter.original->offset = 12;
    auto const second = dead("ann", letter);
    RedriveOptions options;
    options.rules.selection.positions = {{1, second.offset}};
    EXPECT_EQ(must(options).redriven, 1U);
}

TEST_F(Story, what_came_back_too_often_stays_and_with_it_what_waits_behind) {
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

TEST_F(Story, filters_choose_by_what_dead_letters_say) {
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

TEST_F(Story, a_position_where_nothing_waits_is_said) {
    dead("ann", refused(10));
    RedriveOptions options;
    options.rules.selection.positions = {{1, 0}, {1, 1}, {0, 5}};
    EXPECT_EQ(must(options).not_found, 2U);
    EXPECT_EQ(must(options).not_found, 3U);
}

TEST_F(Story, an_aborted_transaction_is_done_again_and_counts_once) {
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

TEST_F(Story, a_second_redrive_takes_over_from_the_first) {
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

TEST_F(Story, its_rate_is_kept) {
    for (std::int64_t at = 0; at < 100; ++at) dead(fmt::format("key-{}", at), refused(at));
    auto const begin = loop.now().instant;
    EXPECT_EQ(must({.per_second = 10}).redriven, 100U);
    EXPECT_EQ(loop.now().instant - begin, std::chrono::seconds(10));
}

TEST_F(Story, it_ends_when_it_is_told_to_or_has_enough) {
    for (std::int64_t at = 0; at < 40; ++at) dead(fmt::format("key-{}", at), refused(at));
    EXPECT_EQ(must({.limit = 7}).redriven, 7U);
    stop_after = 10;
    auto const result = must({.per_second = 20});
    EXPECT_TRUE(result.stopped);
    EXPECT_EQ(result.redriven, 10U);
    EXPECT_THAT(waiting(), SizeIs(23));
}

TEST_F(Story, many_are_sent_in_several_transactions) {
    for (std::int64_t at = 0; at < 1200; ++at) dead(fmt::format("key-{}", at % 7), refused(at));
    auto const result = must();
    EXPECT_EQ(result.redriven, 1200U);
    EXPECT_EQ(result.transactions, 3U);
    EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(Story, what_the_offset_has_no_room_to_remember_stays) {
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

TEST_F(Story, discarded_ones_leave_a_reason_and_tell_the_group_that_waits) {
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

TEST_F(Story, elsewhere_they_are_events_like_others_and_discarded_where_they_were) {
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

TEST_F(Story, what_has_no_home_stays) {
    dead("ann", refused(10));
    log.topics.erase("orders");
    auto const result = must();
    EXPECT_EQ(result.redriven, 0U);
    EXPECT_EQ(result.stay.at(Stays::homeless), 1U);
    RedriveOptions options;
    options.to = "elsewhere";
    EXPECT_EQ(must(options).redriven, 1U);
}

TEST_F(Story, records_that_are_no_dead_letters_stay_unless_they_are_meant) {
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

TEST_F(Story, of_share_groups_the_original_record_is_sent_again) {
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

TEST_F(Story, what_fails_again_at_once_is_not_sent_again_in_the_same_run) {
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

TEST_F(Story, an_unknown_topic_is_refused) {
    log.topics.erase("orders-dlt");
    auto const result = run({});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().why, "there is no topic orders-dlt");
}

TEST_F(Story, groups_count_what_waits_with_what_it_waits_for) {
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

TEST_F(Story, one_is_shown_whether_it_waits_or_not) {
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
