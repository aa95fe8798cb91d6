// handler/delayed.h - events that a handler has sent, and that wait for their time.
//
//     handler sends with a delay ──▶ ledger: d/DUE_MS/ID ──▶ due: the event and a tombstone
//                                    in its transaction      in one transaction
//
// Who owns the partition of the event that was handled sends the delayed one. So it comes once,
// whoever dies in between; when nobody owns the partition, it comes when somebody does.
//
// An entry is a line of JSON and, behind it, the value as it is:
//     {"topic":"orders","partition":3,"key":"ann","headers":[["ce_id","x"],…],"value":true}
// Texts that are no UTF-8 are {"base64":"…"}; "value":false is a tombstone.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/handler/engine/alive.h"
#include "klamm/handler/ledger.h"

#include <expected>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

std::string write_delayed(bus::Outgoing const& event);
[[nodiscard]] std::expected<bus::Outgoing, std::string> read_delayed(std::string_view entry);

/// The delayed events of all partitions that an engine owns; one timer, for the earliest.
class DelayedEvents {
public:
    /// So many become due in one turn; the others in the next, behind what else is to be done.
    static constexpr int per_turn_max = 100;
    /// The timer's longest: a wall clock that was set is noticed after so long.
    static constexpr Duration look_again{10'000};

    struct Due {
        bus::TopicPartition partition;  ///< whose ledger held it
        bus::Outgoing event;
        Ledger::Change tombstone;  ///< already put into the ledger
    };
    using Send = std::function<void(Due)>;
    using Unreadable = std::function<void(bus::TopicPartition const&, std::string const& why)>;

    DelayedEvents(bus::Loop& loop, Send send, Unreadable unreadable);
    DelayedEvents(DelayedEvents const&) = delete;
    DelayedEvents& operator=(DelayedEvents const&) = delete;

    /// The ledger is restored, or has new entries. It lives until forget().
    void look(bus::TopicPartition const& partition, Ledger& ledger);
    void forget(bus::TopicPartition const& partition);
    void stop();  ///< nothing becomes due any more

    std::size_t waiting() const;
    std::optional<std::int64_t> next_due_ms() const;

private:
    void arm();
    void turn();
    bool take_due(bus::TopicPartition const& partition, Ledger& ledger, int& room);

    bus::Loop& loop_;
    Send send_;
    Unreadable unreadable_;
    std::map<bus::TopicPartition, Ledger*> ledgers_;
    std::optional<Instant> armed_;
    bool stopped_ = false;
    Alive alive_;
};

}  // namespace klamm::handler
