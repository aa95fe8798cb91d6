#include "klamm/remote/exchange.h"

#include <gmock/gmock.h>

#include <array>
#include <cstring>

namespace klamm::remote {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::ptrdiff_t length_bytes = 4;

kafka::ProduceRequest produce(std::vector<Slice> batches) {
    kafka::ProduceRequest request;
    auto& topic = request.topic_data.emplace_back();
    topic.name = "orders";
    for (auto& batch : batches) {
        auto& data = topic.partition_data.emplace_back();
        data.index = std::int32_t(topic.partition_data.size());
        data.records = kafka::Records{{std::move(batch)}};
    }
    return request;
}

kafka::HeartbeatResponse beat(std::int32_t number) {
    kafka::HeartbeatResponse response;
    response.throttle_time_ms = number;
    return response;
}

class ExchangeTest : public testing::Test {
protected:
    void ask_beat() {
        exchange.ask(kafka::HeartbeatRequest{}, 4, [this](auto answer) {
            heard.push_back(answer ? std::get<kafka::HeartbeatResponse>(*answer).throttle_time_ms
                                   : -1);
        });
    }
    /// All that is to be sent, `at_once` bytes each time, in so many parts.
    Bytes sent(std::size_t at_once, std::size_t parts_max) {
        Bytes all;
        std::vector<iovec> parts(parts_max);
        while (exchange.has_output()) {
            auto left = at_once;
            for (auto const& part : std::span{parts}.first(exchange.gather(parts))) {
                auto const size = std::min(left, part.iov_len);
                auto const* const begin = static_cast<std::byte const*>(part.iov_base);
                all.insert(all.end(), begin, begin + size);
                left -= size;
            }
            exchange.sent(at_once - left);
        }
        return all;
    }
    void receive(ByteView bytes) {
        while (!bytes.empty()) {
            auto const space = exchange.space();
            auto const size = std::min(space.size(), bytes.size());
            std::memcpy(space.data(), bytes.data(), size);
            exchange.filled(size);
            bytes = bytes.subspan(size);
        }
    }
    std::string error() {
        auto next = exchange.next();
        return next ? "" : next.error();
    }

    Exchange exchange{"me"};
    std::vector<int> heard;
};

TEST_F(ExchangeTest, WhatIsSentIsTheSameHoweverMuchTheSocketTakes) {
    std::vector<Slice> const batches{Slice{Bytes(10, std::byte{1})}, Slice{Bytes(20, std::byte{2})},
                                     Slice{Bytes(30, std::byte{3})}};
    for (std::size_t const at_once : {1U, 7U, 100'000U})
        for (std::size_t const parts : {1U, 2U, 64U}) {
            exchange.ask(produce(batches), 12, [](auto) {});
            exchange.ask(produce({}), 12, [](auto) {});
            auto const bytes = sent(at_once, parts);
            auto const first =
                std::size_t(bytes[2]) << 8 | std::size_t(bytes[3]);  // shorter than 64 KiB
            auto const begin = bytes.begin() + length_bytes;
            auto const request =
                kafka::decode_request(Slice{Bytes(begin, begin + std::ptrdiff_t(first))});
            ASSERT_TRUE(request.has_value());
            EXPECT_EQ(request->header.client_id, "me");
            EXPECT_EQ(std::get<kafka::ProduceRequest>(request->body), produce(batches));
        }
}

TEST_F(ExchangeTest, BatchesAreSentFromWhereTheyAre) {
    Slice const batch{Bytes(1000, std::byte{1})};
    exchange.ask(produce({batch}), 12, [](auto) {});
    std::array<iovec, 8> parts;
    auto const given = std::span{parts}.first(exchange.gather(parts));
    EXPECT_TRUE(std::ranges::any_of(
        given, [&](iovec const& part) { return part.iov_base == batch.data(); }));
}

TEST_F(ExchangeTest, AnswersGoToTheirRequestsInOrder) {
    ask_beat();
    ask_beat();
    for (std::int32_t number = 0; number < 2; ++number)
        receive(kafka::flatten(kafka::encode_response({12, 4, number, {}}, beat(number + 7))));
    for (int n = 0; n < 2; ++n) {
        auto next = exchange.next();
        ASSERT_TRUE(next.has_value() && next->has_value());
        (**next).answer(std::move((**next).response));
    }
    EXPECT_THAT(heard, ElementsAre(7, 8));
    auto const none = exchange.next();
    EXPECT_TRUE(none.has_value() && !none->has_value());
}

TEST_F(ExchangeTest, AnAnswerThatNobodyAskedForIsAnError) {
    receive(kafka::flatten(kafka::encode_response({12, 4, 0, {}}, beat(1))));
    EXPECT_THAT(error(), HasSubstr("an answer to no request"));
}

TEST_F(ExchangeTest, EveryTruncationOfAnAnswerIsAnError) {
    auto const whole = kafka::flatten(kafka::encode_response({12, 4, 0, {}}, beat(1)));
    for (auto size = whole.size() - length_bytes; size-- > 0;) {
        exchange.~Exchange();
        new (&exchange) Exchange("me");
        ask_beat();
        Bytes cut(whole.begin(), whole.begin() + length_bytes + std::ptrdiff_t(size));
        cut[3] = std::byte(size);
        receive(cut);
        EXPECT_NE(error(), "");
    }
}

TEST_F(ExchangeTest, AFrameBeyondTheLimitIsRefusedBeforeItComes) {
    ask_beat();
    receive(std::as_bytes(std::span{"\x7f\xff\xff\xff", 4}));
    EXPECT_THAT(error(), HasSubstr("a frame of 2147483647 bytes; at most 268435456"));
}

TEST_F(ExchangeTest, WhoWaitsIsGivenBack) {
    ask_beat();
    ask_beat();
    for (auto& answer : exchange.abandon()) answer(std::nullopt);
    EXPECT_THAT(heard, ElementsAre(-1, -1));
    EXPECT_FALSE(exchange.has_output());
    EXPECT_TRUE(exchange.abandon().empty());
}

}  // namespace
}  // namespace klamm::remote
