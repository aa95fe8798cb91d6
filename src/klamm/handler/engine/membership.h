// handler/engine/membership.h - one life in the group: a producer, a consumer, the partitions that
// are ours. When it is fenced or in doubt it ends as a whole, and the engine begins another.
//
// A partition that is assigned:
//   1. Its checkpoint is read from what the group has committed.
//   2. Its ledger is read, to the version of the checkpoint. (The producer took over its id before,
//      and committed offsets are stable: nobody else can still commit for this partition.)
//   3. Fetches begin at the first unfinished event.
// One that is revoked: nothing new begins; what runs may finish, what is finished is committed,
// within a bound; then it is released. One that is lost is dropped.
#pragma once

#include "klamm/handler/engine/delivery.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klamm::handler {

class Membership final : private bus::Subscriber {
public:
    struct Hooks {
        std::function<void(bus::Result<void>)> joined;  ///< or it could not; once
        std::function<void()> assigned;                 ///< perhaps nothing
        std::function<void(bus::Error const&)> broken;  ///< it is over; nothing comes after it
        std::function<void(Partition&)> committed;
    };
    Membership(Core& core, Hooks hooks);
    ~Membership() override;

    void join();
    /// Takes no more, finishes what runs, commits, leaves. `all`: nothing was left.
    void leave(Duration patience, std::move_only_function<void(bool all)> done);

    Partitions const& partitions() const { return partitions_; }
    Commits const& commits() const { return commits_; }
    /// Nothing is fetched and unfinished, or waits for its time or for a commit.
    bool idle() const;
    std::string const& away_why() const { return away_; }  ///< empty: it is there

private:
    void assigned(std::map<bus::TopicPartition, bus::Committed> const& partitions) override;
    void revoked(std::vector<bus::TopicPartition> const& partitions,
                 std::move_only_function<void()> released) override;
    void lost(std::vector<bus::TopicPartition> const& partitions) override;
    void records(std::vector<bus::Record> records) override;
    void skipped(bus::TopicPartition const& partition, std::int64_t from, std::int64_t to) override;
    void away(std::string const& why) override { away_ = why; }
    void back() override { away_.clear(); }

    // Steps of a restore, one after the other.
    void find_start(std::shared_ptr<Partition> const& partition, bus::Committed const& committed);
    void read_ledger(std::shared_ptr<Partition> const& partition, std::int64_t offset);
    void ledger_read(std::shared_ptr<Partition> const& partition, bus::ReadResult const& read);
    bool hidden(Partition& partition);
    void restored(std::shared_ptr<Partition> const& partition);
    /// Does `step` a little later, if the partition is still ours.
    void later(std::shared_ptr<Partition> const& partition, Duration delay,
               std::move_only_function<void(std::shared_ptr<Partition> const&)> step);

    /// Calls `done` when the partitions have nothing that runs or waits for a commit, or after
    /// `patience`.
    void drain(std::vector<bus::TopicPartition> const& ids, Duration patience,
               std::move_only_function<void(bool all)> done);
    void look_after_drains();
    void drop(bus::TopicPartition const& id);

    struct Drain {
        std::vector<std::weak_ptr<Partition>> partitions;
        std::move_only_function<void(bool all)> done;
    };
    Core& core_;
    Hooks hooks_;
    Partitions partitions_;
    Commits commits_;
    Delays delays_;
    Delivery delivery_;
    std::unique_ptr<bus::Producer> producer_;
    std::unique_ptr<bus::Consumer> consumer_;
    std::string away_;
    std::map<std::int64_t, Drain> drains_;
    std::int64_t next_drain_ = 0;
    Alive alive_;
};

}  // namespace klamm::handler
