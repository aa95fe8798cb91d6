// sim/table.cc - somebody keeps a table in a compacted topic: keys are set and deleted.
#include "klamm/records/batch.h"
#include "klamm/sim/audit.h"
#include "klamm/sim/workloads.h"

#include <fmt/format.h>

#include <utility>

namespace klamm::sim {
namespace {

using kafka::ErrorCode;

constexpr Time retry_pause = 100 * millisecond;
constexpr Time pause_max = 150 * millisecond;
/// A request of which nothing was heard may arrive until then: see Network.
constexpr Time late_request_max = 12 * second;
constexpr int keys = 8;
constexpr int records_max = 4;
constexpr int batches_max = 3;  ///< of a transaction
/// Longer than any run: nobody but the keeper ends its transactions.
constexpr std::int32_t transaction_timeout_ms = 600'000;
/// The second generation: what is written is in the transaction without further ado.
constexpr kafka::ApiVersion produce_version = 12;
constexpr kafka::ApiVersion end_txn_version = 5;

Bytes bytes_of(std::string const& text) {
    auto const view = std::as_bytes(std::span{text});
    return {view.begin(), view.end()};
}

Task<> create_table(Client& client) {
    while (!client.services().over) {
        kafka::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = table_topic;
        topic.num_partitions = 1;
        topic.replication_factor = 1;
        topic.configs = {{"cleanup.policy", "compact"},
                         {"min.compaction.lag.ms", std::to_string(table_lag_ms)},
                         {"delete.retention.ms", std::to_string(table_delete_retention_ms)},
                         {"min.cleanable.dirty.ratio", "0.2"},
                         {"segment.ms", "500"}};
        auto const answer = co_await client.ask(std::move(request), 7);
        if (answer && (answer->topics.at(0).error_code == ErrorCode::none ||
                       answer->topics.at(0).error_code == ErrorCode::topic_already_exists))
            co_return;
        co_await client.services().schedule.sleep(retry_pause);
    }
}

std::vector<TableRecord> some_records(Client& client, std::uint64_t& number) {
    std::vector<TableRecord> all(1 + client.random.below(records_max));
    for (auto& record : all) {
        record.key = fmt::format("k{}", client.random.below(keys));
        record.timestamp = client.services().schedule.broker_now().wall_ms;
        if (!client.random.one_in(4)) record.value = fmt::format("{}={}", record.key, ++number);
    }
    return all;
}

Bytes batch_of(Client& client, std::span<TableRecord const> table, records::BatchOptions options) {
    std::vector<records::Record> all;
    for (auto const& record : table) {
        all.push_back({.offset = 0,
                       .timestamp = record.timestamp,
                       .key = bytes_of(record.key),
                       .value = std::nullopt,
                       .headers = {}});
        if (record.value) all.back().value = bytes_of(*record.value);
    }
    options.codec = records::Codec(client.random.below(5));
    return records::build(all, options);
}

/// Keeps the table, in some runs in transactions.
class Keeper {
public:
    Keeper(Client& client, Progress& progress)
        : client_(client), progress_(progress), in_transactions_(client.random.one_in(2)) {}

    Task<> run() {
        ++progress_.producers_busy;
        co_await create_table(client_);
        bool const initialized = co_await initialize();
        --progress_.producers_busy;
        if (!initialized) co_return;
        while (!services().calm) {
            co_await services().schedule.sleep(Time(client_.random.below(pause_max)));
            ++progress_.producers_busy;
            auto writing = in_transactions_ ? transaction() : write_some();
            bool const done = co_await writing;
            --progress_.producers_busy;
            if (!done) co_return;
        }
    }

private:
    Services& services() { return client_.services(); }
    void tell(void (Checker::*fact)(std::span<TableRecord const>)) {
        services().checkers.tell(fact, std::span<TableRecord const>{written_});
    }

