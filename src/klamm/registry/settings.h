// registry/settings.h - what can be set for a subject, a context or everything: levels and modes.
#pragma once

#include "klamm/registry/contract.h"
#include "klamm/registry/level.h"

#include <cstdint>

namespace klamm::registry {

enum class Mode : std::uint8_t { readwrite, readonly, readonly_override, import, forward };

std::string_view name_of(Mode mode);                    ///< "READWRITE"
std::optional<Mode> mode_named(std::string_view name);  ///< in any case

constexpr bool is_read_only(Mode mode) {
    return mode == Mode::readonly || mode == Mode::readonly_override;
}
/// Schemas come with their ids and are taken as they are.
constexpr bool is_import(Mode mode) { return mode == Mode::import || mode == Mode::forward; }

inline constexpr Level default_level = Level::backward;

/// What was set. A member without a value was not.
struct Config {
    std::optional<std::string> alias;
    std::optional<std::string> alias_for_deks;
    std::optional<bool> normalize;
    std::optional<bool> validate_fields;
    std::optional<bool> validate_new_schemas;
    std::optional<bool> validate_rules;
    std::optional<Level> level;
    std::optional<std::string> policy;  ///< "STRICT", "LENIENT", "LOGICAL"
    std::optional<std::string> group;
    std::optional<Metadata> default_metadata;
    std::optional<Metadata> override_metadata;
    std::optional<RuleSet> default_rules;
    std::optional<RuleSet> override_rules;
    bool operator==(Config const&) const = default;

    bool has_defaults_or_overrides() const {
        return default_metadata || override_metadata || default_rules || override_rules;
    }
};

/// `changes`, a request's body or a record's value, over `config`: what it does not name stays,
/// what it names as null goes. `level_key`: "compatibility" in requests, "compatibilityLevel" in
/// records. A level that none has is left out; the caller has checked what clients send.
std::expected<Config, std::string> updated(Config config, json::Value const& changes,
                                           std::string_view level_key);

/// As requests and answers write it: members that were set, the level under `level_key`.
json::Value print(Config const& config, std::string_view level_key);

/// A subject's own config over the global one.
Config merged(Config const& global, Config const& own);

}  // namespace klamm::registry
