// cli/demo.cc - klamm demo: real events through a broker that is killed on the way.
//
//   20,000 flights ──▶ producer ──▶ broker ──▶ group of two ──▶ delays by airport
//                                     ╳ SIGKILL in the middle      = those of the file?
//
// A run adds to the topic and starts where it ended: what earlier runs left stays in place.
#include "klamm/cli/admin.h"
#include "klamm/cli/broker_process.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/delay_group.h"
#include "klamm/cli/demo_board.h"
#include "klamm/cli/flight_stream.h"
#include "klamm/cli/flights.h"
#include "klamm/cli/groups.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/panel.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>

namespace klamm::cli {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr auto topic_name = "flights";
constexpr auto group_name = "delays";
constexpr std::int32_t partitions = 4;
constexpr auto stall_patience = std::chrono::seconds(30);
constexpr auto group_patience = std::chrono::seconds(15);  // members of a run that was cut off

struct DemoFlags {
    ClientOptions client;
    bool uses_cluster = false;
    std::string listen = "127.0.0.1:9092";
    std::string http = "127.0.0.1:8081";
    std::string data = "klamm-data";
    std::string flights;
    bool fast = false;
    bool leaves = false;

    int per_second() const { return fast ? 10'000 : 2'000; }
    milliseconds outage() const { return fast ? milliseconds(200) : milliseconds(1'500); }
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

class Demo {
public:
    explicit Demo(DemoFlags const& flags) : flags_(flags), options_(flags.client) {}

    Outcome<> run();

private:
    Outcome<> start_broker();
    Outcome<> connect_admin();
    Outcome<> prepare_topic();
    Outcome<> prepare_group();
    Outcome<> stream();
    Outcome<> kill_and_restart();
    Outcome<> await_counted();
    Outcome<> compare();
    Outcome<> stay();

    Outcome<> go_on(milliseconds poll);
    void draw(bool must = false) { board_.show(*stream_, *group_, is_down_, must); }

    DemoFlags const& flags_;
    ClientOptions options_;
    Interrupt interrupt_;  // before any thread starts
    Panel panel_;
    std::vector<Flight> flights_;
    DelaysByAirport expected_;
    std::unique_ptr<BrokerProcess> broker_;
    std::unique_ptr<Client> admin_;
    std::unique_ptr<FlightStream> stream_;
    std::unique_ptr<DelayGroup> group_;
    DemoBoard board_{panel_};
    std::vector<TopicPartition> partitions_;
    Offsets begins_;        ///< where this run's records begin
    bool is_down_ = false;  ///< the broker, as the story wants it
    steady_clock::time_point last_progress_ = steady_clock::now();
    std::int64_t progress_ = 0;
};

Outcome<> Demo::run() {
    auto flights = read_flights(flights_path(flags_));
    if (!flights) return std::unexpected(flights.error());
    flights_ = std::move(*flights);
    for (auto const& flight : flights_) count(expected_, flight);
    auto const& style = panel_.style();
    panel_.say(fmt::format("\n{}{} US flights of 2001, through a broker{}{}\n", style.bold(),
                           with_commas(std::int64_t(flights_.size())),
                           flags_.uses_cluster ? "" : " that is killed on the way", style.off()));
    using Step = Outcome<> (Demo::*)();
    for (Step const step : {&Demo::start_broker, &Demo::prepare_topic, &Demo::prepare_group,
                            &Demo::stream, &Demo::await_counted, &Demo::compare, &Demo::stay})
        if (auto done = (this->*step)(); !done) {
            panel_.clear();
            return done;
        }
    return {};
}

Outcome<> Demo::start_broker() {
    if (flags_.uses_cluster) return {};
    auto broker = BrokerProcess::start(
        {"serve", "--listen", flags_.listen, "--http", flags_.http, "--data", flags_.data},
        interrupt_.before());
    if (!broker) return std::unexpected(broker.error());
    broker_ = std::move(*broker);
    auto const& ready = broker_->ready();
    options_.bootstrap = ready.kafka;
    panel_.done(fmt::format("broker ready in {} on {}, data in {}, process {}", ready.took,
                            ready.kafka, ready.data, broker_->pid()));
    return {};
}

Outcome<> Demo::connect_admin() {
    auto admin = Client::admin(options_);
    if (!admin) return std::unexpected(admin.error());
    admin_ = std::move(*admin);
    return admin_->reach();
}

Outcome<> Demo::prepare_topic() {
    if (auto connected = connect_admin(); !connected) return connected;
    // The flights bear their own dates: without this they would be older than any retention.
    auto const created =
        create_topic(*admin_, {topic_name, partitions, -1, {{"retention.ms", "-1"}}});
    if (!created && !is_topic_exists(created.error())) return created;
    auto const found = patiently(*admin_, [&] { return topic(*admin_, topic_name); });
    if (!found) return std::unexpected(found.error());
    partitions_ = partitions_of(*found);
    auto const begins = offsets_at(*admin_, partitions_, latest);
    if (!begins) return std::unexpected(begins.error());
    begins_ = *begins;
    std::int64_t earlier = 0;
    for (auto const& [partition, offset] : begins_) earlier += offset;
    panel_.done(fmt::format("topic {}, {} partitions{}", topic_name, partitions_.size(),
                            earlier == 0 ? std::string()
                                         : fmt::format("; {} records of earlier runs stay in it",
                                                       with_commas(earlier))));
    return {};
}

Outcome<> Demo::prepare_group() {
    auto const give_up = steady_clock::now() + group_patience;
    for (bool told = false;; told = true) {
        // The members start where this run's records begin.
        auto const committed =
            patiently(*admin_, [&] { return commit(*admin_, group_name, begins_); });
        if (committed) break;
        if (steady_clock::now() > give_up || interrupt_.asked())
            return failed(committed.error().what, "is another demo using the group?");
        if (!told) panel_.say("  the group has members of an earlier run; they time out soon");
        std::this_thread::sleep_for(milliseconds(500));
    }
    group_ = std::make_unique<DelayGroup>(topic_name, group_name);
    if (auto started = group_->start(options_); !started) return started;
    // Who comes first has all partitions until the other has joined.
    auto const joined_by = steady_clock::now() + group_patience;
    for (;;) {
        std::size_t assigned = 0;
        std::size_t busy = 0;
        for (auto const& member : group_->view()) {
            assigned += member.partitions.size();
            busy += member.partitions.empty() ? 0U : 1U;
        }
        auto const shared_out = busy == std::min(DelayGroup::members, partitions_.size());
        if (assigned == partitions_.size() && shared_out) break;
        if (steady_clock::now() > joined_by)
            return failed(fmt::format("the consumers of group {} got {} of {} partitions",
                                      group_name, assigned, partitions_.size()));
        if (interrupt_.asked()) return failed("interrupted");
        std::this_thread::sleep_for(milliseconds(20));
    }
    panel_.done(fmt::format("group {}, two consumers", group_name));
    return {};
}

// ---- the stream -------------------------------------------------------------------------

Outcome<> Demo::stream() {
    stream_ = std::make_unique<FlightStream>(topic_name, flights_, flags_.per_second());
    if (auto opened = stream_->open(options_); !opened) return opened;
    panel_.say("");
    stream_->begin();
    auto const total = stream_->total();
    auto killed = flags_.uses_cluster;
    while (stream_->published() < total) {
        if (auto done = go_on(milliseconds(5)); !done) return done;
        if (killed || stream_->published() < total / 2 || stream_->acknowledged() < total / 3)
            continue;
        killed = true;
        if (auto done = kill_and_restart(); !done) return done;
    }
    return {};
}

Outcome<> Demo::kill_and_restart() {
    auto const& style = panel_.style();
    auto const pid = broker_->pid();
    auto const address = broker_->ready();
    broker_->kill();
    is_down_ = true;
    panel_.trouble(
        fmt::format("{}SIGKILL{} to the broker, process {}: {} flights acknowledged, {} "
                    "under way",
                    style.bad(), style.off(), pid, with_commas(stream_->acknowledged()),
                    with_commas(stream_->under_way())));
    auto const back = steady_clock::now() + flags_.outage();
    while (steady_clock::now() < back) {
        // The producer goes on: it holds what nobody acknowledges now.
        if (auto done = go_on(milliseconds(20)); !done) return done;
    }
    auto broker = BrokerProcess::start(
        {"serve", "--listen", address.kafka, "--http", address.http, "--data", flags_.data},
        interrupt_.before());
    if (!broker) return std::unexpected(broker.error());
    broker_ = std::move(*broker);
    is_down_ = false;
    panel_.done(fmt::format("broker started again, ready in {}, process {}", broker_->ready().took,
                            broker_->pid()));
    last_progress_ = steady_clock::now();
    return {};
}

Outcome<> Demo::await_counted() {
    auto const total = std::int64_t(flights_.size());
    while (stream_->acknowledged() < total || group_->totals().counted() < total)
        if (auto done = go_on(milliseconds(20)); !done) return done;
    draw(true);
    panel_.keep();
    group_->stop();
    return {};
}

/// Lets the producer work, shows how far all came, and sees whether anything is wrong.
Outcome<> Demo::go_on(milliseconds poll) {
    if (auto published = stream_->publish_what_is_due(); !published) return published;
    if (auto polled = stream_->poll(poll); !polled) return polled;
    draw();
    if (interrupt_.asked()) return failed("interrupted");
    if (auto trouble = group_->trouble(); !trouble.empty()) return failed(trouble);
    if (broker_ && !is_down_)
        if (auto const ended = broker_->ended())
            return failed(fmt::format("the broker ended by itself ({})", *ended),
                          broker_->last_words());
    auto const counted = group_->totals().counted();
    auto const progress = stream_->published() + stream_->acknowledged() + counted;
    if (std::exchange(progress_, progress) != progress) last_progress_ = steady_clock::now();
    if (steady_clock::now() - last_progress_ > stall_patience) {
        auto words = broker_ ? broker_->last_words() : std::string();
        std::error_code error;
        auto const space = std::filesystem::space(flags_.data, error);
        if (broker_ && !error && space.available < (64U << 20))
            words = fmt::format("{} left on the disk that holds {}. {}",
                                bytes_text(std::int64_t(space.available)), flags_.data, words);
        return failed(
            fmt::format("nothing moved for {} s: {} published, {} acknowledged, {} counted",
                        stall_patience.count(), stream_->published(), stream_->acknowledged(),
                        counted),
            words);
    }
    return {};
}

// ---- the end ----------------------------------------------------------------------------

Outcome<> Demo::compare() {
    auto const delays = group_->totals().delays();
    print_delays(delays);
    auto const all = total(delays);
    if (delays != expected_) {
        auto const wanted = total(expected_);
        return failed(
            fmt::format("the totals differ: {} flights and {} minutes were counted, the "
                        "file has {} and {}",
                        all.flights, all.minutes, wanted.flights, wanted.minutes));
    }
    panel_.done(
        fmt::format("count and sum per airport equal those of the file: {} airports, {} "
                    "flights, {} minutes",
                    delays.size(), with_commas(all.flights), with_commas(all.minutes)));

    // The first client still believes in the connection to the process that was killed.
    if (auto connected = connect_admin(); !connected) return connected;
    auto const ends = offsets_at(*admin_, partitions_, latest);
    if (!ends) return std::unexpected(ends.error());
    std::int64_t stored = 0;
    for (auto const& [partition, end] : *ends) stored += end - begins_.at(partition);
    if (stored != stream_->acknowledged())
        return failed(fmt::format("{} flights were acknowledged, but {} are stored",
                                  stream_->acknowledged(), stored));
    panel_.done(fmt::format("{} acknowledged, {} stored: none lost, none doubled",
                            with_commas(stream_->acknowledged()), with_commas(stored)));
    auto const kept = patiently(*admin_, [&] { return committed(*admin_, group_name); });
    if (!kept) return std::unexpected(kept.error());
    for (auto const& [partition, end] : *ends)
        if (auto const it = kept->find(partition); it == kept->end() || it->second != end)
            return failed(fmt::format("group {} has not committed all of {}/{}", group_name,
                                      partition.first, partition.second));
    auto const repeated = group_->totals().repeated();
    panel_.done(fmt::format(
        "group {} committed all it counted{}", group_name,
        repeated == 0 ? std::string()
                      : fmt::format("; {} came to it again, counted once", with_commas(repeated))));
    return {};
}

Outcome<> Demo::stay() {
    stream_.reset();
    admin_.reset();
    if (flags_.leaves || !broker_) {
        if (broker_ && !broker_->stop())
            return failed(fmt::format("the broker did not stop cleanly ({})", *broker_->ended()),
                          broker_->last_words());
        return {};
    }
    print_what_to_try(panel_, broker_->ready());
    broker_->forward_stderr();
    while (!interrupt_.asked()) {
        if (auto const ended = broker_->ended())
            return failed(fmt::format("the broker ended by itself ({})", *ended));
        std::this_thread::sleep_for(milliseconds(50));
    }
    if (!broker_->stop())
        return failed(fmt::format("the broker did not stop cleanly ({})", *broker_->ended()),
                      broker_->last_words());
    panel_.say("\nstopped");
    return {};
}

}  // namespace

void add_demo(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "demo", "Real events through a broker that is killed on the way, and still add up");
    auto flags = std::make_shared<DemoFlags>();
    auto* cluster = command
                        ->add_option("-b,--bootstrap", flags->client.bootstrap,
                                     "Use this cluster; without it a broker is started, and killed")
                        ->type_name("HOST:PORT");
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
    command->add_flag("--fast", flags->fast, "In two seconds, without a pace to watch");
    command->add_flag("--exit", flags->leaves, "Stop the broker at the end instead of staying");
    command->footer(
        "It may be run again: flights are added, and only the new ones are counted.\n"
        "Examples:\n"
        "  klamm demo\n"
        "  klamm demo --fast --exit --data /tmp/demo\n"
        "  klamm demo --bootstrap 127.0.0.1:19092");
    command->callback([flags, cluster, &exit_code] {
        flags->uses_cluster = !cluster->empty();
        exit_code = report(Demo(*flags).run());
    });
}

}  // namespace klamm::cli
