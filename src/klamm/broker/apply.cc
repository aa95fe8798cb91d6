#include "klamm/broker/apply.h"

#include "klamm/broker/internal_topics.h"
#include "klamm/broker/registry_changes.h"
#include "klamm/broker/transactions/changes.h"
#include "klamm/kafka/wire.h"
#include "klamm/records/batch.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

namespace klamm::broker {
namespace {

struct Place {
    journal::Position at{};
    ByteView body;
};

Configs to_map(std::vector<ConfigEntry> const& entries) {
    Configs configs;
    for (auto const& [name, value] : entries) configs[name] = value;
    return configs;
}

/// Whether partitions with these keys may be made: keys count up, without gaps.
bool good_keys(State const& state, PartitionKey first, std::int32_t count) {
    auto const keys_left =
        std::numeric_limits<std::uint32_t>::max() - std::uint32_t(state.next_partition);
    return first == state.next_partition && count > 0 && std::uint32_t(count) <= keys_left &&
           state.partitions.size() + std::size_t(count) <= partitions_limit;
}

void add_partitions(State& state, Topic& topic, std::int32_t count) {
    for (std::int32_t n = 0; n < count; ++n) {
        auto partition = std::make_unique<Partition>();
        partition->key = state.next_partition;
        partition->number = std::int32_t(topic.partitions.size());
        partition->topic = &topic;
        state.partitions.emplace(std::uint32_t(partition->key), partition.get());
        topic.partitions.push_back(std::move(partition));
        state.next_partition = PartitionKey(std::uint32_t(state.next_partition) + 1);
    }
}

Topic* find(State& state, Uuid const& id) {
    auto const found = state.topics_by_id.find(id);
    return found == state.topics_by_id.end() ? nullptr : found->second;
}

Refused change(State& state, ClusterCreated const& entry, Place) {
    if (!state.cluster_id.empty()) return "the cluster has an id already";
    if (entry.cluster_id.empty()) return "the cluster id is empty";
    state.cluster_id = entry.cluster_id;
    return {};
}

Refused change(State& state, TopicCreated const& entry, Place) {
    if (entry.name.empty()) return "the topic has no name";
    if (state.topics.contains(entry.name)) return "topic '" + entry.name + "' exists already";
    if (entry.topic_id.is_none() || state.topics_by_id.contains(entry.topic_id))
        return "topic id " + to_string(entry.topic_id) + " is none or taken";
    if (!good_keys(state, entry.first_partition, entry.partitions))
        return "the partition keys do not follow the last ones";
    auto& topic = state.topics[entry.name];
    topic.name = entry.name;
    topic.id = entry.topic_id;
    topic.created_ms = entry.created_ms;
    topic.configs = to_map(entry.configs);
    topic.settings = settings_of(topic.configs, state.broker_configs, state.options);
    state.topics_by_id.emplace(topic.id, &topic);
    ++state.topics_version;
    add_partitions(state, topic, entry.partitions);
    return {};
}

Refused change(State& state, TopicDeleted const& entry, Place) {
    auto const* topic = find(state, entry.topic_id);
    if (topic == nullptr) return "topic id " + to_string(entry.topic_id) + " is not known";
    for (auto const& partition : topic->partitions) {
        state.files.release(partition->batches.in_files());
        state.producers.forget(partition->key);
        state.transactions.partition_deleted(partition->key);
        state.partitions.erase(std::uint32_t(partition->key));
    }
    state.groups.topic_deleted(topic->name);
    if (topic->name == schemas_topic) {  // only in journals older than the registry
        state.registry = {};
        state.schemas_unread = false;
    }
    state.topics_by_id.erase(entry.topic_id);
    ++state.topics_version;
    state.topics.erase(state.topics.find(topic->name));
    return {};
}

Refused change(State& state, PartitionsAdded const& entry, Place) {
    auto* topic = find(state, entry.topic_id);
    if (topic == nullptr) return "topic id " + to_string(entry.topic_id) + " is not known";
    if (!good_keys(state, entry.first_partition, entry.partitions))
        return "the partition keys do not follow the last ones";
    ++state.topics_version;
    add_partitions(state, *topic, entry.partitions);
    return {};
}

Refused change(State& state, TopicConfigured const& entry, Place) {
    auto* topic = find(state, entry.topic_id);
    if (topic == nullptr) return "topic id " + to_string(entry.topic_id) + " is not known";
    topic->configs = to_map(entry.configs);
    topic->settings = settings_of(topic->configs, state.broker_configs, state.options);
    return {};
}

Refused change(State& state, BrokerConfigured const& entry, Place) {
    state.broker_configs = to_map(entry.configs);
    for (auto& [name, topic] : state.topics)
        topic.settings = settings_of(topic.configs, state.broker_configs, state.options);
    return {};
}

Refused change(State& state, ClientMetricsConfigured const& entry, Place) {
    if (entry.name.empty()) return "what is asked of clients' metrics has no name";
    if (entry.configs.empty())
        state.client_metrics.erase(entry.name);
    else
        state.client_metrics[entry.name] = to_map(entry.configs);
    return {};
}

bool is_schemas(Partition const& partition) {
    return partition.topic->name == schemas_topic && partition.number == 0;
}

Refused change(State& state, BatchAppended const& entry, Place place) {
    auto* partition = state.partition(entry.partition);
    if (partition == nullptr) return "its partition is not known";
    auto const batch = records::read_header(place.body);
    if (!batch) return batch.error().why;
    if (std::size_t(batch->bytes) != place.body.size())
        return "the batch is not as long as the entry's body";
    if (batch->base_offset != partition->next_offset)
        return "the batch starts at offset " + std::to_string(batch->base_offset) + ", expected " +
               std::to_string(partition->next_offset);
    BatchRef const ref{.position = place.at,
                       .bytes = std::uint32_t(batch->bytes),
                       .base_offset = batch->base_offset,
                       .last_offset = batch->last_offset(),
                       .max_timestamp = batch->max_timestamp};
    if (!partition->batches.can_append(ref))
        return "the batch does not lie behind the one before it";
    if (batch->producer_id >= 0 && batch->base_sequence < 0)
        return "the batch has a producer id and no sequence number";
    if (batch->control()) return "a control batch is no entry of its own";
    if (batch->transactional()) {
        if (auto refused = check_transactional(state, *batch)) return refused;
    }
    partition->batches.append(ref);
    partition->next_offset = batch->next_offset();
    state.producers.appended(entry.partition, *batch, entry.appended_ms);
    if (batch->transactional()) write_transactional(state, *partition, *batch, entry.appended_ms);
    if (is_schemas(*partition) && !state.schemas_unread) fold(state.registry, place.body);
    return {};
}

Refused change(State& state, LogStartMoved const& entry, Place) {
    auto* partition = state.partition(entry.partition);
    if (partition == nullptr) return "its partition is not known";
    if (entry.log_start_offset < partition->log_start ||
        entry.log_start_offset > partition->next_offset)
        return "the log start would leave the log";
    partition->log_start = entry.log_start_offset;
    if (partition->transactions) partition->transactions->drop_before(partition->log_start);
    state.files.release(partition->batches.drop_before(partition->log_start));
    return {};
}

Refused change(State& state, TransactionOffsets const& entry, Place place) {
    return change(state, entry, place.at);
}
Refused change(State& state, TransactionEnded const& entry, Place place) {
    return change(state, entry, place.at, place.body);
}
Refused change(State& state, ProducerInitialized const& entry, Place) {
    return change(state, entry);
}
Refused change(State& state, TransactionExtended const& entry, Place) {
    return change(state, entry);
}
Refused change(State& state, TransactionalIdsForgotten const& entry, Place) {
    return change(state, entry);
}

Refused change(State& state, ProducerIdGiven const& entry, Place) {
    if (entry.next_producer_id < state.next_producer_id) return "producer ids would be given twice";
    state.next_producer_id = entry.next_producer_id;
    return {};
}

/// The runs of a range, as its partition can take them; none: it cannot.
std::optional<std::vector<BatchRun>> runs_of(State const& state, StoredRange const& range) {
    auto const* partition = state.partition(range.partition);
    if (partition == nullptr) return std::nullopt;
    std::vector<BatchRun> runs;
    for (auto const& stored : range.runs) {
        BatchBlock places;
        kafka::Reader in{stored.places};
        if (!places.decode(in) || in.bytes_left() > 0) return std::nullopt;
        runs.push_back({journal::FileNumber{stored.file},
                        std::make_shared<BatchBlock const>(std::move(places))});
    }
    if (!partition->batches.can_replace(range.from, range.end, runs)) return std::nullopt;
    return runs;
}

/// Whether each range is behind the one before it, and in files of the entry.
Refused check_ranges(ExtentsStored const& entry) {
    StoredRange const* before = nullptr;
    for (auto const& range : entry.ranges) {
        if (before != nullptr &&
            (before->partition > range.partition ||
             (before->partition == range.partition && before->end > range.from)))
            return "its ranges are not in order";
        before = &range;
        for (auto const& run : range.runs) {
            if (std::ranges::find(entry.files, run.file, &StoredFile::number) == entry.files.end())
                return "a run of it is in no file of it";
        }
    }
    return {};
}

Refused change(State& state, ExtentsStored const& entry, Place) {
    auto number = std::to_underlying(state.files.next());
    for (auto const& file : entry.files) {
        if (file.number < number || file.number == UINT64_MAX)
            return "the number of a file was used before";
        number = file.number + 1;
    }
    if (auto refused = check_ranges(entry)) return refused;
    std::vector<std::vector<BatchRun>> runs;
    for (auto const& range : entry.ranges) {
        auto made = runs_of(state, range);
        if (!made) return "a range of it does not fit what its partition has";
        runs.push_back(std::move(*made));
    }
    for (auto const& file : entry.files)
        std::ignore = state.files.add(journal::FileNumber{file.number}, file.bytes);
    // First all are held: what was deleted meanwhile is released at once, and ranges share files.
    for (auto const& of_range : runs)
        for (auto const& run : of_range) state.files.hold(run.file, run.block->bytes());
    for (std::size_t n = 0; n < entry.ranges.size(); ++n) {
        auto const& range = entry.ranges[n];
        auto& partition = *state.partition(range.partition);
        state.files.release(
            partition.batches.replace(range.from, range.end, runs[n], partition.log_start));
    }
    for (auto const& file : entry.files) state.files.settle(journal::FileNumber{file.number});
    return {};
}

Refused change(State& state, AbortedForgotten const& entry, Place) {
    auto* partition = state.partition(entry.partition);
    if (partition == nullptr) return "its partition is not known";
    if (!partition->transactions) return {};
    partition->transactions->drop_before(entry.end);
    if (partition->transactions->empty()) partition->transactions.reset();
    return {};
}

Refused change(State& state, CompactionPassed const& entry, Place) {
    auto* partition = state.partition(entry.partition);
    if (partition == nullptr) return "its partition is not known";
    if (entry.first_dirty < 0 || entry.first_dirty > partition->next_offset)
        return "compaction would be ahead of the log";
    if (!partition->compaction) partition->compaction = std::make_unique<Compaction>();
    auto& compaction = *partition->compaction;
    compaction.passed(entry.first_dirty, entry.passed_ms,
                      partition->topic->settings.delete_retention_ms);
    compaction.clean_bytes =
        partition->batches.bytes_between(partition->log_start, compaction.first_dirty);
    compaction.last = {entry.passed_ms,   entry.took_ms,        entry.bytes_before,
                       entry.bytes_after, entry.records_before, entry.records_after,
                       entry.reason};
    return {};
}

/// Entries of groups: their own state takes them as they are.
template <class Entry>
Refused change(State& state, Entry const& entry, Place) {
    state.groups.apply(entry);
    return {};
}

Refused change(State& state, ConsumerGroupChanged const& entry, Place) {
    return state.groups.apply(entry);
}

template <class Entry>
Refused decode_and_change(State& state, ByteView head, Place place) {
    auto const entry = decode_entry<Entry>(head);
    if (!entry) return entry.error();
    constexpr bool has_body =
        Entry::kind == EntryKind::batch_appended || Entry::kind == EntryKind::transaction_ended;
    if (!has_body && !place.body.empty()) return "it has a body, which its kind has not";
    return change(state, *entry, place);
}

Refused dispatch(State& state, EntryKind kind, ByteView head, Place place) {
    switch (kind) {
        case EntryKind::cluster_created:
            return decode_and_change<ClusterCreated>(state, head, place);
        case EntryKind::topic_created:
            return decode_and_change<TopicCreated>(state, head, place);
        case EntryKind::topic_deleted:
            return decode_and_change<TopicDeleted>(state, head, place);
        case EntryKind::partitions_added:
            return decode_and_change<PartitionsAdded>(state, head, place);
        case EntryKind::topic_configured:
            return decode_and_change<TopicConfigured>(state, head, place);
        case EntryKind::broker_configured:
            return decode_and_change<BrokerConfigured>(state, head, place);
        case EntryKind::client_metrics_configured:
            return decode_and_change<ClientMetricsConfigured>(state, head, place);
        case EntryKind::batch_appended:
            return decode_and_change<BatchAppended>(state, head, place);
        case EntryKind::log_start_moved:
            return decode_and_change<LogStartMoved>(state, head, place);
        case EntryKind::producer_id_given:
            return decode_and_change<ProducerIdGiven>(state, head, place);
        case EntryKind::group_changed:
            return decode_and_change<GroupChanged>(state, head, place);
        case EntryKind::group_deleted:
            return decode_and_change<GroupDeleted>(state, head, place);
        case EntryKind::offsets_committed:
            return decode_and_change<OffsetsCommitted>(state, head, place);
        case EntryKind::offsets_deleted:
            return decode_and_change<OffsetsDeleted>(state, head, place);
        case EntryKind::producer_initialized:
            return decode_and_change<ProducerInitialized>(state, head, place);
        case EntryKind::transaction_extended:
            return decode_and_change<TransactionExtended>(state, head, place);
        case EntryKind::transaction_offsets:
            return decode_and_change<TransactionOffsets>(state, head, place);
        case EntryKind::transaction_ended:
            return decode_and_change<TransactionEnded>(state, head, place);
        case EntryKind::transactional_ids_forgotten:
            return decode_and_change<TransactionalIdsForgotten>(state, head, place);
        case EntryKind::extents_stored:
            return decode_and_change<ExtentsStored>(state, head, place);
        case EntryKind::compaction_passed:
            return decode_and_change<CompactionPassed>(state, head, place);
        case EntryKind::aborted_forgotten:
            return decode_and_change<AbortedForgotten>(state, head, place);
        case EntryKind::consumer_group_changed:
            return decode_and_change<ConsumerGroupChanged>(state, head, place);
        case EntryKind::group_configured:
            return decode_and_change<GroupConfigured>(state, head, place);
    }
    return "kind " + std::to_string(std::to_underlying(kind)) +
           " is not known; it was written by a newer klamm";
}

}  // namespace

bool fits(State const& state, StoredRange const& range) {
    return runs_of(state, range).has_value();
}

std::optional<std::string> apply(State& state, journal::Position at, ByteView head, ByteView body) {
    auto const kind = kind_of(head);
    auto refused =
        kind ? dispatch(state, *kind, head, {at, body}) : Refused{"the entry has no head"};
    if (refused)
        return "entry at journal position " + std::to_string(std::uint64_t(at)) + ": " + *refused;
    return std::nullopt;
}

}  // namespace klamm::broker
