// The APIs about offsets of the logs: ListOffsets, OffsetForLeaderEpoch, DeleteRecords.
#include "klamm/broker/entries.h"
#include "klamm/broker/handlers.h"
#include "klamm/broker/internal_topics.h"
#include "klamm/broker/state.h"
#include "klamm/broker/topics.h"

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

// ---- ListOffsets ----------------------------------------------------------------------------

/// Timestamps that are not times. Source: KIP-79, KIP-734, KIP-405, KIP-1005, KIP-1023.
enum : std::int64_t {
    latest = -1,
    earliest = -2,
    max_timestamp = -3,
    earliest_local = -4,
    latest_tiered = -5,
    earliest_pending_upload = -6,
};

using Listed = kafka::ListOffsetsResponse::ListOffsetsPartitionResponse;

/// The places that lie across the borders of what counts: a part of them does not.
void add_borders(Partition const& partition, FillOffset& want) {
    for (auto const offset : {want.from_offset, want.end_offset}) {
        auto const place = partition.batches.from(offset).next();
        if (place && place->base_offset < offset)
            want.batches.push_back(place_of(partition.key, *place));
    }
}

/// Where the record may be, in the order in which it is to be searched: the second place matters
/// when the first one lies across the log start, and only its deleted part has such a record.
void search(Partition const& partition, FillOffset& want) {
    auto const& batches = partition.batches;
    if (batches.empty()) return;
    if (want.timestamp == max_timestamp) {
        add_borders(partition, want);
        if (auto const place = batches.find_latest(want.end_offset, want.from_offset))
            want.batches.push_back(place_of(partition.key, *place));
        return;
    }
    auto const first = batches.find_timestamp(want.timestamp);
    if (!first || first->base_offset >= want.end_offset) return;
    want.batches.push_back(place_of(partition.key, *first));
    if (first->base_offset >= want.from_offset) return;
    auto cursor = batches.from(first->last_offset + 1);
    while (auto const next = cursor.next()) {
        if (next->base_offset >= want.end_offset) return;
        if (next->max_timestamp < want.timestamp) continue;
        want.batches.push_back(place_of(partition.key, *next));
        return;
    }
}

void list(Partition const& partition, std::int64_t timestamp, bool read_committed, Listed& out,
          FillOffset& fill) {
    auto const end = partition.end_for(read_committed);
    out.leader_epoch = leader_epoch;
    switch (timestamp) {
        case latest:
            out.offset = end;
            return;
        case earliest:
        case earliest_local:
            out.offset = partition.log_start;
            return;
        case latest_tiered:
        case earliest_pending_upload:
            out.leader_epoch = -1;
            return;
        default:
            fill.timestamp = timestamp;
            fill.from_offset = partition.log_start;
            fill.end_offset = end;
            search(partition, fill);
            if (fill.batches.empty()) out.leader_epoch = -1;
    }
}

ErrorCode check(Partition const* partition, std::string_view topic, std::int32_t claimed_epoch,
                Options const& options) {
    return partition == nullptr ? why_no_topic(topic, options) : check_leader_epoch(claimed_epoch);
}

}  // namespace

void handle(Step& step, Request const& request, kafka::ListOffsetsRequest const& list_offsets) {
    constexpr kafka::ApiVersion leader_epochs_from = 4;
    Reply reply;
    reply.id = request.id;
    auto after = After::nothing;
    kafka::ListOffsetsResponse response;
    for (std::uint32_t t = 0; t < list_offsets.topics.size(); ++t) {
        auto const& topic = list_offsets.topics[t];
        auto& topic_out = response.topics.emplace_back();
        topic_out.name = topic.name;
        for (std::uint32_t p = 0; p < topic.partitions.size(); ++p) {
            auto const& asked = topic.partitions[p];
            auto& out = topic_out.partitions.emplace_back();
            out.partition_index = asked.partition_index;
            auto const* partition = step.state().partition(topic.name, asked.partition_index);
            out.error_code =
                check(partition, topic.name, asked.current_leader_epoch, step.options());
            if (out.error_code != ErrorCode::none) continue;
            if (!partition->log_start_is_durable()) after = After::everything;
            FillOffset fill{.topic = t, .partition = p, .batches = {}};
            list(*partition, asked.timestamp, list_offsets.isolation_level == 1, out, fill);
            if (request.header.api_version < leader_epochs_from) out.leader_epoch = -1;
            if (!fill.batches.empty()) reply.offsets.push_back(std::move(fill));
        }
    }
    reply.body = std::move(response);
    step.reply(std::move(reply), after);
}

void handle(Step& step, Request const& request,
            kafka::OffsetForLeaderEpochRequest const& offset_for_epoch) {
    kafka::OffsetForLeaderEpochResponse response;
    for (auto const& [name, partitions] : offset_for_epoch.topics) {
        auto& topic_out = response.topics.emplace_back();
        topic_out.topic = name;
        for (auto const& asked : partitions) {
            auto& out = topic_out.partitions.emplace_back();
            out.partition = asked.partition;
            auto const* partition = step.state().partition(name, asked.partition);
            out.error_code = check(partition, name, asked.current_leader_epoch, step.options());
            if (out.error_code != ErrorCode::none || asked.leader_epoch < leader_epoch) continue;
            if (asked.leader_epoch > leader_epoch) continue;  // not begun: undefined
            out.leader_epoch = leader_epoch;
            out.end_offset = partition->high_watermark;
        }
    }
    answer(step, request, std::move(response), After::nothing);
}

void handle(Step& step, Request const& request, kafka::DeleteRecordsRequest const& delete_records) {
    constexpr std::int64_t to_high_watermark = -1;
    kafka::DeleteRecordsResponse response;
    for (auto const& [name, partitions] : delete_records.topics) {
        auto& topic_out = response.topics.emplace_back();
        topic_out.name = name;
        for (auto const& [number, asked] : partitions) {
            auto& out = topic_out.partitions.emplace_back();
            out.partition_index = number;
            out.low_watermark = -1;
            auto const* partition = step.state().partition(name, number);
            if (partition == nullptr) {
                out.error_code = why_no_topic(name, step.options());
                continue;
            }
            if (is_kept(name)) {
                out.error_code = refuse_kept(name, step.options()).code;
                continue;
            }
            auto const offset = asked == to_high_watermark ? partition->high_watermark : asked;
            if (offset < 0 || offset > partition->high_watermark) {
                out.error_code = ErrorCode::offset_out_of_range;
                continue;
            }
            if (offset > partition->log_start &&
                !step.commit(encode_entry(
                    LogStartMoved{.partition = partition->key, .log_start_offset = offset}))) {
                out.error_code = ErrorCode::kafka_storage_error;
                continue;
            }
            out.low_watermark = partition->log_start;
        }
    }
    answer(step, request, std::move(response));
}

}  // namespace klamm::broker
