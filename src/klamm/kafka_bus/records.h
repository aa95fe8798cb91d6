// kafka_bus/records.h - records of the bus as librdkafka's messages, and back.
#pragma once

#include "klamm/kafka_bus/cluster.h"

#include <span>
#include <vector>

namespace klamm::kafka_bus {

/// Copies: librdkafka's messages must not outlive their client. The bytes of all of them share one
/// buffer.
std::vector<bus::Record> to_records(std::span<MessagePtr const> messages);

/// Where the records of one producer go. Its topics are looked up once.
class Outlet {
public:
    Outlet(std::shared_ptr<Client> client, std::shared_ptr<Cluster> cluster)
        : client_(std::move(client)), cluster_(std::move(cluster)) {}

    /// What keeps it from being written where it shall be. Asks the cluster about topics that were
    /// not written to before.
    std::optional<bus::Error> wrong_with(bus::Outgoing const& record);
    /// Requires that nothing is wrong with it. Puts a copy into the producer's queue. _QUEUE_FULL:
    /// poll, and try again. `opaque` comes back with the delivery report.
    rd_kafka_resp_err_t produce(bus::Outgoing const& record, void* opaque);

private:
    struct Topic {
        Handle<rd_kafka_topic_t, rd_kafka_topic_destroy> handle;
        std::int32_t partitions = 0;
    };
    using Topics = std::map<std::string, Topic>;
    Topics::iterator find(std::string const& name);

    std::shared_ptr<Client> const client_;
    std::shared_ptr<Cluster> const cluster_;
    Topics topics_;
    Topics::iterator last_ = topics_.end();
};

}  // namespace klamm::kafka_bus
