#include "klamm/handler/requests.h"

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/fake_bus.h"

#include <gtest/gtest.h>

namespace klamm::handler {
namespace {

struct Question {
    static constexpr EventName event{"question"};
    std::int32_t number = 0;
    static constexpr void describe(auto& field) { field("number", &Question::number); }
};
struct Answer {
    static constexpr EventName event{"answer"};
    std::int32_t number = 0;
    static constexpr void describe(auto& field) { field("number", &Answer::number); }
};

struct RequestWorld : testing::Test {
    bus::VirtualLoop loop;
    FakeBus bus{loop};
    std::unique_ptr<Codecs> codecs = make_codecs(Format::json, nullptr, loop);
    App app{"billing"};
    Random ids{7};
    Requests requests = make();
    std::vector<std::string> heard;

    Requests make() {
        bus.topics["questions"] = 2;
        return {loop,
                bus,
                *codecs,
                {.group = "billing",
                 .instance = "one",
                 .topic = {.name = "billing-replies"},
                 .waiting_max = 3}};
    }
    void ask(std::int32_t number, Duration patience = Duration{5'000}) {
        Question const question{number};
        auto record = make_published(app, *codecs, "questions", event_type<Question>(), &question,
                                     {}, ids, Time{});
        requests.request(std::move(record), event_type<Answer>(), patience, [this](auto reply) {
            heard.push_back(reply ? std::to_string(static_cast<Answer const*>(reply->get())->number)
                                  : reply.error().why);
        });
    }
    /// Answers as Spring's @SendTo does: the value, and the correlation id that came.
    void answer(bus::Record const& question, std::string value, Headers more = {}) {
        auto const to = reply_to(question.headers);
        ASSERT_TRUE(to.has_value());
        bus::Outgoing reply{.topic = to->topic,
                            .partition = to->partition,
                            .value = std::move(value),
                            .headers = std::move(more)};
        set_header(reply.headers, correlation_header, to->correlation.value());
        bus.append(std::move(reply));
    }
};

TEST_F(RequestWorld, a_request_is_answered) {
    bus.on_record = [this](bus::Record const& question) { answer(question, "{\"number\":42}"); };
    ask(1);
    loop.pass(Duration{100});
    EXPECT_EQ(heard, (std::vector<std::string>{"42"}));
    auto const& headers = bus.logs.at({"questions", 0}).at(0).headers;
    EXPECT_EQ(find_header(headers, "kafka_replyTopic"), "billing-replies");
    EXPECT_EQ(find_header(headers, "kafka_replyPartition"), std::string_view("\0\0\0\0", 4));
    EXPECT_EQ(find_header(headers, "kafka_correlationId")->size(), 16U);
    EXPECT_EQ(find_header(headers, "ce_type"), "question");
}

TEST_F(RequestWorld, each_request_gets_its_own_reply_in_any_order) {
    std::vector<bus::Record> questions;
    bus.on_record = [&](bus::Record const& question) { questions.push_back(question); };
    ask(1);
    ask(2);
    loop.pass(Duration{100});
    ASSERT_EQ(questions.size(), 2U);
    answer(questions[1], "{\"number\":2}");
    loop.pass(Duration{100});
    answer(questions[0], "{\"number\":1}");
    loop.pass(Duration{100});
    EXPECT_EQ(heard, (std::vector<std::string>{"2", "1"}));
}

TEST_F(RequestWorld, without_a_reply_the_time_out_says_where_the_request_is) {
    ask(1, Duration{500});
    loop.pass(Duration{10'000});
    EXPECT_EQ(heard, (std::vector<std::string>{"no reply to the request in questions/0@0 within "
                                               "500 ms: it may be handled nevertheless"}));
    EXPECT_EQ(requests.waiting(), 0U);
    EXPECT_EQ(loop.planned(), 0U);  // nothing is read when nobody waits
}

TEST_F(RequestWorld, late_and_foreign_replies_are_passed_over) {
    std::vector<bus::Record> questions;
    bus.on_record = [&](bus::Record const& question) { questions.push_back(question); };
    ask(1, Duration{100});
    loop.pass(Duration{200});
    ask(2);
    loop.pass(Duration{100});
    ASSERT_EQ(questions.size(), 2U);
    answer(questions[0], "{\"number\":1}");
    bus.append({.topic = "billing-replies", .partition = 0, .value = "no correlation"});
    for (int i = 0; i < 10; ++i)
        bus.append({.topic = "billing-replies",
                    .partition = 0,
                    .value = "x",
                    .headers = {{"kafka_correlationId", "of somebody else"}}});
    answer(questions[1], "{\"number\":2}");
    answer(questions[1], "{\"number\":3}");
    loop.pass(Duration{200});
    ASSERT_EQ(heard.size(), 2U);
    EXPECT_EQ(heard[1], "2");
}

TEST_F(RequestWorld, a_reply_that_cannot_be_read_says_so) {
    bus.on_record = [this](bus::Record const& question) { answer(question, "{\"number\":"); };
    ask(1);
    loop.pass(Duration{100});
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_EQ(heard[0].find("the reply at billing-replies/0@0 cannot be read: "), 0U) << heard[0];
}

TEST_F(RequestWorld, a_reply_of_another_type_says_so) {
    bus.on_record = [this](bus::Record const& question) {
        Headers headers;
        write_context(headers, {.id = "1", .source = "/s", .type = "refusal"});
        answer(question, "{}", headers);
    };
    ask(1);
    loop.pass(Duration{100});
    EXPECT_EQ(heard, (std::vector<std::string>{"the reply at billing-replies/0@0 is a refusal, "
                                               "where a answer was expected"}));
}

TEST_F(RequestWorld, a_log_that_is_away_is_named_and_the_next_request_tries_again) {
    bus.error = bus::Error{bus::Error::Kind::away, "nobody answers"};
    ask(1);
    loop.pass(Duration{100});
    EXPECT_EQ(heard, (std::vector<std::string>{"nobody answers"}));
    bus.error.reset();
    bus.on_record = [this](bus::Record const& question) { answer(question, "{\"number\":42}"); };
    ask(2);
    loop.pass(Duration{100});
    EXPECT_EQ(heard.back(), "42");
}

TEST_F(RequestWorld, a_log_that_goes_away_meanwhile_is_read_again) {
    std::vector<bus::Record> questions;
    bus.on_record = [&](bus::Record const& question) { questions.push_back(question); };
    ask(1);
    loop.pass(Duration{50});
    bus.error = bus::Error{bus::Error::Kind::away, "nobody answers"};
    loop.pass(Duration{1'000});
    bus.error.reset();
    answer(questions.at(0), "{\"number\":1}");
    loop.pass(Duration{200});
    EXPECT_EQ(heard, (std::vector<std::string>{"1"}));
}

TEST_F(RequestWorld, replies_that_retention_took_away_hold_up_nobody) {
    std::vector<bus::Record> questions;
    bus.on_record = [&](bus::Record const& question) { questions.push_back(question); };
    ask(1);
    loop.pass(Duration{50});
    for (int i = 0; i < 5; ++i)
        bus.append({.topic = "billing-replies", .partition = 0, .value = "x"});
    bus.oldest[{"billing-replies", 0}] = 5;
    answer(questions.at(0), "{\"number\":1}");
    loop.pass(Duration{200});
    EXPECT_EQ(heard, (std::vector<std::string>{"1"}));
}

TEST_F(RequestWorld, only_so_many_wait) {
    for (std::int32_t i = 0; i < 4; ++i) ask(i);
    loop.pass(Duration{100});
    EXPECT_EQ(heard,
              (std::vector<std::string>{"3 requests wait for replies already: no more are sent"}));
    EXPECT_EQ(bus.end({"questions", 0}), 3);
}

TEST(ReplyTo, is_read_as_spring_writes_it) {
    auto const to = reply_to({{"kafka_replyTopic", "answers"},
                              {"kafka_replyPartition", std::string("\0\0\1\2", 4)},
                              {"kafka_correlationId", std::string("\0\xff", 2)}});
    ASSERT_TRUE(to.has_value());
    EXPECT_EQ(to->topic, "answers");
    EXPECT_EQ(to->partition, 258);
    EXPECT_EQ(to->correlation, std::string("\0\xff", 2));
    EXPECT_FALSE(reply_to({}).has_value());
    EXPECT_FALSE(reply_to({{"kafka_replyTopic", "a"}, {"kafka_replyPartition", "1"}}).has_value());
    EXPECT_FALSE(reply_to({{"kafka_replyTopic", "a"}, {"kafka_replyPartition", "\xff\xff\xff\xff"}})
                     .has_value());
}

TEST(Publish, ids_of_instances_and_lives_differ) {
    auto const first = seed_of_ids(1, "one", "events", 0);
    EXPECT_EQ(seed_of_ids(1, "one", "events", 0), first);
    EXPECT_NE(seed_of_ids(1, "two", "events", 0), first);
    EXPECT_NE(seed_of_ids(1, "one", "requests", 0), first);
    EXPECT_NE(seed_of_ids(1, "one", "events", 1), first);
    EXPECT_NE(seed_of_ids(2, "one", "events", 0), first);
}

TEST(Publish, says_who_made_the_event_and_what_it_is) {
    bus::VirtualLoop loop;
    auto const codecs = make_codecs(Format::json, nullptr, loop);
    App const app{"billing"};
    Random ids(1);
    Question const question{3};
    auto const record = make_published(app, *codecs, "questions", event_type<Question>(), &question,
                                       {.key = "ann", .headers = {{"mine", "1"}}, .subject = "s"},
                                       ids, Time{milliseconds{0}});
    EXPECT_EQ(record.key, "ann");
    EXPECT_EQ(record.value, "{\"number\":3}");
    EXPECT_EQ(find_header(record.headers, "mine"), "1");
    EXPECT_EQ(find_header(record.headers, "ce_source"), "/billing");
    EXPECT_EQ(find_header(record.headers, "ce_type"), "question");
    EXPECT_EQ(find_header(record.headers, "ce_subject"), "s");
    EXPECT_EQ(find_header(record.headers, "ce_id")->size(), 36U);
    auto const again = make_published(app, *codecs, "questions", event_type<Question>(), &question,
                                      {.id = "q-1", .source = "/me"}, ids, Time{});
    EXPECT_EQ(find_header(again.headers, "ce_id"), "q-1");
    EXPECT_EQ(find_header(again.headers, "ce_source"), "/me");
}

}  // namespace
}  // namespace klamm::handler
