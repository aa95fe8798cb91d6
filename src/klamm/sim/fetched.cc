#include "klamm/sim/fetched.h"

#include "klamm/records/batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <set>

namespace klamm::sim {
namespace {

using Kind = SeenBatch::Kind;

/// Source: https://kafka.apache.org/documentation/#controlbatch
constexpr std::size_t marker_key_bytes = 4;
constexpr std::byte commit_type{1};

std::string named(records::Record const& record) {
    if (!record.value) return {};
    std::string_view const value{reinterpret_cast<char const*>(record.value->data()),
                                 record.value->size()};
    return std::string(value.substr(0, value.find(' ')));
}

SeenBatch to_seen(records::BatchInfo const& info, std::vector<records::Record> const& read) {
    SeenBatch seen{.kind = info.transactional() ? Kind::transactional : Kind::plain,
                   .base_offset = info.base_offset,
                   .last_offset = info.last_offset(),
                   .producer_id = info.producer_id,
                   .producer_epoch = info.producer_epoch,
                   .records = {}};
    std::vector<SeenRecord> records;
    for (auto const& record : read) records.push_back({record.offset, named(record)});
    if (info.control() && read.size() == 1 && read[0].key &&
        read[0].key->size() == marker_key_bytes) {
        bool const commit = read[0].key->back() == commit_type;
        seen.kind = commit ? Kind::commit : Kind::abort;
        records[0].value = fmt::format("({} of {}/{})", commit ? "commit" : "abort",
                                       info.producer_id, info.producer_epoch);
    }
    seen.records = std::make_shared<std::vector<SeenRecord> const>(std::move(records));
    return seen;
}

}  // namespace

std::optional<SeenBatch> BatchReader::read(PartitionName const& partition,
                                           KnownBatches& known_batches, ByteView bytes) {
    auto const info = *records::read_header(bytes);
    auto& known = known_batches[info.base_offset];
    if (known.bytes.size() == bytes.size() &&
        std::memcmp(known.bytes.data(), bytes.data(), bytes.size()) == 0)
        return known.batch;
    auto const stored = records::check_stored(bytes);
    auto const read = records::read_records(bytes);
    if (!stored || !read) {
        violations_.report("protocol",
                           to_string(partition) + " served a batch: " +
                               (stored ? read : std::unexpected(stored.error())).error().why);
        return std::nullopt;
    }
    known.bytes.assign(bytes.begin(), bytes.end());
    known.batch = to_seen(info, *read);
    return known.batch;
}

std::vector<SeenBatch> BatchReader::read(PartitionName const& partition,
                                         std::optional<kafka::Records> const& fetched) {
    std::vector<SeenBatch> seen;
    if (!fetched) return seen;
    Bytes gathered;
    if (fetched->parts.size() > 1)
        for (auto const& part : fetched->parts)
            gathered.insert(gathered.end(), part.view().begin(), part.view().end());
    auto& known_batches = known_[partition];
    for (auto rest = fetched->parts.size() == 1 ? fetched->parts[0].view() : ByteView{gathered};
         rest.size() >= records::batch_header_bytes;) {
        auto const info = records::read_header(rest);
        if (!info) {
            violations_.report("protocol",
                               to_string(partition) + " served a batch: " + info.error().why);
            return seen;
        }
        auto batch = read(partition, known_batches, rest.first(std::size_t(info->bytes)));
        if (!batch) return seen;
        seen.push_back(std::move(*batch));
        rest = rest.subspan(std::size_t(info->bytes));
    }
    return seen;
}

std::vector<SeenRecord> records_of(std::span<SeenBatch const> batches) {
    std::size_t count = 0;
    for (auto const& batch : batches) count += batch.records->size();
    std::vector<SeenRecord> all;
    all.reserve(count);
    for (auto const& batch : batches)
        all.insert(all.end(), batch.records->begin(), batch.records->end());
    return all;
}

std::vector<SeenRecord> committed_of(std::span<SeenBatch const> batches, Aborted aborted) {
    std::vector<SeenRecord> shown;
    std::ranges::sort(aborted, {}, &Aborted::value_type::first_offset);
    auto next = aborted.begin();
    std::set<std::int64_t> aborting;  // producer ids
    for (auto const& batch : batches) {
        for (; next != aborted.end() && next->first_offset <= batch.last_offset; ++next)
            aborting.insert(next->producer_id);
        if (batch.kind == Kind::abort) aborting.erase(batch.producer_id);
        if (batch.marker()) continue;
        if (batch.kind == Kind::transactional && aborting.contains(batch.producer_id)) continue;
        shown.insert(shown.end(), batch.records->begin(), batch.records->end());
    }
    return shown;
}

}  // namespace klamm::sim
