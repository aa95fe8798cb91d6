#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

// ---- quotas ---------------------------------------------------------------------------------

ErrorCode describe_quotas(
    std::vector<kafka::DescribeClientQuotasRequest::ComponentData> const& components) {
    Story story;
    auto error = ErrorCode::none;
    for (kafka::ApiVersion version = 0; version <= 1; ++version) {
        kafka::DescribeClientQuotasRequest request;
        request.components = components;
        auto const answer = story.ask(request, version);
        EXPECT_EQ(answer.error_code == ErrorCode::none, answer.entries && !answer.error_message);
        if (answer.entries) {
            EXPECT_TRUE(answer.entries->empty());
        }
        error = answer.error_code;
    }
    return error;
}

TEST(ClientQuotas, ThereAreNone) {
    EXPECT_EQ(describe_quotas({}), ErrorCode::none);
    EXPECT_EQ(describe_quotas({{"user", 0, "u"}, {"client-id", 2, {}}}), ErrorCode::none);
    EXPECT_EQ(describe_quotas({{"ip", 1, {}}}), ErrorCode::none);
}

TEST(ClientQuotas, QuestionsThatKafkaRefusesAreRefused) {
    EXPECT_EQ(describe_quotas({{"nonsense", 0, "u"}}), ErrorCode::unsupported_version);
    EXPECT_EQ(describe_quotas({{"user", 0, "u"}, {"user", 2, {}}}), ErrorCode::invalid_request);
    EXPECT_EQ(describe_quotas({{"user", 0, "u"}, {"ip", 2, {}}}), ErrorCode::invalid_request);
    EXPECT_EQ(describe_quotas({{"user", 0, {}}}), ErrorCode::invalid_request);
    EXPECT_EQ(describe_quotas({{"user", 1, "u"}}), ErrorCode::invalid_request);
    EXPECT_EQ(describe_quotas({{"user", 3, {}}}), ErrorCode::invalid_request);
}

TEST(ClientQuotas, CannotBeSetButRemoved) {
    Story story;
    kafka::AlterClientQuotasRequest request;
    request.entries.push_back({{{"user", "u"}}, {{"producer_byte_rate", 1e6, false}}});
    request.entries.push_back({{{"user", {}}}, {{"producer_byte_rate", 0, true}}});
    auto const answer = story.ask(request);
    ASSERT_EQ(answer.entries.size(), 2U);
    EXPECT_EQ(answer.entries[0].error_code, ErrorCode::unsupported_version);
    EXPECT_EQ(answer.entries[0].error_message, "Klamm has no quotas: nothing was changed.");
    EXPECT_EQ(answer.entries[0].entity.at(0).entity_name, "u");
    EXPECT_EQ(answer.entries[1].error_code, ErrorCode::none);
    EXPECT_EQ(answer.entries[1].entity.at(0).entity_name, std::nullopt);
}

// ---- credentials and access -------------------------------------------------------------------

TEST(DescribeUserScramCredentials, SaysThatThereIsNoAuthentication) {
    Story story;
    auto const answer = story.ask(kafka::DescribeUserScramCredentialsRequest{});
    EXPECT_EQ(answer.error_code, ErrorCode::security_disabled);
    EXPECT_TRUE(answer.results.empty());
}

TEST(DescribeAcls, SaysThatThereIsNoAuthorization) {
    for (kafka::ApiVersion version = 1; version <= 3; ++version) {
        Story story;
        auto const answer = story.ask(kafka::DescribeAclsRequest{}, version);
        EXPECT_EQ(answer.error_code, ErrorCode::security_disabled);
        EXPECT_TRUE(answer.resources.empty());
    }
}

}  // namespace
}  // namespace klamm::broker
