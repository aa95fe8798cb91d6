#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::CreateTopicsRequest;
using kafka::ErrorCode;

// ---- CreateTopics ---------------------------------------------------------------------------

CreateTopicsRequest one_topic(std::string const& name, std::int32_t partitions,
                              std::int16_t replicas = 1) {
    CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = name;
    topic.num_partitions = partitions;
    topic.replication_factor = replicas;
    return request;
}

TEST(CreateTopics, EveryVersionCreates) {
    for (kafka::ApiVersion version = 2; version <= 7; ++version) {
        SCOPED_TRACE(version);
        Story story;
        auto const result = story.ask(one_topic("t", 3), version).topics.at(0);
        EXPECT_EQ(result.error_code, ErrorCode::none);
        auto const again = story.ask(one_topic("t", 3), version).topics.at(0);
        EXPECT_EQ(again.error_code, ErrorCode::topic_already_exists);
        if (version < 5) continue;
        EXPECT_EQ(result.num_partitions, 3);
        EXPECT_EQ(result.replication_factor, 1);
        EXPECT_FALSE(result.configs->empty());
    }
}

TEST(CreateTopics, DefaultsAreTheBrokers) {
    Options options;
    options.num_partitions = 4;
    Story story{options};
    auto const result = story.ask(one_topic("t", -1, -1)).topics.at(0);
    EXPECT_EQ(result.num_partitions, 4);
    EXPECT_FALSE(result.topic_id.is_none());
}

TEST(CreateTopics, ValidateOnlyCreatesNothing) {
    Story story;
    auto request = one_topic("t", 3);
    request.validate_only = true;
    auto const result = story.ask(request).topics.at(0);
    EXPECT_EQ(result.error_code, ErrorCode::none);
    EXPECT_EQ(result.num_partitions, 3);
    EXPECT_EQ(story.broker->stats().topics, 0U);
}

TEST(CreateTopics, ImpossibleNumbersAreRefused) {
    Story story;
    auto const error = [&](std::int32_t partitions, std::int16_t replicas) {
        return story.ask(one_topic("t", partitions, replicas)).topics.at(0).error_code;
    };
    EXPECT_EQ(error(0, 1), ErrorCode::invalid_partitions);
    EXPECT_EQ(error(-2, 1), ErrorCode::invalid_partitions);
    EXPECT_EQ(error(1, 0), ErrorCode::invalid_replication_factor);
    EXPECT_EQ(error(1, 2), ErrorCode::invalid_replication_factor);
    EXPECT_EQ(error(2147483647, 1), ErrorCode::policy_violation);
    EXPECT_EQ(story.broker->stats().topics, 0U);
}

TEST(CreateTopics, NamesFollowKafkasRules) {
    Story story;
    for (std::string const name : {"", ".", "..", "a/b", "a b", "\xc3\xa9", "a\n"}) {
        EXPECT_EQ(story.create(name), ErrorCode::invalid_topic_exception) << name;
    }
    EXPECT_EQ(story.create(std::string(250, 'a')), ErrorCode::invalid_topic_exception);
    EXPECT_EQ(story.create(std::string(249, 'a')), ErrorCode::none);
    EXPECT_EQ(story.create("a.b_C-9"), ErrorCode::none);
}

TEST(CreateTopics, ManualAssignmentsNameThisBroker) {
    Story story;
    auto request = one_topic("t", -1, -1);
    request.topics[0].assignments = {{0, {1}}, {1, {1}}};
    EXPECT_EQ(story.ask(request).topics.at(0).num_partitions, 2);
    request.topics[0].name = "u";
    request.topics[0].assignments = {{0, {2}}};
    EXPECT_EQ(story.ask(request).topics.at(0).error_code, ErrorCode::invalid_replica_assignment);
    request.topics[0].assignments = {{1, {1}}};
    EXPECT_EQ(story.ask(request).topics.at(0).error_code, ErrorCode::invalid_replica_assignment);
    request.topics[0].num_partitions = 1;
    EXPECT_EQ(story.ask(request).topics.at(0).error_code, ErrorCode::invalid_request);
}

