// cli/schema/registering.cc - klamm schema register | delete.
#include "klamm/cli/json.h"
#include "klamm/cli/schema/checking.h"
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/schema/source.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace klamm::cli {
namespace {

struct RegisterFlags {
    RegistryOptions registry;
    std::string subject;
    std::string file;
    std::string type;
    std::vector<std::string> references;
    bool normalize = false;
    bool json = false;
};

/// The registry said that it breaks what is there: says why, as `klamm schema check` does.
/// True: it could be mended.
bool explain_refusal(RegistryClient& client, SchemaFile const& file,
                     std::vector<SchemaReference> const& references) {
    auto const result = Checker(&client, {.references = references}).check(file, {});
    if (!result || !result->explanation || result->explanation->is_compatible()) return false;
    fmt::print(stderr, "{}\n", to_text(*result->explanation, paint_for(stderr)));
    return !mended(*result->explanation).empty();
}

bool is_incompatible(Failure const& failure) {
    return failure.what.ends_with("(409)") || failure.what.ends_with("(40901)");
}

Outcome<> register_schema(RegisterFlags const& flags) {
    auto const references = parse_references(flags.references);
    if (!references) return std::unexpected(references.error());
    auto file = read_schema(flags.file, type_of_flag(flags.type));
    if (!file) return std::unexpected(file.error());
    file->subject = flags.subject;
    RegistryClient client(flags.registry);
    NewSchema const schema{.type = file->type,
                           .text = file->text,
                           .references = *references,
                           .metadata = {},
                           .rule_set = {}};
    auto added = client.add(flags.subject, schema, flags.normalize);
    if (!added && is_incompatible(added.error())) {
        auto const has_mend = explain_refusal(client, *file, *references);
        return failed(fmt::format("{} was not registered as {}: it breaks earlier versions",
                                  flags.file, flags.subject),
                      has_mend ? fmt::format("`klamm schema check {} --subject {} --mend` writes "
                                             "a mend into the file",
                                             flags.file, flags.subject)
                               : "");
    }
    if (!added) return std::unexpected(added.error());
    if (added->version == 0) {  // registries of the first years answer with the id alone
        auto const it = client.lookup(flags.subject, schema, flags.normalize);
        if (it && *it) added->version = (*it)->version;
    }
    if (flags.json) {
        Json()
            .object()
            .field("subject", flags.subject)
            .field("version", added->version)
            .field("id", added->id)
            .end_object()
            .print_line(stdout);
        return {};
    }
    fmt::print("{}: version {}, id {}\n", flags.subject, added->version, added->id);
    return {};
}

struct DeleteFlags {
    RegistryOptions registry;
    std::string subject;
    std::string version;
    bool permanent = false;
    bool json = false;
};

Outcome<> remove(DeleteFlags const& flags) {
    RegistryClient client(flags.registry);
    auto const gone = client.remove(flags.subject, flags.version, flags.permanent);
    if (!gone) return std::unexpected(gone.error());
    if (flags.json) {
        Json json;
        json.object().field("subject", flags.subject).field("permanent", flags.permanent);
        json.key("versions").array();
        for (auto const version : *gone) json.value(version);
        json.end_array().end_object().print_line(stdout);
        return {};
    }
    fmt::print("deleted {}version{} {} of {}\n", flags.permanent ? "for good " : "",
               gone->size() == 1 ? "" : "s", fmt::join(*gone, ", "), flags.subject);
    if (!flags.permanent)
        fmt::print(stderr,
                   "data that names them can still be read; --permanent deletes them for good\n");
    return {};
}

}  // namespace

void add_schema_register(CLI::App& schema, int& exit_code) {
    auto const [command, flags] = schema_command<RegisterFlags>(
        schema, "register", "Make a file the next version of a subject", exit_code,
        register_schema);
    command->add_option("SUBJECT", flags->subject, "For instance orders-value")->required();
    command->add_option("FILE", flags->file, "The schema; - reads stdin")->required();
    command->add_option("--type", flags->type, "If the name does not end in .avsc, .proto or .json")
        ->check(CLI::IsMember(type_flags(), CLI::ignore_case));
    command->add_option("--reference", flags->references, "What it refers to by NAME; repeatable")
        ->type_name("NAME=SUBJECT:VERSION")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_flag("--normalize", flags->normalize,
                      "Schemas that differ only in their writing are one");
    command->add_flag("--json", flags->json, "Write JSON");
    add_registry_options(*command, flags->registry);
    command->footer(
        "A schema that the subject has already keeps its version and id.\n"
        "Examples:\n"
        "  klamm schema register orders-value order.avsc\n"
        "  klamm schema register orders-value order.proto --reference customer.proto=customer:1");
}

void add_schema_delete(CLI::App& schema, int& exit_code) {
    auto const [command, flags] = schema_command<DeleteFlags>(
        schema, "delete", "Delete a subject, or one of its versions", exit_code, remove);
    command->add_option("SUBJECT", flags->subject, "The subject")->required();
    command->add_option("--version", flags->version, "Only this one")->type_name("N");
    command->add_flag("--permanent", flags->permanent,
                      "For good; it has to be deleted without this first");
    command->add_flag("--json", flags->json, "Write JSON");
    add_registry_options(*command, flags->registry);
}

}  // namespace klamm::cli
