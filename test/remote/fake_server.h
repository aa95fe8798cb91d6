// test/remote/fake_server.h - a server in the thread of the test, that says what the test says.
#pragma once

#include "../kafka_bus/loop.h"
#include "klamm/kafka/apis.h"
#include "klamm/remote/poller.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

namespace klamm::remote::test {

using kafka_bus::test::TestLoop;

class FakeServer {
public:
    explicit FakeServer(TestLoop& loop) : loop_(loop) {
        listener_.open(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        auto* const any = reinterpret_cast<sockaddr*>(&address);
        socklen_t size = sizeof address;
        EXPECT_EQ(::bind(listener_.number(), any, size), 0);
        EXPECT_EQ(::listen(listener_.number(), 8), 0);
        EXPECT_EQ(::getsockname(listener_.number(), any, &size), 0);
        port_ = ntohs(address.sin_port);
    }

    std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
    /// Waits for the next client; the one before is hung up on.
    void accept() {
        wait_until([&] {
            client_.open(::accept4(listener_.number(), nullptr, nullptr, SOCK_NONBLOCK));
            return bool(client_);
        });
        received_.clear();
    }
    void hang_up() { client_.close(); }
    void stop_listening() { listener_.close(); }

    /// The next request, whole.
    kafka::DecodedRequest request() {
        constexpr std::size_t length_bytes = 4;
        auto const length = [&] {
            std::size_t value = 0;
            for (std::size_t i = 0; i < length_bytes; ++i)
                value = value << 8 | std::size_t(received_[i]);
            return value;
        };
        wait_until([&] {
            receive();
            return received_.size() >= length_bytes && received_.size() >= length_bytes + length();
        });
        auto const begin = received_.begin() + length_bytes;
        auto const end = begin + std::ptrdiff_t(length());
        auto decoded = kafka::decode_request(Slice{Bytes(begin, end)});
        received_.erase(received_.begin(), end);
        EXPECT_TRUE(decoded.has_value());
        return std::move(*decoded);
    }
    void say(ByteView bytes) {
        while (!bytes.empty()) {
            auto const sent = ::send(client_.number(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent > 0)
                bytes = bytes.subspan(std::size_t(sent));
            else
                turn();
        }
    }
    void answer(kafka::RequestHeader const& header, kafka::AnyResponse const& response) {
        say(kafka::flatten(kafka::encode_response(header, response)));
    }

private:
    void receive() {
        std::array<std::byte, 64 * 1024> room;
        while (true) {
            auto const size = ::recv(client_.number(), room.data(), room.size(), 0);
            if (size <= 0) return;
            received_.insert(received_.end(), room.begin(), room.begin() + size);
        }
    }
    /// The loop does not know of our sockets.
    void turn() {
        loop_.run_until([] { return false; }, Duration{1});
    }
    void wait_until(std::function<bool()> const& true_now) {
        constexpr int turns_max = 60'000;
        for (int n = 0; n < turns_max; ++n) {
            if (true_now()) return;
            turn();
        }
        ADD_FAILURE() << "the client did not come, or says too little";
    }

    TestLoop& loop_;
    Descriptor listener_;
    Descriptor client_;
    int port_ = 0;
    Bytes received_;
};

}  // namespace klamm::remote::test
