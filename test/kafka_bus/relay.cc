// relay - copies records from one topic to another, exactly once, while brokers are killed: two
// members of a group, each with transactions of its own, that now and then end as in a crash.
//
//     bus_relay librdkafka|remote BOOTSTRAP PREFIX SECONDS
//
// By librdkafka, or by the bus for a Klamm server. Records are sent for SECONDS. Then all of them
// must arrive: each once, in the order of its partition. Prints what happened, and leaves with 0 if
// it was so.
#include "klamm/bus/embedded_bus.h"
#include "klamm/kafka_bus/kafka_bus.h"
#include "klamm/remote/connector.h"
#include "loop.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace klamm::kafka_bus::test {
namespace {

using namespace std::chrono_literals;
using bus::Committed;
using bus::Error;
using bus::Result;
using bus::TopicPartition;

constexpr int partitions = 6;
constexpr int members = 2;
constexpr int send_at_once = 60;
constexpr auto send_every = 50ms;
constexpr auto commit_every = 100ms;
/// More than a session, so that there is time to work between them.
constexpr auto crash_every = 11s;
constexpr auto drain_patience = 90s;
constexpr std::int32_t read_bytes = 1'000'000;

struct Counts {
    std::size_t committed = 0;
    std::size_t aborted = 0;
    std::size_t fenced = 0;
    std::size_t unknown = 0;
    std::size_t lost = 0;
    std::size_t revoked = 0;
    std::size_t away = 0;
    std::size_t crashes = 0;
};

[[noreturn]] void fail(std::string const& why) {
    std::printf("FAILED %s\n", why.c_str());
    std::exit(1);
}

void log(std::string const& line) { std::fprintf(stderr, "%s\n", line.c_str()); }

/// A bus, and what it is reached by.
struct Opened {
    std::unique_ptr<remote::Connector> connector;
    std::unique_ptr<bus::Bus> bus;
    bus::Bus* operator->() const { return bus.get(); }
};

struct Names {
    bool remote = false;
    std::string bootstrap, in, out, group;
};

Opened open_bus(TestLoop& loop, Names const& names) {
    static std::uint64_t seed = 0;
    Opened opened;
    if (names.remote) {
        auto addresses = remote::parse_bootstrap(names.bootstrap);
        if (!addresses) fail(addresses.error());
        opened.connector =
            std::make_unique<remote::Connector>(loop, loop.poller, std::move(*addresses), log);
        opened.bus = bus::make_embedded_bus(loop, *opened.connector, {.seed = ++seed});
    } else {
        auto made = make_kafka_bus(loop, {.bootstrap = names.bootstrap, .log = log});
        if (!made) fail(made.error());
        opened.bus = std::move(*made);
    }
    return opened;
}

/// One member: what it has read goes out with the next transaction.
class Relay final : public bus::Subscriber {
public:
    Relay(TestLoop& loop, Names const& names, int number, Counts& counts)
        : names_(names),
          loop_(loop),
          counts_(counts),
          id_(names.group + "-" + std::to_string(number)),
          bus_(open_bus(loop, names)) {
        take_over();
        consumer_ = bus_->make_consumer(
            {.group = names.group,
             .topics = {names.in},
             .instance = names.remote ? id_ : std::string(),  // or its session would last for 45 s
             .session_timeout = 6s},
            *this);
        beat();
    }
    ~Relay() override { *alive_ = false; }

    void assigned(std::map<TopicPartition, Committed> const& given) override {
        for (auto const& [partition, committed] : given) go_to(partition, committed);
    }
    void revoked(std::vector<TopicPartition> const& going,
                 std::move_only_function<void()> released) override {
        counts_.revoked += going.size();
        for (auto const& partition : going) owned_.erase(partition);
        if (busy_)
            releases_.push_back(std::move(released));
        else
            released();
    }
    void lost(std::vector<TopicPartition> const& gone) override {
        counts_.lost += gone.size();
        for (auto const& partition : gone) owned_.erase(partition);
    }
    void records(std::vector<bus::Record> records) override {
        for (auto const& record : records) {
            auto const found = owned_.find(record.partition);
            if (found == owned_.end()) fail("a record of a partition that is not ours");
            if (record.offset < found->second.next) fail("a record came twice");
            found->second.next = record.offset + 1;
            found->second.read.push_back(record.offset);
        }
    }
    void skipped(TopicPartition const&, std::int64_t, std::int64_t) override {
        fail("records are gone");
    }
    void away(std::string const& why) override {
        ++counts_.away;
        std::fprintf(stderr, "%s away: %s\n", id_.c_str(), why.c_str());
    }
    void back() override {}

