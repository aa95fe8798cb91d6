// cli/schema/diff.cc - klamm schema diff: two versions, or a file and a version, in words and
// lines.
#include "klamm/cli/schema/checking.h"
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/schema/line_diff.h"
#include "klamm/cli/schema/source.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <filesystem>

namespace klamm::cli {
namespace {

struct DiffFlags {
    RegistryOptions registry;
    std::string old_side;
    std::string new_side;
    std::string type;
    std::vector<std::string> references;
    bool json = false;
};

struct Side {
    std::string name;
    schema::Type type = schema::Type::avro;
    std::string text;
    schema::SchemaPtr schema;
};

class Sides {
public:
    Sides(RegistryClient& registry, DiffFlags const& flags) : registry_(registry), flags_(flags) {}

    /// A file, if there is one of that name; else SUBJECT or SUBJECT:VERSION.
    Outcome<Side> side(std::string const& what) {
        std::error_code error;
        if (what == "-" || std::filesystem::is_regular_file(what, error)) return from_file(what);
        if (type_of_file(what)) return misused(fmt::format("{}: there is no such file", what));
        auto const [subject, version] = subject_and_version(what);
        return from_registry(subject, version);
    }
    Outcome<Side> from_registry(std::string const& subject, std::string const& version) {
        auto const it = registry_.get(subject, version);
        if (!it) return std::unexpected(it.error());
        return parsed(fmt::format("{}:{}", subject, it->version), it->schema, subject, false);
    }

private:
    Outcome<Side> from_file(std::string const& path) {
        auto const references = parse_references(flags_.references);
        if (!references) return std::unexpected(references.error());
        auto const file = read_schema(path, type_of_flag(flags_.type));
        if (!file) return std::unexpected(file.error());
        auto const other =
            subject_and_version(path == flags_.new_side ? flags_.old_side : flags_.new_side);
        NewSchema schema{.type = file->type,
                         .text = file->text,
                         .references = *references,
                         .metadata = {},
                         .rule_set = {}};
        // What the file refers to is most likely what the version refers to.
        if (references->empty()) {
            auto const version = registry_.find(other.first, other.second);
            if (version && *version) schema.references = (*version)->schema.references;
        }
        return parsed(path, schema, other.first, true);
    }
    Outcome<Side> parsed(std::string name, NewSchema const& it, std::string const& subject,
                         bool strict) {
        auto schema = registry_.parse(it, subject, strict);
        if (!schema)
            return failed(fmt::format("{}: {}", name, schema.error().what), schema.error().hint);
        return Side{std::move(name), it.type, (*schema)->canonical(), *schema};
    }

