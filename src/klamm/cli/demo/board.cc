#include "klamm/cli/demo/board.h"

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

double mean(flights::AirportDelays const& sums) {
    return sums.flights == 0 ? 0 : double(sums.minutes) / double(sums.flights);
}

}  // namespace

std::string program_name() {
    std::error_code error;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", error);
    auto const here = std::filesystem::current_path(error);
    auto const relative = program.lexically_relative(here).string();
    return relative.empty() || relative.starts_with("..") ? program.string() : relative;
}

void DemoBoard::show(FlightStream const& stream, FlightResults const& results, bool down,
                     bool must) {
    auto const now = std::chrono::steady_clock::now();
    if (now < next_ && !must) return;
    next_ = now + draw_interval;
    auto const counts = results.counts();
    if (!panel_.moves()) {
        auto const tenths = stream.published() * 10 / stream.total();
        if (tenths > tenths_told_)
            panel_.say(fmt::format(
                "  {} published, {} acknowledged, {} counted", with_commas(stream.published()),
                with_commas(stream.acknowledged()), with_commas(counts.flights)));
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
    panel_.draw(
        {line("published", stream.published(), style.cool(), ""),
         line("acknowledged", stream.acknowledged(), style.good(),
              down ? fmt::format("{}application down{}, {}", style.bad(), style.off(), waiting)
              : stream.under_way() == 0 ? ""
                                        : dim(waiting)),
         line("counted", counts.flights, style.warm(),
              dim(fmt::format("{} notices, {} compensations paid", with_commas(counts.notices),
                              with_commas(counts.payments))))});
}

void print_delays(std::map<std::string, flights::AirportDelays> const& delays) {
    std::vector<flights::AirportDelays> airports;
    for (auto const& [name, each] : delays) airports.push_back(each);
    std::ranges::stable_sort(airports, std::greater{}, &flights::AirportDelays::flights);
    if (airports.size() > airports_shown) {
        flights::AirportDelays others;
        others.airport = fmt::format("{} others", airports.size() - airports_shown);
        for (std::size_t i = airports_shown; i < airports.size(); ++i) {
            others.flights += airports[i].flights;
            others.minutes += airports[i].minutes;
        }
        airports.resize(airports_shown);
        airports.push_back(others);
    }
    auto longest = 1.0;
    for (auto const& sums : airports) longest = std::max(longest, mean(sums));
    Table table({"AIRPORT", ">FLIGHTS", ">MEAN DELAY", ""});
    for (auto const& sums : airports)
        table.row({sums.airport, with_commas(sums.flights), fmt::format("{:+.1f} min", mean(sums)),
                   bar(mean(sums) / longest, delay_columns)});
    fmt::print("\n");
    table.print(stdout);
    fmt::print("\n");
}

void print_what_to_try(Panel& panel, AppProcess::Ready const& app) {
    auto const& style = panel.style();
    auto const flag = app.kafka == "127.0.0.1:9092" ? std::string() : " -b " + app.kafka;
    auto const registry =
        app.http == "127.0.0.1:8081" ? std::string() : " --registry http://" + app.http;
    auto const klamm = program_name();
    panel.say(
        fmt::format("\nThe application stays up, its broker on {}{}{}. In another terminal, try:\n",
                    style.bold(), app.kafka, style.off()));
    std::vector<std::pair<std::string, char const*>> const commands{
        {fmt::format("{} consume flights --from -3{}", klamm, flag), "the last of each partition"},
        {fmt::format("{} consume airports --decode --from -3{}{}", klamm, flag, registry),
         "what it made of them"},
        {fmt::format("{} group describe flights{}", klamm, flag), "members and lag"},
        {fmt::format("{} dlq list flights-dlt{}", klamm, flag), "the record that is no flight"},
        {fmt::format("echo hello | {} produce greetings{}", klamm, flag), "a topic of your own"},
        {fmt::format("kcat -b {} -C -t flights -c 5", app.kafka), "any Kafka client will do"},
        {fmt::format("curl -s http://{}/healthz", app.http), "why it is not well: that record"}};
    std::size_t width = 0;
    for (auto const& [command, what] : commands) width = std::max(width, width_of(command));
    for (auto const& [command, what] : commands)
        panel.say(
            fmt::format("  {}  {}{}{}", padded(command, width), style.dim(), what, style.off()));
    panel.say(fmt::format("\n{}Ctrl-C stops it.{}", style.dim(), style.off()));
}

}  // namespace klamm::cli
