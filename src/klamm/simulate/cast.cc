#include "klamm/simulate/cast.h"

#include "klamm/simulate/read_events.h"

#include <algorithm>

namespace klamm::simulated {
namespace {

constexpr sim::Time run_min = 50;  // microseconds
constexpr sim::Time run_usual = 2 * sim::millisecond;
constexpr sim::Time slow_run_max = 90 * sim::second;
constexpr sim::Time start_within = 2 * sim::second;
constexpr sim::Time restart_within = 5 * sim::second;
constexpr sim::Time away_within = 20 * sim::second;  // of one that has left
constexpr sim::Time pause_max = 30 * sim::second;    // sessions end after 8
constexpr Duration leave_patience{5'000};

/// Of no type that a table of exceptions could name.
struct InjectedFailure {};

std::string words(Outcome const& outcome) {
    using Kind = Outcome::Kind;
    switch (outcome.kind) {
        case Kind::done:
            return "done";
        case Kind::retry:
            return "try again: " + outcome.why;
        case Kind::dead_letter:
            return "dead letter: " + outcome.why;
        case Kind::skip:
            return "skip: " + outcome.why;
    }
    return {};
}

}  // namespace

class Cast::Watcher final : public Holdings {
public:
    Watcher(Cast& cast, std::string name, std::uint64_t life)
        : cast_(cast), name_(std::move(name)), life_(life) {}

    void assigned(bus::TopicPartition const& partition) override {
        Holdings::assigned(partition);
        add({.kind = Fact::Kind::assigned, .at = {partition.topic, partition.partition, -1}});
        cast_.tale_.tell("{} is given {}/{}", name_, partition.topic, partition.partition);
    }
    void released(bus::TopicPartition const& partition) override {
        Holdings::released(partition);
        add({.kind = Fact::Kind::released, .at = {partition.topic, partition.partition, -1}});
        cast_.tale_.tell("{} has no longer {}/{}", name_, partition.topic, partition.partition);
    }
    void run_begins(std::string const& handler, Position const& at, std::int32_t attempt) override {
        add({.kind = Fact::Kind::began, .at = at, .handler = handler, .attempt = attempt});
        cast_.tale_.tell_of(at, "{} handles, try {}", name_, attempt);
    }
    void run_ended(std::string const& handler, Position const& at,
                   Outcome const& outcome) override {
        add({.kind = Fact::Kind::ended, .at = at, .handler = handler, .outcome = outcome});
        cast_.tale_.tell_of(at, "{} says \"{}\" of", name_, words(outcome));
    }
    void sends(Position const& cause, std::string const& topic, std::string_view id,
               milliseconds delay) override {
        add({.kind = Fact::Kind::sent,
             .at = cause,
             .topic = topic,
             .id = std::string(id),
             .delay = delay});
    }
    void committed(Position const& at, std::string const& outcome) override {
        add({.kind = Fact::Kind::committed, .at = at, .committed_as = outcome});
        cast_.tale_.tell_of(at, "{} knows that \"{}\" is committed of", name_, outcome);
    }

private:
    void add(Fact fact) {
        fact.life = life_;
        cast_.history_.facts.push_back(std::move(fact));
    }

