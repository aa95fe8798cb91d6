// host/http_session.h - one HTTP connection: requests in, answers out, in their order.
//
//      ┌──────────▶ reading ── a whole request ──▶ answering ──┐
//      │                                                       │ now, or later
//      └── everything is written ◀──── out_ has the answer ◀───┘
//
// Requests that came in one piece (pipelining) are served one behind the other, and what they were
// answered is written together.
#pragma once

#include "klamm/base/random.h"
#include "klamm/host/http.h"
#include "klamm/host/http_message.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>

namespace klamm::host {

class HttpSession;

/// What all sessions share. Lives as long as any of them.
struct HttpShared {
    boost::asio::io_context& context;
    Metrics& metrics;
    HttpServer::Serve serve;
    HttpServer::TakesLargeBodies takes_large_bodies;
    HttpLimits limits;
    Random random;  ///< request ids
    CommonFields common{};
    std::unordered_set<HttpSession*> sessions{};
    std::atomic<std::size_t> connections{0};
    std::size_t body_bytes = 0;  ///< of all sessions
    bool draining = false;
};

class HttpSession final : public HttpExchange, public std::enable_shared_from_this<HttpSession> {
public:
    using Clock = std::chrono::steady_clock;

    HttpSession(boost::asio::ip::tcp::socket socket, std::shared_ptr<HttpShared> shared);
    ~HttpSession() override;

    void start();
    /// Closes it if it has been silent for too long.
    void check(Clock::time_point now);
    /// Closes it as soon as it owes nothing.
    void drain();

    HttpRequest const& request() const override { return request_; }
    void answer(HttpAnswer const& answer) override;
    /// No answer will come.
    void abandon() { close(); }
    std::move_only_function<void(HttpAnswer)> later() override;

private:
    using Parser = boost::beast::http::request_parser<boost::beast::http::string_body>;
    enum class Phase : std::uint8_t { reading, answering, ending };

    void read();
    void process();
    bool parse();
    void begin_request();
    bool check_header();
    bool hold_body(std::size_t bytes);
    void refuse(HttpAnswer const& answer);
    void dispatch();
    void write();
    void written();
    void read_to_end();
    void expect_within(int seconds);
    void close();

    boost::asio::ip::tcp::socket socket_;
    std::shared_ptr<HttpShared> shared_;
    boost::beast::flat_buffer in_;
    std::optional<Parser> parser_;  ///< none: nothing of the next request was seen
    HttpRequest request_;
    std::string request_id_;
    std::string out_;
    std::size_t sent_ = 0;
    std::size_t body_bytes_ = 0;  ///< that count in the shared limit
    Phase phase_ = Phase::reading;
    bool header_checked_ = false;
    bool keep_alive_ = true;
    bool writing_ = false;     ///< the socket has no room; it is waited for
    bool processing_ = false;  ///< inside process(): answer() need not go on
    Clock::time_point deadline_;
};

}  // namespace klamm::host
