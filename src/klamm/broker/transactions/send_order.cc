#include "klamm/broker/transactions/send_order.h"

#include "klamm/base/guard.h"

namespace klamm::broker {
namespace {

/// Correlation ids wrap. Some clients do not count: equal ones are in order.
bool before(std::int32_t a, std::int32_t b) {
    return std::int32_t(std::uint32_t(a) - std::uint32_t(b)) < 0;
}

}  // namespace

bool SendOrder::late(std::string const& transactional_id, Request const& request) {
    Sent const sent{request.id.connection, request.header.correlation_id};
    auto const [at, added] = last_.try_emplace(transactional_id, sent);
    if (added || !guard(Guard::late_requests_refused)) return false;
    auto& last = at->second;
    if (sent.connection < last.connection) return true;
    if (sent.connection == last.connection && before(sent.correlation_id, last.correlation_id))
        return true;
    last = sent;
    return false;
}

void SendOrder::forget(std::string_view transactional_id) {
    auto const found = last_.find(transactional_id);
    if (found != last_.end()) last_.erase(found);
}

}  // namespace klamm::broker
