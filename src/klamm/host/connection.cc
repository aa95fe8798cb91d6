#include "klamm/host/connection.h"

#include "klamm/host/log.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace klamm::host {
namespace {

constexpr int reads_in_a_row_max = 4;        // then others have their turn
constexpr std::size_t pieces_per_send = 64;  // of one sendmsg

}  // namespace

Connection::Connection(Socket socket, broker::ConnectionId id, Shared const& shared, Owner& owner)
    : socket_(std::move(socket)),
      id_(id),
      shared_(shared),
      owner_(owner),
      reader_(std::size_t(shared.options.request_bytes_max)),
      heard_(std::chrono::steady_clock::now()),
      sent_(heard_) {
    boost::system::error_code error;
    auto const remote = socket_.remote_endpoint(error);
    if (!error) {
        peer_ = remote.address().to_string();
        port_ = remote.port();
        peer_port_ = to_string(Address{peer_, remote.port()});
    }
    socket_.non_blocking(true, error);
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), error);
}

void Connection::start() { wait_readable(); }

// ---- receiving ---------------------------------------------------------------------------

/// Waits without a buffer: a connection that says nothing costs no memory for what it might say.
void Connection::wait_readable() {
    if (!open_ || reading_ || paused_ || draining_) return;
    reading_ = true;
    socket_.async_wait(Socket::wait_read,
                       [self = shared_from_this()](boost::system::error_code const& error) {
                           self->reading_ = false;
                           if (!error && self->open_) self->on_readable();
                       });
}

void Connection::on_readable() {
    heard_ = std::chrono::steady_clock::now();
    for (int i = 0; i < reads_in_a_row_max; ++i)
        if (!receive()) break;
    wait_readable();
    shared_.broker.help();
}

/// One recv and all frames that it completed. False when there is no more to read for now.
bool Connection::receive() {
    if (!open_ || paused_ || draining_) return false;
    if (reader_.wants_large() && !shared_.receiving_bytes.has_room()) {
        pause(true);
        return false;
    }
    auto const space = reader_.space();
    hold_large_frame();
    shared_.metrics.socket_reads.add();
    auto const size = ::recv(socket_.native_handle(), space.data(), space.size(), MSG_DONTWAIT);
    if (size < 0) {
        if (errno != EAGAIN && errno != EINTR) close("");
        return false;
    }
    if (size == 0) {
        close("");
        return false;
    }
    shared_.metrics.request_bytes.add(std::uint64_t(size));
    reader_.filled(std::size_t(size));
    take_frames();
    if (open_) hold_large_frame();
    return open_ && std::size_t(size) == space.size();
}

/// Counts the buffer of a large frame from the moment it is allocated.
void Connection::hold_large_frame() {
    auto const bytes = std::int64_t(reader_.large_bytes());
    if (bytes == large_frame_bytes_) return;
    auto const more = bytes - std::exchange(large_frame_bytes_, bytes);
    if (more > 0)
        shared_.receiving_bytes.take(more);
    else
        release(shared_.receiving_bytes, -more);
}

void Connection::take_frames() {
    while (open_ && !draining_) {
        if (window_.size() >= std::size_t(shared_.options.requests_per_connection_max))
            return pause(false);
        if (!shared_.request_bytes.has_room()) return pause(true);
        auto frame = reader_.next();
        if (!frame) return close(frame.error());
        if (!*frame) return;
        if (!take(std::move(**frame))) return;
    }
}

/// Hands one request to the broker. False when the connection was closed or has to wait.
bool Connection::take(Slice frame) {
    auto const bytes = std::int64_t(frame.size());
    auto const now = std::chrono::steady_clock::now();
    auto const number = window_.open({{}, bytes, now});
    shared_.request_bytes.take(bytes);
    auto const known = shared_.broker.for_prepare();
    auto request = broker::prepare({id_, number}, std::move(frame), peer_, known.compressions.get(),
                                   known.validations.get());
    if (!request) {
        close(request.error());
        return false;
    }
    request->peer_port = port_;
    auto const more = std::int64_t(request->recompressed_bytes);
    window_.back().request.bytes += more;
    shared_.request_bytes.take(more);
    window_.back().request.header = request->header;
    auto const api = std::size_t(std::uint16_t(request->header.api_key));
    if (api < Metrics::apis_max) shared_.metrics.requests[api].add();
    if (shared_.broker.try_submit(*request)) return true;
    refused_ = std::move(*request);
    pause(true);
    return false;
}

/// Stops reading; the kernel's window then stops the client.
void Connection::pause(bool until_room) {
    paused_ = true;
    shared_.metrics.reads_paused.add();
    if (until_room) owner_.wait_for_room(id_);
}

void Connection::resume() {
    if (!open_ || !paused_) return;
    paused_ = false;
    if (refused_) {
        if (!shared_.broker.try_submit(*refused_)) return pause(true);
        refused_.reset();
    }
    take_frames();
    wait_readable();
    shared_.broker.help();
}

// ---- answering ---------------------------------------------------------------------------

void Connection::answer(broker::Reply reply) {
    if (!open_) return;
    auto const number = reply.id.number;
    window_.answer(number, std::move(reply));
}

void Connection::flush() {
    while (open_ && !cold_ && !close_when_sent_ && !window_.empty() && window_.front().answer &&
           out_bytes_ <= shared_.options.response_bytes_buffered_max) {
        auto reply = std::move(*window_.front().answer);
        if (!fill_from_memory(reply, shared_.journal)) return fill_from_disk(std::move(reply));
        encode(std::move(reply), 0);
    }
    if (open_) send();
    if (open_ && paused_ && !refused_ &&
        window_.size() < std::size_t(shared_.options.requests_per_connection_max))
        resume();
}

