#include "klamm/broker/storage_report.h"

#include "klamm/broker/compaction_due.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace klamm::broker {
namespace {

std::string quoted(std::string_view text) {
    std::string out = "\"";
    for (char const c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + '"';
}

std::uint64_t l1_bytes(BatchIndex const& batches) {
    std::uint64_t bytes = 0;
    for (auto const& [file, held] : batches.in_files()) bytes += held;
    return bytes;
}

std::string last_pass(Compaction const* compaction) {
    if (compaction == nullptr || compaction->count == 0) return "null";
    auto const& last = compaction->last;
    return fmt::format(R"({{"at_ms": {}, "took_ms": {}, "bytes_before": {}, "bytes_after": {}, )"
                       R"("records_before": {}, "records_after": {}, "reason": {}}})",
                       last.at_ms, last.took_ms, last.bytes_before, last.bytes_after,
                       last.records_before, last.records_after, quoted(last.reason));
}

std::string compaction(Partition const& partition, Keepers const& keepers, std::int64_t now_ms) {
    auto const due = compaction_due(partition, keepers.state.options, now_ms, true);
    auto const* compaction = partition.compaction.get();
    auto next = due.reason;
    if (auto const done = keepers.storage.progress(partition.key))
        next = fmt::format("a pass is under way, {:.0f} % of it done", *done * 100);
    return fmt::format(
        R"({{"first_dirty": {}, "dirty_bytes": {}, "dirty_ratio": {:.3f}, "passes": {}, )"
        R"("last": {}, "next": {}}})",
        due.first_dirty, due.dirty_bytes, due.dirty_ratio,
        compaction == nullptr ? 0 : compaction->count, last_pass(compaction), quoted(next));
}

std::string retention(Partition const& partition, Keepers const& keepers, std::int64_t now_ms) {
    std::string last = "null";
    if (auto const* done = keepers.retention.last(partition.key))
        last = fmt::format(R"({{"at_ms": {}, "records": {}, "bytes": {}, "reason": "{}"}})",
                           done->at_ms, done->records, done->bytes,
                           done->reason == Cut::Reason::size ? "retention.bytes" : "retention.ms");
    return fmt::format(R"({{"last": {}, "next": {}}})", last,
                       quoted(retention_next(keepers.state, partition, now_ms)));
}

std::string_view name_of(ValidationDepth depth) {
    return depth == ValidationDepth::off ? "off" : depth == ValidationDepth::id ? "id" : "payload";
}

std::string validation(Topic const& topic, ValidationTally const& tally) {
    auto const* counted = tally.of(topic.id);
    auto const stats = counted == nullptr ? ValidationStats{} : counted->stats;
    std::string last = "null";
    if (counted != nullptr && counted->last)
        last = fmt::format(R"({{"at_ms": {}, "partition": {}, "text": {}}})", counted->last->at_ms,
                           counted->last->partition, quoted(counted->last->text));
    auto const& rules = topic.settings.validation;
    return fmt::format(R"({{"key": "{}", "value": "{}", "records_validated": {}, )"
                       R"("records_refused": {}, "last": {}}})",
                       name_of(rules.key.depth), name_of(rules.value.depth), stats.validated,
                       stats.refused, last);
}

}  // namespace

std::string report_topic(Topic const& topic, Keepers const& keepers, std::int64_t now_ms) {
    std::string out = fmt::format(R"({{"topic": {}, "partitions": [)", quoted(topic.name));
    for (auto const& partition : topic.partitions) {
        auto const& batches = partition->batches;
        auto const in_l1 = std::min(l1_bytes(batches), batches.bytes());
        fmt::format_to(std::back_inserter(out),
                       R"({}{{"partition": {}, "log_start": {}, "next_offset": {}, "bytes": {}, )"
                       R"("journal_bytes": {}, "l1_bytes": {})",
                       partition->number == 0 ? "" : ", ", partition->number, partition->log_start,
                       partition->next_offset, batches.bytes(), batches.bytes() - in_l1, in_l1);
        if (topic.settings.remove_old)
            out += ", \"retention\": " + retention(*partition, keepers, now_ms);
        if (topic.settings.compact)
            out += ", \"compaction\": " + compaction(*partition, keepers, now_ms);
        out += "}";
    }
    out += "]";
    if (topic.settings.validation.any())
        out += ", \"validation\": " + validation(topic, keepers.tally);
    return out + "}";
}

}  // namespace klamm::broker
