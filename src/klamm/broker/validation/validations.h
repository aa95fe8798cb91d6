// broker/validation/validations.h - which topics have their records validated, and the registry
// that they are validated against: what prepare() must know.
//
// A copy that any thread may read. It may be behind the state; the broker compares (validate.h).
#pragma once

#include "klamm/base/uuid.h"
#include "klamm/broker/validation/rules.h"
#include "klamm/registry/state.h"

#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace klamm::broker {

struct State;
struct Topic;

struct ValidatedTopic {
    std::string name;
    ValidationRules rules;
};

class Validations {
public:
    explicit Validations(State const& state);
    /// The same topics beside a newer registry: costs microseconds, however many there are.
    Validations(Validations const& topics, registry::State const& registry);

    /// Null: its records are taken as they come.
    ValidatedTopic const* of(std::string_view topic) const;
    ValidatedTopic const* of(Uuid const& topic) const;
    registry::State const& registry() const { return registry_; }
    /// Whether this says of `topic` what its settings say.
    bool knows(Topic const& topic) const;
    /// No topic wants anything.
    bool empty() const { return topics_->by_name.empty(); }

private:
    struct Topics {
        std::map<std::string, ValidatedTopic, std::less<>> by_name;
        std::map<Uuid, ValidatedTopic const*> by_id;
    };
    std::shared_ptr<Topics const> topics_;
    registry::State registry_;
};

}  // namespace klamm::broker
