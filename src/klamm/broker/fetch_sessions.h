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
#pragma once

#include "klamm/base/time.h"
#include "klamm/base/uuid.h"
#include "klamm/broker/entries.h"
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
};

class FetchSession {
public:
    std::int32_t id = 0;
    std::int32_t next_epoch = 1;
    bool by_id = false;
    Instant used;

    std::list<FetchItem>& items() { return items_; }
    std::size_t size() const { return items_.size(); }
    /// Adds the partitions of a request, or changes what is wanted of them.
    void update(kafka::FetchRequest const& request);
    /// Null when the session does not have it.
    FetchItem* find(FetchTopicName const& topic, std::int32_t partition);
    /// It had records: others come first the next time.
    void move_to_back(FetchTopicName const& topic, std::int32_t partition);

private:
    struct ByKey {
        std::map<std::int32_t, std::list<FetchItem>::iterator> partitions;
        std::shared_ptr<FetchTopicName const> topic;
    };
    std::list<FetchItem> items_;  // in the order in which they are to be answered
    std::map<FetchTopicName, ByKey> by_key_;
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

    std::map<std::int32_t, FetchSession> sessions_;
    std::map<std::pair<Instant, std::int32_t>, FetchSession*> by_use_;
    std::size_t partitions_ = 0;
};

}  // namespace klamm::broker
