#include "klamm/broker/validation/rules.h"

#include <utility>

namespace klamm::broker {
namespace {

/// Confluent's class names end with the short ones.
SubjectNameStrategy strategy_named(std::string_view name) {
    if (name.ends_with("TopicRecordNameStrategy")) return SubjectNameStrategy::topic_record_name;
    if (name.ends_with("RecordNameStrategy")) return SubjectNameStrategy::record_name;
    return SubjectNameStrategy::topic_name;
}

}  // namespace

std::string_view to_string(SubjectNameStrategy strategy) {
    switch (strategy) {
        case SubjectNameStrategy::topic_name:
            return "TopicNameStrategy";
        case SubjectNameStrategy::record_name:
            return "RecordNameStrategy";
        case SubjectNameStrategy::topic_record_name:
            return "TopicRecordNameStrategy";
    }
    std::unreachable();
}

ValidationRules validation_rules(std::function<std::string(std::string_view name)> const& config) {
    auto const wanted = config("klamm.schema.validation");
    auto const depth = wanted == "payload" ? ValidationDepth::payload
                       : wanted == "off"   ? ValidationDepth::off
                                           : ValidationDepth::id;
    bool const of_key = config("confluent.key.schema.validation") == "true";
    bool const of_value =
        config("confluent.value.schema.validation") == "true" || (!of_key && wanted != "confluent");
    ValidationRules rules;
    if (of_key && depth != ValidationDepth::off)
        rules.key = {depth, strategy_named(config("confluent.key.subject.name.strategy"))};
    if (of_value && depth != ValidationDepth::off)
        rules.value = {depth, strategy_named(config("confluent.value.subject.name.strategy"))};
    return rules;
}

}  // namespace klamm::broker
