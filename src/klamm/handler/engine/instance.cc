#include "klamm/handler/engine/instance.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::handler {

namespace {

/// A membership that is fenced so often in a row, without a transaction between, stays away.
constexpr std::int32_t fenced_max = 5;
constexpr Duration retry_first{200};

}  // namespace

std::unique_ptr<Engine> make_engine(App const& app, EngineOptions options, Parts parts) {
    return std::make_unique<Instance>(app, std::move(options), parts);
}

Instance::Instance(App const& app, EngineOptions options, Parts parts)
    : watch_(parts.observer),
      core_(app, std::move(options), {parts.loop, parts.bus, parts.workers, parts.codecs, watch_}),
      services_(core_, [this]() -> Partitions const* {
          return membership_ ? &membership_->partitions() : nullptr;
      }) {}

Instance::~Instance() = default;

Watch::Standing Instance::standing() const {
    using Standing = Watch::Standing::Phase;
    return {.phase = phase_ == Phase::stopped    ? Standing::stopped
                     : phase_ == Phase::starting ? Standing::starting
                                                 : Standing::working,
            .ready = assigned_,
            .fenced = fenced_ > 0 && !assigned_,
            .why = why_,
            .away = membership_ && away_.empty() ? membership_->away_why() : away_,
            .partitions = membership_ ? &membership_->partitions() : nullptr};
}

// ---- start -------------------------------------------------------------------------------------

void Instance::start(bus::Done<void> done) {
    started_ = std::move(done);
    phase_ = Phase::starting;
    why_ = "it is starting";
    watch_.begin(core_, [this] { return standing(); });
    core_.parts.loop.post(alive_.guard([this] {
        if (auto const problem = core_.routes.problem(); !problem.empty()) return refuse(problem);
        probe();
    }));
}

void Instance::probe() {
    core_.parts.bus.probe(alive_.guard([this](bus::Result<bus::Capabilities> found) {
        if (!found) return failed(found.error(), &Instance::probe);
        if (!found->lacks.empty())
            return refuse(fmt::format("{} cannot run exactly once on {}: {}", core_.app.name(),
                                      found->description, found->lacks));
        tries_ = 0;
        ask_topics();
    }));
}

void Instance::ask_topics() {
    describe([this] { make_topics(); }, &Instance::ask_topics);
}

void Instance::describe(std::move_only_function<void()> then, void (Instance::*step)()) {
    using Found = bus::Result<std::vector<bus::TopicDescription>>;
    core_.parts.bus.describe_topics(
        core_.routes.needed(),
        alive_.guard([this, then = std::move(then), step](Found found) mutable {
            if (!found) return failed(found.error(), step);
            tries_ = 0;
            core_.partitions.clear();
            for (auto const& topic : *found)
                if (topic.partitions > 0) core_.partitions[topic.name] = topic.partitions;
            then();
        }));
}

void Instance::make_topics() {
    auto missing = core_.routes.missing(core_.partitions);
    if (missing.empty()) return check_topics();
    core_.parts.bus.create_topics(std::move(missing), alive_.guard([this](bus::Result<void> made) {
        if (!made) return failed(made.error(), &Instance::ask_topics);
        check_again();
    }));
}

void Instance::check_again() {
    describe([this] { check_topics(); }, &Instance::check_again);
}

void Instance::check_topics() {
    // A topic that was made a moment ago may not be known everywhere yet.
    if (auto const missing = core_.routes.missing(core_.partitions); !missing.empty())
        return failed({bus::Error::Kind::away,
                       fmt::format("the topic {} is not there yet", missing.front().name)},
                      &Instance::check_again);
    for (auto const& [name, route] : core_.routes.all()) {
        auto const partitions = core_.partitions.at(name);
        auto const ledger = core_.partitions.at(route.ledger);
        if (partitions != ledger)
            return refuse(fmt::format(
                "{} has {} partitions, but {} has {}: what {} knows about a partition has to be in "
                "the same partition of the ledger. Give both the same number; or, when no event "
                "waits for its time and none is parked, delete {}: it is made anew",
                name, partitions, route.ledger, ledger, core_.app.name(), route.ledger));
    }
    prepare();
}

