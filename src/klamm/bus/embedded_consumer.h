// bus/embedded_consumer.h - a member of a group of KIP-848, and what it reads.
#pragma once

#include "klamm/bus/setting.h"

#include <memory>
#include <optional>
#include <string>

namespace klamm::bus {

/// As whom a member's offsets are committed.
struct MemberName {
    std::string group;
    std::string member_id;
    std::int32_t epoch = -1;
    std::uint64_t life = 0;  ///< counts memberships: another one does not own what this one did
};

/// What a transaction asks of the consumer whose offsets it commits.
class Membership {
public:
    virtual ~Membership() = default;
    virtual MemberName name() const = 0;
    virtual bool owns(TopicPartition const& partition) const = 0;
    /// The broker does not know the member so: it is time to ask.
    virtual void doubted() = 0;
};

class EmbeddedConsumer : public Consumer {
public:
    /// May outlive the consumer, which owns nothing then.
    virtual std::shared_ptr<Membership> membership() = 0;
};

std::unique_ptr<Consumer> make_embedded_consumer(std::shared_ptr<Setting> setting,
                                                 ConsumerOptions options, Subscriber& subscriber);

}  // namespace klamm::bus
