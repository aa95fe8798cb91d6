// Connections over TCP to servers that do what they should, and to others.
#include "klamm/remote/connector.h"

#include "fake_server.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace klamm::remote::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class RemoteConnection : public testing::Test {
protected:
    void connect(std::string const& bootstrap) {
        connector.emplace(loop, loop.poller, *parse_bootstrap(bootstrap),
                          [this](std::string const& line) { log.push_back(line); });
        connection = connector->connect("client");
    }
    /// What comes back is noted: the throttle time of the answer; -1: the connection is lost.
    void ask(std::string const& member = "m") {
        kafka::HeartbeatRequest request;
        request.group_id = "g";
        request.member_id = member;
        sending = true;
        connection->send(request, 4, [this](std::optional<kafka::AnyResponse> answer) {
            EXPECT_FALSE(sending) << "an answer inside send()";
            heard.push_back(answer ? std::get<kafka::HeartbeatResponse>(*answer).throttle_time_ms
                                   : -1);
            if (on_answer) on_answer();
        });
        sending = false;
    }
    static kafka::HeartbeatResponse number(int n) {
        kafka::HeartbeatResponse response;
        response.throttle_time_ms = n;
        return response;
    }
    bool hears(std::size_t count) {
        return loop.run_until([&] { return heard.size() >= count; });
    }
    void nothing_more() {
        loop.run_until([] { return false; }, Duration{20});
    }

    TestLoop loop;
    FakeServer server{loop};
    std::optional<Connector> connector;
    std::unique_ptr<bus::Connection> connection;
    std::vector<int> heard;
    std::vector<std::string> log;
    std::function<void()> on_answer;
    bool sending = false;
};

TEST_F(RemoteConnection, AnswersComeInTheOrderOfTheRequests) {
    connect(server.address());
    ask("a");
    ask("b");
    EXPECT_THAT(heard, IsEmpty());
    server.accept();
    auto const a = server.request();
    auto const b = server.request();
    EXPECT_EQ(a.header.client_id, "client");
    EXPECT_EQ(std::get<kafka::HeartbeatRequest>(a.body).member_id, "a");
    EXPECT_EQ(std::get<kafka::HeartbeatRequest>(b.body).member_id, "b");
    server.answer(a.header, number(1));
    ASSERT_TRUE(hears(1));
    server.answer(b.header, number(2));
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard, ElementsAre(1, 2));
    EXPECT_THAT(log, IsEmpty());
}

TEST_F(RemoteConnection, AnAnswerMayComeInPiecesAndWithTheEndBehindIt) {
    connect(server.address());
    ask();
    server.accept();
    auto const bytes = kafka::flatten(kafka::encode_response(server.request().header, number(1)));
    for (auto const& byte : bytes) {
        server.say({&byte, 1});
        loop.run_until([] { return false; }, Duration{1});
    }
    ASSERT_TRUE(hears(1));
    ask();
    auto const next = server.request();
    server.answer(next.header, number(2));
    server.hang_up();
    ask();
    ASSERT_TRUE(hears(3));
    EXPECT_THAT(heard, ElementsAre(1, 2, -1));
}

TEST_F(RemoteConnection, WhenItIsLostAllWhoWaitHearSoAndAllWhoComeLater) {
    connect(server.address());
    ask();
    ask();
    server.accept();
    server.request();
    server.hang_up();
    ASSERT_TRUE(hears(2));
    ask();
    ASSERT_TRUE(hears(3));
    EXPECT_THAT(heard, ElementsAre(-1, -1, -1));
    EXPECT_THAT(log, testing::SizeIs(1));
}

TEST_F(RemoteConnection, WhereNobodyListensItIsLostAndTheLogSaysSoOnce) {
    auto const address = server.address();
    server.stop_listening();
    connect(address);
    ask();
    ASSERT_TRUE(hears(1));
    connection = connector->connect("client");
    ask();
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard, ElementsAre(-1, -1));
    EXPECT_THAT(log, ElementsAre(address + ": Connection refused"));
    EXPECT_EQ(connector->last_trouble(), log.front());
}

TEST_F(RemoteConnection, AddressesAreTriedInTurnAndWhatWorkedComesFirst) {
    FakeServer other(loop);
    other.stop_listening();
    connect(other.address() + ", " + server.address());
    for (int n = 0; n < 2; ++n) {
        ask();
        server.accept();
        server.answer(server.request().header, number(n));
        ASSERT_TRUE(hears(std::size_t(n) + 1));
        connection = connector->connect("client");
    }
    EXPECT_THAT(heard, ElementsAre(0, 1));
    EXPECT_THAT(log, ElementsAre(other.address() + ": Connection refused"));
    EXPECT_EQ(connector->last_trouble(), "");
}

