#include "klamm/broker/snapshot.h"

#include "klamm/base/guard.h"
#include "klamm/kafka/codec.h"

#include <cstring>
#include <utility>

namespace klamm::broker {
namespace {

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

struct ClientMetricsPart {
    using Self = ClientMetricsPart;
    std::string name;
    std::vector<ConfigEntry> configs;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("configs", &Self::configs);
    }
    bool operator==(Self const&) const = default;
};

struct Head {
    using Self = Head;
    std::string cluster_id;
    std::vector<ConfigEntry> broker_configs;
    PartitionKey next_partition{};
    std::int64_t next_producer_id = 0;
    std::uint32_t topics = 0;
    std::uint32_t producers = 0;
    std::vector<ClientMetricsPart> client_metrics;
    static constexpr void describe(auto& field) {
        field("cluster_id", &Self::cluster_id);
        field("broker_configs", &Self::broker_configs);
        field("next_partition", &Self::next_partition);
        field("next_producer_id", &Self::next_producer_id);
        field("topics", &Self::topics);
        field("producers", &Self::producers);
        field("client_metrics", &Self::client_metrics, kafka::always.tag(0));
    }
};

struct TopicPart {
    using Self = TopicPart;
    std::string name;
    Uuid id;
    std::int64_t created_ms = 0;
    std::vector<ConfigEntry> configs;
    std::uint32_t partitions = 0;
    static constexpr void describe(auto& field) {
        field("name", &Self::name);
        field("id", &Self::id);
        field("created_ms", &Self::created_ms);
        field("configs", &Self::configs);
        field("partitions", &Self::partitions);
    }
};

/// Behind it its blocks.
struct PartitionPart {
    using Self = PartitionPart;
    PartitionKey key{};
    std::int64_t log_start = 0;
    std::int64_t next_offset = 0;
    std::uint32_t blocks = 0;
    static constexpr void describe(auto& field) {
        field("key", &Self::key);
        field("log_start", &Self::log_start);
        field("next_offset", &Self::next_offset);
        field("blocks", &Self::blocks);
    }
};

struct SentPart {
    using Self = SentPart;
    std::int32_t first_sequence = -1;
    std::int32_t last_sequence = -1;
    std::int64_t base_offset = -1;
    std::int64_t log_append_time_ms = -1;
    static constexpr void describe(auto& field) {
        field("first_sequence", &Self::first_sequence);
        field("last_sequence", &Self::last_sequence);
        field("base_offset", &Self::base_offset);
        field("log_append_time_ms", &Self::log_append_time_ms);
    }
    bool operator==(Self const&) const = default;
};

struct ProducerPart {
    using Self = ProducerPart;
    PartitionKey partition{};
    std::int64_t id = -1;
    std::int16_t epoch = -1;
    std::int64_t last_appended_ms = 0;
    std::int64_t last_timestamp = -1;
    std::vector<SentPart> batches;
    static constexpr void describe(auto& field) {
        field("partition", &Self::partition);
        field("id", &Self::id);
        field("epoch", &Self::epoch);
        field("last_appended_ms", &Self::last_appended_ms);
        field("last_timestamp", &Self::last_timestamp);
        field("batches", &Self::batches);
    }
};

struct TransactionPart {
    using Self = TransactionPart;
    std::string id;
    Incarnation producer;
    Incarnation before;
    std::int32_t timeout_ms = 0;
    TransactionStatus status{};
    std::int64_t started_ms = -1;
    std::int64_t updated_ms = 0;
    std::vector<PartitionKey> partitions;
    std::vector<std::string> groups;
    static constexpr void describe(auto& field) {
        field("id", &Self::id);
        field("producer", &Self::producer);
        field("before", &Self::before);
        field("timeout_ms", &Self::timeout_ms);
        field("status", &Self::status);
        field("started_ms", &Self::started_ms);
        field("updated_ms", &Self::updated_ms);
        field("partitions", &Self::partitions);
        field("groups", &Self::groups);
    }
};

struct OpenPart {
    using Self = OpenPart;
    std::int64_t producer_id = -1;
    std::int64_t first_offset = 0;
    static constexpr void describe(auto& field) {
        field("producer_id", &Self::producer_id);
        field("first_offset", &Self::first_offset);
    }
    bool operator==(Self const&) const = default;
};

struct AbortedPart {
    using Self = AbortedPart;
    std::int64_t producer_id = -1;
    std::int64_t first_offset = 0;
    std::int64_t last_offset = 0;
    std::int64_t stable_after = 0;
    static constexpr void describe(auto& field) {
        field("producer_id", &Self::producer_id);
        field("first_offset", &Self::first_offset);
        field("last_offset", &Self::last_offset);
        field("stable_after", &Self::stable_after);
    }
    bool operator==(Self const&) const = default;
};

/// A partition with long lists has several.
struct PartitionTransactionsPart {
    using Self = PartitionTransactionsPart;
    static constexpr std::size_t elements_max = 100'000;
    PartitionKey key{};
    std::vector<OpenPart> open;
    std::vector<AbortedPart> aborted;
    static constexpr void describe(auto& field) {
        field("key", &Self::key);
        field("open", &Self::open);
        field("aborted", &Self::aborted);
    }
};

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

