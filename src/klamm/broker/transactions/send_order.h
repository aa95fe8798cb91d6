// broker/transactions/send_order.h - whether a request of the first generation comes too late.
//
// In the first generation a producer keeps its epoch from one transaction to the next, so a
// request that was delayed on a connection which its client has given up looks like one of the
// transaction that is ongoing now. It would commit half of that one. What gives it away is the
// order in which it was sent: connections count up, and so do the correlation ids on each.
//
//     connection 4:  EndTxn ──────────── delayed ───────────────────────▶ late: refused
//     connection 7:       EndTxn (again) ▶  AddPartitions ▶  Produce ▶
//
// A request is late when one that was sent after it has been handled. The second generation does
// not need this: there (producer id, epoch) names one transaction. Need not survive: connections
// do not, either.
//
// Source: https://jepsen.io/analyses/bufstream-0.1.0; KIP-890 gives the epoch's part of the answer.
#pragma once

#include "klamm/broker/request.h"

#include <map>
#include <string>
#include <string_view>

namespace klamm::broker {

class SendOrder {
public:
    /// Whether a request that was sent after this one has been noted. Notes this one otherwise.
    bool late(std::string const& transactional_id, Request const& request);
    /// A new producer: what was sent before does not matter.
    void forget(std::string_view transactional_id);

private:
    struct Sent {
        ConnectionId connection{};
        std::int32_t correlation_id = 0;
    };
    std::map<std::string, Sent, std::less<>> last_;  ///< of each transactional id there is
};

}  // namespace klamm::broker
