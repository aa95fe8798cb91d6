#include "klamm/simulate/world.h"

#include "klamm/handler/dead_letters.h"
#include "klamm/simulate/broker_side.h"
#include "klamm/simulate/cast.h"
#include "klamm/simulate/oracles.h"
#include "klamm/simulate/read_events.h"
#include "klamm/simulate/redrives.h"
#include "klamm/simulate/rest.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace klamm::simulated {
namespace {

constexpr sim::Time setup_max = 600 * sim::second;
constexpr sim::Time hazard_interval = 100 * sim::millisecond;
constexpr sim::Time look_interval = 100 * sim::millisecond;
constexpr std::uint64_t steps_of_a_moment_max = 1'000'000;
constexpr Duration patience_of_who_publishes{std::chrono::hours{24 * 365}};
constexpr std::size_t publish_at_once = 20;
constexpr int rounds_at_the_end = 4;  // of redrives: one more than each dead letter may have

/// What the user's oracles look at.
class CommittedHistory final : public Committed {
public:
    CommittedHistory(SchemaRegistry& registry, History const& history,
                     std::vector<StoredMessage> inputs)
        : registry_(registry), history_(history), inputs_(std::move(inputs)) {}
    std::vector<StoredMessage> const& messages(std::string_view topic) const override {
        static std::vector<StoredMessage> const none;
        auto const found = history_.topics.find(std::string(topic));
        return found == history_.topics.end() ? none : found->second;
    }
    std::vector<StoredMessage> const& inputs() const override { return inputs_; }

private:
    std::vector<std::shared_ptr<void const>> events_of(std::string_view topic,
                                                       EventType const& type) const override {
        return read_events(registry_, messages(topic), type);
    }
    std::vector<std::shared_ptr<void const>> inputs_of(std::string_view topic,
                                                       EventType const& type) const override {
        std::vector<StoredMessage> of_topic;
        for (auto const& input : inputs_)
            if (input.position.topic == topic) of_topic.push_back(input);
        return read_events(registry_, of_topic, type);
    }

    SchemaRegistry& registry_;
    History const& history_;
    std::vector<StoredMessage> inputs_;
};

class World {
public:
    World(Simulation const& simulation, Plan const& plan, std::vector<Input> const& inputs)
        : simulation_(simulation),
          plan_(plan),
          inputs_(inputs),
          app_(simulation.app()),
          random_(plan.seed ^ 0xfau),
          trace_(schedule_, plan.keep_story),
          tale_(schedule_, trace_, plan.keep_story),
          broker_(make_broker_side(plan, schedule_, trace_, violations_, random_.next())),
          connect_([this](ScheduleLoop& loop) { return broker_->connector(loop); }),
          log_([this](kafka::AnyRequest request, kafka::ApiVersion version) {
              return broker_->ask_now(std::move(request), version);
          }),
          outside_(schedule_, connect_,
                   {.patience = patience_of_who_publishes, .seed = random_.next()}),
          cast_(simulation, plan, schedule_, connect_, registry_, tale_, violations_,
                random_.next()) {
        trace_.on_hit = [this](sim::Fault fault) { tale_.broker_fault(fault); };
    }

    Ending run(History const* reference) {
        make_topics();
        plan_publications();
        set_calm(plan_.sound);
        cast_.start();
        if (!plan_.sound) hazards();
        run_until([this] { return published_ == to_publish_.size() && !sending_; }, at_most());
        if (!plan_.sound) pass(plan_.tail);
        set_calm(true);
        cast_.heal();
        tale_.tell("everything heals");
        come_to_rest();
        for (int round = 0; simulation_.redrive && round < rounds_at_the_end; ++round)
            if (!redrive_at_the_end()) break;
        cast_.end();
        if (settle()) look();
        if (!violations_.first() && !plan_.sound) judge(reference);
        return ending();
    }

private:
    sim::Time at_most() const { return simulation_.at_most.count() * sim::millisecond; }

    /// Steps until `done`, a violation, or so much time. False: not done.
    template <class Done>
    bool run_until(Done done, sim::Time most) {
        auto const end = schedule_.now() + most;
        std::uint64_t steps = 0;
        auto moment = schedule_.now();
        while (!done()) {
            if (violations_.first() || schedule_.now() > end || !schedule_.step()) return false;
            if (std::exchange(moment, schedule_.now()) != schedule_.now()) steps = 0;
            if (++steps < steps_of_a_moment_max) continue;
            violations_.report("finished",
                               "simulated time stands still: something is done again "
                               "and again at once");
        }
        return true;
    }
    void pass(sim::Time time) {
        bool over = false;
        schedule_.after(time, [&] { over = true; });
        run_until([&] { return over; }, time + sim::second);
    }
    void set_calm(bool calm) {
        calm_ = calm;
        broker_->set_calm(calm);
        cast_.set_calm(calm);
    }

