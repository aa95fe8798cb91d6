#include "klamm/live/local_connector.h"

#include "klamm/live/embedded_broker.h"
#include "klamm/live/thread_loop.h"
#include "klamm/records/batch.h"

#include <gmock/gmock.h>

#include <future>
#include <utility>
#include <vector>

namespace klamm::live {
namespace {

using kafka::ErrorCode;
using testing::ElementsAre;

/// A broker in memory without ports, and one connection to it.
class Local : public testing::Test {
protected:
    Local() {
        host::Options options;
        options.kafka.reset();
        options.http.reset();
        options.durability = host::Durability::memory;
        options.requests_queued_max = 2;  // so that it is reached
        auto started = EmbeddedBroker::start(loop, options);
        EXPECT_TRUE(started.has_value()) << started.error();
        broker = std::move(*started);
        connection = connect();
        create_topic("orders");
    }
    ~Local() override {
        loop.call([&] { connection.reset(); });
        broker.reset();
    }

    std::unique_ptr<bus::Connection> connect() {
        return loop.call([&] { return broker->connector().connect("test"); });
    }
    template <class Response>
    std::future<Response> send(kafka::AnyRequest request, kafka::ApiVersion version) {
        auto promise = std::make_shared<std::promise<Response>>();
        loop.call([&] {
            connection->send(std::move(request), version, [promise, this](auto answer) {
                EXPECT_TRUE(loop.on_loop());
                EXPECT_TRUE(answer.has_value());
                promise->set_value(std::get<Response>(std::move(*answer)));
            });
        });
        return promise->get_future();
    }

    void create_topic(std::string const& name) {
        kafka::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = 1;
        topic.replication_factor = 1;
        auto const response = send<kafka::CreateTopicsResponse>(request, 5).get();
        EXPECT_EQ(response.topics.at(0).error_code, ErrorCode::none);
    }
    static Slice batch(char value) {
        records::Record record;
        record.timestamp = 1;
        record.value = Bytes(10, std::byte(value));
        return Slice(records::build({record}));
    }
    static kafka::ProduceRequest produce(Slice bytes) {
        kafka::ProduceRequest request;
        request.acks = -1;
        request.timeout_ms = 1000;
        auto& data = request.topic_data.emplace_back();
        data.name = "orders";
        data.partition_data.emplace_back().records = kafka::Records{{std::move(bytes)}};
        return request;
    }
    static std::int64_t offset_of(kafka::ProduceResponse const& response) {
        auto const& partition = response.responses.at(0).partition_responses.at(0);
        EXPECT_EQ(partition.error_code, ErrorCode::none);
        return partition.base_offset;
    }
    static kafka::FetchRequest fetch(std::int64_t offset, std::int32_t max_wait_ms) {
        kafka::FetchRequest request;
        request.max_wait_ms = max_wait_ms;
        request.min_bytes = 1;
        auto& wanted = request.topics.emplace_back();
        wanted.topic = "orders";
        auto& partition = wanted.partitions.emplace_back();
        partition.fetch_offset = offset;
        partition.partition_max_bytes = 1 << 20;
        return request;
    }
    /// First bytes of the values, with their offsets.
    static std::vector<std::pair<std::int64_t, char>> records_of(
        kafka::FetchResponse const& response) {
        std::vector<std::pair<std::int64_t, char>> all;
        auto const& partition = response.responses.at(0).partitions.at(0);
        EXPECT_EQ(partition.error_code, ErrorCode::none);
        for (auto const& part : partition.records->parts) {
            auto const read = records::read_records(part.view());
            for (auto const& record : *read)
                all.emplace_back(record.offset, char(record.value->front()));
        }
        return all;
    }

    ThreadLoop loop;
    std::unique_ptr<EmbeddedBroker> broker;
    std::unique_ptr<bus::Connection> connection;
};

TEST_F(Local, WhatIsProducedIsFetchedWithoutASocket) {
    EXPECT_EQ(offset_of(send<kafka::ProduceResponse>(produce(batch('a')), 9).get()), 0);
    EXPECT_EQ(offset_of(send<kafka::ProduceResponse>(produce(batch('b')), 9).get()), 1);
    auto const response = send<kafka::FetchResponse>(fetch(0, 0), 11).get();
    EXPECT_THAT(records_of(response), ElementsAre(std::pair(0, 'a'), std::pair(1, 'b')));
}

TEST_F(Local, ManyRequestsAtOnceAreAnsweredInTheirOrderAlthoughTheQueueIsShort) {
    std::vector<std::int64_t> offsets;
    std::promise<void> over;
    loop.call([&] {
        for (int i = 0; i < 50; ++i)
            connection->send(produce(batch('a')), 9, [&](auto answer) {
                offsets.push_back(offset_of(std::get<kafka::ProduceResponse>(*answer)));
                if (offsets.size() == 50) over.set_value();
            });
        EXPECT_TRUE(offsets.empty()) << "no answer comes inside the call";
    });
    over.get_future().get();
    for (int i = 0; i < 50; ++i) EXPECT_EQ(offsets[std::size_t(i)], i);
}

TEST_F(Local, AFetchThatWaitsIsAnsweredByWhatAnotherConnectionProduces) {
    auto waiting = send<kafka::FetchResponse>(fetch(0, 600'000), 11);
    auto first = std::exchange(connection, connect());
    send<kafka::ProduceResponse>(produce(batch('z')), 9).get();
    EXPECT_THAT(records_of(waiting.get()), ElementsAre(std::pair(0, 'z')));
    loop.call([&] { first.reset(); });
}

TEST_F(Local, ABatchThatTheCallerKeepsStaysAsItIs) {
    auto const kept = batch('k');
    auto const before = Bytes(kept.view().begin(), kept.view().end());
    send<kafka::ProduceResponse>(produce(batch('a')), 9).get();
    EXPECT_EQ(offset_of(send<kafka::ProduceResponse>(produce(kept), 9).get()), 1);
    EXPECT_EQ(kept, Slice(before));  // the broker's has offset 1
}

TEST_F(Local, ABatchThatIsDamagedIsRefusedAsOneFromASocketIs) {
    auto bytes = records::build({records::Record{.timestamp = 1, .value = Bytes(10)}});
    bytes.back() ^= std::byte{1};
    auto const response = send<kafka::ProduceResponse>(produce(Slice(bytes)), 9).get();
    EXPECT_EQ(response.responses.at(0).partition_responses.at(0).error_code,
              ErrorCode::corrupt_message);
}

TEST_F(Local, WhoHearsAnAnswerMayCloseTheConnection) {
    std::promise<void> over;
    loop.call([&] {
        connection->send(produce(batch('a')), 9, [&](auto) {
            connection.reset();
            over.set_value();
        });
        connection->send(produce(batch('b')), 9, [](auto) { FAIL() << "it is closed"; });
    });
    over.get_future().get();
    connection = connect();
    send<kafka::FetchResponse>(fetch(0, 0), 11).get();
}

TEST_F(Local, ConnectionsOfOthersAreNotOurs) {
    EXPECT_TRUE(host::Inside::has(host::Inside::first));
    EXPECT_FALSE(host::Inside::has(broker::ConnectionId{7}));
}

}  // namespace
}  // namespace klamm::live
