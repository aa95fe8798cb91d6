#include "klamm/cli/demo_board.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>

namespace klamm::cli {
namespace {

constexpr auto draw_interval = std::chrono::milliseconds(100);
constexpr std::size_t progress_columns = 30;
constexpr std::size_t delay_columns = 24;
constexpr std::size_t airports_shown = 12;

/// How people would call this very program from here.
std::string program_name() {
    std::error_code error;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", error);
    auto const here = std::filesystem::current_path(error);
    auto const relative = program.lexically_relative(here).string();
    return relative.empty() || relative.starts_with("..") ? program.string() : relative;
}

}  // namespace

void DemoBoard::show(FlightStream const& stream, DelayGroup const& group, bool is_broker_down,
                     bool must) {
    auto const now = std::chrono::steady_clock::now();
    if (now < next_ && !must) return;
    next_ = now + draw_interval;
    if (!panel_.moves()) {
        auto const tenths = stream.published() * 10 / stream.total();
        if (tenths > tenths_told_)
            panel_.say(fmt::format(
                "  {} published, {} acknowledged, {} counted", with_commas(stream.published()),
                with_commas(stream.acknowledged()), with_commas(group.totals().counted())));
        tenths_told_ = std::max(tenths_told_, tenths);
        return;
    }
    auto const& style = panel_.style();
    auto const line = [&](std::string const& name, std::int64_t number, std::string_view color,
                          std::string const& note) {
        auto const part = double(number) / double(stream.total());
        return fmt::format("  {:13} {}{}{} {:>7}  {}", name, color,
                           padded(bar(part, progress_columns), progress_columns), style.off(),
                           with_commas(number), note);
    };
    auto const dim = [&](std::string const& text) {
        return fmt::format("{}{}{}", style.dim(), text, style.off());
    };
    auto const waiting = fmt::format("{} under way", with_commas(stream.under_way()));
    std::vector<std::string> lines{
        line("published", stream.published(), style.cool(), ""),
        line("acknowledged", stream.acknowledged(), style.good(),
             is_broker_down ? fmt::format("{}broker down{}, {}", style.bad(), style.off(), waiting)
             : stream.under_way() == 0 ? ""
                                       : dim(waiting))};
    auto const members = group.view();
    for (std::size_t i = 0; i < members.size(); ++i)
        lines.push_back(
            line(fmt::format("consumer {}", i + 1), members[i].counted, style.warm(),
                 dim(members[i].partitions.empty()
                         ? "joining"
                         : fmt::format("partitions {}", fmt::join(members[i].partitions, " ")))));
    panel_.draw(std::move(lines));
}

void print_delays(DelaysByAirport const& delays) {
    std::vector<std::pair<std::string, Delays>> airports(delays.begin(), delays.end());
    std::ranges::stable_sort(airports, std::greater{},
                             [](auto const& airport) { return airport.second.flights; });
    if (airports.size() > airports_shown) {
        Delays others;
        for (std::size_t i = airports_shown; i < airports.size(); ++i) {
            others.flights += airports[i].second.flights;
            others.minutes += airports[i].second.minutes;
        }
        auto const name = fmt::format("{} others", airports.size() - airports_shown);
        airports.resize(airports_shown);
        airports.emplace_back(name, others);
    }
    auto longest = 1.0;
    for (auto const& [name, sums] : airports) longest = std::max(longest, sums.mean());
    Table table({"AIRPORT", ">FLIGHTS", ">MEAN DELAY", ""});
    for (auto const& [name, sums] : airports)
        table.row({name, with_commas(sums.flights), fmt::format("{:+.1f} min", sums.mean()),
                   bar(sums.mean() / longest, delay_columns)});
    fmt::print("\n");
    table.print(stdout);
    fmt::print("\n");
}

void print_what_to_try(Panel& panel, BrokerProcess::Ready const& broker) {
    auto const& style = panel.style();
    auto const flag = broker.kafka == "127.0.0.1:9092" ? std::string() : " -b " + broker.kafka;
    auto const klamm = program_name();
    panel.say(fmt::format("\nThe broker stays up on {}{}{}. In another terminal, try:\n",
                          style.bold(), broker.kafka, style.off()));
    std::vector<std::pair<std::string, char const*>> const commands{
        {fmt::format("{} consume flights --from -3{}", klamm, flag), "the last of each partition"},
        {fmt::format("{} consume flights --from 2001-02-14 -n 5{}", klamm, flag), "by time"},
        {fmt::format("{} group describe delays{}", klamm, flag), "members and lag"},
        {fmt::format("echo hello | {} produce greetings{}", klamm, flag), "a topic of your own"},
        {fmt::format("kcat -b {} -C -t flights -c 5", broker.kafka), "any Kafka client will do"},
        {fmt::format("curl -s http://{}/metrics", broker.http), "for Prometheus"}};
    std::size_t width = 0;
    for (auto const& [command, what] : commands) width = std::max(width, width_of(command));
    for (auto const& [command, what] : commands)
        panel.say(
            fmt::format("  {}  {}{}{}", padded(command, width), style.dim(), what, style.off()));
    panel.say(fmt::format("\n{}Ctrl-C stops it.{}", style.dim(), style.off()));
}

}  // namespace klamm::cli
