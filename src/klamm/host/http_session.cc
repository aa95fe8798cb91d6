#include "klamm/host/http_session.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <utility>

namespace klamm::host {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Error = boost::system::error_code;

namespace {

constexpr std::size_t read_bytes = 16 * 1024;
constexpr int ending_seconds_max = 2;
constexpr std::size_t body_read_bytes = 64 * 1024;
/// Not parsed yet: a header that is not complete, or what follows a request that is being served.
constexpr std::size_t unparsed_bytes_max = 64 * 1024;
/// Answers of pipelined requests are written when they come to this.
constexpr std::size_t unsent_bytes_max = 256 * 1024;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

/// Without scheme and authority, which those send who take the server for a proxy, and may.
std::string_view origin_form(std::string_view target) {
    constexpr std::string_view scheme = "http://";
    if (!target.starts_with(scheme)) return target;
    auto const path = target.find('/', scheme.size());
    return path == std::string_view::npos ? "/" : target.substr(path);
}

HttpAnswer malformed(Error const& error) {
    if (error == http::error::header_limit)
        return http_error(431, "The header of the request is too large.");
    if (error == http::error::body_limit)
        return http_error(413, "The body of the request is too large.");
    return http_error(400, "The request is not HTTP: " + error.message() + ".");
}

}  // namespace

HttpSession::HttpSession(asio::ip::tcp::socket socket, std::shared_ptr<HttpShared> shared)
    : socket_(std::move(socket)), shared_(std::move(shared)) {
    shared_->sessions.insert(this);
    shared_->connections = shared_->sessions.size();
}

HttpSession::~HttpSession() {
    shared_->body_bytes -= body_bytes_;
    shared_->sessions.erase(this);
    shared_->connections = shared_->sessions.size();
}

void HttpSession::start() {
    expect_within(shared_->limits.silence_seconds_max);
    read();
}

void HttpSession::expect_within(int seconds) {
    deadline_ = Clock::now() + std::chrono::seconds(seconds);
}

void HttpSession::check(Clock::time_point now) {
    if (now >= deadline_) close();
}

void HttpSession::drain() {
    if (phase_ == Phase::reading && !parser_ && out_.empty()) return close();
    keep_alive_ = false;
}

void HttpSession::close() {
    Error ignored;
    socket_.close(ignored);
}

// ---- reading -----------------------------------------------------------------------------

void HttpSession::read() {
    bool const in_body = parser_ && parser_->is_header_done();
    auto const room = in_.prepare(in_body ? body_read_bytes : read_bytes);
    socket_.async_read_some(room,
                            [self = shared_from_this()](Error const& error, std::size_t bytes) {
                                if (error) return self->close();
                                self->in_.commit(bytes);
                                self->process();
                            });
}

/// Serves what is there; then writes what there is to say, or reads on.
void HttpSession::process() {
    processing_ = true;
    while (phase_ == Phase::reading && out_.size() < unsent_bytes_max && in_.size() > 0) {
        if (!parse()) break;
        dispatch();
    }
    processing_ = false;
    if (!out_.empty()) return write();
    if (phase_ == Phase::reading) read();
}

void HttpSession::begin_request() {
    parser_.emplace();
    parser_->eager(false);
    parser_->header_limit(std::uint32_t(shared_->limits.header_bytes_max));
    parser_->body_limit(shared_->limits.large_body_bytes_max);
    header_checked_ = false;
    request_id_.clear();
    expect_within(shared_->limits.silence_seconds_max);
}

/// True when the request is whole. False: more is to be read, or it was refused.
bool HttpSession::parse() {
    if (!parser_) begin_request();
    while (!parser_->is_done()) {
        Error error;
        in_.consume(parser_->put(in_.data(), error));
        if (error == http::error::need_more) {
            if (in_.size() > unparsed_bytes_max)
                refuse(http_error(400, "The request is not HTTP: a line of it does not end."));
            else if (parser_->is_header_done() && !hold_body(parser_->get().body().size()))
                return false;
            else
                expect_within(shared_->limits.silence_seconds_max);
            return false;
        }
        if (error) {
            refuse(malformed(error));
            return false;
        }
        if (!parser_->is_header_done()) continue;
        if (!std::exchange(header_checked_, true) && !check_header()) return false;
        if (in_.size() == 0 && !parser_->is_done()) return false;
    }
    return true;
}

/// What can be told before the body has come. False: it was refused.
bool HttpSession::check_header() {
    auto const& header = parser_->get();
    if (auto const id = view(header["X-Request-ID"]); good_request_id(id)) request_id_ = id;
    auto const target = origin_form(view(header.target()));
    auto const& limits = shared_->limits;
    bool const large = shared_->takes_large_bodies(target.substr(0, target.find('?')));
    auto const most = large ? limits.large_body_bytes_max : limits.body_bytes_max;
    auto const length = parser_->content_length();
    if (length && *length > most) {
        refuse(malformed(http::error::body_limit));
        return false;
    }
    if (!length) parser_->body_limit(most);
    if (length && !hold_body(std::size_t(*length))) return false;
    parser_->eager(true);
    auto const expected = view(header[http::field::expect]);
    if (expected.empty()) return true;
    if (!boost::beast::iequals(header[http::field::expect], "100-continue")) {
        refuse(http_error(417, "Only 100-continue can be expected."));
        return false;
    }
    if (!parser_->is_done() && in_.size() == 0) out_ += "HTTP/1.1 100 Continue\r\n\r\n";
    return true;
}

/// False: all bodies together are too much, and the request was refused.
bool HttpSession::hold_body(std::size_t bytes) {
    if (bytes <= body_bytes_) return true;
    auto const more = bytes - body_bytes_;
    if (shared_->body_bytes + more > shared_->limits.bodies_bytes_max) {
        auto busy = http_error(503, "Too many large requests are under way; try again.");
        busy.retry_after_s = 1;
        refuse(busy);
        return false;
    }
    shared_->body_bytes += more;
    body_bytes_ = bytes;
    return true;
}

/// Answers, and ends the connection: what comes behind cannot be told apart from a body.
void HttpSession::refuse(HttpAnswer const& why) {
    keep_alive_ = false;
    request_ = {};
    answer(why);
}

// ---- answering ---------------------------------------------------------------------------

void HttpSession::dispatch() {
    auto const& header = parser_->get();
    keep_alive_ = header.keep_alive() && !shared_->draining;
    request_ = {.method = view(header.method_string()),
                .target = origin_form(view(header.target())),
                .accept = view(header[http::field::accept]),
                .content_type = view(header[http::field::content_type]),
                .body = header.body()};
    phase_ = Phase::answering;
    deadline_ = Clock::time_point::max();
    shared_->serve(*this);
}

void HttpSession::answer(HttpAnswer const& answer) {
    auto& metrics = shared_->metrics;
    metrics.http_answers[std::min<std::size_t>(answer.status / 100, 5)].add();
    bool const understood = parser_ && parser_->is_header_done();
    if (request_id_.empty()) request_id_ = random_request_id(shared_->random);
    keep_alive_ = keep_alive_ && !shared_->draining;
    append_response(out_, answer,
                    {.common = shared_->common.at(std::chrono::system_clock::now()),
                     .request_id = request_id_,
                     .head_only = understood && parser_->get().method() == http::verb::head,
                     .close = !keep_alive_,
                     .say_kept = understood && parser_->get().version() < 11});
    request_ = {};
    parser_.reset();
    shared_->body_bytes -= std::exchange(body_bytes_, 0);
    if (in_.size() == 0 && in_.capacity() > read_bytes) in_.shrink_to_fit();
    phase_ = keep_alive_ ? Phase::reading : Phase::ending;
    expect_within(shared_->limits.silence_seconds_max);
    if (!processing_) process();
}

/// Sessions end on the thread of the context: whoever holds one elsewhere hands it back there.
class Later {
public:
    Later(asio::io_context& context, std::shared_ptr<HttpSession> session)
        : context_(&context), session_(std::move(session)) {}
    Later(Later&&) = default;
    Later& operator=(Later&&) = delete;
    ~Later() {
        if (session_)
            asio::post(*context_, [session = std::move(session_)] { session->abandon(); });
    }
    void operator()(HttpAnswer made) {
        asio::post(*context_, [session = std::move(session_), made = std::move(made)] {
            session->answer(made);
        });
    }

private:
    asio::io_context* context_;
    std::shared_ptr<HttpSession> session_;
};

std::move_only_function<void(HttpAnswer)> HttpSession::later() {
    return Later(shared_->context, shared_from_this());
}

// ---- writing -----------------------------------------------------------------------------

void HttpSession::write() {
    if (writing_) return;
    Error error;
    while (sent_ < out_.size()) {
        sent_ += socket_.write_some(asio::buffer(out_.data() + sent_, out_.size() - sent_), error);
        if (!error) continue;
        if (error != asio::error::would_block) return close();
        expect_within(shared_->limits.silence_seconds_max);
        writing_ = true;
        return socket_.async_wait(asio::ip::tcp::socket::wait_write,
                                  [self = shared_from_this()](Error const& failed) {
                                      if (failed) return self->close();
                                      self->writing_ = false;
                                      self->write();
                                  });
    }
    written();
}

void HttpSession::written() {
    out_.clear();
    sent_ = 0;
    if (out_.capacity() > unsent_bytes_max) out_.shrink_to_fit();
    if (phase_ == Phase::ending) {
        Error ignored;
        socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        expect_within(ending_seconds_max);
        return read_to_end();
    }
    if (phase_ == Phase::answering) return;
    if (!parser_ && in_.size() == 0) expect_within(shared_->limits.idle_seconds_max);
    if (in_.size() > 0) return process();
    read();
}

/// What the client still sends is read until it closes: else it might lose the answer.
void HttpSession::read_to_end() {
    in_.consume(in_.size());
    socket_.async_read_some(in_.prepare(read_bytes),
                            [self = shared_from_this()](Error const& error, std::size_t) {
                                if (error) return self->close();
                                self->read_to_end();
                            });
}

}  // namespace klamm::host
