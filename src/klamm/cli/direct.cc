#include "klamm/cli/direct.h"

#include "klamm/records/wire.h"

#include <fmt/core.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <span>

namespace klamm::cli {
namespace {

constexpr std::size_t response_bytes_max = 100 << 20;

std::string system_error() { return std::strerror(errno); }

/// For reading, writing and, on Linux, connecting.
void limit_waiting(int socket, std::chrono::milliseconds timeout) {
    timeval const limit{.tv_sec = timeout.count() / 1000, .tv_usec = timeout.count() % 1000 * 1000};
    ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
}

}  // namespace

Outcome<std::vector<Address>> broker_addresses(Client& client) {
    rd_kafka_metadata_t const* found = nullptr;
    auto const error = rd_kafka_metadata(client.rk(), 0, nullptr, &found, client.timeout_ms());
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(fmt::format("list brokers: {}", error_text(error)));
    std::vector<Address> list;
    for (auto const& broker : std::span(found->brokers, std::size_t(found->broker_cnt)))
        list.push_back({broker.host, std::uint16_t(broker.port)});
    rd_kafka_metadata_destroy(found);
    return list;
}

Outcome<Direct> Direct::open(Address const& address, std::chrono::milliseconds timeout) {
    auto const& [host, port] = address;
    auto const name = fmt::format("{}:{}", host, port);
    addrinfo const hints{.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    addrinfo* found = nullptr;
    if (auto const error =
            ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
        error != 0)
        return failed(fmt::format("{}: {}", name, ::gai_strerror(error)));
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owner{found, &::freeaddrinfo};
    std::string why = "no address";
    for (auto const* at = found; at != nullptr; at = at->ai_next) {
        auto const socket = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC, 0);
        if (socket < 0) return failed(fmt::format("{}: {}", name, system_error()));
        limit_waiting(socket, timeout);
        if (::connect(socket, at->ai_addr, at->ai_addrlen) == 0) return Direct(socket, name);
        why = system_error();
        ::close(socket);
    }
    return failed(fmt::format("{}: {}", name, why));
}

Direct::~Direct() {
    if (socket_ >= 0) ::close(socket_);
}

Outcome<Bytes> Direct::receive(std::size_t size) {
    Bytes bytes(size);
    for (std::size_t at = 0; at < size;) {
        auto const got = ::recv(socket_, bytes.data() + at, size - at, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            return failed(fmt::format("{}: {}", name_,
                                      got == 0 ? "the connection was closed" : system_error()),
                          "this command speaks without TLS and SASL");
        at += std::size_t(got);
    }
    return bytes;
}

Outcome<kafka::AnyResponse> Direct::exchange(kafka::RequestHeader const& header,
                                             kafka::AnyRequest const& request) {
    auto const frame = kafka::flatten(kafka::encode_request(header, request));
    for (std::size_t at = 0; at < frame.size();) {
        auto const sent = ::send(socket_, frame.data() + at, frame.size() - at, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent < 0) return failed(fmt::format("{}: {}", name_, system_error()));
        at += std::size_t(sent);
    }
    auto const length = receive(sizeof(std::int32_t));
    if (!length) return std::unexpected(length.error());
    auto const size = records::load<std::int32_t>(*length, 0);
    if (size < 0 || std::size_t(size) > response_bytes_max)
        return failed(fmt::format("{}: a response of {} bytes", name_, size));
    auto bytes = receive(std::size_t(size));
    if (!bytes) return std::unexpected(bytes.error());
    auto response = kafka::decode_response(header, Slice{std::move(*bytes)});
    if (!response) return failed(fmt::format("{}: {}", name_, response.error()));
    return std::move(*response);
}

}  // namespace klamm::cli
