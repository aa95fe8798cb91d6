// cli/serve.cc - `klamm serve`: the flags of the broker, checked before anything starts.
#include "klamm/cli/commands.h"
#include "klamm/host/server.h"
#include "klamm/host/settings.h"

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <chrono>
#include <cstdio>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {
namespace {

// Taken when the process starts, before main: what "ready in N ms" counts from.
auto const process_start = std::chrono::steady_clock::now();

/// The flags as they were given.
struct Flags {
    std::string listen = "127.0.0.1:9092";
    std::string http = "127.0.0.1:8081";
    std::string advertise;
    std::string data = "klamm-data";
    std::string durability = "synced";
    bool memory = false;
    bool settings = false;
    std::vector<std::string> set;
};

int wrong_use(std::string const& why) {
    std::fprintf(stderr, "klamm serve: %s\n", why.c_str());
    return 2;
}

int print_settings() {
    for (auto const& setting : host::list_settings())
        fmt::print("{}={}\n    {}; allowed: {}\n", setting.name, setting.default_value,
                   setting.says, setting.allowed);
    return 0;
}

using Read = std::expected<void, std::string>;

Read read_address(std::string_view flag, std::string const& text,
                  std::optional<host::Address>& address) {
    auto const parsed = host::parse_address(text);
    if (!parsed) return std::unexpected(fmt::format("{}: {}", flag, parsed.error()));
    address = *parsed;
    return {};
}

/// The first thing that is wrong, or nothing.
Read read(Flags const& flags, host::Options& options) {
    if (auto const read = read_address("--listen", flags.listen, options.kafka); !read) return read;
    if (auto const read = read_address("--http", flags.http, options.http); !read) return read;
    if (!flags.advertise.empty()) {
        if (auto const done = read_address("--advertise", flags.advertise, options.advertise);
            !done)
            return done;
    } else if (host::is_wildcard(*options.kafka)) {
        return std::unexpected(fmt::format(
            "--listen {} names no address that clients could connect to; say which with "
            "--advertise HOST:PORT",
            flags.listen));
    }
    auto const durability = host::parse_durability(flags.durability);
    if (!durability)
        return std::unexpected(fmt::format(
            "--durability is '{}'; allowed: synced, page-cache, memory", flags.durability));
    options.durability = flags.memory ? host::Durability::memory : *durability;
    options.data = flags.data;
    for (auto const& each : flags.set)
        if (auto const done = host::apply_setting(options, each); !done)
            return std::unexpected("--set: " + done.error());
    return {};
}

int run(Flags const& flags) {
    if (flags.settings) return print_settings();
    host::Options options;
    if (auto const done = read(flags, options); !done) return wrong_use(done.error());
    return host::serve(options, process_start);
}

}  // namespace

void add_serve(CLI::App& app, int& exit_code) {
    auto const flags = std::make_shared<Flags>();
    auto* const serve = app.add_subcommand("serve", "Run the broker until it is told to stop");
    serve->footer(
        "It prints one line when it can be used:\n"
        "    klamm ready kafka=HOST:PORT http=HOST:PORT data=DIR in N ms\n"
        "and then is quiet; its log goes to stderr. SIGTERM drains and leaves with 0; SIGKILL is "
        "always safe.\n\n"
        "    klamm serve                                   # 127.0.0.1:9092, data in ./klamm-data\n"
        "    klamm serve --listen 127.0.0.1:0 --memory     # a free port, nothing stored\n"
        "    klamm serve --set num.partitions=3            # `--settings` lists what can be set");
    serve->add_option("--listen", flags->listen, "Kafka clients connect here; port 0: any free one")
        ->envname("KLAMM_LISTEN")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    serve->add_option("--http", flags->http, "The schema registry, /healthz, /readyz, /metrics")
        ->envname("KLAMM_HTTP")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    serve
        ->add_option("--advertise", flags->advertise,
                     "What clients are told to connect to, if not --listen")
        ->envname("KLAMM_ADVERTISE")
        ->type_name("HOST:PORT");
    serve->add_option("--data", flags->data, "The directory that holds everything; made if missing")
        ->envname("KLAMM_DATA")
        ->type_name("DIR")
        ->capture_default_str();
    serve
        ->add_option("--durability", flags->durability,
                     "What an acknowledgement promises: synced (on stable storage), page-cache "
                     "(survives the process, not the machine) or memory (survives nothing)")
        ->envname("KLAMM_DURABILITY")
        ->type_name("HOW")
        ->capture_default_str();
    serve->add_flag("--memory", flags->memory, "The same as --durability memory")
        ->envname("KLAMM_MEMORY");
    serve->add_option("--set", flags->set, "Change a setting; may be given several times")
        ->envname("KLAMM_SET")
        ->type_name("NAME=VALUE")
        ->delimiter(',')
        ->take_all();
    serve->add_flag("--settings", flags->settings, "List the settings, their defaults and ranges");
    serve->callback([flags, &exit_code] { exit_code = run(*flags); });
}

}  // namespace klamm::cli
