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
constexpr auto draw_interval = milliseconds(100);
constexpr auto stall_patience = std::chrono::seconds(30);
constexpr auto group_patience = std::chrono::seconds(15);  // members of a run that was cut off
constexpr std::size_t airports_shown = 12;
constexpr std::size_t bar_columns = 30;

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

/// How people would call this very program from here.
std::string program_name() {
    std::error_code error;
    auto const program = std::filesystem::read_symlink("/proc/self/exe", error);
    auto const here = std::filesystem::current_path(error);
    auto const relative = program.lexically_relative(here).string();
    return relative.empty() || relative.starts_with("..") ? program.string() : relative;
}

class Demo {
public:
    explicit Demo(DemoFlags const& flags) : flags_(flags), options_(flags.client) {}

    Outcome<> run();

private:
    Outcome<> start_broker();
    Outcome<> connect_admin();
    Outcome<> prepare_topic();
    Outcome<> prepare_producer();
    Outcome<> prepare_group();
    Outcome<> stream();
    Outcome<> publish_what_is_due();
    Outcome<> publish(Flight const& flight);
    Outcome<> kill_and_restart();
    Outcome<> await_counted();
    Outcome<> compare();
    void show_delays(DelaysByAirport const& delays);
    Outcome<> stay();

    Outcome<> go_on(milliseconds poll);
    void draw();
    void delivered(rd_kafka_message_t const& message);

