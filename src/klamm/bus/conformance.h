// bus/conformance.h - what every bus must do, as one suite of tests.
//
// A test file instantiates it for its implementation:
//
//   INSTANTIATE_TYPED_TEST_SUITE_P(Embedded, BusConformance, EmbeddedWorld);
//
// where the world is default-constructible and has
//
//   std::unique_ptr<Bus> make_bus();         // one more client of the same log
//   std::unique_ptr<Bus> make_absent_bus();  // of one that never answers, with short patience
//   bool run_until(std::function<bool()>);   // runs the loop; false: it does not come true
//   void pass(Duration);                     // runs the loop for a while
//   std::string unique(std::string);         // a name that nobody else has
//   std::int64_t wall_ms();                  // now, as records have it
//
// By subject: conformance_records.h, _transactions.h, _groups.h, _ends.h.
#pragma once

#include "klamm/bus/conformance_ends.h"
#include "klamm/bus/conformance_groups.h"
#include "klamm/bus/conformance_records.h"
#include "klamm/bus/conformance_transactions.h"

namespace klamm::bus {

REGISTER_TYPED_TEST_SUITE_P(
    BusConformance, TheLogSaysWhatItCanDo, TopicsAreMadeOnceAndDescribed,
    ATopicThatCannotBeMadeIsRefusedWithTheReason, ARecordIsReadAsItWasSent,
    KeysChooseTheirPartitionAsInJava, RecordsWithoutAKeyGoAnywhereAndAreThere,
    SendsKeepTheirOrderAndGiveTheirPlaces, MoreThanOneBatchIsSentInOrder,
    CompressedTopicsReadAsOthers, AProducerThatDiesLeavesAllOfItsTransactionOrNothing,
    WhatCannotBeWrittenIsRefused, NobodyFailsForTheRecordsOfAnother, ReadingGoesOnWhereItIsTold,
    OffsetsAreFoundByTime, ATransactionIsAllOfIt, OneTransactionFollowsTheOther,
    ATransactionThatIsRefusedLeavesNothing, WhoTakesOverFencesThePredecessor, OneThingAtATime,
    AMemberReadsWhatIsCommitted, RecordsComeFromWhereItIsResumedAndNotWhileItIsPaused,
    OffsetsAreCommittedWithTheTransactionAndGoOnThere, PartitionsAreHandedOverWhenTheyAreReleased,
    OffsetsOfOpenTransactionsAreWaitedFor, EverythingMayBeDestroyedInsideItsOwnCallbacks,
    WhoNeverAnswersIsAwayInTheEnd);

}  // namespace klamm::bus
