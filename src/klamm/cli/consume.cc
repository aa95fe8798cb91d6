// cli/consume.cc - klamm consume: the records of a topic, for people and for programs.
#include "klamm/cli/cluster.h"
#include "klamm/cli/commands.h"
#include "klamm/cli/interrupt.h"
#include "klamm/cli/moment.h"
#include "klamm/cli/record_printer.h"
#include "klamm/cli/registry_client.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <set>
#include <span>
#include <utility>

namespace klamm::cli {
namespace {

using std::chrono::steady_clock;

constexpr int poll_ms = 100;
constexpr auto commit_interval = std::chrono::seconds(1);

struct ConsumeFlags {
    ClientOptions client;
    std::string topic;
    std::string group;
    std::string from;  ///< empty: where the group is, or the beginning
    std::vector<std::int32_t> partitions;
    std::int64_t count = 0;  ///< 0: no limit
    bool follow = false;
    bool json = false;
    bool raw = false;
    bool decode = false;
    RegistryOptions registry;
};

// ---- where to begin, where to end -------------------------------------------------------

Outcome<std::vector<TopicPartition>> chosen_partitions(Client& admin, ConsumeFlags const& flags) {
    auto const found = topic(admin, flags.topic);
    if (!found) return std::unexpected(found.error());
    auto const all = partitions_of(*found);
    if (flags.partitions.empty()) return all;
    std::vector<TopicPartition> chosen;
    for (auto const id : flags.partitions) {
        chosen.emplace_back(flags.topic, id);
        if (std::ranges::find(all, chosen.back()) == all.end())
            return misused(fmt::format("--partition {}: topic {} has partitions 0 to {}", id,
                                       flags.topic, all.size() - 1));
    }
    return chosen;
}

Outcome<Offsets> begin_at(Client& admin, std::vector<TopicPartition> const& partitions,
                          Start const& start, Offsets const& ends) {
    using enum Start::Kind;
    auto first = offsets_at(admin, partitions, earliest);
    if (!first || start.kind == beginning) return first;
    if (start.kind == end) return ends;
    if (start.kind == time) return offsets_at(admin, partitions, start.value);
    for (auto& [partition, offset] : *first) {
        auto const last = ends.at(partition);
        offset = std::clamp(start.kind == before_end ? last - start.value : start.value, offset,
                            std::max(offset, last));
    }
    return first;
}

// ---- reading ----------------------------------------------------------------------------

class Consumption {
public:
    explicit Consumption(ConsumeFlags const& flags)
        : flags_(flags),
          registry_(flags.registry),
          payloads_(registry_),
          printer_(flags.raw    ? RecordLook::raw
                   : flags.json ? RecordLook::json
                                : RecordLook::row,
                   flags.decode ? &payloads_ : nullptr) {}
    ~Consumption() {
        for (auto const& [topic, partition] : started_)
            rd_kafka_consume_stop(topic_.get(), partition);
    }

    Outcome<> run();

private:
    Outcome<> begin(Client& admin, Start const& start);
    Outcome<> join(Start const& start);
    Message next();
    Outcome<> read();
    Outcome<> take(rd_kafka_message_t const& message);
    bool is_at_end();
    void commit(bool wait);

