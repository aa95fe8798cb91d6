// cli/schema/export.cc - klamm schema export: all that a registry has, as lines.
#include "klamm/cli/schema/commands.h"
#include "klamm/cli/schema/records.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace klamm::cli {
namespace {

struct ExportFlags {
    RegistryOptions registry;
    std::string file = "-";
};

Outcome<> export_all(ExportFlags const& flags) {
    RegistryClient registry(flags.registry);
    auto const contents = contents_of(registry);
    if (!contents) return std::unexpected(contents.error());
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(nullptr, &std::fclose);
    if (flags.file != "-") {
        file.reset(std::fopen(flags.file.c_str(), "we"));
        if (!file) return failed(fmt::format("{}: {}", flags.file, std::strerror(errno)));
    }
    auto* const out = file ? file.get() : stdout;
    auto const records = contents->records();
    for (auto const& [key, value] : records) fmt::print(out, "{}\n", text_of_record(key, value));
    auto const written = std::fflush(out) == 0 && std::ferror(out) == 0;
    if (!written) return failed(fmt::format("{}: {}", flags.file, std::strerror(errno)));
    fmt::print(stderr, "{} version{} of schemas, {} setting{} of {}\n",
               with_commas(std::int64_t(contents->versions.size())),
               contents->versions.size() == 1 ? "" : "s",
               contents->configs.size() + contents->modes.size(),
               contents->configs.size() + contents->modes.size() == 1 ? "" : "s", registry.name());
    return {};
}

}  // namespace

void add_schema_export(CLI::App& schema, int& exit_code) {
    auto const [command, flags] = schema_command<ExportFlags>(
        schema, "export", "Write all schemas and settings as lines of JSON", exit_code, export_all);
    command->add_option("FILE", flags->file, "Where to; - is stdout")->capture_default_str();
    add_registry_options(*command, flags->registry);
    command->footer(
        "The lines are the records of the topic _schemas, key and value; `klamm schema import` "
        "reads them.\n"
        "Example:\n"
        "  klamm schema export --registry http://old-registry:8081 schemas.jsonl");
}

}  // namespace klamm::cli
