// Produce: batches into partitions.
//
//   checked batch ──▶ offset and epoch patched in place ──▶ entry whose body is the batch
//
// The record bytes are those that the socket read, or that prepare() compressed for a topic with a
// compression.type of its own; the broker sees their header only.
#include "klamm/base/ensure.h"
#include "klamm/base/guard.h"
#include "klamm/broker/entries.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/state.h"
#include "klamm/broker/topics.h"
#include "klamm/broker/transactions/transactions.h"
#include "klamm/records/contents.h"

#include <algorithm>
#include <variant>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;
using PartitionAnswer = kafka::ProduceResponse::PartitionProduceResponse;

/// What an entry needs beside its batch, generously.
constexpr std::int32_t entry_overhead_bytes = 1024;

Refusal refusal_of(records::BatchError const& error) {
    using enum records::BatchError::Kind;
    switch (error.kind) {
        case corrupt:
            return {ErrorCode::corrupt_message, error.why};
        case unsupported_format:
            return {ErrorCode::unsupported_for_message_format, error.why};
        case unsupported_codec:
            return {ErrorCode::unsupported_compression_type, error.why};
        case invalid:
            return {ErrorCode::invalid_record, error.why};
        case too_large:
            return {ErrorCode::message_too_large, error.why};
    }
    return {ErrorCode::unknown_server_error, error.why};
}

std::optional<Refusal> check_timestamp(records::BatchInfo const& batch,
                                       TopicSettings const& settings, std::int64_t now_ms) {
    if (settings.log_append_time) return std::nullopt;
    auto const ahead = batch.max_timestamp - now_ms;
    if (batch.max_timestamp > now_ms && ahead > settings.timestamp_after_max_ms)
        return Refusal{ErrorCode::invalid_timestamp,
                       "Timestamp " + std::to_string(batch.max_timestamp) + " is " +
                           std::to_string(ahead) + " ms ahead of the broker's clock; " +
                           "message.timestamp.after.max.ms allows " +
                           std::to_string(settings.timestamp_after_max_ms) + "."};
    auto const base = std::max<std::int64_t>(batch.base_timestamp, 0);
    if (base < now_ms && now_ms - base > settings.timestamp_before_max_ms)
        return Refusal{ErrorCode::invalid_timestamp,
                       "Timestamp " + std::to_string(batch.base_timestamp) + " is older than " +
                           "message.timestamp.before.max.ms allows, which is " +
                           std::to_string(settings.timestamp_before_max_ms) + "."};
    return std::nullopt;
}

constexpr auto batch_bytes_max = std::int32_t(journal::entry_bytes_max) - entry_overhead_bytes;

std::optional<Refusal> check_bytes(Topic const& topic, std::size_t bytes) {
    auto const most = std::min(topic.settings.max_message_bytes, batch_bytes_max);
    if (bytes <= std::size_t(most)) return std::nullopt;
    return Refusal{ErrorCode::message_too_large,
                   "The batch has " + std::to_string(bytes) +
                       " bytes, more than max.message.bytes of the topic, which is " +
                       std::to_string(most) + "."};
}

std::optional<Refusal> check_batch(Topic const& topic, records::BatchInfo const& batch,
                                   kafka::ApiVersion version, std::int64_t now_ms) {
    constexpr kafka::ApiVersion zstd_from = 7;
    if (batch.control())
        return Refusal{ErrorCode::invalid_record,
                       "Clients are not allowed to write control records."};
    if (batch.codec() == records::Codec::zstd && version < zstd_from)
        return Refusal{ErrorCode::unsupported_compression_type,
                       "Produce requests before version 7 may not use zstd."};
    if (auto why = check_bytes(topic, std::size_t(batch.bytes))) return why;
    if (batch.producer_id >= 0 && (batch.base_sequence < 0 || batch.producer_epoch < 0))
        return Refusal{ErrorCode::invalid_record,
                       "A batch with a producer id needs an epoch and a sequence number."};
    return check_timestamp(batch, topic.settings, now_ms);
}

/// What all batches of one request have in common.
struct Asked {
    kafka::ApiVersion version = 0;
    std::optional<std::string> const& transactional_id;
};