    /// For a report of failure.
    std::string state() const {
        std::string text =
            id_ + (ready_ ? " ready" : " not ready") + (busy_ ? ", busy" : "") + ", has";
        for (auto const& [partition, owned] : owned_)
            text += " " + std::to_string(partition.partition) + "@" + std::to_string(owned.next) +
                    "(" + std::to_string(owned.read.size()) + ")";
        return text + "; ";
    }

private:
    struct Owned {
        std::int64_t next = 0;
        std::vector<std::int64_t> read;  ///< and not committed
    };

    void go_to(TopicPartition const& partition, Committed const& committed) {
        auto const offset = std::max<std::int64_t>(0, committed.offset);
        owned_[partition] = {.next = offset};
        consumer_->resume(partition, offset);
    }
    void take_over() {
        ready_ = false;
        producer_ = bus_->make_producer({.transactional_id = id_, .transaction_timeout = 10s});
        initialize();
    }
    void initialize() {
        producer_->initialize([this](Result<void> result) {
            if (result) return start_over();
            if (result.error().kind == Error::Kind::refused) fail(result.error().why);
            std::fprintf(stderr, "%s: %s\n", id_.c_str(), result.error().why.c_str());
            if (result.error().kind == Error::Kind::fenced) return later([this] { take_over(); });
            later([this] { initialize(); });
        });
    }
    /// What was read is read again, from where the group has committed.
    void start_over() {
        std::vector<TopicPartition> ours;
        for (auto const& [partition, owned] : owned_) ours.push_back(partition);
        if (ours.empty()) {
            ready_ = true;
            return;
        }
        bus_->committed(names_.group, ours,
                        [this](Result<std::map<TopicPartition, Committed>> found) {
                            if (!found) return later([this] { start_over(); });
                            for (auto const& [partition, committed] : *found)
                                if (owned_.contains(partition)) go_to(partition, committed);
                            ready_ = true;
                        });
    }
    void later(std::move_only_function<void()> job) {
        loop_.after(commit_every, [alive = alive_, job = std::move(job)]() mutable {
            if (*alive) job();
        });
    }
    void beat() {
        commit();
        later([this] { beat(); });
    }
    void commit() {
        if (busy_ || !ready_) return;
        bus::Transaction transaction{.consumer = consumer_.get()};
        for (auto& [partition, owned] : owned_) {
            if (owned.read.empty()) continue;
            for (auto const offset : owned.read)
                transaction.records.push_back({.topic = names_.out,
                                               .partition = partition.partition,
                                               .value = std::to_string(offset)});
            transaction.offsets[partition] = {owned.read.back() + 1, "as far as this"};
        }
        if (transaction.offsets.empty()) return;
        busy_ = true;
        auto const offsets = transaction.offsets;
        producer_->commit(std::move(transaction), [this, offsets](Result<void> result) {
            busy_ = false;
            if (result)
                committed(offsets);
            else
                failed(result.error());
            for (auto& released : std::exchange(releases_, {})) released();
        });
    }
    void committed(std::map<TopicPartition, Committed> const& offsets) {
        ++counts_.committed;
        for (auto const& [partition, done] : offsets) {
            auto const found = owned_.find(partition);
            if (found == owned_.end()) continue;
            std::erase_if(found->second.read,
                          [&](std::int64_t offset) { return offset < done.offset; });
        }
    }
    void failed(Error const& error) {
        std::fprintf(stderr, "%s: %s\n", id_.c_str(), error.why.c_str());
        switch (error.kind) {
            case Error::Kind::refused:
                fail(error.why);
            case Error::Kind::aborted:
            case Error::Kind::away:
                ++counts_.aborted;
                return;  // the same again
            case Error::Kind::fenced:
                ++counts_.fenced;
                break;
            case Error::Kind::unknown_outcome:
                ++counts_.unknown;
                break;
        }
        take_over();
    }

