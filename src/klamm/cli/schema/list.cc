// cli/schema/list.cc - klamm schema list | show.
#include "klamm/cli/json.h"
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/schema/source.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>

namespace klamm::cli {
namespace {

struct ListFlags {
    RegistryOptions registry;
    std::string subject;
    bool deleted = false;
    bool json = false;
};

std::string type_words(schema::Type type) { return std::string(name_of(type)); }

/// One row for each subject, or for each version of one.
Outcome<std::vector<RegisteredSchema>> listed(RegistryClient& client, ListFlags const& flags) {
    auto const shown =
        flags.deleted ? RegistryClient::Deleted::shown : RegistryClient::Deleted::hidden;
    std::vector<std::pair<std::string, std::string>> wanted;
    if (flags.subject.empty()) {
        auto const names = client.subjects(shown);
        if (!names) return std::unexpected(names.error());
        for (auto const& name : *names) wanted.emplace_back(name, "latest");
    } else {
        if (auto exists = client.versions(flags.subject, shown); !exists)
            return std::unexpected(exists.error());
        else if (exists->empty())
            return failed(fmt::format("there is no subject {} in {}", flags.subject, client.name()),
                          "`klamm schema list` shows those that there are");
        else
            for (auto const version : *exists)
                wanted.emplace_back(flags.subject, std::to_string(version));
    }
    std::vector<RegisteredSchema> all;
    for (auto const& [subject, version] : wanted) {
        auto it = client.find(subject, version, shown);
        if (!it) return std::unexpected(it.error());
        if (*it) all.push_back(std::move(**it));  // else it was deleted meanwhile
    }
    return all;
}

Outcome<> list(ListFlags const& flags) {
    RegistryClient client(flags.registry);
    auto const all = listed(client, flags);
    if (!all) return std::unexpected(all.error());
    Json json;
    json.array();
    Table table(
        {"SUBJECT", "TYPE", flags.subject.empty() ? ">LATEST" : ">VERSION", ">ID", ">REFERENCES"});
    for (auto const& it : *all) {
        table.row(
            {it.subject, type_words(it.schema.type), std::to_string(it.version),
             std::to_string(it.id),
             it.schema.references.empty() ? "-" : std::to_string(it.schema.references.size())});
        json.object()
            .field("subject", it.subject)
            .field("type", name_of(it.schema.type))
            .field("version", it.version)
            .field("id", it.id)
            .field("references", it.schema.references.size())
            .end_object();
    }
    json.end_array();
    if (flags.json)
        json.print_line(stdout);
    else if (table.empty())
        fmt::print(stderr, "no subjects yet; make one with `klamm schema register SUBJECT FILE`\n");
    else
        table.print(stdout);
    return {};
}

struct ShowFlags {
    RegistryOptions registry;
    std::string subject;
    std::string version;
    bool json = false;
};

Outcome<> show(ShowFlags const& flags) {
    RegistryClient client(flags.registry);
    auto [subject, version] = subject_and_version(flags.subject);
    if (!flags.version.empty()) {
        subject = flags.subject;
        version = flags.version;
    }
    auto const it = client.get(subject, version);
    if (!it) return std::unexpected(it.error());
    if (flags.json) {
        auto document = to_json(it->schema);
        document.set("subject", it->subject);
        document.set("version", it->version);
        document.set("id", it->id);
        document.set("schemaType", name_of(it->schema.type));
        fmt::print("{}\n", json::print(document));
        return {};
    }
    Style const style{stderr};
    fmt::print(stderr, "{}{}{}  version {}, id {}, {}\n", style.bold(), it->subject, style.off(),
               it->version, it->id, name_of(it->schema.type));
    for (auto const& each : it->schema.references)
        fmt::print(stderr, "{}refers to {} = {}:{}{}\n", style.dim(), each.name, each.subject,
                   each.version, style.off());
    fmt::print("{}", readable(it->schema.type, it->schema.text));
    return {};
}

}  // namespace

void add_schema_list(CLI::App& schema, int& exit_code) {
    auto const [command, flags] = schema_command<ListFlags>(
        schema, "list", "List subjects, or the versions of one", exit_code, list);
    command->add_option("SUBJECT", flags->subject, "Show its versions");
    command->add_flag("--deleted", flags->deleted, "Also those that were deleted softly");
    command->add_flag("--json", flags->json, "Write JSON");
    add_registry_options(*command, flags->registry);
}

void add_schema_show(CLI::App& schema, int& exit_code) {
    auto const [command, flags] =
        schema_command<ShowFlags>(schema, "show", "Show a schema", exit_code, show);
    command->add_option("SUBJECT", flags->subject, "The subject, or SUBJECT:VERSION")->required();
    command->add_option("--version", flags->version, "Which one; the latest if left out")
        ->type_name("N");
    command->add_flag("--json", flags->json, "Write JSON: text, numbers, references, metadata");
    add_registry_options(*command, flags->registry);
    command->footer(
        "The text alone goes to stdout:\n"
        "  klamm schema show orders-value > order.avsc\n"
        "  klamm schema show orders-value --version 2");
}

}  // namespace klamm::cli
