#include "klamm/broker/transactions/transactions_fixture.h"

#include "klamm/broker/transactions/transactions.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

class Transacting : public testing::TestWithParam<Generation> {
protected:
    Transacting() {
        story.create("t", 2);
        story.create("u");
    }
    TestProducer producer(std::string const& id) { return story.producer(id, GetParam()); }

    TransactionsStory story;
};
INSTANTIATE_TEST_SUITE_P(Generations, Transacting,
                         testing::Values(Generation::first, Generation::second), [](auto const& p) {
                             return p.param == Generation::first ? "First" : "Second";
                         });

// ---- what readers see -----------------------------------------------------------------------

TEST_P(Transacting, NothingIsSeenBeforeTheCommitAndEverythingAfterIt) {
    auto a = producer("a");
    EXPECT_EQ(story.add_and_write(a, "t", {"1", "2"}), ErrorCode::none);
    EXPECT_EQ(story.add_and_write(a, "u", {"3"}), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), Values{});
    EXPECT_EQ(story.last_stable("t"), 0);
    EXPECT_EQ(Story::values_of(story.fetch("t", 0)), (Values{"1", "2"}));
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"1", "2"}));
    EXPECT_EQ(story.committed("u"), (Values{"3"}));
    EXPECT_EQ(story.last_stable("t"), 3) << "the marker has an offset, too";
    EXPECT_EQ(story.last_stable("u"), 2);
}

TEST_P(Transacting, AnAbortedTransactionIsReadByThoseWhoAskForIt) {
    auto a = producer("a");
    auto b = producer("b");
    story.add_and_write(a, "t", {"a1"});
    story.add_and_write(b, "t", {"b1"});
    story.add_and_write(a, "t", {"a2"});
    EXPECT_EQ(story.abort(a), ErrorCode::none);
    EXPECT_EQ(story.last_stable("t"), 1) << "b is still open";
    EXPECT_EQ(story.committed("t"), Values{});
    EXPECT_EQ(story.commit(b), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"b1"}));
    auto const fetched = story.fetch_committed("t", 0);
    ASSERT_EQ(fetched.aborted_transactions->size(), 1u);
    EXPECT_EQ(fetched.aborted_transactions->at(0).producer_id, a.name.id);
    EXPECT_EQ(fetched.aborted_transactions->at(0).first_offset, 0);
    EXPECT_FALSE(story.fetch("t", 0).aborted_transactions) << "read_uncommitted is told nothing";
}

TEST_P(Transacting, AbortedTransactionsComeInTheOrderOfTheirFirstOffsets) {
    auto a = producer("a");
    auto b = producer("b");
    auto c = producer("c");
    story.add_and_write(a, "t", {"a"});
    story.add_and_write(b, "t", {"b"});
    story.add_and_write(c, "t", {"c"});
    story.abort(c);
    story.abort(b);
    story.abort(a);
    auto const aborted = story.fetch_committed("t", 0).aborted_transactions.value();
    ASSERT_EQ(aborted.size(), 3u);
    for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(aborted[n].first_offset, std::int64_t(n));
    EXPECT_EQ(story.fetch_committed("t", 4).aborted_transactions->size(), 2u)
        << "c's marker is at 3: nothing of it is left to skip";
}

TEST_P(Transacting, ReadersSeeTheEndWhenItIsDurableAndNotBefore) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    auto const ended =
        story.send(Story::fetch_request("t", 0), 12);  // something before, to have an answer
    EXPECT_TRUE(story.answered(ended));
    auto const end = story.send(TransactionsStory::end_request(a, true),
                                TransactionsStory::end_version(GetParam()));
    EXPECT_FALSE(story.answered(end));
    auto request = Story::fetch_request("t", 0);
    request.isolation_level = 1;
    auto const early = story.send(request, 12);
    ASSERT_TRUE(story.answered(early));
    auto const seen = story.reply<kafka::FetchResponse>(early)->responses.at(0).partitions.at(0);
    EXPECT_EQ(seen.last_stable_offset, 0);
    EXPECT_EQ(seen.records->size(), 0u);
    story.sync();
    EXPECT_TRUE(story.answered(end));
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
}

