#include "klamm/broker/telemetry/subscriptions.h"

#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

constexpr std::int8_t client_metrics_type = 16;

using Settings = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// A null value takes the config away.
ErrorCode set(Story& story, std::string const& name, Settings const& settings) {
    kafka::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = client_metrics_type;
    resource.resource_name = name;
    for (auto const& [key, value] : settings)
        resource.configs.push_back(
            {.name = key, .config_operation = std::int8_t(value ? 0 : 1), .value = value});
    return story.ask(request).responses.at(0).error_code;
}

auto described(Story& story, std::string const& name) {
    kafka::DescribeConfigsRequest request;
    request.include_synonyms = true;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = client_metrics_type;
    resource.resource_name = name;
    resource.configuration_keys.reset();
    return story.ask(request).results.at(0);
}

Values listed(Story& story) {
    kafka::ListConfigResourcesRequest request;
    request.resource_types = {client_metrics_type};
    Values names;
    for (auto const& resource : story.ask(request).config_resources)
        names.push_back(resource.resource_name);
    return names;
}

kafka::GetTelemetrySubscriptionsResponse asked(Story& story, Uuid const& instance = {}) {
    kafka::GetTelemetrySubscriptionsRequest request;
    request.client_instance_id = instance;
    return story.ask(request);
}

void meet(Story& story, std::string const& name, std::string const& version) {
    kafka::ApiVersionsRequest request;
    request.client_software_name = name;
    request.client_software_version = version;
    story.ask(request);
}