    void block(BatchIndex::SharedBlock const& block) {
        frozen.pieces.push_back({std::exchange(out, kafka::Writer{}).finish_bytes(), block});
    }
};

void put_partition(Freezer& to, Partition const& partition) {
    auto const& index = partition.batches;
    auto const blocks = index.full_blocks().size() + (index.tail().count() > 0 ? 1 : 0);
    put(to.out, PartitionPart{partition.key, partition.log_start, partition.next_offset,
                              std::uint32_t(blocks)});
    for (auto const& block : index.full_blocks()) to.block(block);
    if (index.tail().count() > 0) index.tail().encode(to.out);
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

Refused take_partition(kafka::Reader& in, State& state, Topic& topic, bool with_skips) {
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
    auto& index = partition->batches;
    for (std::uint32_t n = 0; n < part.blocks; ++n) {
        BatchBlock block;
        if (!block.decode(in, with_skips) || !index.restore(std::move(block)))
            return name + ": batch block " + std::to_string(n) + " cannot be";
    }
    if (!index.empty() && index.last().last_offset + 1 != part.next_offset)
        return name + " does not end with its last batch";
    index.drop_before(part.log_start);
    state.partitions.emplace(std::uint32_t(part.key), partition.get());
    topic.partitions.push_back(std::move(partition));
    return std::nullopt;
}

Refused take_topic(kafka::Reader& in, State& state, bool with_skips) {
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
        if (auto refused = take_partition(in, state, topic, with_skips)) return refused;
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
    return std::move(to.frozen);
}

Bytes assemble(FrozenState const& frozen) {
    kafka::Writer out{1 << 16};
    for (auto const& [bytes, block] : frozen.pieces) {
        out.raw(bytes);
        if (block) block->encode(out);
    }
    return std::move(out).finish_bytes();
}

std::optional<std::string> thaw(State& state, ByteView bytes) {
    kafka::Reader in{bytes};
    auto const version = in.integer<std::uint8_t>();
    constexpr std::uint8_t without_transactions = 1;
    bool const with_transactions = version != without_transactions;
    if (!in.failed() && version != snapshot_version && with_transactions)
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
    for (std::uint32_t n = 0; n < head.topics; ++n) {
        if (auto refused = take_topic(in, state, with_transactions)) return refused;
    }
    for (std::uint32_t n = 0; n < head.producers; ++n) {
        if (auto refused = take_producer(in, state)) return refused;
    }
    auto const groups = in.take(in.integer<std::uint32_t>());
    if (in.failed()) return "the groups are cut off";
    if (auto refused = state.groups.decode(groups)) return "groups: " + *refused;
    if (with_transactions) {
        if (auto refused = take_transactions(in, state)) return refused;
    }
    if (in.bytes_left() > 0) return "bytes follow the end of the state";
    return std::nullopt;
}

}  // namespace klamm::broker