TEST(CreateTopics, ConfigsAreChecked) {
    Story story;
    EXPECT_EQ(story.create("a", 1, {{"retention.ms", "1000"}}), ErrorCode::none);
    EXPECT_EQ(story.create("b", 1, {{"retention.ms", "soon"}}), ErrorCode::invalid_config);
    EXPECT_EQ(story.create("b", 1, {{"retention.ms", "-2"}}), ErrorCode::invalid_config);
    EXPECT_EQ(story.create("b", 1, {{"no.such.config", "1"}}), ErrorCode::invalid_config);
    EXPECT_EQ(story.create("b", 1, {{"compression.type", "none"}}), ErrorCode::invalid_config);
    EXPECT_EQ(story.create("b", 1, {{"compression.gzip.level", "0"}}), ErrorCode::invalid_config);
    EXPECT_EQ(story.create("b", 1, {{"cleanup.policy", "compact,delete"}}), ErrorCode::none);
}

TEST(CreateTopics, ANameTwiceInOneRequestIsRefused) {
    Story story;
    auto request = one_topic("t", 1);
    request.topics.push_back(request.topics[0]);
    auto const results = story.ask(request).topics;
    ASSERT_EQ(results.size(), 1U);
    EXPECT_EQ(results[0].error_code, ErrorCode::invalid_request);
    EXPECT_EQ(story.broker->stats().topics, 0U);
}

TEST(CreateTopics, PartitionsAreBounded) {
    Options options;
    options.partitions_max = 10;
    Story story{options};
    EXPECT_EQ(story.create("a", 8), ErrorCode::none);
    EXPECT_EQ(story.create("b", 3), ErrorCode::policy_violation);
    EXPECT_EQ(story.create("b", 2), ErrorCode::none);
    story.remove("a");
    EXPECT_EQ(story.create("c", 8), ErrorCode::none);
}

TEST(CreateTopics, AFullJournalIsTold) {
    Story story;
    story.journal.full = true;
    EXPECT_EQ(story.create("a"), ErrorCode::kafka_storage_error);
    EXPECT_EQ(story.broker->stats().topics, 0U);
}

// ---- DeleteTopics ---------------------------------------------------------------------------

TEST(DeleteTopics, ByNameInEveryVersion) {
    for (kafka::ApiVersion version = 1; version <= 6; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t");
        kafka::DeleteTopicsRequest request;
        if (version < 6)
            request.topic_names = {"t", "absent"};
        else
            request.topics = {{.name = "t", .topic_id = {}}, {.name = "absent", .topic_id = {}}};
        auto const results = story.ask(request, version).responses;
        EXPECT_EQ(results.at(0).error_code, ErrorCode::none);
        EXPECT_EQ(results.at(1).error_code, ErrorCode::unknown_topic_or_partition);
    }
}

TEST(DeleteTopics, ById) {
    Story story;
    story.create("t");
    kafka::DeleteTopicsRequest request;
    auto const id = story.topic_id("t");
    request.topics = {{.name = std::nullopt, .topic_id = id}};
    EXPECT_EQ(story.ask(request).responses.at(0).name, "t");
    EXPECT_EQ(story.ask(request).responses.at(0).error_code, ErrorCode::unknown_topic_id);
    story.create("u");
    request.topics = {{.name = "u", .topic_id = id}};
    EXPECT_EQ(story.ask(request).responses.at(0).error_code, ErrorCode::invalid_request);
    EXPECT_EQ(story.broker->stats().topics, 1U);
}

TEST(DeleteTopics, TheSuccessorOfATopicIsAnotherOne) {
    Story story;
    story.create("t");
    auto const before = story.topic_id("t");
    story.produce("t", {"old"});
    story.checkpoint();
    story.remove("t");
    story.create("t");
    EXPECT_NE(story.topic_id("t"), before);
    EXPECT_TRUE(story.fetch_all("t").empty());
    story.produce("t", {"new"});
    story.crash();
    EXPECT_EQ(story.fetch_all("t"), (Values{"new"}));
}

