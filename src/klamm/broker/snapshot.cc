#include "klamm/broker/snapshot.h"

#include "klamm/base/guard.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/snapshot_parts.h"
#include "klamm/kafka/codec.h"

#include <cstring>
#include <utility>

namespace klamm::broker {
namespace {

using namespace parts;

/// The versions in which these came.
constexpr std::uint8_t with_transactions = 2;
constexpr std::uint8_t with_files = 3;
constexpr std::uint8_t with_registry = 4;

std::vector<ConfigEntry> to_list(Configs const& configs) {
    std::vector<ConfigEntry> list;
    for (auto const& [name, value] : configs) list.push_back({name, value});
    return list;
}

Configs to_map(std::vector<ConfigEntry> const& entries) {
    Configs configs;
    for (auto const& [name, value] : entries) configs[name] = value;
    return configs;
}

/// Each part has its length before it, so that the limits of one message hold for one part.
template <class Part>
void put(kafka::Writer& out, Part const& part) {
    auto const start = out.size();
    out.integer(std::uint32_t(0));
    kafka::encode_struct(out, part);
    out.patch(start, std::uint32_t(out.size() - start - sizeof(std::uint32_t)));
}

struct Freezer {
    kafka::Writer out{4096};
    FrozenState frozen;

    void block(std::shared_ptr<BatchBlock const> const& block) {
        frozen.pieces.push_back({std::exchange(out, kafka::Writer{}).finish_bytes(), block});
    }
};

void put_compaction(kafka::Writer& out, Compaction const* compaction) {
    out.integer(std::uint8_t(compaction != nullptr));
    if (compaction == nullptr) return;
    auto const& last = compaction->last;
    CompactionPart part{compaction->first_dirty,
                        compaction->clean_bytes,
                        compaction->count,
                        {},
                        last.at_ms,
                        last.took_ms,
                        last.bytes_before,
                        last.bytes_after,
                        last.records_before,
                        last.records_after,
                        last.reason};
    for (auto const& pass : compaction->passes) part.passes.push_back({pass.end, pass.at_ms});
    put(out, part);
}

void put_partition(Freezer& to, Partition const& partition) {
    auto const& index = partition.batches;
    auto const blocks = index.runs().size() + (index.tail().count() > 0 ? 1 : 0);
    put(to.out, PartitionPart{partition.key, partition.log_start, partition.next_offset,
                              std::uint32_t(blocks)});
    put_compaction(to.out, partition.compaction.get());
    for (auto const& run : index.runs()) {
        to.out.integer(std::to_underlying(run.file));
        to.block(run.block);
    }
    if (index.tail().count() == 0) return;
    to.out.integer(std::uint64_t{0});
    index.tail().encode(to.out);
}

void put_files(kafka::Writer& out, L1Files const& files) {
    FilesPart part{std::to_underlying(files.next()), {}};
    for (auto const& [number, file] : files.all())
        part.files.push_back({std::to_underlying(number), file.bytes, file.stored});
    put(out, part);
}

void put_producer(kafka::Writer& out, Producer const& producer) {
    ProducerPart part{producer.partition,      producer.id,
                      producer.epoch,          producer.last_appended_ms,
                      producer.last_timestamp, {}};
    for (auto const& sent : producer.batches)
        part.batches.push_back(
            {sent.first_sequence, sent.last_sequence, sent.base_offset, sent.log_append_time_ms});
    put(out, part);
}

std::uint32_t put_partition_transactions(kafka::Writer& out, Partition const& partition) {
    std::uint32_t parts = 0;
    PartitionTransactionsPart part{partition.key, {}, {}};
    auto const flush = [&] {
        put(out, part);
        part.open.clear();
        part.aborted.clear();
        ++parts;
    };
    for (auto const& [producer_id, first] : partition.transactions->open()) {
        part.open.push_back({producer_id, first});
        if (part.open.size() == part.elements_max) flush();
    }
    for (auto const& one : partition.transactions->aborted()) {
        if (!guard(Guard::aborted_in_checkpoint)) break;
        part.aborted.push_back(
            {one.producer_id, one.first_offset, one.last_offset, one.stable_after});
        if (part.aborted.size() == part.elements_max) flush();
    }
    if (!part.open.empty() || !part.aborted.empty()) flush();
    return parts;
}

void put_transactions(kafka::Writer& out, State const& state) {
    out.integer(std::uint32_t(state.transactions.all().size()));
    for (auto const& [id, one] : state.transactions.all())
        put(out, TransactionPart{id,
                                 one.producer,
                                 one.before,
                                 one.timeout_ms,
                                 one.status,
                                 one.started_ms,
                                 one.updated_ms,
                                 {one.partitions.begin(), one.partitions.end()},
                                 {one.groups.begin(), one.groups.end()}});
    auto const count_at = out.size();
    std::uint32_t parts = 0;
    out.integer(parts);
    for (auto const& [name, topic] : state.topics) {
        for (auto const& partition : topic.partitions) {
            if (partition->transactions) parts += put_partition_transactions(out, *partition);
        }
    }
    out.patch(count_at, parts);
}

constexpr std::uint32_t no_value = 0xffff'ffff;

void put_text(kafka::Writer& out, std::string_view text) {
    out.integer(std::uint32_t(text.size()));
    out.raw(std::as_bytes(std::span{text}));
}

void put_registry(kafka::Writer& out, registry::State const& registry) {
    auto const records = registry.dump();
    out.integer(std::uint32_t(records.size()));
    for (auto const& [key, value] : records) {
        put_text(out, key);
        if (value)
            put_text(out, *value);
        else
            out.integer(no_value);
    }
}

/// The reason why a part cannot be, or nothing.
using Refused = std::optional<std::string>;

template <class Part>
Refused take(kafka::Reader& in, Part& part, char const* what) {
    kafka::Reader bytes{in.take(in.integer<std::uint32_t>())};
    if (in.failed()) return std::string("a ") + what + " is cut off";
    kafka::decode_struct(bytes, part);
    if (bytes.failed()) return std::string("a ") + what + ": " + to_string(bytes.error());
    if (bytes.bytes_left() > 0) return std::string("a ") + what + " is longer than its fields";
    return std::nullopt;
}

Refused take_files(kafka::Reader& in, State& state) {
    FilesPart part;
    if (auto refused = take(in, part, "list of files")) return refused;
    if (part.next == 0) return "the number of the next file cannot be 0";
    state.files.restore_next(journal::FileNumber{part.next});
    for (auto const& file : part.files) {
        if (!state.files.restore(journal::FileNumber{file.number}, file.bytes, file.stored))
            return "file " + std::to_string(file.number) + " is there twice, or not yet";
    }
    return std::nullopt;
}

Refused take_compaction(kafka::Reader& in, Partition& partition) {
    if (in.integer<std::uint8_t>() == 0) return std::nullopt;
    CompactionPart part;
    if (auto refused = take(in, part, "partition's compaction")) return refused;
    auto made = std::make_unique<Compaction>();
    made->first_dirty = part.first_dirty;
    made->clean_bytes = part.clean_bytes;
    made->count = part.count;
    for (auto const& pass : part.passes) made->passes.push_back({pass.end, pass.at_ms});
    made->last = {part.last_at_ms,       part.last_took_ms,        part.last_bytes_before,
                  part.last_bytes_after, part.last_records_before, part.last_records_after,
                  part.last_reason};
    partition.compaction = std::move(made);
    return std::nullopt;
}

/// One block of places, and the file that they are in.
bool take_run(kafka::Reader& in, State& state, std::uint8_t version, BatchIndex& index) {
    auto const file = journal::FileNumber{version >= with_files ? in.integer<std::uint64_t>() : 0};
    BatchBlock block;
    if (!block.decode(in, version >= with_transactions)) return false;
    auto const bytes = block.bytes();
    bool const in_journal = file == journal::FileNumber{};
    if (!in_journal && !state.files.knows(file)) return false;
    if (!index.restore(file, std::move(block))) return false;
    if (!in_journal) state.files.hold(file, bytes);
    return true;
}

Refused take_partition(kafka::Reader& in, State& state, Topic& topic, std::uint8_t version) {
    PartitionPart part;
    if (auto refused = take(in, part, "partition")) return refused;
    auto const name = "partition " + topic.name + "-" + std::to_string(topic.partitions.size());
    if (part.key >= state.next_partition || state.partition(part.key) != nullptr)
        return name + " has a key that is taken or not given yet";
    if (part.log_start < 0 || part.next_offset < part.log_start)
        return name + " starts behind its end";
    auto partition = std::make_unique<Partition>();
    partition->key = part.key;
    partition->number = std::int32_t(topic.partitions.size());
    partition->topic = &topic;
    partition->log_start = part.log_start;
    partition->next_offset = partition->high_watermark = part.next_offset;
    if (version >= with_files) {
        if (auto refused = take_compaction(in, *partition)) return refused;
    }
    auto& index = partition->batches;
    for (std::uint32_t n = 0; n < part.blocks; ++n) {
        if (!take_run(in, state, version, index))
            return name + ": batch block " + std::to_string(n) + " cannot be";
    }
    if (!index.empty() && index.last().last_offset + 1 != part.next_offset)
        return name + " does not end with its last batch";
    state.files.release(index.drop_before(part.log_start));
    state.partitions.emplace(std::uint32_t(part.key), partition.get());
    topic.partitions.push_back(std::move(partition));
    return std::nullopt;
}

Refused take_topic(kafka::Reader& in, State& state, std::uint8_t version) {
    TopicPart part;
    if (auto refused = take(in, part, "topic")) return refused;
    if (part.name.empty() || part.id.is_none() || part.partitions == 0 ||
        state.topics.contains(part.name) || state.topics_by_id.contains(part.id))
        return "topic '" + part.name + "' has no name, no id, no partitions, or is there twice";
    auto& topic = state.topics[part.name];
    topic.name = part.name;
    topic.id = part.id;
    topic.created_ms = part.created_ms;
    topic.configs = to_map(part.configs);
    topic.settings = settings_of(topic.configs, state.broker_configs, state.options);
    state.topics_by_id.emplace(topic.id, &topic);
    for (std::uint32_t n = 0; n < part.partitions; ++n) {
        if (auto refused = take_partition(in, state, topic, version)) return refused;
    }
    return std::nullopt;
}

Refused take_producer(kafka::Reader& in, State& state) {
    ProducerPart part;
    if (auto refused = take(in, part, "producer")) return refused;
    Producer producer{.partition = part.partition,
                      .id = part.id,
                      .epoch = part.epoch,
                      .last_appended_ms = part.last_appended_ms,
                      .last_timestamp = part.last_timestamp,
                      .batches = {}};
    for (auto const& sent : part.batches)
        producer.batches.push_back(
            {sent.first_sequence, sent.last_sequence, sent.base_offset, sent.log_append_time_ms});
    if (state.partition(part.partition) == nullptr || !state.producers.restore(producer))
        return "producer " + std::to_string(part.id) + " has no partition, or is there twice";
    return std::nullopt;
}

Refused take_transaction(kafka::Reader& in, State& state) {
    TransactionPart part;
    if (auto refused = take(in, part, "transaction")) return refused;
    for (auto const key : part.partitions) {
        if (state.partition(key) == nullptr)
            return "transaction '" + part.id + "' names a partition that is not there";
    }
    if (!state.transactions.restore({.id = part.id,
                                     .producer = part.producer,
                                     .before = part.before,
                                     .timeout_ms = part.timeout_ms,
                                     .status = part.status,
                                     .started_ms = part.started_ms,
                                     .updated_ms = part.updated_ms,
                                     .partitions = {part.partitions.begin(), part.partitions.end()},
                                     .groups = {part.groups.begin(), part.groups.end()}}))
        return "transaction '" + part.id + "' cannot be, or is there twice";
    return std::nullopt;
}

Refused take_partition_transactions(kafka::Reader& in, State& state) {
    PartitionTransactionsPart part;
    if (auto refused = take(in, part, "partition's transactions")) return refused;
    auto* partition = state.partition(part.key);
    if (partition == nullptr) return "transactions of a partition that is not there";
    auto const name =
        "partition " + partition->topic->name + "-" + std::to_string(partition->number);
    auto& transactions = partition->need_transactions();
    for (auto const& [producer_id, first] : part.open) {
        auto const* transaction = state.transactions.of_producer(producer_id);
        if (transaction == nullptr || !transaction->has(part.key) ||
            first >= partition->next_offset || !transactions.restore_open(producer_id, first) ||
            !state.producers.pin(part.key, producer_id))
            return name + ": an open transaction cannot be";
    }
    for (auto const& [producer_id, first, last, stable_after] : part.aborted) {
        if (!transactions.restore({producer_id, first, last, stable_after}))
            return name + ": an aborted transaction cannot be";
    }
    return std::nullopt;
}

Refused take_transactions(kafka::Reader& in, State& state) {
    auto const transactions = in.integer<std::uint32_t>();
    for (std::uint32_t n = 0; n < transactions && !in.failed(); ++n) {
        if (auto refused = take_transaction(in, state)) return refused;
    }
    auto const partitions = in.integer<std::uint32_t>();
    for (std::uint32_t n = 0; n < partitions && !in.failed(); ++n) {
        if (auto refused = take_partition_transactions(in, state)) return refused;
    }
    if (in.failed()) return "the transactions are cut off";
    return std::nullopt;
}

Refused take_registry(kafka::Reader& in, State& state) {
    auto const take_text = [&in](std::uint32_t size) {
        auto const bytes = in.take(size);
        return std::string(reinterpret_cast<char const*>(bytes.data()), bytes.size());
    };
    auto const records = in.integer<std::uint32_t>();
    for (std::uint32_t n = 0; n < records && !in.failed(); ++n) {
        registry::Record record{take_text(in.integer<std::uint32_t>()), std::nullopt};
        auto const value_bytes = in.integer<std::uint32_t>();
        if (value_bytes != no_value) record.value = take_text(value_bytes);
        if (!in.failed()) state.registry.apply(record);
    }
    if (in.failed()) return "the registry is cut off";
    return std::nullopt;
}

}  // namespace

FrozenState freeze(State const& state) {
    Freezer to;
    to.out.integer(snapshot_version);
    Head head{state.cluster_id,
              to_list(state.broker_configs),
              state.next_partition,
              state.next_producer_id,
              std::uint32_t(state.topics.size()),
              std::uint32_t(state.producers.size()),
              {}};
    for (auto const& [name, configs] : state.client_metrics)
        head.client_metrics.push_back({name, to_list(configs)});
    put(to.out, head);
    put_files(to.out, state.files);
    for (auto const& [name, topic] : state.topics) {
        put(to.out, TopicPart{topic.name, topic.id, topic.created_ms, to_list(topic.configs),
                              std::uint32_t(topic.partitions.size())});
        for (auto const& partition : topic.partitions) put_partition(to, *partition);
    }
    for (auto const* producer : state.producers.all()) put_producer(to.out, *producer);
    Bytes groups;
    state.groups.encode(groups);
    to.out.integer(std::uint32_t(groups.size()));
    to.out.raw(groups);
    put_transactions(to.out, state);
    to.block(nullptr);
    to.frozen.registry = state.registry;
    return std::move(to.frozen);
}

Bytes assemble(FrozenState const& frozen) {
    kafka::Writer out{1 << 16};
    for (auto const& [bytes, block] : frozen.pieces) {
        out.raw(bytes);
        if (block) block->encode(out);
    }
    put_registry(out, frozen.registry);
    return std::move(out).finish_bytes();
}

std::optional<std::string> thaw(State& state, ByteView bytes) {
    kafka::Reader in{bytes};
    auto const version = in.integer<std::uint8_t>();
    if (!in.failed() && (version == 0 || version > snapshot_version))
        return "checkpoint state version " + std::to_string(version) +
               " is not known; it was written by a newer klamm";
    Head head;
    if (auto refused = take(in, head, "checkpoint's head")) return refused;
    state.cluster_id = head.cluster_id;
    state.broker_configs = to_map(head.broker_configs);
    state.next_partition = head.next_partition;
    state.next_producer_id = head.next_producer_id;
    for (auto const& [name, configs] : head.client_metrics)
        state.client_metrics[name] = to_map(configs);
    if (version >= with_files) {
        if (auto refused = take_files(in, state)) return refused;
    }
    for (std::uint32_t n = 0; n < head.topics; ++n) {
        if (auto refused = take_topic(in, state, version)) return refused;
    }
    for (std::uint32_t n = 0; n < head.producers; ++n) {
        if (auto refused = take_producer(in, state)) return refused;
    }
    auto const groups = in.take(in.integer<std::uint32_t>());
    if (in.failed()) return "the groups are cut off";
    if (auto refused = state.groups.decode(groups)) return "groups: " + *refused;
    if (version >= with_transactions) {
        if (auto refused = take_transactions(in, state)) return refused;
    }
    if (version >= with_registry) {
        if (auto refused = take_registry(in, state)) return refused;
    } else {
        state.schemas_unread = state.topic(schemas_topic) != nullptr;
    }
    if (in.bytes_left() > 0) return "bytes follow the end of the state";
    return std::nullopt;
}

}  // namespace klamm::broker
