// simulate/log_view.h - all that is committed, read from the broker at one moment.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/sim/audit.h"
#include "klamm/test.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace klamm::simulated {

/// Reads through the protocol, as of now, without that time passes.
class LogView {
public:
    explicit LogView(sim::AskNow ask) : ask_(std::move(ask)) {}

    /// Partitions of each topic there is.
    std::map<std::string, std::int32_t> topics() const;
    /// Committed records from `offset` on; events as CloudEvents say, values as handlers see them.
    std::vector<StoredMessage> messages(std::string const& topic) const;
    std::vector<StoredMessage> messages(bus::TopicPartition const& partition,
                                        std::int64_t offset = 0) const;
    std::map<bus::TopicPartition, bus::Committed> committed(std::string const& group) const;
    /// Whether there are records at or behind `offset`, or may be: a transaction is open.
    bool has_more(bus::TopicPartition const& partition, std::int64_t offset) const;
    /// Where a transaction is open, and hides what is committed behind it.
    std::vector<bus::TopicPartition> open() const;

private:
    struct Fetched {
        std::vector<StoredMessage> messages;
        std::int64_t next = 0;
        bool end = false;
        bool open = false;  ///< a transaction has not ended, and hides what comes behind
    };
    std::map<bus::TopicPartition, std::int64_t> ends(std::int8_t isolation_level) const;
    Fetched fetch(bus::TopicPartition const& partition, std::int64_t offset) const;

    sim::AskNow ask_;
};

}  // namespace klamm::simulated