    void make_topics() {
        std::map<std::string, TopicOptions> topics = app_.topics();
        auto const need = [&](std::string const& topic) {
            topics.try_emplace(topic, app_.options().topics);
        };
        for (auto const& each : app_.declarations()) need(each.topic);
        for (auto const& each : app_.sends()) need(each.topic);
        for (auto const& each : inputs_) need(each.record.topic);
        std::vector<bus::TopicSpec> specs;
        for (auto& [name, options] : topics) {
            // Oracles see everything that was sent; the ledgers are compacted all the same.
            options.configs.erase("cleanup.policy");
            specs.push_back({name, options.partitions, -1, options.configs});
        }
        bool made = false;
        outside_.bus->create_topics(std::move(specs), [&](bus::Result<void> result) {
            if (!result) violations_.report("start", result.error().why);
            made = true;
        });
        if (!run_until([&] { return made; }, setup_max))
            violations_.report("start", "the topics could not be made");
    }

    // ---- publishing --------------------------------------------------------------------------

    void plan_publications() {
        auto planned = publications(plan_, inputs_);
        tale_.count(fault_kinds[0].name, planned.duplicates);
        tale_.count(fault_kinds[1].name, planned.delays);
        to_publish_ = std::move(planned.all);
        for (auto& each : to_publish_) each.at += schedule_.now();
        publish_next();
    }
    void publish_next() {
        if (published_ == to_publish_.size()) return;
        auto const due = to_publish_[published_].at;
        outside_.loop.plan(std::max<sim::Time>(due - schedule_.now(), 0), [this] { publish(); });
    }
    /// One request after the other: so the order of the inputs is that of the log.
    void publish() {
        std::vector<bus::Outgoing> records;
        auto const first = published_;
        while (published_ < to_publish_.size() && records.size() < publish_at_once &&
               to_publish_[published_].at <= schedule_.now())
            records.push_back(inputs_[to_publish_[published_++].input].record);
        sending_ = true;
        outside_.bus->send(std::move(records), [this, first](auto result) {
            sending_ = false;
            if (!result) return violations_.report("publish", result.error().why);
            for (std::size_t i = 0; i < result->size(); ++i) {
                auto const& each = to_publish_[first + i];
                auto const& input = inputs_[each.input];
                tale_.tell_of((*result)[i], "published{}: {} ({}{}{})",
                              each.again ? " once more" : "", input.id.empty() ? "no id" : input.id,
                              input.type, input.record.key ? ", key " : "",
                              input.record.key.value_or(""));
                positions_.try_emplace(each.input, (*result)[i]);
            }
            publish_next();
        });
    }

    // ---- redriving ---------------------------------------------------------------------------

    void hazards() {
        schedule_.after(hazard_interval, [this] {
            if (calm_) return;
            cast_.hazards();
            if (simulation_.redrive && tale_.strikes(plan_.faults.redrive, random_) && !redriving_)
                redrive();
            hazards();
        });
    }
    void redrive() {
        tale_.count(fault_kinds[7].name, 1);
        redriving_ = true;
        operator_ = std::make_unique<Process>(schedule_, connect_,
                                              bus::EmbeddedOptions{.seed = random_.next()});
        operator_->loop.may_run = [this] {
            if (calm_ || !tale_.strikes(plan_.faults.crash, random_)) return true;
            tale_.tell("who redrives crashes");
            redriving_ = false;  // the process is put away with the next one
            return false;
        };
        letters_left_ = dead_letter_topics(app_);
        redrive_next();
    }
    void redrive_next() {
        if (letters_left_.empty()) {
            redriving_ = false;
            return;
        }
        auto const letters = letters_left_.extract(letters_left_.begin()).value();
        redrive_all(operator_->loop, *operator_->bus, letters, [this, letters](auto result) {
            if (!result)
                tale_.tell("dead letters in {} could not be sent back: {}", letters,
                           result.error().why);
            else if (*result > 0)
                tale_.tell("{} dead letters in {} were sent back", *result, letters);
            redrive_next();
        });
    }
    /// False: nothing waits that could be sent back.
    bool redrive_at_the_end() {
        if (violations_.first()) return false;
        if (!settle()) return false;
        auto const before = letters_that_wait();
        if (before.empty()) return false;
        run_until([this] { return !redriving_; }, at_most());
        redrive();
        run_until([this] { return !redriving_; }, at_most());
        come_to_rest();
        return settle() && letters_that_wait() != before;
    }
    std::vector<Position> letters_that_wait() const {
        std::vector<Position> all;
        for (auto const& topic : dead_letter_topics(app_)) {
            auto const redriven = log_.committed(handler::redrive_group(topic));
            for (auto const& letter : log_.messages(topic))
                if (waits(redriven, letter.position)) all.push_back(letter.position);
        }
        return all;
    }

