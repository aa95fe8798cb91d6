#include "klamm/broker/validation/validations.h"

#include "klamm/broker/state.h"

namespace klamm::broker {

Validations::Validations(State const& state) : registry_(state.registry) {
    auto topics = std::make_shared<Topics>();
    for (auto const& [name, topic] : state.topics) {
        if (!topic.settings.validation.any()) continue;
        auto const [added, is_new] =
            topics->by_name.emplace(name, ValidatedTopic{name, topic.settings.validation});
        topics->by_id.emplace(topic.id, &added->second);
    }
    topics_ = std::move(topics);
}

Validations::Validations(Validations const& topics, registry::State const& registry)
    : topics_(topics.topics_), registry_(registry) {}

ValidatedTopic const* Validations::of(std::string_view topic) const {
    auto const found = topics_->by_name.find(topic);
    return found == topics_->by_name.end() ? nullptr : &found->second;
}

ValidatedTopic const* Validations::of(Uuid const& topic) const {
    auto const found = topics_->by_id.find(topic);
    return found == topics_->by_id.end() ? nullptr : found->second;
}

bool Validations::knows(Topic const& topic) const {
    auto const* by_name = of(topic.name);
    auto const* by_id = of(topic.id);
    if (!topic.settings.validation.any()) return by_name == nullptr && by_id == nullptr;
    return by_name != nullptr && by_id == by_name && by_name->rules == topic.settings.validation;
}

}  // namespace klamm::broker
