#include "klamm/handler/requests.h"

#include "klamm/base/crc32c.h"
#include "klamm/handler/cloud_event.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

namespace klamm::handler {

Requests::Requests(bus::Loop& loop, bus::Bus& bus, Codecs& codecs, RequestOptions options)
    : loop_(loop),
      bus_(bus),
      codecs_(codecs),
      options_(std::move(options)),
      random_(seed_of_ids(options_.seed, options_.instance, "requests", loop.now().wall_ms)) {}

void Requests::request(bus::Outgoing record, EventType const& reply_type, Duration patience,
                       Done done) {
    if (waiting_.size() >= options_.waiting_max) {
        auto why =
            fmt::format("{} requests wait for replies already: no more are sent", waiting_.size());
        loop_.post([done = std::move(done), why = std::move(why)]() mutable {
            done(std::unexpected(bus::Error{bus::Error::Kind::refused, std::move(why)}));
        });
        return;
    }
    std::string id;
    while (id.size() < 16) id += static_cast<char>(static_cast<unsigned char>(random_.next()));
    auto const topic = record.topic;
    waiting_.emplace(id, Waiting{&reply_type, patience, std::move(done), topic});
    loop_.after(patience, alive_.guard([this, id] {
        auto const found = waiting_.find(id);
        if (found == waiting_.end()) return;
        finish(id, std::unexpected(bus::Error{
                       bus::Error::Kind::unknown_outcome,
                       fmt::format("no reply to the request in {} within {} ms: it may "
                                   "be handled nevertheless",
                                   found->second.where, found->second.patience.count())}));
    }));
    when_placed([this, id, record = std::move(record)](bus::Result<void> result) mutable {
        if (!waiting_.contains(id)) return;
        if (result)
            send(id, std::move(record));
        else
            finish(id, std::unexpected(std::move(result.error())));
    });
}

void Requests::when_placed(std::move_only_function<void(bus::Result<void>)> then) {
    if (place_ == Place::known) return then({});
    unplaced_.push_back(std::move(then));
    if (std::exchange(place_, Place::asked) == Place::unknown) find_topic();
}

void Requests::find_topic() {
    if (partitions_ > 0) return find_end();
    bus_.create_topics({options_.topic}, alive_.guard([this](bus::Result<void> made) {
        if (!made) return placed(std::move(made));
        bus_.describe_topics(
            {options_.topic.name},
            alive_.guard([this](bus::Result<std::vector<bus::TopicDescription>> found) {
                if (!found) return placed(std::unexpected(std::move(found.error())));
                partitions_ = found->empty() ? 0 : found->front().partitions;
                if (partitions_ <= 0)
                    return placed(std::unexpected(bus::Error{
                        bus::Error::Kind::refused,
                        fmt::format("there is no topic {} for replies", options_.topic.name)}));
                find_end();
            }));
    }));
}

void Requests::find_end() {
    auto const hash = crc32c(std::as_bytes(std::span(options_.instance)));
    from_ = {options_.topic.name,
             static_cast<std::int32_t>(hash % static_cast<std::uint32_t>(partitions_))};
    bus_.offset_at(from_, bus::latest, alive_.guard([this](bus::Result<std::int64_t> end) {
        if (!end) {
            partitions_ = 0;  // perhaps the topic is gone
            return placed(std::unexpected(std::move(end.error())));
        }
        next_ = *end;
        placed({});
    }));
}

void Requests::placed(bus::Result<void> result) {
    place_ = result ? Place::known : Place::unknown;
    for (auto& then : std::exchange(unplaced_, {})) then(result);
}

void Requests::send(std::string const& id, bus::Outgoing record) {
    write_reply_to(record.headers, {from_.topic, from_.partition, id});
    pause_ = options_.poll_first;
    std::vector<bus::Outgoing> records;
    records.push_back(std::move(record));
    bus_.send(std::move(records), alive_.guard([this, id](bus::Result<std::vector<Position>> sent) {
        auto const found = waiting_.find(id);
        if (found == waiting_.end()) return;
        if (sent && !sent->empty())
            found->second.where = to_string(sent->front());
        else if (!sent && sent.error().kind != bus::Error::Kind::unknown_outcome)
            return finish(id, std::unexpected(std::move(sent.error())));
    }));
    poll();
}

void Requests::poll() {
    if (polling_ || place_ != Place::known) return;
    if (waiting_.empty()) {
        place_ = Place::unknown;  // the next request begins at the end again
        return;
    }
    polling_ = true;
    bus_.read(
        from_, next_, options_.read_bytes_max,
        alive_.guard([this](bus::Result<bus::ReadResult> result) { read(std::move(result)); }));
}

void Requests::poll_later() {
    loop_.after(pause_, alive_.guard([this] {
        polling_ = false;
        poll();
    }));
    pause_ = std::min(pause_ * 2, options_.poll_longest);
}

void Requests::read(bus::Result<bus::ReadResult> result) {
    if (!result) {
        // What was not read may be gone (retention): the oldest there is comes next.
        if (result.error().kind != bus::Error::Kind::refused) return poll_later();
        bus_.offset_at(from_, bus::earliest, alive_.guard([this](bus::Result<std::int64_t> oldest) {
            if (oldest) next_ = std::max(next_, *oldest);
            poll_later();
        }));
        return;
    }
    next_ = result->next;
    for (auto& record : result->records) take(std::move(record));
    if (!result->records.empty()) pause_ = options_.poll_first;
    if (result->next >= result->end) return poll_later();
    polling_ = false;
    poll();
}

void Requests::take(bus::Record record) {
    auto const correlation = find_header(record.headers, correlation_header);
    if (!correlation) return;
    std::string const id(*correlation);
    auto const found = waiting_.find(id);
    if (found == waiting_.end()) return;
    auto const& type = *found->second.reply_type;
    auto const kept = std::make_shared<bus::Record const>(std::move(record));
    auto const incoming = std::make_shared<Incoming const>(read_message(message_of(*kept)));
    auto const& message = incoming->message;
    if (!message.event.type.empty() && message.event.type != type.name)
        return finish(
            id, std::unexpected(bus::Error{
                    bus::Error::Kind::refused,
                    fmt::format("the reply at {} is a {}, where a {} was expected",
                                to_string(message.position), message.event.type, type.name)}));
    codecs_.decode(
        type, message,
        alive_.guard(
            [this, id, kept, incoming](
                bus::Result<std::expected<std::shared_ptr<void const>, Undecodable>> decoded) {
                if (!decoded) return finish(id, std::unexpected(std::move(decoded.error())));
                if (*decoded) return finish(id, **decoded);
                finish(id,
                       std::unexpected(bus::Error{bus::Error::Kind::refused,
                                                  fmt::format("the reply at {} cannot be read: {}",
                                                              to_string(incoming->message.position),
                                                              decoded->error().why)}));
            }));
}

void Requests::finish(std::string const& id, bus::Result<Reply> reply) {
    auto found = waiting_.extract(id);
    if (!found.empty()) found.mapped().done(std::move(reply));
}

}  // namespace klamm::handler