TEST_P(Transacting, AWaitingReaderIsWokenByTheEndAndNotByTheWrite) {
    auto a = producer("a");
    auto request = Story::fetch_request("t", 0);
    request.isolation_level = 1;
    request.min_bytes = 1;
    request.max_wait_ms = 10000;
    auto const waiting = story.send(request, 12);
    story.add_and_write(a, "t", {"1"});
    EXPECT_FALSE(story.answered(waiting));
    story.commit(a);
    ASSERT_TRUE(story.answered(waiting));
    auto const seen = story.reply<kafka::FetchResponse>(waiting)->responses.at(0).partitions.at(0);
    Values values;
    EXPECT_EQ(TransactionsStory::take_committed(seen, 0, values), 2) << "with the marker";
    EXPECT_EQ(values, (Values{"1"}));
}

TEST_P(Transacting, ListOffsetsKnowsTheIsolationLevel) {
    auto a = producer("a");
    story.produce("t", {"0"});
    story.add_and_write(a, "t", {"1"});
    kafka::ListOffsetsRequest request;
    request.isolation_level = 1;
    request.topics.push_back(
        {.name = "t", .partitions = {{.partition_index = 0, .timestamp = -1}}});
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).offset, 1);
    EXPECT_EQ(story.list_offset("t", -1), 2);
    story.commit(a);
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).offset, 3);
}

TEST_P(Transacting, AMarkerThatIsNotTheFirstOfItsEntryIsReadAlone) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"}, 0);
    story.add_and_write(a, "t", {"2"}, 1);
    story.commit(a);
    for (std::int32_t partition : {0, 1}) {
        auto const fetched = story.fetch("t", 1, partition);
        ASSERT_EQ(fetched.records->parts.size(), 1u);
        auto const marker = records::read_end_marker(fetched.records->parts.at(0).view());
        ASSERT_TRUE(marker) << marker.error().why;
        EXPECT_TRUE(marker->committed);
        EXPECT_EQ(marker->base_offset, 1);
    }
}

// ---- crashes --------------------------------------------------------------------------------

TEST_P(Transacting, ACrashBeforeTheEndIsDurableLeavesTheTransactionOpenAndWhole) {
    auto a = producer("a");
    story.checkpoint();
    story.add_and_write(a, "t", {"1"}, 0);
    story.add_and_write(a, "t", {"2"}, 1);
    story.send(TransactionsStory::end_request(a, true), TransactionsStory::end_version(GetParam()));
    story.crash();
    EXPECT_EQ(story.committed("t", 0), Values{});
    EXPECT_EQ(story.committed("t", 1), Values{});
    EXPECT_EQ(story.commit(a), ErrorCode::none) << "the client asks again";
    EXPECT_EQ(story.committed("t", 0), (Values{"1"}));
    EXPECT_EQ(story.committed("t", 1), (Values{"2"}));
    story.checkpoint();
    story.crash();
    EXPECT_EQ(story.committed("t", 0), (Values{"1"}));
}

TEST_P(Transacting, EverythingSurvivesInCheckpoints) {
    auto a = producer("a");
    auto b = producer("b");
    story.add_and_write(a, "t", {"1"});
    story.abort(a);
    story.add_and_write(b, "t", {"2"});
    story.add_and_write(a, "u", {"3"});
    if (GetParam() == Generation::first) story.add_group(b, "g");
    EXPECT_EQ(story.send_offset(b, "g", "t", 5), ErrorCode::none);
    story.checkpoint();
    auto const before = story.state();
    story.crash();
    EXPECT_EQ(story.state(), before);
    EXPECT_EQ(story.offset_of("g", "t", true).error, ErrorCode::unstable_offset_commit);
    EXPECT_EQ(story.last_stable("t"), 2);
    story.commit(b);
    story.commit(a);
    EXPECT_EQ(story.committed("t"), (Values{"2"}));
    EXPECT_EQ(story.offset_of("g", "t", true), (TransactionsStory::Offset{ErrorCode::none, 5}));
}

TEST_P(Transacting, AFullJournalIsRetriableAndChangesNothing) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    story.journal.full = true;
    EXPECT_TRUE(kafka::is_retriable(story.commit(a)));
    story.journal.full = false;
    EXPECT_EQ(story.committed("t"), Values{});
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
}

// ---- fencing --------------------------------------------------------------------------------

