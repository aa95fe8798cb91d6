// sim/server.h - the broker's process on a simulated machine: it starts, works, dies, starts again.
//
// It does what host/ does, with the same calls: prepare, submit, commit, durable, fill, encode.
// Only the moments differ: here the seed chooses them.
#pragma once

#include "klamm/broker/broker.h"
#include "klamm/broker/storage_work.h"
#include "klamm/sim/audit.h"
#include "klamm/sim/disk.h"
#include "klamm/sim/network.h"
#include "klamm/sim/observed_journal.h"

#include "klamm/journal/disk_extents.h"
#include "klamm/journal/disk_journal.h"

#include <deque>
#include <memory>
#include <optional>

namespace klamm::sim {

inline constexpr std::uint64_t disk_bytes = std::uint64_t{1} << 30;

/// How often the process came to an end, and what restarts found.
struct Lives {
    std::uint64_t kills = 0;
    std::uint64_t power_losses = 0;
    std::uint64_t torn_tails = 0;
    std::uint64_t damages_named = 0;  ///< flipped bits that were noticed and called by file
    std::uint64_t checkpoints_passed_over = 0;  ///< damaged ones, at a start
    std::uint64_t checkpoints = 0;
    std::uint64_t merges = 0;  ///< jobs that moved records into L1 files
    std::uint64_t repacks = 0;
    std::uint64_t passes = 0;  ///< of compaction
    std::uint64_t records_compacted = 0;
    std::uint64_t jobs_cut = 0;  ///< by the end of the process
    std::uint64_t crashes() const { return kills + power_losses; }
};

class Server final : public Listener {
public:
    Server(Services& services, Network& network, std::uint64_t seed);
    ~Server() override;

    void power_on();  ///< now, and again whenever the process has come to an end
    /// Ends the process and starts it at once: what the last audit is for. Requires calm.
    void restart();
    bool up() const { return process_ != nullptr && process_->serving; }
    /// No faults any more: gives the disk its space back, mends what was flipped.
    void heal();
    Lives const& lives() const { return lives_; }
    /// To be changed before the first power_on().
    broker::Options& options() { return broker_options_; }
    /// Nothing waits for the disk.
    bool settled() const {
        return up() && !process_->committing &&
               process_->journal.next() == process_->journal.durable();
    }
    /// Answers at once, without a network. Requires that it is settled, and a request that needs no
    /// entry in the journal and does not wait.
    std::optional<kafka::AnyResponse> ask_now(kafka::AnyRequest request, kafka::ApiVersion version);
    Disk::Hits const& disk_hits() const { return disk_.hits(); }

private:
    struct Connection {
        std::uint64_t received = 0;  ///< the number of the next request
        std::uint64_t answered = 0;  ///< the number of the next reply to leave
        std::map<std::uint64_t, kafka::RequestHeader> headers;
        struct Ready {
            std::optional<Bytes> frame;  ///< nothing: a silent reply
            bool close = false;          ///< the connection ends behind it
        };
        std::map<std::uint64_t, Ready> ready;
    };
    /// All that is gone when it dies.
    struct Process {
        explicit Process(Services& services) : journal(services) {}
        ObservedJournal journal;
        std::unique_ptr<broker::Broker> broker;
        std::unique_ptr<journal::DiskJournal> disk_journal;
        std::unique_ptr<journal::DiskExtents> extents;
        std::unique_ptr<broker::StorageWork> work;
        std::map<ConnectionId, Connection> connections;
        bool serving = false;
        bool committing = false;
        bool preparing = false;
        std::optional<Instant> tick_planned;
        std::deque<journal::Position> durable_lately;  ///< of the last commits, oldest first
        std::vector<broker::Reply> to_auditor;
    };
    struct Flip {
        std::string file;
        std::uint64_t byte = 0;
        unsigned bit = 0;
        bool mending = false;
        bool in_journal = true;  ///< and not in an L1 file
    };
    /// Nobody mends it: the broker goes on from the checkpoint before, and removes it some day.
    struct DamagedCheckpoint {
        std::string file;
        Bytes bytes;
        std::uint64_t covers = 0;
    };
    enum class End { kill, power_loss };

    // ---- lives
    bool open();
    void opening_failed(journal::OpenError const& error, bool injected);
    void start_serving();
    void end(End how, std::string_view why);
    void hazards();
    void flip_some_bit();
    void unflip();
    void damage_checkpoint();
    bool checkpoint_is_damaged();

    bool settle_extents();

    // ---- work on stored records (storage.cc)
    void plan_work();
    void look_for_work();
    void work();
    void work_done();
    void remove_files(std::vector<journal::FileNumber> const& files);
    void count_work();

    // ---- work
    void received(ConnectionId connection, Bytes frame) override;
    void closed(ConnectionId connection) override;
    bool swallow(broker::Request const& request);
    void pump();
    void finish(broker::Reply reply);
    /// For a client, who must not get what is not durable.
    std::expected<Slice, journal::Error> read(broker::BatchPlace const& place);
    std::expected<Slice, journal::Error> read_stored(broker::BatchPlace const& place);
    void flush(ConnectionId id, Connection& connection);
    bool crash_is_due(bool synced);
    void plan_tick();
    void plan_commit();
    void commit();
    void plan_prepare();
    void plan_checkpoint();
    void checkpoint();
    void save(journal::Checkpoint checkpoint, journal::Position needed_from);
    void fill_disk();
    bool audit_all();

    /// Plans an event that happens only in this life of the process.
    template <class F>
    void in_this_life(Time delay, F event) {
        services_.schedule.after(delay, [this, life = life_, event = std::move(event)]() mutable {
            if (life == life_) event();
        });
    }

    Services& services_;
    Network& network_;
    Random random_;
    Disk disk_;
    std::uint64_t segment_bytes_;
    broker::Options broker_options_;
    std::uint64_t life_ = 0;
    std::unique_ptr<Process> process_;
    std::optional<Flip> flip_;
    std::optional<DamagedCheckpoint> damaged_checkpoint_;
    bool disk_full_ = false;
    bool crashed_at_entry_ = false;
    Lives lives_;
};

}  // namespace klamm::sim
