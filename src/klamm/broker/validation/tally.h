// broker/validation/tally.h - how many records were validated and refused, and what people hear of
// it: one notice for a topic in a while, however many records are refused.
//
// Not part of the state: it begins anew with the process.
#pragma once

#include "klamm/base/time.h"
#include "klamm/base/uuid.h"
#include "klamm/broker/notice.h"
#include "klamm/broker/validation/validate.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace klamm::broker {

struct Partition;

struct ValidationStats {
    std::uint64_t validated = 0;  ///< records that were looked at
    std::uint64_t refused = 0;    ///< those that did not obey, not the rest of their batches
};

class ValidationTally {
public:
    static constexpr std::int64_t notice_every_ms = 60'000;    ///< for one topic
    static constexpr std::size_t notices_in_a_while_max = 20;  ///< of all topics in this time

    void count(Partition const& partition, Verdict const& verdict, std::int64_t now_ms);
    /// The topic is deleted.
    void forget(Uuid const& topic) { topics_.erase(topic); }

    ValidationStats stats() const { return all_; }
    struct LastRefused {
        std::int64_t at_ms = 0;
        std::int32_t partition = 0;
        std::string text;
    };
    struct OfTopic {
        ValidationStats stats;
        std::optional<LastRefused> last;
        std::uint64_t told = 0;  ///< of stats.refused, when there was a notice
        std::int64_t told_ms = 0;
    };
    /// Null: none of its records was looked at yet.
    OfTopic const* of(Uuid const& topic) const;
    std::vector<Notice> take_notices() { return std::exchange(notices_, {}); }

private:
    void tell(Partition const& partition, OfTopic& topic, std::int64_t now_ms);

    ValidationStats all_;
    std::map<Uuid, OfTopic> topics_;
    std::vector<Notice> notices_;
    std::int64_t while_began_ms_ = 0;
    std::size_t notices_in_while_ = 0;
};

}  // namespace klamm::broker