TEST_P(Transacting, ANewProducerFencesTheOldOneAndAbortsItsTransaction) {
    auto old = producer("a");
    story.add_and_write(old, "t", {"old"});
    auto fresh = producer("a");
    EXPECT_EQ(fresh.name.id, old.name.id);
    EXPECT_GT(fresh.name.epoch, old.name.epoch);
    EXPECT_EQ(story.last_stable("t"), 2);
    EXPECT_EQ(story.write(old, "t", {"late"}), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(story.add(old, "t"), ErrorCode::producer_fenced);
    EXPECT_EQ(story.add(old, "t", 0, 1), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(story.add_group(old, "g"), ErrorCode::producer_fenced);
    EXPECT_EQ(story.send_offset(old, "g", "t", 1), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(story.commit(old), ErrorCode::producer_fenced);
    EXPECT_EQ(story.ask(TransactionsStory::end_request(old, true), 1).error_code,
              ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(story.add_and_write(fresh, "t", {"new"}), ErrorCode::none);
    EXPECT_EQ(story.commit(fresh), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"new"}));
}

TEST_P(Transacting, AProducerThatGoesOnMayAskTwiceAndTheFencedOneMayNot) {
    auto a = producer("a");
    auto const first = story.initialize("a", a.name);
    EXPECT_EQ(first.producer_epoch, a.name.epoch + 1);
    auto const again = story.initialize("a", a.name);
    EXPECT_EQ(again.error_code, ErrorCode::none) << "the first answer was lost";
    EXPECT_EQ(again.producer_epoch, first.producer_epoch);
    auto const other = producer("a");
    EXPECT_EQ(story.initialize("a", a.name).error_code, ErrorCode::producer_fenced);
    EXPECT_EQ(story.initialize("a", {first.producer_id, first.producer_epoch}).error_code,
              ErrorCode::producer_fenced);
    EXPECT_EQ(story.initialize("a", other.name).error_code, ErrorCode::none);
}

TEST_P(Transacting, ALateInitProducerIdOfTheSameProducerDoesNotTouchItsNextTransaction) {
    auto a = producer("a");
    auto const before = a.name;
    auto const given = story.initialize("a", before);
    TransactionsStory::rename(a, {given.producer_id, given.producer_epoch});
    story.add_and_write(a, "t", {"1"});
    story.initialize("a", before);  // sent again, and delayed
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
}

TEST_P(Transacting, ExhaustedEpochsAreFollowedByANewProducerId) {
    auto a = producer("a");
    auto const id = a.name.id;
    while (a.name.epoch < last_epoch) {
        auto const given = story.initialize("a", a.name);
        ASSERT_EQ(given.error_code, ErrorCode::none);
        a.name = {given.producer_id, given.producer_epoch};
    }
    EXPECT_EQ(a.name.id, id);
    EXPECT_EQ(story.add_and_write(a, "t", {"1"}), ErrorCode::none);
    if (GetParam() == Generation::second) {
        auto const last = a.name;
        EXPECT_EQ(story.commit(a), ErrorCode::none);
        EXPECT_NE(a.name.id, id);
        EXPECT_EQ(a.name.epoch, 0);
        auto retry = a;
        retry.name = last;
        EXPECT_EQ(story.commit(retry), ErrorCode::none) << "the answer was lost";
        EXPECT_EQ(retry.name, a.name);
    } else {
        auto const given = story.initialize("a");  // fences itself and aborts
        EXPECT_NE(given.producer_id, id);
        EXPECT_EQ(given.producer_epoch, 0);
        TransactionsStory::rename(a, {given.producer_id, given.producer_epoch});
    }
    EXPECT_EQ(story.add_and_write(a, "t", {"2"}), ErrorCode::none);
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    auto const expected = GetParam() == Generation::second ? Values{"1", "2"} : Values{"2"};
    EXPECT_EQ(story.committed("t"), expected);
}

// ---- what may not be ------------------------------------------------------------------------

TEST(Transactions, TheFirstGenerationMustAnnouncePartitionsAndGroups) {
    TransactionsStory story;
    story.create("t");
    auto a = story.producer("a", Generation::first);
    EXPECT_EQ(story.write(a, "t", {"1"}), ErrorCode::invalid_txn_state);
    a.sequences.clear();
    auto const eleven = story.ask(story.batch_of(a, "t", {"1"}), 11);
    EXPECT_EQ(eleven.responses.at(0).partition_responses.at(0).error_code,
              ErrorCode::transaction_abortable);
    EXPECT_EQ(story.send_offset(a, "g", "t", 1), ErrorCode::invalid_txn_state);
    a.sequences.clear();
    EXPECT_EQ(story.add(a, "t"), ErrorCode::none);
    EXPECT_EQ(story.write(a, "t", {"1"}), ErrorCode::none);
    EXPECT_EQ(story.add_group(a, "g"), ErrorCode::none);
    EXPECT_EQ(story.send_offset(a, "g", "t", 1), ErrorCode::none);
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.write(a, "t", {"2"}), ErrorCode::invalid_txn_state) << "not in the next one";
}

TEST_P(Transacting, TransactionsNeedTheirTransactionalId) {
    auto a = producer("a");
    auto stranger = a;
    stranger.transactional_id = "b";
    EXPECT_EQ(story.write(stranger, "t", {"1"}), ErrorCode::invalid_producer_id_mapping);
    EXPECT_EQ(story.commit(stranger), ErrorCode::invalid_producer_id_mapping);
    EXPECT_EQ(story.add(stranger, "t"), ErrorCode::invalid_producer_id_mapping);
    auto nameless = story.batch_of(a, "t", {"1"});
    nameless.transactional_id.reset();
    EXPECT_EQ(story.ask(nameless, 9).responses.at(0).partition_responses.at(0).error_code,
              ErrorCode::transactional_id_authorization_failed);
    EXPECT_EQ(story.initialize("").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(story.initialize("x", {}, 900001).error_code, ErrorCode::invalid_transaction_timeout);
    EXPECT_EQ(story.initialize("x", {}, 0).error_code, ErrorCode::invalid_transaction_timeout);
}

TEST_P(Transacting, NobodyMayAddAPartitionThatIsNotThere) {
    auto a = producer("a");
    auto request = TransactionsStory::add_request(a, "t");
    request.v3_and_below_topics.push_back({"nowhere", {0}});
    auto const answer = story.ask(request, 3);
    EXPECT_EQ(
        answer.results_by_topic_v3_and_below.at(0).results_by_partition.at(0).partition_error_code,
        ErrorCode::operation_not_attempted);
    EXPECT_EQ(
        answer.results_by_topic_v3_and_below.at(1).results_by_partition.at(0).partition_error_code,
        ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(story.described("a").transaction_state, "Empty");
}

TEST_P(Transacting, ABatchOutsideTheTransactionIsRefusedWhileItIsOpen) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    EXPECT_EQ(story.produce_as(a.name.id, a.name.epoch, 1, "t", {"2"}).error_code,
              ErrorCode::invalid_txn_state);
    story.commit(a);
}

TEST_P(Transacting, ClientsCannotWriteMarkers) {
    auto a = producer("a");
    auto marker = records::build({.committed = true,
                                  .producer_id = a.name.id,
                                  .producer_epoch = a.name.epoch,
                                  .timestamp = story.now.wall_ms});
    auto request = Story::produce_request("t", 0, std::move(marker));
    request.transactional_id = "a";
    EXPECT_EQ(story.ask(request, 9).responses.at(0).partition_responses.at(0).error_code,
              ErrorCode::invalid_record);
}

TEST(Transactions, ATransactionThatBeginsWithAWriteBeginsWithItsFirstBatch) {
    TransactionsStory story;
    story.create("t");
    auto a = story.producer("a");
    story.batch_of(a, "t", {"1"});  // lost
    EXPECT_EQ(story.write(a, "t", {"2"}), ErrorCode::out_of_order_sequence_number);
    EXPECT_EQ(story.described("a").transaction_state, "Empty");
}

// ---- ends that come again, or late ------------------------------------------------------------

TEST_P(Transacting, AnEndMayBeSentTwice) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    auto again = a;
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.abort(again), ErrorCode::invalid_txn_state) << "it was committed";
    EXPECT_EQ(story.commit(again), ErrorCode::none);
    EXPECT_EQ(again.name, a.name);
    EXPECT_EQ(story.list_offset("t", -1), 2) << "one marker";
}