TEST(Subscriptions, are_configs_with_defaults_of_their_own) {
    Story story;
    EXPECT_EQ(listed(story), Values{});
    EXPECT_EQ(set(story, "one", {{"interval.ms", "100"}}), ErrorCode::none);
    EXPECT_EQ(set(story, "a b/\xc3\xbc", {{"metrics", "*"}}), ErrorCode::none);
    EXPECT_EQ(listed(story), (Values{"a b/\xc3\xbc", "one"}));
    auto const configs = described(story, "one").configs;
    ASSERT_EQ(configs.size(), 3U);
    EXPECT_EQ(configs[0].name, "interval.ms");
    EXPECT_EQ(configs[0].value, "100");
    EXPECT_EQ(configs[0].config_source, 7);
    EXPECT_EQ(configs[1].name, "match");
    EXPECT_EQ(configs[1].value, "");
    EXPECT_EQ(configs[1].config_source, 5);
    EXPECT_EQ(configs[2].name, "metrics");
    // One that nobody set is described as well, as Kafka does.
    EXPECT_EQ(described(story, "none").configs.at(0).value, "300000");
    EXPECT_EQ(described(story, "").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(set(story, "one", {{"interval.ms", std::nullopt}}), ErrorCode::none);
    EXPECT_EQ(listed(story), Values{"a b/\xc3\xbc"});
}

TEST(Subscriptions, that_cannot_be_are_refused_with_kafkas_errors) {
    Story story;
    EXPECT_EQ(set(story, "", {{"interval.ms", "1000"}}), ErrorCode::invalid_request);
    EXPECT_EQ(set(story, "s", {{"foo", "1"}}), ErrorCode::invalid_request);
    EXPECT_EQ(set(story, "s", {{"interval.ms", "99"}}), ErrorCode::invalid_request);
    EXPECT_EQ(set(story, "s", {{"interval.ms", "3600001"}}), ErrorCode::invalid_request);
    EXPECT_EQ(set(story, "s", {{"interval.ms", "soon"}}), ErrorCode::invalid_config);
    for (auto const* match : {"bogus=.*", "client_id=[", "client_id", "client_id=a=b",
                              "client_id=", "client_id=a,bogus=.*"})
        EXPECT_EQ(set(story, "s", {{"match", match}}), ErrorCode::invalid_config) << match;
    EXPECT_EQ(set(story, "s", {{"metrics", std::string(client_metrics_text_bytes_max + 1, 'm')}}),
              ErrorCode::invalid_config);
    EXPECT_EQ(listed(story), Values{});
}

TEST(Subscriptions, are_limited_in_number) {
    Story story;
    for (std::size_t n = 0; n < client_metrics_subscriptions_max; ++n)
        EXPECT_EQ(set(story, std::to_string(n), {{"metrics", "a"}}), ErrorCode::none);
    EXPECT_EQ(set(story, "more", {{"metrics", "a"}}), ErrorCode::policy_violation);
    EXPECT_EQ(set(story, "7", {{"metrics", "b"}}), ErrorCode::none);
    EXPECT_EQ(set(story, "7", {{"metrics", std::nullopt}}), ErrorCode::none);
    EXPECT_EQ(set(story, "more", {{"metrics", "a"}}), ErrorCode::none);
}

TEST(Subscriptions, that_match_are_added_up_and_the_shortest_interval_holds) {
    Story story;
    set(story, "one", {{"metrics", "b.,a.,a"}, {"interval.ms", "2000"}});
    set(story, "two", {{"metrics", "c"}, {"interval.ms", "1000"}, {"match", "client_id=st.*"}});
    set(story, "other", {{"metrics", "d"}, {"interval.ms", "500"}, {"match", "client_id=tory"}});
    auto const both = asked(story);
    EXPECT_EQ(both.requested_metrics, (Values{"a", "a.", "b.", "c"}));
    EXPECT_EQ(both.push_interval_ms, 1000);
    set(story, "all", {{"metrics", "*"}});
    EXPECT_EQ(asked(story).requested_metrics, Values{"*"});
}

TEST(Subscriptions, can_be_about_the_program_and_where_it_runs) {
    Story story;
    meet(story, "librdkafka", "2.15.0");
    auto const wanted = [&](std::string const& match) {
        EXPECT_EQ(set(story, "s", {{"metrics", "m"}, {"match", match}}), ErrorCode::none) << match;
        return !asked(story).requested_metrics.empty();
    };
    EXPECT_TRUE(wanted("client_software_name=librdkafka,client_software_version=2\\..*"));
    EXPECT_FALSE(wanted("client_software_name=librdkafka,client_software_version=1\\..*"));
    EXPECT_TRUE(wanted("client_source_address=127\\.0\\.0\\.1, client_source_port = [0-9]+"));
    EXPECT_FALSE(wanted("client_source_address=10\\..*"));
    EXPECT_TRUE(wanted("client_instance_id=.{22}"));
    story.broker->disconnected(story.connection, story.now);
    EXPECT_FALSE(wanted("client_software_name=librdkafka"));
}

TEST(Subscriptions, that_change_make_clients_ask_again) {
    Story story;
    set(story, "s", {{"metrics", "m"}, {"interval.ms", "1000"}});
    auto const told = asked(story);
    kafka::PushTelemetryRequest push;
    push.client_instance_id = told.client_instance_id;
    push.subscription_id = told.subscription_id;
    EXPECT_EQ(story.ask(push).error_code, ErrorCode::none);
    set(story, "s", {{"metrics", "m,n"}});
    EXPECT_EQ(story.ask(push).error_code, ErrorCode::unknown_subscription_id);
    push.subscription_id = asked(story, told.client_instance_id).subscription_id;
    EXPECT_EQ(story.ask(push).error_code, ErrorCode::none);
    push.client_instance_id = asked(story).client_instance_id;
    EXPECT_EQ(story.ask(push).error_code, ErrorCode::unknown_subscription_id);
}

TEST(Subscriptions, survive_a_restart) {
    Story story;
    set(story, "kept", {{"metrics", "m"}});
    set(story, "gone", {{"metrics", "m"}});
    story.checkpoint();
    set(story, "gone", {{"metrics", std::nullopt}});
    set(story, "new", {{"interval.ms", "1000"}});
    story.restart();
    EXPECT_EQ(listed(story), (Values{"kept", "new"}));
    EXPECT_EQ(asked(story).push_interval_ms, 1000);
}

}  // namespace
}  // namespace klamm::broker
