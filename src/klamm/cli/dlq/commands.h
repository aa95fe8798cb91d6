// cli/dlq/commands.h - the commands of `klamm dlq`, one function and one file each, and the flags
// that they share.
#pragma once

#include "klamm/cli/client.h"
#include "klamm/cli/outcome.h"
#include "klamm/handler/dead_letters.h"

#include <CLI/CLI.hpp>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace klamm::cli {

void add_dlq_topics(CLI::App& dlq, int& exit_code);
void add_dlq_list(CLI::App& dlq, int& exit_code);
void add_dlq_groups(CLI::App& dlq, int& exit_code);
void add_dlq_show(CLI::App& dlq, int& exit_code);
void add_dlq_redrive(CLI::App& dlq, int& exit_code);
void add_dlq_discard(CLI::App& dlq, int& exit_code);

/// What every command of `klamm dlq` has.
struct DlqFlags {
    ClientOptions client;
    std::string topic;
    bool json = false;
};
/// Which dead letters are meant.
struct ChoiceFlags {
    std::vector<std::string> places;  ///< PARTITION@OFFSET
    std::string group, handler, error, reason, from_topic, key, since, until;
    int partition = -1;

    bool chooses() const;
};
void add_choice(CLI::App& command, ChoiceFlags& flags);
Outcome<handler::Selection> selection(std::string const& topic, ChoiceFlags const& flags);

/// "3@17" as it stands in lists, or with the topic before it: "orders-dlt/3@17".
Outcome<std::pair<std::int32_t, std::int64_t>> parse_place(std::string const& topic,
                                                           std::string const& text);
std::string place_text(Position const& position);

/// A command with flags of its own, which are DlqFlags at least.
template <class Flags, class Run>
std::pair<CLI::App*, std::shared_ptr<Flags>> dlq_command(CLI::App& dlq, char const* name,
                                                         char const* what, int& exit_code,
                                                         Run run) {
    auto* const command = dlq.add_subcommand(name, what);
    auto flags = std::make_shared<Flags>();
    add_client_options(*command, flags->client);
    command->add_flag("--json", flags->json, "Write JSON");
    command->callback([flags, run, &exit_code] { exit_code = run(*flags); });
    return {command, flags};
}
void add_topic(CLI::App& command, DlqFlags& flags);

}  // namespace klamm::cli