TEST(Transactions, InTheSecondGenerationAnAbortOfNothingCountsUpAndACommitIsRefused) {
    TransactionsStory story;
    story.create("t");
    auto a = story.producer("a");
    auto const before = a.name;
    EXPECT_EQ(story.commit(a), ErrorCode::invalid_txn_state);
    EXPECT_EQ(story.abort(a), ErrorCode::none);
    EXPECT_EQ(a.name.epoch, before.epoch + 1);
    story.write(a, "t", {"1"});
    story.commit(a);
    EXPECT_EQ(story.commit(a), ErrorCode::invalid_txn_state);
    EXPECT_EQ(story.abort(a), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
}

// The anomaly that was published for the first generation: an end that was delayed on a connection
// that its client has given up completes the next transaction.
TEST_P(Transacting, ALateEndDoesNotTouchALaterTransaction) {
    auto a = producer("a");
    story.connection = ConnectionId{5};
    story.add_and_write(a, "t", {"1"});
    auto const delayed = TransactionsStory::end_request(a, true);
    story.connection = ConnectionId{9};  // it was given up; the end is sent again
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.add_and_write(a, "t", {"2"}), ErrorCode::none);

    story.connection = ConnectionId{5};
    EXPECT_EQ(story.ask(delayed, TransactionsStory::end_version(GetParam())).error_code,
              GetParam() == Generation::first ? ErrorCode::invalid_txn_state
                                              : ErrorCode::producer_fenced);
    EXPECT_EQ(story.committed("t"), (Values{"1"})) << "the second transaction is still open";
    story.connection = ConnectionId{9};
    EXPECT_EQ(story.add_and_write(a, "t", {"3"}, 1), ErrorCode::none);
    EXPECT_EQ(story.abort(a), ErrorCode::none);
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
    EXPECT_EQ(story.committed("t", 1), Values{}) << "nothing of the second one: it is not torn";
}

