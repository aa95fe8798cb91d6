// cli/schema/commands.h - the commands of `klamm schema`, one function and one file each.
#pragma once

#include "klamm/cli/outcome.h"
#include "klamm/cli/registry_client.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <utility>

namespace klamm::cli {

void add_schema_list(CLI::App& schema, int& exit_code);
void add_schema_show(CLI::App& schema, int& exit_code);
void add_schema_register(CLI::App& schema, int& exit_code);
void add_schema_check(CLI::App& schema, int& exit_code);
void add_schema_diff(CLI::App& schema, int& exit_code);
void add_schema_delete(CLI::App& schema, int& exit_code);
void add_schema_config(CLI::App& schema, int& exit_code);
void add_schema_export(CLI::App& schema, int& exit_code);
void add_schema_import(CLI::App& schema, int& exit_code);

/// A command with flags of its own, which have at least `registry`, and what it does when it is
/// chosen: run(flags).
template <class Flags, class Run>
std::pair<CLI::App*, std::shared_ptr<Flags>> schema_command(CLI::App& schema, char const* name,
                                                            char const* what, int& exit_code,
                                                            Run run) {
    auto* const command = schema.add_subcommand(name, what);
    auto flags = std::make_shared<Flags>();
    command->callback([flags, run, &exit_code] { exit_code = report(run(*flags)); });
    return {command, flags};
}

}  // namespace klamm::cli
