#include "klamm/broker/registry_changes.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/registry_readers.h"
#include "klamm/broker/snapshot.h"
#include "klamm/broker/story.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using registry::Record;
using Why = RegistryRefusal::Why;

/// A version of a subject, as Confluent's registry writes it.
Record schema(std::string const& subject, int version, int id, std::string const& type = "string") {
    auto const number = std::to_string(version);
    return {R"({"keytype":"SCHEMA","subject":")" + subject + R"(","version":)" + number +
                R"(,"magic":1})",
            R"({"subject":")" + subject + R"(","version":)" + number + R"(,"id":)" +
                std::to_string(id) + R"(,"schema":"\")" + type + R"(\"","deleted":false})"};
}

Record level(std::string const& value) {
    return {R"({"keytype":"CONFIG","subject":null,"magic":0})",
            R"({"compatibilityLevel":")" + value + R"("})"};
}

struct WithRegistry : Story {
    using Story::Story;
    std::string const topic{schemas_topic};

    auto change(std::vector<Record> const& records) {
        return broker->change_registry(broker->registry().version(), records, now);
    }
    void must_change(std::vector<Record> const& records) {
        ASSERT_TRUE(change(records).has_value());
        sync();
    }
    /// Key and value of every record that a consumer of the topic sees.
    std::vector<Record> read_topic() {
        std::vector<Record> all;
        for (auto const& record : records_of(fetch(topic, 0))) {
            auto const text = [](Bytes const& bytes) {
                return std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size());
            };
            all.push_back({text(*record.key),
                           record.value ? std::optional(text(*record.value)) : std::nullopt});
        }
        return all;
    }
};

std::vector<Record> dump(Broker const& broker) { return broker.registry().dump(); }

TEST(RegistryChanges, AreRecordsOfATopicThatComesWithTheFirst) {
    WithRegistry story;
    EXPECT_TRUE(dump(*story.broker).empty());
    std::vector<Record> const records{schema("a", 1, 1), level("FULL")};
    story.must_change(records);
    EXPECT_EQ(story.read_topic(), records);
    registry::State expected;
    for (auto const& record : records) expected.apply(record);
    EXPECT_EQ(dump(*story.broker), expected.dump());
    EXPECT_FALSE(expected.dump().empty());
    kafka::MetadataRequest request;
    request.topics.reset();
    auto const topics = story.ask(request).topics;
    ASSERT_EQ(topics.size(), 1U);
    EXPECT_EQ(topics[0].name, "_schemas");
    EXPECT_FALSE(topics[0].is_internal);
    EXPECT_EQ(topics[0].partitions.size(), 1U);
}

TEST(RegistryChanges, AreShownWhenTheyAreDurable) {
    WithRegistry story;
    story.must_change({schema("a", 1, 1)});
    auto const durable = story.broker->durable_registry().dump();
    ASSERT_TRUE(story.change({schema("a", 2, 2, "int")}).has_value());
    ASSERT_TRUE(story.change({schema("a", 3, 3, "long")}).has_value());
    EXPECT_EQ(story.broker->durable_registry().dump(), durable);
    EXPECT_EQ(story.broker->durable_registry().version(), 1U);
    EXPECT_EQ(story.broker->registry().version(), 3U);
    story.sync();
    EXPECT_EQ(story.broker->durable_registry().dump(), dump(*story.broker));
    EXPECT_EQ(story.broker->durable_registry().version(), 3U);
}

TEST(RegistryChanges, SurviveWhenDurableByReplayAndByCheckpoint) {
    WithRegistry story;
    story.must_change({schema("a", 1, 1), schema("b", 1, 1)});
    story.checkpoint();
    story.must_change({schema("a", 2, 2, "int")});
    auto const before = dump(*story.broker);
    ASSERT_TRUE(story.change({level("NONE")}).has_value());
    EXPECT_NE(dump(*story.broker), before);
    story.crash();  // compares replay and checkpoint
    EXPECT_EQ(dump(*story.broker), before);
    EXPECT_EQ(story.broker->durable_registry().dump(), before);
    story.must_change({level("NONE")});
    EXPECT_EQ(story.read_topic().size(), 4U);
}

TEST(RegistryChanges, AreRefusedWhenTheRegistryHasChangedMeanwhile) {
    WithRegistry story;
    auto const version = story.broker->registry().version();
    story.must_change({schema("a", 1, 1)});
    auto const late =
        story.broker->change_registry(version, std::vector{schema("a", 1, 1, "int")}, story.now);
    ASSERT_FALSE(late.has_value());
    EXPECT_EQ(late.error().why, Why::conflict);
    EXPECT_EQ(story.read_topic(), (std::vector{schema("a", 1, 1)}));
}

TEST(RegistryChanges, AreRefusedWhenThereIsNoRoom) {
    WithRegistry story;
    auto const large =
        story.change({{"{}", std::string(std::size_t{journal::entry_bytes_max}, ' ')}});
    ASSERT_FALSE(large.has_value());
    EXPECT_EQ(large.error().why, Why::too_large);
    story.must_change({schema("a", 1, 1)});
    auto const before = dump(*story.broker);
    story.journal.full = true;
    auto const full = story.change({schema("a", 2, 2)});
    ASSERT_FALSE(full.has_value());
    EXPECT_EQ(full.error().why, Why::full);
    EXPECT_EQ(dump(*story.broker), before);
}

