// cli/dlq/redrive.cc - klamm dlq redrive, klamm dlq discard.
#include "klamm/handler/redrive.h"

#include "klamm/cli/dlq/commands.h"
#include "klamm/cli/dlq/connection.h"
#include "klamm/cli/dlq/letters.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/terminal.h"

#include <fmt/format.h>

#include <atomic>
#include <limits>

namespace klamm::cli {
namespace {

using handler::RedriveResult;
using handler::Stays;

constexpr std::size_t sent_shown_max = 20;

struct RedriveFlags : DlqFlags {
    ChoiceFlags choice;
    bool all = false;
    std::string to;
    std::string because;
    std::int64_t rate = 0;
    std::uint64_t limit = std::numeric_limits<std::uint64_t>::max();
    std::int32_t redrives_max = 3;
    bool force = false;
    bool out_of_order = false;
    bool unmarked = false;
    bool dry_run = false;
    bool discard = false;
};

/// On the loop's thread, but for what is atomic.
struct Watch : handler::RedriveObserver {
    struct Sent {
        Position from;
        std::string to;
        std::optional<std::string> key;
    };
    std::vector<Sent> sent;  ///< the first ones
    std::atomic<std::uint64_t> done = 0;
    std::atomic<std::uint64_t> planned = 0;
    std::atomic<bool> stop = false;

    void sends(handler::StoredDeadLetter const& letter, bus::Outgoing const& record) override {
        if (sent.size() >= sent_shown_max) return;
        auto to =
            record.partition ? fmt::format("{}/{}", record.topic, *record.partition) : record.topic;
        sent.push_back({letter.position, std::move(to), letter.key});
    }
    bool goes_on(RedriveResult const& so_far) override {
        done = so_far.redriven;
        planned = so_far.planned;
        return !stop;
    }
};

/// Into `options`, which gcc 12 takes for uninitialized when it is returned.
Outcome<> read_options(RedriveFlags const& flags, handler::RedriveOptions& options) {
    auto const* name = flags.discard ? "discard" : "redrive";
    if (flags.all == flags.choice.chooses())
        return misused(fmt::format("dlq {}: say which", name),
                       "places as `klamm dlq list` shows them, or --error, --reason, --key and "
                       "others, or --all");
    auto selected = selection(flags.topic, flags.choice);
    if (!selected) return std::unexpected(selected.error());
    options.topic = flags.topic;
    options.rules.selection = std::move(*selected);
    options.rules.redrives_max =
        flags.force ? std::numeric_limits<std::int32_t>::max() : flags.redrives_max;
    options.rules.out_of_order = flags.out_of_order;
    options.rules.unmarked = flags.unmarked;
    options.rules.discard = flags.discard;
    options.reason = flags.because;
    if (flags.choice.partition >= 0) options.partition = flags.choice.partition;
    options.to = flags.to;
    options.dry_run = flags.dry_run;
    options.per_second = flags.rate;
    options.limit = flags.limit;
    return {};
}

std::string letters_text(std::uint64_t count) {
    return fmt::format("{} dead letter{}", with_commas(std::int64_t(count)), count == 1 ? "" : "s");
}

std::string_view hint_of(Stays why) {
    switch (why) {
        case Stays::overtakes:
            return "choose those, too, or --out-of-order";
        case Stays::redriven_often:
            return "mend what they fail of, then --force";
        case Stays::homeless:
            return "name a topic with --to";
        case Stays::gone:
            return "discard them";
        case Stays::unmarked:
            return "is it the right topic? --unmarked takes them all the same";
        case Stays::no_room:
            return "then these";
    }
    return "";
}

void print(RedriveResult const& result, Watch const& watch, RedriveFlags const& flags) {
    if (flags.dry_run && !flags.discard && !watch.sent.empty()) {
        Table table({"PLACE", "KEY", "WOULD GO TO"});
        for (auto const& sent : watch.sent)
            table.row({place_text(sent.from), sent.key ? shortened(*sent.key, 40) : "-", sent.to});
        table.print(stdout);
        if (result.redriven > watch.sent.size())
            fmt::print("… and {} more\n", with_commas(std::int64_t(result.redriven) -
                                                      std::int64_t(watch.sent.size())));
    }
    auto const* verb = flags.discard ? (flags.dry_run ? "would discard" : "discarded")
                                     : (flags.dry_run ? "would redrive" : "redrove");
    fmt::print("{} {} of {}", verb, letters_text(result.redriven), flags.topic);
    if (result.along > 0)
        fmt::print(", of which {} waited behind others", with_commas(std::int64_t(result.along)));
    // Unless all partitions were looked at, nobody knows how many wait.
    auto const all = flags.choice.places.empty() && flags.choice.partition < 0 && !result.stopped &&
                     result.redriven < flags.limit;
    auto const wait = flags.dry_run ? result.waiting : result.waiting - result.redriven;
    fmt::print("{}\n", all ? fmt::format("; {} wait{}", with_commas(std::int64_t(wait)),
                                         flags.dry_run ? "" : " still")
                           : "");
    if (result.bare > 0)
        fmt::print("{} without their original headers: the original records are gone (retention)\n",
                   with_commas(std::int64_t(result.bare)));
    std::fflush(stdout);
    for (auto const& [why, count] : result.stay) {
        fmt::print(stderr, "{} stay{}: {} ({})\n", letters_text(count), count == 1 ? "s" : "",
                   to_string(why), hint_of(why));
        int shown = 0;
        for (auto const& [position, reason] : result.stays_shown)
            if (reason == why && shown++ < 5) fmt::print(stderr, "  {}\n", place_text(position));
    }
    if (result.not_found > 0)
        fmt::print(stderr, "at {} of the given places no dead letter waits\n", result.not_found);
    if (result.stopped) fmt::print(stderr, "stopped; the same command goes on from here\n");
}

std::string_view json_name(Stays why) {
    switch (why) {
        case Stays::overtakes:
            return "overtakes";
        case Stays::redriven_often:
            return "redriven_often";
        case Stays::homeless:
            return "homeless";
        case Stays::gone:
            return "gone";
        case Stays::unmarked:
            return "unmarked";
        case Stays::no_room:
            return "no_room";
    }
    return "";
}

void write(RedriveResult const& result, RedriveFlags const& flags) {
    Json json;
    json.object()
        .field("topic", flags.topic)
        .field("dry_run", flags.dry_run)
        .field(flags.discard ? "discarded" : "redriven", result.redriven)
        .field("along", result.along)
        .field("without_headers", result.bare)
        .field("waited", result.waiting)
        .field("transactions", result.transactions)
        .field("not_found", result.not_found)
        .field("stopped", result.stopped)
        .key("stay")
        .object();
    for (auto const& [why, count] : result.stay) json.field(json_name(why), count);
    json.end_object().key("stay_places").array();
    for (auto const& [position, why] : result.stays_shown)
        json.object()
            .field("place", place_text(position))
            .field("why", json_name(why))
            .end_object();
    json.end_array().end_object();
    json.print_line(stdout);
}

int run(RedriveFlags const& flags) {
    handler::RedriveOptions options;
    if (auto const read = read_options(flags, options); !read) return report(read);
    Interrupt interrupt;  // before there are threads
    auto connection = Connection::open(flags.client);
    if (!connection) return report(std::unexpected(connection.error()));
    Watch watch;
    ProgressLine line;
    auto const result =
        (*connection)
            ->ask<RedriveResult>(
                [&](bus::Done<RedriveResult> done) {
                    handler::redrive((*connection)->loop(), (*connection)->bus(), options, watch,
                                     std::move(done));
                },
                [&] {
                    if (interrupt.asked()) watch.stop = true;
                    if (line.due())
                        line.show(fmt::format("{} of {}", with_commas(std::int64_t(watch.done)),
                                              letters_text(watch.planned)));
                });
    line.clear();
    if (!result) {
        if (watch.done > 0 && !flags.dry_run)
            fmt::print(stderr, "{} done before:\n", letters_text(watch.done));
        return report(std::unexpected(result.error()));
    }
    flags.json ? write(*result, flags) : print(*result, watch, flags);
    auto const nothing = result->redriven == 0 && (result->stayed() > 0 || result->not_found > 0);
    return nothing || result->stopped ? 1 : 0;
}

std::shared_ptr<RedriveFlags> add(CLI::App& dlq, char const* name, char const* what,
                                  int& exit_code) {
    auto const [command, flags] = dlq_command<RedriveFlags>(dlq, name, what, exit_code, run);
    add_topic(*command, *flags);
    command->add_option("PLACE", flags->choice.places,
                        "PARTITION@OFFSET, as `klamm dlq list` shows it; several");
    add_choice(*command, flags->choice);
    command->add_flag("--all", flags->all, "All that wait")
        ->group("Which (those that fit all of it)");
    command->add_option("-n,--limit", flags->limit, "At most so many")
        ->type_name("N")
        ->check(CLI::PositiveNumber);
    command->add_option("--rate", flags->rate, "At most so many in a second")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t(1), count_max));
    command->add_flag("--unmarked", flags->unmarked,
                      "Also records whose headers do not say that they are dead letters");
    command->add_flag("--dry-run", flags->dry_run, "Show what would be done, do nothing");
    return flags;
}

}  // namespace