    DemoFlags const& flags_;
    ClientOptions options_;
    Interrupt interrupt_;  // before any thread starts
    Panel panel_;
    std::vector<Flight> flights_;
    DelaysByAirport expected_;
    std::unique_ptr<BrokerProcess> broker_;
    std::unique_ptr<Client> admin_;
    std::unique_ptr<Client> producer_;
    std::unique_ptr<DelayGroup> group_;
    std::vector<TopicPartition> partitions_;
    Offsets begins_;                  ///< where this run's records begin
    steady_clock::time_point begin_;  ///< of the stream
    std::int64_t published_ = 0;
    std::int64_t acknowledged_ = 0;
    std::string refusal_;
    bool is_down_ = false;  ///< the broker, as the story wants it
    std::string state_;     ///< of the broker, for the panel
    steady_clock::time_point next_draw_{};
    steady_clock::time_point last_progress_ = steady_clock::now();
    std::int64_t progress_ = 0;
    std::int64_t told_ = 0;
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
    for (Step const step :
         {&Demo::start_broker, &Demo::prepare_topic, &Demo::prepare_producer, &Demo::prepare_group,
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

Outcome<> Demo::prepare_producer() {
    auto producer =
        Client::producer(options_,
                         {{"acks", "all"},
                          {"enable.idempotence", "true"},
                          {"linger.ms", "5"},
                          {"message.timeout.ms", "60000"}},
                         [this](rd_kafka_message_t const& message) { delivered(message); });
    if (!producer) return std::unexpected(producer.error());
    producer_ = std::move(*producer);
    // Learns the topic's leaders now rather than with the first record.
    Handle<rd_kafka_topic_t, rd_kafka_topic_destroy> const topic(
        rd_kafka_topic_new(producer_->rk(), topic_name, nullptr));
    rd_kafka_metadata_t const* answer = nullptr;
    if (rd_kafka_metadata(producer_->rk(), 0, topic.get(), &answer, producer_->timeout_ms()) ==
        RD_KAFKA_RESP_ERR_NO_ERROR)
        rd_kafka_metadata_destroy(answer);
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
    panel_.done(fmt::format("group {}, two consumers", group_name));
    return {};
}

// ---- the stream -------------------------------------------------------------------------

Outcome<> Demo::stream() {
    state_ = "broker up";
    panel_.say("");

    begin_ = steady_clock::now();
    auto const total = std::int64_t(flights_.size());
    auto killed = flags_.uses_cluster;
    while (published_ < total) {
        if (auto done = publish_what_is_due(); !done) return done;
        if (auto done = go_on(milliseconds(5)); !done) return done;
        if (killed || published_ < total / 2 || acknowledged_ < total / 3) continue;
        killed = true;
        if (auto done = kill_and_restart(); !done) return done;
    }
    return {};
}

Outcome<> Demo::publish_what_is_due() {
    auto const elapsed = std::chrono::duration<double>(steady_clock::now() - begin_).count();
    auto const due =
        std::min(std::int64_t(flights_.size()), std::int64_t(elapsed * flags_.per_second()));
    while (published_ < due)
        if (auto done = publish(flights_[std::size_t(published_)]); !done) return done;
    return {};
}

Outcome<> Demo::publish(Flight const& flight) {
    auto const value = to_json(flight);
    for (;;) {
        auto const error = send(*producer_, {.topic = topic_name,
                                             .key = flight.origin,
                                             .value = value,
                                             .timestamp_ms = timestamp_ms(flight)});
        if (error == RD_KAFKA_RESP_ERR_NO_ERROR) break;
        if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL)
            return failed(fmt::format("publish a flight: {}", error_text(error)));
        if (auto done = go_on(milliseconds(50)); !done) return done;
    }
    ++published_;
    return {};
}

Outcome<> Demo::kill_and_restart() {
    auto const& style = panel_.style();
    auto const pid = broker_->pid();
    auto const address = broker_->ready();
    broker_->kill();
    is_down_ = true;
    state_ = fmt::format("{}broker down{}", style.bad(), style.off());
    panel_.trouble(
        fmt::format("{}SIGKILL{} to the broker, process {}: {} flights acknowledged, {} "
                    "under way",
                    style.bad(), style.off(), pid, with_commas(acknowledged_),
                    with_commas(published_ - acknowledged_)));
    auto const back = steady_clock::now() + flags_.outage();
    while (steady_clock::now() < back) {
        // The producer goes on: it holds what nobody acknowledges now.
        if (auto done = publish_what_is_due(); !done) return done;
        if (auto done = go_on(milliseconds(20)); !done) return done;
    }
    auto broker = BrokerProcess::start(
        {"serve", "--listen", address.kafka, "--http", address.http, "--data", flags_.data},
        interrupt_.before());
    if (!broker) return std::unexpected(broker.error());
    broker_ = std::move(*broker);
    is_down_ = false;
    state_ = "broker up";
    panel_.done(fmt::format("broker started again, ready in {}, process {}", broker_->ready().took,
                            broker_->pid()));
    last_progress_ = steady_clock::now();
    return {};
}

Outcome<> Demo::await_counted() {
    auto const total = std::int64_t(flights_.size());
    while (acknowledged_ < total || group_->totals().counted() < total)
        if (auto done = go_on(milliseconds(20)); !done) return done;
    next_draw_ = {};
    draw();
    panel_.keep();
    group_->stop();
    return {};
}

/// Lets the producer work, shows how far all came, and sees whether anything is wrong.
Outcome<> Demo::go_on(milliseconds poll) {
    rd_kafka_poll(producer_->rk(), int(poll.count()));
    draw();
    if (interrupt_.asked()) return failed("interrupted");
    if (!refusal_.empty()) return failed("a flight was not acknowledged: " + refusal_);
    if (auto trouble = group_->trouble(); !trouble.empty()) return failed(trouble);
    if (broker_ && !is_down_)
        if (auto const ended = broker_->ended())
            return failed(fmt::format("the broker ended by itself ({})", *ended),
                          broker_->last_words());
    auto const progress = published_ + acknowledged_ + group_->totals().counted();
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
                        stall_patience.count(), published_, acknowledged_,
                        group_->totals().counted()),
            words);
    }
    return {};
}

void Demo::delivered(rd_kafka_message_t const& message) {
    if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR)
        ++acknowledged_;
    else if (refusal_.empty())
        refusal_ = error_text(message.err);
}

void Demo::draw() {
    auto const now = steady_clock::now();
    if (now < next_draw_) return;
    next_draw_ = now + draw_interval;
    auto const total = std::int64_t(flights_.size());
    auto const counted = group_->totals().counted();
    if (!panel_.moves()) {
        auto const tenths = published_ * 10 / total;
        if (tenths > told_)
            panel_.say(fmt::format("  {} published, {} acknowledged, {} counted",
                                   with_commas(published_), with_commas(acknowledged_),
                                   with_commas(counted)));
        told_ = std::max(told_, tenths);
        return;
    }
    auto const& style = panel_.style();
    auto const line = [&](std::string_view name, std::int64_t number, std::string_view color,
                          std::string const& note) {
        return fmt::format("  {:14}{}{}{} {:>7}  {}{}{}", name, color,
                           padded(bar(double(number) / double(total), bar_columns), bar_columns),
                           style.off(), with_commas(number), style.dim(), note, style.off());
    };
    std::vector<std::string> lines{
        line("published", published_, style.cool(), state_),
        line("acknowledged", acknowledged_, style.good(),
             acknowledged_ == published_
                 ? ""
                 : fmt::format("{} under way", with_commas(published_ - acknowledged_)))};
    auto const members = group_->view();
    for (std::size_t i = 0; i < members.size(); ++i)
        lines.push_back(line(fmt::format("consumer {}", i + 1), members[i].counted, style.warm(),
                             members[i].partitions.empty()
                                 ? "joining"
                                 : fmt::format("partitions {}", members[i].partitions)));
    panel_.draw(std::move(lines));
}

