// Each checker of transactions is silent about a sound history and speaks about a forged one.
#include "klamm/sim/fetched.h"
#include "klamm/sim/processed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::sim {
namespace {

using Kind = SeenBatch::Kind;
using testing::HasSubstr;

PartitionName const events{"events", 0};
PartitionName const results{"results", 0};

/// A log that is written line by line, and told to one checker.
class Log {
public:
    explicit Log(PartitionName name) : name_(std::move(name)) {}

    Log& write(std::string value, std::int64_t producer = -1) {
        add(producer < 0 ? Kind::plain : Kind::transactional, producer, std::move(value));
        return *this;
    }
    Log& commit(std::int64_t producer) {
        add(Kind::commit, producer, "(commit)");
        return *this;
    }
    Log& abort(std::int64_t producer) {
        add(Kind::abort, producer, "(abort)");
        return *this;
    }
    Log& stable_up_to(std::int64_t offset) {
        stable_ = offset;
        return *this;
    }
    Log& shows(std::vector<SeenRecord> records) {
        shown_ = std::move(records);
        return *this;
    }
    std::int64_t end() const { return std::int64_t(batches_.size()); }

    ReadRecords seen(Time when = 0) {
        all_ = records_of(batches_);
        ReadRecords seen{.partition = name_, .asked = when, .got = when, .records = all_};
        seen.high_watermark = end();
        seen.last_stable = stable_.value_or(end());
        seen.batches = batches_;
        if (shown_) seen.committed = *shown_;
        return seen;
    }

private:
    void add(Kind kind, std::int64_t producer, std::string value) {
        auto const at = end();
        std::vector<SeenRecord> records{{at, std::move(value)}};
        batches_.push_back({kind, at, at, producer, 0,
                            std::make_shared<std::vector<SeenRecord> const>(std::move(records))});
    }

    PartitionName name_;
    std::vector<SeenBatch> batches_;
    std::vector<SeenRecord> all_;
    std::optional<std::int64_t> stable_;
    std::optional<std::vector<SeenRecord>> shown_;
};

struct Told {
    explicit Told(std::unique_ptr<Checker> (*make)(Violations&)) : checker(make(violations)) {}
    std::string complaint() const { return violations.first() ? violations.first()->what : ""; }

