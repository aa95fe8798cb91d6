// host/housekeeping.h - the background thread: segments ready ahead, checkpoints, trimming, and the
// work on stored records (merging, compaction), a little at a time between the others.
//
//   broker thread:  consider() ── snapshot ──▶ background: wait until durable, encode, save
//   broker thread:  trim(needed_from)  ◀────── saved
//
//   broker thread:  plan_storage() ◀── room ── background: time to look
//                        └─── job ───────────▶ background: read, write, step by step, at a rate
//   broker thread:  storage_done() ◀── result ────┘
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/broker/storage_work.h"
#include "klamm/host/broker_thread.h"
#include "klamm/host/options.h"
#include "klamm/journal/disk_journal.h"
#include "klamm/journal/extents.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace klamm::host {

class Housekeeping {
public:
    /// `disk` is null when the journal is in memory: then there is nothing to prepare or save.
    /// Between two checkpoints `checkpoint_bytes` of the options are journaled; more when a
    /// checkpoint is large, so that saving them stays a small part of all writing.
    Housekeeping(Options const& options, journal::Journal& journal, journal::DiskJournal* disk,
                 journal::ExtentStore& extents, BrokerThread& broker);
    ~Housekeeping();  ///< stops it
    Housekeeping(Housekeeping const&) = delete;
    Housekeeping& operator=(Housekeeping const&) = delete;

    void start();
    void stop();

    /// Takes a snapshot when enough was journaled since the last one. On the broker's thread,
    /// after each step; cheap.
    void consider(broker::Broker& broker);
    /// Something changed that may give it work: more is durable, or was trimmed. Any thread.
    void look();
    /// Saves a last checkpoint, when all other threads stand still and all is durable.
    void save_last(broker::Broker& broker);

private:
    void loop();
    bool ready() const;
    void prepare();
    void save(broker::Broker::Snapshot const& snapshot);
    bool frees_much(broker::Broker const& broker) const;

    // ---- work on stored records
    using Clock = std::chrono::steady_clock;
    void begin(broker::StorageJob job);
    void work(Clock::time_point now);
    void look_for_work();
    void take_job(broker::Broker& broker, Now now, std::uint64_t room);
    void hand_in();
    void remove_files(std::vector<journal::FileNumber> const& files);
    double rate() const;

    journal::Journal& journal_;
    journal::DiskJournal* const disk_;
    BrokerThread& broker_;
    journal::ExtentStore& extents_;
    std::uint64_t const checkpoint_bytes_;
    std::uint64_t const journal_bytes_;
    double const bytes_per_second_;
    broker::StorageLimits const limits_;

    // the broker's thread
    journal::Position taken_at_{};
    bool moved_ = false;  ///< something went from the journal to L1 since the last snapshot

    // the background thread
    std::unique_ptr<broker::StorageWork> work_;
    Clock::time_point next_step_{};

    std::mutex mutex_;
    std::condition_variable condition_;
    std::optional<broker::Broker::Snapshot> snapshot_;
    bool saving_ = false;
    std::atomic<std::uint64_t> last_state_bytes_ = 0;
    bool stopping_ = false;
    bool full_ = false;     ///< prepare() found no space; it is tried again after a while
    bool looking_ = false;  ///< the broker has been asked for work
    std::optional<broker::StorageJob> job_;
    std::vector<journal::FileNumber> unneeded_;
    std::thread thread_;
};

}  // namespace klamm::host
