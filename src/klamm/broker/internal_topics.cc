#include "klamm/broker/internal_topics.h"

namespace klamm::broker {

bool is_internal(std::string_view topic) {
    return topic == offsets_topic || topic == transactions_topic;
}

Refusal refuse_internal(std::string_view topic) {
    return {kafka::ErrorCode::invalid_topic_exception,
            "The topic " + std::string(topic) + " is kept by the broker alone."};
}

std::expected<Topic const*, Refusal> ensure_internal(Step& step, std::string_view topic) {
    constexpr std::int32_t partitions = 50;  // Kafka's default; some tools divide by it
    if (auto const* there = step.state().topic(topic)) return there;
    return create_topic(step, std::string(topic), partitions,
                        {{"cleanup.policy", "compact"}, {"segment.bytes", "104857600"}});
}

}  // namespace klamm::broker
