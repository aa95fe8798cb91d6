#include "klamm/cli/transactions.h"

#include "klamm/cli/admin.h"
#include "klamm/cli/direct.h"
#include "klamm/kafka/errors.h"

#include <fmt/core.h>

#include <algorithm>
#include <tuple>

namespace klamm::cli {
namespace {

std::string words(kafka::ErrorCode error) {
    return error_text(rd_kafka_resp_err_t(std::to_underlying(error)));
}

/// Those that this broker coordinates.
Outcome<> add(Direct& broker, std::vector<TransactionState>& all) {
    auto const listed = broker.ask(kafka::ListTransactionsRequest{}, 0);
    if (!listed) return std::unexpected(listed.error());
    if (listed->error_code != kafka::ErrorCode::none)
        return failed("list transactions: " + words(listed->error_code));
    kafka::DescribeTransactionsRequest asked;
    for (auto const& one : listed->transaction_states)
        asked.transactional_ids.push_back(one.transactional_id);
    if (asked.transactional_ids.empty()) return {};
    auto const described = broker.ask(asked, 0);
    if (!described) return std::unexpected(described.error());
    for (auto const& one : described->transaction_states) {
        if (one.error_code != kafka::ErrorCode::none) continue;  // gone meanwhile
        TransactionState state{.id = one.transactional_id,
                               .state = one.transaction_state,
                               .producer_id = one.producer_id,
                               .producer_epoch = one.producer_epoch,
                               .timeout_ms = one.transaction_timeout_ms,
                               .started_ms = one.transaction_start_time_ms,
                               .partitions = {}};
        for (auto const& [topic, numbers] : one.topics)
            for (auto const number : numbers) state.partitions.emplace_back(topic, number);
        all.push_back(std::move(state));
    }
    return {};
}

}  // namespace

Outcome<std::vector<TransactionState>> transactions(Client& client) {
    auto const addresses = broker_addresses(client);
    if (!addresses) return std::unexpected(addresses.error());
    std::vector<TransactionState> all;
    for (auto const& address : *addresses) {
        auto broker = Direct::open(address, client.options().timeout());
        if (!broker) return std::unexpected(broker.error());
        if (auto added = add(*broker, all); !added) return std::unexpected(added.error());
    }
    std::ranges::sort(all, {}, [](TransactionState const& one) {
        return std::tuple(!one.ongoing(), one.ongoing() ? one.started_ms : 0, one.id);
    });
    return all;
}

Outcome<> abort_transaction(ClientOptions const& options, std::string const& id) {
    auto const client = Client::producer(options, {{"transactional.id", id}}, {});
    if (!client) return std::unexpected(client.error());
    Handle<rd_kafka_error_t, rd_kafka_error_destroy> const error(
        rd_kafka_init_transactions((*client)->rk(), (*client)->timeout_ms()));
    if (error)
        return failed(fmt::format("abort the transaction of {}: {}", id,
                                  without_prefix(rd_kafka_error_string(error.get()))));
    return {};
}

}  // namespace klamm::cli