void Instance::prepare() {
    core_.parts.codecs.prepare(core_.app, alive_.guard([this](bus::Result<void> prepared) {
        if (!prepared) return failed(prepared.error(), &Instance::prepare);
        tries_ = 0;
        join();
    }));
}

void Instance::join() {
    assigned_ = false;
    membership_ = std::make_unique<Membership>(
        core_, Membership::Hooks{.joined =
                                     [this](bus::Result<void> joined) {
                                         if (!joined) return not_joined(joined.error());
                                         if (phase_ == Phase::starting) phase_ = Phase::working;
                                         why_.clear();
                                         away_.clear();
                                         if (auto done = std::exchange(started_, nullptr)) done({});
                                     },
                                 .assigned = [this] { ready_ = assigned_ = true; },
                                 .broken = [this](bus::Error const& error) { broken(error); },
                                 .committed =
                                     [this](Partition&) {
                                         tries_ = fenced_ = 0;
                                         services_.committed();
                                     }});
    membership_->join();
}

void Instance::not_joined(bus::Error const& error) {
    if (phase_ != Phase::starting || error.kind != bus::Error::Kind::refused) return broken(error);
    // Not here: the membership is at work in this very call.
    core_.parts.loop.post(alive_.guard([this, why = error.why] {
        membership_.reset();
        refuse(why);
    }));
}

void Instance::failed(bus::Error const& error, void (Instance::*step)()) {
    using Kind = bus::Error::Kind;
    if (error.kind == Kind::refused || error.kind == Kind::fenced) return refuse(error.why);
    note(error);
    core_.parts.observer.log(
        fmt::format("{} cannot start yet, and goes on trying: {}", core_.app.name(), error.why));
    core_.parts.loop.after(Core::backoff(tries_++, retry_first), alive_.guard([this, step] {
        if (phase_ == Phase::starting) (this->*step)();
    }));
}

void Instance::note(bus::Error const& error) {
    bool const away = error.kind == bus::Error::Kind::away;
    away_ = away ? error.why : std::string();
    why_ = away ? std::string() : error.why;
}

void Instance::refuse(std::string why) {
    phase_ = Phase::stopped;
    why_ = std::move(why);
    core_.parts.observer.log(fmt::format("{} has ended: {}", core_.app.name(), why_));
    if (auto done = std::exchange(started_, nullptr))
        done(std::unexpected(bus::Error{bus::Error::Kind::refused, why_}));
}

void Instance::broken(bus::Error const& error) {
    if (phase_ != Phase::starting && phase_ != Phase::working) return;
    note(error);
    assigned_ = false;
    bool const fenced = error.kind == bus::Error::Kind::fenced;
    if (fenced) ++fenced_;
    core_.parts.observer.log(
        fmt::format("{} begins anew, from what is committed: {}", core_.app.name(), error.why));
    bool const enough = fenced_ >= fenced_max;
    // Not here: the membership is at work in this very call.
    core_.parts.loop.post(alive_.guard([this, enough] {
        membership_.reset();
        if (enough)
            refuse(
                fmt::format("another process runs as {} of {}, and takes over again and again: "
                            "give each process an instance of its own ({})",
                            core_.options.instance, core_.app.name(), why_));
    }));
    if (enough) return;
    core_.parts.loop.after(Core::backoff(tries_++, retry_first), alive_.guard([this] {
        if (phase_ == Phase::starting || phase_ == Phase::working) join();
    }));
}

// ---- stop --------------------------------------------------------------------------------------

void Instance::stop(Duration patience, std::move_only_function<void(bool all)> done) {
    auto const was = std::exchange(phase_, Phase::stopping);
    why_ = "it was stopped";
    if (auto started = std::exchange(started_, nullptr))
        core_.parts.loop.post(alive_.guard([started = std::move(started)]() mutable {
            started(std::unexpected(bus::Error{bus::Error::Kind::refused, "it was stopped"}));
        }));
    auto end = [this, done = std::move(done)](bool all) mutable {
        phase_ = Phase::stopped;
        core_.parts.loop.post(alive_.guard([this, all, done = std::move(done)]() mutable {
            membership_.reset();
            done(all);
        }));
    };
    if (!membership_ || was == Phase::stopped) return end(true);
    membership_->leave(patience, std::move(end));
}

bool Instance::idle() const { return !membership_ || membership_->idle(); }

}  // namespace klamm::handler