/// Where a batch of an idempotent producer belongs: new, seen before, or out of order.
/// Source: KIP-98, KIP-360, KIP-890: a transaction that begins with a write begins with its first.
std::variant<std::monostate, SentBatch, Refusal> check_sequence(Producer const* known,
                                                                records::BatchInfo const& batch,
                                                                bool begins) {
    auto const first = batch.base_sequence;
    if (known == nullptr) {
        if (!begins || first == 0) return {};  // forgotten, or new here: any number may be first
        return Refusal{ErrorCode::out_of_order_sequence_number,
                       "The first batch of producer " + std::to_string(batch.producer_id) +
                           " in this partition must have sequence number 0, not " +
                           std::to_string(first) + "."};
    }
    auto const last = last_sequence(first, batch.last_offset_delta);
    if (batch.producer_epoch < known->epoch)
        return Refusal{ErrorCode::invalid_producer_epoch,
                       "Epoch " + std::to_string(batch.producer_epoch) + " of producer " +
                           std::to_string(known->id) + " is older than the last one seen, " +
                           std::to_string(known->epoch) + "."};
    if (batch.producer_epoch > known->epoch) {
        if (first == 0) return {};
        return Refusal{ErrorCode::out_of_order_sequence_number,
                       "A new epoch of producer " + std::to_string(known->id) +
                           " must begin with sequence number 0, not " + std::to_string(first) +
                           "."};
    }
    for (auto const& sent : known->batches) {
        if (sent.first_sequence == first && sent.last_sequence == last) return sent;
    }
    if (follows(known->last_sequence(), first)) return {};
    return Refusal{ErrorCode::out_of_order_sequence_number,
                   "Out of order sequence number of producer " + std::to_string(known->id) + ": " +
                       std::to_string(first) + " (incoming), " +
                       std::to_string(known->last_sequence()) + " (last one seen)."};
}

void refuse(PartitionAnswer& out, Refusal const& refusal) {
    out.error_code = refusal.code;
    out.base_offset = -1;
    out.error_message = refusal.message;
}

/// A compacted topic keeps the last record of each key; it has no place for one without.
/// Which records these are is left to fill().
void refuse_keyless(PartitionAnswer& out, Partition const& partition) {
    refuse(out, {ErrorCode::invalid_record,
                 "Compacted topic cannot accept message without key in topic partition " +
                     partition.topic->name + "-" + std::to_string(out.index) + "."});
}

/// The batch in the codec of its topic. Mostly that is there already: it is what was sent, or what
/// prepare() made of it. It is made here when the configs have changed meanwhile.
Recompressed in_codec(Topic const& topic, Slice const& bytes, records::BatchInfo const& sent,
                      Recompressed const* prepared) {
    auto const& wanted = topic.settings.compression;
    if (!wanted || wanted->codec == sent.codec()) return bytes;
    if (prepared != nullptr) {
        if (!*prepared) return *prepared;
        auto const header = records::read_header((*prepared)->view());
        if (header && header->codec() == wanted->codec) return *prepared;
    }
    return recompressed(bytes.view(), sent, wanted, recompressed_bytes_max);
}

/// Into the journal. The bytes are this request's own until they are there.
void append(Step& step, Partition const& partition, Slice const& bytes, PartitionAnswer& out) {
    auto const now_ms = step.now().wall_ms;
    auto const base_offset = partition.next_offset;
    bool const stamp = partition.topic->settings.log_append_time;
    records::patch_offset(bytes.patchable(), base_offset, leader_epoch);
    if (stamp) records::patch_log_append_time(bytes.patchable(), now_ms);
    auto head = encode_entry(BatchAppended{.partition = partition.key, .appended_ms = now_ms});
    if (!step.commit(std::move(head), bytes))
        return refuse(out, {ErrorCode::kafka_storage_error, std::string(journal_full)});
    out.base_offset = base_offset;
    out.log_start_offset = partition.log_start;
    if (stamp) out.log_append_time_ms = now_ms;
}

/// A batch of the request, as it was sent, as it was checked, and as it was prepared.
struct Given {
    Slice bytes;
    CheckedBatch const& checked;
    Recompressed const* recompressed = nullptr;
    Verdict const* verdict = nullptr;
    std::int32_t& may_name;  ///< how many refused records the answer has room for
};

/// Whether the batch's records obey the schemas of their topic; if not, `out` says which do not.
/// Mostly prepare() has found out. It is found out here when configs or registry have changed
/// meanwhile.
bool obeys(Step& step, Partition const& partition, Given const& given, PartitionAnswer& out) {
    auto const& topic = *partition.topic;
    auto const& rules = topic.settings.validation;
    if (!rules.any()) return true;
    auto const& registry = step.state().registry;
    Verdict own;
    auto const* verdict = given.verdict;
    if (verdict == nullptr || !verdict->holds(rules, registry)) {
        auto const contents = records::Contents::open(given.bytes.view(), *given.checked, {});
        ensure(contents.has_value());  // check() has opened them, too
        own = validate(*contents, *given.checked, topic.name, rules, registry, given.may_name);
        verdict = &own;
    }
    given.may_name -= std::int32_t(verdict->refused.size());
    step.validated(partition, *verdict);
    if (verdict->refused.empty()) return true;
    refuse(out, *verdict, topic.name);
    return false;
}

