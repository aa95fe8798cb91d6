// cli/commands.h - the commands of `klamm`, one function and one file each.
//
// Each function adds its subcommand to the app. When the subcommand was chosen, its callback
// runs the command and leaves the exit code: 0 done, 1 failed, 2 wrong use or configuration.
#pragma once

namespace CLI {
class App;
}

namespace klamm::cli {

void add_serve(CLI::App& app, int& exit_code);
void add_apis(CLI::App& app, int& exit_code);
void add_demo(CLI::App& app, int& exit_code);
void add_produce(CLI::App& app, int& exit_code);
void add_consume(CLI::App& app, int& exit_code);
void add_sim(CLI::App& app, int& exit_code);
void add_topic(CLI::App& app, int& exit_code);
void add_group(CLI::App& app, int& exit_code);
void add_txn(CLI::App& app, int& exit_code);
void add_schema(CLI::App& app, int& exit_code);
void add_check(CLI::App& app, int& exit_code);
void add_dlq(CLI::App& app, int& exit_code);

}  // namespace klamm::cli
