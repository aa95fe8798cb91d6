#include "klamm/host/kafka_port.h"

#include "klamm/host/io_thread.h"
#include "klamm/host/listener.h"
#include "klamm/host/log.h"

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace klamm::host {
namespace {

using Context = boost::asio::io_context;

constexpr rlim_t descriptors_for_files = 200;
constexpr rlim_t http_part = 4;  ///< of the descriptors that there are, at most

/// What there is from start() on.
struct Threads {
    Threads(Core& core, std::function<void()> resume_all)
        // Half for frames that are not complete, so that they never keep out complete ones.
        : request_bytes(core.options().request_bytes_in_flight_max / 2),
          receiving_bytes(core.options().request_bytes_in_flight_max / 2),
          shared{.options = core.options(),
                 .metrics = core.metrics(),
                 .client_metrics = core.client_metrics(),
                 .journal = core.journal(),
                 .broker = core.broker(),
                 .cold_reads = core.cold_reads(),
                 .request_bytes = request_bytes,
                 .receiving_bytes = receiving_bytes,
                 .resume_all = std::move(resume_all)} {
        auto const count = std::size_t(core.options().io_threads);
        for (std::size_t i = 0; i < count; ++i)
            io.push_back(std::make_unique<IoThread>(i, count, shared));
        for (auto const& thread : io) thread->start();
    }

    ByteBudget request_bytes;
    ByteBudget receiving_bytes;
    Shared shared;
    std::vector<std::unique_ptr<IoThread>> io;
};

}  // namespace

struct KafkaPort::Impl {
    void accept(int descriptor) {
        auto& shared = threads->shared;
        auto const connections_max = shared.options.connections_max;
        if (connections() >= std::size_t(connections_max)) {
            ::close(descriptor);
            shared.metrics.connections_refused.add();
            log_peer(fmt::format("closed a new connection: there are {} already (max.connections)",
                                 connections_max));
            return;
        }
        threads->io[next_io++ % threads->io.size()]->adopt(descriptor);
    }
    std::size_t connections() const {
        std::size_t all = 0;
        if (threads)
            for (auto const& thread : threads->io) all += thread->connections();
        return all;
    }

    Context context{1};  ///< accepts
    boost::asio::executor_work_guard<Context::executor_type> work{context.get_executor()};
    std::unique_ptr<Listener> listener;
    std::unique_ptr<Threads> threads;
    std::size_t next_io = 0;
    std::thread acceptor;
};

KafkaPort::KafkaPort(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
KafkaPort::~KafkaPort() { stop(); }

std::expected<std::unique_ptr<KafkaPort>, std::string> KafkaPort::bind(Address const& address) {
    auto impl = std::make_unique<Impl>();
    auto listener = bind_listener(impl->context, address);
    if (!listener) return std::unexpected(listener.error());
    impl->listener = std::move(*listener);
    return std::unique_ptr<KafkaPort>(new KafkaPort(std::move(impl)));
}

Address KafkaPort::address() const { return impl_->listener->address(); }

std::expected<void, std::string> KafkaPort::start(Core& core) {
    impl_->threads = std::make_unique<Threads>(core, [this] { room(); });
    auto const listening =
        impl_->listener->listen([impl = impl_.get()](int descriptor) { impl->accept(descriptor); });
    if (!listening) return listening;
    impl_->acceptor = std::thread([impl = impl_.get()] { impl->context.run(); });
    return {};
}

/// Hands each I/O thread the replies of its connections, in their order.
void KafkaPort::deliver(std::vector<broker::Reply> replies) {
    auto& io = impl_->threads->io;
    if (io.size() == 1) return io.front()->deliver(std::move(replies));
    std::vector<std::vector<broker::Reply>> parts(io.size());
    for (auto& reply : replies)
        parts[IoThread::index_of(reply.id.connection, io.size())].push_back(std::move(reply));
    for (std::size_t i = 0; i < io.size(); ++i)
        if (!parts[i].empty()) io[i]->deliver(std::move(parts[i]));
}

void KafkaPort::room() {
    for (auto const& thread : impl_->threads->io) thread->resume();
}

void KafkaPort::drain() {
    impl_->listener->close();
    for (auto const& thread : impl_->threads->io) thread->drain();
}

void KafkaPort::finish() {
    for (auto const& thread : impl_->threads->io) thread->finish();
}

void KafkaPort::stop() {
    impl_->context.stop();
    if (impl_->acceptor.joinable()) impl_->acceptor.join();
    if (!impl_->threads) return;
    for (auto const& thread : impl_->threads->io) thread->stop();
}

std::size_t KafkaPort::connections() const { return impl_->connections(); }

std::int64_t KafkaPort::request_bytes_in_flight() const {
    if (!impl_->threads) return 0;
    return impl_->threads->request_bytes.used() + impl_->threads->receiving_bytes.used();
}

void fit_to_descriptors(Options& options) {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) return;
    options.http_connections_max = std::int32_t(
        std::min<rlim_t>(rlim_t(options.http_connections_max), limit.rlim_cur / http_part));
    auto const others = descriptors_for_files + rlim_t(options.http_connections_max);
    auto const room = limit.rlim_cur - std::min(limit.rlim_cur / 2, others);
    options.connections_max = std::int32_t(std::min<rlim_t>(rlim_t(options.connections_max), room));
}

}  // namespace klamm::host
