// broker/story.h - for tests: a broker, a journal and a client in one, and a small language.
//
//     Story story;
//     story.create("flights", 1);
//     story.produce("flights", {"a", "b"});
//     story.crash();
//     EXPECT_EQ(story.fetch_all("flights"), (Values{"a", "b"}));
//
// Requests and responses go through their frames, so that what cannot be encoded is noticed.
// Every restart happens twice, by full replay and from the last checkpoint, and both must
// come to the same state.
#pragma once

#include "klamm/base/ensure.h"
#include "klamm/broker/broker.h"
#include "klamm/broker/producers.h"
#include "klamm/broker/request.h"
#include "klamm/broker/storage_work.h"
#include "klamm/journal/memory_extents.h"
#include "klamm/kafka/apis.h"
#include "klamm/records/batch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace klamm::broker {

using Values = std::vector<std::string>;

/// A journal that remembers everything, and forgets at a crash what was not committed.
class StoryJournal final : public journal::Journal {
public:
    struct Stored {
        journal::Position at{};
        Bytes head;
        Bytes body;
    };
    std::vector<Stored> entries;
    bool full = false;

    [[nodiscard]] std::expected<journal::Position, journal::Error> append(
        journal::Entry entry) override {
        if (full) return std::unexpected(journal::Error::full);
        auto const body = entry.body.view();
        auto const at = next_;
        entries.push_back({at, std::move(entry.head), Bytes(body.begin(), body.end())});
        next_ = journal::Position(std::uint64_t(at) + 24 + entries.back().head.size() +
                                  entries.back().body.size());
        return at;
    }
    [[nodiscard]] std::expected<journal::Position, journal::Error> commit() override {
        return durable_ = next_;
    }
    [[nodiscard]] std::expected<Slice, journal::Error> read(journal::Position at,
                                                            std::uint32_t) override {
        auto const found = std::ranges::lower_bound(entries, at, {}, &Stored::at);
        if (at < first_) return std::unexpected(journal::Error::trimmed);
        if (found == entries.end() || found->at != at)
            return std::unexpected(journal::Error::corrupt);
        return Slice{Bytes(found->body)};
    }
    std::optional<Slice> cached(journal::Position) override { return std::nullopt; }
    void trim(journal::Position first) override { first_ = std::max(first_, first); }
    [[nodiscard]] std::expected<void, journal::Error> save(journal::Checkpoint const&) override {
        return {};
    }
    journal::Position first() const override { return first_; }
    journal::Position durable() const override { return durable_; }
    journal::Position next() const override { return next_; }

    void crash() {
        std::erase_if(entries, [&](Stored const& entry) { return entry.at >= durable_; });
        next_ = durable_;
    }

private:
    journal::Position first_{64}, durable_{64}, next_{64};
};

class Story {
public:
    explicit Story(Options given = {}) : options(std::move(given)) {
        broker = std::make_unique<Broker>(options, journal, seed_);
        broker->start(now);
        sync();
    }

    Options options;
    StoryJournal journal;
    journal::MemoryExtents extents;
    std::unique_ptr<Broker> broker;
    Now now{.instant = Instant{Duration{1'000'000}}, .wall_ms = 1'700'000'000'000};
    ConnectionId connection{1};
    std::int32_t correlation_id = 7;
    bool prepares = true;  ///< what topics want of batches is known when requests are decoded
    /// What is known then of records that are validated, when it is to be behind.
    std::shared_ptr<Validations const> behind;

    // ---- requests ----------------------------------------------------------------------

    /// Sends a request without making anything durable; see reply().
    template <class AnyOne>
    RequestId send(AnyOne const& body, kafka::ApiVersion version = AnyOne::api.last) {
        kafka::RequestHeader const header{AnyOne::api.key, version, correlation_id, "story"};
        auto const frame = flatten(kafka::encode_request(header, body));
        RequestId const id{connection, ++number_};
        auto request = prepare(id, Slice{Bytes(frame.begin() + 4, frame.end())}, "127.0.0.1",
                               prepares ? broker->compressions().get() : nullptr,
                               !prepares ? nullptr
                               : behind  ? behind.get()
                                         : broker->validations().get());
        ensure(request.has_value());
        headers_[id] = request->header;
        broker->submit(std::move(*request), now);
        take();
        return id;
    }
    /// What a request was answered, or nothing yet.
    template <class Response>
    std::optional<Response> reply(RequestId id) {
        auto const found = replies_.find(id);
        if (found == replies_.end()) return std::nullopt;
        return std::get<Response>(found->second);
    }
    bool answered(RequestId id) const { return replies_.contains(id) || silent_.contains(id); }
    bool closed(RequestId id) const { return closed_.contains(id); }

    /// Sends, syncs, and returns the answer, which must be there.
    template <class AnyOne>
    typename AnyOne::Response ask(AnyOne const& body,
                                  kafka::ApiVersion version = AnyOne::api.last) {
        auto const id = send(body, version);
        sync();
        auto answer = reply<typename AnyOne::Response>(id);
        ensure(answer.has_value());
        return *answer;
    }

