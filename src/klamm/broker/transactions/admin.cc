// broker/transactions/admin.cc - DescribeTransactions and ListTransactions.
#include "klamm/broker/handlers.h"
#include "klamm/broker/transactions/transactions.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace klamm::broker {

using kafka::ErrorCode;

namespace {

/// As Kafka names them. Those that it goes through at the end of a transaction never last here.
std::string_view name_of(TransactionStatus status) {
    constexpr std::array<std::string_view, 4> names{"Empty", "Ongoing", "CompleteCommit",
                                                    "CompleteAbort"};
    return names[std::size_t(status)];
}

bool is_state(std::string_view name) {
    constexpr std::array<std::string_view, 8> names{
        "Empty",          "Ongoing",       "PrepareCommit", "PrepareAbort",
        "CompleteCommit", "CompleteAbort", "Dead",          "PrepareEpochFence"};
    return std::ranges::find(names, name) != names.end();
}

using Described = kafka::DescribeTransactionsResponse::TransactionState;

void describe(State const& state, Transaction const& transaction, Described& out) {
    out.transaction_state = name_of(transaction.status);
    out.transaction_timeout_ms = transaction.timeout_ms;
    out.transaction_start_time_ms = transaction.started_ms;
    out.producer_id = transaction.producer.id;
    out.producer_epoch = transaction.producer.epoch;
    std::map<std::string, std::vector<std::int32_t>> topics;
    for (auto const key : transaction.partitions) {
        auto const* partition = state.partition(key);
        topics[partition->topic->name].push_back(partition->number);
    }
    for (auto& [name, partitions] : topics) out.topics.push_back({name, std::move(partitions)});
}

/// What is asked for, made ready for many transactions.
struct Filter {
    std::set<std::string, std::less<>> states;
    std::set<std::int64_t> producers;
    std::int64_t longer_than_ms = -1;
    RE2 const* pattern = nullptr;

    bool takes(Transaction const& transaction, std::int64_t now_ms) const {
        if (!producers.empty() && !producers.contains(transaction.producer.id)) return false;
        if (!states.empty() && !states.contains(name_of(transaction.status))) return false;
        if (longer_than_ms >= 0 && now_ms - transaction.started_ms <= longer_than_ms) return false;
        return pattern == nullptr || RE2::FullMatch(transaction.id, *pattern);
    }
};

}  // namespace

void handle(Step& step, Request const& request, kafka::DescribeTransactionsRequest const& asked) {
    kafka::DescribeTransactionsResponse response;
    for (auto const& id : asked.transactional_ids) {
        auto& out = response.transaction_states.emplace_back();
        out.transactional_id = id;
        auto const* transaction = step.state().transactions.find(id);
        if (id.empty())
            out.error_code = ErrorCode::invalid_request;
        else if (transaction == nullptr)
            out.error_code = ErrorCode::transactional_id_not_found;
        else
            describe(step.state(), *transaction, out);
    }
    answer(step, request, std::move(response));
}

void handle(Step& step, Request const& request, kafka::ListTransactionsRequest const& asked) {
    constexpr std::int64_t pattern_memory_max = 1 << 20;
    kafka::ListTransactionsResponse response;
    Filter filter{.states = {},
                  .producers = {asked.producer_id_filters.begin(), asked.producer_id_filters.end()},
                  .longer_than_ms = asked.duration_filter};
    for (auto const& name : asked.state_filters) {
        if (is_state(name))
            filter.states.insert(name);
        else
            response.unknown_state_filters.push_back(name);
    }
    std::optional<RE2> pattern;
    if (asked.transactional_id_pattern && !asked.transactional_id_pattern->empty()) {
        RE2::Options options{RE2::Quiet};
        options.set_max_mem(pattern_memory_max);
        pattern.emplace(*asked.transactional_id_pattern, options);
        filter.pattern = &*pattern;
    }
    bool const only_unknown = filter.states.empty() && !asked.state_filters.empty();
    if (pattern && !pattern->ok()) {
        response.error_code = ErrorCode::invalid_regular_expression;
    } else if (!only_unknown) {
        for (auto const& [id, transaction] : step.state().transactions.all()) {
            if (filter.takes(transaction, step.now().wall_ms))
                response.transaction_states.push_back(
                    {id, transaction.producer.id, std::string(name_of(transaction.status))});
        }
    }
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
