#include "klamm/host/http_port.h"

#include "klamm/host/listener.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <thread>
#include <utility>

namespace klamm::host {

struct HttpPort::Impl {
    using Context = boost::asio::io_context;

    Context context{1};
    boost::asio::executor_work_guard<Context::executor_type> work{context.get_executor()};
    std::unique_ptr<HttpServer> server;
    std::unique_ptr<Listener> listener;
    std::thread thread;
};

HttpPort::HttpPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpPort::~HttpPort() { stop(); }

std::expected<std::unique_ptr<HttpPort>, std::string> HttpPort::bind(Address const& address) {
    auto impl = std::make_unique<Impl>();
    auto listener = bind_listener(impl->context, address);
    if (!listener) return std::unexpected(listener.error());
    impl->listener = std::move(*listener);
    return std::unique_ptr<HttpPort>(new HttpPort(std::move(impl)));
}

Address HttpPort::address() const { return impl_->listener->address(); }

std::expected<void, std::string> HttpPort::start(Metrics& metrics, HttpServer::Serve serve,
                                                 HttpServer::TakesLargeBodies takes_large_bodies,
                                                 HttpLimits limits) {
    impl_->server = std::make_unique<HttpServer>(impl_->context, metrics, std::move(serve),
                                                 std::move(takes_large_bodies), limits);
    auto const listening = impl_->listener->listen(
        [server = impl_->server.get()](int descriptor) { server->adopt(descriptor); });
    if (!listening) return listening;
    impl_->thread = std::thread([impl = impl_.get()] { impl->context.run(); });
    return {};
}

void HttpPort::close() { impl_->listener->close(); }

void HttpPort::drain() {
    if (impl_->server) impl_->server->drain();
}

void HttpPort::stop() {
    impl_->context.stop();
    if (impl_->thread.joinable()) impl_->thread.join();
}

std::size_t HttpPort::connections() const {
    return impl_->server ? impl_->server->connections() : 0;
}

}  // namespace klamm::host
