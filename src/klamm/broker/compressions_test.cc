#include "klamm/broker/compressions.h"

#include "klamm/broker/transactions/transactions_fixture.h"

#include <gtest/gtest.h>

#include <array>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using records::Codec;

constexpr std::array codecs = {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd};

std::string type_of(Codec codec) {
    return codec == Codec::none ? "uncompressed" : std::string(to_string(codec));
}

/// The batches of a partition as readers get them.
std::vector<records::BatchInfo> stored(Story& story, std::string const& topic) {
    std::vector<records::BatchInfo> found;
    auto const fetched = story.fetch(topic, 0);
    for (auto const& part : fetched.records->parts) {
        for (auto left = part.view(); !left.empty();) {
            auto const size = std::size_t(records::read_header(left).value().bytes);
            found.push_back(records::check_stored(left.first(size)).value());
            left = left.subspan(size);
        }
    }
    return found;
}

std::vector<Codec> stored_codecs(Story& story, std::string const& topic) {
    std::vector<Codec> found;
    for (auto const& batch : stored(story, topic)) found.push_back(batch.codec());
    return found;
}

ErrorCode configure(Story& story, std::int8_t type, std::string const& name,
                    std::string const& config, std::string const& value) {
    kafka::IncrementalAlterConfigsRequest request;
    auto& resource = request.resources.emplace_back();
    resource.resource_type = type;
    resource.resource_name = name;
    resource.configs.push_back({.name = config, .config_operation = 0, .value = value});
    return story.ask(request).responses.at(0).error_code;
}

/// Whether prepare() knew what the topic wants, or the broker had to do it.
class TopicCompression : public testing::TestWithParam<bool> {
protected:
    TopicCompression() { story.prepares = GetParam(); }
    Story story;
};
INSTANTIATE_TEST_SUITE_P(Prepared, TopicCompression, testing::Bool());

TEST_P(TopicCompression, every_codec_is_stored_in_that_of_the_topic_with_the_same_records) {
    for (auto const wanted : codecs) {
        auto const topic = type_of(wanted);
        ASSERT_EQ(story.create(topic, 1, {{"compression.type", topic}}), ErrorCode::none);
        std::int32_t sequence = 0;
        Values all;
        for (auto const sent : codecs) {
            Values const values{"a" + std::to_string(sequence), std::string(300, 'b'), "c"};
            auto const produced = story.produce_batch(
                topic, records::build(story.records(values), {.codec = sent,
                                                              .producer_id = 4,
                                                              .producer_epoch = 1,
                                                              .base_sequence = sequence}));
            ASSERT_EQ(produced.error_code, ErrorCode::none);
            EXPECT_EQ(produced.base_offset, sequence);
            auto const batch = stored(story, topic).back();
            EXPECT_EQ(batch.codec(), wanted);
            EXPECT_EQ(batch.base_offset, sequence);
            EXPECT_EQ(batch.records_count, 3);
            EXPECT_EQ(batch.producer_id, 4);
            EXPECT_EQ(batch.producer_epoch, 1);
            EXPECT_EQ(batch.base_sequence, sequence);
            EXPECT_EQ(batch.max_timestamp, story.now.wall_ms);
            sequence += 3;
            all.insert(all.end(), values.begin(), values.end());
        }
        EXPECT_EQ(story.fetch_all(topic), all);
    }
    story.restart();
    EXPECT_EQ(stored_codecs(story, "zstd"), std::vector(codecs.size(), Codec::zstd));
}

TEST_P(TopicCompression, a_retry_is_known_again) {
    story.create("t", 1, {{"compression.type", "zstd"}});
    EXPECT_EQ(story.produce_as(9, 0, 0, "t", {"a", "b"}).base_offset, 0);
    EXPECT_EQ(story.produce_as(9, 0, 0, "t", {"a", "b"}).base_offset, 0);
    EXPECT_EQ(story.produce_as(9, 0, 2, "t", {"c"}).base_offset, 2);
    EXPECT_EQ(story.fetch_all("t"), (Values{"a", "b", "c"}));
}

TEST_P(TopicCompression, what_grows_above_the_largest_message_is_refused) {
    story.create("t", 1, {{"compression.type", "uncompressed"}, {"max.message.bytes", "1000"}});
    auto const batch_of = [&](std::size_t bytes) {
        return records::build(story.records({std::string(bytes, 'x')}), {.codec = Codec::gzip});
    };
    auto const refused = story.produce_batch("t", batch_of(1000));
    EXPECT_EQ(refused.error_code, ErrorCode::message_too_large);
    EXPECT_NE(refused.error_message->find("1000"), std::string::npos);
    EXPECT_EQ(story.produce_batch("t", batch_of(900)).error_code, ErrorCode::none);
    EXPECT_EQ(story.fetch_all("t"), (Values{std::string(900, 'x')}));
}

TEST_P(TopicCompression, what_is_sent_too_large_is_refused_even_if_it_would_shrink) {
    story.create("t", 1, {{"compression.type", "gzip"}, {"max.message.bytes", "1000"}});
    EXPECT_EQ(story.produce("t", {std::string(1000, 'x')}).error_code,
              ErrorCode::message_too_large);
    EXPECT_EQ(story.fetch_all("t"), Values{});
}