TEST(DeleteTopics, ReleaseTheirSpace) {
    Story story;
    story.create("a");
    story.create("b");
    story.produce("a", {"x"});
    auto const position = story.journal.entries.back().at;
    story.produce("b", {"y"});
    EXPECT_EQ(story.broker->needed_from(), position);
    story.remove("a");
    EXPECT_GT(story.broker->needed_from(), position);
    story.remove("b");
    EXPECT_EQ(story.broker->needed_from(), story.journal.next());
}

TEST(DeleteTopics, ABatchThatWasNotSyncedYetGoesWithItsTopic) {
    Story story;
    story.create("t");
    story.send(Story::produce_request("t", 0, records::build(story.records({"a"}))), 12);
    EXPECT_EQ(story.remove("t"), ErrorCode::none);
    story.restart();
    EXPECT_EQ(story.broker->stats().partitions, 0U);
}

// ---- CreatePartitions -----------------------------------------------------------------------

TEST(CreatePartitions, AddsAndSurvives) {
    Story story;
    story.create("t", 2);
    kafka::CreatePartitionsRequest request;
    request.topics = {{.name = "t", .count = 5, .assignments = std::nullopt}};
    request.validate_only = true;
    EXPECT_EQ(story.ask(request).results.at(0).error_code, ErrorCode::none);
    EXPECT_EQ(story.broker->stats().partitions, 2U);
    request.validate_only = false;
    EXPECT_EQ(story.ask(request).results.at(0).error_code, ErrorCode::none);
    story.produce("t", {"a"}, 4);
    story.restart();
    EXPECT_EQ(story.fetch_all("t", 4), (Values{"a"}));
}

TEST(CreatePartitions, OnlyMoreIsPossible) {
    Story story;
    story.create("t", 2);
    kafka::CreatePartitionsRequest request;
    auto const error = [&](std::string name, std::int32_t count) {
        request.topics = {{.name = std::move(name), .count = count, .assignments = std::nullopt}};
        return story.ask(request).results.at(0).error_code;
    };
    EXPECT_EQ(error("t", 2), ErrorCode::invalid_partitions);
    EXPECT_EQ(error("t", 1), ErrorCode::invalid_partitions);
    EXPECT_EQ(error("t", -2147483647), ErrorCode::invalid_partitions);
    EXPECT_EQ(error("t", 2147483647), ErrorCode::policy_violation);
    EXPECT_EQ(error("absent", 3), ErrorCode::unknown_topic_or_partition);
    request.topics = {{.name = "t", .count = 3, .assignments = {{{{2}}}}}};
    EXPECT_EQ(story.ask(request).results.at(0).error_code, ErrorCode::invalid_replica_assignment);
    request.topics = {{.name = "t", .count = 3, .assignments = {{{{1}}}}}};
    EXPECT_EQ(story.ask(request).results.at(0).error_code, ErrorCode::none);
}

// ---- Metadata -------------------------------------------------------------------------------

std::vector<kafka::MetadataRequest::MetadataRequestTopic> named(std::string const& name) {
    return {{.topic_id = {}, .name = name}};
}

TEST(Metadata, CreatesTopicsThatAreAskedForWhenItMay) {
    Story story;
    kafka::MetadataRequest request;
    request.topics = named("t");
    request.allow_auto_topic_creation = false;
    EXPECT_EQ(story.ask(request).topics.at(0).error_code, ErrorCode::unknown_topic_or_partition);
    request.allow_auto_topic_creation = true;
    auto const created = story.ask(request).topics.at(0);
    EXPECT_EQ(created.error_code, ErrorCode::none);
    EXPECT_EQ(created.partitions.size(), 1U);
    EXPECT_FALSE(created.topic_id.is_none());
    story.crash();
    EXPECT_EQ(story.topic_id("t"), created.topic_id);
}

