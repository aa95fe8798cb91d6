// cli/dlq/list.cc - klamm dlq list, klamm dlq groups: what waits.
#include "klamm/cli/dlq/commands.h"
#include "klamm/cli/dlq/connection.h"
#include "klamm/cli/dlq/letters.h"
#include "klamm/cli/terminal.h"

#include <fmt/format.h>

#include <atomic>

namespace klamm::cli {
namespace {

using handler::GroupBy;

struct ListFlags : DlqFlags {
    ChoiceFlags choice;
    std::uint64_t limit = 50;
    bool discarded = false;
};
struct GroupsFlags : DlqFlags {
    ChoiceFlags choice;
    std::string by = "reason";
};

/// Walks over what waits and is meant; `each` says whether it wants more.
template <class Each>
Outcome<handler::Scan> scan(Connection& connection, DlqFlags const& flags,
                            ChoiceFlags const& choice, bool discarded, Each each) {
    auto chosen = selection(flags.topic, choice);
    if (!chosen) return std::unexpected(chosen.error());
    handler::ScanOptions options{.topic = flags.topic, .discarded = discarded};
    if (choice.partition >= 0) options.partition = choice.partition;
    std::atomic<std::int64_t> looked_at = 0;
    ProgressLine line;
    return connection.ask<handler::Scan>(
        [&](bus::Done<handler::Scan> done) {
            handler::scan_dead_letters(
                connection.bus(), options,
                [&](handler::StoredDeadLetter const& letter, std::int64_t) {
                    ++looked_at;
                    return !chosen->matches(letter) || each(letter);
                },
                std::move(done));
        },
        [&] {
            if (line.due())
                line.show(fmt::format("{} dead letters looked at", with_commas(looked_at)));
        });
}

// ---- list ------------------------------------------------------------------------------------

/// The note that a discarded one left, as if it were that one.
handler::StoredDeadLetter as_letter(handler::StoredDeadLetter const& stored) {
    auto const redrive = handler::read_redrive(stored.headers);
    if (!redrive || !redrive->discard) return stored;
    auto letter = stored;
    letter.key = redrive->key;
    letter.letter.group = redrive->group;
    letter.letter.original = redrive->original;
    letter.letter.error_type = "(discarded)";
    letter.letter.reason = redrive->reason;
    letter.letter.dialect = handler::DeadLetter::Dialect::klamm;
    return letter;
}

void print(std::vector<handler::StoredDeadLetter> const& letters, DlqFlags const& flags) {
    Table table({"PLACE", "FAILED AT (UTC)", "KEY", "WAS AT", "GROUP", "ERROR", "REASON"});
    auto const rest = std::max<std::size_t>(terminal_columns(), 100) - 60;
    for (auto const& stored : letters) {
        auto const& letter = stored.letter;
        auto error = letter.parked ? "(waits)" : short_error(letter.error_type);
        if (letter.dialect == handler::DeadLetter::Dialect::unknown) error = "(no dead letter)";
        if (letter.redrives > 0) error += fmt::format(" ×{}", letter.redrives + 1);
        table.row({place_text(stored.position),
                   utc_text(stored.failed_at().time_since_epoch().count()).substr(0, 19),
                   stored.key ? shortened(*stored.key, 16) : "-", origin_text(letter),
                   letter.group.empty() ? "-" : shortened(letter.group, 20), shortened(error, 24),
                   shortened(letter.reason, rest)});
    }
    if (table.empty())
        fmt::print(stderr, "no dead letters wait in {}\n", flags.topic);
    else
        table.print(stdout);
}

int list(ListFlags const& flags) {
    auto connection = Connection::open(flags.client);
    if (!connection) return report(std::unexpected(connection.error()));
    std::vector<handler::StoredDeadLetter> letters;
    auto const scanned =
        scan(**connection, flags, flags.choice, flags.discarded, [&](auto const& letter) {
            if (letters.size() == flags.limit) return false;
            letters.push_back(as_letter(letter));
            return true;
        });
    if (!scanned) return report(std::unexpected(scanned.error()));
    if (flags.json) {
        for (auto const& letter : letters) {
            Json json;
            write_letter(json, letter);
            json.print_line(stdout);
        }
        return 0;
    }
    print(letters, flags);
    std::fflush(stdout);
    if (!scanned->whole)
        fmt::print(stderr, "and more: -n shows so many, `klamm dlq groups {}` counts all\n",
                   flags.topic);
    return 0;
}

// ---- groups ----------------------------------------------------------------------------------

GroupBy by_of(std::string const& name) {
    if (name == "error") return GroupBy::error_type;
    if (name == "handler") return GroupBy::handler;
    if (name == "group") return GroupBy::group;
    if (name == "topic") return GroupBy::topic;
    return GroupBy::reason;
}

void print(std::vector<handler::DeadLetterGroup> const& groups, GroupsFlags const& flags) {
    auto heading = flags.by;
    std::ranges::transform(heading, heading.begin(), [](char c) { return char(std::toupper(c)); });
    Table table({">FAILED", ">WAIT BEHIND", "FIRST (UTC)", "LAST (UTC)", "FOR INSTANCE", heading});
    auto const rest = std::max<std::size_t>(terminal_columns(), 100) - 80;
    for (auto const& group : groups)
        table.row({with_commas(std::int64_t(group.failed)), with_commas(std::int64_t(group.parked)),
                   utc_text(group.first.time_since_epoch().count()).substr(0, 19),
                   utc_text(group.last.time_since_epoch().count()).substr(0, 19),
                   place_text(group.example),
                   group.name.empty() ? "(not said)" : shortened(group.name, rest)});
    if (table.empty())
        fmt::print(stderr, "no dead letters wait in {}\n", flags.topic);
    else
        table.print(stdout);
}

void write(std::vector<handler::DeadLetterGroup> const& groups) {
    Json json;
    json.array();
    for (auto const& group : groups) {
        json.object();
        write_bytes(json, "name", group.name);
        json.field("failed", group.failed)
            .field("parked", group.parked)
            .field("first_ms", group.first.time_since_epoch().count())
            .field("last_ms", group.last.time_since_epoch().count())
            .field("redrives", group.redrives)
            .field("example", place_text(group.example))
            .end_object();
    }
    json.end_array();
    json.print_line(stdout);
}

int groups(GroupsFlags const& flags) {
    auto connection = Connection::open(flags.client);
    if (!connection) return report(std::unexpected(connection.error()));
    handler::DeadLetterGroups counted(by_of(flags.by));
    auto const scanned = scan(**connection, flags, flags.choice, false, [&](auto const& letter) {
        counted.add(letter);
        return true;
    });
    if (!scanned) return report(std::unexpected(scanned.error()));
    auto const result = counted.result();
    flags.json ? write(result) : print(result, flags);
    return 0;
}

}  // namespace

void add_dlq_list(CLI::App& dlq, int& exit_code) {
    auto const [command, flags] =
        dlq_command<ListFlags>(dlq, "list", "List the dead letters that wait", exit_code, list);
    add_topic(*command, *flags);
    add_choice(*command, flags->choice);
    command->add_option("-n,--limit", flags->limit, "At most so many")
        ->type_name("N")
        ->check(CLI::Range(std::uint64_t(1), std::uint64_t(1'000'000)))
        ->capture_default_str();
    command->add_flag("--discarded", flags->discarded,
                      "Also the notes that discarded ones leave, with the reason");
    command->footer(
        "PLACE is partition@offset in TOPIC; WAS AT is where the event was first. (waits): it did\n"
        "not fail, but waits behind one of its key that did. ×2: it has failed twice, with a\n"
        "redrive in between. With --json: a line for each, with headers and value.\n"
        "WHEN is 2026-01-31, 2026-01-31T12:00[:30], in UTC, or milliseconds since 1970.\n"
        "Examples:\n"
        "  klamm dlq list orders-dlt --error CardRefused --since 2026-01-31\n"
        "  klamm dlq list orders-dlt --key ann --json | jq .reason");
}

void add_dlq_groups(CLI::App& dlq, int& exit_code) {
    auto const [command, flags] = dlq_command<GroupsFlags>(
        dlq, "groups", "Count those that wait, the most frequent reason first", exit_code, groups);
    add_topic(*command, *flags);
    add_choice(*command, flags->choice);
    command->add_option("--by", flags->by, "What they have in common")
        ->check(CLI::IsMember({"reason", "error", "handler", "group", "topic"}))
        ->capture_default_str();
    command->footer(
        "Numbers in reasons count as the same: \"card # refused\". WAIT BEHIND counts the events\n"
        "that did not fail, but wait behind one of their key that did.\n"
        "Example:\n  klamm dlq groups orders-dlt --by error --since 2026-01-31");
}

}  // namespace klamm::cli
