// cli/topic.cc - klamm topic create | list | describe | alter | delete.
#include "klamm/cli/cluster.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/json.h"
#include "klamm/cli/storage_words.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>

#include <chrono>

namespace klamm::cli {
namespace {

struct TopicFlags {
    ClientOptions client;
    std::vector<std::string> names;
    std::int32_t partitions = -1;
    std::int32_t replication = -1;
    std::vector<std::string> settings;  ///< NAME=VALUE
    std::vector<std::string> unset;
    bool if_not_exists = false;
    bool internal = false;
    bool all_settings = false;
    bool json = false;
};

Outcome<std::map<std::string, std::string>> parse_settings(std::vector<std::string> const& flags) {
    std::map<std::string, std::string> settings;
    for (auto const& flag : flags) {
        auto const equals = flag.find('=');
        if (equals == std::string::npos || equals == 0)
            return misused(fmt::format("--config {}: not NAME=VALUE", flag),
                           "for instance --config retention.ms=86400000");
        settings[flag.substr(0, equals)] = flag.substr(equals + 1);
    }
    return settings;
}

Outcome<std::unique_ptr<Client>> connect(TopicFlags const& flags) {
    auto client = Client::admin(flags.client);
    if (!client) return client;
    if (auto reached = (*client)->reach(); !reached) return std::unexpected(reached.error());
    return client;
}

Outcome<> create(TopicFlags const& flags) {
    auto const settings = parse_settings(flags.settings);
    if (!settings) return std::unexpected(settings.error());
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    for (auto const& name : flags.names) {
        auto const done =
            create_topic(**client, {name, flags.partitions, flags.replication, *settings});
        auto const existed = !done && is_topic_exists(done.error());
        if (!done && !(existed && flags.if_not_exists)) return done;
        if (flags.json)
            Json()
                .object()
                .field("topic", name)
                .field("created", !existed)
                .end_object()
                .print_line(stdout);
        else
            fmt::print("{} {}\n", existed ? "exists already:" : "created", name);
    }
    return {};
}

Outcome<> list(TopicFlags const& flags) {
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    auto const all = topics(**client);
    if (!all) return std::unexpected(all.error());
    Json json;
    json.array();
    Table table({"TOPIC", ">PARTITIONS", ">REPLICAS"});
    for (auto const& topic : *all) {
        if (topic.name.starts_with("__") && !flags.internal) continue;
        auto const replicas =
            topic.partitions.empty() ? 0 : topic.partitions.front().replicas.size();
        table.row(
            {topic.name, fmt::format("{}", topic.partitions.size()), fmt::format("{}", replicas)});
        json.object()
            .field("topic", topic.name)
            .field("partitions", topic.partitions.size())
            .field("replicas", replicas)
            .end_object();
    }
    json.end_array();
    if (flags.json)
        json.print_line(stdout);
    else if (table.empty())
        fmt::print(stderr, "no topics yet; make one with `klamm topic create NAME`\n");
    else
        table.print(stdout);
    return {};
}

struct Described {
    TopicState topic;
    Offsets first;
    Offsets next;
    std::vector<ConfigEntry> config;
    std::string report;  ///< of a klamm broker: what it does with the records. JSON, or empty
};

Outcome<Described> look_at(Client& client, std::string const& name) {
    auto const found = topic(client, name);
    if (!found) return std::unexpected(found.error());
    auto const partitions = partitions_of(*found);
    auto const first = offsets_at(client, partitions, earliest);
    if (!first) return std::unexpected(first.error());
    auto const next = offsets_at(client, partitions, latest);
    if (!next) return std::unexpected(next.error());
    auto const config = topic_config(client, name);
    if (!config) return std::unexpected(config.error());
    // Another broker leaves it out, or refuses to describe what it does not know.
    auto const report = topic_config_value(client, name, "klamm.report");
    return Described{*found, *first, *next, *config, report.value_or(std::string{})};
}

void print(Described const& it, bool all_settings) {
    Style const style{stdout};
    std::int64_t records = 0;
    Table table({">PARTITION", ">LEADER", "REPLICAS", "IN SYNC", ">FIRST", ">NEXT", ">RECORDS"});
    for (auto const& partition : it.topic.partitions) {
        auto const first = it.first.at({it.topic.name, partition.id});
        auto const next = it.next.at({it.topic.name, partition.id});
        records += next - first;
        table.row({fmt::format("{}", partition.id), fmt::format("{}", partition.leader),
                   fmt::format("{}", fmt::join(partition.replicas, ",")),
                   fmt::format("{}", fmt::join(partition.in_sync, ",")), with_commas(first),
                   with_commas(next), with_commas(next - first)});
    }
    fmt::print("{}{}{}  {} partition{}, {} record{}\n\n", style.bold(), it.topic.name, style.off(),
               it.topic.partitions.size(), it.topic.partitions.size() == 1 ? "" : "s",
               with_commas(records), records == 1 ? "" : "s");
    table.print(stdout);
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    auto const words = storage_words(
        it.report, std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
    if (!words.empty()) fmt::print("\n");
    for (auto const& line : words) fmt::print("{}\n", line);
    Table settings({"SETTING", "VALUE", ""});
    for (auto const& entry : it.config)
        if (entry.is_set || all_settings)
            settings.row({entry.name, entry.value, entry.is_set ? "set" : "default"});
    if (settings.empty()) {
        fmt::print("\n{}every setting has its default; --all-settings shows them{}\n", style.dim(),
                   style.off());
        return;
    }
    fmt::print("\n");
    settings.print(stdout);
}

void write(Json& json, Described const& it, bool all_settings) {
    json.object().field("topic", it.topic.name).key("partitions").array();
    for (auto const& partition : it.topic.partitions) {
        json.object().field("partition", partition.id).field("leader", partition.leader);
        json.key("replicas").array();
        for (auto const replica : partition.replicas) json.value(replica);
        json.end_array().key("in_sync").array();
        for (auto const replica : partition.in_sync) json.value(replica);
        json.end_array()
            .field("first", it.first.at({it.topic.name, partition.id}))
            .field("next", it.next.at({it.topic.name, partition.id}))
            .end_object();
    }
    json.end_array().key("settings").object();
    for (auto const& entry : it.config)
        if (entry.is_set || all_settings) json.field(entry.name, entry.value);
    json.end_object().end_object();
}

Outcome<> describe(TopicFlags const& flags) {
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    Json json;
    json.array();
    for (auto const& name : flags.names) {
        auto const described = look_at(**client, name);
        if (!described) return std::unexpected(described.error());
        if (flags.json)
            write(json, *described, flags.all_settings);
        else
            print(*described, flags.all_settings);
    }
    json.end_array();
    if (flags.json) json.print_line(stdout);
    return {};
}

Outcome<> alter(TopicFlags const& flags) {
    auto const settings = parse_settings(flags.settings);
    if (!settings) return std::unexpected(settings.error());
    if (flags.partitions < 0 && settings->empty() && flags.unset.empty())
        return misused("topic alter: nothing to change",
                       "give --partitions N, --config NAME=VALUE or --unset NAME");
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    for (auto const& name : flags.names) {
        if (auto found = topic(**client, name); !found) return std::unexpected(found.error());
        if (!settings->empty() || !flags.unset.empty())
            if (auto done = change_topic_config(**client, name, *settings, flags.unset); !done)
                return done;
        if (flags.partitions > 0)
            if (auto done = grow_topic(**client, name, flags.partitions); !done) return done;
        if (flags.json)
            Json()
                .object()
                .field("topic", name)
                .field("altered", true)
                .end_object()
                .print_line(stdout);
        else
            fmt::print("altered {}\n", name);
    }
    return {};
}

Outcome<> remove(TopicFlags const& flags) {
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    for (auto const& name : flags.names) {
        if (auto done = delete_topic(**client, name); !done) return done;
        if (flags.json)
            Json()
                .object()
                .field("topic", name)
                .field("deleted", true)
                .end_object()
                .print_line(stdout);
        else
            fmt::print("deleted {}\n", name);
    }
    return {};
}

}  // namespace

void add_topic(CLI::App& app, int& exit_code) {
    auto* topic = app.add_subcommand("topic", "Create, list, describe, change and delete topics");
    topic->require_subcommand(1);
    topic->footer(
        "Examples:\n"
        "  klamm topic create orders --partitions 6 --config retention.ms=604800000\n"
        "  klamm topic describe orders\n"
        "  klamm topic alter orders --partitions 12 --unset retention.ms\n"
        "  klamm topic list --json");
    struct Command {
        CLI::App* app;
        std::shared_ptr<TopicFlags>
            flags;  // its own: CLI11 applies KLAMM_BOOTSTRAP to all commands
    };
    auto const command = [&](char const* name, char const* what,
                             Outcome<> (*run)(TopicFlags const&)) {
        auto* sub = topic->add_subcommand(name, what);
        auto flags = std::make_shared<TopicFlags>();
        add_client_options(*sub, flags->client);
        sub->add_flag("--json", flags->json, "Write JSON");
        sub->callback([flags, run, &exit_code] { exit_code = report(run(*flags)); });
        return Command{sub, flags};
    };
    auto const with_names = [&](Command const& it) {
        it.app->add_option("NAME", it.flags->names, "The topic, or several")->required();
    };
    auto const with_settings = [&](Command const& it) {
        it.app->add_option("--config", it.flags->settings, "A setting of the topic; repeatable")
            ->type_name("NAME=VALUE")
            ->expected(1)
            ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    };

    auto const create_command = command("create", "Create a topic", create);
    with_names(create_command);
    with_settings(create_command);
    create_command.app
        ->add_option("-p,--partitions", create_command.flags->partitions,
                     "How many; the cluster's default if left out")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    create_command.app
        ->add_option("--replication", create_command.flags->replication,
                     "Copies; the cluster's default if left out")
        ->type_name("N")
        ->check(CLI::Range(1, 100));
    create_command.app->add_flag("--if-not-exists", create_command.flags->if_not_exists,
                                 "It is fine if it exists");
    create_command.app->footer(
        "Example:\n  klamm topic create orders --partitions 6 --config cleanup.policy=compact");

    auto const list_command = command("list", "List topics", list);
    list_command.app->add_flag("--internal", list_command.flags->internal,
                               "Also those whose names start with __");

    auto const describe_command =
        command("describe", "Show partitions, offsets and settings", describe);
    with_names(describe_command);
    describe_command.app->add_flag("--all-settings", describe_command.flags->all_settings,
                                   "Also settings that have their defaults");

    auto const alter_command = command("alter", "Add partitions, change settings", alter);
    with_names(alter_command);
    with_settings(alter_command);
    alter_command.app
        ->add_option("-p,--partitions", alter_command.flags->partitions,
                     "How many there shall be; never fewer than now")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000));
    alter_command.app
        ->add_option("--unset", alter_command.flags->unset,
                     "Take a setting back to its default; repeatable")
        ->type_name("NAME")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    alter_command.app->footer(
        "More partitions move keys: records of one key stay in order only within a partition.\n"
        "Example:\n  klamm topic alter orders --config retention.ms=3600000 --unset "
        "cleanup.policy");

    with_names(command("delete", "Delete a topic and its records, for good", remove));
}

}  // namespace klamm::cli
