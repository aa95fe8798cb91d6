// bus/conformance_groups.h - members of groups, and offsets that go with transactions.
#pragma once

#include "klamm/bus/conformance_fixture.h"

namespace klamm::bus {

TYPED_TEST_P(BusConformance, AMemberReadsWhatIsCommitted) {
    this->create(this->topic_, 2);
    this->send(Texts{"a"}, 0);
    TestSubscriber hears;
    auto const consumer = this->consumer(*this->bus_, this->world_.unique("group"), hears);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 1; }));
    EXPECT_EQ(hears.mine.size(), 2U);
    EXPECT_EQ(hears.mine[this->at(1)], (Committed{-1, ""}));
    auto const producer = this->producer(this->world_.unique("producer"));
    EXPECT_TRUE(this->commit(*producer, this->write({"b"}, 1)));
    EXPECT_TRUE(this->commit(*producer, this->write({"c"}, 1)));
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 3; }));
    EXPECT_EQ(values_of(hears.read), (Texts{"a", "b", "c"}));
    EXPECT_EQ(hears.read[1].partition, this->at(1));
    EXPECT_EQ(hears.read[1].offset, 0);
    EXPECT_GT(hears.read[2].offset, 1) << "a control record takes a place of its own";
}

TYPED_TEST_P(BusConformance, RecordsComeFromWhereItIsResumedAndNotWhileItIsPaused) {
    this->create(this->topic_, 2);
    this->send(Texts{"a", "b", "c"}, 0);
    this->send(Texts{"x", "y"}, 1);
    TestSubscriber hears;
    hears.resumes = false;
    auto const consumer = this->consumer(*this->bus_, this->world_.unique("group"), hears);
    EXPECT_TRUE(this->until([&] { return hears.mine.size() == 2; }));
    this->world_.pass(Duration{1'000});
    EXPECT_TRUE(hears.read.empty()) << "they stand still until they are resumed";
    consumer->resume(this->at(0), 1);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 2; }));
    EXPECT_EQ(values_of(hears.read), (Texts{"b", "c"}));
    consumer->pause(this->at(0));
    this->send(Texts{"d"}, 0);
    consumer->resume(this->at(1), earliest);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 4; }));
    this->world_.pass(Duration{1'000});
    EXPECT_EQ(values_of(hears.read), (Texts{"b", "c", "x", "y"}));
    consumer->resume(this->at(0), 0);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 8; }));
    EXPECT_EQ(values_of(hears.read), (Texts{"b", "c", "x", "y", "a", "b", "c", "d"}));
    consumer->resume(this->at(0), latest);
    this->world_.pass(Duration{1'000});
    this->send(Texts{"e"}, 0);
    EXPECT_TRUE(this->until([&] { return hears.read.size() == 9; }));
    EXPECT_EQ(text_of(hears.read.back().value), "e");
}

TYPED_TEST_P(BusConformance, OffsetsAreCommittedWithTheTransactionAndGoOnThere) {
    this->create(this->topic_);
    auto const out = this->create(this->world_.unique("out"));
    auto const group = this->world_.unique("group");
    this->send(Texts{"a", "b", "c"});
    auto const producer = this->producer(this->world_.unique("producer"));
    {
        TestSubscriber hears;
        auto const consumer = this->consumer(*this->bus_, group, hears);
        EXPECT_TRUE(this->until([&] { return hears.read.size() == 3; }));
        Transaction transaction;
        transaction.records = {outgoing(out, 0, "A"), outgoing(out, 0, "B")};
        transaction.offsets[this->at()] = {2, "and no further"};
        transaction.consumer = consumer.get();
        EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
        this->template good<void>([&](auto done) { consumer->leave(std::move(done)); });
    }
    EXPECT_EQ(values_of(this->read_all({out, 0})), (Texts{"A", "B"}));
    EXPECT_EQ(this->committed(group), (Committed{2, "and no further"}));
    TestSubscriber hears;
    auto const consumer = this->consumer(*this->bus_, group, hears);
    EXPECT_TRUE(this->until([&] { return !hears.read.empty(); }));
    EXPECT_EQ(hears.mine[this->at()], (Committed{2, "and no further"}));
    EXPECT_EQ(values_of(hears.read), Texts{"c"});
}

TYPED_TEST_P(BusConformance, PartitionsAreHandedOverWhenTheyAreReleased) {
    this->create(this->topic_, 4);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    TestSubscriber first, second;
    first.releases = false;
    auto const one = this->consumer(*this->bus_, group, first);
    EXPECT_TRUE(this->until([&] { return first.mine.size() == 4; }));
    auto const other_bus = this->world_.make_bus();
    auto const two = this->consumer(*other_bus, group, second);
    EXPECT_TRUE(this->until([&] { return !first.to_release.empty(); }));
    auto [going, released] = std::move(first.to_release.front());
    first.to_release.clear();
    first.releases = true;
    this->world_.pass(Duration{3'000});
    for (auto const& partition : going)
        EXPECT_FALSE(second.mine.contains(partition)) << "nobody has let it go";
    // What is under way may be committed before.
    Transaction transaction;
    transaction.offsets[going.front()] = {5, "last words"};
    transaction.consumer = one.get();
    EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
    released();
    EXPECT_TRUE(this->until([&] { return first.mine.size() == 2 && second.mine.size() == 2; }));
    for (auto const& [partition, committed] : first.mine)
        EXPECT_FALSE(second.mine.contains(partition));
    if (second.mine.contains(going.front())) {
        EXPECT_EQ(second.mine[going.front()], (Committed{5, "last words"}));
    }
    EXPECT_TRUE(first.gone.empty());
    // Who leaves makes room at once.
    this->template good<void>([&](auto done) { two->leave(std::move(done)); });
    EXPECT_TRUE(this->until([&] { return first.mine.size() == 4; }));
    Transaction late;
    late.offsets[going.front()] = {9, ""};
    late.consumer = two.get();
    EXPECT_FALSE(this->commit(*producer, std::move(late))) << "it has left";
}

TYPED_TEST_P(BusConformance, OffsetsOfOpenTransactionsAreWaitedFor) {
    this->create(this->topic_);
    auto const group = this->world_.unique("group");
    this->send(Texts{"a", "b"});
    auto const producer = this->producer(this->world_.unique("producer"));
    bool done = false;
    auto transaction = this->write({"c"});
    transaction.offsets[this->at()] = {1, ""};
    transaction.group = group;
    producer->commit(std::move(transaction), [&](Result<void> result) {
        EXPECT_TRUE(result);
        done = true;
    });
    // Asked while it is under way: what is said is from before it or behind it.
    std::optional<Committed> found;
    this->bus_->committed(group, {this->at()}, [&](Result<std::map<TopicPartition, Committed>> at) {
        ASSERT_TRUE(at) << at.error().why;
        found = at->begin()->second;
    });
    EXPECT_TRUE(this->until([&] { return done && found; }));
    EXPECT_TRUE(found->offset == -1 || found->offset == 1) << found->offset;
    EXPECT_EQ(this->committed(group).offset, 1);
}

}  // namespace klamm::bus