TEST(Transactions, ALateEndOnTheSameConnectionDoesNotTouchALaterTransaction) {
    TransactionsStory story;
    story.create("t");
    auto a = story.producer("a", Generation::first);
    story.add_and_write(a, "t", {"1"});
    story.correlation_id = 100;
    auto const end = TransactionsStory::end_request(a, true);
    EXPECT_EQ(story.ask(end, 3).error_code, ErrorCode::none);
    story.correlation_id = 101;
    story.add_and_write(a, "t", {"2"});
    story.correlation_id = 100;
    EXPECT_EQ(story.ask(end, 3).error_code, ErrorCode::invalid_txn_state);
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
}

TEST(Transactions, AZombieOnAYoungerConnectionDoesNotMakeItsSuccessorLate) {
    TransactionsStory story;
    story.create("t");
    auto zombie = story.producer("a", Generation::first);
    story.connection = ConnectionId{5};
    auto a = story.producer("a", Generation::first);
    story.add_and_write(a, "t", {"1"});
    story.connection = ConnectionId{9};
    EXPECT_EQ(story.abort(zombie), ErrorCode::producer_fenced);
    EXPECT_EQ(story.add(zombie, "t"), ErrorCode::producer_fenced);
    EXPECT_EQ(story.add_group(zombie, "g"), ErrorCode::producer_fenced);
    story.connection = ConnectionId{5};
    EXPECT_EQ(story.commit(a), ErrorCode::none);
}

TEST(Transactions, LateAnnouncementsBeginNoTransaction) {
    TransactionsStory story;
    story.create("t");
    story.connection = ConnectionId{5};
    auto a = story.producer("a", Generation::first);
    story.connection = ConnectionId{9};
    story.add_and_write(a, "t", {"1"});
    story.commit(a);
    story.connection = ConnectionId{5};
    EXPECT_EQ(story.add(a, "t"), ErrorCode::invalid_txn_state);
    EXPECT_EQ(story.add_group(a, "g"), ErrorCode::invalid_txn_state);
    EXPECT_EQ(story.described("a").transaction_state, "CompleteCommit");
    EXPECT_EQ(story.last_stable("t"), 2);
}

// ---- offsets ----------------------------------------------------------------------------------

