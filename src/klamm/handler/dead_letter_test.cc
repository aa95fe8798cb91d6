// handler/dead_letter_test.cc - headers of dead letters: Klamm's own round trip, others as their
// writers write them.
#include "klamm/handler/dead_letter.h"

#include "klamm/base/random.h"

#include <gmock/gmock.h>

namespace klamm::handler {
namespace {

using namespace std::string_literals;
using Dialect = DeadLetter::Dialect;

DeadLetter card_refused() {
    return {.original = Position{"orders", 3, 1042},
            .original_timestamp = Time{milliseconds{1'750'000'000'123}},
            .group = "billing",
            .handler = "orders.placed",
            .reason = "the bank refused card 4711: \xC3\xBC",
            .error_type = "CardRefused",
            .attempts = 5,
            .failed_at = Time{milliseconds{1'750'000'009'000}},
            .park = Park::key};
}

Headers const plain = {{"ce_id", "o-1"}, {"traceparent", "00-aa-bb-01"}, {"nothing", std::nullopt}};

std::string value(Headers const& headers, std::string_view name) {
    return std::string(find_header(headers, name).value_or("(none)"));
}

TEST(DeadLetter, is_read_as_it_was_written_in_each_dialect_on_request) {
    for (auto const dialect :
         {DeadLetterDialect::klamm, DeadLetterDialect::spring, DeadLetterDialect::share_group}) {
        auto const headers = write_dead_letter(plain, card_refused(), dialect);
        EXPECT_EQ(read_dead_letter(headers), card_refused());
        EXPECT_EQ(original_headers(headers), plain);
    }
}

TEST(DeadLetter, that_waits_behind_another_says_so) {
    auto letter = card_refused();
    letter.parked = true;
    letter.park = Park::partition;
    letter.attempts = 0;
    EXPECT_EQ(read_dead_letter(write_dead_letter({}, letter, DeadLetterDialect::klamm)), letter);
    letter.park = Park::none;
    EXPECT_EQ(read_dead_letter(write_dead_letter({}, letter, DeadLetterDialect::klamm)), letter);
}

TEST(DeadLetter, in_springs_dialect_has_springs_bytes) {
    auto const headers = write_dead_letter(plain, card_refused(), DeadLetterDialect::spring);
    EXPECT_EQ(value(headers, "kafka_dlt-original-topic"), "orders");
    EXPECT_EQ(value(headers, "kafka_dlt-original-partition"), "\0\0\0\3"s);
    EXPECT_EQ(value(headers, "kafka_dlt-original-offset"), "\0\0\0\0\0\0\4\x12"s);
    EXPECT_EQ(value(headers, "kafka_dlt-original-timestamp"), "\0\0\x01\x97\x74\x20\xDC\x7B"s);
    EXPECT_EQ(value(headers, "kafka_dlt-original-consumer-group"), "billing");
    EXPECT_EQ(value(headers, "kafka_dlt-exception-fqcn"), "CardRefused");
}

TEST(DeadLetter, in_the_brokers_dialect_has_decimal_texts) {
    auto const headers = write_dead_letter(plain, card_refused(), DeadLetterDialect::share_group);
    EXPECT_EQ(value(headers, "__dlq.errors.topic"), "orders");
    EXPECT_EQ(value(headers, "__dlq.errors.partition"), "3");
    EXPECT_EQ(value(headers, "__dlq.errors.offset"), "1042");
    EXPECT_EQ(value(headers, "__dlq.errors.group"), "billing");
    EXPECT_EQ(value(headers, "__dlq.errors.delivery.count"), "5");
    EXPECT_EQ(value(headers, "__dlq.errors.message"), card_refused().reason);
}

TEST(DeadLetter, of_a_second_round_replaces_the_first_and_keeps_where_the_event_was_first) {
    auto headers =
        original_headers(write_dead_letter(plain, card_refused(), DeadLetterDialect::spring));
    write_redrive(headers, {.dead_letter = {"orders-dlt", 3, 17},
                            .group = "billing",
                            .redrives = 2,
                            .original = card_refused().original,
                            .original_timestamp = card_refused().original_timestamp});
    auto again = card_refused();
    again.original = Position{"orders", 3, 2000};  // where the redriven record was
    again.original_timestamp = Time{milliseconds{1'750'000'100'000}};
    again.reason = "refused again";
    auto const second = write_dead_letter(headers, again, DeadLetterDialect::klamm);
    auto expected = card_refused();
    expected.reason = "refused again";
    expected.redrives = 2;
    EXPECT_EQ(read_dead_letter(second), expected);
    EXPECT_EQ(original_headers(second), plain);
    EXPECT_FALSE(read_redrive(second));

    // A dead letter that was written in the place of a dead letter.
    auto const third = write_dead_letter(second, again, DeadLetterDialect::klamm);
    EXPECT_EQ(original_headers(third), plain);
}

TEST(DeadLetter, keeps_headers_of_others_that_the_event_had_before) {
    Headers const had = {{"kafka_dlt-original-topic", "elsewhere"}, {"source_topic", "x"}};
    auto const headers = write_dead_letter(had, card_refused(), DeadLetterDialect::klamm);
    EXPECT_EQ(read_dead_letter(headers).dialect, Dialect::klamm);
    EXPECT_EQ(original_headers(headers), had);
}

TEST(DeadLetter, with_a_long_reason_is_cut_at_the_end_of_a_character) {
    auto letter = card_refused();
    letter.reason = std::string(dead_letter_reason_bytes_max - 1, 'a') + "\xC3\xBC";
    auto const read = read_dead_letter(write_dead_letter({}, letter, DeadLetterDialect::klamm));
    EXPECT_EQ(read.reason, std::string(dead_letter_reason_bytes_max - 1, 'a'));
}

TEST(DeadLetter, of_spring_kafka_is_read) {
    Headers const headers = {
        {"own", "1"},
        {"kafka_dlt-exception-fqcn",
         "org.springframework.kafka.listener.ListenerExecutionFailedException"},
        {"kafka_dlt-exception-cause-fqcn", "shop.CardRefused"},
        {"kafka_dlt-exception-message", "Listener failed; 4711"},
        {"kafka_dlt-exception-stacktrace", "shop.CardRefused: …\n\tat shop.Billing"},
        {"kafka_dlt-original-topic", "orders"},
        {"kafka_dlt-original-partition", "\0\0\0\2"s},
        {"kafka_dlt-original-offset", "\0\0\0\0\0\0\1\0"s},
        {"kafka_dlt-original-timestamp", "\0\0\x01\x97\x74\x20\xDC\x7B"s},
        {"kafka_dlt-original-timestamp-type", "CreateTime"},
        {"kafka_dlt-original-consumer-group", "billing"},
        {"kafka_dlt-original-topic", "orders-dlt"},  // its dead letter failed, too
    };
    auto const letter = read_dead_letter(headers);
    EXPECT_EQ(letter.dialect, Dialect::spring);
    EXPECT_EQ(letter.original, (Position{"orders", 2, 256}));
    EXPECT_EQ(letter.original_timestamp, Time{milliseconds{1'750'000'000'123}});
    EXPECT_EQ(letter.group, "billing");
    EXPECT_EQ(letter.error_type, "shop.CardRefused");
    EXPECT_EQ(letter.reason, "Listener failed; 4711");
    EXPECT_FALSE(letter.parked);
    EXPECT_EQ(letter.park, Park::none);
    EXPECT_EQ(original_headers(headers), (Headers{{"own", "1"}}));
}

TEST(DeadLetter, of_springs_retry_topics_is_read) {
    Headers const headers = {
        {"kafka_original-topic", "orders"},
        {"kafka_original-partition", "\0\0\0\1"s},
        {"kafka_original-offset", "\0\0\0\0\0\0\0\7"s},
        {"kafka_dlt-original-consumer-group", "billing"},
        {"kafka_exception-fqcn", "shop.CardRefused"},
        {"kafka_exception-message", "4711"},
        {"retry_topic-attempts", "\0\0\0\4"s},
        {"retry_topic-backoff-timestamp", "\x01\x97\x74\x20\xDC\x7B"s},
        {"retry_topic-original-timestamp", "\x01\x97\x74\x20\xDC\x7B"s},
        {"own", "1"},
    };
    auto const letter = read_dead_letter(headers);
    EXPECT_EQ(letter.dialect, Dialect::spring_retry);
    EXPECT_EQ(letter.original, (Position{"orders", 1, 7}));
    EXPECT_EQ(letter.original_timestamp, Time{milliseconds{1'750'000'000'123}});
    EXPECT_EQ(letter.group, "billing");
    EXPECT_EQ(letter.error_type, "shop.CardRefused");
    EXPECT_EQ(letter.attempts, 4);
    EXPECT_EQ(original_headers(headers), (Headers{{"own", "1"}}));
}

TEST(DeadLetter, of_kafka_connect_is_read) {
    Headers const headers = {
        {"__connect.errors.topic", "orders"},
        {"__connect.errors.partition", "2"},
        {"__connect.errors.offset", "77"},
        {"__connect.errors.connector.name", "files"},
        {"__connect.errors.task.id", "0"},
        {"__connect.errors.stage", "VALUE_CONVERTER"},
        {"__connect.errors.class.name", "org.apache.kafka.connect.json.JsonConverter"},
        {"__connect.errors.exception.class.name", "org.apache.kafka.connect.errors.DataException"},
        {"__connect.errors.exception.message", "Converting byte[] to Kafka Connect data failed"},
        {"__connect.errors.exception.stacktrace", "…"},
    };
    auto const letter = read_dead_letter(headers);
    EXPECT_EQ(letter.dialect, Dialect::connect);
    EXPECT_EQ(letter.original, (Position{"orders", 2, 77}));
    EXPECT_EQ(letter.group, "connect-files");
    EXPECT_EQ(letter.handler, "files");
    EXPECT_EQ(letter.error_type, "org.apache.kafka.connect.errors.DataException");
    EXPECT_TRUE(original_headers(headers).empty());
}

TEST(DeadLetter, of_streams_share_groups_and_karafka_is_read) {
    auto const streams = read_dead_letter({{"__streams.errors.exception", "java.lang.Oops"},
                                           {"__streams.errors.message", "no"},
                                           {"__streams.errors.topic", "words"},
                                           {"__streams.errors.partition", "0"},
                                           {"__streams.errors.offset", "5"}});
    EXPECT_EQ(streams.dialect, Dialect::streams);
    EXPECT_EQ(streams.original, (Position{"words", 0, 5}));
    EXPECT_EQ(streams.error_type, "java.lang.Oops");

    auto const share = read_dead_letter({{"__dlq.errors.topic", "jobs"},
                                         {"__dlq.errors.partition", "1"},
                                         {"__dlq.errors.offset", "9"},
                                         {"__dlq.errors.group", "workers"},
                                         {"__dlq.errors.delivery.count", "5"},
                                         {"__dlq.errors.message", "Offset rejected by client."}});
    EXPECT_EQ(share.dialect, Dialect::share_group);
    EXPECT_EQ(share.original, (Position{"jobs", 1, 9}));
    EXPECT_EQ(share.group, "workers");
    EXPECT_EQ(share.attempts, 5);
    EXPECT_EQ(share.reason, "Offset rejected by client.");

    auto const karafka = read_dead_letter({{"source_topic", "jobs"},
                                           {"source_partition", "1"},
                                           {"source_offset", "9"},
                                           {"source_consumer_group", "workers"},
                                           {"source_attempts", "3"}});
    EXPECT_EQ(karafka.dialect, Dialect::karafka);
    EXPECT_EQ(karafka.attempts, 3);
}

TEST(DeadLetter, that_does_not_say_where_it_was_has_no_position) {
    auto const wolverine = read_dead_letter(
        {{"exception-type", "System.Exception"}, {"exception-message", "no"}, {"failed-at", "x"}});
    EXPECT_EQ(wolverine.dialect, Dialect::wolverine);
    EXPECT_FALSE(wolverine.original);
    auto const knative = read_dead_letter(
        {{"ce_knativeerrordest", "http://x"}, {"ce_knativeerrordata", "bm8gcm9vbQ=="}});
    EXPECT_EQ(knative.reason, "no room");
    EXPECT_EQ(read_dead_letter(plain).dialect, Dialect::unknown);
    EXPECT_EQ(original_headers(plain), plain);
}

TEST(DeadLetter, with_damaged_numbers_is_read_without_them) {
    auto const letter = read_dead_letter({{"klamm_dlq_topic", "orders"},
                                          {"klamm_dlq_partition", "-7"},
                                          {"klamm_dlq_offset", "99999999999999999999"},
                                          {"klamm_dlq_attempts", "many"},
                                          {"klamm_dlq_redrives", "-3"}});
    EXPECT_EQ(letter.original, (Position{"orders", -1, -1}));
    EXPECT_EQ(letter.attempts, 0);
    EXPECT_EQ(letter.redrives, 0);
    auto const spring = read_dead_letter({{"kafka_dlt-original-topic", "orders"},
                                          {"kafka_dlt-original-partition", "123456789"},
                                          {"kafka_dlt-original-offset", ""}});
    EXPECT_EQ(spring.original, (Position{"orders", -1, -1}));
}

TEST(Redrive, is_read_as_it_was_written) {
    Redrive const whole{.dead_letter = {"orders-dlt", 0, 17},
                        .group = "billing",
                        .redrives = 2,
                        .last = true,
                        .original = Position{"orders", 3, 1042},
                        .original_timestamp = Time{milliseconds{1'750'000'000'123}}};
    Headers headers = plain;
    write_redrive(headers, {.dead_letter = {"other", 1, 1}, .redrives = 9});
    write_redrive(headers, whole);
    EXPECT_EQ(read_redrive(headers), whole);
    EXPECT_EQ(value(headers, "klamm_redrive"), "orders-dlt/0@17");
    EXPECT_EQ(redriven_key(whole, "ann"), "ann");
    EXPECT_FALSE(read_redrive(plain));
    EXPECT_FALSE(read_redrive({{"klamm_redrive", "orders-dlt@17"}}));

    Redrive const discard{.dead_letter = {"orders-dlt", 0, 17},
                          .group = "billing",
                          .discard = true,
                          .key = "ann",
                          .reason = "ordered by mistake"};
    Headers mark;
    write_redrive(mark, discard);
    EXPECT_EQ(read_redrive(mark), discard);
    EXPECT_EQ(redriven_key(discard, "klamm-discard/orders-dlt/0@17"), "ann");
    EXPECT_EQ(redriven_key(std::nullopt, std::nullopt), std::nullopt);
}

TEST(Redrive, of_a_program_that_knows_nothing_of_it_is_counted_all_the_same) {
    Headers const headers = {{"kafka_dlt-original-topic", "orders"}, {"klamm_redrives", "2"}};
    EXPECT_EQ(read_dead_letter(headers).redrives, 2);
    EXPECT_TRUE(original_headers(headers).empty());
}

TEST(DeadLetter, reading_survives_any_bytes_in_any_header) {
    constexpr std::uint64_t seed = 20251;
    Random random{seed};
    std::vector<std::string> const names = {"klamm_dlq_topic",
                                            "klamm_dlq_partition",
                                            "klamm_dlq_offset",
                                            "klamm_dlq_park",
                                            "klamm_dlq_dialect",
                                            "kafka_dlt-original-topic",
                                            "kafka_dlt-original-offset",
                                            "kafka_original-topic",
                                            "retry_topic-attempts",
                                            "x-original-topic",
                                            "x-original-offset",
                                            "__connect.errors.topic",
                                            "__streams.errors.offset",
                                            "__dlq.errors.topic",
                                            "ce_knativeerrordata",
                                            "ce_knativeerrordest",
                                            "klamm_redrive",
                                            "klamm_redrives"};
    for (int run = 0; run < 5000; ++run) {
        Headers headers;
        for (auto count = random.below(8); count > 0; --count) {
            Header header{names[random.below(names.size())], std::nullopt};
            if (random.below(8) != 0) {
                header.value.emplace();
                for (auto size = random.below(12); size > 0; --size)
                    header.value->push_back(static_cast<char>(random.below(256)));
            }
            headers.push_back(std::move(header));
        }
        auto const letter = read_dead_letter(headers);
        EXPECT_GE(letter.redrives, 0);
        EXPECT_EQ(read_dead_letter(original_headers(original_headers(headers))).redrives, 0)
            << "seed " << seed << ", run " << run;
    }
}

TEST(DeadLetterTopic, is_named_after_its_topic_unless_the_handler_says_otherwise) {
    EXPECT_EQ(dead_letter_topic("orders", {}), "orders-dlt");
    EXPECT_EQ(dead_letter_topic("orders", {.dead_letter_topic = "poison"}), "poison");
}

}  // namespace
}  // namespace klamm::handler
