#include "klamm/sim/world.h"

#include "klamm/sim/processed.h"
#include "klamm/sim/transactional_producer.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

#include <memory>

namespace klamm::sim {
namespace {

constexpr Time preparation_max = 60 * second;
constexpr Time ending_max = 120 * second;
constexpr Time long_patience = 20 * second;

class World {
public:
    explicit World(Plan const& plan)
        : plan_(plan),
          trace_(schedule_, plan.keep_story),
          checkers_(violations_),
          random_(plan.seed),
          services_{plan_, schedule_, trace_, violations_, checkers_},
          network_(services_, random_.next()),
          server_(services_, network_, random_.next()) {}

    Outcome run() {
        server_.power_on();
        start(make_topic(add_client("setup"), progress_));
        run_until([this] { return progress_.topic_made; }, preparation_max);
        start_workloads();
        run_until([] { return false; }, plan_.duration);
        services_.calm = true;
        server_.heal();
        trace_.note("everything heals");
        run_until([this] { return server_.up() && progress_.all_done(plan_); }, ending_max);
        if (!violations_.first() && !progress_.all_done(plan_))
            violations_.report("progress",
                               "after all faults had ended, " + progress_.what_is_missing(plan_));
        if (!violations_.first()) server_.restart();
        services_.over = true;
        return outcome();
    }

private:
    template <class Done>
    void run_until(Done done, Time at_most) {
        auto const end = schedule_.now() + at_most;
        while (!violations_.first() && !done() && schedule_.now() < end)
            if (!schedule_.step()) return;
    }

    Client& add_client(std::string name) {
        clients_.push_back(
            std::make_unique<Client>(services_, network_, std::move(name), random_.next()));
        return *clients_.back();
    }

    void start(Task<> task) {
        tasks_.push_back(std::make_unique<Task<>>(std::move(task)));
        tasks_.back()->start();
    }

    /// Two instances of one transactional id.
    void start_pair(std::string const& id,
                    Task<> (*instance)(Client&, Progress&, TransactionalId&)) {
        transactional_ids_.push_back(std::make_unique<TransactionalId>());
        auto& shared = *transactional_ids_.back();
        shared.id = id;
        if (random_.one_in(2)) shared.patience = long_patience;  // then sessions end before
        for (char const letter : {'a', 'b'})
            start(instance(add_client(id + letter), progress_, shared));
    }

    void start_workloads() {
        for (int i = 0; i < plan_.idempotent_producers; ++i)
            start(produce(add_client(fmt::format("i{}", i)), progress_, true));
        for (int i = 0; i < plan_.plain_producers; ++i)
            start(produce(add_client(fmt::format("p{}", i)), progress_, false));
        for (int group = 0; group < plan_.groups; ++group)
            for (int i = 0; i < plan_.members; ++i)
                start(consume(add_client(fmt::format("{}m{}", group_name(group), i)), progress_,
                              group_name(group)));
        for (int group = plan_.groups; group < plan_.all_groups(); ++group)
            for (int i = 0; i < plan_.modern_members; ++i)
                start(consume_modern(add_client(fmt::format("{}c{}", group_name(group), i)),
                                     progress_, group_name(group)));
        for (int i = 0; i < plan_.writers; ++i)
            start_pair(fmt::format("t{}", i), write_transactions);
        for (int i = 0; i < plan_.applications; ++i) start_pair(fmt::format("x{}", i), process);
        if (plan_.table) start(keep_table(add_client("table"), progress_));
        if (plan_.admin) start(administer(add_client("admin"), progress_));
    }

    Outcome outcome() {
        Outcome outcome;
        outcome.violation = violations_.first();
        outcome.trace_hash = trace_.hash();
        outcome.events = trace_.events();
        outcome.simulated = schedule_.now();
        outcome.faults = trace_.faults();
        auto const& disk = server_.disk_hits();
        outcome.faults[std::size_t(Fault::lost_write)] = disk.sectors_lost;
        outcome.faults[std::size_t(Fault::torn_write)] = disk.writes_torn;
        outcome.lives = server_.lives();
        outcome.entries = services_.entries;
        outcome.records_acked = progress_.records_acked;
        outcome.records_read = progress_.records_read;
        outcome.generations = progress_.generations;
        outcome.commits = progress_.commits;
        outcome.deletions = progress_.deletions;
        outcome.committed_transactions = progress_.committed_transactions;
        outcome.aborted_transactions = progress_.aborted_transactions;
        outcome.timed_out_transactions = services_.timed_out_transactions;
        outcome.answers = std::move(services_.answers);
        outcome.story = trace_.story();
        return outcome;
    }

    Plan const plan_;
    Schedule schedule_;
    Trace trace_;
    Violations violations_;
    Checkers checkers_;
    Random random_;
    Services services_;
    Progress progress_;
    Network network_;
    Server server_;
    std::vector<std::unique_ptr<TransactionalId>> transactional_ids_;
    std::vector<std::unique_ptr<Client>> clients_;
    std::vector<std::unique_ptr<Task<>>> tasks_;
};

}  // namespace

bool Progress::all_done(Plan const& plan) const { return what_is_missing(plan).empty(); }

std::string Progress::what_is_missing(Plan const& plan) const {
    if (!topic_made) return "the topic was not made";
    if (producers_busy > 0) return fmt::format("{} producers wait for an answer", producers_busy);
    if (admin_busy) return "the admin waits for an answer";
    std::vector<std::string> groups;
    for (int group = 0; group < plan.all_groups(); ++group) groups.push_back(group_name(group));
    if (plan.applications > 0) groups.emplace_back(application_group);
    for (auto const& [partition, end] : ends)
        for (auto const& group : groups) {
            auto const it = committed.find({group, partition});
            auto offset = it == committed.end() ? 0 : it->second;
            if (group == application_group)  // it commits what it made something of
                if (auto const begin = begins.find(partition); begin != begins.end())
                    offset = std::max(offset, begin->second);
            if (offset < end)
                return fmt::format("group {} stays at {} of {} in {}", group, offset, end,
                                   to_string(partition));
        }
    return {};
}

Outcome run_world(Plan const& plan) { return std::make_unique<World>(plan)->run(); }

}  // namespace klamm::sim
