// host/http.h - the HTTP port: a few pages by GET, with limits and time-outs.
//
// Runs on the thread of its context, beside the Kafka connections.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace klamm::host {

struct HttpAnswer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body;
};

class HttpServer {
public:
    static constexpr std::size_t connections_max = 200;
    static constexpr std::size_t header_bytes_max = 8 * 1024;
    static constexpr std::size_t body_bytes_max = 64 * 1024;
    static constexpr int silence_seconds_max = 30;

    /// `answer` gets the target of a GET, without its query, and runs on the context's thread.
    using Answer = std::function<HttpAnswer(std::string_view target)>;
    HttpServer(boost::asio::io_context& context, Answer answer);
    ~HttpServer();
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;

    /// Takes over an accepted socket. On the context's thread.
    void adopt(int descriptor);

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace klamm::host
