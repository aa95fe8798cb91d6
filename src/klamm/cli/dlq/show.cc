// cli/dlq/show.cc - klamm dlq show: all that is known about one dead letter.
#include "klamm/cli/dlq/commands.h"
#include "klamm/cli/dlq/connection.h"
#include "klamm/cli/dlq/letters.h"
#include "klamm/cli/terminal.h"
#include "klamm/cli/text.h"
#include "klamm/handler/redrive.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::cli {
namespace {

using handler::DeadLetter;
using handler::StoredDeadLetter;

constexpr std::size_t value_shown_max = 16 * 1024;
constexpr std::size_t stack_trace_lines_max = 12;

struct ShowFlags : DlqFlags {
    std::string place;
    bool whole = false;
};

/// The dead letter, whether it waits, and what waits behind it.
struct Found {
    StoredDeadLetter stored;
    bool waits = false;
    std::uint64_t behind = 0;
    bool has_original = false;  ///< of a share group's: key, value and headers are the original's
};

Outcome<Found> find(Connection& connection, ShowFlags const& flags) {
    auto const place = parse_place(flags.topic, flags.place);
    if (!place) return std::unexpected(place.error());
    auto const described = connection.ask<std::vector<bus::TopicDescription>>(
        [&](auto done) { connection.bus().describe_topics({flags.topic}, std::move(done)); });
    if (!described) return std::unexpected(described.error());
    auto const partitions = described->empty() ? 0 : described->front().partitions;
    if (partitions == 0) return failed(fmt::format("there is no topic {}", flags.topic));
    if (place->first >= partitions)
        return failed(fmt::format("{} has partitions 0 to {}", flags.topic, partitions - 1));
    Position const position{flags.topic, place->first, place->second};
    auto stored = connection.ask<std::optional<StoredDeadLetter>>([&](auto done) {
        handler::read_dead_letter_at(connection.bus(), position, std::move(done));
    });
    if (!stored) return std::unexpected(stored.error());
    if (!*stored)
        return failed(fmt::format("there is no record at {}", to_string(position)),
                      "`klamm dlq list` shows those that wait");
    Found found{.stored = std::move(**stored)};
    auto const queue = handler::queue_of(found.stored);
    auto const scanned = connection.ask<handler::Scan>([&](auto done) {
        handler::scan_dead_letters(
            connection.bus(), {.topic = flags.topic, .partition = place->first, .discarded = true},
            [&](StoredDeadLetter const& other, std::int64_t) {
                if (other.position == found.stored.position)
                    found.waits = true;
                else if (queue && handler::queue_of(other) == queue && other.letter.original &&
                         other.letter.original->offset > found.stored.letter.original->offset)
                    ++found.behind;
                return true;
            },
            std::move(done));
    });
    if (!scanned) return std::unexpected(scanned.error());
    return found;
}

/// What brokers leave out of dead letters of share groups is fetched, to be seen.
Outcome<> complete(Connection& connection, Found& found) {
    auto const& letter = found.stored.letter;
    if (letter.dialect != DeadLetter::Dialect::share_group || !letter.original) return {};
    auto original = connection.ask<std::optional<bus::Record>>([&](auto done) {
        handler::read_original(connection.bus(), *letter.original, std::move(done));
    });
    if (!original || !*original) return {};
    auto whole = handler::stored_dead_letter(**original);
    found.has_original = true;
    found.stored.key = std::move(whole.key);
    found.stored.value = std::move(whole.value);
    found.stored.headers.insert(found.stored.headers.begin(), whole.headers.begin(),
                                whole.headers.end());
    return {};
}

std::string state_text(Found const& found) {
    auto const redrive = handler::read_redrive(found.stored.headers);
    if (redrive && redrive->discard)
        return fmt::format("a note: {} was discarded: {}", to_string(redrive->dead_letter),
                           redrive->reason);
    if (!found.waits) return "was redriven or discarded";
    return found.stored.letter.parked ? "waits behind one of its key that failed" : "waits";
}

std::string header_text(Header const& header) {
    if (!header.value) return "(null)";
    auto const& value = *header.value;
    // Numbers as Spring writes them.
    auto const is_binary = std::ranges::any_of(value, [](char c) { return c >= 0 && c < ' '; });
    if (is_binary && (value.size() == 4 || value.size() == 8)) {
        std::uint64_t number = 0;
        for (char const byte : value) number = number << 8 | std::uint8_t(byte);
        return fmt::format("{}  (big-endian)", number);
    }
    return shortened(value, 200);
}

void print_value(std::optional<std::string> const& value, bool whole, Style const& style) {
    if (!value) {
        fmt::print("{}value{} (null)\n", style.bold(), style.off());
        return;
    }
    fmt::print("{}value{} {}\n", style.bold(), style.off(),
               bytes_text(std::int64_t(value->size())));
    auto const shown = whole ? value->size() : std::min(value->size(), value_shown_max);
    fmt::print("  {}{}\n", printable(std::string_view(*value).substr(0, shown)),
               shown < value->size() ? "…  (--whole shows all of it)" : "");
}

void print_stack_trace(std::string const& trace, bool whole, Style const& style) {
    if (trace.empty()) return;
    fmt::print("{}stack trace{}\n", style.bold(), style.off());
    std::size_t lines = 0;
    for (std::size_t from = 0; from < trace.size();) {
        auto const end = std::min(trace.find('\n', from), trace.size());
        if (!whole && lines++ == stack_trace_lines_max) {
            fmt::print("  …  (--whole shows all of it)\n");
            return;
        }
        auto const line = std::string_view(trace).substr(from, end - from);
        auto const text = line.substr(0, line.find_last_not_of("\r\t ") + 1);
        fmt::print("  {}{}\n", text.starts_with('\t') ? "  " : "",
                   printable(text.substr(text.starts_with('\t') ? 1 : 0)));
        from = end + 1;
    }
}

void print(Found const& found, bool whole) {
    Style const style{stdout};
    auto const& stored = found.stored;
    auto const& letter = stored.letter;
    auto const line = [&](std::string_view name, std::string const& value) {
        if (!value.empty())
            fmt::print("  {}{}{}  {}\n", style.dim(), padded(name, 11), style.off(), value);
    };
    auto const time = [](Time at) { return utc_text(at.time_since_epoch().count()); };
    fmt::print("{}{}{}  {}\n", style.bold(), to_string(stored.position), style.off(),
               state_text(found));
    line("reason", printable(letter.reason));
    line("error", printable(letter.error_type));
    auto was_at = origin_text(letter);
    if (letter.original_timestamp) was_at += ", " + time(*letter.original_timestamp);
    line("was at", was_at);
    auto group = printable(letter.group);
    if (!letter.handler.empty()) group += fmt::format(", handler {}", printable(letter.handler));
    if (letter.attempts > 0)
        group += fmt::format(", {} attempt{}", letter.attempts, letter.attempts == 1 ? "" : "s");
    line("group", group);
    line("failed at", time(stored.failed_at()));
    if (letter.redrives > 0)
        line("redriven", fmt::format("{} times, and failed again", letter.redrives));
    if (found.behind > 0)
        line("behind it",
             fmt::format("{} event{} of its {} {}", found.behind, found.behind == 1 ? "" : "s",
                         letter.park == Park::partition ? "partition" : "key",
                         found.behind == 1 ? "waits" : "wait"));
    line("written by", letter.dialect == DeadLetter::Dialect::unknown
                           ? "nobody that is known: its headers do not say that it is a dead letter"
                           : std::string(to_string(letter.dialect)));
    if (letter.dialect == DeadLetter::Dialect::share_group)
        line("original", found.has_original
                             ? "key, value and headers below are those of the original record"
                             : "gone: retention has removed the original record");
    line("key", stored.key ? printable(*stored.key) : "(null)");
    auto const headers = whole ? stored.headers : handler::original_headers(stored.headers);
    if (!headers.empty()) fmt::print("{}headers{}\n", style.bold(), style.off());
    for (auto const& header : headers)
        fmt::print("  {}: {}\n", printable(header.name), header_text(header));
    print_value(stored.value, whole, style);
    print_stack_trace(letter.stack_trace, whole, style);
}

int show(ShowFlags const& flags) {
    auto connection = Connection::open(flags.client);
    if (!connection) return report(std::unexpected(connection.error()));
    auto found = find(**connection, flags);
    if (!found) return report(std::unexpected(found.error()));
    if (auto done = complete(**connection, *found); !done) return report(done);
    if (!flags.json) {
        print(*found, flags.whole);
        return 0;
    }
    Json json;
    json.object()
        .field("waits", found->waits)
        .field("behind", found->behind)
        .field("is_original", found->has_original)
        .key("dead_letter");
    write_letter(json, found->stored);
    json.end_object();
    json.print_line(stdout);
    return 0;
}

}  // namespace

void add_dlq_show(CLI::App& dlq, int& exit_code) {
    auto const [command, flags] = dlq_command<ShowFlags>(
        dlq, "show", "Show one: reason, headers, value, stack trace", exit_code, show);
    add_topic(*command, *flags);
    command->add_option("PLACE", flags->place, "PARTITION@OFFSET, as `klamm dlq list` shows it")
        ->required();
    command->add_flag("--whole", flags->whole,
                      "Long values and stack traces, and the headers that made it a dead letter");
    command->footer("Example:\n  klamm dlq show orders-dlt 0@17");
}

}  // namespace klamm::cli
