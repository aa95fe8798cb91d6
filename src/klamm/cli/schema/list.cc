// cli/schema/list.cc - klamm schema list | show.
#include "klamm/cli/json.h"
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/schema/source.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <algorithm>
#include <limits>

namespace klamm::cli {
namespace {

struct ListFlags {
    RegistryOptions registry;
    std::string subject;
    bool deleted = false;
    bool json = false;
};

struct Row {
    RegisteredSchema schema;
    bool deleted = false;
};

/// Of a subject: all its versions, or the last.
Outcome<> add_rows(RegistryClient& client, std::string const& subject, bool with_deleted, bool all,
                   std::vector<Row>& rows) {
    using Deleted = RegistryClient::Deleted;
    auto const live = client.versions(subject);
    if (!live) return std::unexpected(live.error());
    auto const numbers = with_deleted ? client.versions(subject, Deleted::shown) : live;
    if (!numbers) return std::unexpected(numbers.error());
    for (auto it = all || numbers->empty() ? numbers->begin() : numbers->end() - 1;
         it != numbers->end(); ++it) {
        auto schema = client.find(subject, std::to_string(*it), Deleted::shown);
        if (!schema) return std::unexpected(schema.error());
        if (*schema)  // else it was deleted meanwhile
            rows.push_back({std::move(**schema), !std::ranges::binary_search(*live, *it)});
    }
    return {};
}

/// One row for each subject, or for each version of one.
Outcome<std::vector<Row>> rows_of(RegistryClient& client, ListFlags const& flags) {
    std::vector<std::string> subjects{flags.subject};
    if (flags.subject.empty()) {
        auto names = client.subjects(flags.deleted ? RegistryClient::Deleted::shown
                                                   : RegistryClient::Deleted::hidden);
        if (!names) return std::unexpected(names.error());
        subjects = std::move(*names);
    }
    std::vector<Row> rows;
    for (auto const& subject : subjects)
        if (auto done = add_rows(client, subject, flags.deleted, !flags.subject.empty(), rows);
            !done)
            return std::unexpected(done.error());
    if (rows.empty() && !flags.subject.empty())
        return failed(fmt::format("there is no subject {} in {}", flags.subject, client.name()),
                      "`klamm schema list` shows those that there are");
    return rows;
}

Outcome<> list(ListFlags const& flags) {
    RegistryClient client(flags.registry);
    auto const rows = rows_of(client, flags);
    if (!rows) return std::unexpected(rows.error());
    Json json;
    json.array();
    Table table({"SUBJECT", "TYPE", flags.subject.empty() ? ">LATEST" : ">VERSION", ">ID",
                 ">REFERENCES", ""});
    for (auto const& [it, deleted] : *rows) {
        auto const references = it.schema.references.size();
        table.row({it.subject, std::string(name_of(it.schema.type)), std::to_string(it.version),
                   std::to_string(it.id), references == 0 ? "-" : std::to_string(references),
                   deleted ? "deleted" : ""});
        json.object()
            .field("subject", it.subject)
            .field("type", name_of(it.schema.type))
            .field("version", it.version)
            .field("id", it.id)
            .field("references", references)
            .field("deleted", deleted)
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
    std::int32_t id = 0;
    bool json = false;
};

Outcome<RegisteredSchema> wanted(RegistryClient& client, ShowFlags const& flags) {
    if (flags.id > 0) {
        auto it = client.by_id(flags.id, flags.subject);
        if (!it) return std::unexpected(it.error());
        if (*it) return std::move(**it);
        return failed(fmt::format("{} has no schema {}", client.name(), flags.id));
    }
    if (flags.subject.empty())
        return misused("schema show: which?", "SUBJECT, SUBJECT:VERSION, or --id N");
    if (!flags.version.empty()) return client.get(flags.subject, flags.version);
    auto const [subject, version] = subject_and_version(flags.subject);
    return client.get(subject, version);
}

Outcome<> show(ShowFlags const& flags) {
    RegistryClient client(flags.registry);
    auto const it = wanted(client, flags);
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
    if (it->version > 0)
        fmt::print(stderr, "{}{}{}  version {}, ", style.bold(), it->subject, style.off(),
                   it->version);
    fmt::print(stderr, "id {}, {}\n", it->id, name_of(it->schema.type));
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
    command->add_option("SUBJECT", flags->subject, "The subject, or SUBJECT:VERSION");
    command->add_option("--version", flags->version, "Which one; the latest if left out")
        ->type_name("N");
    command->add_option("--id", flags->id, "By its id instead, as records name it")
        ->type_name("N")
        ->check(CLI::Range(1, std::numeric_limits<std::int32_t>::max()));
    command->add_flag("--json", flags->json, "Write JSON: text, numbers, references, metadata");
    add_registry_options(*command, flags->registry);
    command->footer(
        "The text alone goes to stdout:\n"
        "  klamm schema show orders-value > order.avsc\n"
        "  klamm schema show orders-value:2\n"
        "  klamm schema show --id 7");
}

}  // namespace klamm::cli
