// host/registry_service.h - the schema registry's requests, and which thread answers them.
//
//   read, light ─────────────────▶ HTTP thread, from what is durable ──────────────▶ answer
//   read, heavy ──▶ queue ──▶ worker, from what is durable ────────────────────────▶ answer
//   change ───────▶ queue ──▶ worker, from what is decided ──▶ broker's journal ──┐
//                                                             durable ◀───────────┘─▶ answer
//
// One worker decides all changes, one after the other, each from the state that the one before
// left: so equal registrations at the same time get one id. It does not wait for the journal:
// answers wait for what they depend on, and one sync serves many. Parsing, comparing and proving
// cost the worker's time, never that of look-ups, of Kafka clients or of /healthz.
#pragma once

#include "klamm/host/broker_thread.h"
#include "klamm/host/http.h"
#include "klamm/host/metrics.h"
#include "klamm/registry/registry.h"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>

namespace klamm::host {

class RegistryService {
public:
    static constexpr std::size_t queued_max = 2000;  ///< further ones are answered 503
    /// Of answers to look-ups by id that are kept until the registry changes.
    static constexpr std::size_t kept_bytes_max = 32 * 1024 * 1024;

    RegistryService(BrokerThread& broker, std::string cluster_id);
    ~RegistryService();  ///< stops it
    RegistryService(RegistryService const&) = delete;
    RegistryService& operator=(RegistryService const&) = delete;

    /// Once the broker's thread runs.
    void start();
    /// Ends what is under way, and refuses what is queued. Before the broker's thread stops.
    void stop();

    /// The HTTP thread: answers the request, or sees to it that it will be.
    void serve(HttpExchange& exchange);
    using Reply = std::move_only_function<void(HttpAnswer)>;
    /// Any thread: for who is in this process. What `request` looks at lives until `reply` is
    /// called, on another thread, or inside this call when too many requests wait.
    void ask(HttpRequest const& request, Reply reply);
    /// Any thread: readers may see this now. Does not block.
    void durable(registry::State const& state);
    std::size_t queued() const;

private:
    struct Job {
        registry::HttpRequest request;  ///< views, valid until `reply` is called
        Reply reply;
    };
    /// An answer that waits until the registry of this version is durable.
    struct Held {
        std::uint64_t version = 0;
        Reply reply;
        HttpAnswer answer;
    };

    void read_anew();
    HttpAnswer const& look_up(registry::HttpRequest const& request);
    void work();
    void run(Job job);
    registry::Answer change(registry::HttpRequest const& request);
    bool commit(registry::Answer& answer);
    void hold(Held held);
    registry::World world();
    void look_anew();

    BrokerThread& broker_;
    std::string const cluster_id_;

    // The HTTP thread's:
    registry::State read_;                              ///< a copy of durable_
    std::unordered_map<std::string, HttpAnswer> kept_;  ///< by Accept and target
    std::size_t kept_bytes_ = 0;
    std::string wanted_;  ///< what is looked for in kept_
    HttpAnswer made_;
    // The worker's:
    registry::State decided_;  ///< with what it has journaled

    mutable std::mutex mutex_;
    std::condition_variable condition_;
    std::deque<Job> jobs_;
    std::deque<Held> held_;  ///< in the order of their versions; as many as were queued
    registry::State durable_;
    std::atomic<std::uint64_t> durable_version_{0};
    bool stopping_ = false;
    std::thread thread_;
};

}  // namespace klamm::host
