#include "klamm/test.h"

#include "klamm/handler/dead_letters.h"
#include "klamm/handler/publish.h"
#include "klamm/simulate/inputs.h"
#include "klamm/simulate/life.h"
#include "klamm/simulate/memory_broker.h"
#include "klamm/simulate/read_events.h"
#include "klamm/simulate/redrives.h"
#include "klamm/simulate/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <limits>

namespace klamm {
namespace {

using namespace simulated;

constexpr sim::Time run_takes = 50;  // microseconds, of a handler
constexpr sim::Time start_takes_max = 600 * sim::second;
constexpr std::uint64_t request_steps = 100;  // before it may be said that nothing comes
constexpr Duration request_patience{std::chrono::hours{24 * 7}};

[[noreturn]] void stop(std::string const& why) {
    std::fputs(fmt::format("klamm::Test: {}\n", why).c_str(), stderr);
    std::abort();
}

}  // namespace

struct Test::Parts {
    Parts(App const& the_app, TestOptions the_options)
        : app(the_app),
          options(the_options),
          random(options.seed),
          broker(schedule, {}, random.next()),
          connect([this](ScheduleLoop& loop) { return broker.connector(loop); }),
          log([this](kafka::AnyRequest request, kafka::ApiVersion version) {
              return broker.ask_now(std::move(request), version);
          }),
          outside(schedule, connect, {.seed = random.next()}),
          holdings(std::size_t(options.instances)),
          lives(std::size_t(options.instances)) {}

    void start(std::size_t instance) {
        auto& life = lives.at(instance);
        life.reset();
        holdings.at(instance) = {};
        LifeOptions life_options;
        life_options.engine.instance = fmt::format("test-{}", instance + 1);
        life_options.engine.seed = random.next();
        life_options.bus.seed = random.next();
        life_options.run_takes = [] { return run_takes; };
        life = std::make_unique<Life>(schedule, connect, registry, app, std::move(life_options),
                                      holdings.at(instance));
        life->engine().start([](bus::Result<void> started) {
            if (!started) stop("the App cannot be started: " + started.error().why);
        });
    }
    /// Steps until `done`. False: it takes longer than `at_most`, or nothing happens any more.
    template <class Done>
    bool run_until(Done done, sim::Time at_most) {
        auto const end = schedule.now() + at_most;
        while (!done())
            if (schedule.now() > end || !schedule.step()) return false;
        return true;
    }
    std::vector<Worker> workers() const {
        std::vector<Worker> up;
        for (std::size_t i = 0; i < lives.size(); ++i)
            if (lives[i]) up.push_back({fmt::format("{}", i), &lives[i]->engine(), &holdings[i]});
        return up;
    }
    /// Asks the log only when something may have changed.
    bool at_rest() {
        auto const up = workers();
        if (!idle(up)) return false;
        if (asked_at == schedule.now()) return false;
        asked_at = schedule.now();
        return what_is_left(app, up, log).empty();
    }
    void need_topic(std::string const& topic) {
        if (log.topics().contains(topic)) return;
        auto const declared = app.topics().find(topic);
        auto const& wanted =
            declared == app.topics().end() ? app.options().topics : declared->second;
        bool made = false;
        outside.bus->create_topics({{topic, wanted.partitions, -1, wanted.configs}},
                                   [&](bus::Result<void> result) {
                                       if (!result) stop(result.error().why);
                                       made = true;
                                   });
        if (!run_until([&] { return made; }, start_takes_max)) stop("no topic " + topic);
    }
    Position publish(bus::Outgoing record) {
        need_topic(record.topic);
        std::optional<Position> position;
        std::vector<bus::Outgoing> records;
        records.push_back(std::move(record));
        outside.bus->send(std::move(records), [&](bus::Result<std::vector<Position>> result) {
            if (!result) stop("an event cannot be published: " + result.error().why);
            position = result->at(0);
        });
        if (!run_until([&] { return position.has_value(); }, start_takes_max))
            stop("an event cannot be published");
        return *position;
    }
    Time now() const { return Time{milliseconds{schedule.broker_now().wall_ms}}; }

