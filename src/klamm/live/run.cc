// live/run.cc - the flags of a program that is nothing but an App.
#include "klamm/run.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <cstdio>
#include <string>
#include <utility>
#include <vector>

namespace klamm {
namespace {

/// The flags as they were given.
struct Flags {
    RunOptions options;
    std::string durability = "synced";
    std::vector<std::string> client;
    std::int64_t session_timeout_ms = 45'000;
    std::int64_t transaction_timeout_ms = 10'000;
};

void add_flags(CLI::App& command, Flags& flags) {
    auto& options = flags.options;
    command
        .add_option("--bootstrap", options.bootstrap,
                    "A Klamm server or any Kafka cluster; without it, a broker in this process")
        ->envname("KLAMM_BOOTSTRAP")
        ->type_name("HOST:PORT,...");
    command
        .add_option("--data", options.data,
                    "What the broker in this process stores; made if missing")
        ->envname("KLAMM_DATA")
        ->type_name("DIR")
        ->capture_default_str();
    command
        .add_option("--durability", flags.durability,
                    "What the broker in this process promises: synced (on stable storage), "
                    "page-cache (survives the process, not the machine) or memory (nothing)")
        ->envname("KLAMM_DURABILITY")
        ->type_name("HOW")
        ->capture_default_str();
    command
        .add_option("--listen", options.listen,
                    "Where the broker in this process is for Kafka's clients, too; port 0: any")
        ->envname("KLAMM_LISTEN")
        ->type_name("HOST:PORT");
    command.add_option("--http", options.http, "Where /healthz, /readyz and /metrics are")
        ->envname("KLAMM_HTTP")
        ->type_name("HOST:PORT");
    command
        .add_option("--registry", options.registry,
                    "A schema registry; without it, that of the broker in this process")
        ->envname("KLAMM_REGISTRY")
        ->type_name("URL");
    command
        .add_option(
            "--client", flags.client,
            "A setting of librdkafka, for --bootstrap; may be given several times. With any, a "
            "Klamm server is reached by librdkafka, too")
        ->envname("KLAMM_CLIENT")
        ->type_name("NAME=VALUE")
        ->delimiter(',')
        ->take_all();
    command
        .add_option("--instance", options.instance,
                    "Names this process among those of the App: a restart under the same name "
                    "takes over at once. On a cluster, without it: one by chance")
        ->envname("KLAMM_INSTANCE")
        ->type_name("NAME");
    command
        .add_option(
            "--session-timeout", flags.session_timeout_ms,
            "A process that is silent for so long loses its partitions; where Klamm is spoken to "
            "directly, the server decides")
        ->envname("KLAMM_SESSION_TIMEOUT")
        ->type_name("MS")
        ->capture_default_str();
    command
        .add_option("--transaction-timeout", flags.transaction_timeout_ms,
                    "A transaction that is open for so long is aborted")
        ->envname("KLAMM_TRANSACTION_TIMEOUT")
        ->type_name("MS")
        ->capture_default_str();
    command.add_flag("--quiet", options.quiet, "Log only what is wrong")->envname("KLAMM_QUIET");
}

/// The first thing that is wrong; empty: nothing.
std::string read(Flags& flags) {
    auto& options = flags.options;
    if (flags.durability == "synced")
        options.durability = Durability::synced;
    else if (flags.durability == "page-cache")
        options.durability = Durability::page_cache;
    else if (flags.durability == "memory")
        options.durability = Durability::memory;
    else
        return fmt::format("--durability is '{}'; allowed: synced, page-cache, memory",
                           flags.durability);
    for (auto const& each : flags.client) {
        auto const equals = each.find('=');
        if (equals == std::string::npos)
            return fmt::format("--client: '{}' is not NAME=VALUE", each);
        options.client[each.substr(0, equals)] = each.substr(equals + 1);
    }
    options.session_timeout = milliseconds(flags.session_timeout_ms);
    options.transaction_timeout = milliseconds(flags.transaction_timeout_ms);
    return {};
}

}  // namespace

int run(App const& app, int argc, char** argv) {
    auto const& name = app.name();
    CLI::App command{fmt::format("{}: event handlers, exactly once.", name), name};
    command.footer(fmt::format(
        "It prints one line when it is at work, and its log goes to stderr. SIGTERM finishes what "
        "is under way and leaves with 0; SIGKILL is always safe.\n\n"
        "    {0}                                  # a broker in this process, data in "
        "./klamm-data\n"
        "    {0} --durability memory              # nothing stored\n"
        "    {0} --listen 127.0.0.1:9092 --http 127.0.0.1:8081\n"
        "                                         # Kafka's clients and a browser see it, too\n"
        "    {0} --bootstrap kafka1:9092,kafka2:9092 --registry http://registry:8081",
        argc > 0 ? argv[0] : name));
    Flags flags;
    add_flags(command, flags);
    try {
        command.parse(argc, argv);
    } catch (CLI::ParseError const& error) {
        return command.exit(error) == 0 ? 0 : 2;
    }
    if (auto const wrong = read(flags); !wrong.empty()) {
        std::fprintf(stderr, "%s: %s\n", name.c_str(), wrong.c_str());
        return 2;
    }
    return run(app, flags.options);
}

}  // namespace klamm
