// broker/fetch_sessions.h - what a consumer fetches, remembered between its requests (KIP-227).
//
// A session saves a consumer of many partitions from naming them all each time, and the broker
// from answering for those where nothing happened.
//
//     session id 0, epoch -1        no session
//     epoch 0                       a new session; an old one with this id ends
//     session id n, epoch e         only what changed since epoch e - 1 is named
//     session id n, epoch -1        the session ends
//
// Partitions that had records move to the back, so that a limit on bytes starves none.
//
// A session knows which of its partitions may have news for the client. The others are quiet: the
// client has all their records and knows their watermarks, and until something happens to one of
// them no fetch looks at it. So a fetch costs what happened, not what the session holds.
#pragma once

#include "klamm/base/time.h"
#include "klamm/base/uuid.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/fetch_watch.h"
#include "klamm/broker/step.h"
#include "klamm/kafka/apis.h"

#include <cstdint>
#include <expected>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace klamm::broker {

/// All partitions of all sessions together; a session beyond it is not begun, or ends.
inline constexpr std::size_t fetch_session_partitions_max = 500'000;
/// A session that was used since is not given up for a new one.
inline constexpr Duration fetch_session_idle_min{120'000};

/// A topic as the client names it: by name up to version 12, by id from 13 on.
struct FetchTopicName {
    std::string name;
    Uuid id;
    auto operator<=>(FetchTopicName const&) const = default;
};

class FetchSession;

/// One partition that a consumer wants.
struct FetchItem {
    std::shared_ptr<FetchTopicName const> topic;
    std::int32_t partition = 0;
    std::int64_t fetch_offset = 0;
    std::int32_t max_bytes = 0;
    std::int32_t current_leader_epoch = -1;

    // What the client knows from the last answer, in a session.
    std::int64_t known_high_watermark = -1;
    std::int64_t known_log_start = -1;

    FetchSession* session = nullptr;  ///< null: without one
    std::uint64_t place = 0;          ///< in the session: grows along its order
    /// In the list of what is told when its partition changes.
    Link<FetchItem> watch{this};
};

class FetchSession {
public:
    std::int32_t id = 0;
    std::int32_t next_epoch = 1;
    bool by_id = false;
    Instant used;

    /// The fetches that wait for any of its partitions.
    Link<FetchWaiter> waiting;

    FetchSession() = default;
    FetchSession(FetchSession const&) = delete;
    FetchSession& operator=(FetchSession const&) = delete;

    std::list<FetchItem>& items() { return items_; }
    /// Those that may have something to say, by their places.
    std::map<std::uint64_t, FetchItem*> const& news() const { return news_; }
    void note(FetchItem& item) { news_.emplace(item.place, &item); }
    void quiet(FetchItem& item) { news_.erase(item.place); }
    std::size_t size() const { return items_.size(); }
    /// Adds the partitions of a request, or changes what is wanted of them.
    void update(kafka::FetchRequest const& request);
    /// It had records: others come first the next time.
    void move_to_back(FetchItem& item);

private:
    struct ByKey {
        std::map<std::int32_t, std::list<FetchItem>::iterator> partitions;
        std::shared_ptr<FetchTopicName const> topic;
    };
    std::list<FetchItem> items_;  // in the order in which they are to be answered
    std::map<FetchTopicName, ByKey> by_key_;
    std::map<std::uint64_t, FetchItem*> news_;
    std::uint64_t next_place_ = 0;
};

/// The items of a request that names all it wants.
std::list<FetchItem> items_of(kafka::FetchRequest const& request);

class FetchSessions {
public:
    /// A new session with the request's partitions, or null when there is no room.
    FetchSession* begin(Step& step, kafka::FetchRequest const& request, bool by_id);
    /// The session that an incremental request goes on with, brought up to date; or the error.
    std::expected<FetchSession*, kafka::ErrorCode> go_on(Step& step,
                                                         kafka::FetchRequest const& request,
                                                         bool by_id);
    void end(std::int32_t id);
    /// Null when it has ended.
    FetchSession* find(std::int32_t id);
    std::size_t size() const { return sessions_.size(); }

private:
    bool make_room(Step& step);

    std::map<std::int32_t, std::unique_ptr<FetchSession>> sessions_;
    std::map<std::pair<Instant, std::int32_t>, FetchSession*> by_use_;
    std::size_t partitions_ = 0;
};

}  // namespace klamm::broker