TEST(RegistryChanges, KeepTheLastRecordOfEachKeyWhenTheTopicIsCompacted) {
    Options options;
    options.compaction_bytes_min = 1;
    WithRegistry story(options);
    for (auto const* each : {"FULL", "NONE", "BACKWARD", "FORWARD"}) {
        story.must_change({level(each)});
        story.must_change({schema("a", 1, 1)});
    }
    auto const before = dump(*story.broker);
    EXPECT_GT(story.work_all(), 0);
    EXPECT_EQ(story.broker->stats().storage.passes, 1U);
    auto left = story.read_topic();
    ASSERT_GE(left.size(), 2U);
    EXPECT_LT(left.size(), 8U);
    EXPECT_EQ(left[left.size() - 2], level("FORWARD"));
    EXPECT_EQ(left.back(), schema("a", 1, 1));
    story.checkpoint();
    story.trim();
    story.restart();
    EXPECT_EQ(dump(*story.broker), before);
}

TEST(SchemasTopic, IsNobodysToChange) {
    WithRegistry story;
    EXPECT_EQ(story.create(story.topic, 3), ErrorCode::invalid_topic_exception);
    story.must_change({schema("a", 1, 1)});
    EXPECT_EQ(story.remove(story.topic), ErrorCode::invalid_topic_exception);
    auto const produced = story.produce(story.topic, {"a"});
    EXPECT_EQ(produced.error_code, ErrorCode::invalid_topic_exception);
    EXPECT_NE(produced.error_message->find("port 8081"), std::string::npos);
    EXPECT_NE(produced.error_message->find("klamm schema import"), std::string::npos);
    kafka::CreatePartitionsRequest more;
    more.topics.push_back({.name = story.topic, .count = 60, .assignments = {}});
    EXPECT_EQ(story.ask(more).results.at(0).error_code, ErrorCode::invalid_topic_exception);
    kafka::DeleteRecordsRequest cut;
    cut.topics.push_back({story.topic, {{.partition_index = 0, .offset = 1}}});
    EXPECT_EQ(story.ask(cut).topics.at(0).partitions.at(0).error_code,
              ErrorCode::invalid_topic_exception);
    EXPECT_EQ(story.read_topic().size(), 1U);
}

TEST(SchemasTopic, ComesAsItMustWhenMetadataMakesIt) {
    WithRegistry story;
    kafka::MetadataRequest request;
    request.topics = {{.topic_id = {}, .name = story.topic}};
    request.allow_auto_topic_creation = true;
    EXPECT_EQ(story.ask(request).topics.at(0).partitions.size(), 1U);
    story.must_change({schema("a", 1, 1)});
    EXPECT_EQ(story.read_topic().size(), 1U);
}

/// The registry came when there was a topic _schemas already: what its batches say counts.
struct OlderThanTheRegistry {
    OlderThanTheRegistry() {
        append(encode_entry(ClusterCreated{.cluster_id = "c"}), {});
        append(encode_entry(TopicCreated{.name = std::string(schemas_topic),
                                         .topic_id = Uuid{{std::byte{1}}},
                                         .first_partition = PartitionKey{0},
                                         .partitions = 1,
                                         .configs = {},
                                         .created_ms = 1}),
               {});
    }
    void append(Bytes head, Bytes body) {
        auto const at = journal.append({Bytes(head), Slice{Bytes(body)}});
        ASSERT_TRUE(at.has_value());
        ASSERT_EQ(broker.replay(*at, head, body), std::nullopt);
        ASSERT_TRUE(journal.commit().has_value());
    }
    void append_batch(Record const& record, records::Codec codec) {
        auto const bytes = [](std::string const& text) {
            auto const view = std::as_bytes(std::span{text});
            return Bytes(view.begin(), view.end());
        };
        auto batch = records::build(
            {{.key = bytes(record.key), .value = bytes(*record.value), .headers = {}}},
            {.codec = codec, .base_offset = offset++});
        append(encode_entry(BatchAppended{.partition = PartitionKey{0}, .appended_ms = 1}),
               std::move(batch));
    }
    /// A checkpoint as the version before the registry wrote it: without its part.
    Bytes old_checkpoint() {
        Broker empty(Options{}, journal, 1);
        auto state = broker.snapshot().encode();
        auto const with_records = broker.registry().dump();
        std::size_t part = sizeof(std::uint32_t);
        for (auto const& [key, value] : with_records)
            part += 2 * sizeof(std::uint32_t) + key.size() + value->size();
        state.resize(state.size() - part);
        state.at(0) = std::byte{3};
        return state;
    }
    StoryJournal journal;
    std::int64_t offset = 0;
    Now now{.instant = Instant{Duration{1'000'000}}, .wall_ms = 1'700'000'000'000};
    Broker broker{Options{}, journal, 1};
};