// ---- the end ----------------------------------------------------------------------------

void Demo::show_delays(DelaysByAirport const& delays) {
    std::vector<std::pair<std::string, Delays>> airports(delays.begin(), delays.end());
    std::ranges::stable_sort(airports, std::greater{},
                             [](auto const& airport) { return airport.second.flights; });
    auto const shown = std::min(airports.size(), airports_shown);
    auto longest = 1.0;
    for (std::size_t i = 0; i < shown; ++i) longest = std::max(longest, airports[i].second.mean());
    Table table({"AIRPORT", ">FLIGHTS", ">MEAN DELAY", ""});
    for (std::size_t i = 0; i < shown; ++i) {
        auto const& [airport, sums] = airports[i];
        table.row({airport, with_commas(sums.flights), fmt::format("{:+.1f} min", sums.mean()),
                   bar(sums.mean() / longest, 24)});
    }
    if (shown < airports.size()) {
        Delays others;
        for (std::size_t i = shown; i < airports.size(); ++i) {
            others.flights += airports[i].second.flights;
            others.minutes += airports[i].second.minutes;
        }
        table.row({fmt::format("{} others", airports.size() - shown), with_commas(others.flights),
                   fmt::format("{:+.1f} min", others.mean()), bar(others.mean() / longest, 24)});
    }
    std::fflush(stdout);
    fmt::print("\n");
    table.print(stdout);
    fmt::print("\n");
}

Outcome<> Demo::compare() {
    auto const delays = group_->totals().delays();
    show_delays(delays);
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
    if (stored != acknowledged_)
        return failed(
            fmt::format("{} flights were acknowledged, but {} are stored", acknowledged_, stored));
    panel_.done(fmt::format("{} acknowledged, {} stored: none lost, none doubled",
                            with_commas(acknowledged_), with_commas(stored)));
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
    producer_.reset();
    admin_.reset();
    if (flags_.leaves || !broker_) {
        if (broker_ && !broker_->stop())
            return failed("the broker did not stop cleanly", broker_->last_words());
        return {};
    }
    auto const& style = panel_.style();
    auto const& ready = broker_->ready();
    auto const port = ready.kafka.substr(ready.kafka.rfind(':') + 1);
    auto const flag = port == "9092" ? std::string() : " -b " + ready.kafka;
    auto const klamm = program_name();
    panel_.say(fmt::format("\nThe broker stays up on {}{}{}. In another terminal, try:\n",
                           style.bold(), ready.kafka, style.off()));
    std::vector<std::pair<std::string, char const*>> const commands{
        {fmt::format("{} consume flights --from -3{}", klamm, flag), "the last of each partition"},
        {fmt::format("{} consume flights --from 2001-02-14 -n 5{}", klamm, flag), "by time"},
        {fmt::format("{} group describe delays{}", klamm, flag), "members and lag"},
        {fmt::format("echo hello | {} produce greetings{}", klamm, flag), "a topic of your own"},
        {fmt::format("kcat -b {} -C -t flights -c 5", ready.kafka), "any Kafka client will do"},
        {fmt::format("curl -s http://{}/metrics", ready.http), "for Prometheus"}};
    std::size_t width = 0;
    for (auto const& [command, what] : commands) width = std::max(width, width_of(command));
    for (auto const& [command, what] : commands)
        panel_.say(
            fmt::format("  {}  {}{}{}", padded(command, width), style.dim(), what, style.off()));
    panel_.say(fmt::format("\n{}Ctrl-C stops it.{}", style.dim(), style.off()));
    broker_->forward_stderr();
    while (!interrupt_.asked()) {
        if (auto const ended = broker_->ended())
            return failed(fmt::format("the broker ended by itself ({})", *ended));
        std::this_thread::sleep_for(milliseconds(50));
    }
    if (!broker_->stop()) return failed("the broker did not stop cleanly", broker_->last_words());
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
