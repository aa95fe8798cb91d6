// kafka_bus/reader.h - reads pieces of partitions, without a group.
//
// One thread for all partitions: a read starts a cursor where it begins, takes what comes, and ends
// when it has enough or is at the end. A cursor that has more to give stays open for a while, for
// the read that goes on where this one ended.
//
// Apache Kafka says that a transaction is committed before readers can see all of it. So at the
// end, transactions that had written before are waited for: what was committed before a read was
// asked for is seen by it.
#pragma once

#include "klamm/kafka_bus/calls.h"
#include "klamm/kafka_bus/client.h"
#include "klamm/kafka_bus/records.h"

namespace klamm::kafka_bus {

class Reader {
public:
    using Answer = Calls::Answer<bus::ReadResult>;

    /// `client`: a consumer without a group, that tells of ends of partitions. Its callbacks run in
    /// the reader's thread.
    Reader(Duration patience, std::shared_ptr<Client> client);
    ~Reader();
    Reader(Reader const&) = delete;
    Reader& operator=(Reader const&) = delete;

    void read(bus::TopicPartition partition, std::int64_t offset, std::int32_t bytes_max,
              Answer answer);

private:
    using Topic = Handle<rd_kafka_topic_t, rd_kafka_topic_destroy>;
    struct Read {
        std::int64_t offset;
        std::int32_t bytes_max;
        Answer answer;
        Deadline deadline;
        bool to_end = false;  ///< there is nothing behind what is ready, as far as was known
        std::optional<std::int64_t> written = std::nullopt;  ///< up to here, when it was at the end
    };
    /// Where reading of a partition is, and what came beyond that.
    struct Cursor {
        Topic topic;
        bool open = false;
        bool fresh = false;          ///< opened for the read that is under way
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
    void complain(bus::TopicPartition const& partition, Cursor& cursor,
                  rd_kafka_message_t const& message);
    void go_to_what_is_left(bus::TopicPartition const& partition, Cursor& cursor);
    /// None: its leader does not say, now.
    std::optional<std::pair<std::int64_t, std::int64_t>> first_and_end(
        bus::TopicPartition const& partition) const;
    void finish(bus::TopicPartition const& partition, Cursor& cursor, std::size_t count,
                std::int64_t end);
    void fail(bus::TopicPartition const& partition, Cursor& cursor, bus::Error error);
    void look_at_the_clock();

    Duration const patience_;
    std::shared_ptr<Client> const client_;
    Queue const queue_;
    Commands commands_;
    std::map<bus::TopicPartition, Cursor> cursors_;  ///< the thread's
    std::thread thread_;
};

}  // namespace klamm::kafka_bus