    App const app;
    TestOptions const options;
    Random random;
    Schedule schedule;
    MemoryBroker broker;
    Connect connect;
    LogView log;
    SchemaRegistry registry;
    Process outside;
    std::vector<Holdings> holdings;  ///< of each instance
    std::vector<std::unique_ptr<Life>> lives;
    std::uint64_t published = 0;
    sim::Time asked_at = -1;
};

Test::Test(App const& app, TestOptions options) : parts_(std::make_unique<Parts>(app, options)) {
    for (std::size_t i = 0; i < parts_->lives.size(); ++i) parts_->start(i);
    auto const ready = [this] {
        for (auto const& life : parts_->lives)
            if (!life->engine().ready()) return false;
        return true;
    };
    if (!parts_->run_until(ready, start_takes_max))
        stop("the App does not start:\n" + what_is_left(app, parts_->workers(), parts_->log));
}
Test::~Test() = default;

Position Test::publish_event(std::string_view topic, EventType const& type, void const* event,
                             PublishOptions options) {
    auto id = fmt::format("test-{}", ++parts_->published);
    if (options.id.empty()) options.id = std::move(id);
    return parts_->publish(handler::make_record(parts_->app, *plain_codecs(type),
                                                std::string(topic), type, event, std::move(options),
                                                now()));
}

Position Test::publish_raw(std::string_view topic, std::optional<std::string> key,
                           std::optional<std::string> value, Headers headers) {
    return parts_->publish(raw_record(topic, std::move(key), std::move(value), std::move(headers)));
}

void Test::run_until_idle(milliseconds at_most) {
    parts_->asked_at = -1;
    if (!parts_->run_until([this] { return parts_->at_rest(); },
                           at_most.count() * sim::millisecond))
        stop(fmt::format("the App is not idle after {} s of simulated time:\n{}",
                         at_most.count() / 1000,
                         what_is_left(parts_->app, parts_->workers(), parts_->log)));
}

void Test::advance(milliseconds time) {
    bool over = false;
    parts_->schedule.after(time.count() * sim::millisecond, [&] { over = true; });
    parts_->run_until([&] { return over; }, std::numeric_limits<sim::Time>::max() / 2);
}

Time Test::now() const { return parts_->now(); }

std::vector<std::shared_ptr<void const>> Test::events_of(std::string_view topic,
                                                         EventType const& type) const {
    auto const found = messages(topic);
    return read_events(parts_->registry, found, type);
}

std::vector<StoredMessage> Test::messages(std::string_view topic) const {
    return parts_->log.messages(std::string(topic));
}

std::vector<StoredMessage> Test::dead_letters(std::string_view topic) const {
    std::vector<StoredMessage> waiting;
    for (auto const& letters : dead_letter_topics(parts_->app, topic)) {
        auto const redriven = parts_->log.committed(handler::redrive_group(letters));
        for (auto& letter : messages(letters))
            if (waits(redriven, letter.position)) waiting.push_back(std::move(letter));
    }
    return waiting;
}

void Test::redrive(std::string_view topic) {
    for (auto const& letters : dead_letter_topics(parts_->app, topic)) {
        bool done = false;
        redrive_all(parts_->outside.loop, *parts_->outside.bus, letters, [&](auto result) {
            if (!result) stop("a redrive failed: " + result.error().why);
            done = true;
        });
        if (!parts_->run_until([&] { return done; }, start_takes_max)) stop("a redrive hangs");
    }
}

std::shared_ptr<void const> Test::request_event(std::string_view topic, EventType const& type,
                                                void const* event, EventType const& reply_type,
                                                PublishOptions options) {
    auto& parts = *parts_;
    parts.need_topic(std::string(topic));
    auto const first = std::ranges::find_if(parts.lives, [](auto const& life) { return !!life; });
    if (first == parts.lives.end()) stop("request(): no instance is up");
    // Borrowed: the engine has written it when the request was sent, which is before this returns.
    std::shared_ptr<void const> const borrowed(event, [](void const*) {});
    std::optional<bus::Result<std::shared_ptr<void const>>> reply;
    (*first)->engine().request(
        std::string(topic), type, borrowed, reply_type, request_patience, std::move(options),
        [&](bus::Result<std::shared_ptr<void const>> result) { reply = std::move(result); });
    parts.asked_at = -1;
    std::uint64_t steps = 0;
    parts.run_until([&] { return reply || (++steps > request_steps && parts.at_rest()); },
                    request_patience.count() * sim::millisecond);
    if (!reply || !*reply) return nullptr;
    return **reply;
}

void Test::crash(std::int32_t instance) { parts_->lives.at(std::size_t(instance)).reset(); }
void Test::restart(std::int32_t instance) { parts_->start(std::size_t(instance)); }

Counts Test::counts() const {
    Counts all;
    for (auto const& worker : parts_->workers()) add(all, worker.engine->counts());
    return all;
}

Health Test::health(std::int32_t instance) const {
    auto const& life = parts_->lives.at(std::size_t(instance));
    if (life) return life->engine().health();
    return {{{.kind = Problem::Kind::stopped, .why = "The instance has crashed."}}};
}

}  // namespace klamm