void produce(Step& step, Partition const& partition, Asked const& asked, Given const& given,
             PartitionAnswer& out, bool& keyless) {
    auto const& checked = given.checked;
    if (!checked) return refuse(out, refusal_of(checked.error()));
    auto const now_ms = step.now().wall_ms;
    if (auto const why = check_batch(*partition.topic, *checked, asked.version, now_ms))
        return refuse(out, *why);
    if (auto const why =
            check_write(step.state(), partition, asked.transactional_id, *checked, asked.version))
        return refuse(out, *why);
    keyless = partition.topic->settings.compact && checked->first_keyless >= 0;
    if (keyless) return refuse_keyless(out, partition);
    if (guard(Guard::sequence_check) && checked->producer_id >= 0) {
        auto const* known =
            step.state().producers.find(partition.key, checked->producer_id, now_ms);
        bool const begins = checked->transactional() && asked.version >= produce_begins_from;
        auto const verdict = check_sequence(known, *checked, begins);
        if (auto const* why = std::get_if<Refusal>(&verdict)) return refuse(out, *why);
        if (auto const* sent = std::get_if<SentBatch>(&verdict)) {
            out.base_offset = sent->base_offset;
            out.log_append_time_ms = sent->log_append_time_ms;
            out.log_start_offset = partition.log_start;
            return;
        }
    }
    if (!obeys(step, partition, given, out)) return;
    auto const stored = in_codec(*partition.topic, given.bytes, *checked, given.recompressed);
    if (!stored) return refuse(out, refusal_of(stored.error()));
    if (auto const why = check_bytes(*partition.topic, stored->size())) return refuse(out, *why);
    append(step, partition, *stored, out);
}

/// Why there is no such partition, in the words of this version of the request.
Refusal no_partition(Step& step, kafka::ApiVersion version, std::string const& name) {
    constexpr kafka::ApiVersion ids_from = 13;
    if (version >= ids_from)
        return {ErrorCode::unknown_topic_id, "This server does not host this topic ID."};
    if (auto const why = check_topic_name(name, step.options()))
        return {ErrorCode::invalid_topic_exception, *why};
    return {ErrorCode::unknown_topic_or_partition,
            "This server does not host this topic-partition."};
}

}  // namespace

void handle(Step& step, Request const& request, kafka::ProduceRequest const& produce_request) {
    constexpr kafka::ApiVersion ids_from = 13;
    auto const version = request.header.api_version;
    Asked const asked{version, produce_request.transactional_id};
    auto const acks = produce_request.acks;
    kafka::ProduceResponse response;
    Reply reply;
    std::size_t next_batch = 0;
    auto may_name = refused_named_max;
    bool failed = false;
    for (auto const& topic : produce_request.topic_data) {
        auto& topic_out = response.responses.emplace_back();
        topic_out.name = topic.name;
        topic_out.topic_id = topic.topic_id;
        auto const* known = version >= ids_from ? step.state().topic(topic.topic_id)
                                                : step.state().topic(topic.name);
        for (auto const& data : topic.partition_data) {
            auto& out = topic_out.partition_responses.emplace_back();
            out.index = data.index;
            auto const index = next_batch++;
            auto const* partition = known == nullptr ? nullptr : known->partition(data.index);
            if (acks < -1 || acks > 1) {
                refuse(out, {ErrorCode::invalid_required_acks, "acks must be -1, 0 or 1."});
            } else if (known != nullptr && partition == nullptr) {
                refuse(out, {ErrorCode::unknown_topic_or_partition,
                             "This server does not host this topic-partition."});
            } else if (partition == nullptr) {
                refuse(out, no_partition(step, version, topic.name));
            } else if (is_kept(known->name)) {
                refuse(out, refuse_kept(known->name, step.options()));
            } else {
                Given const given{
                    .bytes = data.records && !data.records->parts.empty()
                                 ? data.records->parts.front()
                                 : Slice{},
                    .checked = request.batches.at(index),
                    .recompressed =
                        request.recompressed.empty() ? nullptr : &request.recompressed.at(index),
                    .verdict = request.verdicts.empty() ? nullptr : &request.verdicts.at(index),
                    .may_name = may_name};
                bool keyless = false;
                produce(step, *partition, asked, given, out, keyless);
                if (keyless)
                    reply.keyless.push_back(
                        {.topic = std::uint32_t(response.responses.size() - 1),
                         .partition = std::uint32_t(topic_out.partition_responses.size() - 1),
                         .batch = given.bytes});
            }
            failed |= out.error_code != ErrorCode::none;
        }
    }
    reply.id = request.id;
    reply.body = std::move(response);
    reply.silent = acks == 0;
    reply.close = acks == 0 && failed;
    step.reply(std::move(reply), acks == 0 ? After::nothing : After::everything);
}

}  // namespace klamm::broker
