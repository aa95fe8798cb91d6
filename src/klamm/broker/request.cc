#include "klamm/broker/request.h"

#include "klamm/broker/broker.h"
#include "klamm/broker/check_decoded.h"
#include "klamm/records/contents.h"
#include "klamm/records/filter.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

namespace klamm::broker {
namespace {

using kafka::ErrorCode;

CheckedBatch check_records(std::optional<kafka::Records> const& records,
                           records::Contents& contents) {
    if (!records || records->parts.empty())
        return std::unexpected(records::BatchError{records::BatchError::Kind::invalid,
                                                   "A partition of the request has no records."});
    auto const& bytes = records->parts.front();
    auto checked = records::check(bytes.view(), {}, contents);
    if (checked) records::mend_max_timestamp(bytes.patchable(), *checked);
    return checked;
}

/// Moved places have been answered before; what is left is what the disk does not give.
ErrorCode error_of(journal::Error error) {
    return error == journal::Error::trimmed ? ErrorCode::not_leader_or_follower
                                            : ErrorCode::kafka_storage_error;
}

/// The part of a block that is wanted.
Slice trim(Slice const& block, FillRecords const& want, std::int64_t bytes_before) {
    std::size_t first = 0, end = 0;
    bool any = false;
    // A block that was read is one that was written: nothing in it fails.
    std::ignore =
        records::visit_batches(block.view(), [&](ByteView batch, records::BatchInfo const& info) {
            auto const at = std::size_t(batch.data() - block.data());
            if (info.last_offset() < want.from_offset) return true;
            if (info.last_offset() >= want.end_offset) return false;
            if (!any) first = end = at;
            bool const fits =
                bytes_before + std::int64_t(end - first) + info.bytes <= want.bytes_max;
            if (!fits && !(want.at_least_one && !any && bytes_before == 0)) return false;
            any = true;
            end = at + batch.size();
            return true;
        });
    return block.part(first, end - first);
}

void fill_records(kafka::FetchResponse& response, FillRecords const& want, ReadPlace const& read) {
    auto& partition = response.responses.at(want.topic).partitions.at(want.partition);
    auto& records = partition.records.emplace();
    records.parts.reserve(want.batches.size());
    std::int64_t bytes = 0;
    for (auto const& place : want.batches) {
        auto batch = read_batches(read, place);
        if (!batch && batch.error() == journal::Error::trimmed) return;
        if (!batch) {
            partition.error_code = error_of(batch.error());
            records.parts.clear();
            return;
        }
        auto part = place.in_journal() ? std::move(*batch) : trim(*batch, want, bytes);
        bytes += std::int64_t(part.size());
        if (!part.empty()) records.parts.push_back(std::move(part));
    }
}

using Found = std::optional<records::OffsetAndTimestamp>;
constexpr std::int64_t max_timestamp = -3;

/// The record in a batch of which a part does not count.
std::expected<Found, records::BatchError> find_between(ByteView batch, FillOffset const& want,
                                                       bool latest) {
    auto const all = records::read_records(batch);
    if (!all) return std::unexpected(all.error());
    Found found;
    for (auto const& record : *all) {
        if (record.offset < want.from_offset || record.offset >= want.end_offset) continue;
        if (!latest && record.timestamp < want.timestamp) continue;
        if (!found || (latest && record.timestamp > found->timestamp))
            found = {.offset = record.offset, .timestamp = record.timestamp};
        if (!latest) break;
    }
    return found;
}

std::expected<Found, records::BatchError> find_in_batch(ByteView batch,
                                                        records::BatchInfo const& info,
                                                        FillOffset const& want) {
    bool const latest = want.timestamp == max_timestamp;
    if (info.last_offset() < want.from_offset || info.base_offset >= want.end_offset)
        return Found{};
    if (!latest && info.max_timestamp < want.timestamp) return Found{};
    if (info.base_offset < want.from_offset || info.last_offset() >= want.end_offset)
        return find_between(batch, want, latest);
    if (!latest) return records::find_by_timestamp(batch, want.timestamp);
    auto const found = records::find_latest(batch);
    if (!found) return std::unexpected(found.error());
    return Found{*found};
}

/// In one batch or in a block of them.
std::expected<Found, records::BatchError> find(ByteView bytes, FillOffset const& want) {
    std::expected<Found, records::BatchError> best;
    auto const visited =
        records::visit_batches(bytes, [&](ByteView batch, records::BatchInfo const& info) {
            auto found = find_in_batch(batch, info, want);
            if (!found || (*found && (!*best || (*found)->timestamp > (*best)->timestamp)))
                best = std::move(found);
            bool const done = best && *best && want.timestamp != max_timestamp;
            return best.has_value() && !done;
        });
    if (!visited) return std::unexpected(visited.error());
    return best;
}

void fill_offset(kafka::ListOffsetsResponse& response, FillOffset const& want,
                 ReadPlace const& read) {
    auto& partition = response.topics.at(want.topic).partitions.at(want.partition);
    auto const fail = [&](ErrorCode error) {
        partition.error_code = error;
        partition.leader_epoch = -1;
        partition.offset = partition.timestamp = -1;
    };
    Found best;
    for (auto const& place : want.batches) {
        auto const batch = read_batches(read, place);
        if (!batch) return fail(error_of(batch.error()));
        auto const found = find(batch->view(), want);
        if (!found) return fail(ErrorCode::kafka_storage_error);
        if (!*found) continue;
        if (!best || (*found)->timestamp > best->timestamp) best = *found;
        if (want.timestamp != max_timestamp) break;
    }
    if (!best) {
        partition.leader_epoch = -1;
        return;
    }
    partition.offset = best->offset;
    partition.timestamp = best->timestamp;
}

/// Names the records to blame, from which the client knows which of its sends have failed for what
/// they are, and which for the company they were in (KIP-467).
void fill_keyless(kafka::ProduceResponse& response, FillKeyless const& want) {
    constexpr std::size_t named_max = 10'000;
    auto& partition = response.responses.at(want.topic).partition_responses.at(want.partition);
    for (auto const index : records::keyless(want.batch.view(), named_max))
        partition.record_errors.push_back(
            {.batch_index = index, .batch_index_error_message = partition.error_message});
}

/// What the topics want of the batches that passed. What would be too much for one request is
/// refused, as what would be too much for one batch is.
void recompress_all(Request& request, kafka::ProduceRequest const& produce,
                    Compressions const& wanted) {
    constexpr kafka::ApiVersion ids_from = 13;
    bool const by_id = request.header.api_version >= ids_from;
    request.recompressed.resize(request.batches.size());
    std::size_t index = 0;
    for (auto const& topic : produce.topic_data) {
        auto const compression = by_id ? wanted.of(topic.topic_id) : wanted.of(topic.name);
        for (auto const& partition : topic.partition_data) {
            auto const& checked = request.batches[index];
            auto& out = request.recompressed[index++];
            if (!checked) continue;
            out = recompressed(partition.records->parts.front().view(), *checked, compression,
                               recompressed_bytes_max - request.recompressed_bytes);
            if (out) request.recompressed_bytes += out->size();
        }
    }
}

/// Checks each batch, and looks at the records of those that pass where their topics want that:
/// while they are decompressed.
void check_all(Request& request, kafka::ProduceRequest const& produce,
               Validations const* validated) {
    constexpr kafka::ApiVersion ids_from = 13;
    bool const by_id = request.header.api_version >= ids_from;
    auto may_name = refused_named_max;
    for (auto const& topic : produce.topic_data) {
        auto const* wanted = validated == nullptr ? nullptr
                             : by_id              ? validated->of(topic.topic_id)
                                                  : validated->of(topic.name);
        for (auto const& partition : topic.partition_data) {
            records::Contents contents;
            auto const& checked =
                request.batches.emplace_back(check_records(partition.records, contents));
            if (validated == nullptr) continue;
            auto& verdict = request.verdicts.emplace_back();
            if (!checked || wanted == nullptr) continue;
            verdict = validate(contents, *checked, wanted->name, wanted->rules,
                               validated->registry(), may_name);
            may_name -= std::int32_t(verdict.refused.size());
        }
    }
}

}  // namespace

std::expected<Request, std::string> prepare(RequestId id, Slice frame, std::string peer,
                                            Compressions const* wanted,
                                            Validations const* validated) {
    Request request;
    request.id = id;
    request.peer = std::move(peer);
    auto decoded = kafka::decode_request(frame);
    if (!decoded) {
        auto& error = decoded.error();
        using Kind = kafka::RequestError::Kind;
        if (error.kind != Kind::unsupported_version ||
            error.header.api_key != kafka::ApiVersionsRequest::api.key)
            return std::unexpected(std::move(error.message));
        request.header = std::move(error.header);
        request.body = kafka::ApiVersionsRequest{};
        return request;
    }
    request.header = std::move(decoded->header);
    if (!std::ranges::binary_search(Broker::apis(), request.header.api_key, {},
                                    &kafka::ApiRange::key))
        return std::unexpected(std::string{kafka::api_name(request.header.api_key)} +
                               " is not supported");
    request.body = std::move(decoded->body);
    check_decoded(request, wanted, validated);
    return request;
}

void check_decoded(Request& request, Compressions const* wanted, Validations const* validated) {
    if (auto const* push = std::get_if<kafka::PushTelemetryRequest>(&request.body))
        request.client_metrics = unpack(*push);
    if (auto const* produce = std::get_if<kafka::ProduceRequest>(&request.body)) {
        check_all(request, *produce, validated);
        if (wanted != nullptr) recompress_all(request, *produce, *wanted);
    }
}

std::expected<Slice, journal::Error> read_place(journal::Journal& journal,
                                                journal::ExtentStore& extents,
                                                BatchPlace const& place) {
    if (place.in_journal()) return journal.read(place.position, place.skip + place.bytes);
    return extents.read({place.file, std::uint64_t(place.position), place.bytes}, place.label);
}

std::expected<Slice, journal::Error> read_batches(ReadPlace const& read, BatchPlace const& place) {
    auto body = read(place);
    if (!body || (place.skip == 0 && body->size() == place.bytes)) return body;
    if (body->size() < std::size_t{place.skip} + place.bytes)
        return std::unexpected(journal::Error::corrupt);
    return body->part(place.skip, place.bytes);
}

void fill(Reply& reply, ReadPlace const& read) {
    if (auto* fetch = std::get_if<kafka::FetchResponse>(&reply.body)) {
        for (auto const& want : reply.records) fill_records(*fetch, want, read);
    }
    if (auto* list = std::get_if<kafka::ListOffsetsResponse>(&reply.body)) {
        for (auto const& want : reply.offsets) fill_offset(*list, want, read);
    }
    if (auto* produce = std::get_if<kafka::ProduceResponse>(&reply.body)) {
        for (auto const& want : reply.keyless) fill_keyless(*produce, want);
    }
}

}  // namespace klamm::broker
