#include "klamm/broker/identity.h"
#include "klamm/broker/story.h"
#include "klamm/kafka/describe.h"
#include "klamm/kafka/sample.h"

#include <fstream>
#include <iterator>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

TEST(ApiVersions, ListsEveryApi) {
    for (kafka::ApiVersion version = 0; version <= 4; ++version) {
        Story story;
        kafka::ApiVersionsRequest request;
        request.client_software_name = "story";
        request.client_software_version = "1.0";
        auto const answer = story.ask(request, version);
        EXPECT_EQ(answer.error_code, ErrorCode::none);
        EXPECT_EQ(answer.api_keys.size(), Broker::apis().size());
        EXPECT_EQ(answer.api_keys.at(0).min_version, 0);  // Produce: KAFKA-18659
        EXPECT_EQ(answer.finalized_features.empty(), answer.finalized_features_epoch < 0);
    }
}

TEST(ApiVersions, SaysThatItIsKlamm) {
    Story story;
    kafka::ApiVersionsRequest request;
    request.client_software_name = "story";
    request.client_software_version = "1.0";
    auto const features = story.ask(request, 3).finalized_features;
    EXPECT_TRUE(std::ranges::any_of(
        features, [](auto const& feature) { return feature.name == klamm_feature; }));
}

TEST(ApiVersions, ANewerVersionIsAnsweredInVersion0WithTheList) {
    Bytes frame{std::byte{0},   std::byte{18}, std::byte{0}, std::byte{99}, std::byte{0},
                std::byte{0},   std::byte{0},  std::byte{5}, std::byte{0},  std::byte{1},
                std::byte{'c'}, std::byte{0},  std::byte{0}};
    auto request = prepare({}, Slice{std::move(frame)}, "");
    ASSERT_TRUE(request.has_value());
    StoryJournal journal;
    Broker broker{Options{}, journal, 1};
    broker.start({});
    auto const header = request->header;
    broker.submit(std::move(*request), {});
    auto replies = broker.take_replies();
    ASSERT_EQ(replies.size(), 1U);
    auto const bytes = flatten(kafka::encode_response(header, replies[0].body));
    // A client understands it, whichever version it had asked for.
    for (kafka::ApiVersion asked = 0; asked <= 4; ++asked) {
        auto asking = header;
        asking.api_version = asked;
        auto const answer =
            kafka::decode_response(asking, Slice{Bytes(bytes.begin() + 4, bytes.end())});
        ASSERT_TRUE(answer.has_value()) << answer.error();
        auto const& list = std::get<kafka::ApiVersionsResponse>(*answer);
        EXPECT_EQ(list.error_code, ErrorCode::unsupported_version);
        EXPECT_FALSE(list.api_keys.empty());
    }
}

TEST(ApiVersions, ClientsMustNameThemselvesProperly) {
    Story story;
    kafka::ApiVersionsRequest request;
    request.client_software_name = "-";
    request.client_software_version = "1";
    EXPECT_EQ(story.ask(request).error_code, ErrorCode::invalid_request);
}

/// Whether a request of the API is prepared, or why not.
template <class T>
std::string preparation() {
    Random random{1};
    kafka::RequestHeader const header{T::api.key, T::api.last, 7, "story"};
    auto const frame =
        flatten(kafka::encode_request(header, kafka::sample<T>(random, T::api.last)));
    auto const request = prepare({}, Slice{Bytes(frame.begin() + 4, frame.end())}, "");
    return request ? "" : request.error();
}

TEST(ApiVersions, WhatIsNotListedIsRefused) {
    auto const apis = Broker::apis();
    auto const expected = [&](std::string const& name) {
        auto const listed = std::ranges::find(apis, name, &kafka::ApiRange::name) != apis.end();
        return listed ? "" : name + " is not supported";
    };
#define X(Name) EXPECT_EQ(preparation<kafka::Name##Request>(), expected(#Name));
    KLAMM_KAFKA_APIS(X)
#undef X
}

TEST(ApiVersions, ListsWhatTheDocumentSays) {
    std::ifstream file{KLAMM_PROTOCOL_MD};
    ASSERT_TRUE(file) << KLAMM_PROTOCOL_MD;
    std::string const text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(text, kafka::protocol_document(Broker::apis())) << "klamm apis > doc/protocol.md";
}

}  // namespace
}  // namespace klamm::broker