TEST(Metadata, CreatesNothingWhenTheBrokerIsToldSo) {
    Options options;
    options.auto_create_topics_enable = false;
    Story story{options};
    kafka::MetadataRequest request;
    request.topics = named("t");
    EXPECT_EQ(story.ask(request).topics.at(0).error_code, ErrorCode::unknown_topic_or_partition);
}

TEST(Metadata, EveryVersionNamesTheBrokerAndTheTopics) {
    for (kafka::ApiVersion version = 0; version <= 13; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t", 2);
        kafka::MetadataRequest request;
        if (version == 0)
            request.topics.emplace();
        else
            request.topics.reset();
        auto const all = story.ask(request, version);
        ASSERT_EQ(all.topics.size(), 1U);
        EXPECT_EQ(all.topics[0].partitions.size(), 2U);
        EXPECT_EQ(all.brokers.at(0).host, "127.0.0.1");
        if (version >= 2) {
            EXPECT_EQ(all.cluster_id, story.broker->cluster_id());
        }
        request.topics = named("bad name");
        EXPECT_EQ(story.ask(request, version).topics.at(0).error_code,
                  ErrorCode::invalid_topic_exception);
    }
}

TEST(Metadata, FindsTopicsByIdInEveryVersionThatHasIds) {
    for (kafka::ApiVersion version = 10; version <= 13; ++version) {
        SCOPED_TRACE(version);
        Story story;
        story.create("t");
        kafka::MetadataRequest request;
        auto const id = story.topic_id("t");
        auto const name = version >= 12 ? std::optional<std::string>{} : std::string{};
        request.topics.emplace();
        request.topics->push_back({.topic_id = id, .name = name});
        EXPECT_EQ(story.ask(request, version).topics.at(0).name, "t");
        story.remove("t");
        auto const gone = story.ask(request, version).topics.at(0);
        EXPECT_EQ(gone.error_code, ErrorCode::unknown_topic_id);
        EXPECT_EQ(gone.topic_id, id);
    }
}

TEST(Metadata, TellsWhatIsAllowedWhenAsked) {
    Story story;
    story.create("t");
    kafka::MetadataRequest request;
    request.topics.reset();
    EXPECT_EQ(story.ask(request, 12).topics.at(0).topic_authorized_operations, INT32_MIN);
    request.include_topic_authorized_operations = true;
    EXPECT_EQ(story.ask(request, 12).topics.at(0).topic_authorized_operations, 3576);
}

TEST(Metadata, AnEmptyListMeansNoTopics) {
    Story story;
    story.create("t");
    kafka::MetadataRequest request;
    request.topics.emplace();
    EXPECT_TRUE(story.ask(request, 12).topics.empty());
}

// ---- the cluster ----------------------------------------------------------------------------

TEST(Cluster, KeepsItsIdOverRestarts) {
    Story story;
    auto const id = story.broker->cluster_id();
    EXPECT_EQ(id.size(), 22U);
    story.restart();
    EXPECT_EQ(story.broker->cluster_id(), id);
}

TEST(DescribeCluster, NamesTheBrokerInEveryVersion) {
    for (kafka::ApiVersion version = 0; version <= 2; ++version) {
        Story story;
        kafka::DescribeClusterRequest request;
        request.include_cluster_authorized_operations = true;
        auto const answer = story.ask(request, version);
        EXPECT_EQ(answer.brokers.at(0).port, 9092);
        EXPECT_EQ(answer.controller_id, 1);
        EXPECT_EQ(answer.cluster_authorized_operations, 8096);
    }
    Story story;
    kafka::DescribeClusterRequest request;
    request.endpoint_type = 2;
    EXPECT_EQ(story.ask(request).error_code, ErrorCode::mismatched_endpoint_type);
}

// ---- DescribeTopicPartitions ------------------------------------------------------------------

