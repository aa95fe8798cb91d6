// cli/txn.cc - klamm txn list | describe | abort.
#include "klamm/cli/commands.h"
#include "klamm/cli/json.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/transactions.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>

namespace klamm::cli {
namespace {

struct TxnFlags {
    ClientOptions client;
    std::vector<std::string> ids;
    double older_than_s = -1;
    bool all = false;
    bool json = false;
};

std::int64_t now_ms() {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

/// How long it has been ongoing; none: it is not.
std::optional<std::int64_t> age_ms(TransactionState const& one) {
    if (!one.ongoing()) return std::nullopt;
    return std::max<std::int64_t>(now_ms() - one.started_ms, 0);
}

std::string seconds(std::int64_t ms) { return fmt::format("{:.1f} s", double(ms) / 1000); }

Outcome<std::vector<TransactionState>> ask(TxnFlags const& flags) {
    auto const client = Client::admin(flags.client);
    if (!client) return std::unexpected(client.error());
    if (auto reached = (*client)->reach(); !reached) return std::unexpected(reached.error());
    return transactions(**client);
}

void write(Json& json, TransactionState const& one) {
    json.object()
        .field("transactional_id", one.id)
        .field("state", one.state)
        .field("age_ms", age_ms(one))
        .field("timeout_ms", one.timeout_ms)
        .field("producer_id", one.producer_id)
        .field("producer_epoch", one.producer_epoch)
        .key("partitions")
        .array();
    for (auto const& [topic, partition] : one.partitions)
        json.object().field("topic", topic).field("partition", partition).end_object();
    json.end_array().end_object();
}

void print(TxnFlags const& flags, std::vector<TransactionState> const& list) {
    Json json;
    json.array();
    Table table(
        {"TRANSACTIONAL ID", "STATE", ">AGE", ">TIMEOUT", ">PRODUCER", ">EPOCH", ">PARTITIONS"});
    for (auto const& one : list) {
        auto const age = age_ms(one);
        table.row({one.id, one.state, age ? seconds(*age) : "-", seconds(one.timeout_ms),
                   fmt::format("{}", one.producer_id), fmt::format("{}", one.producer_epoch),
                   fmt::format("{}", one.partitions.size())});
        write(json, one);
    }
    json.end_array();
    if (flags.json)
        json.print_line(stdout);
    else if (table.empty())
        fmt::print(stderr, "no {}transactions\n", flags.all ? "" : "ongoing ");
    else
        table.print(stdout);
}

Outcome<> list(TxnFlags const& flags) {
    auto found = ask(flags);
    if (!found) return std::unexpected(found.error());
    std::erase_if(*found, [&](TransactionState const& one) {
        auto const age = age_ms(one);
        if (!age) return !flags.all || flags.older_than_s >= 0;
        return double(*age) < flags.older_than_s * 1000;
    });
    print(flags, *found);
    return {};
}

Outcome<> describe(TxnFlags const& flags) {
    auto const found = ask(flags);
    if (!found) return std::unexpected(found.error());
    for (auto const& id : flags.ids) {
        auto const one = std::ranges::find(*found, id, &TransactionState::id);
        if (one == found->end())
            return failed(fmt::format("transactional id {} is not known", id),
                          "`klamm txn list --all` shows those that are");
        if (flags.json) {
            Json json;
            write(json, *one);
            json.print_line(stdout);
            continue;
        }
        auto const age = age_ms(*one);
        fmt::print("{}: {}, producer {} with epoch {}, timeout {}\n", one->id, one->state,
                   one->producer_id, one->producer_epoch, seconds(one->timeout_ms));
        if (!age) continue;
        fmt::print("since {}, {} ago; readers with read_committed wait for it in:\n",
                   utc_text(one->started_ms), seconds(*age));
        for (auto const& [topic, partition] : one->partitions)
            fmt::print("  {}-{}\n", topic, partition);
    }
    return {};
}

Outcome<> abort(TxnFlags const& flags) {
    auto const found = ask(flags);
    if (!found) return std::unexpected(found.error());
    for (auto const& id : flags.ids) {
        auto const one = std::ranges::find(*found, id, &TransactionState::id);
        if (one == found->end() || !one->ongoing())
            return failed(fmt::format("{} has no ongoing transaction", id),
                          "`klamm txn list` shows those that have");
        if (auto done = abort_transaction(flags.client, id); !done) return done;
        if (flags.json)
            Json()
                .object()
                .field("transactional_id", id)
                .field("aborted", true)
                .end_object()
                .print_line(stdout);
        else
            fmt::print("aborted the transaction of {}; its producer is fenced\n", id);
    }
    return {};
}

}  // namespace

void add_txn(CLI::App& app, int& exit_code) {
    auto* parent = app.add_subcommand("txn", "Transactions: which are ongoing, abort one");
    parent->require_subcommand(1);
    parent->footer(
        "Examples:\n"
        "  klamm txn list --older-than 60\n"
        "  klamm txn describe billing-1\n"
        "  klamm txn abort billing-1");
    auto const command = [&](char const* name, char const* what,
                             Outcome<> (*run)(TxnFlags const&)) {
        auto* sub = parent->add_subcommand(name, what);
        auto flags = std::make_shared<TxnFlags>();
        add_client_options(*sub, flags->client);
        sub->add_flag("--json", flags->json, "Write JSON");
        sub->callback([flags, run, &exit_code] { exit_code = report(run(*flags)); });
        return std::pair{sub, flags};
    };
    auto const [list_command, list_flags] =
        command("list", "List ongoing transactions, the oldest first", list);
    list_command->add_flag("-a,--all", list_flags->all, "Also ids whose transaction has ended");
    list_command
        ->add_option("--older-than", list_flags->older_than_s, "Only those that take so long")
        ->type_name("SECONDS")
        ->check(CLI::NonNegativeNumber);
    for (auto const& [sub, flags] :
         {command("describe", "Show its producer, its age and its partitions", describe),
          command("abort", "Abort what is ongoing and fence its producer", abort)})
        sub->add_option("ID", flags->ids, "The transactional id, or several")->required();
}

}  // namespace klamm::cli
