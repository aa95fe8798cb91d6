#include "klamm/broker/validation/rules.h"

#include "klamm/broker/config.h"

#include <gtest/gtest.h>

namespace klamm::broker {
namespace {

using enum ValidationDepth;

ValidationRules rules(Configs const& configs) {
    return settings_of(configs, {}, Options{}).validation;
}

struct Case {
    std::string key, value, depth;
    ValidationDepth of_key, of_value;
};

TEST(ValidationRules, sides_and_depth_go_together_as_documented) {
    for (auto const& [key, value, depth, of_key, of_value] : std::vector<Case>{
             {"", "", "", off, off},
             {"", "true", "", off, id},
             {"true", "", "", id, off},
             {"true", "true", "", id, id},
             {"", "", "id", off, id},
             {"", "", "payload", off, payload},
             {"", "true", "payload", off, payload},
             {"true", "", "payload", payload, off},
             {"true", "true", "payload", payload, payload},
             {"false", "false", "payload", off, payload},
             {"true", "true", "off", off, off},
             {"", "", "confluent", off, off},
             {"true", "true", "confluent", id, id},
         }) {
        Configs configs;
        if (!key.empty()) configs["confluent.key.schema.validation"] = key;
        if (!value.empty()) configs["confluent.value.schema.validation"] = value;
        if (!depth.empty()) configs["klamm.schema.validation"] = depth;
        EXPECT_EQ(rules(configs).key.depth, of_key) << key << ' ' << value << ' ' << depth;
        EXPECT_EQ(rules(configs).value.depth, of_value) << key << ' ' << value << ' ' << depth;
    }
}

TEST(ValidationRules, strategies_have_confluents_class_names_and_short_ones) {
    using enum SubjectNameStrategy;
    for (auto const& [name, strategy] : std::map<std::string, SubjectNameStrategy>{
             {"TopicNameStrategy", topic_name},
             {"RecordNameStrategy", record_name},
             {"TopicRecordNameStrategy", topic_record_name}}) {
        for (auto const& prefix : {"", "io.confluent.kafka.serializers.subject."}) {
            Configs const configs{{"klamm.schema.validation", "id"},
                                  {"confluent.value.subject.name.strategy", prefix + name}};
            for (auto const& [config, value] : configs)
                EXPECT_EQ(check_config(*find_topic_config(config), value), std::nullopt);
            EXPECT_EQ(rules(configs).value.strategy, strategy);
            EXPECT_EQ(to_string(strategy), name);
        }
    }
}

TEST(ValidationRules, other_words_are_refused_with_those_that_are_possible) {
    auto const why = [](std::string_view config, std::string_view value) {
        return check_config(*find_topic_config(config), value).value_or("");
    };
    EXPECT_EQ(why("klamm.schema.validation", "full"),
              "Invalid value 'full' for configuration klamm.schema.validation: it must be one of "
              "off, id, payload, confluent.");
    EXPECT_NE(why("confluent.key.subject.name.strategy", "MyStrategy").find("RecordNameStrategy"),
              std::string::npos);
    EXPECT_NE(why("confluent.value.schema.validation", "yes"), "");
}

}  // namespace
}  // namespace klamm::broker
