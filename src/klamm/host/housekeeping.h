// host/housekeeping.h - the background thread: segments ready ahead, checkpoints, trimming.
//
//   broker thread:  consider() ── snapshot ──▶ background: wait until durable, encode, save
//   broker thread:  trim(needed_from)  ◀────── saved
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/host/broker_thread.h"
#include "klamm/journal/disk_journal.h"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace klamm::host {

class Housekeeping {
public:
    /// `disk` is null when the journal is in memory: then there is nothing to prepare or save.
    /// `checkpoint_bytes`: journaled between two checkpoints; more when a checkpoint is large, so
    /// that saving them stays a small part of all writing.
    Housekeeping(journal::Journal& journal, journal::DiskJournal* disk, BrokerThread& broker,
                 std::uint64_t checkpoint_bytes);
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

    journal::Journal& journal_;
    journal::DiskJournal* const disk_;
    BrokerThread& broker_;
    std::uint64_t const checkpoint_bytes_;

    // the broker's thread
    journal::Position taken_at_{};

    std::mutex mutex_;
    std::condition_variable condition_;
    std::optional<broker::Broker::Snapshot> snapshot_;
    bool saving_ = false;
    std::uint64_t last_state_bytes_ = 0;
    bool stopping_ = false;
    bool full_ = false;  ///< prepare() found no space; it is tried again after a while
    std::thread thread_;
};

}  // namespace klamm::host
