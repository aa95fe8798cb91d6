#include "klamm/host/listener.h"

#include "klamm/host/log.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

namespace klamm::host {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr int accepts_in_a_row_max = 64;
constexpr auto pause_without_descriptors = std::chrono::milliseconds(100);

class TcpListener final : public Listener {
public:
    explicit TcpListener(asio::io_context& context) : acceptor_(context), timer_(context) {}

    boost::system::error_code bind(tcp::endpoint const& endpoint) {
        boost::system::error_code error;
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        return error;
    }

    Address address() const override {
        auto const endpoint = acceptor_.local_endpoint();
        return {endpoint.address().to_string(), endpoint.port()};
    }

    std::expected<void, std::string> listen(std::function<void(int)> accepted) override {
        accepted_ = std::move(accepted);
        boost::system::error_code error;
        acceptor_.listen(tcp::acceptor::max_listen_connections, error);
        if (!error) acceptor_.non_blocking(true, error);
        if (error)
            return std::unexpected(
                fmt::format("cannot listen on {}: {}", to_string(address()), error.message()));
        wait();
        return {};
    }

    void close() override {
        asio::post(acceptor_.get_executor(), [this] {
            boost::system::error_code ignored;
            acceptor_.close(ignored);
            timer_.cancel();
        });
    }

private:
    void wait() {
        acceptor_.async_wait(tcp::acceptor::wait_read,
                             [this](boost::system::error_code const& error) {
                                 if (!error) accept();
                             });
    }

    void accept() {
        for (int i = 0; i < accepts_in_a_row_max; ++i) {
            int const descriptor = ::accept4(acceptor_.native_handle(), nullptr, nullptr,
                                             SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (descriptor >= 0) {
                accepted_(descriptor);
                continue;
            }
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
                return pause(errno);
            break;
        }
        wait();
    }

    /// The client waits in the kernel's queue meanwhile.
    void pause(int error) {
        log_peer(fmt::format("cannot accept a connection: {}", std::strerror(error)));
        timer_.expires_after(pause_without_descriptors);
        timer_.async_wait([this](boost::system::error_code const& cancelled) {
            if (!cancelled) wait();
        });
    }

    tcp::acceptor acceptor_;
    asio::steady_timer timer_;
    std::function<void(int)> accepted_;
};

}  // namespace

std::expected<std::unique_ptr<Listener>, std::string> bind_listener(asio::io_context& context,
                                                                    Address const& address) {
    auto const refuse = [&](boost::system::error_code const& error) {
        auto const* const hint = error == boost::system::errc::address_in_use
                                     ? "; another process has this port (port 0: any free one)"
                                     : "";
        return std::unexpected(
            fmt::format("cannot listen on {}: {}{}", to_string(address), error.message(), hint));
    };
    boost::system::error_code error;
    auto ip = asio::ip::make_address(address.host, error);
    if (error) {
        tcp::resolver resolver(context);
        auto const found = resolver.resolve(address.host, std::to_string(address.port), error);
        if (error) return refuse(error);
        ip = found.begin()->endpoint().address();
    }
    auto listener = std::make_unique<TcpListener>(context);
    if (error = listener->bind({ip, address.port}); error) return refuse(error);
    return listener;
}

}  // namespace klamm::host
