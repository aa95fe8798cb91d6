// cli/schema/check.cc - klamm schema check: files against a registry, or against a revision of git.
#include "klamm/cli/schema/check_report.h"
#include "klamm/cli/schema/commands.h"

#include <fmt/core.h>

#include <algorithm>

namespace klamm::cli {
namespace {

constexpr std::int64_t records_max = 100'000'000;

struct CheckFlags {
    RegistryOptions registry;
    ClientOptions cluster;
    std::vector<std::string> paths;
    std::vector<std::string> subjects;
    std::vector<std::string> references;
    std::string type;
    std::string revision;
    std::string level;
    std::string policy;
    std::string topic;
    std::int64_t records = 0;
    bool has_registry = false;  ///< it was named, by flag or environment
    bool mend = false;
    bool json = false;
    bool sarif = false;
};

Outcome<CheckOptions> options_of(CheckFlags const& flags) {
    CheckOptions options;
    if (!flags.level.empty()) {
        options.level = registry::level_named(flags.level);
        if (!options.level)
            return misused(fmt::format("--level {}: no such level", flags.level),
                           "NONE, BACKWARD, FORWARD or FULL; the last three also with _TRANSITIVE");
    }
    if (!flags.policy.empty())
        options.policy = flags.policy == "lenient"   ? schema::Policy::lenient
                         : flags.policy == "logical" ? schema::Policy::logical
                                                     : schema::Policy::strict;
    auto references = parse_references(flags.references);
    if (!references) return std::unexpected(references.error());
    options.references = std::move(*references);
    return options;
}

/// Files as they are, or as they are in the revision when the registry is what they are compared
/// with.
struct Files {
    std::vector<SchemaFile> now;
    std::vector<SchemaFile> before;  ///< only without registry
};

Outcome<Files> files_of(CheckFlags const& flags) {
    auto const subjects = parse_subjects(flags.subjects);
    if (!subjects) return std::unexpected(subjects.error());
    auto const type = type_of_flag(flags.type);
    auto const old = !flags.revision.empty();
    auto const paths = flags.paths.empty() ? std::vector<std::string>{"."} : flags.paths;
    Files files;
    if (!old || !flags.has_registry) {
        auto now = read_schemas(paths, type, *subjects);
        if (!now) return std::unexpected(now.error());
        files.now = std::move(*now);
    }
    if (old) {
        auto before = read_schemas_of(flags.revision, paths, type, *subjects);
        if (!before) return std::unexpected(before.error());
        (flags.has_registry ? files.now : files.before) = std::move(*before);
    }
    if (files.now.empty())
        return misused(fmt::format("{}: no .avsc, .proto or .json there", paths.front()));
    return files;
}

Outcome<> check_records(CheckFlags const& flags, RegistryClient& registry, Checked& it) {
    if (!it.result.schema) return {};
    auto const named = topic_of(it.result.file.subject);
    if (!named && flags.topic.empty())
        return misused(
            fmt::format("--against-data: on which topic is subject {}?", it.result.file.subject),
            "its name ends in neither -value nor -key; --topic NAME says which");
    auto data =
        check_data(registry, flags.cluster, flags.topic.empty() ? named->first : flags.topic,
                   named ? named->second : Part::value, flags.records, *it.result.schema);
    if (!data) return std::unexpected(data.error());
    it.data = std::move(*data);
    return {};
}

Outcome<> write_mend(Checked& it) {
    if (it.result.status != CheckResult::Status::incompatible) return {};
    auto const text = mended(*it.result.explanation);
    if (text.empty()) return {};
    it.written = it.result.file.path;
    return write_text(it.written, readable(it.result.file.type, text));
}

std::string plain_path(std::string const& path) {
    return path.starts_with("./") ? path.substr(2) : path;
}

Outcome<std::vector<Checked>> check_all(CheckFlags const& flags, Files const& files,
                                        CheckOptions options) {
    auto const by_git = !flags.revision.empty() && !flags.has_registry;
    RegistryClient registry(flags.registry);
    Checker checker(by_git ? nullptr : &registry, std::move(options));
    std::vector<Checked> all;
    for (auto const& file : files.now) {
        auto const old =
            std::ranges::find(files.before, plain_path(file.path),
                              [](SchemaFile const& each) { return plain_path(each.path); });
        auto result =
            by_git ? checker.check(file, files.now, old == files.before.end() ? nullptr : &*old,
                                   files.before, flags.revision)
                   : checker.check(file, files.now);
        if (!result) return std::unexpected(result.error());
        all.push_back({.result = std::move(*result)});
        if (flags.records > 0)
            if (auto done = check_records(flags, registry, all.back()); !done)
                return std::unexpected(done.error());
        if (flags.mend)
            if (auto done = write_mend(all.back()); !done) return std::unexpected(done.error());
    }
    return all;
}

int check(CheckFlags const& flags) {
    if (flags.json && flags.sarif) return report(misused("--json and --sarif exclude each other"));
    if (flags.paths.empty() && flags.revision.empty())
        return report(misused("schema check: which files?",
                              "for instance klamm schema check order.avsc --subject orders-value"));
    if (flags.mend && !flags.revision.empty() && flags.has_registry)
        return report(misused("--mend writes files, and those of a revision cannot be written"));
    auto options = options_of(flags);
    if (!options) return report(std::unexpected(options.error()));
    auto const files = files_of(flags);
    if (!files) return report(std::unexpected(files.error()));
    auto const all = check_all(flags, *files, std::move(*options));
    if (!all) return report(std::unexpected(all.error()));
    if (flags.json)
        fmt::print("{}\n", json::print(to_json(*all)));
    else if (flags.sarif)
        fmt::print("{}\n", json::print_indented(to_sarif(*all)));
    else {
        for (auto const& it : *all) print_checked(it, stdout);
        print_summary(*all, stdout);
    }
    return std::ranges::all_of(*all, &Checked::passes) ? 0 : 1;
}

void add_check_options(CLI::App& command, CheckFlags& flags) {
    command.add_option("PATH", flags.paths, "Files, or directories with .avsc, .proto, .json");
    command
        .add_option("--subject", flags.subjects,
                    "Whose next version a file would be; without it the file's name says so")
        ->type_name("[FILE=]SUBJECT")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command.add_option("--type", flags.type, "For names that do not end in .avsc, .proto, .json")
        ->check(CLI::IsMember(type_flags(), CLI::ignore_case));
    command
        .add_option("--reference", flags.references,
                    "What the schema refers to by NAME; the latest version's if left out")
        ->type_name("NAME=SUBJECT:VERSION")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command
        .add_option(
            "--git", flags.revision,
            "Compare with the files of this revision; with a --registry named: compare them "
            "with the registry")
        ->type_name("REV");
    command.add_option("--level", flags.level, "Instead of the level that the registry has set");
    command.add_option("--policy", flags.policy, "Instead of the policy that the registry has set")
        ->check(CLI::IsMember({"strict", "lenient", "logical"}, CLI::ignore_case));
    command
        .add_option("--against-data", flags.records,
                    "Also read the last N records of the topic with the new schema")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t(1), records_max));
    command.add_option("--topic", flags.topic, "Where those are, if the subject does not say so")
        ->type_name("NAME");
    command.add_flag("--mend", flags.mend, "Write the first mend that was proven into the file");
    command.add_flag("--json", flags.json, "Write JSON");
    command.add_flag("--sarif", flags.sarif, "Write SARIF 2.1.0, for code hosts");
}

}  // namespace

void add_schema_check(CLI::App& schema, int& exit_code) {
    auto* const command = schema.add_subcommand(
        "check", "Say whether schemas may be registered, and if not, why and how to mend them");
    auto const flags = std::make_shared<CheckFlags>();
    add_check_options(*command, *flags);
    add_client_options(*command, flags->cluster);
    add_registry_options(*command, flags->registry);
    command->callback([command, flags, &exit_code] {
        flags->has_registry = command->count("--registry") > 0;
        flags->registry.timeout_s = flags->cluster.timeout_s;
        exit_code = check(*flags);
    });
    command->footer(
        "Ends with 0 when all may be registered, 1 when not, 2 when it was used wrongly. Nothing\n"
        "is registered. A mend is shown only after the mended schema was compared again.\n"
        "Examples:\n"
        "  klamm schema check order.avsc --subject orders-value\n"
        "  klamm schema check schemas/ --sarif > findings.sarif\n"
        "  klamm schema check schemas/ --git main --level FULL\n"
        "  klamm schema check orders-value.avsc --against-data 1000");
}

}  // namespace klamm::cli
