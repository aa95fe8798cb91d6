#include "klamm/broker/groups/subscription.h"

#include "klamm/kafka/wire.h"

namespace klamm::broker {

std::optional<std::vector<std::string>> subscribed_topics(ByteView metadata) {
    kafka::Reader in{metadata};
    auto const version = in.integer<std::int16_t>();
    auto const count = in.integer<std::int32_t>();
    if (version < 0 || count < 0) return std::nullopt;
    std::vector<std::string> topics;
    for (std::int32_t i = 0; i < count; ++i) {
        auto const length = in.integer<std::int16_t>();
        if (length < 0) return std::nullopt;
        auto const name = in.take(std::size_t(length));
        if (in.failed()) return std::nullopt;
        topics.emplace_back(reinterpret_cast<char const*>(name.data()), name.size());
    }
    if (in.failed()) return std::nullopt;
    return topics;
}

Subscriptions::Subscriptions(StoredGroup const& group) {
    if (group.members.empty()) return;
    known_ = group.protocol_type == consumer_protocol_type;
    for (auto const& [member_id, member] : group.members) {
        auto topics = subscribed_topics(member.subscription);
        if (!topics) known_ = false;
        if (topics) topics_.insert(topics->begin(), topics->end());
    }
}

}  // namespace klamm::broker
