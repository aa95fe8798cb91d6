// host/metrics.h - what the process counts while it works. Prometheus' text is made on demand.
//
// Counting is one relaxed atomic addition; nothing on the way of a request allocates, locks or
// looks anything up by name. Any thread.
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/journal/disk_journal.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace klamm::host {

class Counter {
public:
    void add(std::uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
    std::uint64_t get() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Durations, in buckets that double from 16 µs to 134 s.
class Histogram {
public:
    static constexpr int first_bit = 4;
    static constexpr std::size_t buckets = 24;

    void observe(std::chrono::nanoseconds duration);
    std::uint64_t count(std::size_t bucket) const { return counts_[bucket].get(); }
    double sum_seconds() const { return double(sum_us_.get()) / 1e6; }
    /// Upper bound of a bucket; the last one has none.
    static double bound_seconds(std::size_t bucket);

private:
    std::array<Counter, buckets + 1> counts_;
    Counter sum_us_;
};

struct Metrics {
    static constexpr std::size_t apis_max = 128;
    std::array<Counter, apis_max> requests;   ///< by API key
    std::array<Histogram, apis_max> latency;  ///< from decoded to encoded, by API key
    Counter request_bytes;
    Counter response_bytes;
    Counter connections_opened;
    Counter connections_closed;
    Counter connections_refused;  ///< beyond max.connections
    Counter connections_cut;      ///< closed by us, with a reason in the log
    Counter reads_paused;         ///< a client had to wait for room
    Counter socket_reads;         ///< recv calls
    Counter socket_writes;        ///< sendmsg calls
    Counter broker_steps;         ///< times the broker's thread took what was there
    Counter broker_wakeups;       ///< and how often it slept before
    Counter commits;              ///< that the journal's thread made
    Counter commit_wakeups;       ///< and how often it slept before
    Counter io_wakeups;           ///< I/O threads woken for replies
    Counter cold_replies;         ///< completed by reading from the disk
    Histogram sync;               ///< one commit: write and sync

    static constexpr std::size_t http_classes = 6;
    std::array<Counter, http_classes> http_answers;  ///< by the first digit of the status
    Counter http_refused;                            ///< connections beyond the limit
};

/// What is measured at the moment of asking.
struct Gauges {
    broker::Stats broker;
    std::optional<journal::DiskStats> disk;
    std::uint64_t journal_bytes = 0;  ///< between first and next position
    std::uint64_t requests_queued = 0;
    std::uint64_t replies_cold_queued = 0;
    std::int64_t request_bytes_in_flight = 0;
    std::int64_t cold_bytes = 0;
    std::uint64_t http_connections = 0;
    std::uint64_t registry_queued = 0;
    bool ready = false;
};

/// Prometheus' text format.
std::string to_prometheus(Metrics const& metrics, Gauges const& gauges);

}  // namespace klamm::host
