// host/http.h - the HTTP port: requests come in by sockets, and whoever serves them answers at once
// or later.
//
//   socket ──▶ session ──▶ serve(exchange) ──▶ exchange.answer()            at once
//      ▲          ▲              └───────────▶ exchange.later() ──▶ worker  from any thread
//      └──────────┴──────────────────────────────────────────────────┘
//
// Errors of a request are answered here, as JSON: 400, 413, 417, 431, 503. Answers leave in the
// order of the requests of a connection; while one is awaited, its connection is not read.
//
// Thread: that of the context, beside what is said of later().
#pragma once

#include "klamm/host/metrics.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace boost::asio {
class io_context;
}

namespace klamm::host {

struct HttpRequest {
    std::string_view method;
    std::string_view target;  ///< with its query, percent-encoded
    std::string_view accept;
    std::string_view content_type;
    std::string_view body;
    /// Without the query.
    std::string_view path() const { return target.substr(0, target.find('?')); }
};

struct HttpAnswer {
    unsigned status = 200;
    std::string content_type = "text/plain; charset=utf-8";
    std::string body{};
    std::string_view allow{};    ///< with 405
    unsigned retry_after_s = 0;  ///< 0: the header is left out
};

/// {"error_code":…,"message":"…"}, as clients of a registry expect errors.
HttpAnswer http_error(unsigned status, std::string_view message);

/// One request and its answer, which is given once, in one of the two ways.
class HttpExchange {
public:
    virtual ~HttpExchange() = default;
    /// Its views are valid until the answer is given.
    virtual HttpRequest const& request() const = 0;
    virtual void answer(HttpAnswer const& answer) = 0;
    /// For any thread, also after the client is gone. If it is dropped, the connection is closed
    /// without an answer. Not to be kept longer than the server's context.
    virtual std::move_only_function<void(HttpAnswer)> later() = 0;
};

struct HttpLimits {
    std::size_t connections_max = 2000;  ///< further ones are answered 503 and closed
    std::size_t header_bytes_max = 16 * 1024;
    std::size_t body_bytes_max = 64 * 1024;
    /// Where `takes_large_bodies` says so.
    std::size_t large_body_bytes_max = 16 * 1024 * 1024;
    /// Bodies being received and served, together; beyond it requests are answered 503.
    std::size_t bodies_bytes_max = 256 * 1024 * 1024;
    int silence_seconds_max = 30;  ///< inside a request, or from one who does not read
    int idle_seconds_max = 75;     ///< between two requests
};

class HttpServer {
public:
    using Serve = std::function<void(HttpExchange&)>;
    using TakesLargeBodies = std::function<bool(std::string_view path)>;

    HttpServer(boost::asio::io_context& context, Metrics& metrics, Serve serve,
               TakesLargeBodies takes_large_bodies, HttpLimits limits = {});
    ~HttpServer();
    HttpServer(HttpServer const&) = delete;
    HttpServer& operator=(HttpServer const&) = delete;

    /// Takes over an accepted socket.
    void adopt(int descriptor);
    /// Any thread: from now on a connection ends with the answer that is being made for it.
    void drain();
    /// Any thread.
    std::size_t connections() const;

private:
    struct Impl;
    std::shared_ptr<Impl> impl_;
};

}  // namespace klamm::host
