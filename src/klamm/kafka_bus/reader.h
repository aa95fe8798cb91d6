// kafka_bus/reader.h - reads pieces of partitions, without a group.
//
// One thread for all partitions: a read starts a cursor where it begins, takes what comes, and ends
// when it has enough or is at the end. A cursor that has more to give stays open for a while, for
// the read that goes on where this one ended.
//
// What was committed before a read was asked for is seen by it. Two things would hide it. A broker
// that followed or led a partition goes on serving readers who still think it leads, without an
// error and with an older end (KIP-392). And Apache Kafka says that a transaction is committed
// before readers can see all of it. So the end that a fetch met counts for nothing: the leader is
// asked up to where there is anything, open transactions included, and that is waited for.
#pragma once

#include "klamm/kafka_bus/calls.h"
#include "klamm/kafka_bus/client.h"
#include "klamm/kafka_bus/records.h"

namespace klamm::kafka_bus {

class Reader {
public:
    using Answer = Calls::Answer<bus::ReadResult>;

    /// Of librdkafka's clients a reader needs two, as what they are told depends on a setting.
    struct Clients {
        /// Consumes without a group what is committed, and tells of ends of partitions. Its
        /// callbacks run in the reader's thread.
        std::shared_ptr<Client> committed;
        std::shared_ptr<Client> uncommitted;  ///< only asks
    };
    Reader(Duration patience, Clients clients);
    ~Reader();
    Reader(Reader const&) = delete;
    Reader& operator=(Reader const&) = delete;

    void read(bus::TopicPartition partition, std::int64_t offset, std::int32_t bytes_max,
              Answer answer);

private:
    struct Read {
        std::int64_t offset;
        std::int32_t bytes_max;
        Answer answer;
        Deadline deadline;
        bool to_end = false;  ///< there is nothing behind what is ready, as far as was known
        std::optional<std::int64_t> written = std::nullopt;  ///< up to here, said the leader
        Clock::time_point ask_leader_at = {};                ///< not before
    };
    /// Where reading of a partition is, and what came beyond that.
    struct Cursor {
        Topic topic;
        bool open = false;
        bool at_end = false;         ///< as far as the broker knows that is read from
        std::int64_t position = -1;  ///< the read that begins here can go on
        std::int64_t next = -1;      ///< behind what came
        std::deque<MessagePtr> ready;
        std::size_t ready_bytes = 0;
        std::deque<Read> reads;  ///< the first is under way
        Clock::time_point last_used;
    };

    void run();
    void begin(bus::TopicPartition const& partition, Cursor& cursor);
    void serve(bus::TopicPartition const& partition, Cursor& cursor);
    void start(bus::TopicPartition const& partition, Cursor& cursor, std::int64_t offset);
    void stop(bus::TopicPartition const& partition, Cursor& cursor);
    void take(MessagePtr message);
    void at_end(bus::TopicPartition const& partition, Cursor& cursor, std::int64_t offset);
    void end_if_all(bus::TopicPartition const& partition, Cursor& cursor);
    void complain(bus::TopicPartition const& partition, Cursor& cursor,
                  rd_kafka_message_t const& message);
    void go_to_what_is_left(bus::TopicPartition const& partition, Cursor& cursor);
    void give_up(bus::TopicPartition const& partition, Cursor& cursor);
    void finish(bus::TopicPartition const& partition, Cursor& cursor, std::size_t count,
                std::int64_t end);
    void fail(bus::TopicPartition const& partition, Cursor& cursor, bus::Error error);
    void look_at_the_clock();

    Duration const patience_;
    Clients const clients_;
    Queue const queue_;
    Commands commands_;
    std::map<bus::TopicPartition, Cursor> cursors_;  ///< the thread's
    std::thread thread_;
};

}  // namespace klamm::kafka_bus
