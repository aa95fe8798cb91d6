#include "klamm/broker/validation/validate.h"

#include "klamm/broker/validation/side_check.h"
#include "klamm/broker/validation/validation_fixture.h"

#include <gmock/gmock.h>

namespace klamm::broker {
namespace {

using records::Codec;
using records::Record;
using testing::AllOf;
using testing::HasSubstr;
using testing::SizeIs;

TEST_F(Validate, ids_alone_say_nothing_of_the_bytes_behind) {
    EXPECT_EQ(why(record(with_id(1, "nonsense")), {not_checked, by_id}), "");
    EXPECT_EQ(why(record(with_id(4, "")), {not_checked, by_id}, "p"), "");
}

TEST_F(Validate, tombstones_and_records_without_a_key_pass) {
    EXPECT_EQ(why(record(std::nullopt, with_id(2, "\x02k")), {by_id, by_id}), "");
    EXPECT_EQ(why(record(with_id(1, order("a"))), {by_id, by_id}), "");
    EXPECT_NE(why(record(Bytes{}), {not_checked, by_id}), "");
}

TEST_F(Validate, what_no_serializer_wrote_is_refused) {
    for (auto const& text : {"", "{\"n\": 1}", "a", "\x02\x01\x01\x01\x01"}) {
        EXPECT_THAT(why(record(bytes_of(text)), {not_checked, by_id}),
                    AllOf(HasSubstr("does not begin with the id of a schema"),
                          HasSubstr("what serializers of a schema registry write")));
    }
    EXPECT_NE(why(record(bytes_of(std::string_view("\0\0\0\0", 4))), {not_checked, by_id}), "");
}

TEST_F(Validate, an_unknown_schema_is_refused) {
    EXPECT_THAT(why(record(with_id(99, "")), {not_checked, by_id}),
                AllOf(HasSubstr("schema id 99"), HasSubstr("does not know (rule 'id')")));
    EXPECT_NE(why(record(with_id(0, "")), {not_checked, by_id}), "");
    std::string const stranger = "00112233-4455-6677-8899-aabbccddeeff";
    EXPECT_THAT(why(record(with_guid(stranger)), {not_checked, by_id}),
                AllOf(HasSubstr("schema GUID " + stranger), HasSubstr("(rule 'guid')")));
}

TEST_F(Validate, the_schema_must_be_registered_under_the_subject) {
    EXPECT_THAT(why(record(with_id(3, "\x02")), {not_checked, by_id}),
                AllOf(HasSubstr("schema id 3"), HasSubstr("not registered under subject 't-value'"),
                      HasSubstr("which is TopicNameStrategy")));
    EXPECT_THAT(why(record(with_id(1, ""), with_id(1, "")), {by_id, by_id}),
                AllOf(HasSubstr("The key"), HasSubstr("'t-key'")));
}

TEST_F(Validate, subjects_can_be_called_after_records) {
    SideRules const record_names{ValidationDepth::id, SubjectNameStrategy::record_name};
    SideRules const both_names{ValidationDepth::id, SubjectNameStrategy::topic_record_name};
    EXPECT_EQ(why(record(with_id(3, "\x02")), {not_checked, record_names}), "");
    EXPECT_EQ(why(record(with_id(1, order("a"))), {not_checked, both_names}), "");
    EXPECT_THAT(why(record(with_id(1, order("a"))), {not_checked, record_names}),
                HasSubstr("'shop.Order'"));
    EXPECT_THAT(why(record(with_id(3, "\x02")), {not_checked, both_names}),
                HasSubstr("'t-shop.Refund'"));
    EXPECT_THAT(why(record(with_id(2, "\x02k")), {not_checked, record_names}),
                HasSubstr("no record has a name"));
    // [1, 0]: Inner, inside Second. [0]: First, whose name is no subject.
    EXPECT_EQ(
        why(record(with_id(4, std::string("\x04\x02\0\x0a\x01x", 6))), {not_checked, record_names}),
        "");
    EXPECT_THAT(why(record(with_id(4, std::string("\0\x08\x07", 3))), {not_checked, record_names}),
                HasSubstr("'shop.First'"));
}

TEST_F(Validate, batches_are_looked_at_whatever_their_codec) {
    for (auto const codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
        auto const verdict = check({record(with_id(1, order("a"))), record(with_id(3, "")),
                                    record(std::nullopt), record(with_id(9, ""))},
                                   {not_checked, by_id}, "t", codec);
        EXPECT_EQ(verdict.records, 4);
        EXPECT_EQ(verdict.looked_at, 4);
        ASSERT_THAT(verdict.refused, SizeIs(2));
        EXPECT_EQ(verdict.refused[0].index, 1);
        EXPECT_EQ(verdict.refused[1].index, 3);
        kafka::ProduceResponse::PartitionProduceResponse out;
        refuse(out, verdict, "t");
        EXPECT_EQ(out.error_code, kafka::ErrorCode::invalid_record);
        EXPECT_THAT(*out.error_message,
                    AllOf(HasSubstr("2 of 4 records"), HasSubstr(verdict.refused[0].why)));
        ASSERT_THAT(out.record_errors, SizeIs(2));
        EXPECT_EQ(out.record_errors[1].batch_index, 3);
        EXPECT_EQ(out.record_errors[1].batch_index_error_message, verdict.refused[1].why);
    }
}

TEST_F(Validate, how_much_is_said_is_limited) {
    std::vector<Record> const many(50, record(with_id(9, "")));
    auto const verdict = check(many, {not_checked, by_id}, "t", Codec::none, 7);
    EXPECT_EQ(verdict.looked_at, 7);
    EXPECT_THAT(verdict.refused, SizeIs(7));
    EXPECT_THAT(in_words(verdict, "t"), HasSubstr("At least 7 of 50 records"));
    EXPECT_THAT(check(many, {not_checked, by_id}, "t", Codec::none, 0).refused, SizeIs(1));

    std::string const name = "t" + std::string(248, 'x');
    auto const text = why(record(bytes_of("?")), {not_checked, by_id}, name);
    EXPECT_LE(text.size(), refusal_text_bytes_max);
}

TEST_F(Validate, what_passed_stays_so_and_what_did_not_holds_for_one_state_of_the_registry) {
    ValidationRules const rules{not_checked, by_id};
    auto const good = check({record(with_id(1, ""))}, rules);
    auto const bad = check({record(with_id(9, ""))}, rules);
    EXPECT_TRUE(good.holds(rules, registry));
    EXPECT_TRUE(bad.holds(rules, registry));
    EXPECT_FALSE(good.holds({by_id, by_id}, registry));
    EXPECT_FALSE(Verdict{}.holds(rules, registry));
    registry.apply(schema_record("t-value", 4, 9, refund_schema));
    EXPECT_TRUE(good.holds(rules, registry));
    EXPECT_FALSE(bad.holds(rules, registry));
}

}  // namespace
}  // namespace klamm::broker
