#include "klamm/handler/replay.h"

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/ledger.h"
#include "klamm/handler/publish.h"
#include "klamm/handler/replay_bus.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace klamm::handler {
namespace {

/// Reasons for skipping may be as many as there are events.
constexpr std::size_t outcomes_max = 1'000;

/// The App with the handlers of one topic.
App only(App const& app, std::string const& topic) {
    App some(app.name(), app.options());
    for (auto const& declaration : app.declarations())
        if (declaration.topic == topic) some.declarations().push_back(declaration);
    return some;
}

/// Schemas are registered for the App as a whole, which has been done.
class PreparedCodecs final : public Codecs {
public:
    PreparedCodecs(Codecs& codecs, bus::Loop& loop) : codecs_(codecs), loop_(loop) {}
    void prepare(App const&, bus::Done<void> done) override {
        loop_.post([done = std::move(done)]() mutable { done({}); });
    }
    Encoded encode(std::string const& topic, EventType const& type, void const* event) override {
        return codecs_.encode(topic, type, event);
    }
    void decode(EventType const& type, Message const& message,
                std::move_only_function<
                    void(bus::Result<std::expected<std::shared_ptr<void const>, Undecodable>>)>
                    done) override {
        codecs_.decode(type, message, std::move(done));
    }

private:
    Codecs& codecs_;
    bus::Loop& loop_;
};

class TopicReplay final : public Replay, private Observer {
public:
    TopicReplay(App const& app, ReplayOptions options, Parts parts, bus::Done<ReplayResult> done)
        : app_(only(app, options.topic)),
          options_(std::move(options)),
          parts_(parts),
          codecs_(parts.codecs, parts.loop),
          done_(std::move(done)) {
        parts_.loop.post(alive_.guard([this] { begin(); }));
    }
    ~TopicReplay() override { engine_.reset(); }

private:
    void begin() {
        if (app_.declarations().empty())
            return fail(fmt::format("{} has no handler for topic {}", app_.name(), options_.topic));
        if (auto const* const diverted = std::get_if<Diverted>(&options_.sends))
            if (diverted->topic_prefix.empty())
                return fail("sends are diverted to the topics themselves: topic_prefix is empty");
        if (options_.from && options_.to && *options_.to < *options_.from)
            return fail("the replay ends before it begins: `to` is before `from`");
        parts_.bus.describe_topics({options_.topic}, alive_.guard([this](auto found) {
            if (!found) return fail(found.error());
            partitions_ = found->empty() ? 0 : found->front().partitions;
            if (partitions_ <= 0) return fail(fmt::format("there is no topic {}", options_.topic));
            choose_partitions();
        }));
    }

    void choose_partitions() {
        auto chosen = options_.partitions;
        if (chosen.empty())
            for (std::int32_t partition = 0; partition < partitions_; ++partition)
                chosen.push_back(partition);
        for (auto const partition : chosen) {
            if (partition < 0 || partition >= partitions_)
                return fail(fmt::format("{} has no partition {}: it has {}", options_.topic,
                                        partition, partitions_));
            unbounded_.insert(partition);
        }
        find_bounds();
    }

    /// One partition after the other: its end first, so that nothing later is taken in.
    void find_bounds() {
        if (unbounded_.empty()) return work();
        bus::TopicPartition const id{options_.topic, *unbounded_.begin()};
        auto const at = [](std::optional<Time> const& time, std::int64_t otherwise) {
            return time ? std::max<std::int64_t>(time->time_since_epoch().count(), 0) : otherwise;
        };
        auto const step = [this](std::int64_t& offset, auto next) {
            return alive_.guard([this, &offset, next](bus::Result<std::int64_t> found) {
                if (!found) return fail(found.error());
                offset = *found;
                next();
            });
        };
        parts_.bus.offset_at(
            id, bus::latest, step(end_, [=, this] {
                parts_.bus.offset_at(
                    id, at(options_.to, bus::latest), step(to_, [=, this] {
                        parts_.bus.offset_at(
                            id, at(options_.from, bus::earliest), step(from_, [=, this] {
                                ranges_[id.partition] = {from_, std::min(end_, to_)};
                                unbounded_.erase(id.partition);
                                find_bounds();
                            }));
                    }));
            }));
    }

