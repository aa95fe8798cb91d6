#include "klamm/broker/state.h"

namespace klamm::broker {

State::State(Options const& given)
    : options(given),
      producers({.expiration_ms = given.producer_id_expiration_ms.count(),
                 .count_max = std::size_t(given.producers_max)}) {}

Topic const* State::topic(std::string_view name) const {
    auto const found = topics.find(name);
    return found == topics.end() ? nullptr : &found->second;
}

Topic const* State::topic(Uuid const& id) const {
    auto const found = topics_by_id.find(id);
    return found == topics_by_id.end() ? nullptr : found->second;
}

Partition const* State::partition(std::string_view topic_name, std::int32_t number) const {
    auto const* found = topic(topic_name);
    return found == nullptr ? nullptr : found->partition(number);
}

Partition* State::partition(PartitionKey key) const {
    auto const found = partitions.find(std::uint32_t(key));
    return found == partitions.end() ? nullptr : found->second;
}

}  // namespace klamm::broker