void Connection::fill_from_disk(broker::Reply reply) {
    cold_ = true;
    auto const bytes = record_bytes(reply);
    shared_.cold_reads.fill(std::move(reply), bytes,
                            [&owner = owner_, bytes](broker::Reply filled) {
                                owner.completed(std::move(filled), bytes);
                            });
    send();
}

void Connection::complete(broker::Reply reply, std::int64_t cold_bytes) {
    cold_ = false;
    encode(std::move(reply), cold_bytes);
}

/// Turns the oldest request's answer into bytes to be sent.
void Connection::encode(broker::Reply reply, std::int64_t cold_bytes) {
    auto& pending = window_.front().request;
    auto const api = std::size_t(std::uint16_t(pending.header.api_key));
    if (reply.push)
        shared_.client_metrics.keep(std::move(reply.push), std::chrono::steady_clock::now());
    if (!reply.silent) {
        auto response = std::make_unique<Response>();
        response->frame = kafka::encode_response(pending.header, reply.body);
        response->pieces = response->frame.pieces();
        response->bytes = std::int64_t(response->frame.size());
        response->cold_bytes = cold_bytes;
        if (out_.empty()) sent_ = std::chrono::steady_clock::now();
        out_bytes_ += response->bytes;
        out_.push_back(std::move(response));
    }
    if (api < Metrics::apis_max)
        shared_.metrics.latency[api].observe(std::chrono::steady_clock::now() - pending.since);
    if (reply.close) close_when_sent_ = true;
    auto const bytes = pending.bytes;
    window_.pop();
    release(shared_.request_bytes, bytes);
}

// ---- sending -----------------------------------------------------------------------------

void Connection::send() {
    while (!out_.empty() && !writing_) {
        std::array<iovec, pieces_per_send> parts{};
        std::size_t count = 0;
        for (auto const& response : out_) {
            for (auto i = response->piece; i < response->pieces.size() && count < parts.size();
                 ++i) {
                auto const skip = i == response->piece ? response->offset : 0;
                auto const piece = response->pieces[i].subspan(skip);
                parts[count++] = {const_cast<std::byte*>(piece.data()), piece.size()};
            }
        }
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = count;
        shared_.metrics.socket_writes.add();
        auto const size = ::sendmsg(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0) {
            if (errno == EAGAIN || errno == EINTR) return wait_writable();
            return close("");
        }
        advance(std::size_t(size));
    }
    if (out_.empty() && close_when_sent_) return close("");
    bool const answer_waits = !window_.empty() && window_.front().answer;
    if (out_.empty() && finishing_ && !cold_ && !answer_waits) close("");
}

void Connection::advance(std::size_t sent) {
    sent_ = std::chrono::steady_clock::now();
    shared_.metrics.response_bytes.add(sent);
    while (!out_.empty()) {
        auto& response = *out_.front();
        while (response.piece < response.pieces.size()) {
            auto const left = response.pieces[response.piece].size() - response.offset;
            if (sent < left) {
                response.offset += sent;
                return;
            }
            sent -= left;
            response.offset = 0;
            ++response.piece;
        }
        out_bytes_ -= response.bytes;
        if (response.cold_bytes > 0) shared_.cold_reads.release(response.cold_bytes);
        out_.pop_front();
    }
}

void Connection::wait_writable() {
    writing_ = true;
    socket_.async_wait(Socket::wait_write,
                       [self = shared_from_this()](boost::system::error_code const& error) {
                           self->writing_ = false;
                           if (!error && self->open_) self->flush();
                       });
}

// ---- ending ------------------------------------------------------------------------------

void Connection::drain() { draining_ = true; }

void Connection::finish() {
    finishing_ = true;
    if (open_) flush();
}

void Connection::sweep(TimePoint now) {
    if (!open_) return;
    auto const& options = shared_.options;
    auto const silence = options.frame_silence_max;
    if (reader_.inside_frame() && window_.empty() && now - heard_ > silence)
        return close(paused_
                         ? fmt::format("there was no room for its request for {} ms "
                                       "(klamm.request.bytes.in.flight.max, queued.max.requests)",
                                       silence.count())
                         : fmt::format("began a frame and then said nothing for {} ms "
                                       "(klamm.frame.silence.max.ms)",
                                       silence.count()));
    if (!out_.empty() && now - sent_ > silence)
        return close(
            fmt::format("did not read its responses for {} ms "
                        "(klamm.frame.silence.max.ms)",
                        silence.count()));
    if (window_.empty() && out_.empty()) {
        if (now - heard_ > options.connection_idle_max) return close("");
        reader_.rest();
        hold_large_frame();
    }
}

void Connection::release(ByteBudget& budget, std::int64_t bytes) {
    if (bytes > 0 && budget.release(bytes)) shared_.resume_all();
}

void Connection::close(std::string_view reason) {
    if (!std::exchange(open_, false)) return;
    if (!reason.empty()) {
        shared_.metrics.connections_cut.add();
        log_peer(fmt::format("closed the connection of {}: {}", peer_port_, reason));
    }
    std::int64_t bytes = 0;
    for (; !window_.empty(); window_.pop()) bytes += window_.front().request.bytes;
    std::int64_t cold = 0;
    for (auto const& response : out_) cold += response->cold_bytes;
    out_.clear();
    refused_.reset();
    boost::system::error_code ignored;
    socket_.close(ignored);
    if (cold > 0) shared_.cold_reads.release(cold);
    shared_.broker.disconnected(id_);
    owner_.closed(id_);
    release(shared_.request_bytes, bytes);
    release(shared_.receiving_bytes, std::exchange(large_frame_bytes_, 0));
}

}  // namespace klamm::host