    void work() {
        std::optional<std::string> prefix;
        if (auto const* const diverted = std::get_if<Diverted>(&options_.sends))
            prefix = diverted->topic_prefix;
        bus_.emplace(parts_.loop, parts_.bus,
                     ReplayBus::Options{.topic = options_.topic,
                                        .partitions = partitions_,
                                        .ranges = ranges_,
                                        .dropped = {ledger_topic(app_.name(), options_.topic)},
                                        .prefix = std::move(prefix),
                                        .transactional_id = fmt::format("{}-replay-{}", app_.name(),
                                                                        options_.topic)},
                     ReplayBus::Hooks{.read = [this] { look(); },
                                      .failed = [this](bus::Error const& error) { fail(error); }});
        EngineOptions engine_options{.instance = "replay"};
        engine_options.replaying.emplace();
        if (options_.on_send)
            engine_options.replaying->on_send = [this](Message const& cause, EventType const& type,
                                                       bus::Outgoing const& record) {
                give(cause, type, record);
            };
        engine_ = make_engine(app_, std::move(engine_options),
                              {parts_.loop, *bus_, parts_.workers, codecs_, *this});
        engine_->start(alive_.guard([this](bus::Result<void> started) {
            if (!started) fail(started.error());
        }));
    }

    /// The event as its readers will get it.
    void give(Message const& cause, EventType const& type, bus::Outgoing const& record) {
        Message message{.position = {record.topic, record.partition.value_or(-1), -1},
                        .headers = record.all_headers()};
        if (record.key) message.key = *record.key;
        if (record.value) message.value = *record.value;
        // What was encoded a moment ago is decoded at once, its schema is known.
        auto const now = std::make_shared<bool>(true);
        parts_.codecs.decode(type, message, [&, now](auto const& decoded) {
            if (*now && decoded && *decoded)
                options_.on_send(record.topic, type, (*decoded)->get(), cause);
        });
        *now = false;
    }

    void log(std::string const& line) override {
        parts_.observer.log(fmt::format("Replay of {}: {}", options_.topic, line));
    }
    void committed(Position const&, std::string const& outcome) override {
        ++committed_;
        auto const known = outcomes_.size() < outcomes_max || outcomes_.contains(outcome);
        ++outcomes_[known ? outcome : "others"];
        // Behind what the engine does with the same transaction.
        if (bus_->all_read() && committed_ == bus_->events())
            parts_.loop.post(alive_.guard([this] { look(); }));
    }

    void look() {
        if (!bus_->all_read() || committed_ < bus_->events() || !done_) return;
        ReplayResult result{
            .events = bus_->events(), .sent = engine_->counts().sent, .outcomes = outcomes_};
        end(std::move(result));
    }

    void fail(std::string why) { end(std::unexpected(bus::Error{bus::Error::Kind::refused, why})); }
    void fail(bus::Error const& error) { end(std::unexpected(error)); }
    /// Later, because the engine may be at work in this very call.
    void end(bus::Result<ReplayResult> result) {
        if (!done_) return;
        parts_.loop.post(alive_.guard(
            [this, result = std::move(result), done = std::exchange(done_, nullptr)]() mutable {
                engine_.reset();
                done(std::move(result));
            }));
    }

    App const app_;
    ReplayOptions const options_;
    Parts const parts_;
    PreparedCodecs codecs_;
    bus::Done<ReplayResult> done_;
    std::int32_t partitions_ = 0;
    std::set<std::int32_t> unbounded_;
    std::int64_t from_ = 0;
    std::int64_t to_ = 0;
    std::int64_t end_ = 0;
    std::map<std::int32_t, ReplayRange> ranges_;
    std::map<std::string, std::uint64_t> outcomes_;
    std::uint64_t committed_ = 0;
    std::optional<ReplayBus> bus_;
    std::unique_ptr<Engine> engine_;
    Alive alive_;
};

}  // namespace

std::unique_ptr<Replay> start_replay(App const& app, ReplayOptions options, Parts parts,
                                     bus::Done<ReplayResult> done) {
    return std::make_unique<TopicReplay>(app, std::move(options), parts, std::move(done));
}

}  // namespace klamm::handler
