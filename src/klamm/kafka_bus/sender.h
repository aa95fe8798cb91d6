// kafka_bus/sender.h - records outside transactions, by an idempotent producer.
#pragma once

#include "klamm/kafka_bus/calls.h"
#include "klamm/kafka_bus/records.h"

namespace klamm::kafka_bus {

/// One thread that gives records to librdkafka and hears what became of them.
class Sender {
public:
    using Answer = Calls::Answer<std::vector<Position>>;

    Sender(Options options, std::shared_ptr<Log> log, std::shared_ptr<Cluster> cluster);
    ~Sender();
    Sender(Sender const&) = delete;
    Sender& operator=(Sender const&) = delete;

    void send(std::vector<bus::Outgoing> records, Answer answer);

private:
    struct Sending {
        std::vector<bus::Outgoing> records;
        std::vector<Position> positions;
        std::size_t produced = 0;
        std::size_t ended = 0;
        std::optional<bus::Error> error;
        Answer answer;
        Deadline deadline;
    };
    struct Place {  ///< what comes back with a delivery report
        std::shared_ptr<Sending> sending;
        std::size_t index;
    };

    void run();
    bool ready();
    void produce(std::shared_ptr<Sending> const& sending);
    void delivered(rd_kafka_message_t const& message);
    void finish(Sending& sending);

    Options const options_;
    std::shared_ptr<Log> const log_;
    std::shared_ptr<Cluster> const cluster_;
    Commands commands_;
    std::shared_ptr<Client> client_;  ///< the thread's, as all below
    std::optional<Outlet> outlet_;
    Queue queue_;
    std::deque<std::shared_ptr<Sending>> waiting_;  ///< for room in librdkafka's queue
    std::thread thread_;
};

}  // namespace klamm::kafka_bus
