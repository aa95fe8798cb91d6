#include "klamm/kafka_bus/api_versions.h"

#include <algorithm>
#include <charconv>
#include <optional>

namespace klamm::kafka_bus {
namespace {

// https://kafka.apache.org/protocol#protocol_api_keys
constexpr std::int32_t offset_fetch = 9;
constexpr std::int32_t init_producer_id = 22;
constexpr std::int32_t end_txn = 26;
constexpr std::int32_t txn_offset_commit = 28;
constexpr std::int32_t consumer_group_heartbeat = 68;

/// The number behind `mark`.
std::optional<std::int32_t> number_after(std::string_view line, std::string_view mark) {
    auto const at = line.find(mark);
    if (at == std::string_view::npos) return std::nullopt;
    std::int32_t number = 0;
    auto const* const begin = line.data() + at + mark.size();
    auto const [end, error] = std::from_chars(begin, line.data() + line.size(), number);
    if (error != std::errc{}) return std::nullopt;
    return number;
}

}  // namespace

void ApiVersions::read(std::string_view line) {
    if (line.find("ApiKey ") == std::string_view::npos) return;
    auto const key = number_after(line, " (");
    auto const newest = number_after(line, "..");
    if (!key || !newest) return;
    std::lock_guard const lock(mutex_);
    auto const [found, first] = newest_.try_emplace(*key, *newest);
    if (!first) found->second = std::min(found->second, *newest);
}

bus::Capabilities ApiVersions::capabilities() const {
    std::lock_guard const lock(mutex_);
    auto const has = [&](std::int32_t key, std::int32_t version) {
        if (newest_.empty()) return true;
        auto const found = newest_.find(key);
        return found != newest_.end() && found->second >= version;
    };
    bus::Capabilities capabilities;
    capabilities.transactions = has(init_producer_id, 0) && has(end_txn, 0);
    capabilities.stable_offsets = has(offset_fetch, 7);
    capabilities.consumer_protocol = !newest_.empty() && has(consumer_group_heartbeat, 0);
    capabilities.transaction_version = !newest_.empty() && has(end_txn, 5) ? 2 : 1;
    if (!capabilities.transactions)
        capabilities.lacks =
            "The brokers have no transactions (InitProducerId, EndTxn), so results cannot be "
            "committed together with offsets. Use Apache Kafka 2.5 or newer, or Klamm.";
    else if (!capabilities.stable_offsets || !has(txn_offset_commit, 3))
        capabilities.lacks =
            "The brokers do not check who commits offsets in a transaction, and give offsets of "
            "open transactions (TxnOffsetCommit before version 3, OffsetFetch before version 7: "
            "Apache Kafka before 2.5), so after a rebalance events could be handled twice. Use "
            "Apache Kafka 2.5 or newer, or Klamm.";
    return capabilities;
}

}  // namespace klamm::kafka_bus
