// cli/contract/check.cc - klamm check: contracts in AsyncAPI documents, held against a registry and
// against what is on the topics.
#include "klamm/cli/commands.h"
#include "klamm/cli/contract/live.h"
#include "klamm/cli/contract/yaml.h"
#include "klamm/cli/sarif.h"
#include "klamm/cli/schema/source.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>

namespace klamm::cli {
namespace {

struct CheckFlags {
    ClientOptions client;
    RegistryOptions registry;
    std::vector<std::string> files;
    std::int64_t last = 1000;
    bool live = false;
    bool offline = false;
    bool strict = false;
    bool json = false;
    bool sarif = false;
};

/// A document with what was found in it.
struct Checked {
    std::string path;
    Document document;
    Contract contract;
    ContractReport report;

    bool passes(bool strict) const {
        return std::ranges::all_of(report.verdicts, [&](Verdict const& verdict) {
            return verdict.is_warning() && !strict;
        });
    }
};

Outcome<std::vector<RegisteredVersion>> versions_of(RegistryClient& client,
                                                    std::string const& subject) {
    auto const numbers = client.versions(subject);
    if (!numbers) return std::unexpected(numbers.error());
    std::vector<RegisteredVersion> all;
    for (auto const number : *numbers) {
        auto const found = client.find(subject, std::to_string(number));
        if (!found) return std::unexpected(found.error());
        if (!*found) continue;  // deleted meanwhile
        auto schema = client.parse((*found)->schema, subject, false);
        if (!schema) return std::unexpected(schema.error());
        all.push_back({number, std::move(*schema)});
    }
    return all;
}

/// Files that a document refers to, relative to its own directory.
Load loader(std::string const& document) {
    return [directory = std::filesystem::path(document).parent_path()](
               std::string const& path) -> std::expected<std::string, std::string> {
        if (path.find("://") != path.npos)
            return std::unexpected(path + ": nothing is fetched from elsewhere; put it in a file");
        auto text = read_text((directory / path).string());
        if (!text) return std::unexpected(text.error().what);
        return std::move(*text);
    };
}

Outcome<> check(CheckFlags const& flags, RegistryClient& registry, Checked& checked) {
    auto text = read_text(checked.path);
    if (!text) return std::unexpected(text.error());
    auto document = read_document(*text);
    auto& verdicts = checked.report.verdicts;
    auto const add = [&](std::vector<Problem> const& problems) {
        for (auto const& [pointer, why] : problems)
            verdicts.push_back({Verdict::Kind::document, pointer, {}, why});
    };
    if (!document) {
        add({{"", document.error()}});
        return {};
    }
    checked.document = std::move(*document);
    add(problems_of(checked.document.value));
    if (!verdicts.empty()) return {};
    std::vector<Problem> problems;
    checked.contract = read_contract(checked.document.value, loader(checked.path), problems);
    add(problems);
    auto const schemas = parse_schemas(checked.contract, checked.report);
    if (flags.offline) return {};
    auto const asked = check_directions(
        checked.contract, schemas,
        [&](std::string const& subject) { return versions_of(registry, subject); }, checked.report);
    if (!asked || !flags.live) return asked;
    return check_topics(checked.contract, schemas, {.client = flags.client, .records = flags.last},
                        registry, checked.report);
}

// ---- what is shown ------------------------------------------------------------------------

std::string counted(std::size_t count, std::string_view what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
}

void print_text(CheckFlags const& flags, Checked const& checked) {
    Style const style(stdout);
    auto const& [path, document, contract, report] = checked;
    fmt::print("{}{}{}", style.bold(), path, style.off());
    if (!contract.title.empty())
        fmt::print("  {} {}, {}, {}", contract.title, contract.version,
                   counted(contract.channels.size(), "channel"),
                   counted(contract.operations.size(), "operation"));
    fmt::print("\n");
    for (auto const& line : report.holds)
        fmt::print("  {}✓{} {}\n", style.good(), style.off(), line);
    for (auto const& verdict : report.verdicts) {
        bool const warns = verdict.is_warning() && !flags.strict;
        fmt::print("  {}{}{} {}line {}{}  {}{}{}\n", warns ? style.warm() : style.bad(),
                   warns ? "!" : "✗", style.off(), style.dim(), document.line_of(verdict.pointer),
                   style.off(), verdict.where, verdict.where.empty() ? "" : ": ", verdict.why);
    }
    if (report.holds.empty() && report.verdicts.empty())
        fmt::print("  {}✓{} the document is right\n", style.good(), style.off());
}

json::Value to_json(CheckFlags const& flags, Checked const& checked) {
    json::Value findings(json::Array{});
    for (auto const& verdict : checked.report.verdicts) {
        json::Value finding;
        finding.set("kind", name_of(verdict.kind))
            .set("severity", verdict.is_warning() && !flags.strict ? "warning" : "error")
            .set("pointer", verdict.pointer)
            .set("line", checked.document.line_of(verdict.pointer))
            .set("where", verdict.where)
            .set("why", verdict.why);
        findings.push(std::move(finding));
    }
    json::Value holds(json::Array{});
    for (auto const& line : checked.report.holds) holds.push(line);
    json::Value out;
    out.set("document", checked.path)
        .set("passes", checked.passes(flags.strict))
        .set("holds", std::move(holds))
        .set("findings", std::move(findings));
    return out;
}

void print_sarif(CheckFlags const& flags, std::vector<Checked> const& all) {
    std::vector<SarifResult> results;
    for (auto const& checked : all)
        for (auto const& verdict : checked.report.verdicts) {
            auto const line = checked.document.line_of(verdict.pointer);
            results.push_back(
                {.rule = std::string(name_of(verdict.kind)),
                 .level = verdict.is_warning() && !flags.strict ? SarifResult::Level::warning
                                                                : SarifResult::Level::error,
                 .message =
                     verdict.where.empty() ? verdict.why : verdict.where + ": " + verdict.why,
                 .file = checked.path,
                 .line = std::size_t(line)});
        }
    fmt::print("{}\n", json::print_indented(to_sarif(results)));
}

Outcome<> run(CheckFlags const& flags) {
    if (flags.live && flags.offline)
        return misused("--live and --offline exclude each other",
                       "--live reads the topics and their schemas");
    RegistryClient registry(flags.registry);
    std::vector<Checked> all;
    for (auto const& path : flags.files) {
        Checked checked{.path = path, .document = {}, .contract = {}, .report = {}};
        if (auto done = check(flags, registry, checked); !done) return done;
        all.push_back(std::move(checked));
    }
    if (flags.sarif) print_sarif(flags, all);
    if (flags.json) {
        json::Value list(json::Array{});
        for (auto const& checked : all) list.push(to_json(flags, checked));
        fmt::print("{}\n", json::print(list));
    }
    if (!flags.sarif && !flags.json)
        for (auto const& checked : all) print_text(flags, checked);
    auto const wrong = std::ranges::count_if(
        all, [&](Checked const& checked) { return !checked.passes(flags.strict); });
    if (wrong == 0) return {};
    return failed(fmt::format("{} of {} contracts {} not kept", wrong, all.size(),
                              wrong == 1 ? "is" : "are"));
}

}  // namespace

void add_check(CLI::App& app, int& exit_code) {
    auto flags = std::make_shared<CheckFlags>();
    auto* const command = app.add_subcommand(
        "check",
        "Contract tests: AsyncAPI 3 documents, YAML or JSON.\n"
        "Checks the documents, their schemas and examples; that receivers read every registered\n"
        "version and senders are read by the newest; with --live, that what is on the topics "
        "obeys.");
    command->add_option("FILE", flags->files, "AsyncAPI documents; - is standard input")
        ->required();
    command->add_flag("--offline", flags->offline, "The documents alone, without a registry");
    command->add_flag("--live", flags->live, "Also the last records of the topics");
    command->add_option("--last", flags->last, "How many records of each topic")
        ->check(CLI::Range(std::int64_t{1}, count_max))
        ->capture_default_str();
    command->add_flag("--strict", flags->strict, "What the registry does not know is an error");
    auto* const json = command->add_flag("--json", flags->json, "For programs");
    command->add_flag("--sarif", flags->sarif, "SARIF 2.1.0, for code hosts")->excludes(json);
    add_client_options(*command, flags->client);
    add_registry_options(*command, flags->registry);
    command->callback([flags, &exit_code] { exit_code = report(run(*flags)); });
}

}  // namespace klamm::cli
