#include "world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>

namespace klamm::kafka_bus::test {
namespace {

constexpr int ready_ms = 60'000;

/// "klamm ready kafka=HOST:PORT …"; empty: it did not come.
std::string ready_address(int from) {
    std::string line;
    while (line.find('\n') == std::string::npos) {
        pollfd readable{from, POLLIN, 0};
        std::array<char, 256> bytes{};
        if (::poll(&readable, 1, ready_ms) != 1) return {};
        auto const count = ::read(from, bytes.data(), bytes.size());
        if (count <= 0) return {};
        line.append(bytes.data(), std::size_t(count));
    }
    std::string_view const mark = "kafka=";
    auto const at = line.find(mark);
    if (at == std::string::npos) return {};
    auto const begin = at + mark.size();
    return line.substr(begin, line.find(' ', begin) - begin);
}

}  // namespace

Server::Server() {
    if (auto const* const given = std::getenv("KAFKA_BUS_BOOTSTRAP")) {
        bootstrap_ = given;
        return;
    }
    own_ = true;
    std::string pattern = (std::filesystem::temp_directory_path() / "klamm-bus-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    start();
}

Server::~Server() {
    if (!own_) return;
    kill();
    std::filesystem::remove_all(folder_);
}

void Server::start() {
    std::array<int, 2> out{};
    ASSERT_EQ(::pipe2(out.data(), O_CLOEXEC), 0);
    auto const* const given = std::getenv("KLAMM");
    std::string const binary = given != nullptr ? given : "klamm";
    std::string const log = folder_ + "/log";
    pid_ = ::fork();
    if (pid_ == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(out[1], STDOUT_FILENO);
        int const err = ::open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
        ::dup2(err, STDERR_FILENO);
        auto const data = folder_ + "/data";
        ::execlp(binary.c_str(), binary.c_str(), "serve", "--listen", listen_.c_str(), "--http",
                 "127.0.0.1:0", "--data", data.c_str(), nullptr);
        ::_exit(127);
    }
    ::close(out[1]);
    bootstrap_ = ready_address(out[0]);
    ::close(out[0]);
    ASSERT_FALSE(bootstrap_.empty()) << binary << " did not become ready, see " << log;
    listen_ = bootstrap_;
}

void Server::kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

Server& server() {
    static Server one;
    return one;
}

std::string unique_prefix() {
    static int count = 0;
    auto const now = std::chrono::system_clock::now().time_since_epoch().count();
    return "t" + std::to_string(now % 1'000'000'000'000) + "-" + std::to_string(++count) + "-";
}

World::World(std::string bootstrap, Duration patience) {
    auto made = make_kafka_bus(loop, {.bootstrap = std::move(bootstrap), .patience = patience});
    EXPECT_TRUE(made.has_value()) << made.error();
    bus = std::move(*made);
}

std::string World::topic(std::string const& name, int partitions) {
    auto const made = wait<void>([&](auto done) {
        bus->create_topics({{.name = prefix + name, .partitions = partitions}}, std::move(done));
    });
    EXPECT_TRUE(made.has_value()) << made.error().why;
    return prefix + name;
}

std::vector<Position> World::send(std::string const& topic, std::vector<std::string> const& values,
                                  std::optional<std::int32_t> partition) {
    std::vector<bus::Outgoing> records;
    for (auto const& value : values)
        records.push_back({.topic = topic, .partition = partition, .key = value, .value = value});
    auto const sent = wait<std::vector<Position>>(
        [&](auto done) { bus->send(std::move(records), std::move(done)); });
    EXPECT_TRUE(sent.has_value()) << sent.error().why;
    return sent.value_or(std::vector<Position>{});
}

std::vector<std::string> World::read_all(std::string const& topic, std::int32_t partition) {
    std::vector<std::string> values;
    for (std::int64_t at = 0;;) {
        auto const piece = wait<bus::ReadResult>([&](auto done) {
            bus->read({topic, partition}, at, 100'000, std::move(done));
        });
        EXPECT_TRUE(piece.has_value()) << piece.error().why;
        if (!piece) return values;
        for (auto const& record : piece->records) values.push_back(text(record.value));
        at = piece->next;
        if (piece->next >= piece->end) return values;
    }
}

std::map<TopicPartition, Committed> World::committed(std::string const& group,
                                                     std::vector<TopicPartition> partitions) {
    auto const found = wait<std::map<TopicPartition, Committed>>(
        [&](auto done) { bus->committed(prefix + group, std::move(partitions), std::move(done)); });
    EXPECT_TRUE(found.has_value()) << found.error().why;
    return found.value_or(std::map<TopicPartition, Committed>{});
}

std::unique_ptr<bus::Producer> World::producer(std::string const& id) {
    auto made = bus->make_producer({.transactional_id = prefix + id});
    auto const ready = wait<void>([&](auto done) { made->initialize(std::move(done)); });
    EXPECT_TRUE(ready.has_value()) << ready.error().why;
    return made;
}

Result<void> World::commit(bus::Producer& producer, bus::Transaction transaction) {
    return wait<void>([&](auto done) { producer.commit(std::move(transaction), std::move(done)); });
}

Member::Member(World& world, std::string const& group, std::vector<std::string> topics,
               bus::ConsumerOptions options) {
    options.group = world.prefix + group;
    options.topics = std::move(topics);
    consumer_ = world.bus->make_consumer(std::move(options), *this);
}

void Member::assigned(std::map<TopicPartition, Committed> const& partitions) {
    for (auto const& [partition, committed] : partitions) {
        owned[partition] = committed;
        if (resumes)
            consumer_->resume(partition, committed.offset < 0 ? bus::earliest : committed.offset);
    }
}
void Member::revoked(std::vector<TopicPartition> const& partitions,
                     std::move_only_function<void()> released) {
    for (auto const& partition : partitions) owned.erase(partition);
    if (keeps)
        kept.push_back(std::move(released));
    else
        released();
}
void Member::lost(std::vector<TopicPartition> const& partitions) {
    for (auto const& partition : partitions) {
        owned.erase(partition);
        were_lost.push_back(partition);
    }
}
void Member::records(std::vector<bus::Record> records) {
    for (auto& record : records) got.push_back(std::move(record));
}
void Member::skipped(TopicPartition const&, std::int64_t from, std::int64_t to) {
    skips.push_back(std::to_string(from) + ".." + std::to_string(to));
}
void Member::away(std::string const&) { ++times_away; }
void Member::back() { ++times_back; }

std::vector<std::string> Member::values() const {
    std::vector<std::string> all;
    for (auto const& record : got) all.push_back(text(record.value));
    return all;
}

std::string text(std::optional<Slice> const& bytes) {
    if (!bytes) return "(null)";
    return {reinterpret_cast<char const*>(bytes->data()), bytes->size()};
}

}  // namespace klamm::kafka_bus::test
