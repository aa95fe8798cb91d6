// cli/group.cc - klamm group list | describe | reset | delete.
#include "klamm/cli/admin.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/groups.h"
#include "klamm/cli/json.h"
#include "klamm/cli/moment.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <charconv>
#include <set>

namespace klamm::cli {
namespace {

struct GroupFlags {
    ClientOptions client;
    std::vector<std::string> names;
    std::vector<std::string> topics;  ///< NAME or NAME:PARTITION
    bool to_earliest = false;
    bool to_latest = false;
    std::int64_t to_offset = -1;
    std::string to_time;
    bool dry_run = false;
    bool json = false;
};

Outcome<std::unique_ptr<Client>> connect(GroupFlags const& flags) {
    auto client = Client::admin(flags.client);
    if (!client) return client;
    if (auto reached = (*client)->reach(); !reached) return std::unexpected(reached.error());
    return client;
}

Outcome<> list(GroupFlags const& flags) {
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    auto const all = groups(**client);
    if (!all) return std::unexpected(all.error());
    Json json;
    json.array();
    Table table({"GROUP", "STATE", "TYPE"});
    for (auto const& group : *all) {
        table.row({group.name, group.is_simple ? group.state + " (only commits)" : group.state,
                   group.type.empty() ? "-" : group.type});
        json.object()
            .field("group", group.name)
            .field("state", group.state)
            .field("simple", group.is_simple)
            .field("type", group.type)
            .end_object();
    }
    json.end_array();
    if (flags.json)
        json.print_line(stdout);
    else if (table.empty())
        fmt::print(stderr, "no groups; `klamm consume TOPIC --group NAME` makes one\n");
    else
        table.print(stdout);
    return {};
}

/// One partition that the group reads or has read.
struct Progress {
    TopicPartition partition;
    std::optional<std::int64_t> committed;
    std::int64_t next = 0;
    Member const* member = nullptr;  ///< who has it now