    Names const names_;
    TestLoop& loop_;
    Counts& counts_;
    std::string const id_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
    Opened bus_;
    std::unique_ptr<bus::Producer> producer_;
    std::unique_ptr<bus::Consumer> consumer_;
    std::map<TopicPartition, Owned> owned_;
    std::vector<std::move_only_function<void()>> releases_;
    bool ready_ = false;
    bool busy_ = false;
};

class Run {
public:
    Run(Names names, Duration sending) : names_(std::move(names)) {
        bus_ = open_bus(loop_, names_);
        must<void>([&](auto done) {
            bus_->create_topics({{.name = names_.in, .partitions = partitions},
                                 {.name = names_.out, .partitions = partitions}},
                                std::move(done));
        });
        for (int number = 0; number < members; ++number) start(number);
        send();
        crash(0);
        loop_.run_until([] { return false; }, sending);
        sending_ = false;
        crashing_ = false;
        if (!loop_.run_until([&] { return unanswered_ == 0; }, drain_patience))
            fail("a send was never answered");
        wait_until_drained();
        for (auto& relay : relays_) relay.reset();
        check();
    }

private:
    template <class T>
    T must(std::function<void(bus::Done<T>)> const& ask) {
        for (int tries = 0; tries < 20; ++tries) {
            auto const result = std::make_shared<std::optional<Result<T>>>();
            ask([result](Result<T> given) { *result = std::move(given); });
            if (!loop_.run_until([&] { return result->has_value(); }, drain_patience))
                fail("no answer");
            if (**result) {
                if constexpr (std::is_void_v<T>)
                    return;
                else
                    return std::move(***result);
            }
            std::fprintf(stderr, "%s\n", (*result)->error().why.c_str());
        }
        fail("asked in vain");
    }
    void start(int number) {
        relays_[std::size_t(number)].reset();
        relays_[std::size_t(number)] = std::make_unique<Relay>(loop_, names_, number, counts_);
    }
    void crash(int number) {
        loop_.after(crash_every, [this, number] {
            if (!crashing_) return;
            ++counts_.crashes;
            start(number);
            crash((number + 1) % members);
        });
    }
    void send() {
        if (!sending_) return;
        std::vector<bus::Outgoing> records;
        for (int n = 0; n < send_at_once; ++n)
            records.push_back({.topic = names_.in, .partition = n % partitions, .value = "x"});
        ++unanswered_;
        bus_->send(std::move(records), [this](auto const& result) {
            --unanswered_;
            if (!result) {
                ++failed_sends_;
                return;
            }
            for (auto const& at : *result) {
                auto& acknowledged = acknowledged_[{at.topic, at.partition}];
                acknowledged = std::max(acknowledged, at.offset + 1);
            }
        });
        loop_.after(send_every, [this] { send(); });
    }
    std::vector<TopicPartition> all_of(std::string const& topic) const {
        std::vector<TopicPartition> all;
        for (int partition = 0; partition < partitions; ++partition)
            all.push_back({topic, partition});
        return all;
    }
    void wait_until_drained() {
        auto const start = loop_.now().instant;
        for (auto const& partition : all_of(names_.in)) {
            sent_[partition] = read(partition);
            auto const& records = sent_.at(partition);
            if (auto const last = records.empty() ? 0 : records.back().offset + 1;
                last < acknowledged_[partition])
                fail("of what was sent to partition " + std::to_string(partition.partition) +
                     ", acknowledged up to " + std::to_string(acknowledged_[partition]) +
                     ", a read sees but " + std::to_string(last));
        }
        for (;;) {
            auto const found = must<std::map<TopicPartition, Committed>>([&](auto done) {
                bus_->committed(names_.group, all_of(names_.in), std::move(done));
            });
            auto const drained = std::ranges::all_of(sent_, [&](auto const& one) {
                auto const& [partition, records] = one;
                return records.empty() || found.at(partition).offset == records.back().offset + 1;
            });
            if (drained) return;
            if (loop_.now().instant - start > drain_patience) {
                std::string state;
                for (auto const& relay : relays_) state += relay->state();
                for (auto const& [partition, records] : sent_)
                    state += "partition " + std::to_string(partition.partition) + ": sent " +
                             std::to_string(records.empty() ? 0 : records.back().offset + 1) +
                             ", committed " + std::to_string(found.at(partition).offset) + "; ";
                fail("not all was relayed: " + state);
            }
            loop_.run_until([] { return false; }, 200ms);
        }
    }
    std::vector<bus::Record> read(TopicPartition const& partition) {
        std::vector<bus::Record> all;
        for (std::int64_t at = 0;;) {
            auto piece = must<bus::ReadResult>(
                [&](auto done) { bus_->read(partition, at, read_bytes, std::move(done)); });
            for (auto& record : piece.records) all.push_back(std::move(record));
            at = piece.next;
            if (piece.next >= piece.end) return all;
        }
    }
    void check() {
        std::size_t count = 0;
        for (auto const& [partition, sent] : sent_) {
            auto const relayed = read({names_.out, partition.partition});
            auto const where = "partition " + std::to_string(partition.partition) + ": ";
            if (relayed.size() != sent.size())
                fail(where + std::to_string(relayed.size()) + " relayed of " +
                     std::to_string(sent.size()) + ", the last at " +
                     std::to_string(relayed.empty() ? -1 : relayed.back().offset));
            for (std::size_t i = 0; i < sent.size(); ++i) {
                std::string_view const value(
                    reinterpret_cast<char const*>(relayed[i].value->data()),
                    relayed[i].value->size());
                if (value != std::to_string(sent[i].offset))
                    fail(where + "record " + std::to_string(sent[i].offset) + " is relayed as " +
                         std::string(value));
            }
            count += sent.size();
        }
        std::printf(
            "ok %zu records, each once and in order; %zu transactions committed, %zu "
            "aborted, %zu fenced, %zu unknown; %zu partitions revoked, %zu lost; %zu "
            "times away; %zu crashes; %zu failed sends\n",
            count, counts_.committed, counts_.aborted, counts_.fenced, counts_.unknown,
            counts_.revoked, counts_.lost, counts_.away, counts_.crashes, failed_sends_);
    }

