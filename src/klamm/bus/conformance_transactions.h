// bus/conformance_transactions.h - all of a transaction or nothing, one after the other.
#pragma once

#include "klamm/bus/conformance_fixture.h"

namespace klamm::bus {

TYPED_TEST_P(BusConformance, ATransactionIsAllOfIt) {
    this->create(this->topic_, 2);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    auto transaction = this->write({"b"});
    transaction.records.push_back(outgoing(this->topic_, 1, "c"));
    auto const shared = std::make_shared<std::vector<Outgoing> const>(this->write({"a"}).records);
    transaction.shared.push_back(shared);
    transaction.offsets[this->at(0)] = {7, "as far as 7"};
    transaction.offsets[this->at(1)] = {0, ""};
    transaction.group = group;
    EXPECT_TRUE(this->commit(*producer, std::move(transaction)));
    EXPECT_EQ(this->values(0), (Texts{"a", "b"}));
    EXPECT_EQ(this->values(1), (Texts{"c"}));
    EXPECT_EQ(this->committed(group, 0), (Committed{7, "as far as 7"}));
    EXPECT_EQ(this->committed(group, 1), (Committed{0, ""}));
    EXPECT_EQ(this->committed(this->world_.unique("other")), (Committed{-1, ""}));
}

TYPED_TEST_P(BusConformance, OneTransactionFollowsTheOther) {
    this->create(this->topic_);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    Texts expected;
    for (int i = 0; i < 12; ++i) {
        expected.push_back(std::to_string(i));
        auto transaction = this->write({expected.back()});
        transaction.offsets[this->at()] = {i, std::string(std::size_t(i), 'm')};
        transaction.group = group;
        ASSERT_TRUE(this->commit(*producer, std::move(transaction)));
        EXPECT_EQ(this->committed(group).offset, i);
    }
    EXPECT_EQ(this->values(), expected);
    Transaction only_offsets;
    only_offsets.offsets[this->at()] = {99, "x"};
    only_offsets.group = group;
    EXPECT_TRUE(this->commit(*producer, std::move(only_offsets)));
    EXPECT_EQ(this->committed(group), (Committed{99, "x"}));
    EXPECT_TRUE(this->commit(*producer, Transaction{})) << "nothing is soon done";
}

TYPED_TEST_P(BusConformance, ATransactionThatIsRefusedLeavesNothing) {
    this->create(this->topic_, 2);
    auto const group = this->world_.unique("group");
    auto const producer = this->producer(this->world_.unique("producer"));
    auto transaction = this->write({"never"}, 1);
    transaction.records.push_back(outgoing(this->topic_, 0, std::string(3'000'000, 'x')));
    transaction.offsets[this->at()] = {1, ""};
    transaction.group = group;
    EXPECT_EQ(this->kind_of(this->commit(*producer, std::move(transaction))), Error::Kind::refused);
    EXPECT_EQ(this->committed(group).offset, -1);
    EXPECT_EQ(this->values(1), Texts{});
    auto unknown = this->write({"never"}, 1);
    unknown.records.push_back(outgoing(this->world_.unique("nowhere"), 0, "x"));
    EXPECT_EQ(this->kind_of(this->commit(*producer, std::move(unknown))), Error::Kind::refused);
    EXPECT_TRUE(this->commit(*producer, this->write({"then"}, 1))) << "it goes on";
    EXPECT_EQ(this->values(1), Texts{"then"});
    EXPECT_EQ(this->values(0), Texts{});
}

TYPED_TEST_P(BusConformance, WhoTakesOverFencesThePredecessor) {
    this->create(this->topic_);
    auto const id = this->world_.unique("producer");
    auto const first = this->producer(id);
    EXPECT_TRUE(this->commit(*first, this->write({"one"})));
    auto const other_bus = this->world_.make_bus();
    auto const second = this->producer(id, other_bus.get());
    EXPECT_EQ(this->kind_of(this->commit(*first, this->write({"never"}))), Error::Kind::fenced);
    EXPECT_EQ(this->kind_of(this->commit(*first, this->write({"never"}))), Error::Kind::fenced);
    EXPECT_TRUE(this->commit(*second, this->write({"two"})));
    EXPECT_EQ(this->values(), (Texts{"one", "two"}));
    auto const third = this->producer(id);
    EXPECT_EQ(this->kind_of(this->commit(*second, this->write({"never"}))), Error::Kind::fenced);
    EXPECT_TRUE(this->commit(*third, this->write({"three"})));
    EXPECT_EQ(this->values(), (Texts{"one", "two", "three"}));
}

TYPED_TEST_P(BusConformance, AProducerThatDiesLeavesAllOfItsTransactionOrNothing) {
    this->create(this->topic_, 2);
    auto const id = this->world_.unique("producer");
    int there = 0;
    for (int steps = 0; steps < 30; steps += 2) {
        auto const group = this->world_.unique("group");
        auto transaction = this->write({"a"}, 0);
        transaction.records.push_back(outgoing(this->topic_, 1, "b"));
        transaction.offsets[this->at()] = {1, ""};
        transaction.group = group;
        auto dies = this->producer(id);
        bool answered = false;
        dies->commit(std::move(transaction), [&](Result<void> done) {
            EXPECT_TRUE(done);
            answered = true;
        });
        int left = steps;
        this->until([&] { return answered || left-- == 0; });
        dies.reset();
        auto const successor = this->producer(id);
        bool const counts = this->committed(group).offset == 1;
        EXPECT_TRUE(counts || !answered);
        there += counts;
        EXPECT_EQ(this->values(0).size(), std::size_t(there)) << "after " << steps << " steps";
        EXPECT_EQ(this->values(1).size(), std::size_t(there)) << "after " << steps << " steps";
    }
}

TYPED_TEST_P(BusConformance, OneThingAtATime) {
    this->create(this->topic_);
    auto const bare = this->bus_->make_producer(
        {.transactional_id = this->world_.unique("bare"), .client_id = "test"});
    EXPECT_EQ(this->kind_of(this->commit(*bare, this->write({"x"}))), Error::Kind::refused);
    auto const producer = this->producer(this->world_.unique("producer"));
    std::optional<Result<void>> first, second;
    producer->commit(this->write({"a"}), [&](Result<void> result) { first = result; });
    producer->commit(this->write({"b"}), [&](Result<void> result) { second = result; });
    EXPECT_TRUE(this->until([&] { return first && second; }));
    EXPECT_TRUE(first && first->has_value());
    EXPECT_TRUE(second && !second->has_value() && second->error().kind == Error::Kind::refused);
    EXPECT_EQ(this->values(), Texts{"a"});
}

}  // namespace klamm::bus
