// Validation as clients see it.
#include "klamm/broker/validation/validation_story.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using records::Record;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;
using Map = std::map<std::string, std::string>;

Map const payloads{{"klamm.schema.validation", "payload"}};
Map const ids{{"klamm.schema.validation", "id"}};

Record good() { return record(with_id(1, order("a@b"))); }
Record bad() { return record(with_id(1, "\x02")); }
Record stranger() { return record(with_id(9, "\x02")); }

/// Whether prepare() looks at the records, or the broker must.
class Validation : public testing::TestWithParam<bool> {
protected:
    Validation() { story.registers(schema_record("t-value", 1, 1, order_schema)); }
    ValidationStory story{GetParam()};
};
INSTANTIATE_TEST_SUITE_P(Prepared, Validation, testing::Bool());

TEST_P(Validation, one_bad_record_keeps_its_batch_out_and_is_named) {
    story.create("t", 1, payloads);
    EXPECT_EQ(story.sends("t", {good(), good()}).error_code, ErrorCode::none);
    auto const refused = story.sends("t", {good(), bad(), good(), stranger()});
    EXPECT_EQ(refused.error_code, ErrorCode::invalid_record);
    EXPECT_EQ(refused.base_offset, -1);
    EXPECT_THAT(*refused.error_message, HasSubstr("2 of 4 records"));
    ASSERT_THAT(refused.record_errors, SizeIs(2));
    EXPECT_EQ(refused.record_errors[0].batch_index, 1);
    EXPECT_EQ(refused.record_errors[1].batch_index, 3);
    EXPECT_THAT(*refused.record_errors[0].batch_index_error_message,
                HasSubstr("subject 't-value' version 1"));
    EXPECT_THAT(*refused.record_errors[1].batch_index_error_message, HasSubstr("schema id 9"));
    EXPECT_EQ(story.stored("t"), 2);
    story.restart();
    EXPECT_EQ(story.sends("t", {bad()}).error_code, ErrorCode::invalid_record);
    EXPECT_EQ(story.sends("t", {good()}).base_offset, 2);
}

TEST_P(Validation, other_topics_take_what_comes) {
    story.create("t", 1, payloads);
    story.create("free");
    auto request = Story::produce_request("t", 0, records::build({bad()}));
    request.topic_data.push_back(
        Story::produce_request("free", 0, records::build({bad()})).topic_data[0]);
    auto const answer = story.ask(request, 12);
    EXPECT_EQ(answer.responses[0].partition_responses[0].error_code, ErrorCode::invalid_record);
    EXPECT_EQ(answer.responses[1].partition_responses[0].error_code, ErrorCode::none);
}

TEST_P(Validation, topics_are_known_by_their_ids_too) {
    story.create("t", 1, payloads);
    for (auto const& [one, error] :
         {std::pair{good(), ErrorCode::none}, {bad(), ErrorCode::invalid_record}}) {
        auto request = Story::produce_request("", 0, records::build({one}));
        request.topic_data[0].topic_id = story.topic_id("t");
        EXPECT_EQ(story.ask(request, 13).responses[0].partition_responses[0].error_code, error);
    }
}

TEST_P(Validation, changed_configs_count_from_the_next_batch_on) {
    story.create("t");
    EXPECT_EQ(story.sends("t", {stranger()}).error_code, ErrorCode::none);
    EXPECT_EQ(story.configure("t", "confluent.value.schema.validation", "true"), ErrorCode::none);
    EXPECT_EQ(story.sends("t", {stranger()}).error_code, ErrorCode::invalid_record);
    EXPECT_EQ(story.sends("t", {bad()}).error_code, ErrorCode::none);
    EXPECT_EQ(story.configure("t", "klamm.schema.validation", "payload"), ErrorCode::none);
    EXPECT_EQ(story.sends("t", {bad()}).error_code, ErrorCode::invalid_record);
    EXPECT_EQ(story.configure("t", "klamm.schema.validation", "off"), ErrorCode::none);
    EXPECT_EQ(story.sends("t", {stranger()}).error_code, ErrorCode::none);
    EXPECT_EQ(story.configure("t", "klamm.schema.validation", "full"), ErrorCode::invalid_config);
}

TEST_P(Validation, a_refused_batch_uses_up_no_sequence_numbers_and_a_retry_is_known_again) {
    story.create("t", 1, payloads);
    auto const sent = [&](std::vector<Record> const& records, std::int32_t sequence) {
        return story.sends("t", records,
                           {.producer_id = 5, .producer_epoch = 0, .base_sequence = sequence});
    };
    EXPECT_EQ(sent({good(), good()}, 0).base_offset, 0);
    EXPECT_EQ(sent({bad()}, 2).error_code, ErrorCode::invalid_record);
    EXPECT_EQ(sent({good()}, 2).base_offset, 2);
    // Its subject is another's now, but the batch was acknowledged.
    story.configure("t", "confluent.value.subject.name.strategy", "RecordNameStrategy");
    EXPECT_EQ(sent({good()}, 2).base_offset, 2);
    EXPECT_EQ(sent({good()}, 3).error_code, ErrorCode::invalid_record);
}

TEST_P(Validation, a_transaction_goes_on_without_what_was_refused) {
    story.create("t", 1, payloads);
    auto producer = story.producer("p");
    EXPECT_EQ(story.writes(producer, "t", {bad()}), ErrorCode::invalid_record);
    EXPECT_EQ(story.writes(producer, "t", {good()}), ErrorCode::none);
    EXPECT_EQ(story.writes(producer, "t", {bad()}), ErrorCode::invalid_record);
    EXPECT_EQ(story.commit(producer), ErrorCode::none);
    EXPECT_EQ(story.stored("t"), 2);  // the record and the marker
}

