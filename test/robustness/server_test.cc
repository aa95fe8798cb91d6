// The server in this process, with real sockets and files: short, so that the thread sanitizer can
// watch all its threads at work.
#include "klamm/host/server.h"

#include "klamm/base/random.h"
#include "klamm/kafka/apis.h"
#include "klamm/records/batch.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

namespace klamm::host {
namespace {

/// One connection that blocks.
class Client {
public:
    explicit Client(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto const* const to = reinterpret_cast<sockaddr const*>(&address);
        EXPECT_EQ(::connect(socket_, to, sizeof address), 0);
    }
    ~Client() { ::close(socket_); }
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    kafka::RequestHeader send(kafka::AnyRequest const& request, std::int16_t api,
                              kafka::ApiVersion version) {
        kafka::RequestHeader const header{api, version, ++correlation_, "test"};
        auto const bytes = flatten(kafka::encode_request(header, request));
        EXPECT_EQ(::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL), ssize_t(bytes.size()));
        return header;
    }
    template <class Response>
    Response receive(kafka::RequestHeader const& header) {
        auto const length = exactly(4);
        std::size_t size = 0;
        for (auto const byte : length) size = size << 8 | std::size_t(byte);
        auto const response = kafka::decode_response(header, Slice(exactly(size)));
        EXPECT_TRUE(response.has_value()) << response.error();
        return std::get<Response>(*response);
    }

    void create_topic(std::string const& name) {
        kafka::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = 1;
        topic.replication_factor = 1;
        auto const header = send(request, 19, 5);
        EXPECT_EQ(receive<kafka::CreateTopicsResponse>(header).topics.at(0).error_code,
                  kafka::ErrorCode::none);
    }
    kafka::RequestHeader send_produce(std::string const& topic, std::size_t value_bytes) {
        kafka::ProduceRequest request;
        request.acks = -1;
        request.timeout_ms = 1000;
        auto& data = request.topic_data.emplace_back();
        data.name = topic;
        auto& partition = data.partition_data.emplace_back();
        records::Record record;
        record.timestamp = 1;
        record.value = Bytes(value_bytes, std::byte{7});
        partition.records = kafka::Records{{Slice(records::build({record}))}};
        return send(request, 0, 9);
    }
    std::int64_t receive_produce(kafka::RequestHeader const& header) {
        auto const response = receive<kafka::ProduceResponse>(header);
        auto const& partition = response.responses.at(0).partition_responses.at(0);
        EXPECT_EQ(partition.error_code, kafka::ErrorCode::none);
        return partition.base_offset;
    }
    /// How many bytes of records came.
    std::size_t fetch(std::string const& topic, std::int64_t offset, std::int32_t max_wait_ms) {
        kafka::FetchRequest request;
        request.max_wait_ms = max_wait_ms;
        request.min_bytes = 1;
        auto& wanted = request.topics.emplace_back();
        wanted.topic = topic;
        auto& partition = wanted.partitions.emplace_back();
        partition.fetch_offset = offset;
        partition.partition_max_bytes = 1 << 20;
        auto const header = send(request, 1, 11);
        auto const response = receive<kafka::FetchResponse>(header);
        auto const& got = response.responses.at(0).partitions.at(0);
        EXPECT_EQ(got.error_code, kafka::ErrorCode::none);
        return got.records ? got.records->size() : 0;
    }

private:
    Bytes exactly(std::size_t size) {
        Bytes bytes(size);
        std::size_t at = 0;
        while (at < size) {
            auto const got = ::recv(socket_, bytes.data() + at, size - at, 0);
            EXPECT_GT(got, 0) << "closed by the server";
            if (got <= 0) break;
            at += std::size_t(got);
        }
        return bytes;
    }

