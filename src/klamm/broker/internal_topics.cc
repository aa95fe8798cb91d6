#include "klamm/broker/internal_topics.h"

namespace klamm::broker {

bool is_internal(std::string_view topic) {
    return topic == offsets_topic || topic == transactions_topic;
}

bool is_kept(std::string_view topic) { return is_internal(topic) || topic == schemas_topic; }

Refusal refuse_kept(std::string_view topic, Options const& options) {
    if (topic == schemas_topic)
        return {kafka::ErrorCode::invalid_topic_exception,
                "The topic _schemas is written by the schema registry alone: register schemas by "
                "HTTP at port " +
                    std::to_string(options.http_port) +
                    "; `klamm schema import` takes over those of another registry."};
    return {kafka::ErrorCode::invalid_topic_exception,
            "The topic " + std::string(topic) + " is kept by the broker alone."};
}

std::expected<Topic const*, Refusal> ensure_internal(Step& step, std::string_view topic) {
    constexpr std::int32_t internal_partitions = 50;  // Kafka's default; some tools divide by it
    if (auto const* there = step.state().topic(topic)) return there;
    if (topic == schemas_topic)
        return create_topic(step, std::string(topic), 1, {{"cleanup.policy", "compact"}});
    return create_topic(step, std::string(topic), internal_partitions,
                        {{"cleanup.policy", "compact"}, {"segment.bytes", "104857600"}});
}

}  // namespace klamm::broker
