// host/cold_reads.h - completes replies whose batches are no longer in memory, in a thread of its
// own, so that a slow disk delays only those who read old records.
#pragma once

#include "klamm/broker/request.h"
#include "klamm/host/metrics.h"
#include "klamm/journal/extents.h"
#include "klamm/journal/journal.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace klamm::host {

class ColdReads {
public:
    /// `bytes_max`: record bytes read and not yet released, over all connections; further replies
    /// wait. One reply may exceed it.
    ColdReads(journal::Journal& journal, journal::ExtentStore& extents, std::int64_t bytes_max,
              Metrics& metrics)
        : journal_(journal), extents_(extents), bytes_max_(bytes_max), metrics_(metrics) {}
    ~ColdReads();  ///< stops it
    ColdReads(ColdReads const&) = delete;
    ColdReads& operator=(ColdReads const&) = delete;

    void start();
    /// Drops what waits.
    void stop();

    /// Calls `done` on this class's thread with the completed reply. Whoever gets it releases
    /// `bytes`, which are counted from then on. Any thread.
    using Done = std::function<void(broker::Reply)>;
    void fill(broker::Reply reply, std::int64_t bytes, Done done);
    void release(std::int64_t bytes);

    std::size_t queued() const;
    std::int64_t bytes() const;

private:
    struct Job {
        broker::Reply reply;
        std::int64_t bytes = 0;
        Done done;
    };
    void loop();

    journal::Journal& journal_;
    journal::ExtentStore& extents_;
    std::int64_t const bytes_max_;
    Metrics& metrics_;
    mutable std::mutex mutex_;
    std::condition_variable condition_;
    std::deque<Job> jobs_;
    std::int64_t bytes_ = 0;
    bool stopping_ = false;
    std::thread thread_;
};

/// Completes the reply when all its batches are in memory; changes nothing otherwise. Any thread.
[[nodiscard]] bool fill_from_memory(broker::Reply& reply, journal::Journal& journal);
/// Of the batches that the reply still has to be given.
std::int64_t record_bytes(broker::Reply const& reply);

/// Reads one place, on any thread that may wait for the disk. Damage is logged and never served; a
/// journal that fails stops the process.
[[nodiscard]] std::expected<Slice, journal::Error> read_stored(journal::Journal& journal,
                                                               journal::ExtentStore& extents,
                                                               broker::BatchPlace const& place);

}  // namespace klamm::host
