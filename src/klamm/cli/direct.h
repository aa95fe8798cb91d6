// cli/direct.h - one connection to one broker, for requests that librdkafka does not have.
//
// Without TLS and SASL. Blocks, as long as the timeout allows.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/kafka/apis.h"

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace klamm::cli {

struct Address {
    std::string host;
    std::uint16_t port = 0;
};
/// Of every broker of the cluster.
Outcome<std::vector<Address>> broker_addresses(Client& client);

class Direct {
public:
    static Outcome<Direct> open(Address const& address, std::chrono::milliseconds timeout);
    ~Direct();
    Direct(Direct&& other) noexcept
        : socket_(std::exchange(other.socket_, -1)), name_(std::move(other.name_)) {}
    Direct(Direct const&) = delete;
    Direct& operator=(Direct const&) = delete;
    Direct& operator=(Direct&&) = delete;

    template <class Request>
    Outcome<typename Request::Response> ask(Request const& request, kafka::ApiVersion version) {
        auto answer = exchange({Request::api.key, version, ++asked_, "klamm"}, request);
        if (!answer) return std::unexpected(std::move(answer.error()));
        return std::get<typename Request::Response>(std::move(*answer));
    }

private:
    Direct(int socket, std::string name) : socket_(socket), name_(std::move(name)) {}
    Outcome<kafka::AnyResponse> exchange(kafka::RequestHeader const& header,
                                         kafka::AnyRequest const& request);
    Outcome<Bytes> receive(std::size_t size);

    int socket_ = -1;
    std::string name_;  ///< "host:port"
    std::int32_t asked_ = 0;
};

}  // namespace klamm::cli
