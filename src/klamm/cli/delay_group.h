// cli/delay_group.h - the demo's consumer group: two members that count delays by airport.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/cli/cluster.h"
#include "klamm/cli/flights.h"

#include <array>
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace klamm::cli {

/// Delays by airport, with the place in the log up to which they were counted. A record that
/// comes again, because its commit was lost in the kill, lies before that place: it is not
/// counted twice. Thread-safe: partitions may move from one member to the other.
class DelayTotals {
public:
    /// Whether it was counted; not if it had been before.
    bool count(std::int32_t partition, std::int64_t offset, Flight const& flight);

    DelaysByAirport delays() const;
    std::int64_t counted() const { return counted_; }
    std::int64_t repeated() const { return repeated_; }

private:
    mutable std::mutex mutex_;
    std::map<std::int32_t, std::int64_t> next_;  ///< by partition
    DelaysByAirport delays_;
    std::atomic<std::int64_t> counted_ = 0;
    std::atomic<std::int64_t> repeated_ = 0;
};

class DelayGroup {
public:
    static constexpr std::size_t members = 2;

    struct MemberView {
        std::vector<std::int32_t> partitions;  ///< empty before it has any
        std::int64_t counted = 0;
    };

    DelayGroup(std::string topic, std::string group)
        : topic_(std::move(topic)), group_(std::move(group)) {}
    ~DelayGroup() { stop(); }
    DelayGroup(DelayGroup const&) = delete;
    DelayGroup& operator=(DelayGroup const&) = delete;

    /// The members begin where the group's committed offsets are.
    Outcome<> start(ClientOptions const& options);
    /// Commits what was counted and leaves the group.
    void stop();

    DelayTotals const& totals() const { return totals_; }
    std::array<MemberView, members> view() const;
    /// What went wrong for good; empty if nothing did.
    std::string trouble() const;

private:
    struct Member {
        std::unique_ptr<Client> client;
        std::thread thread;
        std::atomic<std::int64_t> counted = 0;
        std::vector<std::int32_t> partitions;       ///< guarded by mutex_
        std::map<std::int32_t, std::int64_t> next;  ///< of each partition that it has now
        bool is_dirty = false;                      ///< some of that is not committed
    };
    void run(Member& member);
    void take(Member& member, rd_kafka_message_t const& message);
    void commit(Member& member, bool for_good);
    void look_at_assignment(Member& member);

    std::string const topic_;
    std::string const group_;
    DelayTotals totals_;
    std::array<Member, members> members_;
    std::atomic<bool> stopping_ = false;
    mutable std::mutex mutex_;
    std::string trouble_;
};

}  // namespace klamm::cli
