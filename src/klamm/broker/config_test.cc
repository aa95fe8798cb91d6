#include "klamm/broker/config.h"

#include "klamm/broker/story.h"

#include <algorithm>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

constexpr std::int8_t topic_type = 2, broker_type = 4, group_type = 32;

auto describe(Story& story, std::int8_t type, std::string const& name,
              std::vector<std::string> const& keys = {}, kafka::ApiVersion version = 4) {
    kafka::DescribeConfigsRequest request;
    request.include_synonyms = true;
    request.include_documentation = version >= 3;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = type;
    resource.resource_name = name;
    resource.configuration_keys.reset();
    if (!keys.empty()) resource.configuration_keys = keys;
    return story.ask(request, version).results.at(0);
}

std::string value_of(Story& story, std::string const& topic, std::string const& key) {
    return describe(story, topic_type, topic, {key}).configs.at(0).value.value_or("null");
}

struct Increment {
    std::string name;
    std::int8_t operation = 0;
    std::optional<std::string> value;
};

auto increment(Story& story, std::int8_t type, std::string const& name,
               std::vector<Increment> const& changes, bool validate_only = false) {
    kafka::IncrementalAlterConfigsRequest request;
    request.validate_only = validate_only;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = type;
    resource.resource_name = name;
    for (auto const& change : changes) {
        auto& config = resource.configs.emplace_back();
        config.name = change.name;
        config.config_operation = change.operation;
        config.value = change.value;
    }
    return story.ask(request).responses.at(0);
}

TEST(Config, EveryDefaultIsAllowed) {
    for (auto const table : {topic_configs(), broker_configs()}) {
        for (auto const& def : table)
            EXPECT_EQ(check_config(def, broker_default(def, Options{})), std::nullopt) << def.name;
    }
}

TEST(Config, EveryTopicConfigHasItsBrokerConfig) {
    for (auto const& def : topic_configs()) {
        if (def.broker_name.empty()) continue;
        auto const* broker = find_broker_config(def.broker_name);
        ASSERT_NE(broker, nullptr) << def.broker_name;
        EXPECT_EQ(broker->type, def.type) << def.name;
        EXPECT_EQ(broker->default_value, def.default_value) << def.name;
        EXPECT_EQ(broker->allowed, def.allowed) << def.name;
        EXPECT_EQ(broker->least, def.least) << def.name;
        EXPECT_EQ(broker->most, def.most) << def.name;
    }
}

TEST(Config, MessagesNameTheConfigAndWhatIsAllowed) {
    auto const why = check_config(*find_topic_config("cleanup.policy"), "compact,forget");
    ASSERT_TRUE(why.has_value());
    EXPECT_NE(why->find("cleanup.policy"), std::string::npos);
    EXPECT_NE(why->find("compact, delete"), std::string::npos);
    EXPECT_TRUE(check_config(*find_topic_config("preallocate"), "TRUE"));
    EXPECT_TRUE(check_config(*find_topic_config("retention.ms"), "1e3"));
    EXPECT_TRUE(check_config(*find_topic_config("min.cleanable.dirty.ratio"), "1.1"));
    EXPECT_TRUE(check_config(*find_topic_config("min.cleanable.dirty.ratio"), "nan"));
    EXPECT_TRUE(check_config(*find_topic_config("cleanup.policy"), ""));
    EXPECT_FALSE(check_config(*find_topic_config("cleanup.policy"), "compact, delete"));
}

TEST(DescribeConfigs, ListsEveryConfigWithItsDefault) {
    for (kafka::ApiVersion version = 1; version <= 4; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t", 1, {{"retention.ms", "5000"}});
        auto const result = describe(story, topic_type, "t", {}, version);
        EXPECT_EQ(result.configs.size(), topic_configs().size());
        auto const retention =
            std::ranges::find(result.configs, "retention.ms", [](auto const& c) { return c.name; });
        EXPECT_EQ(retention->value, "5000");
        EXPECT_EQ(retention->config_source, 1);
        ASSERT_EQ(retention->synonyms.size(), 2U);
        EXPECT_EQ(retention->synonyms[1].name, "log.retention.ms");
        EXPECT_EQ(retention->synonyms[1].value, "604800000");
        auto const cleanup = result.configs.at(0);
        EXPECT_EQ(cleanup.name, "cleanup.policy");
        EXPECT_EQ(cleanup.value, "delete");
        EXPECT_EQ(cleanup.config_source, 5);
        if (version < 3) continue;
        EXPECT_EQ(cleanup.config_type, 7);
        EXPECT_FALSE(cleanup.documentation->empty());
    }
}