    ConsumeFlags const& flags_;
    Interrupt interrupt_;  // before the client, whose threads inherit the blocked signals
    std::unique_ptr<Client> client_;
    // Without a group: librdkafka's simple interface, which needs no coordinator.
    Handle<rd_kafka_topic_t, rd_kafka_topic_destroy> topic_;
    Handle<rd_kafka_queue_t, rd_kafka_queue_destroy> queue_;
    RegistryClient registry_;
    PayloadReader payloads_;
    RecordPrinter printer_;
    std::vector<TopicPartition> started_;
    std::set<TopicPartition> unfinished_;  ///< without a group: what has not reached its end
    Offsets ends_;                         ///< as they were at the start
    std::set<TopicPartition> at_end_;      ///< with a group
    bool came_to_an_end_ = false;          ///< since it was last looked whether all did
    Offsets to_commit_;
    std::int64_t taken_ = 0;
};

Outcome<> Consumption::run() {
    auto const start = parse_start(flags_.from.empty() ? "beginning" : flags_.from);
    if (!start) return std::unexpected(start.error());
    auto const admin = Client::admin(flags_.client);
    if (!admin) return std::unexpected(admin.error());
    if (auto reached = (*admin)->reach(); !reached) return reached;
    auto const begun = flags_.group.empty() ? begin(**admin, *start) : join(*start);
    if (!begun) return begun;
    auto const result = read();
    std::fflush(stdout);
    commit(true);
    return result;
}

Outcome<> Consumption::begin(Client& admin, Start const& start) {
    auto const partitions = chosen_partitions(admin, flags_);
    if (!partitions) return std::unexpected(partitions.error());
    auto const ends = offsets_at(admin, *partitions, latest);
    if (!ends) return std::unexpected(ends.error());
    auto const begins = begin_at(admin, *partitions, start, *ends);
    if (!begins) return std::unexpected(begins.error());
    auto client = Client::consumer(flags_.client, {{"enable.partition.eof", "true"},
                                                   {"enable.auto.commit", "false"},
                                                   {"auto.offset.reset", "earliest"}});
    if (!client) return std::unexpected(client.error());
    client_ = std::move(*client);
    queue_.reset(rd_kafka_queue_new(client_->rk()));
    topic_.reset(rd_kafka_topic_new(client_->rk(), flags_.topic.c_str(), nullptr));
    if (!topic_) return misused(fmt::format("topic '{}': not a name", flags_.topic));
    for (auto const& [partition, offset] : *begins) {
        if (!flags_.follow && offset >= ends->at(partition)) continue;
        unfinished_.insert(partition);
        ends_[partition] = ends->at(partition);
        if (rd_kafka_consume_start_queue(topic_.get(), partition.second, offset, queue_.get()) != 0)
            return failed(fmt::format("consume {}/{}: {}", flags_.topic, partition.second,
                                      error_text(rd_kafka_last_error())));
        started_.push_back(partition);
    }
    return {};
}

Outcome<> Consumption::join(Start const& start) {
    using enum Start::Kind;
    if (!flags_.partitions.empty())
        return misused("--partition and --group exclude each other: the group shares them out");
    if (start.kind != beginning && start.kind != end)
        return misused("--from with --group is for a new group only: beginning or end",
                       "`klamm group reset` moves a group that has committed offsets");
    auto client = Client::consumer(
        flags_.client, {{"group.id", flags_.group},
                        {"enable.partition.eof", "true"},
                        {"enable.auto.commit", "false"},
                        {"auto.offset.reset", start.kind == end ? "latest" : "earliest"}});
    if (!client) return std::unexpected(client.error());
    client_ = std::move(*client);
    PartitionList const list(rd_kafka_topic_partition_list_new(1));
    rd_kafka_topic_partition_list_add(list.get(), flags_.topic.c_str(), RD_KAFKA_PARTITION_UA);
    if (auto const error = rd_kafka_subscribe(client_->rk(), list.get());
        error != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(fmt::format("join group {}: {}", flags_.group, error_text(error)));
    return {};
}

bool Consumption::is_at_end() {
    if (flags_.follow) return false;
    if (flags_.group.empty()) return unfinished_.empty();
    if (!std::exchange(came_to_an_end_, false)) return false;  // the question below is not cheap
    rd_kafka_topic_partition_list_t* raw = nullptr;
    if (rd_kafka_assignment(client_->rk(), &raw) != RD_KAFKA_RESP_ERR_NO_ERROR) return false;
    PartitionList const mine(raw);
    auto const all = std::span(mine->elems, std::size_t(mine->cnt));
    return !all.empty() && std::ranges::all_of(all, [&](auto const& part) {
        return at_end_.contains({part.topic, part.partition});
    });
}

Message Consumption::next() {
    if (!queue_) return Message(rd_kafka_consumer_poll(client_->rk(), poll_ms));
    rd_kafka_poll(client_->rk(), 0);
    return Message(rd_kafka_consume_queue(queue_.get(), poll_ms));
}

Outcome<> Consumption::read() {
    auto last_event = steady_clock::now();
    auto last_commit = last_event;
    while (!interrupt_.asked() && !is_at_end() && (flags_.count == 0 || taken_ < flags_.count)) {
        auto const message = next();
        auto const now = steady_clock::now();
        if (now - last_commit >= commit_interval) {
            commit(false);
            last_commit = now;
        }
        if (!message) {
            std::fflush(stdout);
            if (!flags_.follow && now - last_event > flags_.client.timeout())
                return failed(
                    flags_.group.empty()
                        ? fmt::format("nothing came from {} for {} s: {}", flags_.topic,
                                      flags_.client.timeout_s, client_->last_trouble())
                        : fmt::format("group {} gave this member no partition of {} within {} s",
                                      flags_.group, flags_.topic, flags_.client.timeout_s),
                    flags_.group.empty() ? "" : "`klamm group describe` shows who has them");
            continue;
        }
        last_event = now;
        if (auto taken = take(*message); !taken) return taken;
        if (std::ferror(stdout) != 0) return {};  // whoever read has gone, as in `| head`
    }
    return {};
}

Outcome<> Consumption::take(rd_kafka_message_t const& message) {
    if (message.rkt == nullptr)
        return failed(fmt::format("consume {}: {}", flags_.topic, error_text(message.err)));
    TopicPartition const partition(rd_kafka_topic_name(message.rkt), message.partition);
    if (message.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        std::fflush(stdout);
        at_end_.insert(partition);
        came_to_an_end_ = true;
        if (!flags_.follow) unfinished_.erase(partition);
        return {};
    }
    if (message.err != RD_KAFKA_RESP_ERR_NO_ERROR)
        return failed(fmt::format("consume {}/{}: {}", partition.first, partition.second,
                                  error_text(message.err)));
    at_end_.erase(partition);
    printer_.print(message);
    ++taken_;
    if (!flags_.group.empty())
        to_commit_[partition] = message.offset + 1;
    else if (!flags_.follow && message.offset + 1 >= ends_.at(partition))
        unfinished_.erase(partition);  // without waiting for the cluster to say so
    return {};
}

void Consumption::commit(bool wait) {
    if (to_commit_.empty()) return;
    std::fflush(stdout);  // what is committed has been seen
    PartitionList const list(rd_kafka_topic_partition_list_new(int(to_commit_.size())));
    for (auto const& [partition, offset] : to_commit_)
        rd_kafka_topic_partition_list_add(list.get(), partition.first.c_str(), partition.second)
            ->offset = offset;
    auto const error = rd_kafka_commit(client_->rk(), list.get(), wait ? 0 : 1);
    if (error != RD_KAFKA_RESP_ERR_NO_ERROR && wait)
        fmt::print(stderr, "klamm: not committed, the group will see these records again: {}\n",
                   error_text(error));
    to_commit_.clear();
}

Outcome<> consume(ConsumeFlags const& flags) {
    if (flags.json && flags.raw) return misused("--json and --raw exclude each other");
    std::signal(SIGPIPE, SIG_IGN);
    return Consumption(flags).run();
}

}  // namespace

void add_consume(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("consume", "Read a topic, alone or as a member of a group");
    auto flags = std::make_shared<ConsumeFlags>();
    command->add_option("TOPIC", flags->topic, "What to read")->required();
    command->add_option("-g,--group", flags->group, "Join this group, and commit what was shown")
        ->type_name("NAME");
    command
        ->add_option("--from", flags->from,
                     "beginning, end, an offset, -N for the last N of each partition, or a time")
        ->type_name("WHERE");
    command->add_option("-p,--partition", flags->partitions, "Only this one; repeatable")
        ->type_name("N")
        ->check(CLI::Range(0, partition_max))
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    command->add_option("-n,--count", flags->count, "Stop after this many records")
        ->type_name("N")
        ->check(CLI::Range(std::int64_t(1), count_max));
    command->add_flag("--follow", flags->follow, "Do not stop at the end; Ctrl-C does");
    command->add_flag("--json", flags->json, "One JSON object a line");
    command->add_flag("--raw", flags->raw, "Values alone, one a line, byte for byte");
    command->add_flag("--decode", flags->decode,
                      "Show keys and values that name a schema as JSON; the registry knows it");
    add_client_options(*command, flags->client);
    add_registry_options(*command, flags->registry);
    command->footer(
        "Without --follow it shows what is there and ends. Times are UTC.\n"
        "Examples:\n"
        "  klamm consume orders --from -5\n"
        "  klamm consume orders --from 2026-01-31T12:00 --count 10\n"
        "  klamm consume orders --group billing --follow\n"
        "  klamm consume orders --decode --from -5\n"
        "  klamm consume orders --json | python3 -c 'import json,sys; "
        "[print(json.loads(l)[\"key\"]) "
        "for l in sys.stdin]'");
    command->callback([flags, &exit_code] {
        flags->registry.timeout_s = flags->client.timeout_s;
        exit_code = report(consume(*flags));
    });
}

}  // namespace klamm::cli