TEST_P(Transacting, OffsetsAreCommittedWithTheTransaction) {
    auto a = producer("a");
    if (GetParam() == Generation::first) story.add_group(a, "g");
    EXPECT_EQ(story.send_offset(a, "g", "t", 7), ErrorCode::none);
    using Offset = TransactionsStory::Offset;
    EXPECT_EQ(story.offset_of("g", "t", false), (Offset{ErrorCode::none, -1}));
    EXPECT_EQ(story.offset_of("g", "t", true), (Offset{ErrorCode::unstable_offset_commit, -1}));
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.offset_of("g", "t", true), (Offset{ErrorCode::none, 7}));

    if (GetParam() == Generation::first) story.add_group(a, "g");
    story.send_offset(a, "g", "t", 9);
    EXPECT_EQ(story.abort(a), ErrorCode::none);
    EXPECT_EQ(story.offset_of("g", "t", true), (Offset{ErrorCode::none, 7}));
}

TEST(Transactions, OfTwoOffsetsForOnePartitionTheLaterOneWinsWhoeverEndsFirst) {
    TransactionsStory story;
    story.create("t");
    auto a = story.producer("a");
    auto b = story.producer("b");
    story.send_offset(a, "g", "t", 1);
    story.send_offset(b, "g", "t", 2);
    story.commit(b);
    story.commit(a);
    EXPECT_EQ(story.offset_of("g", "t", true).offset, 2);
}

TEST(Transactions, OffsetsOfAConsumerGroupComeFromAMemberInItsEpoch) {
    TransactionsStory story;
    story.create("t");
    kafka::ConsumerGroupHeartbeatRequest beat;
    beat.group_id = "g";
    beat.member_id = "ann";
    beat.rebalance_timeout_ms = 60'000;
    beat.subscribed_topic_names.emplace().push_back("t");
    beat.topic_partitions.emplace();
    auto const joined = story.ask(beat);
    ASSERT_EQ(joined.error_code, ErrorCode::none);
    auto a = story.producer("a");
    auto const send = [&](std::int32_t epoch, std::int64_t offset) {
        auto request = TransactionsStory::offsets_request(a, "g", "t", offset);
        request.member_id = "ann";
        request.generation_id = epoch;
        return story.ask(request).topics.at(0).partitions.at(0).error_code;
    };
    using Offset = TransactionsStory::Offset;
    EXPECT_EQ(send(joined.member_epoch + 1, 6), ErrorCode::illegal_generation);
    EXPECT_EQ(send(joined.member_epoch, 7), ErrorCode::none);
    EXPECT_EQ(story.offset_of("g", "t", true), (Offset{ErrorCode::unstable_offset_commit, -1}));
    story.crash();
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.offset_of("g", "t", true), (Offset{ErrorCode::none, 7}));

    beat.member_epoch = -1;
    EXPECT_EQ(story.ask(beat).error_code, ErrorCode::none);
    EXPECT_EQ(send(joined.member_epoch, 8), ErrorCode::unknown_member_id) << "it has left";
    EXPECT_EQ(story.send_offset(a, "g", "t", 9), ErrorCode::none);
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.offset_of("g", "t", true), (Offset{ErrorCode::none, 9}));
}

TEST(Transactions, OffsetsAreRefusedToThoseWhoAreNoMembers) {
    TransactionsStory story;
    story.create("t");
    auto a = story.producer("a");
    auto request = TransactionsStory::offsets_request(a, "g", "t", 1);
    request.member_id = "nobody";
    request.generation_id = 3;
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).error_code,
              ErrorCode::illegal_generation);
    request = TransactionsStory::offsets_request(a, "", "t", 1);
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).error_code,
              ErrorCode::invalid_group_id);
    request = TransactionsStory::offsets_request(a, "g", "nowhere", 1);
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).error_code,
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(story.described("a").transaction_state, "Empty");
}

// ---- time, and administrators -------------------------------------------------------------------