    // ---- the world ---------------------------------------------------------------------

    void sync() {
        ensure(journal.commit().has_value());
        broker->durable(journal.durable(), now);
        take();
    }
    void pass(Duration duration) {
        now.instant += duration;
        now.wall_ms += duration.count();
        broker->tick(now);
        take();
    }
    void checkpoint() {
        sync();
        auto const snapshot = broker->snapshot();
        checkpoint_ = journal::Checkpoint{snapshot.covers, snapshot.encode()};
    }
    Bytes state() { return broker->snapshot().encode(); }

    /// Whatever is not synced is lost; then the broker starts again.
    void crash() {
        journal.crash();
        restart();
    }
    /// By full replay, and from the last checkpoint: both must be the same.
    void restart() {
        auto const replayed = recover(std::nullopt);
        if (checkpoint_) {
            auto const recovered = recover(checkpoint_);
            EXPECT_EQ(recovered->snapshot().encode(), replayed->snapshot().encode());
        }
        ++seed_;
        broker = recover(checkpoint_);
        broker->start(now);
        remove_garbage();
        take();
    }

    // ---- background work ---------------------------------------------------------------

    /// Does the next job, if there is one, and makes it durable. Returns what it was.
    std::optional<StorageJob::Kind> work() {
        auto job = broker->plan_storage(extents.room(), now);
        if (!job) return std::nullopt;
        auto const kind = job->kind;
        finish(begin(std::move(*job)));
        return kind;
    }
    /// Until nothing is left to do.
    int work_all() {
        int jobs = 0;
        while (work()) ++jobs;
        return jobs;
    }
    std::unique_ptr<StorageWork> begin(StorageJob job) {
        return std::make_unique<StorageWork>(
            std::move(job),
            [this](BatchPlace const& place) { return read_place(journal, extents, place); },
            extents,
            StorageLimits{std::uint64_t(options.l1_block_bytes),
                          std::uint64_t(options.own_file_bytes)});
    }
    void finish(std::unique_ptr<StorageWork> work) {
        while (!work->step(1000)) {}
        broker->storage_done(work->take_result(), now);
        sync();
        for (auto const number : broker->take_unneeded_files())
            EXPECT_TRUE(extents.remove(number).has_value());
    }
    /// Everything in the journal that the state does not need is gone.
    void trim() { journal.trim(broker->needed_from()); }

    // ---- topics and records --------------------------------------------------------------

    kafka::ErrorCode create(std::string const& name, std::int32_t partitions = 1,
                            std::map<std::string, std::string> const& configs = {}) {
        kafka::CreateTopicsRequest request;
        auto& topic = request.topics.emplace_back();
        topic.name = name;
        topic.num_partitions = partitions;
        topic.replication_factor = 1;
        for (auto const& [key, value] : configs) topic.configs.push_back({key, value});
        return ask(request).topics.at(0).error_code;
    }
    kafka::ErrorCode remove(std::string const& name) {
        kafka::DeleteTopicsRequest request;
        request.topics.push_back({.name = name, .topic_id = {}});
        return ask(request).responses.at(0).error_code;
    }
    Uuid topic_id(std::string const& name) {
        kafka::MetadataRequest request;
        request.topics = {{.topic_id = {}, .name = name}};
        request.allow_auto_topic_creation = false;
        return ask(request).topics.at(0).topic_id;
    }

    std::vector<records::Record> records(Values const& values) const {
        std::vector<records::Record> list;
        for (auto const& value : values) {
            auto const view = std::as_bytes(std::span{value});
            list.push_back({.offset = 0,
                            .timestamp = now.wall_ms,
                            .key = std::nullopt,
                            .value = Bytes(view.begin(), view.end()),
                            .headers = {}});
        }
        return list;
    }
    static kafka::ProduceRequest produce_request(std::string const& topic, std::int32_t partition,
                                                 Bytes batch) {
        kafka::ProduceRequest request;
        request.acks = -1;
        auto& data = request.topic_data.emplace_back();
        data.name = topic;
        auto& one = data.partition_data.emplace_back();
        one.index = partition;
        one.records = kafka::Records{{Slice{std::move(batch)}}};
        return request;
    }
    using Produced = kafka::ProduceResponse::PartitionProduceResponse;
    Produced produce_batch(std::string const& topic, Bytes batch, std::int32_t partition = 0,
                           kafka::ApiVersion version = 12) {
        return ask(produce_request(topic, partition, std::move(batch)), version)
            .responses.at(0)
            .partition_responses.at(0);
    }
    Produced produce(std::string const& topic, Values const& values, std::int32_t partition = 0) {
        return produce_batch(topic, records::build(records(values)), partition);
    }
    /// As the idempotent producer `id`.
    Produced produce_as(std::int64_t id, std::int16_t epoch, std::int32_t sequence,
                        std::string const& topic, Values const& values) {
        return produce_batch(topic, records::build(records(values), {.producer_id = id,
                                                                     .producer_epoch = epoch,
                                                                     .base_sequence = sequence}));
    }

