// cli/demo/demo.cc - klamm demo: an application of events that is killed on the way, and adds up.
//
//   20,000 flights ──▶ flights ──▶ handlers ──▶ airports, notices, payments  = those of the file?
//                                  ╳ SIGKILL, again and again
//
// The application is examples/flights, with its broker in the same process; on a cluster without. A
// run adds to the topics: what earlier runs left stays in place.
#include "klamm/cli/admin.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/demo/app_process.h"
#include "klamm/cli/demo/board.h"
#include "klamm/cli/demo/flight_stream.h"
#include "klamm/cli/demo/flights_file.h"
#include "klamm/cli/demo/redrive.h"
#include "klamm/cli/demo/results.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/panel.h"
#include "klamm/run.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>

namespace klamm::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto topic_name = "flights";
constexpr auto stall_patience = std::chrono::seconds(60);

struct DemoFlags {
    ClientOptions client;
    bool uses_cluster = false;
    std::string listen = "127.0.0.1:9092";
    std::string http = "127.0.0.1:8081";
    std::string data = "klamm-data";
    std::string flights;
    int kills = 3;
    bool fast = false;
    bool leaves = false;
    bool is_app = false;  ///< the child process

    int per_second() const { return fast ? 10'000 : 2'000; }
    milliseconds outage() const { return fast ? milliseconds(50) : milliseconds(1'000); }
};

/// The file named, or that of the repository, from its root or beside build/klamm.
std::string flights_path(DemoFlags const& flags) {
    constexpr auto relative = "examples/flights/flights-20k.csv";
    if (!flags.flights.empty()) return flags.flights;
    std::error_code error;
    if (std::filesystem::exists(relative, error)) return relative;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", error);
    for (auto folder = program.parent_path(); folder != folder.parent_path();
         folder = folder.parent_path())
        if (std::filesystem::exists(folder / relative, error)) return folder / relative;
    return relative;
}

/// Names of this run's flights begin with it: milliseconds since 1970, in short.
std::string name_of_run() {
    auto const now = std::chrono::system_clock::now().time_since_epoch();
    return fmt::format("{:x}", std::chrono::duration_cast<milliseconds>(now).count());
}

class Demo {
public:
    explicit Demo(DemoFlags const& flags) : flags_(flags), options_(flags.client) {}

    Outcome<> run();

private:
    Outcome<> start_app();
    Outcome<> read_results();
    Outcome<> stream();
    Outcome<> kill_and_restart();
    Outcome<> await_counted();
    Outcome<> redrive();
    Outcome<> compare();
    Outcome<> stay();

    std::vector<std::string> app_arguments() const;
    Outcome<> go_on(milliseconds poll);
    Outcome<> stalled() const;
    void draw(bool must = false) { board_.show(*stream_, results_, is_down_, must); }

    DemoFlags const& flags_;
    ClientOptions options_;
    Interrupt interrupt_;  // before any thread starts
    Panel panel_;
    std::vector<flights::FlightLanded> flights_;
    flights::Results expected_;
    std::unique_ptr<AppProcess> app_;
    std::unique_ptr<FlightStream> stream_;
    FlightResults results_;
    DemoBoard board_{panel_};
    int kills_ = 0;
    bool is_down_ = false;  ///< the application, as the story wants it
    steady_clock::time_point last_progress_ = steady_clock::now();
    std::int64_t progress_ = 0;
};

Outcome<> Demo::run() {
    auto flights = read_flights(flights_path(flags_), name_of_run());
    if (!flights) return std::unexpected(flights.error());
    flights_ = std::move(*flights);
    expected_ = flights::results_of(flights_);
    auto const& style = panel_.style();
    panel_.say(fmt::format("\n{}{} US flights of 2001, through an application{}{}\n", style.bold(),
                           with_commas(std::int64_t(flights_.size())),
                           flags_.kills == 0 ? "" : " that is killed on the way", style.off()));
    using Step = Outcome<> (Demo::*)();
    for (Step const step : {&Demo::start_app, &Demo::read_results, &Demo::stream,
                            &Demo::await_counted, &Demo::redrive, &Demo::compare, &Demo::stay})
        if (auto done = (this->*step)(); !done) {
            panel_.clear();
            return done;
        }
    return {};
}

std::vector<std::string> Demo::app_arguments() const {
    std::vector<std::string> words{"demo", "--app"};
    if (flags_.uses_cluster) {
        words.insert(words.end(), {"--bootstrap", options_.bootstrap});
        for (auto const& property : options_.properties)
            words.insert(words.end(), {"-X", property});
        return words;
    }
    // Once it listens somewhere it is to come back at the same place.
    auto const& kafka = app_ ? app_->ready().kafka : flags_.listen;
    auto const& http = app_ ? app_->ready().http : flags_.http;
    words.insert(words.end(), {"--listen", kafka, "--http", http, "--data", flags_.data});
    return words;
}

Outcome<> Demo::start_app() {
    auto app = AppProcess::start(app_arguments(), interrupt_.before());
    if (!app) return std::unexpected(app.error());
    app_ = std::move(*app);
    auto const& ready = app_->ready();
    if (!flags_.uses_cluster) options_.bootstrap = ready.kafka;
    panel_.done(flags_.uses_cluster
                    ? fmt::format("application ready in {} on {}, process {}", ready.took,
                                  options_.bootstrap, app_->pid())
                    : fmt::format("application ready in {} with its broker on {}, data in {}, "
                                  "process {}",
                                  ready.took, ready.kafka, ready.data, app_->pid()));
    return {};
}

Outcome<> Demo::read_results() {
    if (auto started = results_.start(options_); !started) return started;
    stream_ = std::make_unique<FlightStream>(topic_name, flights_, flags_.per_second());
    return stream_->open(options_);
}

// ---- the stream -------------------------------------------------------------------------

Outcome<> Demo::stream() {
    panel_.say("");
    if (auto said = stream_->publish_nonsense("LHR", "no flight at all"); !said) return said;
    stream_->begin();
    auto const total = stream_->total();
    while (stream_->published() < total || kills_ < flags_.kills) {
        if (auto done = go_on(milliseconds(5)); !done) return done;
        // Spread over the stream; the last ones when there is still something to be handled.
        auto const due = total * (kills_ + 1) / (flags_.kills + 1);
        if (kills_ == flags_.kills || stream_->acknowledged() < due) continue;
        if (auto done = kill_and_restart(); !done) return done;
    }
    return {};
}

Outcome<> Demo::kill_and_restart() {
    auto const& style = panel_.style();
    auto const pid = app_->pid();
    app_->kill();
    is_down_ = true;
    ++kills_;
    auto const tells = flags_.kills <= 10;
    if (tells)
        panel_.trouble(
            fmt::format("{}SIGKILL{} to the application, process {}: {} flights "
                        "acknowledged, {} under way",
                        style.bad(), style.off(), pid, with_commas(stream_->acknowledged()),
                        with_commas(stream_->under_way())));
    auto const back = steady_clock::now() + flags_.outage();
    while (steady_clock::now() < back) {
        // The producer goes on: it holds what nobody acknowledges now.
        if (auto done = go_on(milliseconds(20)); !done) return done;
    }
    auto app = AppProcess::start(app_arguments(), interrupt_.before());
    if (!app) return std::unexpected(app.error());
    app_ = std::move(*app);
    is_down_ = false;
    if (tells)
        panel_.done(
            fmt::format("started again, ready in {}, process {}", app_->ready().took, app_->pid()));
    last_progress_ = steady_clock::now();
    return {};
}

Outcome<> Demo::await_counted() {
    auto const total = std::int64_t(flights_.size());
    auto const notices = std::int64_t(expected_.notices.size());
    for (;;) {
        auto const counts = results_.counts();
        if (stream_->acknowledged() >= total && counts.flights >= total &&
            counts.notices >= notices)
            break;
        if (auto done = go_on(milliseconds(20)); !done) return done;
    }
    if (flags_.kills > 10) panel_.trouble(fmt::format("SIGKILL, {} times", kills_));
    return {};
}

/// Lets the producer work, shows how far all came, and sees whether anything is wrong.
Outcome<> Demo::go_on(milliseconds poll) {
    if (auto published = stream_->publish_what_is_due(); !published) return published;
    if (auto polled = stream_->poll(poll); !polled) return polled;
    draw();
    if (interrupt_.asked()) return failed("interrupted");
    if (auto trouble = results_.trouble(); !trouble.empty()) return failed(trouble);
    if (!is_down_)
        if (auto const ended = app_->ended())
            return failed(fmt::format("the application ended by itself ({})", *ended),
                          app_->last_words());
    auto const counts = results_.counts();
    auto const progress = stream_->published() + stream_->acknowledged() + counts.flights +
                          counts.notices + counts.payments;
    if (std::exchange(progress_, progress) != progress) last_progress_ = steady_clock::now();
    if (steady_clock::now() - last_progress_ > stall_patience) return stalled();
    return {};
}

Outcome<> Demo::stalled() const {
    auto words = app_->last_words();
    std::error_code error;
    auto const space = std::filesystem::space(flags_.data, error);
    if (!flags_.uses_cluster && !error && space.available < (64U << 20))
        words = fmt::format("{} left on the disk that holds {}. {}",
                            bytes_text(std::int64_t(space.available)), flags_.data, words);
    auto const counts = results_.counts();
    return failed(fmt::format("nothing moved for {} s: {} published, {} acknowledged, {} counted, "
                              "{} of {} compensations paid",
                              stall_patience.count(), stream_->published(), stream_->acknowledged(),
                              counts.flights, counts.payments, expected_.payments.size()),
                  words);
}

// ---- the end ----------------------------------------------------------------------------

/// The bank refused some cards: their payments are dead letters, and what came for the same card
/// later waits behind them. Somebody has seen to the cards, so they are sent back.
Outcome<> Demo::redrive() {
    auto const wanted = std::int64_t(expected_.payments.size());
    for (auto told = false; results_.counts().payments < wanted;) {
        auto const redriven = redrive_dead_letters(options_, "compensations-dlt");
        if (!redriven) return std::unexpected(redriven.error());
        if (*redriven > 0 && !told)
            panel_.done(
                fmt::format("cards refused: {} compensations were dead letters, redriven "
                            "in order",
                            with_commas(*redriven)));
        told |= *redriven > 0;
        for (auto const pause = steady_clock::now() + milliseconds(200);
             steady_clock::now() < pause && results_.counts().payments < wanted;)
            if (auto done = go_on(milliseconds(20)); !done) return done;
    }
    draw(true);
    panel_.keep();
    return {};
}

Outcome<> Demo::compare() {
    results_.stop();
    auto const found = results_.results();
    print_delays(found.airports);
    flights::AirportDelays all;
    for (auto const& [name, delays] : found.airports) {
        all.flights += delays.flights;
        all.minutes += delays.minutes;
    }
    if (auto trouble = results_.trouble(); !trouble.empty()) return failed(trouble);
    if (found.airports != expected_.airports)
        return failed(
            fmt::format("the totals differ from those of the file: {} flights and {} "
                        "minutes were counted",
                        all.flights, all.minutes));
    panel_.done(fmt::format(
        "count and sum per airport equal those of the file: {} airports, {} flights, {} minutes",
        found.airports.size(), with_commas(all.flights), with_commas(all.minutes)));
    if (found.notices != expected_.notices) return failed("the notices are not those of the file");
    if (found.payments != expected_.payments)
        return failed("the compensations are not those of the file");
    panel_.done(fmt::format("{} notices and {} compensations, each once: none lost, none doubled",
                            with_commas(std::int64_t(found.notices.size())),
                            with_commas(std::int64_t(found.payments.size()))));
    return {};
}

Outcome<> Demo::stay() {
    stream_.reset();
    if (flags_.leaves || flags_.uses_cluster) {
        if (!app_->stop())
            return failed(fmt::format("the application did not stop cleanly ({})", *app_->ended()),
                          app_->last_words());
        return {};
    }
    print_what_to_try(panel_, app_->ready());
    app_->forward_stderr();
    while (!interrupt_.asked()) {
        if (auto const ended = app_->ended())
            return failed(fmt::format("the application ended by itself ({})", *ended));
        std::this_thread::sleep_for(milliseconds(50));
    }
    if (!app_->stop())
        return failed(fmt::format("the application did not stop cleanly ({})", *app_->ended()),
                      app_->last_words());
    panel_.say("\nstopped");
    return {};
}

/// The child: examples/flights as any application would be run.
int run_app(DemoFlags const& flags) {
    RunOptions options;
    options.instance = "demo";
    options.quiet = true;
    if (flags.uses_cluster) {
        options.bootstrap = flags.client.bootstrap;
        for (auto const& property : flags.client.properties) {
            auto const equals = property.find('=');
            options.client[property.substr(0, equals)] = property.substr(equals + 1);
        }
    } else {
        options.listen = flags.listen;
        options.http = flags.http;
        options.data = flags.data;
    }
    return klamm::run(flights::make_app(), options);
}

}  // namespace

void add_demo(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "demo", "An application of events that is killed on the way, and still adds up");
    auto flags = std::make_shared<DemoFlags>();
    auto* cluster =
        command
            ->add_option("-b,--bootstrap", flags->client.bootstrap,
                         "Use this cluster; without it a broker is inside the application")
            ->type_name("HOST:PORT");
    command->add_option("-X", flags->client.properties, "A setting of librdkafka")
        ->type_name("NAME=VALUE");
    for (auto* own : {command->add_option("--listen", flags->listen, "Where the broker listens")
                          ->type_name("HOST:PORT")
                          ->envname("KLAMM_LISTEN"),
                      command->add_option("--http", flags->http, "Where it serves HTTP")
                          ->type_name("HOST:PORT")
                          ->envname("KLAMM_HTTP"),
                      command->add_option("--data", flags->data, "Its directory")
                          ->type_name("DIR")
                          ->envname("KLAMM_DATA")})
        own->capture_default_str();
    command->add_option("--flights", flags->flights, "The CSV file, if not examples/flights")
        ->type_name("FILE");
    command->add_option("--kills", flags->kills, "How often the application is killed")
        ->check(CLI::Range(0, 1000))
        ->capture_default_str();
    command->add_flag("--fast", flags->fast, "In a few seconds, without a pace to watch");
    command->add_flag("--exit", flags->leaves, "Stop at the end instead of staying");
    command->add_flag("--app", flags->is_app)->group("");  // the process that is killed
    command->footer(
        "It may be run again: flights are added, and only the new ones are counted.\n"
        "Examples:\n"
        "  klamm demo\n"
        "  klamm demo --fast --exit --kills 20 --data /tmp/demo\n"
        "  klamm demo --bootstrap 127.0.0.1:19092");
    command->callback([flags, cluster, &exit_code] {
        flags->uses_cluster = !cluster->empty();
        exit_code = flags->is_app ? run_app(*flags) : report(Demo(*flags).run());
    });
}

}  // namespace klamm::cli
