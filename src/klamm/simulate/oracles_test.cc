// Each oracle with histories made by hand: one that is right, and what is wrong in others.
#include "klamm/simulate/oracles.h"

#include "klamm/handler/dead_letter.h"
#include "klamm/simulate/sample_app.h"

#include <gmock/gmock.h>

namespace klamm::simulated {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using Kind = Fact::Kind;

/// Writes histories: `input("a", "KL1")`, `run(0, done(), {"n1"})`, `send("n1", "a")`.
class Told {
public:
    App const app = sample_app();
    History history;

    /// In flights/0. Gives its offset.
    std::int64_t input(std::string id, std::string key) {
        auto& all = history.topics["flights"];
        StoredMessage message;
        message.position = {"flights", 0, std::int64_t(all.size())};
        message.key = std::move(key);
        message.value = "{}";
        message.event = {.id = std::move(id), .source = "/delays", .type = "flights.late"};
        all.push_back(std::move(message));
        history.offsets[{"flights", 0}] = {std::int64_t(all.size()), ""};
        return std::int64_t(all.size()) - 1;
    }
    /// An event that a handler sent, committed to claims/0.
    void send(std::string id, std::string cause, std::string key = "KL1") {
        auto& all = history.topics["claims"];
        StoredMessage message;
        message.position = {"claims", 0, std::int64_t(all.size())};
        message.key = std::move(key);
        message.value = id;
        message.event = {.id = std::move(id), .source = "/delays", .type = "flights.claim"};
        message.event.causation_id = std::move(cause);
        all.push_back(std::move(message));
    }
    void fact(Kind kind, std::int64_t offset, std::int32_t attempt = 1, Outcome outcome = {}) {
        history.facts.push_back({.kind = kind,
                                 .life = 1,
                                 .at = {"flights", 0, offset},
                                 .handler = "late",
                                 .attempt = attempt,
                                 .outcome = std::move(outcome)});
    }
    void run(std::int64_t offset, Outcome outcome, std::vector<std::string> const& sends = {},
             std::int32_t attempt = 1) {
        fact(Kind::began, offset, attempt);
        fact(Kind::ended, offset, attempt, std::move(outcome));
        for (auto const& id : sends) {
            fact(Kind::sent, offset);
            history.facts.back().topic = "claims";
            history.facts.back().id = id;
        }
    }
    void commit(std::int64_t offset, std::string outcome) {
        fact(Kind::committed, offset);
        history.facts.back().committed_as = std::move(outcome);
    }
    void dead_letter(std::int64_t offset, bool parked = false) {
        auto& all = history.topics["flights-dlt"];
        auto message = history.topics.at("flights").at(std::size_t(offset));
        handler::DeadLetter letter;
        letter.original = message.position;
        letter.group = "delays";
        letter.handler = "late";
        letter.reason = "no";
        letter.parked = parked;
        message.headers = handler::write_dead_letter({}, letter, DeadLetterDialect::klamm);
        message.position = {"flights-dlt", 0, std::int64_t(all.size())};
        all.push_back(std::move(message));
    }
    std::string once() const { return exactly_once(app, history); }
    std::string order() const { return key_order(app, history); }
    std::string tries() const { return attempts(app, history); }
};

/// Two events of one key, both handled, one event sent by each.
Told told_well() {
    Told told;
    told.input("a", "KL1");
    told.input("b", "KL1");
    told.run(0, done(), {"a1"});
    told.run(1, done(), {"b1"});
    told.send("a1", "a");
    told.send("b1", "b");
    told.commit(0, "done");
    told.commit(1, "done");
    return told;
}

TEST(Oracles, FindNothingWhereNothingIs) {
    auto const told = told_well();
    EXPECT_THAT(told.once(), IsEmpty());
    EXPECT_THAT(told.order(), IsEmpty());
    EXPECT_THAT(told.tries(), IsEmpty());
    EXPECT_THAT(redelivery(told.app, told.history, told_well().history), IsEmpty());
}

TEST(ExactlyOnce, NoticesWhatWasNeverFinished) {
    auto told = told_well();
    told.history.offsets[{"flights", 0}].offset = 1;
    EXPECT_THAT(told.once(), HasSubstr("b (flights.late, key KL1) at flights/0@1 was never"));
}

TEST(ExactlyOnce, NoticesWhatWasSentTwice) {
    auto told = told_well();
    told.send("a1", "a");
    EXPECT_THAT(told.once(), HasSubstr("is there again at claims/0@2"));
}

TEST(ExactlyOnce, NoticesWhatWasNotSent) {
    auto told = told_well();
    told.history.topics["claims"].pop_back();
    EXPECT_THAT(told.once(), HasSubstr("what it sent is not there: b1 in claims"));
}

TEST(ExactlyOnce, NoticesWhatWasPassedOver) {
    auto told = told_well();
    told.input("c", "KL2");
    EXPECT_THAT(told.once(), HasSubstr("was never handled"));
}

TEST(ExactlyOnce, LetsARunThatWasNotCommittedBe) {
    auto told = told_well();
    told.input("c", "KL2");
    told.run(2, done(), {"lost with its instance"});
    told.run(2, done(), {"c1"});
    told.send("c1", "c", "KL2");
    EXPECT_THAT(told.once(), IsEmpty());
}

TEST(ExactlyOnce, LetsADuplicateBePassedOver) {
    auto told = told_well();
    told.input("a", "KL1");
    EXPECT_THAT(told.once(), IsEmpty());
    told.run(2, done());
    told.commit(2, "done");
    EXPECT_THAT(told.once(), HasSubstr("was done before, at flights/0@0"));
}

TEST(ExactlyOnce, NoticesADeadLetterThatIsThereTwice) {
    auto told = told_well();
    told.input("c", "KL2");
    told.run(2, dead_letter("no"));
    told.dead_letter(2);
    EXPECT_THAT(told.once(), IsEmpty());
    told.dead_letter(2);
    EXPECT_THAT(told.once(), HasSubstr("is twice among the dead letters"));
}

TEST(ExactlyOnce, NoticesADeadLetterThatSentSomething) {
    auto told = told_well();
    told.dead_letter(1);
    EXPECT_THAT(told.once(), HasSubstr("is a dead letter, and yet it sent b1"));
}

TEST(KeyOrder, NoticesRunsInTheWrongOrder) {
    Told told;
    told.input("a", "KL1");
    told.input("b", "KL1");
    told.run(1, done());
    told.run(0, done());
    EXPECT_THAT(told.order(), HasSubstr("is handled behind flights/0@1, which came later"));
}

TEST(KeyOrder, BeginsAnewWithAnotherAssignment) {
    Told told;
    told.input("a", "KL1");
    told.input("b", "KL1");
    told.run(0, done());
    told.run(1, done());
    told.fact(Kind::released, -1);
    told.fact(Kind::assigned, -1);
    told.run(0, done());
    EXPECT_THAT(told.order(), IsEmpty());
}

TEST(KeyOrder, NoticesTwoRunsOfAKeyAtATime) {
    Told told;
    told.input("a", "KL1");
    told.input("b", "KL1");
    told.fact(Kind::began, 0);
    told.fact(Kind::began, 1);
    EXPECT_THAT(told.order(), HasSubstr("while another event of its key is"));
}

TEST(KeyOrder, NoticesSendsInTheWrongOrder) {
    auto told = told_well();
    auto& claims = told.history.topics["claims"];
    std::swap(claims[0].event, claims[1].event);
    EXPECT_THAT(told.order(), HasSubstr("stands behind what"));
}

TEST(KeyOrder, NoticesWhoOvertakesADeadLetter) {
    Told told;
    told.input("a", "KL1");
    told.input("b", "KL1");
    told.run(0, dead_letter("no"));
    told.commit(0, "dead_letter: no");
    told.dead_letter(0);
    EXPECT_THAT(told.order(), IsEmpty());
    told.run(1, done());
    told.commit(1, "done");
    EXPECT_THAT(told.order(), HasSubstr("was handled although flights/0@0 waits"));
}

TEST(Attempts, CountUpToTheLast) {
    Told told;
    told.input("a", "KL1");
    for (std::int32_t attempt = 1; attempt <= 4; ++attempt) told.run(0, retry("no"), {}, attempt);
    EXPECT_THAT(told.tries(), IsEmpty());
    told.run(0, retry("no"), {}, 5);
    EXPECT_THAT(told.tries(), HasSubstr("is tried 5 times, and not 4"));
}

TEST(Attempts, DoNotBeginAnew) {
    Told told;
    told.input("a", "KL1");
    told.run(0, retry("no"), {}, 1);
    told.run(0, retry("no"), {}, 1);
    EXPECT_THAT(told.tries(), HasSubstr("try 2 of"));
}

TEST(Redelivery, NoticesWhatIsMissingAndWhatIsNew) {
    auto const right = told_well();
    auto less = told_well();
    less.history.topics["claims"].pop_back();
    EXPECT_THAT(redelivery(right.app, less.history, right.history), HasSubstr("is missing"));
    EXPECT_THAT(redelivery(right.app, right.history, less.history),
                HasSubstr("is not there without faults"));
}

}  // namespace
}  // namespace klamm::simulated
