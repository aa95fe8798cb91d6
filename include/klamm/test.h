// klamm/test.h - a test of an App: the real broker, in virtual time, with nothing that goes wrong.
//
//     klamm::Test test{make_app()};
//     test.publish("orders", OrderPlaced{"o-1", 4200}, {.key = "ann"});
//     test.run_until_idle();
//     EXPECT_EQ(test.sent<Invoice>("invoices").at(0).cents, 4200);
//
// No socket, thread, sleep or file. A retry in an hour is over at once. Same calls, same result.
// An App that writes Avro has a schema registry here, too, in memory; others do without.
// For faults see klamm/simulate.h.
#pragma once

#include "klamm/app.h"
#include "klamm/health.h"
#include "klamm/publish.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm {

/// A record as it is stored, with bytes of its own.
struct StoredMessage {
    Position position;
    Time timestamp;
    std::optional<std::string> key;
    std::optional<std::string> value;
    Headers headers;
    EventContext event;
};

namespace detail {
template <Event E>
std::vector<E> copies_of(std::vector<std::shared_ptr<void const>> const& events) {
    std::vector<E> copies;
    for (auto const& event : events) copies.push_back(*static_cast<E const*>(event.get()));
    return copies;
}
}  // namespace detail

struct TestOptions {
    std::uint64_t seed = 1;      ///< of ids and jitter
    std::int32_t instances = 1;  ///< of the App, which share its partitions
};

class Test {
public:
    explicit Test(App const& app, TestOptions options = {});
    ~Test();
    Test(Test const&) = delete;
    Test& operator=(Test const&) = delete;

    template <Event E>
    Position publish(std::string_view topic, E const& event, PublishOptions options = {}) {
        return publish_event(topic, event_type<E>(), &event, std::move(options));
    }
    /// A record of any bytes, as a producer that knows nothing of events would send it.
    Position publish_raw(std::string_view topic, std::optional<std::string> key,
                         std::optional<std::string> value, Headers headers = {});

    /// Until everything that was published, and all that came of it, is finished and committed:
    /// retries that wait, delayed events and redrives too. Stops the process with what is left to
    /// do when that takes more than `at_most` of virtual time.
    void run_until_idle(milliseconds at_most = std::chrono::hours{24 * 7});
    /// Lets virtual time pass.
    void advance(milliseconds time);
    Time now() const;

    /// The committed events of a type in a topic, by partition and offset.
    template <Event E>
    std::vector<E> sent(std::string_view topic) const {
        return detail::copies_of<E>(events_of(topic, event_type<E>()));
    }
    std::vector<StoredMessage> messages(std::string_view topic) const;
    /// Those of the topic's dead letter topic that have not been redriven or discarded.
    std::vector<StoredMessage> dead_letters(std::string_view topic) const;
    /// Sends the dead letters of the topic back, as `klamm dlq redrive` does.
    void redrive(std::string_view topic);
    /// Sends the event and runs until there is a reply, or nothing left to do.
    template <Event R, Event E>
    std::optional<R> request(std::string_view topic, E const& event, PublishOptions options = {}) {
        auto const reply =
            request_event(topic, event_type<E>(), &event, event_type<R>(), std::move(options));
        if (!reply) return std::nullopt;
        return *static_cast<R const*>(reply.get());
    }

    void crash(std::int32_t instance = 0);  ///< what is not committed is lost
    void restart(std::int32_t instance = 0);
    Counts counts() const;  ///< of all instances
    Health health(std::int32_t instance = 0) const;

private:
    Position publish_event(std::string_view topic, EventType const& type, void const* event,
                           PublishOptions options);
    std::vector<std::shared_ptr<void const>> events_of(std::string_view topic,
                                                       EventType const& type) const;
    std::shared_ptr<void const> request_event(std::string_view topic, EventType const& type,
                                              void const* event, EventType const& reply_type,
                                              PublishOptions options);

    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace klamm