TEST_F(RemoteConnection, ANameThatNobodyKnowsIsNoAddress) {
    connect("[::zz]:9092");
    ask();
    ASSERT_TRUE(hears(1));
    EXPECT_THAT(heard, ElementsAre(-1));
    EXPECT_THAT(log, ElementsAre(HasSubstr("[::zz]:9092: ")));
}

TEST_F(RemoteConnection, WhatIsNoAnswerEndsItAndIsNamed) {
    using namespace std::string_view_literals;
    for (auto const& [bytes, why] : {std::pair("HTTP/1.1 400 Bad Request\r\n\r\n"sv, "HTTP"),
                                     std::pair("\x15\x03\x03\x00\x02\x02\x0a"sv, "TLS"),
                                     std::pair("\x00\x00\x00\x03zzz"sv, "Heartbeat v4 response"),
                                     std::pair("\x00\x00\x00\x04\x7f\x00\x00\x00"sv, "number")}) {
        log.clear();
        heard.clear();
        connect(server.address());
        ask();
        server.accept();
        server.request();
        server.say(std::as_bytes(std::span{bytes}));
        ASSERT_TRUE(hears(1));
        EXPECT_THAT(heard, ElementsAre(-1));
        EXPECT_THAT(log, ElementsAre(HasSubstr(why)));
    }
}

TEST_F(RemoteConnection, AnAnswerToNoRequestEndsIt) {
    connect(server.address());
    ask();
    server.accept();
    auto const header = server.request().header;
    server.answer(header, number(1));
    server.answer(header, number(2));
    ASSERT_TRUE(hears(1));
    nothing_more();
    ask();
    ASSERT_TRUE(hears(2));
    EXPECT_THAT(heard, ElementsAre(1, -1));
    EXPECT_THAT(log, ElementsAre(HasSubstr("an answer to no request")));
}

TEST_F(RemoteConnection, ItMayBeDestroyedInAnAnswerAndNothingIsHeardAnyMore) {
    connect(server.address());
    on_answer = [&] { connection.reset(); };
    ask();
    ask();
    server.accept();
    auto const a = server.request(), b = server.request();
    server.answer(a.header, number(1));
    server.answer(b.header, number(2));
    ASSERT_TRUE(hears(1));
    nothing_more();
    EXPECT_THAT(heard, ElementsAre(1));

    connection = connector->connect("client");
    ask();
    ask();
    server.accept();
    server.request();
    server.hang_up();
    ASSERT_TRUE(hears(2));
    nothing_more();
    EXPECT_THAT(heard, ElementsAre(1, -1));
}

TEST_F(RemoteConnection, ItMayBeDestroyedBeforeItIsConnected) {
    connect(server.address());
    ask();
    connection.reset();
    nothing_more();
    EXPECT_THAT(heard, IsEmpty());
}

TEST_F(RemoteConnection, MoreThanASocketHoldsIsSentAndReceived) {
    constexpr std::size_t much = 20 * 1024 * 1024;
    connect(server.address());
    kafka::ProduceRequest request;
    auto& data = request.topic_data.emplace_back();
    data.name = "t";
    data.partition_data.emplace_back().records =
        kafka::Records{{Slice{Bytes(much, std::byte{1})}, Slice{Bytes(much, std::byte{2})}}};
    kafka::FetchResponse response;
    auto& fetched = response.responses.emplace_back().partitions.emplace_back();
    fetched.records = kafka::Records{{Slice{Bytes(much, std::byte{3})}}};
    std::optional<kafka::AnyResponse> got;
    connection->send(request, 12, [](auto) {});
    connection->send(kafka::FetchRequest{}, 12, [&](auto answer) { got = std::move(answer); });
    server.accept();
    auto const produce = server.request();
    EXPECT_EQ(std::get<kafka::ProduceRequest>(produce.body)
                  .topic_data.at(0)
                  .partition_data.at(0)
                  .records->size(),
              2 * much);
    server.answer(produce.header, kafka::ProduceResponse{});
    server.answer(server.request().header, response);
    ASSERT_TRUE(loop.run_until([&] { return got.has_value(); }));
    auto const& part = std::get<kafka::FetchResponse>(*got).responses.at(0).partitions.at(0);
    EXPECT_EQ(part.records, fetched.records);
}

}  // namespace
}  // namespace klamm::remote::test