TEST_P(TopicCompression, a_bomb_is_refused) {
    story.create("t", 1, {{"compression.type", "uncompressed"}});
    auto const bomb =
        records::build(story.records({std::string(50'000'000, 'x')}), {.codec = Codec::zstd});
    ASSERT_LT(bomb.size(), 100'000U);
    EXPECT_EQ(story.produce_batch("t", bomb).error_code, ErrorCode::message_too_large);
}

TEST_P(TopicCompression, changes_of_topic_and_broker_count_from_the_next_batch_on) {
    constexpr std::int8_t topic_resource = 2, broker_resource = 4;
    story.create("t");
    story.create("fixed", 1, {{"compression.type", "producer"}});
    auto const write = [&] {
        story.produce("t", {"a"});
        story.produce("fixed", {"a"});
    };
    write();
    EXPECT_EQ(configure(story, topic_resource, "t", "compression.type", "lz4"), ErrorCode::none);
    write();
    EXPECT_EQ(configure(story, topic_resource, "t", "compression.type", "producer"),
              ErrorCode::none);
    write();
    EXPECT_EQ(stored_codecs(story, "t"), (std::vector{Codec::none, Codec::lz4, Codec::none}));
    EXPECT_EQ(stored_codecs(story, "fixed"), std::vector(3, Codec::none));

    EXPECT_EQ(configure(story, broker_resource, "", "compression.type", "gzip"), ErrorCode::none);
    story.create("new");
    story.produce("new", {"a"});
    write();
    EXPECT_EQ(stored_codecs(story, "new"), std::vector{Codec::gzip});
    EXPECT_EQ(stored_codecs(story, "fixed"), std::vector(4, Codec::none));
    story.restart();
    story.produce("new", {"b"});
    EXPECT_EQ(stored_codecs(story, "new"), (std::vector{Codec::gzip, Codec::gzip}));
    story.remove("new");
    EXPECT_EQ(configure(story, broker_resource, "", "compression.type", "producer"),
              ErrorCode::none);
    EXPECT_EQ(story.broker->compressions(), nullptr);
}

TEST_P(TopicCompression, the_brokers_time_and_the_topics_codec_go_together) {
    story.create("t", 1,
                 {{"compression.type", "snappy"}, {"message.timestamp.type", "LogAppendTime"}});
    auto records = story.records({"a", "b"});
    records[0].timestamp = 5;
    EXPECT_EQ(story.produce_batch("t", records::build(records)).error_code, ErrorCode::none);
    auto const batch = stored(story, "t").at(0);
    EXPECT_EQ(batch.codec(), Codec::snappy);
    EXPECT_TRUE(batch.log_append_time());
    EXPECT_EQ(batch.max_timestamp, story.now.wall_ms);
    EXPECT_EQ(story.list_offset("t", story.now.wall_ms), 0);
}

TEST_P(TopicCompression, topics_are_known_by_their_ids_too) {
    story.create("t", 1, {{"compression.type", "zstd"}});
    auto request = Story::produce_request("", 0, records::build(story.records({"a"})));
    request.topic_data[0].topic_id = story.topic_id("t");
    EXPECT_EQ(story.ask(request, 13).responses[0].partition_responses[0].error_code,
              ErrorCode::none);
    EXPECT_EQ(stored_codecs(story, "t"), std::vector{Codec::zstd});
}

TEST(Compressions, markers_of_transactions_stay_as_they_are) {
    TransactionsStory story;
    story.create("t", 1, {{"compression.type", "zstd"}});
    auto producer = story.producer("p");
    EXPECT_EQ(story.write(producer, "t", {"a"}), ErrorCode::none);
    EXPECT_EQ(story.commit(producer), ErrorCode::none);
    auto const batches = stored(story, "t");
    ASSERT_EQ(batches.size(), 2U);
    EXPECT_EQ(batches[0].codec(), Codec::zstd);
    EXPECT_TRUE(batches[0].transactional());
    EXPECT_TRUE(batches[1].control());
    EXPECT_EQ(batches[1].codec(), Codec::none);
    EXPECT_EQ(std::size_t(batches[1].bytes), records::end_marker_bytes);
}

Request decoded(Story& story, kafka::ProduceRequest const& produce) {
    kafka::RequestHeader const header{kafka::ProduceRequest::api.key, 12, 1, "test"};
    auto const frame = flatten(kafka::encode_request(header, produce));
    auto request = prepare({}, Slice{Bytes(frame.begin() + 4, frame.end())}, "",
                           story.broker->compressions().get());
    return std::move(request.value());
}

TEST(Compressions, nothing_is_made_where_the_producers_codec_stays) {
    Story story;
    story.create("t");
    EXPECT_EQ(story.broker->compressions(), nullptr);
    auto const request =
        decoded(story, Story::produce_request("t", 0, records::build(story.records({"a"}))));
    EXPECT_TRUE(request.recompressed.empty());
    story.create("other", 1, {{"compression.type", "zstd"}});
    ASSERT_NE(story.broker->compressions(), nullptr);
    auto const now =
        decoded(story, Story::produce_request("t", 0, records::build(story.records({"a"}))));
    EXPECT_TRUE(now.recompressed.at(0).value().empty());
    EXPECT_EQ(now.recompressed_bytes, 0U);
}

TEST(Compressions, one_request_cannot_become_as_large_as_it_likes) {
    Story story;
    story.create("t", 1, {{"compression.type", "uncompressed"}});
    auto const bomb =
        records::build(story.records({std::string(20'000'000, 'x')}), {.codec = Codec::zstd});
    auto produce = Story::produce_request("t", 0, bomb);
    auto& partitions = produce.topic_data[0].partition_data;
    for (int n = 0; n < 7; ++n) partitions.push_back(partitions[0]);
    auto const request = decoded(story, produce);
    ASSERT_EQ(request.recompressed.size(), 8U);
    EXPECT_LE(request.recompressed_bytes, recompressed_bytes_max);
    EXPECT_TRUE(request.recompressed[2].has_value());
    EXPECT_FALSE(request.recompressed[3].has_value());
}

}  // namespace
}  // namespace klamm::broker