    std::optional<std::int64_t> lag() const {
        return committed ? std::optional(std::max<std::int64_t>(next - *committed, 0))
                         : std::nullopt;
    }
};

Outcome<std::vector<Progress>> progress_of(Client& client, GroupState const& group) {
    auto const offsets = patiently(client, [&] { return committed(client, group.name); });
    if (!offsets) return std::unexpected(offsets.error());
    std::map<TopicPartition, Progress> rows;
    for (auto const& [partition, offset] : *offsets) rows[partition].committed = offset;
    for (auto const& member : group.members)
        for (auto const& partition : member.assigned) rows[partition].member = &member;

    // A topic that was deleted leaves committed offsets behind: those have no end to compare with.
    auto const known = topics(client);
    if (!known) return std::unexpected(known.error());
    std::set<TopicPartition> existing;
    for (auto const& topic : *known)
        for (auto const& partition : partitions_of(topic)) existing.insert(partition);
    std::erase_if(rows, [&](auto const& row) { return !existing.contains(row.first); });

    std::vector<TopicPartition> partitions;
    for (auto const& [partition, row] : rows) partitions.push_back(partition);
    auto const ends = offsets_at(client, partitions, latest);
    if (!ends) return std::unexpected(ends.error());
    std::vector<Progress> progress;
    for (auto& [partition, row] : rows) {
        row.partition = partition;
        row.next = ends->at(partition);
        progress.push_back(row);
    }
    return progress;
}

std::string or_dash(std::optional<std::int64_t> number) {
    return number ? with_commas(*number) : "-";
}

void print(GroupState const& group, std::vector<Progress> const& progress) {
    Style const style{stdout};
    std::int64_t lag = 0;
    Table table({"TOPIC", ">PARTITION", ">COMMITTED", ">NEXT", ">LAG", "MEMBER", "HOST"});
    for (auto const& row : progress) {
        lag += row.lag().value_or(0);
        table.row({row.partition.first, fmt::format("{}", row.partition.second),
                   or_dash(row.committed), with_commas(row.next), or_dash(row.lag()),
                   row.member == nullptr ? "-" : row.member->id,
                   row.member == nullptr ? "-" : row.member->host});
    }
    auto const kind = group.epoch ? fmt::format("{} group in epoch {}", group.type, *group.epoch)
                                  : fmt::format("{} group", group.type);
    fmt::print("{}{}{}  {}, {}, {} member{}, lag {}\n\n", style.bold(), group.name, style.off(),
               group.state, kind, group.members.size(), group.members.size() == 1 ? "" : "s",
               with_commas(lag));
    table.print(stdout);
    for (auto const& member : group.members)
        if (member.assigned.empty())
            fmt::print("{}member {} ({}) has no partition{}\n", style.dim(), member.id, member.host,
                       style.off());
}

void write(Json& json, GroupState const& group, std::vector<Progress> const& progress) {
    json.object()
        .field("group", group.name)
        .field("state", group.state)
        .field("type", group.type)
        .field("epoch", group.epoch)
        .field("assignor", group.assignor)
        .field("coordinator", group.coordinator)
        .key("members")
        .array();
    for (auto const& member : group.members)
        json.object()
            .field("member", member.id)
            .field("client", member.client_id)
            .field("instance", member.instance_id)
            .field("host", member.host)
            .field("epoch", member.epoch)
            .end_object();
    json.end_array().key("partitions").array();
    for (auto const& row : progress) {
        json.object()
            .field("topic", row.partition.first)
            .field("partition", row.partition.second)
            .field("committed", row.committed)
            .field("next", row.next)
            .field("lag", row.lag());
        if (row.member != nullptr) json.field("member", row.member->id);
        json.end_object();
    }
    json.end_array().end_object();
}

Outcome<> describe(GroupFlags const& flags) {
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    Json json;
    json.array();
    for (auto const& name : flags.names) {
        auto const found = patiently(**client, [&] { return group(**client, name); });
        if (!found) return std::unexpected(found.error());
        auto const progress = progress_of(**client, *found);
        if (!progress) return std::unexpected(progress.error());
        if (flags.json)
            write(json, *found, *progress);
        else
            print(*found, *progress);
    }
    json.end_array();
    if (flags.json) json.print_line(stdout);
    return {};
}

/// NAME, or NAME:PARTITION: a colon cannot be part of a topic's name.
Outcome<std::vector<TopicPartition>> parse_topic(Client& client, std::string const& flag) {
    auto const colon = flag.find(':');
    auto const found = topic(client, flag.substr(0, colon));
    if (!found) return std::unexpected(found.error());
    auto const all = partitions_of(*found);
    if (colon == std::string::npos) return all;
    std::int32_t id = -1;
    auto const* end = flag.data() + flag.size();
    auto const parsed = std::from_chars(flag.data() + colon + 1, end, id);
    if (parsed.ec != std::errc{} || parsed.ptr != end ||
        std::ranges::find(all, TopicPartition(found->name, id)) == all.end())
        return misused(fmt::format("--topic {}: topic {} has partitions 0 to {}", flag, found->name,
                                   all.size() - 1));
    return std::vector{TopicPartition(found->name, id)};
}

Outcome<std::vector<TopicPartition>> partitions_to_reset(Client& client, GroupFlags const& flags,
                                                         Offsets const& before) {
    std::vector<TopicPartition> partitions;
    for (auto const& flag : flags.topics) {
        auto const some = parse_topic(client, flag);
        if (!some) return some;
        partitions.insert(partitions.end(), some->begin(), some->end());
    }
    if (flags.topics.empty())
        for (auto const& [partition, offset] : before) partitions.push_back(partition);
    if (partitions.empty())
        return failed(fmt::format("group {} has committed nothing yet", flags.names.front()),
                      "name what to reset with --topic NAME or --topic NAME:PARTITION");
    return partitions;
}

Outcome<Offsets> targets(Client& client, GroupFlags const& flags,
                         std::vector<TopicPartition> const& partitions) {
    if (flags.to_earliest) return offsets_at(client, partitions, earliest);
    if (flags.to_latest) return offsets_at(client, partitions, latest);
    if (!flags.to_time.empty()) {
        auto const moment = parse_moment(flags.to_time);
        if (!moment) return std::unexpected(moment.error());
        return offsets_at(client, partitions, *moment);
    }
    // An offset outside of what is stored would silently become another one at the next fetch.
    auto const first = offsets_at(client, partitions, earliest);
    if (!first) return first;
    auto wanted = offsets_at(client, partitions, latest);
    if (!wanted) return wanted;
    for (auto& [partition, offset] : *wanted)
        offset = std::clamp(flags.to_offset, first->at(partition), offset);
    return wanted;
}

Outcome<> reset(GroupFlags const& flags) {
    auto const choices = int(flags.to_earliest) + int(flags.to_latest) + int(flags.to_offset >= 0) +
                         int(!flags.to_time.empty());
    if (choices != 1)
        return misused("group reset: say where to",
                       "one of --to-earliest, --to-latest, --to-offset N, --to-time WHEN");
    auto const& name = flags.names.front();
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    if (auto const found = patiently(**client, [&] { return group(**client, name); });
        found && !found->is_empty())
        return failed(
            fmt::format("group {} has {} member{}; offsets of a group at work are its own", name,
                        found->members.size(), found->members.size() == 1 ? "" : "s"),
            "stop its consumers first, then reset");
    auto const before = patiently(**client, [&] { return committed(**client, name); });
    if (!before) return std::unexpected(before.error());
    auto const partitions = partitions_to_reset(**client, flags, *before);
    if (!partitions) return std::unexpected(partitions.error());
    auto const after = targets(**client, flags, *partitions);
    if (!after) return std::unexpected(after.error());
    if (!flags.dry_run)
        if (auto done = patiently(**client, [&] { return commit(**client, name, *after); }); !done)
            return done;

    Json json;
    json.object().field("group", name).field("dry_run", flags.dry_run).key("partitions").array();
    Table table({"TOPIC", ">PARTITION", ">WAS", flags.dry_run ? ">WOULD BE" : ">IS"});
    for (auto const& [partition, offset] : *after) {
        auto const was = before->find(partition);
        auto const old =
            was == before->end() ? std::nullopt : std::optional<std::int64_t>(was->second);
        table.row({partition.first, fmt::format("{}", partition.second), or_dash(old),
                   with_commas(offset)});
        json.object()
            .field("topic", partition.first)
            .field("partition", partition.second)
            .field("was", old)
            .field("offset", offset)
            .end_object();
    }
    json.end_array().end_object();
    if (flags.json)
        json.print_line(stdout);
    else
        table.print(stdout);
    return {};
}

Outcome<> remove(GroupFlags const& flags) {
    auto const client = connect(flags);
    if (!client) return std::unexpected(client.error());
    for (auto const& name : flags.names) {
        if (auto done = patiently(**client, [&] { return delete_group(**client, name); }); !done)
            return done;
        if (flags.json)
            Json()
                .object()
                .field("group", name)
                .field("deleted", true)
                .end_object()
                .print_line(stdout);
        else
            fmt::print("deleted {}\n", name);
    }
    return {};
}

}  // namespace

void add_group(CLI::App& app, int& exit_code) {
    auto* parent = app.add_subcommand("group", "Consumer groups: lag, reset, delete");
    parent->require_subcommand(1);
    parent->footer(
        "Examples:\n"
        "  klamm group list\n"
        "  klamm group describe billing\n"
        "  klamm group reset billing --topic orders --to-time 2026-01-31T12:00 --dry-run\n"
        "  klamm group describe billing --json | python3 -m json.tool");
    struct Command {
        CLI::App* app;
        std::shared_ptr<GroupFlags>
            flags;  // its own: CLI11 applies KLAMM_BOOTSTRAP to all commands
    };
    auto const command = [&](char const* name, char const* what,
                             Outcome<> (*run)(GroupFlags const&)) {
        auto* sub = parent->add_subcommand(name, what);
        auto flags = std::make_shared<GroupFlags>();
        add_client_options(*sub, flags->client);
        sub->add_flag("--json", flags->json, "Write JSON");
        sub->callback([flags, run, &exit_code] { exit_code = report(run(*flags)); });
        return Command{sub, flags};
    };
    command("list", "List groups and their states", list);
    for (auto const& it :
         {command("describe", "Show members, committed offsets and lag", describe),
          command("delete", "Forget a group and its offsets; it must have no members", remove)})
        it.app->add_option("NAME", it.flags->names, "The group, or several")->required();

    auto const [reset_command, flags] =
        command("reset", "Let a group read on from elsewhere", reset);
    reset_command->add_option("NAME", flags->names, "The group; it must have no members")
        ->required()
        ->expected(1);
    reset_command
        ->add_option("-t,--topic", flags->topics,
                     "What to reset; all that the group committed if left out; repeatable")
        ->type_name("NAME[:PARTITION]")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    reset_command->add_flag("--to-earliest", flags->to_earliest, "The oldest record");
    reset_command->add_flag("--to-latest", flags->to_latest, "Only what comes from now on");
    reset_command
        ->add_option("--to-offset", flags->to_offset, "An offset, or the nearest that there is")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t(0), count_max));
    reset_command->add_option("--to-time", flags->to_time, "The first record that is not older")
        ->type_name("WHEN");
    reset_command->add_flag("--dry-run", flags->dry_run, "Show what would change, change nothing");
    reset_command->footer(
        "WHEN is 2026-01-31, 2026-01-31T12:00[:30], in UTC, or milliseconds since 1970.\n"
        "Example:\n  klamm group reset billing --topic orders:0 --to-offset 1000 --dry-run");
}

}  // namespace klamm::cli
