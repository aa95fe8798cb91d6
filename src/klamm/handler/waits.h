// handler/waits.h - who waits until an event is finished, wherever it is handled.
//
// An event is finished when the group's committed offset, with the progress in its metadata, says
// so: then its effects are committed, too. Of partitions that this instance owns the engine says
// so at once; of others the log is asked, seldomer and seldomer.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/handler/engine/alive.h"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace klamm::handler {

struct WaitOptions {
    std::string group;
    std::set<std::string> topics;  ///< that the App handles
    std::size_t waiting_max = 10'000;
    Duration ask_first{10};
    Duration ask_longest{500};
};

class Waits {
public:
    /// Whether an event of an own partition is finished, and that is committed. None: the
    /// partition is another's, or not known yet.
    using Finished = std::function<std::optional<bool>(Position const&)>;
    /// What keeps an event of an own partition, for people: "it is tried again in 200 ms, …".
    using Explain = std::function<std::string(Position const&)>;

    Waits(bus::Loop& loop, bus::Bus& bus, WaitOptions options, Finished finished, Explain explain);
    Waits(Waits const&) = delete;
    Waits& operator=(Waits const&) = delete;

    void wait(Position const& position, Duration patience, bus::Done<void> done);
    /// A transaction is committed: events of own partitions may be finished.
    void committed();

    std::size_t waiting() const { return waiting_.size(); }

private:
    struct Waiting {
        Position position;
        Duration patience{};
        bus::Done<void> done;
    };

    /// Ends the waits of which `finished` is true.
    void end_where(Finished const& finished);
    void ask();
    void answered(bus::Result<std::map<bus::TopicPartition, bus::Committed>> result);
    void give_up(std::uint64_t number);
    std::string what_keeps(Waiting const& waiting) const;
    void refuse(bus::Done<void> done, std::string why);

    bus::Loop& loop_;
    bus::Bus& bus_;
    WaitOptions options_;
    Finished finished_;
    Explain explain_;
    std::map<std::uint64_t, Waiting> waiting_;  ///< by number, in the order of their coming
    std::uint64_t next_number_ = 0;
    bool asking_ = false;
    Duration pause_{};
    std::map<bus::TopicPartition, bus::Committed> last_;  ///< that was heard, while it is asked for
    std::string away_;                                    ///< why nothing was heard
    Alive alive_;
};

}  // namespace klamm::handler
