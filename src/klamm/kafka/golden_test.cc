// Bytes that others wrote: librdkafka 2.0.2 (where it is said), else the classes of kafka-clients
// 4.3.1. Each must decode to what is expected and encode to the same bytes again.
#include "klamm/kafka/apis.h"
#include "klamm/kafka/message.h"

#include <gtest/gtest.h>

namespace klamm::kafka {
namespace {

Bytes bytes(std::initializer_list<int> values) {
    Bytes result;
    for (auto v : values) result.push_back(std::byte(v));
    return result;
}

template <Message T>
void expect_same(T const& message, ApiVersion version, Bytes const& golden) {
    auto const decoded = decode<T>(Slice{golden}, version);
    ASSERT_TRUE(decoded) << to_string(decoded.error());
    EXPECT_EQ(*decoded, message);
    EXPECT_EQ(encode(message, version), golden);
}

TEST(Golden, FirstFrameOfLibrdkafka) {
    auto const golden = bytes({
        0,  0,   0,   0x24,                                     // length
        0,  18,  0,   3,                                        // ApiVersions v3
        0,  0,   0,   1,                                        // correlation_id
        0,  7,   'r', 'd',  'k', 'a', 'f', 'k', 'a',            // client_id, classic
        0,                                                      // header tags
        11, 'l', 'i', 'b',  'r', 'd', 'k', 'a', 'f', 'k', 'a',  // client_software_name
        6,  '2', '.', '0',  '.', '2',                           // client_software_version
        0,                                                      // tags
    });
    RequestHeader const header{18, 3, 1, "rdkafka"};
    ApiVersionsRequest const body{.client_software_name = "librdkafka",
                                  .client_software_version = "2.0.2"};
    auto const request = decode_request(Slice{golden}.part(4, golden.size() - 4));
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->header, header);
    EXPECT_EQ(std::get<ApiVersionsRequest>(request->body), body);
    EXPECT_EQ(flatten(encode_request(header, body)), golden);
}

TEST(Golden, ProduceRequestV9) {
    auto const golden = bytes({
        0,                       // transactional_id: null
        0xff, 0xff,              // acks
        0,    0,    0x05, 0xdc,  // timeout_ms
        2,                       // topic_data: one
        2,    't',               // name
        2,                       // partition_data: one
        0,    0,    0,    3,     // index
        4,    1,    2,    3,     // records: three bytes
        0,    0,    0,           // tags of partition, topic, request
    });
    using Topic = ProduceRequest::TopicProduceData;
    using Partition = ProduceRequest::PartitionProduceData;
    Partition const partition{.index = 3, .records = Records{{Slice{bytes({1, 2, 3})}}}};
    expect_same(ProduceRequest{.acks = -1,
                               .timeout_ms = 1500,
                               .topic_data = {Topic{.name = "t", .partition_data = {partition}}}},
                9, golden);
}

TEST(Golden, FetchResponseV13) {
    auto const golden = bytes({
        0,    0,    0,    0,                                                 // throttle_time_ms
        0,    0,                                                             // error_code
        0,    0,    0,    6,                                                 // session_id
        2,                                                                   // responses: one
        1,    2,    3,    4,    5, 6, 7, 8,  9, 10, 11, 12, 13, 14, 15, 16,  // topic_id
        2,                                                                   // partitions: one
        0,    0,    0,    1,                                                 // partition_index
        0,    0,                                                             // error_code
        0,    0,    0,    0,    0, 0, 0, 10,                                 // high_watermark
        0,    0,    0,    0,    0, 0, 0, 10,                                 // last_stable_offset
        0,    0,    0,    0,    0, 0, 0, 2,                                  // log_start_offset
        0,                                              // aborted_transactions: null
        0xff, 0xff, 0xff, 0xff,                         // preferred_read_replica
        4,    1,    2,    3,                            // records: three bytes
        1,                                              // tags: one
        1,    9,    0,    0,    0, 7, 0, 0,  0, 8,  0,  // 1: current_leader: id, epoch, tags
        0,    0,                                        // tags of topic, response
    });
    FetchResponse::PartitionData const partition{
        .partition_index = 1,
        .high_watermark = 10,
        .last_stable_offset = 10,
        .log_start_offset = 2,
        .current_leader = {.leader_id = 7, .leader_epoch = 8},
        .aborted_transactions = {},
        .records = Records{{Slice{bytes({1, 2, 3})}}}};
    FetchResponse::FetchableTopicResponse topic{.partitions = {partition}};
    for (std::size_t i = 0; i < 16; ++i) topic.topic_id.bytes[i] = std::byte(i + 1);
    expect_same(FetchResponse{.session_id = 6, .responses = {topic}}, 13, golden);
}

TEST(Golden, JoinGroupRequestV5) {
    auto const golden = bytes({
        0, 1, 'g',                                       // group_id
        0, 0, 0xaf, 0xc8,                                // session_timeout_ms
        0, 4, 0x93, 0xe0,                                // rebalance_timeout_ms
        0, 0,                                            // member_id
        0, 1, 'i',                                       // group_instance_id
        0, 8, 'c',  'o',  'n', 's', 'u', 'm', 'e', 'r',  // protocol_type
        0, 0, 0,    1,                                   // protocols: one
        0, 5, 'r',  'a',  'n', 'g', 'e',                 // name
        0, 0, 0,    2,    4,   5,                        // metadata
    });
    using Protocol = JoinGroupRequest::JoinGroupRequestProtocol;
    expect_same(
        JoinGroupRequest{.group_id = "g",
                         .session_timeout_ms = 45000,
                         .rebalance_timeout_ms = 300000,
                         .group_instance_id = "i",
                         .protocol_type = "consumer",
                         .protocols = {Protocol{.name = "range", .metadata = bytes({4, 5})}}},
        5, golden);
}

TEST(Golden, ANullableStructHasAByteBeforeIt) {
    using Request = DescribeTopicPartitionsRequest;
    Request request{.topics = {{.name = "t"}}};
    expect_same(request, 0,
                bytes({
                    2, 2, 't', 0,   // topics: one; its tags
                    0, 0, 7, 0xd0,  // response_partition_limit
                    0xff,           // cursor: null
                    0,              // tags
                }));
    request.cursor = Request::Cursor{.topic_name = "t", .partition_index = 9};
    expect_same(request, 0,
                bytes({
                    2, 2, 't', 0,              // topics: one; its tags
                    0, 0, 7, 0xd0,             // response_partition_limit
                    1, 2, 't', 0, 0, 0, 9, 0,  // cursor: there; name, index, tags
                    0,                         // tags
                }));
}

TEST(Golden, ANullArrayIsNotAnEmptyOne) {
    expect_same(OffsetFetchRequest{.group_id = "g", .topics = {}}, 2,
                bytes({0, 1, 'g', 0xff, 0xff, 0xff, 0xff}));
}

TEST(Golden, ApiVersionsResponseV4HasTaggedFeatures) {
    auto const golden = bytes({
        0, 0,                             // error_code
        2, 0, 1,   0, 4, 0, 18, 0,        // api_keys: Fetch 4-18; its tags
        0, 0, 0,   0,                     // throttle_time_ms
        2,                                // tags: two
        0, 8,                             // 0: supported_features, 8 bytes
        2, 2, 'f', 0, 0, 0, 2,  0,        // one: name, min_version, max_version, tags
        1, 8, 0,   0, 0, 0, 0,  0, 0, 3,  // 1: finalized_features_epoch
    });
    expect_same(
        ApiVersionsResponse{.api_keys = {{.api_key = 1, .min_version = 4, .max_version = 18}},
                            .supported_features = {{.name = "f", .max_version = 2}},
                            .finalized_features_epoch = 3},
        4, golden);
}

TEST(Golden, AddPartitionsToTxnRequestV3IsThatOfClients) {
    using Topic = AddPartitionsToTxnRequest::AddPartitionsToTxnTopic;
    expect_same(
        AddPartitionsToTxnRequest{.v3_and_below_transactional_id = "x",
                                  .v3_and_below_producer_id = 7,
                                  .v3_and_below_producer_epoch = 2,
                                  .v3_and_below_topics = {Topic{.name = "t", .partitions = {3}}}},
        3,
        bytes({
            2, 'x',                            // v3_and_below_transactional_id
            0, 0,   0,   0, 0, 0, 0, 7, 0, 2,  // producer id, epoch
            2, 2,   't',                       // topics: one; its name
            2, 0,   0,   0, 3,                 // partitions: one
            0, 0,                              // tags of topic, request
        }));
}

TEST(Golden, TxnOffsetCommitRequestV5) {
    using Request = TxnOffsetCommitRequest;
    Request::TxnOffsetCommitRequestPartition const partition{
        .partition_index = 3, .committed_offset = 9, .committed_metadata = ""};
    Request::TxnOffsetCommitRequestTopic const topic{.name = "t", .partitions = {partition}};
    expect_same(Request{.transactional_id = "x",
                        .group_id = "g",
                        .producer_id = 7,
                        .producer_epoch = 2,
                        .generation_id = 5,
                        .member_id = "m",
                        .topics = {topic}},
                5,
                bytes({
                    2,    'x',  2,    'g',                       // transactional_id, group_id
                    0,    0,    0,    0,    0, 0,   0, 7, 0, 2,  // producer id, epoch
                    0,    0,    0,    5,    2, 'm',              // generation_id, member_id
                    0,                                           // group_instance_id: null
                    2,    2,    't',                             // topics: one; its name
                    2,    0,    0,    0,    3,                   // partitions: one; its index
                    0,    0,    0,    0,    0, 0,   0, 9,        // committed_offset
                    0xff, 0xff, 0xff, 0xff,                      // committed_leader_epoch
                    1,                                           // committed_metadata: empty
                    0,    0,    0,  // tags of partition, topic, request
                }));
}

TEST(Golden, EndTxnResponseV5SaysHowToGoOn) {
    expect_same(EndTxnResponse{.producer_id = 7, .producer_epoch = 3}, 5,
                bytes({
                    0, 0, 0, 0,                    // throttle_time_ms
                    0, 0,                          // error_code
                    0, 0, 0, 0, 0, 0, 0, 7, 0, 3,  // producer id, epoch
                    0,                             // tags
                }));
}

TEST(Golden, ConsumerGroupHeartbeatV1) {
    ConsumerGroupHeartbeatRequest request{.group_id = "g",
                                          .member_id = "m",
                                          .rebalance_timeout_ms = 1500,
                                          .subscribed_topic_regex = "a.*"};
    request.topic_partitions.emplace();
    expect_same(request, 1,
                bytes({
                    2, 'g', 2,   'm',   // group_id, member_id
                    0, 0,   0,   0,     // member_epoch: joins
                    0, 0,               // instance_id, rack_id: null
                    0, 0,   5,   0xdc,  // rebalance_timeout_ms
                    0,                  // subscribed_topic_names: null
                    4, 'a', '.', '*',   // subscribed_topic_regex
                    0,                  // server_assignor: null
                    1,                  // topic_partitions: none
                    0,                  // tags
                }));
    ConsumerGroupHeartbeatResponse::TopicPartitions topic{.partitions = {1}};
    for (std::size_t i = 0; i < 16; ++i) topic.topic_id.bytes[i] = std::byte(i + 1);
    ConsumerGroupHeartbeatResponse response{
        .member_id = "m", .member_epoch = 4, .heartbeat_interval_ms = 5000};
    response.assignment = ConsumerGroupHeartbeatResponse::Assignment{.topic_partitions = {topic}};
    expect_same(response, 1,
                bytes({
                    0, 0,   0,  0,    // throttle_time_ms
                    0, 0,   0,        // error_code, error_message: null
                    2, 'm',           // member_id
                    0, 0,   0,  4,    // member_epoch
                    0, 0,   19, 136,  // heartbeat_interval_ms
                    1, 2,             // assignment: there; topic_partitions: one
                    1, 2,   3,  4,   5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,  // topic_id
                    2, 0,   0,  0,   1,                                          // partitions: one
                    0, 0,   0,  // tags of topic, assignment, response
                }));
}

TEST(Golden, DescribeClientQuotasResponseV0HasAFloat64) {
    using Response = DescribeClientQuotasResponse;
    Response::EntryData const entry{
        .entity = {Response::EntityData{.entity_type = "user", .entity_name = {}}},
        .values = {Response::ValueData{.key = "k", .value = 1024.5}}};
    Response response;
    response.error_message.reset();
    response.entries = {entry};
    expect_same(response, 0,
                bytes({
                    0,    0,    0,    0,     // throttle_time_ms
                    0,    0,    0xff, 0xff,  // error_code, error_message
                    0,    0,    0,    1,     // entries: one
                    0,    0,    0,    1,    0, 4, 'u', 's',
                    'e',  'r',  0xff, 0xff,                // entity: one; its name: null
                    0,    0,    0,    1,    0, 1, 'k',     // values: one; its key
                    0x40, 0x90, 2,    0,    0, 0, 0,   0,  // value
                }));
}

}  // namespace
}  // namespace klamm::kafka
