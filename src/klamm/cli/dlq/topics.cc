// cli/dlq/topics.cc - klamm dlq topics: where dead letters wait.
#include "klamm/cli/cluster.h"
#include "klamm/cli/dlq/commands.h"
#include "klamm/cli/dlq/connection.h"
#include "klamm/cli/dlq/letters.h"
#include "klamm/cli/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>

namespace klamm::cli {
namespace {

/// As handlers, Spring ("-dlt", ".DLT" before 2.0), Connect and brokers ("dlq.") call them by
/// default, and as people do.
bool sounds_like_dead_letters(std::string name) {
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return char(std::tolower(c)); });
    for (std::string_view const end : {"-dlt", ".dlt", "_dlt", "-dlq", ".dlq", "_dlq"})
        if (name.ends_with(end)) return true;
    for (std::string_view const part : {"dead-letter", "dead_letter", "deadletter"})
        if (name.find(part) != std::string::npos) return true;
    return name.starts_with("dlq.") || name.starts_with("dlq-");
}

struct Row {
    std::string topic;
    std::uint64_t failed = 0;
    std::uint64_t parked = 0;
    std::optional<Time> oldest;
    std::optional<Time> newest;
    std::array<std::uint64_t, std::size_t(handler::DeadLetter::Dialect::unknown) + 1> dialects{};

    void add(handler::StoredDeadLetter const& stored) {
        ++(stored.letter.parked ? parked : failed);
        auto const at = stored.failed_at();
        oldest = std::min(oldest.value_or(at), at);
        newest = std::max(newest.value_or(at), at);
        ++dialects[std::size_t(stored.letter.dialect)];
    }
    std::string writers() const {
        std::string names;
        for (std::size_t i = 0; i < dialects.size(); ++i)
            if (dialects[i] > 0) {
                if (!names.empty()) names += ", ";
                names += to_string(handler::DeadLetter::Dialect(i));
            }
        return names;
    }
};

Outcome<std::vector<std::string>> names(DlqFlags const& flags) {
    auto const client = Client::admin(flags.client);
    if (!client) return std::unexpected(client.error());
    if (auto reached = (*client)->reach(); !reached) return std::unexpected(reached.error());
    auto const all = topics(**client);
    if (!all) return std::unexpected(all.error());
    std::vector<std::string> found;
    for (auto const& topic : *all)
        if (sounds_like_dead_letters(topic.name)) found.push_back(topic.name);
    return found;
}

Outcome<Row> count(Connection& connection, std::string const& topic, ProgressLine& line) {
    Row row{.topic = topic};
    std::atomic<std::int64_t> looked_at = 0;
    auto const scanned = connection.ask<handler::Scan>(
        [&](bus::Done<handler::Scan> done) {
            handler::scan_dead_letters(
                connection.bus(), {.topic = topic},
                [&](handler::StoredDeadLetter const& stored, std::int64_t) {
                    ++looked_at;
                    row.add(stored);
                    return true;
                },
                std::move(done));
        },
        [&] {
            if (line.due()) line.show(fmt::format("{}: {}", topic, with_commas(looked_at)));
        });
    if (!scanned) return std::unexpected(scanned.error());
    return row;
}

void print(std::vector<Row> const& rows) {
    auto const time = [](std::optional<Time> at) {
        return at ? utc_text(at->time_since_epoch().count()).substr(0, 19) : "-";
    };
    Table table({"TOPIC", ">FAILED", ">WAIT BEHIND", "OLDEST (UTC)", "NEWEST (UTC)", "WRITTEN BY"});
    for (auto const& row : rows)
        table.row({row.topic, with_commas(std::int64_t(row.failed)),
                   with_commas(std::int64_t(row.parked)), time(row.oldest), time(row.newest),
                   row.writers().empty() ? "-" : row.writers()});
    if (table.empty())
        fmt::print(stderr,
                   "no topic is called like one of dead letters (orders-dlt, dlq.orders)\n");
    else
        table.print(stdout);
}

void write(std::vector<Row> const& rows) {
    Json json;
    json.array();
    for (auto const& row : rows) {
        json.object()
            .field("topic", row.topic)
            .field("failed", row.failed)
            .field("parked", row.parked)
            .field("written_by", row.writers());
        if (row.oldest) json.field("oldest_ms", row.oldest->time_since_epoch().count());
        if (row.newest) json.field("newest_ms", row.newest->time_since_epoch().count());
        json.end_object();
    }
    json.end_array();
    json.print_line(stdout);
}

int topics_command(DlqFlags const& flags) {
    auto const found = names(flags);
    if (!found) return report(std::unexpected(found.error()));
    auto connection = Connection::open(flags.client);
    if (!connection) return report(std::unexpected(connection.error()));
    std::vector<Row> rows;
    {
        ProgressLine line;
        for (auto const& name : *found) {
            auto row = count(**connection, name, line);
            if (!row) return report(std::unexpected(row.error()));
            rows.push_back(std::move(*row));
        }
    }
    flags.json ? write(rows) : print(rows);
    return 0;
}

}  // namespace

void add_dlq_topics(CLI::App& dlq, int& exit_code) {
    auto const [command, flags] = dlq_command<DlqFlags>(
        dlq, "topics", "Where dead letters wait, and how many", exit_code, topics_command);
    command->footer(
        "Topics are found by their names: …-dlt, ….DLT, …-dlq, dlq.…, …dead-letter…\n"
        "Example:\n  klamm dlq topics --json");
}

}  // namespace klamm::cli