    RegistryClient& registry_;
    DiffFlags const& flags_;
};

/// Whether `reader` reads what `writer` wrote, in words; why not in the check.
Outcome<bool> reads(Side const& reader, Side const& writer) {
    auto const found = reader.schema->differences(*writer.schema, schema::Policy::strict);
    if (!found) return failed(found.error().why);
    return found->empty();
}

json::Value to_json(schema::Difference const& it) {
    return json::Object{{"rule", it.rule},
                        {"path", it.path},
                        {"description", schema::worded(it.description, "new", "old")},
                        {"before", it.before},
                        {"after", it.after}};
}

void print_lines(std::string_view diff) {
    Style const style{stdout};
    while (!diff.empty()) {
        auto const line = diff.substr(0, diff.find('\n'));
        auto const color = line.starts_with("+++") || line.starts_with("---") ? style.bold()
                           : line.starts_with('+')                            ? style.good()
                           : line.starts_with('-')                            ? style.bad()
                           : line.starts_with('@')                            ? style.cool()
                                                                              : "";
        fmt::print("{}{}{}\n", color, line, color.empty() ? "" : style.off());
        diff.remove_prefix(std::min(line.size() + 1, diff.size()));
    }
}

Outcome<> compare(DiffFlags const& flags, Side const& old, Side const& now) {
    if (old.type != now.type)
        return failed(fmt::format("{} is {}, {} is {}: they have nothing in common", old.name,
                                  name_of(old.type), now.name, name_of(now.type)));
    auto const changes = now.schema->changes_from(*old.schema);
    auto const backward = reads(now, old);
    if (!backward) return std::unexpected(backward.error());
    auto const forward = reads(old, now);
    if (!forward) return std::unexpected(forward.error());
    auto const lines = unified_diff(readable(old.type, old.text), readable(now.type, now.text),
                                    old.name, now.name);
    if (flags.json) {
        json::Array list;
        for (auto const& each : changes) list.push_back(to_json(each));
        fmt::print("{}\n", json::print(json::Object{{"old", old.name},
                                                    {"new", now.name},
                                                    {"new_reads_old", *backward},
                                                    {"old_reads_new", *forward},
                                                    {"changes", std::move(list)},
                                                    {"diff", lines}}));
        return {};
    }
    Style const style{stdout};
    auto const yes_or_no = [&](bool yes) {
        return yes ? fmt::format("{}yes{}", style.good(), style.off())
                   : fmt::format("{}no{}", style.bad(), style.off());
    };
    if (lines.empty() && changes.empty()) {
        fmt::print("{} and {} are the same\n", old.name, now.name);
        return {};
    }
    fmt::print("{}{}{} {}→{} {}{}{}\n", style.bold(), old.name, style.off(), style.dim(),
               style.off(), style.bold(), now.name, style.off());
    for (auto const& each : changes)
        fmt::print("  {}  {}{}{}\n", schema::worded(each.description, "new", "old"), style.dim(),
                   each.path, style.off());
    fmt::print("\n  {} reads data of {}: {}\n  {} reads data of {}: {}\n\n", now.name, old.name,
               yes_or_no(*backward), old.name, now.name, yes_or_no(*forward));
    print_lines(lines);
    return {};
}

Outcome<> diff(DiffFlags const& flags) {
    RegistryClient registry(flags.registry);
    Sides sides(registry, flags);
    if (!flags.new_side.empty()) {
        auto const old = sides.side(flags.old_side);
        if (!old) return std::unexpected(old.error());
        auto const now = sides.side(flags.new_side);
        if (!now) return std::unexpected(now.error());
        return compare(flags, *old, *now);
    }
    auto const versions = registry.versions(flags.old_side);
    if (!versions) return std::unexpected(versions.error());
    if (versions->size() < 2)
        return failed(fmt::format("{} has {}", flags.old_side,
                                  versions->empty() ? "no versions" : "only one version"),
                      "give two: SUBJECT:VERSION, or a file");
    auto const old =
        sides.from_registry(flags.old_side, std::to_string((*versions)[versions->size() - 2]));
    if (!old) return std::unexpected(old.error());
    auto const now = sides.from_registry(flags.old_side, std::to_string(versions->back()));
    if (!now) return std::unexpected(now.error());
    return compare(flags, *old, *now);
}

}  // namespace

void add_schema_diff(CLI::App& schema, int& exit_code) {
    auto const [command, flags] = schema_command<DiffFlags>(
        schema, "diff", "Show what differs between two schemas, and who can read whom", exit_code,
        diff);
    command
        ->add_option("OLD", flags->old_side,
                     "SUBJECT:VERSION, SUBJECT for its latest, or a file; alone: a subject's last "
                     "two versions")
        ->required();
    command->add_option("NEW", flags->new_side, "Likewise");
    command->add_option("--type", flags->type, "Of files that do not end in .avsc, .proto, .json")
        ->check(CLI::IsMember(type_flags(), CLI::ignore_case));
    command
        ->add_option("--reference", flags->references, "What a file refers to by NAME; repeatable")
        ->type_name("NAME=SUBJECT:VERSION")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_flag("--json", flags->json, "Write JSON");
    add_registry_options(*command, flags->registry);
    command->footer(
        "Examples:\n"
        "  klamm schema diff orders-value\n"
        "  klamm schema diff orders-value:1 orders-value:3\n"
        "  klamm schema diff orders-value order.avsc");
}

}  // namespace klamm::cli
