// cli/dlq/dlq.cc - klamm dlq: dead letters of any Kafka cluster, whoever wrote them.
#include "klamm/cli/commands.h"
#include "klamm/cli/dlq/commands.h"
#include "klamm/cli/moment.h"

#include <fmt/format.h>

namespace klamm::cli {

void add_dlq(CLI::App& app, int& exit_code) {
    auto* const dlq = app.add_subcommand("dlq", "Dead letters: look at them, send them back");
    dlq->require_subcommand(1);
    dlq->footer(
        "Reads what Klamm's handlers, Spring Kafka, Kafka Connect, Kafka Streams and brokers (for\n"
        "share groups) write. Examples:\n"
        "  klamm dlq topics\n"
        "  klamm dlq groups orders-dlt\n"
        "  klamm dlq show orders-dlt 0@17\n"
        "  klamm dlq redrive orders-dlt --error CardRefused --dry-run\n"
        "  klamm dlq discard orders-dlt 0@17 --because \"ordered by mistake\"");
    add_dlq_topics(*dlq, exit_code);
    add_dlq_list(*dlq, exit_code);
    add_dlq_groups(*dlq, exit_code);
    add_dlq_show(*dlq, exit_code);
    add_dlq_redrive(*dlq, exit_code);
    add_dlq_discard(*dlq, exit_code);
}

void add_topic(CLI::App& command, DlqFlags& flags) {
    command.add_option("TOPIC", flags.topic, "The topic of the dead letters")->required();
}

bool ChoiceFlags::chooses() const {
    for (auto const* text : {&group, &handler, &error, &reason, &from_topic, &key, &since, &until})
        if (!text->empty()) return true;
    return !places.empty() || partition >= 0;
}

void add_choice(CLI::App& command, ChoiceFlags& flags) {
    auto constexpr which = "Which (those that fit all of it)";
    auto const text = [&](char const* name, std::string& value, char const* what,
                          char const* type) {
        command.add_option(name, value, what)->type_name(type)->group(which);
    };
    text("--error", flags.error, "Of this error type", "TYPE");
    text("--reason", flags.reason, "With this in their reason", "TEXT");
    text("--group", flags.group, "That this consumer group gave up", "NAME");
    text("--handler", flags.handler, "That this handler or connector gave up", "NAME");
    text("--from-topic", flags.from_topic, "That were in this topic", "NAME");
    text("--key", flags.key, "With this key", "TEXT");
    text("--since", flags.since, "That failed then or later", "WHEN");
    text("--until", flags.until, "That failed before", "WHEN");
    command.add_option("--partition", flags.partition, "In this partition of the dead letters")
        ->type_name("N")
        ->check(CLI::Range(0, partition_max))
        ->group(which);
}

Outcome<std::pair<std::int32_t, std::int64_t>> parse_place(std::string const& topic,
                                                           std::string const& text) {
    auto const whole =
        text.find('/') == std::string::npos ? fmt::format("{}/{}", topic, text) : text;
    auto const position = handler::parse_position(whole);
    if (!position || position->partition < 0 || position->offset < 0)
        return misused(fmt::format("{}: not a place", text),
                       "write PARTITION@OFFSET as `klamm dlq list` does, for instance 0@17");
    if (position->topic != topic)
        return misused(fmt::format("{} is not in {}", text, topic), "one topic at a time");
    return std::pair{position->partition, position->offset};
}

std::string place_text(Position const& position) {
    return fmt::format("{}@{}", position.partition, position.offset);
}

Outcome<handler::Selection> selection(std::string const& topic, ChoiceFlags const& flags) {
    handler::Selection selection;
    for (auto const& text : flags.places) {
        auto const place = parse_place(topic, text);
        if (!place) return std::unexpected(place.error());
        selection.positions.insert(*place);
    }
    auto const set = [](std::optional<std::string>& wanted, std::string const& flag) {
        if (!flag.empty()) wanted = flag;
    };
    set(selection.group, flags.group);
    set(selection.handler, flags.handler);
    set(selection.error_type, flags.error);
    set(selection.reason, flags.reason);
    set(selection.topic, flags.from_topic);
    set(selection.key, flags.key);
    for (auto const& [flag, bound] :
         {std::pair{&flags.since, &selection.from}, std::pair{&flags.until, &selection.to}}) {
        if (flag->empty()) continue;
        auto const moment = parse_moment(*flag);
        if (!moment) return std::unexpected(moment.error());
        *bound = Time{milliseconds{*moment}};
    }
    return selection;
}

}  // namespace klamm::cli
