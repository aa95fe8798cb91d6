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

TEST_F(Validate, what_obeys_passes) {
    EXPECT_EQ(why(record(with_id(1, order("a@b"))), {not_checked, by_payload}), "");
    EXPECT_EQ(why(record(with_guid(guid(1), order("a@b"))), {not_checked, by_payload}), "");
    EXPECT_EQ(why(record(with_id(1, order("a@b")), with_id(2, "\x02k")), {by_payload, by_payload}),
              "");
    EXPECT_EQ(why(record(with_id(5, R"({"page":"/"})")), {not_checked, by_payload}, "j"), "");
    EXPECT_EQ(why(record(with_id(4, std::string("\0\x08\x07", 3))), {not_checked, by_payload}, "p"),
              "");
}

TEST_F(Validate, a_payload_is_refused_with_path_rule_subject_and_version) {
    auto broken = order("a@b");
    broken.pop_back();
    EXPECT_THAT(why(record(with_id(1, broken)), {not_checked, by_payload}),
                AllOf(HasSubstr("The value at /customer/email"), HasSubstr("breaks rule '"),
                      HasSubstr("of subject 't-value' version 3 (schema id 1)"),
                      HasSubstr("Send what this version allows")));
    EXPECT_THAT(why(record(with_id(5, R"({"page":7})")), {not_checked, by_payload}, "j"),
                AllOf(HasSubstr("page"), HasSubstr("rule 'type'"), HasSubstr("7")));
    EXPECT_NE(why(record(with_id(4, std::string("\0\x08", 2))), {not_checked, by_payload}, "p"),
              "");
}

TEST_F(Validate, a_header_may_say_which_schema_it_is) {
    auto const named = [&](std::string const& name, Bytes id, std::string_view value) {
        return record(bytes_of(value), std::nullopt, {{"trace", bytes_of("1")}, {name, id}});
    };
    ValidationRules const values{not_checked, by_payload};
    EXPECT_EQ(why(named("__value_schema_id", with_guid(guid(1)), order("a")), values), "");
    EXPECT_NE(why(named("__value_schema_id", with_guid(guid(1)), "x"), values), "");
    EXPECT_NE(why(named("__key_schema_id", with_guid(guid(1)), order("a")), values), "");
    EXPECT_THAT(why(named("__value_schema_id", with_guid(guid(3)), order("a")), values),
                HasSubstr("not registered under subject"));
    EXPECT_NE(why(named("__value_schema_id", bytes_of("?"), order("a")), values), "");
    // The header has the indexes of a message, too.
    EXPECT_EQ(why(named("__value_schema_id", with_guid(guid(4), std::string("\x04\x02\0", 3)),
                        "\x0a\x01x"),
                  values, "p"),
              "");
}

TEST_F(Validate, records_of_many_schemas_each_go_by_their_own) {
    std::vector<Record> all;
    for (std::int32_t n = 0; n < 40; ++n) {
        auto const id = 100 + n;
        registry.apply(
            schema_record("t-value", 10 + n, id,
                          R"({"type":"fixed","name":"F","size":)" + std::to_string(n + 1) + "}"));
        for (auto const extra : {1, 2})
            all.push_back(record(with_id(id, std::string(std::size_t(n + extra), 'x'))));
    }
    auto const once = all;
    for (int turn = 0; turn < 2; ++turn) all.insert(all.end(), once.begin(), once.end());
    auto const verdict = check(all, {not_checked, by_payload});
    ASSERT_EQ(verdict.refused.size(), all.size() / 2);
    for (std::size_t i = 0; i < verdict.refused.size(); ++i) {
        EXPECT_EQ(verdict.refused[i].index, 2 * i + 1);
        auto const id = 100 + std::int32_t(i % 40);
        EXPECT_THAT(verdict.refused[i].why, HasSubstr("(schema id " + std::to_string(id) + ")"));
    }
}

TEST_F(Validate, a_text_is_cut_between_characters) {
    registry.apply(schema_record("e-value", 1, 70, R"({"enum":["\u20ac"]})", "JSON"));
    std::string euros = "\"";
    for (int i = 0; i < 1000; ++i) euros += "\u20ac";
    auto const cut = why(record(with_id(70, euros + "\"")), {not_checked, by_payload}, "e");
    ASSERT_NE(cut, "");
    EXPECT_LE(cut.size(), refusal_text_bytes_max);
    EXPECT_TRUE(json::parse(json::quote(cut)).has_value()) << "it is cut inside a character";
}

}  // namespace
}  // namespace klamm::broker