TEST(SchemasTopic, MadeBeforeThereWasARegistryIsReadFromTheJournal) {
    OlderThanTheRegistry old;
    old.append_batch(schema("a", 1, 1), records::Codec::none);
    old.append_batch(schema("a", 2, 2, "int"), records::Codec::zstd);
    auto const checkpoint = old.old_checkpoint();
    auto const covered = old.journal.entries.size();
    old.append_batch(schema("a", 3, 3, "long"), records::Codec::gzip);

    Broker broker(Options{}, old.journal, 1);
    ASSERT_EQ(broker.restore(checkpoint), std::nullopt);
    for (auto n = covered; n < old.journal.entries.size(); ++n) {
        auto const& [at, head, body] = old.journal.entries[n];
        ASSERT_EQ(broker.replay(at, head, body), std::nullopt);
    }
    broker.start(old.now);
    EXPECT_EQ(broker.registry().version(), 3U);
    EXPECT_EQ(broker.registry().dump(), old.broker.registry().dump());
    EXPECT_EQ(broker.durable_registry().dump(), old.broker.registry().dump());
    EXPECT_TRUE(broker.take_notices().empty());
}

TEST(SchemasTopic, MadeBeforeThereWasARegistryIsReportedWhereItCannotBeRead) {
    OlderThanTheRegistry old;
    old.append_batch(schema("a", 1, 1), records::Codec::none);
    auto const next = old.journal.next();
    old.append_batch(schema("a", 2, 2, "int"), records::Codec::none);
    auto const checkpoint = old.old_checkpoint();
    old.journal.trim(next);

    Broker broker(Options{}, old.journal, 1);
    ASSERT_EQ(broker.restore(checkpoint), std::nullopt);
    broker.start(old.now);
    EXPECT_EQ(broker.registry().version(), 1U);
    auto const notices = broker.take_notices();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].kind, Notice::Kind::schemas_not_read);
    EXPECT_EQ(notices[0].records, 1);
}

TEST(Registry, FoldsWhateverABatchHolds) {
    registry::State state;
    fold(state, {});
    fold(state, Bytes(100, std::byte{1}));
    Story story;
    fold(state, records::build(story.records({"no key"})));
    EXPECT_EQ(state.version(), 0U);
}

struct WithReaders : WithRegistry {
    void commit(std::string const& group, std::string const& of, std::int64_t offset) {
        kafka::OffsetCommitRequest request;
        request.group_id = group;
        request.generation_id_or_member_epoch = -1;
        auto& wanted = request.topics.emplace_back();
        wanted.name = of;
        wanted.partitions.emplace_back().committed_offset = offset;
        EXPECT_EQ(ask(request, 8).topics.at(0).partitions.at(0).error_code, ErrorCode::none);
    }
    void subscribe(std::string const& group, std::string const& to) {
        kafka::ConsumerGroupHeartbeatRequest request;
        request.group_id = group;
        request.member_id = "member-of-" + group;
        request.member_epoch = 0;
        request.rebalance_timeout_ms = 60'000;
        request.subscribed_topic_names = {{to}};
        request.topic_partitions.emplace();
        EXPECT_EQ(ask(request).error_code, ErrorCode::none);
    }
};

TEST(RegistryReaders, AreGroupsWithOffsetsOrSubscriptionsOfTheSubjectsTopic) {
    WithReaders story;
    story.create("orders", 2);
    story.create("other");
    for (int n = 0; n < 3; ++n) story.produce("orders", {"a"}, n % 2);
    story.commit("archive", "orders", 1);
    story.commit("elsewhere", "other", 0);
    story.subscribe("billing", "orders");
    for (auto const* subject : {"orders-value", "orders-key", ":.ctx:orders-value"}) {
        auto const readers = story.broker->readers(subject);
        ASSERT_EQ(readers.size(), 2U) << subject;
        EXPECT_EQ(readers[0].group, "archive");
        EXPECT_EQ(readers[0].topic, "orders");
        EXPECT_EQ(readers[0].members, 0);
        EXPECT_EQ(readers[0].lag, 1);
        EXPECT_EQ(readers[1].group, "billing");
        EXPECT_EQ(readers[1].members, 1);
        EXPECT_EQ(readers[1].lag, -1);
    }
    EXPECT_TRUE(story.broker->readers("orders").empty());
    EXPECT_TRUE(story.broker->readers("orders-com.x.Order").empty());
    story.create("by-record", 1,
                 {{"klamm.schema.validation", "id"},
                  {"confluent.value.subject.name.strategy",
                   "io.confluent.kafka.serializers.subject.TopicRecordNameStrategy"}});
    story.subscribe("reader", "by-record");
    auto const by_record = story.broker->readers("by-record-com.x.Order");
    ASSERT_EQ(by_record.size(), 1U);
    EXPECT_EQ(by_record[0].group, "reader");
    EXPECT_TRUE(story.broker->readers("nothing-value").empty());
}

}  // namespace
}  // namespace klamm::broker
