// kafka_bus/producer.h - transactions: a producer of librdkafka, and the thread that waits for it.
#pragma once

#include "klamm/kafka_bus/calls.h"
#include "klamm/kafka_bus/cluster.h"
#include "klamm/kafka_bus/consumer.h"
#include "klamm/kafka_bus/records.h"

namespace klamm::kafka_bus {

/// What belongs to the thread. It lives until the thread has ended, which may be after the
/// Producer.
class Transactions {
public:
    /// A transaction with what the group's coordinator wants to know of the committer.
    struct Work {
        bus::Transaction transaction;
        GroupMetadata group;  ///< none: no offsets
        std::string group_name;
    };

    Transactions(Options options, bus::ProducerOptions producer, std::shared_ptr<Log> log,
                 std::shared_ptr<Cluster> cluster)
        : options_(std::move(options)),
          producer_(std::move(producer)),
          log_(std::move(log)),
          cluster_(std::move(cluster)) {}

    Commands& commands() { return commands_; }
    void run();

    bus::Result<void> initialize();
    bus::Result<void> commit(Work work);

private:
    /// Between transactions, or what has to be done before the next one.
    enum class State : std::uint8_t { not_made, ready, must_abort, ended };

    std::optional<bus::Error> make();
    std::optional<bus::Error> fatal(std::string_view what);
    std::optional<bus::Error> write(bus::Transaction const& transaction, Deadline const& deadline);
    std::optional<bus::Error> add_offsets(Work const& work, Deadline const& deadline);
    std::optional<bus::Error> deliver(Deadline const& deadline);
    std::optional<bus::Error> end(Work const& work, Deadline const& deadline);
    bool abort(Deadline const& deadline);
    bus::Result<void> find_out(Work const& work, bus::Error error);

    /// The same call again while librdkafka says that it can be.
    template <class Call>
    ErrorPtr insist(Deadline const& deadline, Call call);
    bus::Error failure(rd_kafka_error_t const* error, std::string_view what);
    bus::Error away(std::string_view what) const;
    std::string name() const { return "transactional id '" + producer_.transactional_id + "'"; }

    Options const options_;
    bus::ProducerOptions const producer_;
    std::shared_ptr<Log> const log_;
    std::shared_ptr<Cluster> const cluster_;
    Commands commands_;
    std::shared_ptr<Client> client_;
    std::optional<Outlet> outlet_;
    State state_ = State::not_made;
    std::optional<bus::Error> undelivered_;  ///< why a record of this transaction was refused
    std::map<bus::TopicPartition, bus::Committed> last_offsets_;  ///< of the last that succeeded
};

class KafkaProducer final : public bus::Producer {
public:
    KafkaProducer(bus::Loop& loop, Threads& threads, std::shared_ptr<Transactions> transactions);
    ~KafkaProducer() override;

    void initialize(bus::Done<void> done) override;
    void commit(bus::Transaction transaction, bus::Done<void> done) override;

private:
    template <class Operation>
    void begin(bus::Done<void> done, Operation operation);

    Calls calls_;
    std::shared_ptr<Transactions> const transactions_;
    bool busy_ = false;
};

}  // namespace klamm::kafka_bus