    Cast& cast_;
    std::string name_;
    std::uint64_t life_;
};

Cast::Cast(Simulation const& simulation, Plan const& plan, Schedule& schedule,
           Connect const& connect, SchemaRegistry& registry, Tale& tale,
           sim::Violations& violations, std::uint64_t seed)
    : simulation_(simulation),
      plan_(plan),
      schedule_(schedule),
      connect_(connect),
      registry_(registry),
      tale_(tale),
      violations_(violations),
      random_(seed) {
    for (std::int32_t i = 0; i < plan.instances + plan.guests; ++i) {
        slots_.push_back(std::make_unique<Slot>());
        slots_.back()->name = fmt::format("instance {}", char('a' + i % 26));
        slots_.back()->guest = i >= plan.instances;
    }
}
Cast::~Cast() = default;

bool Cast::strikes(std::uint32_t Faults::*fault) {
    return !calm_ && tale_.strikes(plan_.faults.*fault, random_);
}

void Cast::start() {
    for (auto& slot : slots_)
        if (!slot->guest) come_back(*slot, plan_.sound ? 1 : start_within);
}

void Cast::come_back(Slot& slot, sim::Time after_at_most) {
    schedule_.after(sim::Time(random_.below(std::uint64_t(after_at_most))), [this, &slot] {
        if (!slot.life) begin(slot);
    });
}

App Cast::wrapped(Slot const& slot) {
    auto app = simulation_.app();
    for (auto& declaration : app.declarations()) {
        auto const tries = declaration.options.retry.attempts;
        declaration.call = [this, tries, &slot, inner = std::move(declaration.call)](
                               void const* event, Context& context) -> Outcome {
            // The last try is the handler's own: else there would be dead letters without a reason.
            if (context.attempt() >= tries || !strikes(&Faults::failing_handler))
                return inner(event, context);
            bool const before = random_.one_in(2);
            if (!before) inner(event, context);
            tale_.count(fault_kinds[6].name, 1);
            tale_.tell("the handler of {} throws, {} it has done its work", slot.name,
                       before ? "before" : "after");
            throw InjectedFailure{};
        };
    }
    return app;
}

sim::Time Cast::run_takes(Slot const& slot) {
    if (!strikes(&Faults::slow_handler)) return run_min + sim::Time(random_.below(run_usual));
    tale_.count(fault_kinds[5].name, 1);
    auto const time = sim::Time(random_.below(slow_run_max));
    tale_.tell("a handler of {} takes {} s", slot.name, time / sim::second);
    return time;
}

void Cast::begin(Slot& slot) {
    slot.life_number = ++lives_;
    slot.leaving = false;
    LifeOptions options;
    options.engine.instance = slot.name;
    options.engine.seed = random_.next();
    options.engine.mutation = plan_.mutation;
    options.bus.seed = random_.next();
    options.run_takes = [this, &slot] { return run_takes(slot); };
    tale_.tell("{} starts", slot.name);
    slot.watcher = std::make_unique<Watcher>(*this, slot.name, slot.life_number);
    slot.life = std::make_unique<Life>(schedule_, connect_, registry_, wrapped(slot),
                                       std::move(options), *slot.watcher);
    slot.life->loop().may_run = [this, &slot] {
        if (!strikes(&Faults::crash)) return true;
        tale_.count(fault_kinds[2].name, 1);
        tale_.tell("{} crashes", slot.name);
        schedule_.after(0, [this, &slot, number = slot.life_number] {
            if (slot.life_number != number || !slot.life) return;
            put_away(slot);
            if (!slot.guest) come_back(slot, restart_within);
        });
        return false;
    };
    slot.life->engine().start([this, &slot](bus::Result<void> started) {
        if (!started && !slot.leaving)
            violations_.report("start", "an instance cannot start: " + started.error().why);
    });
}

void Cast::put_away(Slot& slot) {
    if (!slot.life) return;
    add(counts_, slot.life->engine().counts());
    slot.life.reset();
    slot.watcher.reset();
}

void Cast::leave(Slot& slot) {
    slot.leaving = true;
    tale_.tell("{} is asked to stop", slot.name);
    slot.life->engine().stop(leave_patience, [this, &slot, number = slot.life_number](bool all) {
        tale_.tell("{} has stopped{}", slot.name, all ? "" : ", with work left");
        schedule_.after(0, [this, &slot, number] {
            if (slot.life_number == number) put_away(slot);
            if (!slot.guest) come_back(slot, away_within);
        });
    });
}

void Cast::hazards() {
    for (auto& slot : slots_) {
        if (strikes(&Faults::rebalance)) {
            if (!slot->life && slot->guest) {
                tale_.count(fault_kinds[3].name, 1);
                begin(*slot);
            } else if (slot->life && !slot->leaving) {
                tale_.count(fault_kinds[3].name, 1);
                leave(*slot);
            }
        }
        if (slot->life && strikes(&Faults::pause)) {
            tale_.count(fault_kinds[4].name, 1);
            auto const time = sim::Time(random_.below(pause_max));
            tale_.tell("{} stands still for {} s", slot->name, time / sim::second);
            slot->life->loop().freeze(schedule_.now() + time);
        }
    }
}

void Cast::heal() {
    for (auto& slot : slots_) {
        if (slot->guest && slot->life && !slot->leaving) leave(*slot);
        if (!slot->guest && !slot->life) come_back(*slot, 1);
    }
}

void Cast::end() {
    for (auto& slot : slots_)
        if (slot->life) add(counts_, slot->life->engine().counts());
}

std::vector<Worker> Cast::workers() const {
    std::vector<Worker> up;
    for (auto const& slot : slots_)
        if (slot->life) up.push_back({slot->name, &slot->life->engine(), slot->watcher.get()});
    return up;
}

}  // namespace klamm::simulated
