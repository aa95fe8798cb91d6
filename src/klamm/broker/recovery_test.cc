// What a restart brings back: checkpoints and replay, checked against each other and against
// damage.
#include "klamm/broker/apply.h"
#include "klamm/broker/snapshot.h"
#include "klamm/broker/story.h"

#include <chrono>

namespace klamm::broker {
namespace {

using journal::Position;
using kafka::ErrorCode;

Bytes snapshot_of(State const& state) { return assemble(freeze(state)); }

TEST(Recovery, AnEmptyBrokerComesBack) {
    Story story;
    auto const before = story.state();
    story.checkpoint();
    story.restart();
    EXPECT_EQ(story.state(), before);
}

TEST(Recovery, ACheckpointIsAsOfItsMomentEvenIfItIsEncodedLater) {
    Story story;
    story.create("t");
    for (int n = 0; n < 300; ++n) story.produce("t", {"x"});
    auto const snapshot = story.broker->snapshot();
    auto const now = snapshot.encode();
    story.produce("t", {"y"});
    story.remove("t");
    EXPECT_EQ(snapshot.encode(), now);
}

TEST(Recovery, EveryTruncationOfACheckpointIsAnError) {
    Story story;
    story.create("t", 2, {{"retention.ms", "1"}});
    story.produce_as(9, 0, 0, "t", {"a"});
    for (int n = 0; n < 140; ++n) story.produce("t", {"x"});
    auto const bytes = story.state();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        State state{Options{}};
        EXPECT_TRUE(thaw(state, ByteView{bytes}.first(size)).has_value()) << size;
    }
    auto longer = bytes;
    longer.push_back(std::byte{0});
    State state{Options{}};
    EXPECT_TRUE(thaw(state, longer).has_value());
}

TEST(Recovery, FlippedBitsInACheckpointNeverCrash) {
    Story story;
    story.create("t", 2, {{"retention.ms", "1"}});
    story.produce_as(9, 0, 0, "t", {"a"});
    story.produce("t", {"x"}, 1);
    auto const bytes = story.state();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        auto damaged = bytes;
        damaged[bit / 8] ^= std::byte(1 << (bit % 8));
        State state{Options{}};
        if (!thaw(state, damaged)) {
            EXPECT_FALSE(snapshot_of(state).empty());
        }
    }
}

TEST(Recovery, ACheckpointOfANewerVersionIsNamed) {
    Bytes const bytes{std::byte{99}, std::byte{0}};
    State state{Options{}};
    EXPECT_NE(thaw(state, bytes)->find("newer"), std::string::npos);
}

TEST(Replay, EntriesThatCannotFollowAreErrorsAndChangeNothing) {
    Random random{4};
    State state{Options{}};
    auto const id = Uuid::random(random);
    auto const refused = [&](auto const& entry) {
        auto const before = snapshot_of(state);
        auto const why = apply(state, Position{500}, encode_entry(entry), {});
        EXPECT_EQ(snapshot_of(state), before);
        return why.has_value();
    };
    EXPECT_TRUE(refused(TopicDeleted{.topic_id = id}));
    EXPECT_TRUE(refused(PartitionsAdded{.topic_id = id, .partitions = 1}));
    EXPECT_TRUE(refused(TopicConfigured{.topic_id = id, .configs = {}}));
    EXPECT_TRUE(refused(BatchAppended{.partition = PartitionKey{7}}));
    EXPECT_TRUE(refused(LogStartMoved{.partition = PartitionKey{7}}));
    EXPECT_TRUE(refused(ProducerIdGiven{.next_producer_id = -1}));
    EXPECT_TRUE(refused(ClusterCreated{}));
    TopicCreated topic{.name = "t", .topic_id = id, .partitions = 1, .configs = {}};
    topic.partitions = 2'000'000'000;
    EXPECT_TRUE(refused(topic));
    topic.partitions = 0;
    EXPECT_TRUE(refused(topic));
    topic.partitions = 1;
    topic.first_partition = PartitionKey{3};
    EXPECT_TRUE(refused(topic));
    topic.first_partition = PartitionKey{0};
    EXPECT_FALSE(apply(state, Position{500}, encode_entry(topic), {}).has_value());
    EXPECT_TRUE(refused(topic));
    EXPECT_TRUE(refused(LogStartMoved{.partition = PartitionKey{0}, .log_start_offset = 1}));
}

TEST(Replay, UnknownKindsAndVersionsAreNamed) {
    State state{Options{}};
    Bytes head{std::byte{200}, std::byte{1}};
    EXPECT_NE(apply(state, Position{64}, head, {})->find("kind 200"), std::string::npos);
    head = encode_entry(ClusterCreated{.cluster_id = "c"});
    head[1] = std::byte{9};
    EXPECT_NE(apply(state, Position{64}, head, {})->find("version 9"), std::string::npos);
    EXPECT_TRUE(apply(state, Position{64}, {}, {}).has_value());
}

TEST(Replay, ABatchMustContinueItsPartition) {
    Story story;
    story.create("t");
    auto const add = [&](Bytes const& batch) {
        return story.broker->replay(
            Position{1'000'000}, encode_entry(BatchAppended{.partition = PartitionKey{0}}), batch);
    };
    auto const records = story.records({"a"});
    EXPECT_TRUE(add(records::build(records, {.base_offset = 5})).has_value());
    auto longer = records::build(records);
    longer.push_back(std::byte{0});
    EXPECT_TRUE(add(longer).has_value());
    EXPECT_FALSE(add(records::build(records)).has_value());
}

TEST(Recovery, BatchesOfTenGibibytesAreBackInATwinkling) {
    constexpr std::int64_t batch_bytes = 16 * 1024;
    constexpr std::int64_t batches = (std::int64_t{10} << 30) / batch_bytes;
    constexpr std::uint32_t partitions = 10;
    Random random{1};
    State state{Options{}};
    ASSERT_FALSE(apply(state, Position{64},
                       encode_entry(TopicCreated{.name = "t",
                                                 .topic_id = Uuid::random(random),
                                                 .partitions = partitions,
                                                 .configs = {}}),
                       {}));
    for (std::int64_t n = 0; n < batches; ++n) {
        auto& partition = *state.partition(PartitionKey(std::uint32_t(n) % partitions));
        partition.batches.append({.position = Position(std::uint64_t(100 + n * 16500)),
                                  .bytes = batch_bytes,
                                  .base_offset = partition.next_offset,
                                  .last_offset = partition.next_offset + 15,
                                  .max_timestamp = 1'700'000'000'000 + n / 10});
        partition.next_offset += 16;
    }
    auto const measure = [](auto&& what) {
        auto const start = std::chrono::steady_clock::now();
        what();
        return std::chrono::duration_cast<std::chrono::microseconds>(
                   std::chrono::steady_clock::now() - start)
            .count();
    };
    FrozenState frozen;
    Bytes bytes;
    auto const freezing = measure([&] { frozen = freeze(state); });
    auto const assembling = measure([&] { bytes = assemble(frozen); });
    State restored{Options{}};
    std::optional<std::string> why;
    auto const thawing = measure([&] { why = thaw(restored, bytes); });
    EXPECT_EQ(why, std::nullopt);
    EXPECT_EQ(snapshot_of(restored), bytes);
    EXPECT_LE(bytes.size(), std::size_t(batches) * 11);
    RecordProperty("batches", int(batches));
    RecordProperty("checkpoint_bytes", int(bytes.size()));
    RecordProperty("freeze_us", int(freezing));
    RecordProperty("assemble_us", int(assembling));
    RecordProperty("thaw_us", int(thawing));
}

}  // namespace
}  // namespace klamm::broker
