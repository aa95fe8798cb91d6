// klamm/app.h - an application: handlers, the topics they need, and nothing that runs yet.
//
//     klamm::App app{"billing"};
//     app.on<OrderPlaced>("orders", [](OrderPlaced const& order, klamm::Context& context) {
//         context.send("invoices", Invoice{order.order, order.cents});
//         return klamm::done();
//     });
//
// The same App is run live (klamm/run.h: embedded, or on any Kafka cluster), tested in virtual time
// (klamm/test.h), simulated with faults (klamm/simulate.h), and replayed.
#pragma once

#include "klamm/context.h"
#include "klamm/outcome.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace klamm {

/// How events are written. All are read.
enum class Format : std::uint8_t {
    json,      ///< JSON; with its schema's id before it when the App has a registry
    avro,      ///< Avro's binary encoding behind its schema's id; needs a registry
    protobuf,  ///< generated classes only; with a schema's id when the App has a registry
};

struct TopicOptions {
    std::int32_t partitions = 4;
    std::map<std::string, std::string> configs;  ///< Kafka's: {"retention.ms", "-1"}
};

/// What happens to events of a type that no handler of the topic wants.
enum class UnknownTypes : std::uint8_t {
    skip,  ///< passed over and counted, for each type
    dead_letter,
};

struct AppOptions {
    std::string source;  ///< ce_source of what is sent; empty: "/" and the App's name
    Format format = Format::json;
    UnknownTypes unknown_types = UnknownTypes::skip;
    std::int32_t concurrency = 4;  ///< handlers that run at the same time; 1: one after the other
    /// Handled or waiting events of one partition: what is fetched ahead of the oldest unfinished.
    std::int32_t in_flight_max = 1000;
    milliseconds commit_interval{50};  ///< between transactions, while there is something to commit
    std::int32_t commit_events_max = 1000;  ///< of one transaction
    /// The ids of so many events are remembered, for each partition: an event that comes again
    /// within as many is a duplicate. 0: no deduplication.
    std::int64_t deduplicate_last = 100'000;
    /// A group that lags more, in time, is not healthy. 0: any lag is.
    milliseconds lag_max{60'000};
    /// A handler that has events and finishes none for so long is not healthy.
    milliseconds stalled_after{30'000};
    /// For topics that the App reads or sends to and that are not declared, when they are missing.
    TopicOptions topics;
};

/// What works beside the handlers while the App runs: klamm::outbox() of klamm/postgres.h.
class Companion;

/// A handler with its C++ types erased.
struct Declaration {
    std::string topic;
    EventType const* type = nullptr;
    HandlerOptions options;
    std::function<Outcome(void const* event, Context& context)> call;
};

class App {
public:
    /// `name` is the consumer group, and the beginning of the names of its own topics.
    explicit App(std::string name, AppOptions options = {})
        : name_(std::move(name)), options_(std::move(options)) {}

    /// Declares a handler: any callable (E const&, Context&) -> Outcome. One for each type of
    /// events in a topic. It may be called on several threads at once, never for two events of one
    /// key.
    template <Event E, class F>
    App& on(std::string topic, F handler, HandlerOptions options = {}) {
        if (options.name.empty()) options.name = event_type<E>().name;
        declarations_.push_back({std::move(topic), &event_type<E>(), std::move(options),
                                 [handler](void const* event, Context& context) -> Outcome {
                                     return handler(*static_cast<E const*>(event), context);
                                 }});
        return *this;
    }
    /// Declares a topic, so that it is made as it should be when it is missing. One that is there
    /// stays as it is.
    App& topic(std::string name, TopicOptions options) {
        topics_[std::move(name)] = std::move(options);
        return *this;
    }
    /// Declares that events of this type are sent to a topic: its schema is registered at start,
    /// and not with the first event.
    template <Event E>
    App& sends(std::string topic) {
        sends_.push_back({std::move(topic), &event_type<E>()});
        return *this;
    }

    /// Has the companion started and stopped with the App. Tests in virtual time leave it out.
    App& with(std::shared_ptr<Companion> companion) {
        companions_.push_back(std::move(companion));
        return *this;
    }

    struct Sends {
        std::string topic;
        EventType const* type = nullptr;
    };
    std::string const& name() const { return name_; }
    AppOptions const& options() const { return options_; }
    AppOptions& options() { return options_; }
    std::vector<Declaration> const& declarations() const { return declarations_; }
    /// To put something around handlers: what a simulation does to them.
    std::vector<Declaration>& declarations() { return declarations_; }
    std::map<std::string, TopicOptions> const& topics() const { return topics_; }
    std::vector<Sends> const& sends() const { return sends_; }
    std::vector<std::shared_ptr<Companion>> const& companions() const { return companions_; }

private:
    std::string name_;
    AppOptions options_;
    std::vector<Declaration> declarations_;
    std::map<std::string, TopicOptions> topics_;
    std::vector<Sends> sends_;
    std::vector<std::shared_ptr<Companion>> companions_;
};

}  // namespace klamm