    Names const names_;
    TestLoop loop_;
    Counts counts_;
    Opened bus_;
    std::array<std::unique_ptr<Relay>, members> relays_;
    std::map<TopicPartition, std::vector<bus::Record>> sent_;
    std::map<TopicPartition, std::int64_t> acknowledged_;  ///< behind the last one
    bool sending_ = true;
    bool crashing_ = true;
    int unanswered_ = 0;
    std::size_t failed_sends_ = 0;
};

}  // namespace
}  // namespace klamm::kafka_bus::test

int main(int argc, char** argv) {
    using namespace klamm::kafka_bus::test;
    int seconds = 0;
    std::string_view const by = argc == 5 ? argv[1] : "";
    if (by == "librdkafka" || by == "remote") {
        std::string_view const given(argv[4]);
        std::from_chars(given.data(), given.data() + given.size(), seconds);
    }
    if (seconds <= 0) {
        std::fprintf(stderr, "usage: bus_relay librdkafka|remote BOOTSTRAP PREFIX SECONDS\n");
        return 2;
    }
    std::string const prefix = argv[3];
    Run({.remote = by == "remote",
         .bootstrap = argv[2],
         .in = prefix + "-in",
         .out = prefix + "-out",
         .group = prefix + "-relay"},
        std::chrono::seconds(seconds));
    return 0;
}
