// broker/transactions/transactions_fixture.h - for tests: producers and consumers of transactions,
// in both generations, on top of the language of story.h.
//
//     TransactionsStory story;
//     auto a = story.producer("orders");
//     story.write(a, "flights", {"x"});
//     story.commit(a);
//     EXPECT_EQ(story.committed("flights"), (Values{"x"}));
#pragma once

#include "klamm/broker/entries.h"
#include "klamm/broker/story.h"

namespace klamm::broker {

enum class Generation : std::uint8_t { first, second };

/// A producer as its client knows it.
struct TestProducer {
    std::string transactional_id;
    Generation generation = Generation::second;
    Incarnation name;
    std::map<std::pair<std::string, std::int32_t>, std::int32_t> sequences;
};

class TransactionsStory : public Story {
public:
    using Story::Story;

    kafka::InitProducerIdResponse initialize(std::string const& id, Incarnation const& claimed = {},
                                             std::int32_t timeout_ms = 60000) {
        kafka::InitProducerIdRequest request;
        request.transactional_id = id;
        request.transaction_timeout_ms = timeout_ms;
        request.producer_id = claimed.id;
        request.producer_epoch = claimed.epoch;
        return ask(request);
    }
    TestProducer producer(std::string const& id, Generation generation = Generation::second,
                          std::int32_t timeout_ms = 60000) {
        auto const given = initialize(id, {}, timeout_ms);
        EXPECT_EQ(given.error_code, kafka::ErrorCode::none);
        return {id, generation, {given.producer_id, given.producer_epoch}, {}};
    }

    kafka::ProduceRequest batch_of(TestProducer& from, std::string const& topic,
                                   Values const& values, std::int32_t partition = 0) {
        auto& sequence = from.sequences[{topic, partition}];
        auto request =
            produce_request(topic, partition,
                            records::build(records(values), {.producer_id = from.name.id,
                                                             .producer_epoch = from.name.epoch,
                                                             .base_sequence = sequence,
                                                             .transactional = true}));
        request.transactional_id = from.transactional_id;
        sequence += std::int32_t(values.size());
        return request;
    }
    static kafka::ApiVersion produce_version(Generation generation) {
        return generation == Generation::second ? 12 : 9;
    }
    kafka::ErrorCode write(TestProducer& from, std::string const& topic, Values const& values,
                           std::int32_t partition = 0) {
        return ask(batch_of(from, topic, values, partition), produce_version(from.generation))
            .responses.at(0)
            .partition_responses.at(0)
            .error_code;
    }
    /// As clients of its generation do: announced first, or not.
    kafka::ErrorCode add_and_write(TestProducer& from, std::string const& topic,
                                   Values const& values, std::int32_t partition = 0) {
        if (from.generation == Generation::first) {
            auto const error = add(from, topic, partition);
            if (error != kafka::ErrorCode::none) return error;
        }
        return write(from, topic, values, partition);
    }
    static kafka::AddPartitionsToTxnRequest add_request(TestProducer const& from,
                                                        std::string const& topic,
                                                        std::int32_t partition = 0) {
        kafka::AddPartitionsToTxnRequest request;
        request.v3_and_below_transactional_id = from.transactional_id;
        request.v3_and_below_producer_id = from.name.id;
        request.v3_and_below_producer_epoch = from.name.epoch;
        request.v3_and_below_topics.push_back({topic, {partition}});
        return request;
    }
    kafka::ErrorCode add(TestProducer const& from, std::string const& topic,
                         std::int32_t partition = 0, kafka::ApiVersion version = 3) {
        return ask(add_request(from, topic, partition), version)
            .results_by_topic_v3_and_below.at(0)
            .results_by_partition.at(0)
            .partition_error_code;
    }
    static kafka::EndTxnRequest end_request(TestProducer const& from, bool committed) {
        kafka::EndTxnRequest request;
        request.transactional_id = from.transactional_id;
        request.producer_id = from.name.id;
        request.producer_epoch = from.name.epoch;
        request.committed = committed;
        return request;
    }
    static kafka::ApiVersion end_version(Generation generation) {
        return generation == Generation::second ? 5 : 3;
    }
    /// Ends the transaction, and goes on under the name that the answer gives.
    kafka::ErrorCode end(TestProducer& from, bool committed) {
        auto const answer = ask(end_request(from, committed), end_version(from.generation));
        if (answer.error_code == kafka::ErrorCode::none && from.generation == Generation::second)
            rename(from, {answer.producer_id, answer.producer_epoch});
        return answer.error_code;
    }
    kafka::ErrorCode commit(TestProducer& from) { return end(from, true); }
    kafka::ErrorCode abort(TestProducer& from) { return end(from, false); }
    static void rename(TestProducer& producer, Incarnation const& name) {
        if (producer.name != name) producer.sequences.clear();
        producer.name = name;
    }