    int socket_;
    std::int32_t correlation_ = 0;
};

class InProcess : public testing::Test {
protected:
    InProcess() : data_(std::filesystem::temp_directory_path() / name()) {
        options_.kafka->port = 0;
        options_.http->port = 0;
        options_.data = data_;
        options_.io_threads = 2;
        options_.checkpoint_bytes = 256 * 1024;
    }
    ~InProcess() override { std::filesystem::remove_all(data_); }

    std::unique_ptr<Server> start() {
        auto server = start_server(options_);
        EXPECT_TRUE(server.has_value()) << server.error();
        return std::move(*server);
    }

    Options options_;

private:
    static std::string name() {
        auto const* const test = testing::UnitTest::GetInstance()->current_test_info();
        return "klamm-" + std::string(test->name()) + "-" + std::to_string(::getpid());
    }
    std::filesystem::path data_;
};

TEST_F(InProcess, ServesManyAtOnceAndKeepsWhatItAcknowledged) {
    constexpr int clients = 4;
    constexpr int rounds = 40;
    constexpr int in_flight = 8;
    {
        auto const server = start();
        auto const port = server->kafka_address().port;
        for (int i = 0; i < clients; ++i) Client(port).create_topic("t" + std::to_string(i));
        std::vector<std::thread> threads;
        for (int i = 0; i < clients; ++i) {
            auto const topic = "t" + std::to_string(i);
            threads.emplace_back([port, topic] {
                Client client(port);
                Random random(1);
                std::int64_t next = 0;
                for (int round = 0; round < rounds; ++round) {
                    std::vector<kafka::RequestHeader> sent;
                    for (int n = 0; n < in_flight; ++n)
                        sent.push_back(client.send_produce(topic, random.below(9000)));
                    for (auto const& header : sent)
                        EXPECT_EQ(client.receive_produce(header), next++);
                }
            });
            threads.emplace_back([port, topic] {
                Client client(port);
                for (std::int64_t offset = 0; offset < rounds * in_flight; ++offset)
                    while (client.fetch(topic, offset, 200) == 0) continue;
            });
        }
        for (auto& thread : threads) thread.join();
        server->stop();
    }
    auto const server = start();
    Client client(server->kafka_address().port);
    for (int i = 0; i < clients; ++i) {
        auto const topic = "t" + std::to_string(i);
        EXPECT_GT(client.fetch(topic, rounds * in_flight - 1, 0), 0U);
        EXPECT_EQ(client.receive_produce(client.send_produce(topic, 1)), rounds * in_flight);
    }
}

TEST_F(InProcess, ReadsBackWhatIsNoLongerInMemory) {
    constexpr int count = 20;
    {
        auto const server = start();
        Client client(server->kafka_address().port);
        client.create_topic("t");
        for (int i = 0; i < count; ++i) client.receive_produce(client.send_produce("t", 50'000));
    }
    auto const server = start();  // its memory is empty
    std::vector<std::thread> threads;
    for (int n = 0; n < 3; ++n)
        threads.emplace_back([port = server->kafka_address().port] {
            Client client(port);
            for (int i = 0; i < count; ++i) EXPECT_GT(client.fetch("t", i, 0), 50'000U);
        });
    for (auto& thread : threads) thread.join();
}

TEST_F(InProcess, StopsWhileClientsWaitAndLeave) {
    auto const server = start();
    auto const port = server->kafka_address().port;
    Client(port).create_topic("t");
    std::vector<std::unique_ptr<Client>> waiting;
    for (int i = 0; i < 20; ++i) waiting.push_back(std::make_unique<Client>(port));
    for (auto& client : waiting) {
        kafka::FetchRequest request;
        request.max_wait_ms = 60'000;
        request.min_bytes = 1;
        auto& wanted = request.topics.emplace_back();
        wanted.topic = "t";
        wanted.partitions.emplace_back().partition_max_bytes = 1000;
        client->send(request, 1, 11);
    }
    waiting.resize(10);
    Client client(port);
    client.receive_produce(client.send_produce("t", 10));
    server->stop();
}

}  // namespace
}  // namespace klamm::host