    Violations violations;
    std::unique_ptr<Checker> checker;
};

// ---- transaction_atomic ---------------------------------------------------------------------

TEST(TransactionAtomic, is_silent_while_all_partitions_agree) {
    Told told{transaction_atomic};
    told.checker->transaction_ended({"t0-1", true});
    told.checker->transaction_ended({"t0-2", false});
    Log one{events}, other{results};
    one.write("t0-1:a", 7).commit(7).write("t0-2:a", 7).abort(7).write("t0-3:a", 7);
    other.write("t0-1:b", 7).commit(7).write("t0-2:b", 7).abort(7).write("t0-3:b", 7);
    told.checker->audited(one.seen());
    told.checker->audited(other.seen());
    told.checker->audit_ended();
    told.checker->audited_topics({});
    told.checker->audited(one.commit(7).seen());  // as a later audit may find it
    EXPECT_EQ(told.complaint(), "");
}

TEST(TransactionAtomic, sees_a_torn_transaction) {
    Told told{transaction_atomic};
    Log one{events}, other{results};
    told.checker->audited(one.write("t0-1:a", 7).commit(7).seen());
    told.checker->audited(other.write("t0-1:b", 7).seen());
    EXPECT_EQ(told.complaint(), "transaction t0-1 is committed in events/0 and open in results/0");
}

TEST(TransactionAtomic, sees_a_commit_that_became_an_abort) {
    Told told{transaction_atomic};
    told.checker->transaction_ended({"t0-1", true});
    Log log{events};
    told.checker->audited(log.write("t0-1:a", 7).abort(7).seen());
    EXPECT_EQ(told.complaint(),
              "transaction t0-1 was told to be committed; in events/0 it is aborted");
}

TEST(TransactionAtomic, sees_a_transaction_that_a_marker_of_another_one_ended) {
    Told told{transaction_atomic};
    told.checker->transaction_ended({"t0-2", false});
    Log log{events};
    told.checker->audited(log.write("t0-1:a", 7).commit(7).write("t0-2:a", 7).commit(7).seen());
    EXPECT_THAT(told.complaint(), HasSubstr("t0-2 was told to be aborted"));
}

// ---- committed_reads ------------------------------------------------------------------------

TEST(CommittedReads, is_silent_when_all_that_is_committed_is_shown) {
    Told told{committed_reads};
    Log log{events};
    log.write("i0").write("t0-1:a", 7).commit(7).write("t0-2:a", 7).abort(7).write("t0-3:a", 7);
    log.write("i1").stable_up_to(5).shows({{0, "i0"}, {1, "t0-1:a"}});
    told.checker->read(log.seen());
    told.checker->transaction_ended({"t0-2", false});
    told.checker->audited(log.seen());
    EXPECT_EQ(told.complaint(), "");
}

TEST(CommittedReads, sees_an_aborted_record_that_is_shown) {
    Told told{committed_reads};
    Log log{events};
    log.write("t0-1:a", 7).abort(7).shows({{0, "t0-1:a"}});
    told.checker->audited(log.seen());
    EXPECT_EQ(told.complaint(), "events/0: offset 0 (t0-1:a) is shown, nothing should be");
}

TEST(CommittedReads, sees_a_committed_record_that_is_missing) {
    Told told{committed_reads};
    Log log{events};
    told.checker->audited(log.write("t0-1:a", 7).commit(7).shows({}).seen());
    EXPECT_EQ(told.complaint(), "events/0: nothing is shown, offset 0 (t0-1:a) should be");
}

TEST(CommittedReads, sees_a_record_that_was_shown_and_then_aborted) {
    Told told{committed_reads};
    Log log{events};
    told.checker->read(log.write("t0-1:a", 7).shows({{0, "t0-1:a"}}).seen());
    told.checker->transaction_ended({"t0-1", false});
    EXPECT_EQ(told.complaint(), "events/0 offset 0 of the aborted transaction t0-1 was shown");
}

TEST(CommittedReads, sees_a_record_that_is_shown_beyond_the_last_stable_offset) {
    Told told{committed_reads};
    Log log{events};
    told.checker->read(log.write("i0").stable_up_to(0).shows({{0, "i0"}}).seen());
    EXPECT_EQ(told.complaint(), "events/0 offset 0 is shown; the last stable offset is 0");
}

// ---- last_stable ----------------------------------------------------------------------------

TEST(LastStable, is_silent_when_it_stands_at_the_open_transaction) {
    Told told{last_stable};
    std::vector<std::string> const values{"t0-1:a"};
    told.checker->transaction_may_end("t0-1", 100);
    told.checker->acked({events, "t0", false, 1, values}, 1);
    Log log{events};
    log.write("i0").write("t0-1:a", 7).stable_up_to(1);
    told.checker->read(log.seen(10));
    told.checker->audited(log.seen(11));
    log.commit(7).stable_up_to(3);
    told.checker->read(log.seen(101));
    EXPECT_EQ(told.complaint(), "");
}

TEST(LastStable, sees_one_that_ignores_an_open_transaction) {
    Told told{last_stable};
    std::vector<std::string> const values{"t0-1:a"};
    told.checker->transaction_may_end("t0-1", 100);
    told.checker->acked({events, "t0", false, 1, values}, 1);
    Log log{events};
    told.checker->read(log.write("i0").write("t0-1:a", 7).stable_up_to(2).seen(10));
    EXPECT_EQ(told.complaint(),
              "events/0: the last stable offset is 2; transaction t0-1 is open at 1");
}

TEST(LastStable, sees_one_that_stays_behind_after_a_restart) {
    Told told{last_stable};
    Log log{events};
    told.checker->audited(log.write("t0-1:a", 7).commit(7).stable_up_to(0).seen());
    EXPECT_EQ(told.complaint(), "events/0: the last stable offset is 0 and should be 2");
}

TEST(LastStable, sees_one_that_goes_back) {
    Told told{last_stable};
    Log log{events};
    told.checker->read(log.write("i0").seen(1));
    told.checker->read(log.stable_up_to(0).seen(2));
    EXPECT_EQ(told.complaint(), "events/0: the last stable offset was 1 and is 0");
}

// ---- exactly_once ---------------------------------------------------------------------------

struct Application : Told {
    Application() : Told(exactly_once) {
        input.write("i0").write("i1").write("t0-1:a", 7).abort(7).write("i2");
    }
    /// What an application that read [from, to) writes.
    std::string piece(std::string const& transaction, std::int64_t from, std::int64_t to) {
        PieceHash hash;
        for (auto const& record : input.seen().records)
            if (record.offset >= from && record.offset < to && record.value.starts_with('i'))
                hash.add(record);
        return to_value({events, from, to, hash.value(), transaction});
    }
    void audit(std::int64_t committed) {
        checker->audited_topics({});
        checker->audited(input.seen());
        checker->audited(output.seen());
        checker->commit_read(std::string(application_group), events, committed, 0);
        checker->audit_ended();
    }
    Log input{events}, output{results};
};

TEST(ExactlyOnce, is_silent_when_each_piece_is_there_once) {
    Application application;
    application.output.write(application.piece("x0-1", 0, 2), 9).commit(9);
    application.output.write(application.piece("x0-2", 2, 5), 9).abort(9);
    application.output.write(application.piece("x0-3", 2, 5), 9).commit(9);
    application.audit(5);
    EXPECT_EQ(application.complaint(), "");
}

TEST(ExactlyOnce, forgets_an_audit_that_was_broken_off) {
    Application application;
    application.output.write(application.piece("x0-1", 0, 5), 9).commit(9);
    application.checker->audited_topics({});
    application.checker->audited(application.input.seen());
    application.audit(5);
    EXPECT_EQ(application.complaint(), "");
}

TEST(ExactlyOnce, sees_what_was_processed_twice) {
    Application application;
    application.output.write(application.piece("x0-1", 0, 2), 9).commit(9);
    application.output.write(application.piece("x0-2", 0, 5), 9).commit(9);
    application.audit(5);
    EXPECT_EQ(application.complaint(),
              "events/0 was processed up to 2 and again from 0 to 5 (x0-2)");
}

TEST(ExactlyOnce, sees_what_was_left_out) {
    Application application;
    application.output.write(application.piece("x0-2", 2, 5), 9).commit(9);
    application.audit(5);
    EXPECT_EQ(application.complaint(),
              "events/0 was not processed from 0 to 2; it goes on with x0-2");
}

TEST(ExactlyOnce, allows_a_gap_that_was_deleted) {
    Application application;
    application.checker->deletion_tried(events, 2);
    application.output.write(application.piece("x0-2", 2, 5), 9).commit(9);
    application.audit(5);
    EXPECT_EQ(application.complaint(), "");
}

TEST(ExactlyOnce, sees_offsets_that_were_committed_without_their_output) {
    Application application;
    application.output.write(application.piece("x0-1", 0, 2), 9).commit(9);
    application.output.write(application.piece("x0-2", 2, 5), 9).abort(9);
    application.audit(5);
    EXPECT_EQ(application.complaint(), "events/0 was processed up to 2; the group committed 5");
}

TEST(ExactlyOnce, sees_output_that_was_made_of_aborted_input) {
    Application application;
    auto piece = *parse_piece(application.piece("x0-1", 0, 5));
    PieceHash hash;
    for (auto const& record : application.input.seen().records) hash.add(record);
    piece.hash = hash.value();
    application.output.write(to_value(piece), 9).commit(9);
    application.audit(5);
    EXPECT_THAT(application.complaint(), HasSubstr("the committed records there give"));
}

// ---- what a client shows --------------------------------------------------------------------

TEST(CommittedOf, leaves_out_what_the_list_of_aborted_transactions_names) {
    Log log{events};
    log.write("t0-1:a", 7).write("t1-1:a", 8).abort(7).write("t0-2:a", 7).commit(8).commit(7);
    auto const seen = log.seen();
    EXPECT_EQ(committed_of(seen.batches, {{.producer_id = 7, .first_offset = 0}}),
              (std::vector<SeenRecord>{{1, "t1-1:a"}, {3, "t0-2:a"}}));
    EXPECT_EQ(committed_of(seen.batches, {}).size(), 3U);
}

TEST(Piece, is_read_as_it_was_written) {
    Piece const piece{events, 100, 120, 0x5f3a0012, "x0.2-7"};
    EXPECT_EQ(to_value(piece), "x0.2-7:events/0:100-120#5f3a0012");
    EXPECT_EQ(parse_piece(to_value(piece)), piece);
    EXPECT_EQ(parse_piece("x0.2-7:events/0:100-120#"), std::nullopt);
    EXPECT_EQ(parse_piece("i0-2-17"), std::nullopt);
}

}  // namespace
}  // namespace klamm::sim