    kafka::ErrorCode add_group(TestProducer const& from, std::string const& group) {
        kafka::AddOffsetsToTxnRequest request;
        request.transactional_id = from.transactional_id;
        request.producer_id = from.name.id;
        request.producer_epoch = from.name.epoch;
        request.group_id = group;
        return ask(request).error_code;
    }
    static kafka::TxnOffsetCommitRequest offsets_request(TestProducer const& from,
                                                         std::string const& group,
                                                         std::string const& topic,
                                                         std::int64_t offset) {
        kafka::TxnOffsetCommitRequest request;
        request.transactional_id = from.transactional_id;
        request.group_id = group;
        request.producer_id = from.name.id;
        request.producer_epoch = from.name.epoch;
        auto& at = request.topics.emplace_back();
        at.name = topic;
        at.partitions.push_back({.partition_index = 0, .committed_offset = offset});
        return request;
    }
    kafka::ErrorCode send_offset(TestProducer const& from, std::string const& group,
                                 std::string const& topic, std::int64_t offset) {
        return ask(offsets_request(from, group, topic, offset),
                   from.generation == Generation::second ? 5 : 3)
            .topics.at(0)
            .partitions.at(0)
            .error_code;
    }
    struct Offset {
        kafka::ErrorCode error{};
        std::int64_t offset = -1;
        bool operator==(Offset const&) const = default;
    };
    Offset offset_of(std::string const& group, std::string const& topic, bool require_stable) {
        kafka::OffsetFetchRequest request;
        request.require_stable = require_stable;
        auto& asked = request.groups.emplace_back();
        asked.group_id = group;
        asked.topics.emplace().push_back({.name = topic, .topic_id = {}, .partition_indexes = {0}});
        auto const at = ask(request, 9).groups.at(0).topics.at(0).partitions.at(0);
        return {at.error_code, at.committed_offset};
    }

    Fetched fetch_committed(std::string const& topic, std::int64_t offset,
                            std::int32_t partition = 0) {
        auto request = fetch_request(topic, offset, partition);
        request.isolation_level = 1;
        return ask(request, 12).responses.at(0).partitions.at(0);
    }
    /// What a consumer with read_committed sees, from the log start on.
    Values committed(std::string const& topic, std::int32_t partition = 0) {
        Values seen;
        auto offset = list_offset(topic, -2, partition);
        while (true) {
            auto const fetched = fetch_committed(topic, offset, partition);
            EXPECT_EQ(fetched.error_code, kafka::ErrorCode::none);
            if (fetched.records->size() == 0) return seen;
            offset = take_committed(fetched, offset, seen);
        }
    }
    /// As Kafka's consumers do: producers whose aborted records began are skipped up to their
    /// markers. The offset behind the last batch.
    static std::int64_t take_committed(Fetched const& fetched, std::int64_t from, Values& seen) {
        auto aborted = fetched.aborted_transactions.value();
        std::map<std::int64_t, bool> skipped;
        std::int64_t next = from;
        for (auto const& part : fetched.records->parts) {
            for (auto left = part.view(); !left.empty();) {
                auto const batch = records::read_header(left).value();
                auto const bytes = left.first(std::size_t(batch.bytes));
                left = left.subspan(bytes.size());
                next = batch.next_offset();
                while (!aborted.empty() && aborted.front().first_offset <= batch.last_offset()) {
                    skipped[aborted.front().producer_id] = true;
                    aborted.erase(aborted.begin());
                }
                if (batch.control()) {
                    auto const marker = records::read_end_marker(bytes).value();
                    if (!marker.committed) skipped.erase(batch.producer_id);
                    continue;
                }
                if (batch.transactional() && skipped.contains(batch.producer_id)) continue;
                auto const read = records::read_records(bytes).value();
                for (auto const& record : read)
                    if (record.offset >= from) seen.push_back(text_of(record));
            }
        }
        return next;
    }
    std::int64_t last_stable(std::string const& topic, std::int32_t partition = 0) {
        return fetch(topic, list_offset(topic, -2, partition), partition).last_stable_offset;
    }
    kafka::DescribeTransactionsResponse::TransactionState described(std::string const& id) {
        kafka::DescribeTransactionsRequest request;
        request.transactional_ids = {id};
        return ask(request).transaction_states.at(0);
    }
};

}  // namespace klamm::broker
