#include "klamm/host/http.h"

#include "klamm/host/http_session.h"

#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <chrono>
#include <utility>
#include <vector>

namespace klamm::host {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr auto check_interval = std::chrono::seconds(1);

std::uint64_t random_seed() {
    std::uint64_t seed = 0;
    std::ignore = ::getrandom(&seed, sizeof seed, 0);  // ids of requests: any will do
    return seed;
}

/// Says why, and closes; who does not read it just finds the connection closed.
void turn_away(int descriptor) {
    constexpr std::string_view busy =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n"
        "Connection: close\r\n\r\n";
    std::ignore = ::send(descriptor, busy.data(), busy.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::close(descriptor);
}

}  // namespace

struct HttpServer::Impl : HttpShared {
    Impl(asio::io_context& on, Metrics& counters, Serve answers, TakesLargeBodies large,
         HttpLimits given)
        : HttpShared{.context = on,
                     .metrics = counters,
                     .serve = std::move(answers),
                     .takes_large_bodies = std::move(large),
                     .limits = given,
                     .random = Random(random_seed())},
          timer(on) {}

    /// One timer for all connections: theirs would be set anew with every request.
    void check_every_second() {
        timer.expires_after(check_interval);
        timer.async_wait([this](boost::system::error_code const& cancelled) {
            if (cancelled) return;
            auto const now = HttpSession::Clock::now();
            for (auto* const session : sessions) session->check(now);
            check_every_second();
        });
    }

    asio::steady_timer timer;
};

HttpServer::HttpServer(asio::io_context& context, Metrics& metrics, Serve serve,
                       TakesLargeBodies takes_large_bodies, HttpLimits limits)
    : impl_(std::make_shared<Impl>(context, metrics, std::move(serve),
                                   std::move(takes_large_bodies), limits)) {
    impl_->check_every_second();
}

HttpServer::~HttpServer() = default;

std::size_t HttpServer::connections() const { return impl_->connections; }

void HttpServer::adopt(int descriptor) {
    if (impl_->sessions.size() >= impl_->limits.connections_max) {
        impl_->metrics.http_refused.add();
        return turn_away(descriptor);
    }
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    tcp::socket socket(impl_->context);
    boost::system::error_code error;
    socket.assign(address.ss_family == AF_INET6 ? tcp::v6() : tcp::v4(), descriptor, error);
    if (error) {
        ::close(descriptor);
        return;
    }
    socket.non_blocking(true, error);
    socket.set_option(tcp::no_delay(true), error);
    std::make_shared<HttpSession>(std::move(socket), impl_)->start();
}

void HttpServer::drain() {
    asio::post(impl_->context, [impl = impl_] {
        impl->draining = true;
        std::vector<std::shared_ptr<HttpSession>> all;
        for (auto* const session : impl->sessions) all.push_back(session->shared_from_this());
        for (auto const& session : all) session->drain();
    });
}

}  // namespace klamm::host