    // ---- the end -----------------------------------------------------------------------------

    bool settle() {
        return run_until([this] { return broker_->settled(); }, setup_max) && !violations_.first();
    }
    void come_to_rest() {
        auto const left = [this]() -> std::string {
            if (!broker_->settled()) return "the broker is busy";
            return what_is_left(app_, cast_.workers(), log_);
        };
        auto next_look = schedule_.now();
        auto const done = [&] {
            if (schedule_.now() < next_look) return false;
            next_look = schedule_.now() + look_interval;
            return idle(cast_.workers()) && left().empty();
        };
        if (run_until(done, at_most()) || violations_.first()) return;
        violations_.report("finished",
                           "after all faults had ended, this was left to do:\n" + left());
    }
    void look() {
        auto& history = cast_.history();
        for (auto const& [topic, partitions] : log_.topics())
            if (!topic.starts_with("__")) history.topics[topic] = log_.messages(topic);
        history.offsets = log_.committed(app_.name());
        for (auto const& topic : dead_letter_topics(app_))
            history.redriven.merge(log_.committed(handler::redrive_group(topic)));
    }
    std::vector<StoredMessage> input_messages() const {
        std::map<Position, StoredMessage const*> by_position;
        for (auto const& [topic, messages] : cast_.history().topics)
            for (auto const& message : messages) by_position[message.position] = &message;
        std::vector<StoredMessage> found;
        for (auto const& [number, position] : positions_)
            if (auto const it = by_position.find(position); it != by_position.end())
                found.push_back(*it->second);
        return found;
    }
    void judge(History const* reference) {
        auto const& history = cast_.history();
        auto const ask = [&](std::string const& oracle, std::string wrong) {
            if (!wrong.empty()) violations_.report(oracle, std::move(wrong));
        };
        if (simulation_.exactly_once) ask("exactly_once", exactly_once(app_, history));
        if (simulation_.key_order) ask("key_order", key_order(app_, history));
        ask("attempts", attempts(app_, history));
        if (simulation_.redelivery && reference != nullptr)
            ask("redelivery", redelivery(app_, history, *reference));
        if (simulation_.oracles.empty()) return;
        CommittedHistory const committed(registry_, history, input_messages());
        for (auto const& [name, oracle] : simulation_.oracles) ask(name, oracle(committed));
    }
    Ending ending() {
        Ending ending;
        ending.violation = violations_.first();
        ending.trace_hash = trace_.hash();
        ending.simulated = schedule_.now();
        ending.faults = tale_.faults();
        ending.counts = cast_.counts();
        ending.story = tale_.take(cast_.history());
        ending.history = std::move(cast_.history());
        ending.wire = trace_.story();
        return ending;
    }

    Simulation const& simulation_;
    Plan const& plan_;
    std::vector<Input> const& inputs_;
    App const app_;
    Random random_;
    Schedule schedule_;
    sim::Trace trace_;
    sim::Violations violations_;
    Tale tale_;
    std::unique_ptr<BrokerSide> broker_;
    Connect connect_;
    LogView log_;
    SchemaRegistry registry_;
    Process outside_;
    Cast cast_;
    bool calm_ = true;
    std::vector<Publication> to_publish_;
    std::size_t published_ = 0;
    bool sending_ = false;
    std::map<std::size_t, Position> positions_;  ///< of inputs
    std::unique_ptr<Process> operator_;
    bool redriving_ = false;
    std::set<std::string> letters_left_;
};

}  // namespace

Ending run_world(Simulation const& simulation, Plan const& plan, std::vector<Input> const& inputs,
                 History const* reference) {
    return std::make_unique<World>(simulation, plan, inputs)->run(reference);
}

}  // namespace klamm::simulated
