// handler/requests.h - requests whose replies come as records.
//
//     request ──▶ TOPIC, with kafka_replyTopic, kafka_replyPartition, kafka_correlationId
//                   │ a handler, ours or Spring's
//     reply   ◀── APP-replies: the one partition that this instance reads, from where it ended
//                 before the first request went out; without a group
//
// Replies that nobody waits for any more, and those of other instances, are passed over. When
// nobody waits at all, nothing is read.
#pragma once

#include "klamm/base/random.h"
#include "klamm/bus/bus.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/engine/alive.h"
#include "klamm/handler/publish.h"

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klamm::handler {

struct RequestOptions {
    std::string group;       ///< the App's name
    std::string instance;    ///< chooses the partition
    bus::TopicSpec topic;    ///< of replies; made with the first request when it is missing
    std::uint64_t seed = 1;  ///< of correlation ids
    std::size_t waiting_max = 10'000;
    Duration poll_first{2};  ///< between readings, while nothing comes
    Duration poll_longest{50};
    std::int32_t read_bytes_max = 1024 * 1024;
};

class Requests {
public:
    using Reply = std::shared_ptr<void const>;
    using Done = bus::Done<Reply>;

    Requests(bus::Loop& loop, bus::Bus& bus, Codecs& codecs, RequestOptions options);
    Requests(Requests const&) = delete;
    Requests& operator=(Requests const&) = delete;

    /// `record` is the request but for the headers that say where the reply goes. The error
    /// `unknown_outcome`: no reply came in time; the request may be handled nevertheless.
    void request(bus::Outgoing record, EventType const& reply_type, Duration patience, Done done);

    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiting {
        EventType const* reply_type = nullptr;
        Duration patience{};
        Done done;
        std::string where;  ///< the request, for people
    };
    enum class Place : std::uint8_t { unknown, asked, known };

    void when_placed(std::move_only_function<void(bus::Result<void>)> then);
    void find_topic();
    void find_end();
    void placed(bus::Result<void> result);
    void send(std::string const& id, bus::Outgoing record);
    void poll();
    void poll_later();
    void read(bus::Result<bus::ReadResult> result);
    void take(bus::Record record);
    void finish(std::string const& id, bus::Result<Reply> reply);

    bus::Loop& loop_;
    bus::Bus& bus_;
    Codecs& codecs_;
    RequestOptions options_;
    Random random_;
    std::map<std::string, Waiting> waiting_;  ///< by correlation id
    std::vector<std::move_only_function<void(bus::Result<void>)>> unplaced_;
    Place place_ = Place::unknown;
    std::int32_t partitions_ = 0;  ///< of the topic of replies; 0: not known
    bus::TopicPartition from_;
    std::int64_t next_ = 0;
    bool polling_ = false;
    Duration pause_{};
    Alive alive_;
};

}  // namespace klamm::handler