TEST(DescribeConfigs, TellsTheBrokersOwn) {
    Options options;
    options.num_partitions = 7;
    Story story{options};
    auto const result = describe(story, broker_type, "1", {"num.partitions", "node.id"});
    ASSERT_EQ(result.configs.size(), 2U);
    EXPECT_EQ(result.configs[0].name, "node.id");
    EXPECT_EQ(result.configs[1].value, "7");
    EXPECT_TRUE(result.configs[1].read_only);
    EXPECT_GT(describe(story, broker_type, "1").configs.size(), 40U);
    EXPECT_TRUE(describe(story, broker_type, "").configs.empty());
}

TEST(DescribeConfigs, OtherResourcesAreRefused) {
    Story story;
    EXPECT_EQ(describe(story, broker_type, "2").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(describe(story, 8, "1").error_code, ErrorCode::invalid_request);
    EXPECT_EQ(describe(story, topic_type, "absent").error_code,
              ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(describe(story, topic_type, "bad name").error_code,
              ErrorCode::invalid_topic_exception);
}

TEST(IncrementalAlterConfigs, SetsDeletesAppendsAndSubtracts) {
    Story story;
    story.create("t");
    EXPECT_EQ(increment(story, topic_type, "t",
                        {{"retention.ms", 0, "1000"}, {"cleanup.policy", 2, "compact"}})
                  .error_code,
              ErrorCode::none);
    EXPECT_EQ(value_of(story, "t", "retention.ms"), "1000");
    EXPECT_EQ(value_of(story, "t", "cleanup.policy"), "delete,compact");
    increment(story, topic_type, "t",
              {{"retention.ms", 1, std::nullopt}, {"cleanup.policy", 3, "delete"}});
    EXPECT_EQ(value_of(story, "t", "retention.ms"), "604800000");
    EXPECT_EQ(value_of(story, "t", "cleanup.policy"), "compact");
    story.checkpoint();
    story.restart();
    EXPECT_EQ(value_of(story, "t", "cleanup.policy"), "compact");
}

TEST(IncrementalAlterConfigs, ChangesAllOrNothing) {
    Story story;
    story.create("t");
    auto const refused = increment(story, topic_type, "t",
                                   {{"retention.ms", 0, "1000"}, {"retention.bytes", 0, "many"}});
    EXPECT_EQ(refused.error_code, ErrorCode::invalid_config);
    EXPECT_NE(refused.error_message->find("retention.bytes"), std::string::npos);
    EXPECT_EQ(value_of(story, "t", "retention.ms"), "604800000");
}

TEST(IncrementalAlterConfigs, RefusesWhatCannotBe) {
    Story story;
    story.create("t");
    auto const error = [&](Increment change) {
        return increment(story, topic_type, "t", {std::move(change)}).error_code;
    };
    EXPECT_EQ(error({"no.such", 0, "1"}), ErrorCode::invalid_config);
    EXPECT_EQ(error({"retention.ms", 2, "1"}), ErrorCode::invalid_config);
    EXPECT_EQ(error({"retention.ms", 0, std::nullopt}), ErrorCode::invalid_request);
    EXPECT_EQ(error({"retention.ms", 9, "1"}), ErrorCode::invalid_request);
    EXPECT_EQ(error({"cleanup.policy", 3, "delete"}), ErrorCode::invalid_config);
    EXPECT_EQ(
        increment(story, topic_type, "t", {{"retention.ms", 0, "1"}, {"retention.ms", 0, "2"}})
            .error_code,
        ErrorCode::invalid_request);
    EXPECT_EQ(increment(story, topic_type, "absent", {}).error_code,
              ErrorCode::unknown_topic_or_partition);
}

TEST(IncrementalAlterConfigs, ValidateOnlyChangesNothing) {
    Story story;
    story.create("t");
    EXPECT_EQ(increment(story, topic_type, "t", {{"retention.ms", 0, "1"}}, true).error_code,
              ErrorCode::none);
    EXPECT_EQ(value_of(story, "t", "retention.ms"), "604800000");
}

TEST(IncrementalAlterConfigs, ThePoolsAndLoginsOfABrokerMayBeSetWithoutEffect) {
    Story story;
    for (auto const* name : {"background.threads", "sasl.kerberos.min.time.before.relogin"}) {
        EXPECT_EQ(increment(story, broker_type, "1", {{name, 0, "9"}}).error_code, ErrorCode::none);
        EXPECT_EQ(describe(story, broker_type, "1", {name}).configs.at(0).value, "9");
        EXPECT_EQ(increment(story, broker_type, "1", {{name, 0, "few"}}).error_code,
                  ErrorCode::invalid_config);
    }
}

TEST(IncrementalAlterConfigs, TheBrokersConfigsAreTheTopicsDefaults) {
    Story story;
    story.create("t");
    EXPECT_EQ(increment(story, broker_type, "", {{"message.max.bytes", 0, "100"}}).error_code,
              ErrorCode::none);
    EXPECT_EQ(value_of(story, "t", "max.message.bytes"), "100");
    EXPECT_EQ(story.produce("t", {std::string(100, 'x')}).error_code, ErrorCode::message_too_large);
    increment(story, topic_type, "t", {{"max.message.bytes", 0, "1000"}});
    EXPECT_EQ(story.produce("t", {std::string(100, 'x')}).error_code, ErrorCode::none);
    story.restart();
    EXPECT_EQ(describe(story, broker_type, "").configs.size(), 1U);
    EXPECT_EQ(increment(story, broker_type, "1", {{"node.id", 0, "2"}}).error_code,
              ErrorCode::invalid_request);
}

TEST(AlterConfigs, WhatIsNotNamedGoesBackToItsDefault) {
    for (kafka::ApiVersion version = 0; version <= 2; ++version) {
        Story story;
        story.create("t", 1, {{"retention.ms", "1000"}});
        kafka::AlterConfigsRequest request;
        auto& resource = request.resources.emplace_back();
        resource.resource_type = topic_type;
        resource.resource_name = "t";
        resource.configs.push_back({"segment.ms", "2000"});
        EXPECT_EQ(story.ask(request, version).responses.at(0).error_code, ErrorCode::none);
        EXPECT_EQ(value_of(story, "t", "retention.ms"), "604800000");
        EXPECT_EQ(value_of(story, "t", "segment.ms"), "2000");
        request.resources[0].configs[0].value = "-1";
        EXPECT_EQ(story.ask(request, version).responses.at(0).error_code,
                  ErrorCode::invalid_config);
    }
}

TEST(AlterConfigs, AFullJournalIsTold) {
    Story story;
    story.create("t");
    story.journal.full = true;
    EXPECT_EQ(increment(story, topic_type, "t", {{"retention.ms", 0, "1"}}).error_code,
              ErrorCode::kafka_storage_error);
    EXPECT_EQ(value_of(story, "t", "retention.ms"), "604800000");
}

TEST(GroupConfigs, AreSetBeforeThereIsAGroupAndSurvive) {
    Story story;
    auto const set = [&](std::string const& name, std::int8_t how, std::string const& value) {
        return increment(story, group_type, "g", {{name, how, value}}).error_code;
    };
    EXPECT_EQ(set("consumer.session.timeout.ms", 0, "50000"), ErrorCode::none);
    story.restart();
    story.checkpoint();
    story.restart();
    auto const configs = describe(story, group_type, "g").configs;
    ASSERT_EQ(configs.size(), 2U);
    EXPECT_EQ(configs[0].name, "consumer.heartbeat.interval.ms");
    EXPECT_EQ(configs[0].value, "5000");
    EXPECT_EQ(configs[0].config_source, 5);
    EXPECT_EQ(configs[1].value, "50000");
    EXPECT_EQ(configs[1].config_source, 8);
    EXPECT_EQ(set("consumer.session.timeout.ms", 1, ""), ErrorCode::none);
    EXPECT_EQ(describe(story, group_type, "g").configs[1].value, "45000");
}

TEST(GroupConfigs, KeepToTheBrokersLimits) {
    Story story;
    auto const set = [&](std::string const& name, std::string const& value) {
        return increment(story, group_type, "g", {{name, 0, value}}).error_code;
    };
    EXPECT_EQ(set("consumer.session.timeout.ms", "44999"), ErrorCode::invalid_config);
    EXPECT_EQ(set("consumer.session.timeout.ms", "60001"), ErrorCode::invalid_config);
    EXPECT_EQ(set("consumer.heartbeat.interval.ms", "4999"), ErrorCode::invalid_config);
    EXPECT_EQ(set("consumer.heartbeat.interval.ms", "soon"), ErrorCode::invalid_config);
    EXPECT_EQ(set("retention.ms", "1"), ErrorCode::invalid_config);
    EXPECT_EQ(
        increment(story, group_type, "", {{"consumer.session.timeout.ms", 0, "50000"}}).error_code,
        ErrorCode::invalid_request);
}

}  // namespace
}  // namespace klamm::broker
