// broker/groups/subscription.h - what consumers say in their protocol metadata.
//
// The broker takes metadata and assignments as they are; only to protect offsets that are in use
// does it look for the topics, in groups whose protocol type is "consumer".
//
// Source: Kafka's ConsumerProtocolSubscription: version int16, topics [string], and more.
#pragma once

#include "klamm/broker/groups/groups_state.h"

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace klamm::broker {

inline constexpr std::string_view consumer_protocol_type = "consumer";

/// The topics of one member's metadata; none when it cannot be read.
std::optional<std::vector<std::string>> subscribed_topics(ByteView metadata);

/// What the members of a group read.
class Subscriptions {
public:
    explicit Subscriptions(StoredGroup const& group);

    /// A group whose members cannot be understood is taken to read everything.
    bool contains(std::string const& topic) const { return !known_ || topics_.contains(topic); }
    bool known() const { return known_; }

private:
    bool known_ = true;
    std::set<std::string> topics_;
};

}  // namespace klamm::broker
