// cli/schema/import_command.cc - klamm schema import: from lines, a topic _schemas, or a registry.
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/schema/import.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/text.h"
#include "klamm/cli/topic_reader.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace klamm::cli {
namespace {

constexpr std::size_t conflicts_shown_max = 20;

struct ImportFlags {
    RegistryOptions registry;
    ClientOptions cluster;
    std::string source;
    std::string topic = "_schemas";
    bool has_cluster = false;  ///< it was named, by flag or environment
    bool dry_run = false;
    bool json = false;
};

Outcome<RegistryContents> from_lines(std::string const& path) {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, &std::fclose);
    if (path != "-") {
        file.reset(std::fopen(path.c_str(), "re"));
        if (!file) return failed(fmt::format("{}: {}", path, std::strerror(errno)));
    }
    LineReader reader(file ? file.get() : stdin);
    RegistryContents contents;
    for (std::string line;;) {
        auto const result = reader.next(line);
        if (result == LineReader::Result::end) return contents;
        if (result != LineReader::Result::line)
            return failed(fmt::format("{}:{}: cannot be read", path, reader.number()));
        if (line.empty()) continue;
        auto const record = record_of_line(line);
        if (!record)
            return failed(
                fmt::format("{}:{}: {}", path, reader.number(), record.error().what),
                "lines are as `klamm schema export` writes them: {\"key\":{…},\"value\":{…}}");
        contents.apply(record->first, record->second);
    }
}

Outcome<RegistryContents> from_topic(ImportFlags const& flags) {
    auto const admin = Client::admin(flags.cluster);
    if (!admin) return std::unexpected(admin.error());
    if (auto reached = (*admin)->reach(); !reached) return std::unexpected(reached.error());
    auto const ranges = ranges_of(**admin, flags.topic);
    if (!ranges) return std::unexpected(ranges.error());
    RegistryContents contents;
    auto const done =
        read_ranges(flags.cluster, flags.topic, *ranges, [&](rd_kafka_message_t const& message) {
            auto const key = json::parse(key_of(message).value_or(""));
            auto const value = json::parse(value_of(message).value_or("null"));
            if (key && value)
                contents.apply(*key, *value);
            else
                ++contents.ignored;
        });
    if (!done) return std::unexpected(done.error());
    return contents;
}

Outcome<RegistryContents> from_registry(ImportFlags const& flags) {
    auto options = flags.registry;
    options.url = flags.source;
    options.user.clear();  // that is the target's
    RegistryClient source(options);
    return contents_of(source);
}

Outcome<RegistryContents> read_source(ImportFlags const& flags) {
    if (flags.source.starts_with("http://") || flags.source.starts_with("https://"))
        return from_registry(flags);
    if (!flags.source.empty()) return from_lines(flags.source);
    if (!flags.has_cluster)
        return misused("schema import: from where?",
                       "a file, the URL of a registry, or --bootstrap HOST:PORT for the topic "
                       "_schemas of a cluster");
    return from_topic(flags);
}

void print(ImportFlags const& flags, RegistryContents const& contents, ImportPlan const& plan,
           std::string const& target) {
    if (flags.json) {
        json::Array conflicts;
        for (auto const& each : plan.conflicts) conflicts.push_back(each);
        fmt::print("{}\n",
                   json::print(json::Object{{"dry_run", flags.dry_run},
                                            {"versions", std::int64_t(contents.versions.size())},
                                            {"imported", std::int64_t(plan.missing.size())},
                                            {"same", std::int64_t(plan.same)},
                                            {"configs", std::int64_t(contents.configs.size())},
                                            {"modes", std::int64_t(contents.modes.size())},
                                            {"ignored", std::int64_t(contents.ignored)},
                                            {"conflicts", std::move(conflicts)}}));
        return;
    }
    Table table({"", ">VERSIONS"});
    table.row({"in the source", with_commas(std::int64_t(contents.versions.size()))});
    table.row({flags.dry_run || !plan.conflicts.empty() ? "would be imported" : "imported",
               with_commas(std::int64_t(plan.missing.size()))});
    table.row({"there already", with_commas(std::int64_t(plan.same))});
    table.row({"in conflict", with_commas(std::int64_t(plan.conflicts.size()))});
    table.print(stdout);
    auto const settings = contents.configs.size() + contents.modes.size();
    fmt::print("\n{} setting{} {} {}\n", settings, settings == 1 ? "" : "s",
               flags.dry_run || !plan.conflicts.empty() ? "would be set in" : "set in", target);
    if (contents.ignored > 0)
        fmt::print("{} record{} said nothing about schemas or settings\n", contents.ignored,
                   contents.ignored == 1 ? "" : "s");
    for (std::size_t i = 0; i < std::min(plan.conflicts.size(), conflicts_shown_max); ++i)
        fmt::print(stderr, "conflict: {}\n", plan.conflicts[i]);
    if (plan.conflicts.size() > conflicts_shown_max)
        fmt::print(stderr, "and {} more\n", plan.conflicts.size() - conflicts_shown_max);
}

Outcome<> import_all(ImportFlags const& flags) {
    auto const contents = read_source(flags);
    if (!contents) return std::unexpected(contents.error());
    RegistryClient target(flags.registry);
    auto const plan = plan_import(*contents, target);
    if (!plan) return std::unexpected(plan.error());
    auto const imports = plan->conflicts.empty() && !flags.dry_run;
    if (imports)
        if (auto done = carry_out(*plan, *contents, target); !done) return done;
    print(flags, *contents, *plan, target.name());
    if (!plan->conflicts.empty())
        return failed(fmt::format("{} conflict{}: nothing was imported", plan->conflicts.size(),
                                  plan->conflicts.size() == 1 ? "" : "s"),
                      "ids and versions are kept, so the registry must not use them for other "
                      "schemas");
    return {};
}

}  // namespace

void add_schema_import(CLI::App& schema, int& exit_code) {
    auto* const command = schema.add_subcommand(
        "import", "Take over schemas and settings, with their ids and versions");
    auto const flags = std::make_shared<ImportFlags>();
    command->add_option("SOURCE", flags->source,
                        "A file of lines (- is stdin), or the URL of a registry; without it the "
                        "topic _schemas of --bootstrap");
    command->add_option("--topic", flags->topic, "Its name there")
        ->type_name("NAME")
        ->capture_default_str();
    command->add_flag("--dry-run", flags->dry_run, "Only say what would be done");
    command->add_flag("--json", flags->json, "Write JSON");
    add_client_options(*command, flags->cluster);
    add_registry_options(*command, flags->registry);
    command->callback([command, flags, &exit_code] {
        flags->has_cluster = command->count("--bootstrap") > 0;
        flags->registry.timeout_s = flags->cluster.timeout_s;
        exit_code = report(import_all(*flags));
    });
    command->footer(
        "Subjects are in mode IMPORT meanwhile, and in their own mode again afterwards, also when\n"
        "it fails. With conflicts nothing is imported. Again, it takes over what is still "
        "missing.\n"
        "Examples:\n"
        "  klamm schema import http://old-registry:8081 --dry-run\n"
        "  klamm schema import schemas.jsonl\n"
        "  klamm schema import --bootstrap old-broker:9092");
}

}  // namespace klamm::cli
