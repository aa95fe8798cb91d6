#include "klamm/registry/settings.h"

#include <array>

namespace klamm::registry {

namespace {

constexpr auto modes = std::to_array<std::string_view>(
    {"READWRITE", "READONLY", "READONLY_OVERRIDE", "IMPORT", "FORWARD"});
constexpr auto policies = std::to_array<std::string_view>({"STRICT", "LENIENT", "LOGICAL"});

std::string upper(std::string_view text) {
    std::string all(text);
    for (auto& c : all)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return all;
}

template <class Enum, class Names>
std::optional<Enum> named(std::string_view name, Names const& names) {
    auto const wanted = upper(name);
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == wanted) return static_cast<Enum>(i);
    return std::nullopt;
}

}  // namespace

std::string_view name_of(Mode mode) { return modes[static_cast<std::size_t>(mode)]; }
std::optional<Mode> mode_named(std::string_view name) { return named<Mode>(name, modes); }

std::expected<Config, std::string> updated(Config config, json::Value const& changes,
                                           std::string_view level_key) {
    std::string problem;
    /// Calls `take` with what is named and not null; null resets.
    auto const member = [&](std::string_view key, auto& to, auto&& take) {
        auto const* value = changes.find(key);
        if (value == nullptr) return;
        to.reset();
        if (!value->is_null()) take(*value);
    };
    auto const text = [&](std::string_view key, std::optional<std::string>& to) {
        member(key, to, [&](json::Value const& value) {
            if (value.is_string())
                to = value.string();
            else
                problem = std::string(key) + " is not a string";
        });
    };
    auto const truth = [&](std::string_view key, std::optional<bool>& to) {
        member(key, to, [&](json::Value const& value) {
            if (value.is_bool())
                to = value.boolean();
            else if (value.is_string() && (value.string() == "true" || value.string() == "false"))
                to = value.string() == "true";
            else
                problem = std::string(key) + " is neither true nor false";
        });
    };
    auto const metadata = [&](std::string_view key, std::optional<Metadata>& to) {
        member(key, to, [&](json::Value const& value) {
            auto read = read_metadata(value);
            if (read)
                to = std::move(*read);
            else
                problem = std::string(key) + ": " + read.error();
        });
    };
    auto const rules = [&](std::string_view key, std::optional<RuleSet>& to) {
        member(key, to, [&](json::Value const& value) {
            auto read = read_rule_set(value);
            if (read)
                to = std::move(*read);
            else
                problem = std::string(key) + ": " + read.error();
        });
    };
    text("alias", config.alias);
    text("aliasForDeks", config.alias_for_deks);
    truth("normalize", config.normalize);
    truth("validateFields", config.validate_fields);
    truth("validateNewSchemas", config.validate_new_schemas);
    truth("validateRules", config.validate_rules);
    member(level_key, config.level, [&](json::Value const& value) {
        if (value.is_string()) config.level = level_named(value.string());
    });
    std::optional<std::string> policy = config.policy;
    text("compatibilityPolicy", policy);
    config.policy.reset();
    for (auto const name : policies)
        if (policy && upper(*policy) == name) config.policy = name;
    text("compatibilityGroup", config.group);
    metadata("defaultMetadata", config.default_metadata);
    metadata("overrideMetadata", config.override_metadata);
    rules("defaultRuleSet", config.default_rules);
    rules("overrideRuleSet", config.override_rules);
    if (!problem.empty()) return std::unexpected(problem);
    return config;
}

json::Value print(Config const& config, std::string_view level_key) {
    json::Value value{json::Object{}};
    auto const put = [&](std::string_view key, auto const& from) {
        if (from) value.set(key, *from);
    };
    auto const put_text = [&](std::string_view key, std::optional<std::string> const& from) {
        if (from && !from->empty()) value.set(key, *from);
    };
    put_text("alias", config.alias);
    put_text("aliasForDeks", config.alias_for_deks);
    put("normalize", config.normalize);
    put("validateFields", config.validate_fields);
    put("validateNewSchemas", config.validate_new_schemas);
    put("validateRules", config.validate_rules);
    if (config.level) value.set(level_key, name_of(*config.level));
    put_text("compatibilityPolicy", config.policy);
    put_text("compatibilityGroup", config.group);
    if (config.default_metadata) value.set("defaultMetadata", print(*config.default_metadata));
    if (config.override_metadata) value.set("overrideMetadata", print(*config.override_metadata));
    if (config.default_rules) value.set("defaultRuleSet", print(*config.default_rules));
    if (config.override_rules) value.set("overrideRuleSet", print(*config.override_rules));
    return value;
}

Config merged(Config const& global, Config const& own) {
    auto config = own;
    auto const inherit = [](auto& to, auto const& from) {
        if (!to) to = from;
    };
    inherit(config.normalize, global.normalize);
    inherit(config.validate_fields, global.validate_fields);
    inherit(config.validate_new_schemas, global.validate_new_schemas);
    inherit(config.validate_rules, global.validate_rules);
    inherit(config.policy, global.policy);
    inherit(config.group, global.group);
    return config;
}

}  // namespace klamm::registry
