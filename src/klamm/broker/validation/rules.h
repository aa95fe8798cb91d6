// broker/validation/rules.h - what a topic demands of its records, as its configs say it.
//
// Confluent's configs say which sides of a record are checked, and which subject their schemas
// belong to; klamm.schema.validation says how thoroughly:
//
//   klamm.schema.validation  confluent.key and .value.schema.validation   checked
//   confluent (default)      the sides that are true                      their ids
//   id, payload              the sides that are true; none: the value     ids; payloads too
//   off                      whatever they say                            nothing
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace klamm::broker {

enum class ValidationDepth : std::uint8_t {
    off,
    id,       ///< the schema is registered under the subject
    payload,  ///< and the bytes are a value of it
};

/// How the subject of a schema is called. The names are Confluent's.
enum class SubjectNameStrategy : std::uint8_t {
    topic_name,         ///< TOPIC-key, TOPIC-value
    record_name,        ///< the name of the record or message
    topic_record_name,  ///< TOPIC-NAME
};
std::string_view to_string(SubjectNameStrategy strategy);

struct SideRules {
    ValidationDepth depth = ValidationDepth::off;
    SubjectNameStrategy strategy = SubjectNameStrategy::topic_name;
    bool operator==(SideRules const&) const = default;
};

struct ValidationRules {
    SideRules key;
    SideRules value;
    bool any() const {
        return key.depth != ValidationDepth::off || value.depth != ValidationDepth::off;
    }
    bool operator==(ValidationRules const&) const = default;
};

/// `config` gives the value of a topic's config by its name.
ValidationRules validation_rules(std::function<std::string(std::string_view name)> const& config);

}  // namespace klamm::broker
