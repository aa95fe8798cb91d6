// bus/sender.h - records outside of transactions, each there once: an idempotent producer.
#pragma once

#include "klamm/bus/batches.h"
#include "klamm/bus/line.h"

#include <deque>

namespace klamm::bus {

/// What is asked for while a request is under way goes together with the next one, so that many
/// callers do not wait for many syncs of a disk. What is refused is then tried call by call: nobody
/// fails for the records of another.
class Sender {
public:
    using Sent = Done<std::vector<Position>>;
    /// Of calls that go together.
    static constexpr std::size_t records_max = 10'000;
    /// They were asked for within so much time: each ends when its own patience does, or so.
    static constexpr Duration together_max{1'000};

    explicit Sender(std::shared_ptr<Setting> setting);
    void belong_to(std::weak_ptr<void> owner) { line_->belong_to(std::move(owner)); }
    void close() { line_->close(); }

    void send(std::vector<Outgoing> records, Sent done);

private:
    struct Call {
        std::vector<Outgoing> records;
        std::vector<Position> places;  ///< of those that are written
        Sent done;
        Instant until;
        bool alone = false;
    };
    /// Calls that go together.
    struct Job {
        std::vector<Call> calls;
        std::vector<Outgoing const*> records;                   ///< of all of them, in `calls`
        std::vector<std::pair<std::size_t, std::size_t>> from;  ///< for each: call, and place in it
        Instant until;
        std::int64_t now_ms = 0;
        std::vector<Batch> batches;
        std::size_t rounds = 0;
    };

    void next();
    void expire();
    void gather();
    void name_producer();
    void prepare();
    void produce(std::size_t round);
    kafka::ErrorCode hear(kafka::ProduceResponse const& answer, bool before,
                          std::optional<Error>& failed);
    void finish(std::optional<Error> failed);
    void note_places();

    std::shared_ptr<Setting> setting_;
    std::shared_ptr<Line> line_;
    ProducerName producer_;
    std::map<TopicPartition, std::int32_t> sequences_;
    std::uint64_t any_ = 0;
    std::deque<Call> calls_;
    std::unique_ptr<Job> job_;  ///< under way
};

}  // namespace klamm::bus
