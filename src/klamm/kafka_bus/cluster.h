// kafka_bus/cluster.h - questions to the cluster: each waits for its answer, in the thread that
// asks, and is asked again until the deadline.
#pragma once

#include "klamm/kafka_bus/client.h"

#include <atomic>

namespace klamm::kafka_bus {

/// Questions to the cluster. Any thread.
class Cluster {
public:
    /// `client`: a consumer without a group. Once `stopping`, questions end with an error.
    Cluster(Options options, std::shared_ptr<Log> log, std::shared_ptr<Client> client)
        : options_(std::move(options)), log_(std::move(log)), client_(std::move(client)) {}

    void stop() { stopping_ = true; }

    bus::Result<bus::Capabilities> probe();
    bus::Result<void> create_topics(std::vector<bus::TopicSpec> const& topics);
    bus::Result<std::vector<bus::TopicDescription>> describe_topics(
        std::vector<std::string> const& names);
    bus::Result<std::int64_t> offset_at(bus::TopicPartition const& partition,
                                        std::int64_t timestamp_ms);
    bus::Result<std::map<bus::TopicPartition, bus::Committed>> committed(
        std::string const& group, std::vector<bus::TopicPartition> const& partitions,
        Duration patience);

private:
    struct Described {
        bus::TopicDescription topic;
        bool settled = true;  ///< each partition has a leader
    };

    template <class T, class Ask>
    bus::Result<T> until_answered(std::string const& what, Duration patience, Ask ask);
    /// What the cluster answered to an admin request; none: nothing, in time.
    Event await(rd_kafka_queue_t* queue, Deadline const& deadline) const;
    std::expected<Described, rd_kafka_resp_err_t> describe(std::string const& name,
                                                           Deadline const& deadline);
    std::expected<std::shared_ptr<Client>, std::string> client_of(std::string const& group);
    bus::Error away(std::string const& what, rd_kafka_resp_err_t error) const;

    struct Group {
        std::shared_ptr<Client> client;
        Clock::time_point used;
    };

    Options const options_;
    std::shared_ptr<Log> const log_;
    std::shared_ptr<Client> const client_;
    std::atomic<bool> stopping_ = false;
    std::mutex mutex_;
    std::map<std::string, Group> groups_;
};

}  // namespace klamm::kafka_bus
