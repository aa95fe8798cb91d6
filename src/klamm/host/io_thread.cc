#include "klamm/host/io_thread.h"

#include "klamm/host/connection.h"
#include "klamm/host/log.h"
#include "klamm/host/mailbox.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <unistd.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>
#include <unordered_map>
#include <utility>

namespace klamm::host {

namespace asio = boost::asio;
using broker::ConnectionId;

struct IoThread::Impl final : Connection::Owner {
    /// A reply on its way to its connection.
    struct Delivery {
        broker::Reply reply;
        bool completed = false;  ///< its batches were read from the disk
        std::int64_t cold_bytes = 0;
    };

    Impl(std::size_t index, std::size_t count, Shared const& shared_with)
        : shared(shared_with), next_id(index), id_step(count) {}

    // Connection::Owner
    void wait_for_room(ConnectionId connection) override { waiting.push_back(connection); }
    void closed(ConnectionId connection) override;
    void completed(broker::Reply reply, std::int64_t cold_bytes) override;

    void adopt(int descriptor);
    void push(std::vector<Delivery> more);
    void hand_out();
    void hand_over(Delivery& delivery, std::vector<std::shared_ptr<Connection>>& touched);
    void resume();
    void sweep_later();
    std::vector<std::shared_ptr<Connection>> all() const;
    void for_each(void (Connection::*act)());

    Shared const& shared;
    std::uint64_t next_id;
    std::uint64_t const id_step;
    asio::io_context context{1};
    asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
    asio::steady_timer sweep_timer{context};
    bool sweeping = false;
    bool draining = false;
    std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections;
    std::vector<ConnectionId> waiting;  ///< for room
    std::atomic<std::size_t> connection_count{0};
    Mailbox<Delivery> replies;
    std::atomic<bool> resuming{false};
    std::thread thread;
};

// ---- connections -------------------------------------------------------------------------

void IoThread::Impl::adopt(int descriptor) {
    // Threads adopt in turn, each id is used up: a later connection has a higher one.
    auto const id = next_id;
    next_id += id_step;
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size);
    auto const protocol = address.ss_family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
    Connection::Socket socket(context);
    boost::system::error_code error;
    socket.assign(protocol, descriptor, error);
    if (error || draining) {
        if (error) ::close(descriptor);
        connection_count.fetch_sub(1);
        return;
    }
    auto connection =
        std::make_shared<Connection>(std::move(socket), ConnectionId(id), shared, *this);
    connections.emplace(id, connection);
    shared.metrics.connections_opened.add();
    connection->start();
    sweep_later();
}

void IoThread::Impl::closed(ConnectionId connection) {
    connections.erase(std::uint64_t(connection));
    connection_count.fetch_sub(1);
    shared.metrics.connections_closed.add();
}

/// To go through while any of them may close.
std::vector<std::shared_ptr<Connection>> IoThread::Impl::all() const {
    std::vector<std::shared_ptr<Connection>> found;
    found.reserve(connections.size());
    for (auto const& [id, connection] : connections) found.push_back(connection);
    return found;
}

void IoThread::Impl::for_each(void (Connection::*act)()) {
    for (auto const& connection : all()) (*connection.*act)();
}

/// While there are connections, looks about once a second who was silent for too long.
void IoThread::Impl::sweep_later() {
    if (std::exchange(sweeping, true)) return;
    using std::chrono::milliseconds;
    auto const pause = std::min(milliseconds(1000), shared.options.frame_silence_max / 4);
    sweep_timer.expires_after(std::max(pause, milliseconds(10)));
    sweep_timer.async_wait([this](boost::system::error_code const& error) {
        sweeping = false;
        if (error) return;
        auto const now = std::chrono::steady_clock::now();
        for (auto const& connection : all()) connection->sweep(now);
        if (!connections.empty()) sweep_later();
    });
}

// ---- replies -----------------------------------------------------------------------------

void IoThread::Impl::completed(broker::Reply reply, std::int64_t cold_bytes) {
    std::vector<Delivery> one;
    one.push_back({std::move(reply), true, cold_bytes});
    push(std::move(one));
}

void IoThread::Impl::push(std::vector<Delivery> more) {
    if (replies.put(std::move(more))) asio::post(context, [this] { hand_out(); });
}

void IoThread::Impl::hand_out() {
    shared.metrics.io_wakeups.add();
    auto taken = replies.take();
    std::vector<std::shared_ptr<Connection>> touched;
    for (auto& delivery : taken) hand_over(delivery, touched);
    // A connection that got several answers sends them together.
    for (auto const& connection : touched) connection->flush();
}

void IoThread::Impl::hand_over(Delivery& delivery,
                               std::vector<std::shared_ptr<Connection>>& touched) {
    auto const found = connections.find(std::uint64_t(delivery.reply.id.connection));
    if (found == connections.end()) {
        if (delivery.completed) shared.cold_reads.release(delivery.cold_bytes);
        return;
    }
    if (delivery.completed)
        found->second->complete(std::move(delivery.reply), delivery.cold_bytes);
    else
        found->second->answer(std::move(delivery.reply));
    if (touched.empty() || touched.back() != found->second) touched.push_back(found->second);
}

void IoThread::Impl::resume() {
    resuming = false;
    std::vector<ConnectionId> now;
    now.swap(waiting);
    for (auto const id : now)
        if (auto const found = connections.find(std::uint64_t(id)); found != connections.end()) {
            auto const connection = found->second;
            connection->resume();
        }
}

// ---- the thread --------------------------------------------------------------------------

IoThread::IoThread(std::size_t index, std::size_t count, Shared const& shared)
    : impl_(std::make_unique<Impl>(index, count, shared)) {}

IoThread::~IoThread() { stop(); }

asio::io_context& IoThread::context() { return impl_->context; }

void IoThread::start() {
    impl_->thread = std::thread([impl = impl_.get()] { impl->context.run(); });
}

void IoThread::stop() {
    if (!impl_->thread.joinable()) return;
    asio::post(impl_->context, [impl = impl_.get()] {
        for (auto const& connection : impl->all()) connection->close("");
        impl->context.stop();
    });
    impl_->thread.join();
}

void IoThread::adopt(int descriptor) {
    impl_->connection_count.fetch_add(1);
    asio::post(impl_->context, [impl = impl_.get(), descriptor] { impl->adopt(descriptor); });
}

void IoThread::deliver(std::vector<broker::Reply> replies) {
    std::vector<Impl::Delivery> deliveries;
    deliveries.reserve(replies.size());
    for (auto& reply : replies) deliveries.push_back({std::move(reply), false, 0});
    impl_->push(std::move(deliveries));
}

void IoThread::resume() {
    if (impl_->resuming.exchange(true)) return;
    asio::post(impl_->context, [impl = impl_.get()] { impl->resume(); });
}

void IoThread::drain() {
    asio::post(impl_->context, [impl = impl_.get()] {
        impl->draining = true;
        impl->for_each(&Connection::drain);
    });
}

void IoThread::finish() {
    asio::post(impl_->context, [impl = impl_.get()] { impl->for_each(&Connection::finish); });
}

std::size_t IoThread::connections() const { return impl_->connection_count.load(); }

}  // namespace klamm::host
