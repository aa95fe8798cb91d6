#include "klamm/live/registries.h"

#include "klamm/handler/registry_client.h"
#include "klamm/live/http_client.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

namespace klamm::live {
namespace {

using Response = handler::RegistryTransport::Response;

constexpr std::string_view registry_json = "application/vnd.schemaregistry.v1+json";

/// Gives the result on the loop, if who asked is still there then.
void give(bus::Loop& loop, std::weak_ptr<int> alive, bus::Done<Response> done,
          bus::Result<Response> result) {
    loop.post(
        [alive = std::move(alive), done = std::move(done), result = std::move(result)]() mutable {
            if (alive.lock()) done(std::move(result));
        });
}

class LocalRegistry final : public handler::RegistryTransport {
public:
    LocalRegistry(host::RegistryService& service, bus::Loop& loop)
        : service_(service), loop_(loop) {}

    void send(Request request, bus::Done<Response> done) override;

private:
    host::RegistryService& service_;
    bus::Loop& loop_;
    std::shared_ptr<int> const alive_ = std::make_shared<int>(0);
};

/// Requests wait in a thread of their own, one after the other.
class HttpRegistry final : public handler::RegistryTransport {
public:
    static constexpr std::size_t queued_max = 10'000;  ///< further ones fail at once

    HttpRegistry(std::string url, bus::Loop& loop);
    ~HttpRegistry() override;  ///< waits for the request that is under way
    HttpRegistry(HttpRegistry const&) = delete;
    HttpRegistry& operator=(HttpRegistry const&) = delete;

    void send(Request request, bus::Done<Response> done) override;

private:
    struct Job {
        Request request;
        bus::Done<Response> done;
    };
    void work();
    bus::Result<Response> ask(Request const& request);

    bus::Loop& loop_;
    HttpClient client_;  ///< the thread's
    std::shared_ptr<int> const alive_ = std::make_shared<int>(0);
    std::mutex mutex_;
    std::condition_variable condition_;
    std::deque<Job> jobs_;
    bool ending_ = false;
    std::thread thread_;
};

// ---- in this process --------------------------------------------------------------------------

void LocalRegistry::send(Request request, bus::Done<Response> done) {
    auto const kept = std::make_shared<Request const>(std::move(request));
    host::HttpRequest const view{.method = kept->method,
                                 .target = kept->path,
                                 .accept = registry_json,
                                 .content_type = registry_json,
                                 .body = kept->body};
    service_.ask(view, [&loop = loop_, kept, alive = std::weak_ptr(alive_),
                        done = std::move(done)](host::HttpAnswer answer) mutable {
        give(loop, std::move(alive), std::move(done),
             Response{answer.status, std::move(answer.body)});
    });
}

// ---- over HTTP --------------------------------------------------------------------------------

HttpRegistry::HttpRegistry(std::string url, bus::Loop& loop)
    : loop_(loop), client_({.url = std::move(url)}), thread_([this] { work(); }) {}

HttpRegistry::~HttpRegistry() {
    {
        std::lock_guard const lock(mutex_);
        ending_ = true;
    }
    condition_.notify_one();
    thread_.join();
}

void HttpRegistry::send(Request request, bus::Done<Response> done) {
    {
        std::unique_lock lock(mutex_);
        if (jobs_.size() < queued_max) {
            jobs_.push_back({std::move(request), std::move(done)});
            lock.unlock();
            condition_.notify_one();
            return;
        }
    }
    give(loop_, alive_, std::move(done),
         std::unexpected(bus::Error{bus::Error::Kind::away,
                                    client_.name() + ": too many requests wait for an answer"}));
}

void HttpRegistry::work() {
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            condition_.wait(lock, [this] { return ending_ || !jobs_.empty(); });
            if (ending_) return;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        give(loop_, alive_, std::move(job.done), ask(job.request));
    }
}

bus::Result<Response> HttpRegistry::ask(Request const& request) {
    auto reply = client_.send({.method = request.method.c_str(),
                               .path = request.path,
                               .body = request.body,
                               .content_type = request.body.empty() ? "" : registry_json,
                               .accept = registry_json});
    if (reply) return Response{static_cast<unsigned>(reply->status), std::move(reply->body)};
    using Kind = HttpFailure::Kind;
    auto const& failure = reply.error();
    // What no patience mends.
    bool const hopeless = failure.kind == Kind::no_library || failure.kind == Kind::no_url ||
                          failure.kind == Kind::untrusted;
    return std::unexpected(
        bus::Error{hopeless ? bus::Error::Kind::refused : bus::Error::Kind::away, failure.why});
}

}  // namespace

std::unique_ptr<handler::Registry> local_registry(host::RegistryService& service, bus::Loop& loop) {
    return std::make_unique<handler::RegistryClient>(
        std::make_unique<LocalRegistry>(service, loop));
}

std::unique_ptr<handler::Registry> http_registry(std::string url, bus::Loop& loop) {
    return std::make_unique<handler::RegistryClient>(
        std::make_unique<HttpRegistry>(std::move(url), loop));
}

}  // namespace klamm::live
