#include "klamm/host/http.h"

#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <chrono>
#include <optional>
#include <utility>

namespace klamm::host {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct HttpServer::Impl {
    asio::io_context& context;
    Answer answer;
    std::size_t sessions = 0;
};

namespace {

using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

Response respond(HttpServer::Answer const& answer, Request const& request) {
    auto target = std::string_view(request.target().data(), request.target().size());
    target = target.substr(0, target.find('?'));
    bool const readable =
        request.method() == http::verb::get || request.method() == http::verb::head;
    auto made = readable
                    ? answer(target)
                    : HttpAnswer{405, "text/plain; charset=utf-8", "Only GET is answered here.\n"};
    Response response{http::status(made.status), request.version()};
    response.set(http::field::server, "klamm");
    response.set(http::field::content_type, made.content_type);
    if (!readable) response.set(http::field::allow, "GET, HEAD");
    response.keep_alive(request.keep_alive());
    response.content_length(made.body.size());
    if (request.method() != http::verb::head) response.body() = std::move(made.body);
    return response;
}

}  // namespace

/// One connection: reads a request, writes the response, again and again.
class HttpSession : public std::enable_shared_from_this<HttpSession> {
public:
    template <class Server>
    HttpSession(asio::ip::tcp::socket socket, std::shared_ptr<Server> server)
        : stream_(std::move(socket)),
          answer_(&server->answer),
          count_(&server->sessions),
          server_(std::move(server)) {
        ++*count_;
    }
    ~HttpSession() { --*count_; }

    void read() {
        parser_.emplace();
        parser_->header_limit(HttpServer::header_bytes_max);
        parser_->body_limit(HttpServer::body_bytes_max);
        stream_.expires_after(std::chrono::seconds(HttpServer::silence_seconds_max));
        http::async_read(stream_, buffer_, *parser_,
                         [self = shared_from_this()](beast::error_code const& error, std::size_t) {
                             if (!error) self->write();
                         });
    }

private:
    void write() {
        response_ = respond(*answer_, parser_->get());
        stream_.expires_after(std::chrono::seconds(HttpServer::silence_seconds_max));
        http::async_write(stream_, response_,
                          [self = shared_from_this()](beast::error_code const& error, std::size_t) {
                              if (!error && self->response_.keep_alive()) return self->read();
                              beast::error_code ignored;
                              self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send,
                                                              ignored);
                          });
    }

    beast::tcp_stream stream_;
    beast::flat_buffer buffer_{HttpServer::header_bytes_max + HttpServer::body_bytes_max};
    std::optional<http::request_parser<http::string_body>> parser_;
    Response response_;
    HttpServer::Answer const* answer_;
    std::size_t* count_;
    std::shared_ptr<void> server_;
};

HttpServer::HttpServer(asio::io_context& context, Answer answer)
    : impl_(std::make_shared<Impl>(Impl{context, std::move(answer)})) {}

HttpServer::~HttpServer() = default;

void HttpServer::adopt(int descriptor) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    asio::ip::tcp::socket socket(impl_->context);
    boost::system::error_code error;
    auto const protocol = address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    if (impl_->sessions < connections_max) socket.assign(protocol, descriptor, error);
    if (error || impl_->sessions >= connections_max) {
        ::close(descriptor);
        return;
    }
    std::make_shared<HttpSession>(std::move(socket), impl_)->read();
}

}  // namespace klamm::host
