// bus/sender.h - records outside of transactions, each there once: an idempotent producer.
#pragma once

#include "klamm/bus/batches.h"
#include "klamm/bus/line.h"

#include <deque>

namespace klamm::bus {

/// One call after the other.
class Sender {
public:
    using Sent = Done<std::vector<Position>>;

    explicit Sender(std::shared_ptr<Setting> setting);
    void belong_to(std::weak_ptr<void> owner) { line_->belong_to(std::move(owner)); }
    void close() { line_->close(); }

    void send(std::vector<Outgoing> records, Sent done);

private:
    struct Job {
        std::vector<Outgoing> records;
        Sent done;
        Instant until;
        std::int64_t now_ms = 0;
        std::vector<Batch> batches;
        std::size_t rounds = 0;
    };

    void next();
    void name_producer();
    void prepare();
    void produce(std::size_t round);
    kafka::ErrorCode hear(kafka::ProduceResponse const& answer, bool before,
                          std::optional<Error>& failed);
    void finish(std::optional<Error> failed);
    std::vector<Position> positions() const;

    std::shared_ptr<Setting> setting_;
    std::shared_ptr<Line> line_;
    ProducerName producer_;
    std::map<TopicPartition, std::int32_t> sequences_;
    std::uint64_t any_ = 0;
    std::deque<Job> jobs_;  ///< the first one is under way
};

}  // namespace klamm::bus
