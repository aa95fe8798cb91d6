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

/// What goes over the wire without its length, as the other side gets it.
Slice received(Frame const& frame) {
    auto whole = flatten(frame);
    return Slice{Bytes(whole.begin() + 4, whole.end())};
}

TEST(Apis, AreSortedByKeyAndAdvertiseProduceFromZero) {
    auto const apis = described_apis();
    ASSERT_EQ(apis.size(), std::variant_size_v<AnyRequest::variant>);
    for (std::size_t i = 1; i < apis.size(); ++i) EXPECT_LT(apis[i - 1].key, apis[i].key);
    EXPECT_EQ(apis[0].name, "Produce");
    EXPECT_EQ(apis[0].first, 0);
    EXPECT_EQ(apis[0].last, 13);
    EXPECT_EQ(api_name(18), "ApiVersions");
    EXPECT_EQ(api_name(999), "");
}

TEST(Apis, ReadARequestWithATaggedHeader) {
    auto const frame = Slice{bytes({
        0, 18,                    // api_key: ApiVersions
        0, 3,                     // api_version
        0, 0,   0,   7,           // correlation_id
        0, 2,   'm', 'e',         // client_id: a classic string, although v3 is flexible
        1, 9,   2,   0xaa, 0xbb,  // header tags: one, number 9, two bytes: skipped
        3, 'r', 'd',              // client_software_name
        2, '1',                   // client_software_version
        0,                        // tags
    })};
    auto const request = decode_request(frame);
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(request->header, (RequestHeader{18, 3, 7, "me"}));
    auto const& body = std::get<ApiVersionsRequest>(request->body);
    EXPECT_EQ(body.client_software_name, "rd");
    EXPECT_EQ(body.client_software_version, "1");
}

TEST(Apis, AnswerAnUnknownVersionOfApiVersionsInVersionZero) {
    auto const request = decode_request(Slice{bytes({0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff, 1, 2})});
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().kind, RequestError::Kind::unsupported_version);
    EXPECT_EQ(request.error().message, "ApiVersions v99 is not supported; versions 0 to 4 are");
    ApiVersionsResponse response;
    response.error_code = ErrorCode::unsupported_version;
    response.api_keys.push_back({.api_key = 18, .min_version = 0, .max_version = 4});
    EXPECT_EQ(flatten(encode_response(request.error().header, response)),
              bytes({
                  0, 0,  0, 16,  // length
                  0, 0,  0, 7,   // correlation_id; no tags in this header, ever
                  0, 35,         // error_code
                  0, 0,  0, 1,   // api_keys: a classic array
                  0, 18, 0, 0,  0, 4,
              }));
}

TEST(Apis, TellErrorsApart) {
    auto const kind = [](std::initializer_list<int> frame) {
        auto const request = decode_request(Slice{bytes(frame)});
        EXPECT_FALSE(request);
        return request.error().kind;
    };
    using Kind = RequestError::Kind;
    EXPECT_EQ(kind({}), Kind::malformed_header);
    EXPECT_EQ(kind({0, 18, 0, 0, 0, 0, 0}), Kind::malformed_header);
    EXPECT_EQ(kind({3, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff}), Kind::unknown_api);
    EXPECT_EQ(kind({0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff}), Kind::unsupported_version);
    EXPECT_EQ(kind({0, 12, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 0, 9}), Kind::malformed_body);
}

TEST(Apis, SayWhereABodyIsWrong) {
    auto const request = decode_request(Slice{bytes({
        0, 12, 0, 0, 0, 0, 0, 1, 0xff, 0xff,  // Heartbeat v0
        0, 1, 'g', 0, 0,                      // group_id, half a generation_id
    })});
    ASSERT_FALSE(request);
    EXPECT_EQ(request.error().message,
              "Heartbeat v0 request: field generation_id cannot be read at byte 13: the frame "
              "ends inside this field");
}

TEST(Apis, LetARequestPassWithBytesBehindIt) {
    auto const request = decode_request(Slice{bytes({
        0, 16,           // api_key: ListGroups
        0, 4,            // api_version
        0, 0, 0, 7,      // correlation_id
        0, 2, 'm', 'e',  // client_id
        0,               // header tags
        1,               // states_filter: empty
        0,               // tags
        0,               // and again, by librdkafka 2.0.2
    })});
    ASSERT_TRUE(request) << request.error().message;
    EXPECT_EQ(std::get<ListGroupsRequest>(request->body), ListGroupsRequest{});
}

TEST(Apis, RecordsAreNeverCopied) {
    auto const batch = Slice{Bytes(1000, std::byte{'x'})};
    ProduceRequest request;
    request.transactional_id.reset();
    request.topic_data.push_back({.name = "t"});
    request.topic_data[0].partition_data.push_back({.index = 0, .records = Records{{batch}}});

    auto const frame = encode_request({0, 9, 1, "c"}, request);
    ASSERT_EQ(frame.splices.size(), 1U);
    EXPECT_EQ(frame.splices[0].slice.data(), batch.data());

    auto const arrived = received(frame);
    auto const decoded = decode_request(arrived);
    ASSERT_TRUE(decoded) << decoded.error().message;
    EXPECT_EQ(std::get<ProduceRequest>(decoded->body), request);
    auto const& records =
        *std::get<ProduceRequest>(decoded->body).topic_data[0].partition_data[0].records;
    ASSERT_EQ(records.parts.size(), 1U);
    EXPECT_EQ(records.parts[0].owner(), arrived.owner());
}

TEST(Apis, AResponseMustAnswerTheRequest) {
    HeartbeatResponse response;
    response.error_code = ErrorCode::rebalance_in_progress;
    auto const frame = received(encode_response({12, 4, 7, {}}, response));
    EXPECT_EQ(std::get<HeartbeatResponse>(*decode_response({12, 4, 7, {}}, frame)), response);
    auto const other = decode_response({12, 4, 8, {}}, frame);
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error(), "Heartbeat v4 response: it has the number 7 where 8 was asked");
}

}  // namespace
}  // namespace klamm::kafka
