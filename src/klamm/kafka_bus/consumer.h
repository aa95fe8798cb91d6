// kafka_bus/consumer.h - a member of a group: a consumer of librdkafka, and the thread that polls
// it.
//
//     librdkafka ── rebalance ──▶ thread ── assigned, revoked, lost ──▶ loop: Subscriber
//                ── messages  ──▶        ── records of a round      ──▶
//                ◀── seek, pause, (un)assign ──  ◀── resume, pause, released ──
//
// Partitions are assigned to librdkafka paused; resume() seeks and lets go. Each resume() and
// pause() begins a round of its partition: what comes from an earlier round is dropped. Partitions
// that others shall have are unassigned only when the Subscriber has released them; polling goes
// on meanwhile, so the membership is kept.
#pragma once

#include "klamm/kafka_bus/calls.h"
#include "klamm/kafka_bus/cluster.h"

namespace klamm::kafka_bus {

/// A partition in one of its rounds.
struct Round {
    bus::TopicPartition partition;
    std::uint64_t number = 0;
};
struct Arrived {
    std::vector<bus::Record> records;
    std::vector<std::uint64_t> rounds;  ///< one for each record
};

/// What the thread tells, called in it.
struct MemberEvents {
    std::function<void(std::vector<bus::TopicPartition>)> assigned;
    std::function<void(std::vector<bus::TopicPartition>)> revoked;
    std::function<void(std::vector<bus::TopicPartition>)> lost;
    std::function<void(Arrived)> arrived;
    std::function<void(Round, std::int64_t from, std::int64_t to)> skipped;
    std::function<void(std::string const&)> trouble;  ///< no broker answers
};

/// What belongs to the thread. It lives until the thread has ended, which may be after the
/// Consumer.
class Member : public std::enable_shared_from_this<Member> {
public:
    Member(Options options, bus::ConsumerOptions consumer, std::shared_ptr<Log> log,
           MemberEvents events);

    /// Any thread. The error: it cannot be made as it was asked.
    std::optional<std::string> make();
    void run();
    void stop();

    // Any thread.
    void resume(Round round, std::int64_t offset);
    void pause(Round round);
    void release(std::vector<bus::TopicPartition> partitions);
    void leave(Calls::Answer<void> left);
    /// As many Arrived as were taken in; more are not fetched meanwhile.
    void taken();
    GroupMetadata metadata() const;

private:
    struct Flow {
        std::uint64_t round = 0;
        bool running = false;
        std::int64_t next = 0;             ///< the first that is wanted
        std::optional<std::int64_t> seek;  ///< still to be done
    };

    void subscribe();
    bool half_joined() const;
    ErrorPtr close();
    void see_out();
    void end();
    void rebalanced(rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions);
    void unassign(std::vector<bus::TopicPartition> const& partitions);
    void set_paused(std::vector<bus::TopicPartition> const& partitions, bool paused);
    void seek();
    void poll();
    void take(MessagePtr message);
    void deliver();
    void complain(rd_kafka_message_t const& message);
    void go_to_what_is_left(bus::TopicPartition const& partition, Flow& flow);
    void go_on_leaving();

    Options const options_;
    bus::ConsumerOptions const consumer_;
    std::shared_ptr<Log> const log_;
    MemberEvents const events_;
    Commands commands_;
    std::shared_ptr<Client> client_;
    Queue queue_;
    Queue closing_;
    std::map<bus::TopicPartition, Flow> flows_;  ///< the thread's, as all below
    bool subscribed_ = false;
    bool assigned_once_ = false;
    bool alone_ = false;  ///< nobody is there any more who would be told
    std::vector<MessagePtr> messages_;
    std::vector<std::uint64_t> rounds_;
    std::size_t bytes_ = 0;
    Clock::time_point next_seek_;
    std::optional<Calls::Answer<void>> leaving_;
    Clock::time_point left_by_;
    std::atomic<int> under_way_ = 0;  ///< Arrived that the loop has not taken in yet
};

class KafkaConsumer final : public bus::Consumer {
public:
    /// How questions that wait are asked: in another thread.
    using Ask = std::function<void(std::move_only_function<void()>)>;

    KafkaConsumer(bus::Loop& loop, Threads& threads, Options options, bus::ConsumerOptions consumer,
                  bus::Subscriber& subscriber, std::shared_ptr<Log> log,
                  std::shared_ptr<Cluster> cluster, Ask ask);
    ~KafkaConsumer() override;

    void resume(bus::TopicPartition const& partition, std::int64_t offset) override;
    void pause(bus::TopicPartition const& partition) override;
    void leave(bus::Done<void> done) override;

    std::string const& group() const { return consumer_.group; }
    std::shared_ptr<Member> const& member() const { return member_; }
    /// For a transaction that commits these. The error: some of them are not ours (any more).
    bus::Result<GroupMetadata> metadata_to_commit(
        std::map<bus::TopicPartition, bus::Committed> const& offsets) const;

private:
    struct Owned {
        bool told = false;       ///< the Subscriber knows of it
        bool releasing = false;  ///< asked to be released
        bool running = false;
        std::uint64_t round = 0;
    };

    void assigned(std::vector<bus::TopicPartition> partitions);
    void fetch_committed(std::vector<bus::TopicPartition> partitions);
    void revoked(std::vector<bus::TopicPartition> const& partitions);
    void lost(std::vector<bus::TopicPartition> const& partitions);
    void arrived(Arrived arrived);
    void skipped(Round const& round, std::int64_t from, std::int64_t to);
    void watch();
    void is_away(std::string const& why);
    void is_back();

    bus::Loop& loop_;
    bus::ConsumerOptions const consumer_;
    bus::Subscriber& subscriber_;
    std::shared_ptr<Cluster> const cluster_;
    Ask const ask_;
    Calls calls_;
    std::shared_ptr<Member> member_;
    std::map<bus::TopicPartition, Owned> owned_;
    std::uint64_t rounds_ = 0;
    bool away_ = false;
    bool left_ = false;
};

}  // namespace klamm::kafka_bus
