// sim/transactional_producer.h - the client's side of transactions, in both generations of the
// protocol, with a request again for each answer that was lost.
//
// Several instances may have one transactional id: the one that asked last for a producer is the
// producer, the others are zombies and may not know it yet.
#pragma once

#include "klamm/sim/member.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace klamm::sim {

/// What all instances of one transactional id know together. Checkers need it, not clients.
struct TransactionalId {
    std::string id;
    std::set<std::string> open;  ///< transactions that have not ended, as far as is known
    /// A request for a producer may still arrive until then, and end any transaction.
    Time restless_until = 0;
    int asking = 0;              ///< instances that wait for the answer to such a request
    Time last_sign = 0;          ///< of life of the instance that works
    Time patience = 2 * second;  ///< a standby takes over when there was no sign for so long
};

enum class Result : std::uint8_t {
    done,
    abort,   ///< the transaction must be aborted; the producer can go on
    rejoin,  ///< the same, and the member must join its group again
    fenced,  ///< there is another producer, or the transaction has ended without us
};

class TransactionalProducer {
public:
    TransactionalProducer(Client& client, TransactionalId& shared)
        : client_(client), shared_(shared) {}

    /// Becomes the producer, in a generation of the protocol that the seed chooses. False: the
    /// world is over.
    Task<bool> initialize();
    void begin();
    std::string const& transaction() const { return name_; }

    // Each goes on until it is answered, or the world is over.

    Task<Result> write(PartitionName partition, std::vector<std::string> values);
    Task<Result> send_offsets(Member const& member, Offsets offsets);
    Task<Result> end(bool commit);

private:
    Services& services() { return client_.services(); }
    Task<Result> add_partition(PartitionName const& partition);
    Task<Result> add_group(std::string const& group);
    /// Sends again after a pause; nothing: the world is over.
    template <class R>
    Task<std::optional<typename R::Response>> insist(R request, kafka::ApiVersion version);
    Result judge(kafka::ErrorCode error);
    void tell_ended(bool committed);

    Client& client_;
    TransactionalId& shared_;
    bool second_generation_ = false;
    int incarnation_ = 0;
    int number_ = 0;
    std::string name_;
    std::int64_t id_ = -1;
    std::int16_t epoch_ = -1;
    Time timeout_ = 0;
    bool commit_asked_ = false;
    bool retriable_ = false;  ///< the last answer wants the request again
    std::map<PartitionName, std::int32_t> sequences_;
    std::set<PartitionName> added_;
    std::set<std::string> groups_;
};

}  // namespace klamm::sim
