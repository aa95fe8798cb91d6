// cli/main.cc - one binary, one subcommand for each thing that it does.
#include "klamm/cli/commands.h"

#include <CLI/CLI.hpp>

#include <cstdio>
#include <exception>

namespace {

int run(int argc, char** argv) {
    CLI::App app{
        "Klamm: a Kafka-compatible broker in one process, durable by default.\n"
        "Any Kafka client works with it unchanged. Start with: klamm serve",
        "klamm"};
    app.set_version_flag("--version", std::string("klamm ") + KLAMM_VERSION);
    app.require_subcommand(1);

    int exit_code = 0;
    klamm::cli::add_serve(app, exit_code);
    klamm::cli::add_demo(app, exit_code);
    klamm::cli::add_produce(app, exit_code);
    klamm::cli::add_consume(app, exit_code);
    klamm::cli::add_topic(app, exit_code);
    klamm::cli::add_group(app, exit_code);
    klamm::cli::add_txn(app, exit_code);
    klamm::cli::add_dlq(app, exit_code);
    klamm::cli::add_schema(app, exit_code);
    klamm::cli::add_check(app, exit_code);
    klamm::cli::add_apis(app, exit_code);
    klamm::cli::add_sim(app, exit_code);

    if (argc == 1) {
        std::fputs(app.help().c_str(), stderr);
        return 2;
    }
    try {
        app.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run(argc, argv);
    } catch (std::exception const& error) {
        std::fprintf(stderr, "klamm: %s\n", error.what());
        return 1;
    }
}