TEST(DescribeTopicPartitions, GoesThroughThemInPages) {
    Story story;
    story.create("a", 3);
    story.create("b", 2);
    story.create("c", 1);
    kafka::DescribeTopicPartitionsRequest request;
    request.response_partition_limit = 2;
    std::vector<std::string> seen;
    for (int page = 0; page < 10; ++page) {
        auto const answer = story.ask(request);
        for (auto const& topic : answer.topics) {
            for (auto const& partition : topic.partitions)
                seen.push_back(*topic.name + std::to_string(partition.partition_index));
        }
        if (!answer.next_cursor) break;
        request.cursor = {.topic_name = answer.next_cursor->topic_name,
                          .partition_index = answer.next_cursor->partition_index};
    }
    EXPECT_EQ(seen, (std::vector<std::string>{"a0", "a1", "a2", "b0", "b1", "c0"}));
}

TEST(DescribeTopicPartitions, NamesThoseThatAreNotThere) {
    Story story;
    kafka::DescribeTopicPartitionsRequest request;
    request.topics = {{"absent"}, {"bad name"}};
    auto const answer = story.ask(request);
    EXPECT_EQ(answer.topics.at(0).error_code, ErrorCode::unknown_topic_or_partition);
    EXPECT_EQ(answer.topics.at(1).error_code, ErrorCode::invalid_topic_exception);
}

TEST(DescribeLogDirs, TellsBytesByPartition) {
    Story story;
    story.create("t", 2);
    story.produce("t", {"a"}, 1);
    kafka::DescribeLogDirsRequest request;
    request.topics.reset();
    for (kafka::ApiVersion version = 1; version <= 4; ++version) {
        auto const partitions = story.ask(request, version).results.at(0).topics.at(0).partitions;
        EXPECT_EQ(partitions.at(0).partition_size, 0);
        EXPECT_GT(partitions.at(1).partition_size, 61);
    }
    request.topics = {{.topic = "t", .partitions = {1, 7}}, {.topic = "absent", .partitions = {0}}};
    EXPECT_EQ(story.ask(request).results.at(0).topics.size(), 1U);
}

TEST(DescribeProducers, ListsThoseOfAPartition) {
    Story story;
    story.create("t");
    story.produce_as(9, 2, 0, "t", {"a", "b"});
    kafka::DescribeProducersRequest request;
    request.topics = {{.name = "t", .partition_indexes = {0, 1}}};
    auto const partitions = story.ask(request).topics.at(0).partitions;
    ASSERT_EQ(partitions.at(0).active_producers.size(), 1U);
    auto const& producer = partitions[0].active_producers[0];
    EXPECT_EQ(producer.producer_id, 9);
    EXPECT_EQ(producer.producer_epoch, 2);
    EXPECT_EQ(producer.last_sequence, 1);
    EXPECT_EQ(partitions.at(1).error_code, ErrorCode::unknown_topic_or_partition);
}

TEST(ListConfigResources, ListsTopicsAndTheBroker) {
    Story story;
    story.create("flights");
    kafka::ListConfigResourcesRequest request;
    auto const listed = [&](std::vector<std::int8_t> types, kafka::ApiVersion version = 1) {
        request.resource_types = std::move(types);
        auto const answer = story.ask(request, version);
        EXPECT_EQ(answer.error_code, ErrorCode::none);
        std::string text;
        for (auto const& [name, type] : answer.config_resources)
            text += name + ":" + std::to_string(type) + " ";
        return text;
    };
    EXPECT_EQ(listed({}), "flights:2 1:4 ");
    EXPECT_EQ(listed({2}), "flights:2 ");
    EXPECT_EQ(listed({16, 32}), "");
    EXPECT_EQ(listed({}, 0), "");
    request.resource_types = {2, 3};
    EXPECT_EQ(story.ask(request).error_code, ErrorCode::unsupported_version);
}

}  // namespace
}  // namespace klamm::broker
