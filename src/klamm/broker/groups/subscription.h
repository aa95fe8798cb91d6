// broker/groups/subscription.h - what consumers say in their protocol metadata.
//
// The broker takes metadata and assignments as they are; only to protect offsets that are in use
// does it look for the topics, in groups whose protocol type is "consumer".
//
// Groups of the consumer protocol with classic members (KIP-848, "Online migration") need more:
// what a member has now, and its assignment in the words of the classic protocol.
//
// Source: Kafka's ConsumerProtocolSubscription: version int16, topics [string], user data bytes,
// from version 1 owned partitions [topic string, partitions [int32]], and more;
// ConsumerProtocolAssignment: version int16, [topic string, partitions [int32]], user data bytes.
#pragma once

#include "klamm/broker/groups/groups_state.h"
#include "klamm/broker/groups/topic_regex.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace klamm::broker {

inline constexpr std::string_view consumer_protocol_type = "consumer";

/// The topics of one member's metadata; none when it cannot be read.
std::optional<std::vector<std::string>> subscribed_topics(ByteView metadata);

using PartitionsByTopic = std::map<std::string, std::vector<std::int32_t>>;

/// What a consumer's metadata says.
struct ClassicSubscription {
    std::int16_t version = 0;
    std::vector<std::string> topics;
    PartitionsByTopic owned;  ///< empty: it gave up everything before it joined
};
std::optional<ClassicSubscription> read_subscription(ByteView metadata);

/// None when it cannot be read, or says more than partitions: that is between the members and an
/// assignor of their own. Empty bytes are an empty assignment.
std::optional<PartitionsByTopic> read_assignment(ByteView assignment);
/// In a version that whoever sent a subscription of `version` can read.
Bytes write_assignment(PartitionsByTopic const& partitions, std::int16_t version);

/// What the members of a group read.
class Subscriptions {
public:
    explicit Subscriptions(StoredGroup const& group);

    /// A group whose members cannot be understood is taken to read everything.
    bool contains(std::string const& topic) const;
    bool known() const { return known_; }

private:
    void add(ConsumerGroup const& group);

    bool known_ = true;
    std::set<std::string> topics_;
    std::vector<TopicRegex> regexes_;
};

}  // namespace klamm::broker
