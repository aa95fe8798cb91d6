// cli/schema/config.cc - klamm schema config: level, policy, normalization, mode.
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/terminal.h"
#include "klamm/registry/level.h"

#include <fmt/core.h>

namespace klamm::cli {
namespace {

struct ConfigFlags {
    RegistryOptions registry;
    std::string subject;
    std::string level;
    std::string policy;
    std::string normalize;
    std::string mode;
    bool unset = false;
    bool json = false;
};

std::string text_of(json::Value const& value) {
    return value.is_string() ? value.string() : json::print(value);
}

Outcome<> change(RegistryClient& client, ConfigFlags const& flags) {
    if (flags.unset) {
        if (auto done = client.remove_config(flags.subject); !done) return done;
        return client.remove_mode(flags.subject);
    }
    json::Value config = json::Object{};
    if (!flags.level.empty()) {
        auto const level = registry::level_named(flags.level);
        if (!level)
            return misused(fmt::format("--level {}: no such level", flags.level),
                           "NONE, BACKWARD, FORWARD or FULL; the last three also with _TRANSITIVE");
        config.set("compatibility", name_of(*level));
    }
    if (!flags.policy.empty()) config.set("compatibilityPolicy", flags.policy);
    if (!flags.normalize.empty()) config.set("normalize", flags.normalize == "true");
    if (!config.object().empty())
        if (auto done = client.set_config(flags.subject, config); !done) return done;
    if (!flags.mode.empty()) return client.set_mode(flags.subject, flags.mode, false);
    return {};
}

Outcome<> show(RegistryClient& client, ConfigFlags const& flags) {
    using Scope = RegistryClient::Scope;
    auto const own = client.config(flags.subject, Scope::own);
    if (!own) return std::unexpected(own.error());
    auto const all = client.config(flags.subject, Scope::inherited);
    if (!all) return std::unexpected(all.error());
    auto const own_mode = client.mode(flags.subject, Scope::own);
    if (!own_mode) return std::unexpected(own_mode.error());
    auto const mode = client.mode(flags.subject, Scope::inherited);
    if (!mode) return std::unexpected(mode.error());
    auto document = all->is_object() ? *all : json::Value(json::Object{});
    document.set("mode", mode->value_or("READWRITE"));
    if (flags.json) {
        document.set("subject", flags.subject);
        fmt::print("{}\n", json::print(document));
        return {};
    }
    Table table({"SETTING", "VALUE", ""});
    for (auto const& [key, value] : document.object()) {
        auto const is_own = key == "mode" ? own_mode->has_value() : own->find(key) != nullptr;
        table.row({key, text_of(value), flags.subject.empty() ? "" : is_own ? "own" : "inherited"});
    }
    table.print(stdout);
    return {};
}

Outcome<> config(ConfigFlags const& flags) {
    auto const sets = !flags.level.empty() || !flags.policy.empty() || !flags.normalize.empty() ||
                      !flags.mode.empty();
    if (sets && flags.unset) return misused("--unset and settings exclude each other");
    RegistryClient client(flags.registry);
    if (sets || flags.unset)
        if (auto done = change(client, flags); !done) return done;
    return show(client, flags);
}

}  // namespace

void add_schema_config(CLI::App& schema, int& exit_code) {
    auto const [command, flags] = schema_command<ConfigFlags>(
        schema, "config", "Show or set what new versions must be compatible with", exit_code,
        config);
    command->add_option("SUBJECT", flags->subject, "One subject; the whole registry if left out");
    command->add_option("--level", flags->level,
                        "NONE, BACKWARD, FORWARD, FULL, or with _TRANSITIVE against all versions");
    command->add_option("--policy", flags->policy, "Which additions count as compatible")
        ->check(CLI::IsMember({"STRICT", "LENIENT", "LOGICAL"}, CLI::ignore_case));
    command->add_option("--normalize", flags->normalize, "Normalize all that is registered")
        ->check(CLI::IsMember({"true", "false"}));
    command->add_option("--mode", flags->mode, "What may be done")
        ->check(CLI::IsMember({"READWRITE", "READONLY", "IMPORT"}, CLI::ignore_case));
    command->add_flag("--unset", flags->unset, "Take all settings back to what is inherited");
    command->add_flag("--json", flags->json, "Write JSON");
    add_registry_options(*command, flags->registry);
    command->footer(
        "BACKWARD: readers with the new schema can read old data. FORWARD: readers with the old\n"
        "schema can read new data. FULL: both.\n"
        "Examples:\n"
        "  klamm schema config\n"
        "  klamm schema config orders-value --level FULL_TRANSITIVE");
}

}  // namespace klamm::cli