    Task<bool> initialize() {
        kafka::InitProducerIdRequest request;
        request.transactional_id.reset();
        if (in_transactions_) request.transactional_id = "table";
        request.transaction_timeout_ms = transaction_timeout_ms;
        bool silence = false;  // a request without an answer may still arrive, and fence us
        while (!services().over) {
            auto const answer = co_await client_.ask(request, 4);
            silence = silence || !answer;
            if (answer && answer->error_code == ErrorCode::none && !(silence && in_transactions_)) {
                options_.producer_id = answer->producer_id;
                options_.producer_epoch = answer->producer_epoch;
                options_.base_sequence = 0;
                options_.transactional = in_transactions_;
                co_return true;
            }
            bool const wait_for_it = answer && std::exchange(silence, false);
            co_await services().schedule.sleep(wait_for_it ? late_request_max : retry_pause);
        }
        co_return false;
    }

    Task<bool> write_some() {
        written_.clear();
        bool const written = co_await write();
        if (written) acked();
        co_return written;
    }

    Task<bool> transaction() {
        written_.clear();
        auto const batches = 1 + client_.random.below(batches_max);
        for (std::uint64_t n = 0; n < batches; ++n) {
            bool const written = co_await write();
            if (!written) co_return false;
            co_await services().schedule.sleep(Time(client_.random.below(pause_max)));
        }
        bool const commit = !client_.random.one_in(3);
        bool const ended = co_await end(commit);
        if (!ended) co_return false;
        if (commit)
            acked();
        else
            tell(&Checker::table_aborted);
        co_return true;
    }

    void acked() {
        tell(&Checker::table_acked);
        progress_.records_acked += written_.size();
    }

    /// One batch, again and again until it is acknowledged. False: the world is over.
    Task<bool> write() {
        auto const before = written_.size();
        for (auto& record : some_records(client_, number_)) written_.push_back(std::move(record));
        tell(&Checker::table_tried);
        std::span<TableRecord> const records{written_.begin() + std::ptrdiff_t(before),
                                             written_.end()};
        auto offset = co_await put(batch_of(client_, records, options_));
        if (offset < 0) co_return false;
        options_.base_sequence += std::int32_t(records.size());
        for (auto& record : records) record.offset = offset++;
        co_return true;
    }

    Task<std::int64_t> put(Bytes batch) {
        kafka::ProduceRequest request;
        if (in_transactions_) request.transactional_id = "table";
        request.acks = -1;
        request.timeout_ms = 30'000;
        auto& topic = request.topic_data.emplace_back();
        topic.name = table_topic;
        topic.partition_data.emplace_back().records.emplace().parts.push_back(
            Slice{std::move(batch)});
        while (!services().over) {
            auto const answer = co_await client_.ask(request, produce_version);
            if (answer) {
                auto const& part = answer->responses.at(0).partition_responses.at(0);
                if (part.error_code == ErrorCode::none) co_return part.base_offset;
                refused(part.error_code);
            }
            co_await services().schedule.sleep(retry_pause);
        }
        co_return -1;
    }

    Task<bool> end(bool commit) {
        kafka::EndTxnRequest request;
        request.transactional_id = "table";
        request.producer_id = options_.producer_id;
        request.producer_epoch = options_.producer_epoch;
        request.committed = commit;
        while (!services().over) {
            auto const answer = co_await client_.ask(request, end_txn_version);
            if (answer && answer->error_code == ErrorCode::none) {
                options_.producer_id = answer->producer_id;
                options_.producer_epoch = answer->producer_epoch;
                options_.base_sequence = 0;
                co_return true;
            }
            if (answer) refused(answer->error_code);
            co_await services().schedule.sleep(retry_pause);
        }
        co_return false;
    }

    void refused(ErrorCode error) {
        if (!kafka::is_retriable(error))
            services().violations.report(
                "compaction_keeps", fmt::format("a write is refused with error {}", int(error)));
    }

    Client& client_;
    Progress& progress_;
    bool const in_transactions_;
    records::BatchOptions options_;
    std::vector<TableRecord> written_;  ///< by the transaction, or the batch, under way
    std::uint64_t number_ = 0;
};

}  // namespace

Task<> keep_table(Client& client, Progress& progress) {
    Keeper keeper{client, progress};
    co_await keeper.run();
}

}  // namespace klamm::sim