    static kafka::FetchRequest fetch_request(std::string const& topic, std::int64_t offset,
                                             std::int32_t partition = 0) {
        kafka::FetchRequest request;
        auto& wanted = request.topics.emplace_back();
        wanted.topic = topic;
        auto& one = wanted.partitions.emplace_back();
        one.partition = partition;
        one.fetch_offset = offset;
        one.partition_max_bytes = 1 << 20;
        return request;
    }
    using Fetched = kafka::FetchResponse::PartitionData;
    Fetched fetch(std::string const& topic, std::int64_t offset, std::int32_t partition = 0) {
        return ask(fetch_request(topic, offset, partition), 12).responses.at(0).partitions.at(0);
    }
    static std::vector<records::Record> records_of(Fetched const& fetched) {
        std::vector<records::Record> records;
        for (auto const& part : fetched.records->parts) {
            for (auto left = part.view(); !left.empty();) {
                auto const header = records::read_header(left);
                ensure(header.has_value());
                auto const batch = left.first(std::size_t(header->bytes));
                auto const all = records::read_records(batch);
                ensure(all.has_value());
                records.insert(records.end(), all->begin(), all->end());
                left = left.subspan(batch.size());
            }
        }
        return records;
    }
    static std::string text_of(records::Record const& record) {
        return {reinterpret_cast<char const*>(record.value->data()), record.value->size()};
    }
    static Values values_of(Fetched const& fetched) {
        Values values;
        for (auto const& record : records_of(fetched)) values.push_back(text_of(record));
        return values;
    }
    /// Every value that a consumer sees, from the log start on.
    Values fetch_all(std::string const& topic, std::int32_t partition = 0) {
        Values all;
        auto offset = list_offset(topic, -2, partition);
        while (true) {
            auto const fetched = fetch(topic, offset, partition);
            EXPECT_EQ(fetched.error_code, kafka::ErrorCode::none);
            auto const records = records_of(fetched);
            if (records.empty()) return all;
            for (auto const& record : records) {
                if (record.offset >= offset) all.push_back(text_of(record));
            }
            offset = records.back().offset + 1;
        }
    }
    kafka::ListOffsetsResponse::ListOffsetsPartitionResponse list_offsets(
        std::string const& topic, std::int64_t timestamp, std::int32_t partition = 0) {
        kafka::ListOffsetsRequest request;
        request.replica_id = -1;
        auto& wanted = request.topics.emplace_back();
        wanted.name = topic;
        auto& one = wanted.partitions.emplace_back();
        one.partition_index = partition;
        one.timestamp = timestamp;
        return ask(request).topics.at(0).partitions.at(0);
    }
    std::int64_t list_offset(std::string const& topic, std::int64_t timestamp,
                             std::int32_t partition = 0) {
        return list_offsets(topic, timestamp, partition).offset;
    }

private:
    /// What the world does at a start: every file that is needed is there, all others go.
    void remove_garbage() {
        auto const& needed = broker->files();
        for (auto const& [number, file] : needed)
            EXPECT_TRUE(extents.check(number, file.bytes).has_value());
        auto const present = extents.list().value();
        for (auto const number : present) {
            if (needed.contains(number)) continue;
            EXPECT_TRUE(extents.remove(number).has_value());
        }
    }

    std::unique_ptr<Broker> recover(std::optional<journal::Checkpoint> const& from) {
        auto recovered = std::make_unique<Broker>(options, journal, seed_);
        if (from) {
            EXPECT_EQ(recovered->restore(from->state), std::nullopt);
        }
        for (auto const& [at, head, body] : journal.entries) {
            if (from && at < from->covers) continue;
            EXPECT_EQ(recovered->replay(at, head, body), std::nullopt);
        }
        return recovered;
    }

    void take() {
        auto const read = [this](BatchPlace const& place) {
            return read_place(journal, extents, place);
        };
        for (auto& reply : broker->take_replies()) {
            if (reply.close) closed_[reply.id] = true;
            if (reply.silent) {
                silent_[reply.id] = true;
                continue;
            }
            fill(reply, read);
            auto const& header = headers_.at(reply.id);
            auto const frame = flatten(kafka::encode_response(header, reply.body));
            auto decoded =
                kafka::decode_response(header, Slice{Bytes(frame.begin() + 4, frame.end())});
            ensure(decoded.has_value());
            ensure(replies_.emplace(reply.id, std::move(*decoded)).second);
        }
    }

    std::uint64_t seed_ = 1;
    std::uint64_t number_ = 0;
    std::map<RequestId, kafka::RequestHeader> headers_;
    std::map<RequestId, kafka::AnyResponse> replies_;
    std::map<RequestId, bool> silent_, closed_;
    std::optional<journal::Checkpoint> checkpoint_;
};

}  // namespace klamm::broker