void add_dlq_redrive(CLI::App& dlq, int& exit_code) {
    auto const flags = add(dlq, "redrive", "Send them back to where they were", exit_code);
    auto* const command = dlq.get_subcommand("redrive");
    command->add_option("--to", flags->to, "To this topic instead")->type_name("TOPIC");
    command
        ->add_option("--max-redrives", flags->redrives_max,
                     "Those that came back so often stay where they are")
        ->type_name("N")
        ->check(CLI::Range(1, 1'000'000))
        ->capture_default_str();
    command->add_flag("--force", flags->force, "However often they came back");
    command->add_flag("--out-of-order", flags->out_of_order,
                      "Also those that overtake earlier ones of their key");
    command->footer(
        "Each is sent once, in the transaction that notes it; a second redrive of the same topic\n"
        "takes over from the first. What waits behind one of its key goes along, in order.\n"
        "Examples:\n"
        "  klamm dlq redrive orders-dlt 0@17\n"
        "  klamm dlq redrive orders-dlt --error CardRefused --since 2026-01-31 --dry-run\n"
        "  klamm dlq redrive orders-dlt --all --rate 100\n"
        "  klamm dlq redrive orders-dlt --key ann --to orders-by-hand");
}

void add_dlq_discard(CLI::App& dlq, int& exit_code) {
    auto const flags = add(dlq, "discard", "Give them up, with a reason", exit_code);
    auto* const command = dlq.get_subcommand("discard");
    flags->discard = true;
    command->add_option("--because", flags->because, "Why; it is kept beside the dead letters")
        ->type_name("TEXT")
        ->required();
    command->footer(
        "They stay in the topic as long as its retention lets them, but wait no more; what waits\n"
        "behind them still does, for the others of its key. `klamm dlq list --discarded` shows\n"
        "the reasons. Example:\n"
        "  klamm dlq discard orders-dlt 0@17 --because \"ordered by mistake\"");
}

}  // namespace klamm::cli