TEST_P(Transacting, ATransactionThatTakesTooLongIsAbortedAndItsProducerFenced) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    story.pass(Duration{59'999});
    EXPECT_EQ(story.described("a").transaction_state, "Ongoing");
    ASSERT_TRUE(story.broker->next_tick());
    EXPECT_LE(*story.broker->next_tick(), story.now.instant + Duration{1});
    story.pass(Duration{1});
    story.sync();
    EXPECT_EQ(story.described("a").transaction_state, "CompleteAbort");
    EXPECT_EQ(story.last_stable("t"), 2);
    EXPECT_EQ(story.write(a, "t", {"2"}), ErrorCode::invalid_producer_epoch);
    EXPECT_EQ(story.commit(a), ErrorCode::producer_fenced);
    EXPECT_EQ(story.committed("t"), Values{});
}

TEST_P(Transacting, ATimeoutCountsOverARestart) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    story.pass(Duration{30'000});
    story.crash();
    story.pass(Duration{30'000});
    story.sync();
    EXPECT_EQ(story.described("a").transaction_state, "CompleteAbort");
}

TEST_P(Transacting, AFullJournalDelaysTheAbort) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    story.journal.full = true;
    story.pass(Duration{60'000});
    EXPECT_GT(*story.broker->next_tick(), story.now.instant) << "no busy waiting";
    story.journal.full = false;
    story.pass(full_journal_retry);
    story.sync();
    EXPECT_EQ(story.described("a").transaction_state, "CompleteAbort");
}

TEST_P(Transacting, IdsThatNobodyUsesAreForgotten) {
    auto a = producer("a");
    auto b = producer("b");
    auto const week = story.options.transactional_id_expiration_ms;
    story.add_and_write(b, "t", {"1"});
    story.commit(b);
    story.pass(week - Duration{1});
    EXPECT_EQ(story.described("a").error_code, ErrorCode::none);
    story.pass(Duration{1});
    story.sync();
    EXPECT_EQ(story.described("a").error_code, ErrorCode::transactional_id_not_found);
    EXPECT_EQ(story.described("b").error_code, ErrorCode::transactional_id_not_found);
    EXPECT_EQ(story.commit(b), ErrorCode::invalid_producer_id_mapping);
    EXPECT_EQ(story.committed("t"), (Values{"1"}));
    story.crash();
    EXPECT_EQ(story.described("a").error_code, ErrorCode::transactional_id_not_found);
}

TEST_P(Transacting, AdministratorsSeeAndAbortIt) {
    auto a = producer("a");
    story.produce("t", {"0"});
    story.add_and_write(a, "t", {"1"});
    story.add_and_write(a, "u", {"2"});
    auto const started = story.now.wall_ms;
    story.pass(Duration{5000});
    auto const state = story.described("a");
    EXPECT_EQ(state.transaction_state, "Ongoing");
    EXPECT_EQ(state.transaction_start_time_ms, started);
    EXPECT_EQ(state.transaction_timeout_ms, 60000);
    EXPECT_EQ(state.producer_id, a.name.id);
    ASSERT_EQ(state.topics.size(), 2u);
    EXPECT_EQ(state.topics[0].topic, "t");
    EXPECT_EQ(state.topics[0].partitions, (std::vector{0}));

    kafka::DescribeProducersRequest producers;
    producers.topics.push_back({.name = "t", .partition_indexes = {0}});
    auto const active = story.ask(producers).topics.at(0).partitions.at(0).active_producers.at(0);
    EXPECT_EQ(active.current_txn_start_offset, 1);

    kafka::WriteTxnMarkersRequest abort;
    auto& marker = abort.markers.emplace_back();
    marker.producer_id = active.producer_id;
    marker.producer_epoch = std::int16_t(active.producer_epoch);
    marker.topics.push_back({"t", {0}});
    EXPECT_EQ(story.ask(abort).markers.at(0).topics.at(0).partitions.at(0).error_code,
              ErrorCode::none);
    EXPECT_EQ(story.described("a").transaction_state, "CompleteAbort");
    EXPECT_EQ(story.last_stable("u"), 2) << "all of it is aborted, not one partition's part";
    EXPECT_EQ(story.commit(a), ErrorCode::producer_fenced);
    EXPECT_EQ(story.ask(producers)
                  .topics.at(0)
                  .partitions.at(0)
                  .active_producers.at(0)
                  .current_txn_start_offset,
              -1);
}

TEST(Transactions, AreListedByStateProducerDurationAndPattern) {
    TransactionsStory story;
    story.create("t");
    auto old = story.producer("shop-1");
    story.write(old, "t", {"1"});
    story.pass(Duration{1000});
    auto young = story.producer("shop-2");
    story.write(young, "t", {"2"});
    story.producer("idle");
    auto const ids = [&](auto change) {
        kafka::ListTransactionsRequest request;
        change(request);
        Values list;
        auto const answer = story.ask(request);
        EXPECT_EQ(answer.error_code, ErrorCode::none);
        for (auto const& one : answer.transaction_states) list.push_back(one.transactional_id);
        return list;
    };
    EXPECT_EQ(ids([](auto&) {}), (Values{"idle", "shop-1", "shop-2"}));
    EXPECT_EQ(ids([](auto& r) { r.state_filters = {"Ongoing"}; }), (Values{"shop-1", "shop-2"}));
    EXPECT_EQ(ids([](auto& r) { r.state_filters = {"Dead", "Empty"}; }), (Values{"idle"}));
    EXPECT_EQ(ids([&](auto& r) { r.producer_id_filters = {young.name.id}; }), (Values{"shop-2"}));
    EXPECT_EQ(ids([](auto& r) { r.state_filters = {"Ongoing"}, r.duration_filter = 999; }),
              (Values{"shop-1"}));
    EXPECT_EQ(ids([](auto& r) { r.transactional_id_pattern = "shop-.*"; }),
              (Values{"shop-1", "shop-2"}));
    EXPECT_EQ(ids([](auto& r) { r.transactional_id_pattern = "shop"; }), Values{});

    kafka::ListTransactionsRequest request;
    request.state_filters = {"Nonsense"};
    EXPECT_EQ(story.ask(request).unknown_state_filters, (Values{"Nonsense"}));
    request.transactional_id_pattern = "(";
    EXPECT_EQ(story.ask(request).error_code, ErrorCode::invalid_regular_expression);
}

// ---- what goes on around it ---------------------------------------------------------------------

TEST_P(Transacting, ADeletedTopicLeavesTheTransactionAndTheRestIsCommitted) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    story.add_and_write(a, "u", {"2"});
    EXPECT_EQ(story.remove("t"), ErrorCode::none);
    EXPECT_EQ(story.commit(a), ErrorCode::none);
    EXPECT_EQ(story.committed("u"), (Values{"2"}));
    story.checkpoint();
    story.crash();
}

TEST_P(Transacting, DeletedRecordsTakeTheirAbortedTransactionsAlong) {
    auto a = producer("a");
    story.add_and_write(a, "t", {"1"});
    story.abort(a);
    story.add_and_write(a, "t", {"2"});
    kafka::DeleteRecordsRequest request;
    request.topics = {{.name = "t", .partitions = {{.partition_index = 0, .offset = 3}}}};
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.at(0).low_watermark, 3);
    EXPECT_EQ(story.last_stable("t"), 3) << "never before the log start";
    story.commit(a);
    EXPECT_EQ(story.fetch_committed("t", 3).aborted_transactions->size(), 0u);
    story.checkpoint();
    story.crash();
    EXPECT_EQ(story.committed("t"), Values{});
}

TEST_P(Transacting, MoreOpenTransactionsThanProducersMayBeRemembered) {
    Options options;
    options.producers_max = 1;
    TransactionsStory other{options};
    other.create("t");
    std::vector<TestProducer> all;
    for (int n = 0; n < 4; ++n) {
        all.push_back(other.producer(std::to_string(n), GetParam()));
        EXPECT_EQ(other.add_and_write(all.back(), "t", {"x"}), ErrorCode::none);
    }
    EXPECT_EQ(other.produce_as(5000, 0, 0, "t", {"y"}).error_code, ErrorCode::none);
    other.checkpoint();
    other.crash();
    for (auto& one : all) EXPECT_EQ(other.commit(one), ErrorCode::none);
    EXPECT_EQ(other.committed("t").size(), 5u);
}

TEST_P(Transacting, AProducerWithAnOpenTransactionIsNotForgotten) {
    Options options;
    options.producer_id_expiration_ms = std::chrono::milliseconds{1000};
    options.producers_max = 2;
    TransactionsStory other{options};
    other.create("t");
    auto a = other.producer("a", GetParam());
    other.add_and_write(a, "t", {"1"});
    other.pass(Duration{2000});
    for (std::int64_t id = 5000; id < 5005; ++id) other.produce_as(id, 0, 0, "t", {"x"});
    other.checkpoint();
    other.crash();
    auto retry = a;
    retry.sequences.clear();
    EXPECT_EQ(other.write(retry, "t", {"1"}), ErrorCode::none) << "it was seen: no second record";
    EXPECT_EQ(other.list_offset("t", -1), 6);
    other.commit(a);
    EXPECT_EQ(other.committed("t").size(), 6u);
}

}  // namespace
}  // namespace klamm::broker
