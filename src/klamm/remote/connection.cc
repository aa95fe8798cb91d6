#include "klamm/remote/connection.h"

#include "klamm/base/ensure.h"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace klamm::remote {
namespace {

constexpr int reads_in_a_row_max = 16;  // then the loop has its turn
constexpr std::size_t parts_max = 64;   // of one system call

std::string text_of(int error) {
    std::array<char, 128> room{};
    return ::strerror_r(error, room.data(), room.size());
}

/// Whoever connects to a free port of this very machine may, by chance, be given that port for its
/// own end, and so be connected to itself.
bool is_connected_to_itself(int socket) {
    sockaddr_storage here{}, there{};
    socklen_t here_size = sizeof here, there_size = sizeof there;
    return ::getsockname(socket, reinterpret_cast<sockaddr*>(&here), &here_size) == 0 &&
           ::getpeername(socket, reinterpret_cast<sockaddr*>(&there), &there_size) == 0 &&
           here_size == there_size && std::memcmp(&here, &there, here_size) == 0;
}

}  // namespace

Connection::Connection(bus::Loop& loop, Poller& poller, std::shared_ptr<Route> route,
                       std::string client_id)
    : loop_(loop), poller_(poller), route_(std::move(route)), exchange_(std::move(client_id)) {}

void Connection::close() {
    closed_ = true;
    hang_up();
    exchange_.abandon();
}

void Connection::hang_up() {
    if (!socket_) return;
    poller_.unwatch(watch_);
    socket_.close();
}

/// Unless it is closed by then.
void Connection::post(std::move_only_function<void(Connection&)> job, Duration delay) {
    auto guarded = [weak = weak_from_this(), job = std::move(job)]() mutable {
        auto const self = weak.lock();
        if (self && !self->closed_) job(*self);
    };
    if (delay > Duration{0})
        loop_.after(delay, std::move(guarded));
    else
        loop_.post(std::move(guarded));
}

void Connection::send(kafka::AnyRequest const& request, kafka::ApiVersion version,
                      Exchange::Answer answer) {
    exchange_.ask(request, version, std::move(answer));
    if (state_ == State::open) return write_soon();
    if (state_ == State::lost) return post(&Connection::tell_loss);
    if (state_ != State::idle) return;
    state_ = State::finding;
    route_->find([weak = weak_from_this()](std::vector<Endpoint> const& endpoints) {
        if (auto const self = weak.lock(); self && !self->closed_) self->connect(endpoints);
    });
}

// ---- connecting ----------------------------------------------------------------------------

void Connection::connect(std::vector<Endpoint> endpoints) {
    state_ = State::connecting;
    endpoints_ = std::move(endpoints);
    connect_next();
}

void Connection::connect_next() {
    if (endpoint_ == endpoints_.size()) return lose({});
    auto const& endpoint = endpoints_[endpoint_];
    socket_.open(::socket(endpoint.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                          IPPROTO_TCP));
    if (!socket_) return connect_failed(text_of(errno));
    int const yes = 1;
    ::setsockopt(socket_.number(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    auto const* const address = reinterpret_cast<sockaddr const*>(&endpoint.address);
    bool const begun =
        ::connect(socket_.number(), address, endpoint.size) == 0 || errno == EINPROGRESS;
    auto const error = errno;
    watch_ = poller_.watch(socket_.number(), *this);  // tells of what is there already, too
    if (!begun) return connect_failed(text_of(error));
    post(
        [tried = endpoint_](Connection& self) {
            if (self.state_ == State::connecting && self.endpoint_ == tried)
                self.connect_failed(
                    fmt::format("no connection within {} ms", connect_timeout.count()));
        },
        connect_timeout);
}

void Connection::connect_failed(std::string const& why) {
    hang_up();
    route_->failed(endpoints_[endpoint_++], why);
    connect_next();
}

void Connection::look_whether_connected() {
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return connect_failed(text_of(error));
    sockaddr_storage peer{};
    socklen_t peer_size = sizeof peer;
    if (::getpeername(socket_.number(), reinterpret_cast<sockaddr*>(&peer), &peer_size) != 0)
        return;  // not yet
    if (is_connected_to_itself(socket_.number())) return connect_failed(text_of(ECONNREFUSED));
    state_ = State::open;
}

// ---- requests and answers ------------------------------------------------------------------

void Connection::ready(bool ended) {
    auto const self = shared_from_this();
    ended_ = ended_ || ended;
    if (state_ == State::connecting) look_whether_connected();
    if (state_ != State::open) return;
    write();
    read();
}

void Connection::write_soon() {
    if (std::exchange(writing_soon_, true)) return;
    post([](Connection& self) {
        self.writing_soon_ = false;
        if (self.state_ == State::open) self.write();
    });
}

void Connection::write() {
    while (state_ == State::open && exchange_.has_output()) {
        std::array<iovec, parts_max> parts;
        msghdr message{};
        message.msg_iov = parts.data();
        message.msg_iovlen = exchange_.gather(parts);
        auto const size = ::sendmsg(socket_.number(), &message, MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) return;  // ready() comes when there is room
        if (size < 0) return lose(text_of(errno));
        exchange_.sent(std::size_t(size));
    }
}

void Connection::read() {
    for (int i = 0; i < reads_in_a_row_max; ++i)
        if (!read_once()) return;
    post(&Connection::read);  // nobody tells of what is there already
}

/// False: there is no more for now, or for good.
bool Connection::read_once() {
    if (closed_ || state_ != State::open) return false;
    auto const space = exchange_.space();
    auto const size = ::recv(socket_.number(), space.data(), space.size(), 0);
    if (size < 0 && errno == EINTR) return true;
    if (size < 0 && errno == EAGAIN) return false;
    if (size <= 0) {
        lose(size < 0  ? text_of(errno)
             : worked_ ? "it has closed the connection"
                       : "it has closed the connection without an answer, as servers do that want "
                         "TLS or SASL");
        return false;
    }
    exchange_.filled(std::size_t(size));
    // Who got less than there was room for has had all; but the end is told of only once.
    return tell_answers() && (std::size_t(size) == space.size() || ended_);
}

bool Connection::tell_answers() {
    while (!closed_ && state_ == State::open) {
        auto heard = exchange_.next();
        if (!heard) {
            lose(heard.error());
            return false;
        }
        if (!*heard) return true;
        if (!std::exchange(worked_, true)) route_->worked(endpoints_[endpoint_]);
        (**heard).answer(std::move((**heard).response));
    }
    return false;
}

// ---- the end -------------------------------------------------------------------------------

void Connection::lose(std::string const& why) {
    bool const was_open = std::exchange(state_, State::lost) == State::open;
    hang_up();
    if (was_open) route_->failed(endpoints_[endpoint_], why);
    tell_loss();
}

void Connection::tell_loss() {
    auto const self = shared_from_this();
    for (auto& answer : exchange_.abandon()) {
        if (closed_) return;
        answer(std::nullopt);
    }
}

}  // namespace klamm::remote
