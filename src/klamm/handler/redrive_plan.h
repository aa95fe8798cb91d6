// handler/redrive_plan.h - which dead letters of a partition are redriven, and in which order.
//
//     of one key, by where they were:   1 failed   2 parked   3 parked   4 parked
//     a selection that has 1            takes 2, 3 and 4 along
//     a selection that has only 3       takes nothing: it would overtake 1 and 2
//
// A dead letter that was redriven and came back stands behind younger ones of its key in the dead
// letter topic. So the order is that of the first positions, and a partition must be known to its
// end before anything of it is sent.
#pragma once

#include "klamm/handler/dead_letters.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace klamm::handler {

struct RedriveRules {
    Selection selection;
    /// One that came back so often stays.
    std::int32_t redrives_max = 3;
    /// Also those that overtake earlier ones of their key.
    bool out_of_order = false;
    /// Also records that nobody marked as dead letters: the topic may be another than was meant.
    bool unmarked = false;
    /// They are discarded: in any order, and nothing goes along.
    bool discard = false;
};

/// Why dead letters stay where they are, although they were selected or would go along.
enum class Stays : std::uint8_t {
    overtakes,       ///< earlier ones of its key stay
    redriven_often,  ///< RedriveRules::redrives_max
    homeless,        ///< nobody knows where it was, or the topic is not there any more
    gone,            ///< a share group's, whose record retention has removed
    unmarked,        ///< RedriveRules::unmarked
    no_room,         ///< too many islands: see Progress::fits
};

struct PlannedDeadLetter {
    std::int64_t offset = 0;
    std::int64_t next = 0;  ///< of the record that follows in the dead letter topic
    std::size_t bytes = 0;
    std::uint32_t queue = 0;  ///< 0: none
    bool along = false;       ///< not selected, but behind one that is
    bool last = false;        ///< of its queue: none is left
};

class RedrivePlan {
public:
    /// Of one partition, in memory: about 100 bytes each.
    static constexpr std::size_t waiting_max = 1'000'000;

    /// `rules` live longer.
    explicit RedrivePlan(RedriveRules const& rules) : rules_(rules) {}
    /// False: more than waiting_max.
    bool add(StoredDeadLetter const& letter, std::int64_t next);

    struct Choice {
        std::vector<PlannedDeadLetter> letters;            ///< in the order in which they are sent
        std::vector<std::pair<std::int64_t, Stays>> stay;  ///< offsets
        std::uint64_t waiting = 0;                         ///< all that were added
    };
    /// At most `limit`.
    Choice choose(std::uint64_t limit);

private:
    struct Entry {
        PlannedDeadLetter planned;
        std::tuple<std::uint32_t, std::int32_t, std::int64_t, std::int64_t> place;
        bool selected = false;
        bool parked = false;
        bool often = false;
        bool unmarked = false;
    };
    struct Queue {
        bool taken = false;
        bool blocked = false;
        std::uint64_t left = 0;
    };
    std::uint32_t number_of(std::string const& name);

    RedriveRules const& rules_;
    std::vector<Entry> entries_;
    std::unordered_map<std::string, std::uint32_t> numbers_;
};

}  // namespace klamm::handler
