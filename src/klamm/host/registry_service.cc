#include "klamm/host/registry_service.h"

#include <fmt/format.h>

#include <future>
#include <string_view>
#include <utility>
#include <vector>

namespace klamm::host {
namespace {

using Why = broker::RegistryRefusal::Why;

constexpr std::string_view by_id_path = "/schemas/ids/";
constexpr std::size_t kept_overhead_bytes = 256;
constexpr int decisions_max = 3;  ///< of one change, when the registry changes meanwhile

registry::HttpRequest as_registry(HttpRequest const& request) {
    bool const head = request.method == "HEAD";
    return {.method = head ? "GET" : request.method,
            .target = request.target,
            .accept = request.accept,
            .content_type = request.content_type,
            .body = request.body};
}

/// Whether the answer is only looked up: no schema is parsed or printed anew, and no list is long.
bool is_light(registry::HttpRequest const& request) {
    if (request.method != "GET" || request.target.contains("format=")) return false;
    auto path = request.target.substr(0, request.target.find('?'));
    if (path.ends_with('/')) path.remove_suffix(1);
    return !path.ends_with("/schemas") && !path.ends_with("/subjects") &&
           !path.ends_with("/contexts");
}

HttpAnswer to_answer(registry::HttpResponse response) {
    return {.status = response.status,
            .content_type = std::move(response.content_type),
            .body = std::move(response.body)};
}

registry::HttpResponse failed(unsigned status, int code, std::string_view message) {
    return {.status = status,
            .body = fmt::format(R"({{"error_code":{},"message":{}}})", code, json::quote(message))};
}

registry::HttpResponse refused(broker::RegistryRefusal const& refusal) {
    switch (refusal.why) {
        case Why::too_large:
            return failed(422, 42209, refusal.message);
        case Why::full:
            return failed(500, 50001, "The change was not stored: " + refusal.message);
        case Why::conflict:
            break;
    }
    return failed(500, 50001, "The change was not stored: " + refusal.message + " Try again.");
}

HttpAnswer busy(std::string_view why) {
    auto answer = http_error(503, why);
    answer.retry_after_s = 1;
    return answer;
}

}  // namespace

RegistryService::RegistryService(BrokerThread& broker, std::string cluster_id)
    : broker_(broker), cluster_id_(std::move(cluster_id)) {}

RegistryService::~RegistryService() { stop(); }

void RegistryService::start() {
    durable(broker_.registry());
    thread_ = std::thread([this] { work(); });
}

void RegistryService::stop() {
    {
        std::lock_guard const lock(mutex_);
        stopping_ = true;
    }
    condition_.notify_one();
    if (thread_.joinable()) thread_.join();
}

std::size_t RegistryService::queued() const {
    std::lock_guard const lock(mutex_);
    return jobs_.size();
}

// ---- the HTTP thread ---------------------------------------------------------------------

void RegistryService::read_anew() {
    if (durable_version_.load() == read_.version()) return;
    kept_.clear();
    kept_bytes_ = 0;
    std::lock_guard const lock(mutex_);
    read_ = durable_;
}

/// Valid until the next.
HttpAnswer const& RegistryService::look_up(registry::HttpRequest const& request) {
    read_anew();
    bool const keep = request.target.starts_with(by_id_path);
    if (keep) {
        wanted_.assign(request.accept).append(1, ' ').append(request.target);
        if (auto const found = kept_.find(wanted_); found != kept_.end()) return found->second;
    }
    made_ = to_answer(registry::answer(read_, request, world()).response);
    if (!keep || made_.status != 200) return made_;
    auto const bytes = kept_overhead_bytes + wanted_.size() + made_.body.size();
    if (kept_bytes_ + bytes > kept_bytes_max) {
        kept_.clear();
        kept_bytes_ = 0;
    }
    kept_bytes_ += bytes;
    return kept_.emplace(wanted_, std::move(made_)).first->second;
}

void RegistryService::serve(HttpExchange& exchange) {
    auto const request = as_registry(exchange.request());
    if (is_light(request)) return exchange.answer(look_up(request));
    ask(exchange.request(), exchange.later());
}

void RegistryService::ask(HttpRequest const& request, Reply reply) {
    {
        std::unique_lock lock(mutex_);
        if (!stopping_ && jobs_.size() < queued_max) {
            jobs_.push_back({as_registry(request), std::move(reply)});
            lock.unlock();
            condition_.notify_one();
            return;
        }
    }
    reply(busy("The registry has too many requests waiting; try again."));
}

// ---- what has become durable ---------------------------------------------------------------

void RegistryService::durable(registry::State const& state) {
    std::vector<Held> ready;
    {
        std::lock_guard const lock(mutex_);
        durable_ = state;
        durable_version_ = state.version();
        for (; !held_.empty() && held_.front().version <= state.version(); held_.pop_front())
            ready.push_back(std::move(held_.front()));
    }
    for (auto& held : ready) held.reply(std::move(held.answer));
}

void RegistryService::hold(Held held) {
    {
        std::lock_guard const lock(mutex_);
        if (held.version > durable_.version()) {
            held_.push_back(std::move(held));
            return;
        }
    }
    held.reply(std::move(held.answer));
}

// ---- the worker ----------------------------------------------------------------------------

void RegistryService::work() {
    look_anew();
    while (true) {
        Job job;
        {
            std::unique_lock lock(mutex_);
            condition_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
            if (stopping_) break;
            job = std::move(jobs_.front());
            jobs_.pop_front();
        }
        run(std::move(job));
    }
    for (auto& job : std::exchange(jobs_, {}))  // nobody else touches them any more
        job.reply(busy("The broker is stopping."));
}

void RegistryService::run(Job job) {
    if (registry::may_change(job.request)) {
        auto made = change(job.request);
        return hold(
            {decided_.version(), std::move(job.reply), to_answer(std::move(made.response))});
    }
    auto const state = [this] {
        std::lock_guard const lock(mutex_);
        return durable_;
    }();
    job.reply(to_answer(registry::answer(state, job.request, world()).response));
}

/// Decides, and journals what was decided.
registry::Answer RegistryService::change(registry::HttpRequest const& request) {
    for (int n = 0; n < decisions_max; ++n) {
        auto made = registry::answer(decided_, request, world());
        if (made.changes.empty() || commit(made)) return made;
    }
    return {.response = refused({Why::conflict, "The registry has changed meanwhile."}),
            .changes = {}};
}

/// False: it must be decided again. If it cannot be journaled, the answer says why.
bool RegistryService::commit(registry::Answer& answer) {
    using Result = std::expected<registry::State, broker::RegistryRefusal>;
    std::promise<Result> promise;
    broker_.run([&](broker::Broker& broker, Now now) {
        auto const at = broker.change_registry(decided_.version(), answer.changes, now);
        promise.set_value(at ? Result(broker.registry()) : std::unexpected(at.error()));
    });
    auto result = promise.get_future().get();
    if (result) {
        decided_ = std::move(*result);
        return true;
    }
    if (result.error().why == Why::conflict) {
        look_anew();
        return false;
    }
    answer.response = refused(result.error());
    return true;
}

void RegistryService::look_anew() {
    std::promise<registry::State> promise;
    broker_.run([&](broker::Broker& broker, Now) { promise.set_value(broker.registry()); });
    decided_ = promise.get_future().get();
}

registry::World RegistryService::world() {
    return {.wall_ms = system_now().wall_ms,
            .cluster_id = cluster_id_,
            .klamm_version = KLAMM_VERSION,
            .readers = [this](std::string_view subject) {
                std::promise<std::vector<registry::Reader>> promise;
                broker_.run([&](broker::Broker& broker, Now) {
                    promise.set_value(broker.readers(subject));
                });
                return promise.get_future().get();
            }};
}

}  // namespace klamm::host