TEST_P(Validation, without_acknowledgements_the_connection_is_closed) {
    story.create("t", 1, payloads);
    auto request = Story::produce_request("t", 0, records::build({bad()}));
    request.acks = 0;
    EXPECT_TRUE(story.closed(story.send(request, 12)));
    EXPECT_EQ(story.stored("t"), 0);
}

TEST_P(Validation, an_answer_names_no_more_than_it_has_room_for) {
    story.create("t", 4, ids);
    std::vector<Record> const many(std::size_t(refused_named_max) - 10, stranger());
    auto request = Story::produce_request("t", 0, records::build(many));
    auto& partitions = request.topic_data[0].partition_data;
    for (std::int32_t n = 1; n < 4; ++n) {
        partitions.push_back(partitions[0]);
        partitions.back().index = n;
    }
    auto const answers = story.ask(request, 12).responses[0].partition_responses;
    EXPECT_THAT(answers[0].record_errors, SizeIs(many.size()));
    EXPECT_THAT(answers[1].record_errors, SizeIs(10));
    EXPECT_THAT(answers[2].record_errors, SizeIs(1));
    EXPECT_THAT(*answers[3].error_message, HasSubstr("At least 1 of"));
}

TEST_P(Validation, it_is_counted_and_told_once_in_a_while) {
    story.create("t", 1, payloads);
    story.sends("t", {good(), bad()});
    story.sends("t", {good(), bad(), bad()});
    EXPECT_EQ(story.broker->stats().validation.validated, 5U);
    EXPECT_EQ(story.broker->stats().validation.refused, 3U);
    auto const notices = story.broker->take_notices();
    ASSERT_THAT(notices, SizeIs(1));
    EXPECT_EQ(notices[0].kind, Notice::Kind::records_refused);
    EXPECT_EQ(notices[0].topic, "t");
    EXPECT_EQ(notices[0].records, 1);
    EXPECT_THAT(notices[0].text, AllOf(HasSubstr("'t'"), HasSubstr("1 of 2 records")));
    EXPECT_THAT(*story.broker->report("t", story.now),
                AllOf(HasSubstr(R"("validation": {"key": "off", "value": "payload", )"
                                R"("records_validated": 5, "records_refused": 3, "last": {)"),
                      HasSubstr("2 of 3 records")));
    story.pass(Duration{ValidationTally::notice_every_ms});
    story.sends("t", {bad()});
    auto const later = story.broker->take_notices();
    ASSERT_THAT(later, SizeIs(1));
    EXPECT_EQ(later[0].records, 3);
    story.remove("t");
    story.create("t", 1, payloads);
    EXPECT_THAT(*story.broker->report("t", story.now), HasSubstr(R"("records_validated": 0)"));
}

TEST_P(Validation, batches_are_recompressed_after_they_were_looked_at) {
    auto configs = payloads;
    configs["compression.type"] = "zstd";
    story.create("t", 1, configs);
    EXPECT_EQ(story.sends("t", {bad()}, {.codec = records::Codec::lz4}).error_code,
              ErrorCode::invalid_record);
    EXPECT_EQ(story.sends("t", {good()}, {.codec = records::Codec::lz4}).error_code,
              ErrorCode::none);
    EXPECT_EQ(story.stored("t"), 1);
}

TEST(ValidationKnown, nothing_is_published_while_no_topic_wants_it) {
    ValidationStory story;
    story.create("t");
    EXPECT_EQ(story.broker->validations(), nullptr);
    story.create("other", 1, ids);
    auto const one = story.broker->validations();
    ASSERT_NE(one, nullptr);
    story.create("plain");
    EXPECT_EQ(story.broker->validations(), one);
    story.registers(schema_record("t-value", 1, 1, order_schema));
    EXPECT_NE(story.broker->validations(), one);
    EXPECT_EQ(story.broker->validations()->of("t"), nullptr);
    EXPECT_NE(story.broker->validations()->of("other"), nullptr);
    story.configure("other", "klamm.schema.validation", "off");
    EXPECT_EQ(story.broker->validations(), nullptr);
}

TEST(ValidationKnown, a_schema_that_was_just_registered_is_never_unknown) {
    ValidationStory story;
    story.create("t", 1, payloads);
    story.behind = story.broker->validations();
    story.registers(schema_record("t-value", 1, 1, order_schema));
    EXPECT_EQ(story.sends("t", {good()}).error_code, ErrorCode::none);
    EXPECT_EQ(story.sends("t", {bad()}).error_code, ErrorCode::invalid_record);
}

TEST(ValidationKnown, configs_that_were_just_changed_count) {
    ValidationStory story;
    story.registers(schema_record("t-value", 1, 1, order_schema));
    story.create("t", 1, ids);
    story.behind = story.broker->validations();
    story.configure("t", "klamm.schema.validation", "payload");
    EXPECT_EQ(story.sends("t", {bad()}).error_code, ErrorCode::invalid_record);
    story.configure("t", "klamm.schema.validation", "off");
    EXPECT_EQ(story.sends("t", {stranger()}).error_code, ErrorCode::none);
    // Another topic of the same name.
    story.remove("t");
    story.create("t", 1, payloads);
    EXPECT_EQ(story.sends("t", {bad()}).error_code, ErrorCode::invalid_record);
}

}  // namespace
}  // namespace klamm::broker
