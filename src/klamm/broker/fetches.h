// broker/fetches.h - Fetch: records for consumers, at once or when there are enough of them.
//
// A fetch that finds too little is parked. It watches its partitions, or its session does; each
// batch that becomes visible adds its bytes to those who watch, and who has enough, or has waited
// long enough, is answered with a fresh look at the partitions:
//
//     partition ──▶ fetch ──▶ fetch ──▶ ...                 without a session
//         └───────▶ item ──▶ item ──▶ ...                    may have news: noted in its session
//                    │
//                    ▼
//                 session ──▶ fetch ──▶ ...                  enough bytes? ──▶ woken ──▶ answered
//
// Waking costs the same for each watcher, however many others wait elsewhere. In a session only
// partitions that may have news are looked at, which answers the same as a look at all of them.
#pragma once

#include "klamm/broker/fetch_sessions.h"
#include "klamm/broker/request.h"
#include "klamm/broker/state.h"
#include "klamm/broker/step.h"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <unordered_map>
#include <utility>
#include <vector>

namespace klamm::broker {

class Fetches {
public:
    void handle(Step& step, Request const& request, kafka::FetchRequest const& fetch);

    /// How much a waiting fetch finds that it did not find before, by its isolation level.
    struct Shown {
        std::uint64_t bytes = 0;
        std::uint64_t stable_bytes = 0;  ///< with read_committed
    };
    /// More became visible. answer_woken() must follow in the same step.
    void visible(PartitionKey partition, Shown shown);
    /// Its log start moved.
    void moved(PartitionKey partition);
    /// Whether anybody may wait for it.
    bool watched(PartitionKey partition) const;
    /// The partition is gone: who waits for it learns that. answer_woken() must follow.
    void gone(PartitionKey partition);
    void answer_woken(Step& step);

    void disconnected(ConnectionId connection);
    void tick(Step& step);
    std::optional<Instant> next_tick() const;

    std::size_t waiting() const { return parked_.size(); }

private:
    /// Who is told when something happens to a partition.
    struct Watchers {
        Link<FetchWaiter> fetches;
        Link<FetchItem> items;
    };

    /// What is to be answered, and to whom.
    struct Job {
        RequestId request;
        std::list<FetchItem> items;   ///< without a session
        std::int32_t session_id = 0;  ///< 0: none
        bool full = true;             ///< answer for every partition, changed or not
        bool by_id = false;
        bool read_committed = false;
        std::int32_t min_bytes = 0;
        std::int32_t max_bytes = 0;
    };
    struct Parked : FetchWaiter {
        Job job;
        Instant due;
        std::deque<Link<FetchWaiter>> watches;
    };
    struct Found;
    using ParkedMap = std::map<FetchId, std::unique_ptr<Parked>>;

    Found look(Step& step, Job& job);
    void visit(Step& step, Job& job, FetchItem& item, Found& found);
    void add_bytes(Link<FetchWaiter> const& list, Shown shown);
    void wake(FetchWaiter& waiter);
    void send(Step& step, Job& job, Found found);
    void park(Job job, Found const& found, Instant due);
    void unpark(ParkedMap::iterator at, Parked const& parked);
    void refuse(Step& step, Request const& request, kafka::ErrorCode error);
    std::optional<Job> begin(Step& step, Request const& request, kafka::FetchRequest const& fetch);

    FetchId next_id_{1};
    /// Only for look-ups: its order means nothing.
    std::unordered_map<std::uint32_t, Watchers> watched_;
    FetchSessions sessions_;
    ParkedMap parked_;
    std::set<std::pair<Instant, FetchId>> due_;
    std::set<std::pair<ConnectionId, FetchId>> by_connection_;
    std::set<FetchId> woken_;
};

}  // namespace klamm::broker
