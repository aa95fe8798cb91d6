// test/kafka_bus/world.h - a bus on a real broker, and what tests do with it, waiting.
#pragma once

#include "klamm/kafka_bus/kafka_bus.h"
#include "loop.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace klamm::kafka_bus::test {

using bus::Committed;
using bus::Result;
using bus::TopicPartition;

/// `klamm serve` on a port of its own, or the cluster at $KAFKA_BUS_BOOTSTRAP.
class Server {
public:
    Server();
    ~Server();
    Server(Server const&) = delete;
    Server& operator=(Server const&) = delete;

    std::string const& bootstrap() const { return bootstrap_; }
    bool ours() const { return own_; }
    void kill();
    /// Again on the same port, with the same data.
    void start();

private:
    bool own_ = false;
    std::string bootstrap_;
    std::string folder_;
    std::string listen_ = "127.0.0.1:0";
    int pid_ = -1;
};

/// One for all tests of the process.
Server& server();
/// So that tests do not meet on one cluster.
std::string unique_prefix();

class World {
public:
    explicit World(std::string bootstrap, Duration patience = std::chrono::seconds(30));

    template <class T>
    Result<T> wait(std::function<void(bus::Done<T>)> const& ask) {
        std::optional<Result<T>> result;
        ask([&result](Result<T> given) { result = std::move(given); });
        EXPECT_TRUE(loop.run_until([&] { return result.has_value(); }));
        if (!result) return std::unexpected(bus::Error{bus::Error::Kind::away, "no answer"});
        return std::move(*result);
    }

    std::string topic(std::string const& name, int partitions = 1);
    std::vector<Position> send(std::string const& topic, std::vector<std::string> const& values,
                               std::optional<std::int32_t> partition = 0);
    std::vector<std::string> read_all(std::string const& topic, std::int32_t partition = 0);
    std::map<TopicPartition, Committed> committed(std::string const& group,
                                                  std::vector<TopicPartition> partitions);
    std::unique_ptr<bus::Producer> producer(std::string const& id);
    Result<void> commit(bus::Producer& producer, bus::Transaction transaction);

    TestLoop loop;
    std::string prefix = unique_prefix();  ///< of all names
    std::vector<std::string> log;
    std::unique_ptr<bus::Bus> bus;
};

/// A member that takes whatever it gets from where the group had committed.
class Member final : public bus::Subscriber {
public:
    Member(World& world, std::string const& group, std::vector<std::string> topics,
           bus::ConsumerOptions options = {});

    void assigned(std::map<TopicPartition, Committed> const& partitions) override;
    void revoked(std::vector<TopicPartition> const& partitions,
                 std::move_only_function<void()> released) override;
    void lost(std::vector<TopicPartition> const& partitions) override;
    void records(std::vector<bus::Record> records) override;
    void skipped(TopicPartition const& partition, std::int64_t from, std::int64_t to) override;
    void away(std::string const& why) override;
    void back() override;

    bus::Consumer& consumer() { return *consumer_; }
    void end() { consumer_.reset(); }
    std::vector<std::string> values() const;

    bool resumes = true;
    bool keeps = false;  ///< does not release what others shall have
    std::map<TopicPartition, Committed> owned;
    std::vector<bus::Record> got;
    std::vector<std::move_only_function<void()>> kept;
    std::vector<TopicPartition> were_lost;
    std::vector<std::string> skips;
    int times_away = 0;
    int times_back = 0;

private:
    std::unique_ptr<bus::Consumer> consumer_;
};

std::string text(std::optional<Slice> const& bytes);

}  // namespace klamm::kafka_bus::test
