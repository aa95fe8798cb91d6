// handler/engine/watch.h - looks on while an engine works, and says what is wrong with it.
//
// It hears what observers hear, and hands it on. Once in a while it looks at the partitions and
// asks where their logs end: so a question about the health is answered at once.
#pragma once

#include "klamm/handler/engine/alive.h"
#include "klamm/handler/engine/core.h"
#include "klamm/handler/engine/partition.h"
#include "klamm/health.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace klamm::handler {

using Partitions = std::map<bus::TopicPartition, std::shared_ptr<Partition>>;

class Watch final : public Observer {
public:
    /// To read a ledger takes so long, or something is wrong.
    static constexpr Duration restored_after{15'000};
    static constexpr Duration look_every{1'000};
    static constexpr Duration ask_ends_every{5'000};

    /// What the engine knows of itself.
    struct Standing {
        enum class Phase : std::uint8_t { starting, working, stopped };
        Phase phase = Phase::starting;
        bool ready = false;  ///< it has had an assignment in this membership
        bool fenced = false;
        std::string why;                         ///< why it is not working; empty: it is
        std::string away;                        ///< why the log does not answer; empty: it does
        Partitions const* partitions = nullptr;  ///< null: it is no member of the group
    };

    explicit Watch(Observer& to) : to_(to) {}

    /// `core` is the engine's, whose observer this is. Looks on until it is destroyed.
    void begin(Core const& core, std::function<Standing()> standing);
    Health health() const;
    /// Why an event of a partition in `partitions` is not finished, for people.
    static std::string what_keeps(Partition const& partition, std::int64_t offset);

    void log(std::string const& line) override { to_.log(line); }
    void assigned(bus::TopicPartition const& id) override { to_.assigned(id); }
    void released(bus::TopicPartition const& id) override {
        ends_.erase(id);
        to_.released(id);
    }
    void run_begins(std::string const& handler, Position const& position,
                    std::int32_t attempt) override;
    void run_ended(std::string const& handler, Position const& position,
                   Outcome const& outcome) override;
    void sends(Position const& cause, std::string const& topic, std::string_view id,
               milliseconds delay) override {
        to_.sends(cause, topic, id, delay);
    }
    void committed(Position const& position, std::string const& outcome) override {
        to_.committed(position, outcome);
    }

private:
    /// Of a handler that has events.
    struct Busy {
        Instant since;        ///< it has finished none, or had none before
        std::string trouble;  ///< how the last run failed that will be tried again
    };
    struct End {
        std::int64_t offset = 0;  ///< of the log
        Instant asked;
    };

    void look();
    void ask_ends(Partitions const& partitions);
    Instant now() const { return core_->parts.loop.now().instant; }
    void add_restoring(Health& health, Partition const& partition) const;
    void add_slow(Health& health, Partitions const& partitions) const;
    void add_stalled(Health& health, Partitions const& partitions) const;
    void add_poisoned(Health& health, Partition const& partition) const;
    void add_lagging(Health& health, Partition const& partition) const;

    Observer& to_;
    Core const* core_ = nullptr;
    std::function<Standing()> standing_;
    std::map<std::string, Busy, std::less<>> busy_;  ///< by handler
    std::map<bus::TopicPartition, End> ends_;
    std::optional<Instant> ends_asked_;
    Alive alive_;
};

}  // namespace klamm::handler
