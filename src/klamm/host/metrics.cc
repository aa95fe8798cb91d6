#include "klamm/host/metrics.h"

#include "klamm/kafka/apis.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <bit>
#include <limits>
#include <utility>
#include <vector>

namespace klamm::host {
namespace {

namespace prom = ::prometheus;

/// Collects families in the order in which they are written.
class Families {
public:
    void counter(std::string name, std::string help, std::uint64_t value) {
        prom::ClientMetric metric;
        metric.counter.value = double(value);
        add(std::move(name), std::move(help), prom::MetricType::Counter).push_back(metric);
    }
    void gauge(std::string name, std::string help, double value) {
        prom::ClientMetric metric;
        metric.gauge.value = value;
        add(std::move(name), std::move(help), prom::MetricType::Gauge).push_back(metric);
    }
    std::vector<prom::ClientMetric>& add(std::string name, std::string help,
                                         prom::MetricType type) {
        families_.push_back({std::move(name), std::move(help), type, {}});
        return families_.back().metric;
    }
    std::string text() const { return prom::TextSerializer().Serialize(families_); }

private:
    std::vector<prom::MetricFamily> families_;
};

prom::ClientMetric to_metric(Histogram const& histogram) {
    prom::ClientMetric metric;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= Histogram::buckets; ++i) {
        total += histogram.count(i);
        metric.histogram.bucket.push_back({total, Histogram::bound_seconds(i)});
    }
    metric.histogram.sample_count = total;
    metric.histogram.sample_sum = histogram.sum_seconds();
    return metric;
}

void add_requests(Families& families, Metrics const& metrics) {
    // Families first: a reference into one would not survive adding the next.
    std::vector<prom::ClientMetric> counts;
    std::vector<prom::ClientMetric> latencies;
    for (std::size_t api = 0; api < Metrics::apis_max; ++api) {
        if (metrics.requests[api].get() == 0) continue;
        std::string const name(kafka::api_name(std::int16_t(api)));
        std::vector<prom::ClientMetric::Label> const label{
            {"api", name.empty() ? std::to_string(api) : name}};
        prom::ClientMetric count;
        count.label = label;
        count.counter.value = double(metrics.requests[api].get());
        counts.push_back(std::move(count));
        auto latency = to_metric(metrics.latency[api]);
        latency.label = label;
        latencies.push_back(std::move(latency));
    }
    families.add("klamm_requests_total", "Requests taken", prom::MetricType::Counter) =
        std::move(counts);
    families.add("klamm_request_seconds", "From decoded to answered", prom::MetricType::Histogram) =
        std::move(latencies);
}

void add_host(Families& families, Metrics const& metrics, Gauges const& gauges) {
    families.counter("klamm_request_bytes_total", "Received", metrics.request_bytes.get());
    families.counter("klamm_response_bytes_total", "Sent", metrics.response_bytes.get());
    families.gauge(
        "klamm_connections", "Open",
        double(metrics.connections_opened.get()) - double(metrics.connections_closed.get()));
    families.counter("klamm_connections_opened_total", "Accepted",
                     metrics.connections_opened.get());
    families.counter("klamm_connections_refused_total", "Beyond max.connections",
                     metrics.connections_refused.get());
    families.counter("klamm_connections_cut_total", "Closed with a reason in the log",
                     metrics.connections_cut.get());
    families.counter("klamm_reads_paused_total", "A client had to wait for room",
                     metrics.reads_paused.get());
    families.counter("klamm_socket_reads_total", "recv calls", metrics.socket_reads.get());
    families.counter("klamm_socket_writes_total", "sendmsg calls", metrics.socket_writes.get());
    families.counter("klamm_broker_steps_total", "Times the broker took all that was there",
                     metrics.broker_steps.get());
    families.counter("klamm_broker_wakeups_total", "Times it slept before",
                     metrics.broker_wakeups.get());
    families.counter("klamm_io_wakeups_total", "Times an I/O thread was told of replies",
                     metrics.io_wakeups.get());
    families.counter("klamm_commits_total", "Group commits", metrics.commits.get());
    families.counter("klamm_commit_wakeups_total", "Times the journal's thread slept before one",
                     metrics.commit_wakeups.get());
    families.counter("klamm_cold_replies_total", "Completed by reading from the disk",
                     metrics.cold_replies.get());
    families.gauge("klamm_requests_queued", "Decoded, not yet taken by the broker",
                   double(gauges.requests_queued));
    families.gauge("klamm_cold_replies_queued", "Waiting for the disk",
                   double(gauges.replies_cold_queued));
    families.gauge("klamm_request_bytes_in_flight", "Being received or answered",
                   double(gauges.request_bytes_in_flight));
    families.gauge("klamm_cold_bytes", "Read back from the disk and not yet sent",
                   double(gauges.cold_bytes));
    families.gauge("klamm_ready", "1 while clients are served", gauges.ready ? 1 : 0);
    families.add("klamm_sync_seconds", "One group commit: write and sync",
                 prom::MetricType::Histogram) = {to_metric(metrics.sync)};
}

void add_http(Families& families, Metrics const& metrics, Gauges const& gauges) {
    std::vector<prom::ClientMetric> counts;
    for (std::size_t digit = 2; digit < Metrics::http_classes; ++digit) {
        prom::ClientMetric count;
        count.label = {{"code", std::to_string(digit) + "xx"}};
        count.counter.value = double(metrics.http_answers[digit].get());
        counts.push_back(std::move(count));
    }
    families.add("klamm_http_answers_total", "HTTP requests answered, by class of status",
                 prom::MetricType::Counter) = std::move(counts);
    families.gauge("klamm_http_connections", "Open at the HTTP port",
                   double(gauges.http_connections));
    families.counter("klamm_http_connections_refused_total", "Beyond the limit",
                     metrics.http_refused.get());
    families.gauge("klamm_registry_queued",
                   "Changes and comparisons that the registry's thread has not begun",
                   double(gauges.registry_queued));
    auto const& registry = gauges.broker.registry;
    families.gauge("klamm_registry_schemas", "Schemas that have an id", double(registry.schemas));
    families.gauge("klamm_registry_subjects", "Subjects", double(registry.subjects));
    families.gauge("klamm_registry_versions", "Versions of all subjects",
                   double(registry.versions));
}

void add_broker(Families& families, broker::Stats const& stats) {
    families.gauge("klamm_topics", "Topics", double(stats.topics));
    families.gauge("klamm_partitions", "Partitions of all topics", double(stats.partitions));
    families.gauge("klamm_groups", "Consumer groups", double(stats.groups));
    families.gauge("klamm_members", "Members of all groups", double(stats.members));
    families.gauge("klamm_producers", "Idempotent producers remembered", double(stats.producers));
    families.gauge("klamm_transactions_ongoing", "That readers with read_committed wait for",
                   double(stats.transactions_ongoing));
    families.gauge("klamm_fetches_waiting", "For records to arrive", double(stats.fetches_waiting));
    families.gauge("klamm_replies_waiting", "For the journal to become durable",
                   double(stats.replies_waiting));
    families.counter("klamm_records_in_total", "Records produced", stats.records_in);
    families.counter("klamm_record_bytes_in_total", "Bytes of batches produced",
                     stats.record_bytes_in);
    families.counter("klamm_record_bytes_out_total", "Bytes of batches fetched",
                     stats.record_bytes_out);
    families.counter("klamm_records_validated_total", "Looked at before they were stored",
                     stats.validation.validated);
    families.counter("klamm_records_refused_total",
                     "Of these, what did not obey the schemas of the topic",
                     stats.validation.refused);
    auto const& retention = stats.retention;
    families.counter("klamm_retention_records_deleted_total", "By retention.ms and retention.bytes",
                     retention.records_deleted);
    families.counter("klamm_retention_bytes_deleted_total", "The same in bytes of batches",
                     retention.bytes_deleted);
    families.counter("klamm_retention_unread_records_deleted_total",
                     "Of these, what a living group had not read",
                     retention.unread_records_deleted);
    families.gauge("klamm_retention_partitions_unread",
                   "With records that go soon, or are held, and that a living group has not read",
                   double(retention.partitions_unread));
    families.gauge("klamm_retention_held_bytes", "Kept by klamm.retention.guard=hold",
                   double(retention.held_bytes));
}

void add_storage(Families& families, broker::StorageStats const& storage) {
    families.counter("klamm_merges_total", "Jobs that moved records from the journal to L1",
                     storage.merges);
    families.counter("klamm_repacks_total", "Jobs that wrote sparse or small files anew",
                     storage.repacks);
    families.counter("klamm_compaction_passes_total", "Over one partition each", storage.passes);
    families.counter("klamm_compaction_records_dropped_total", "Superseded, or old tombstones",
                     storage.records_dropped);
    families.counter("klamm_storage_read_bytes_total", "By merging and compaction",
                     storage.bytes_read);
    families.counter("klamm_storage_written_bytes_total", "By merging and compaction",
                     storage.bytes_written);
    families.counter("klamm_storage_failures_total",
                     "Jobs without effect: no space, or the disk failed", storage.failures);
    families.counter("klamm_storage_damaged_total", "Partitions passed over because of damage",
                     storage.damaged);
    families.gauge("klamm_storage_no_room", "1 while the disk has no space for such jobs",
                   storage.no_room ? 1 : 0);
    families.gauge("klamm_l1_files", "Files of L1", double(storage.files));
    families.gauge("klamm_l1_bytes", "Bytes of these files", double(storage.file_bytes));
}

void add_disk(Families& families, journal::DiskStats const& disk) {
    families.counter("klamm_journal_written_bytes_total", "Written to segments",
                     disk.bytes_written);
    families.gauge("klamm_journal_segments", "That hold entries", double(disk.segments));
    families.gauge("klamm_journal_segments_ready", "Prepared ahead", double(disk.segments_ready));
    families.gauge("klamm_journal_waiting_bytes", "Appended, not yet durable",
                   double(disk.bytes_waiting));
    families.gauge("klamm_journal_cache_bytes", "Bodies kept in memory", double(disk.cache_bytes));
    families.counter("klamm_checkpoints_total", "Saved", disk.checkpoints);
}

}  // namespace

void Histogram::observe(std::chrono::nanoseconds duration) {
    auto const us = std::uint64_t(std::max<std::int64_t>(0, duration.count() / 1000));
    auto const bit = std::max(int(std::bit_width(us)), first_bit) - first_bit;
    counts_[std::min(std::size_t(bit), buckets)].add();
    sum_us_.add(us);
}

double Histogram::bound_seconds(std::size_t bucket) {
    if (bucket >= buckets) return std::numeric_limits<double>::infinity();
    return double(1ULL << (bucket + first_bit)) / 1e6;
}

std::string to_prometheus(Metrics const& metrics, Gauges const& gauges) {
    Families families;
    add_requests(families, metrics);
    add_host(families, metrics, gauges);
    add_http(families, metrics, gauges);
    families.gauge("klamm_journal_bytes", "Between the first position and the next",
                   double(gauges.journal_bytes));
    if (gauges.disk) add_disk(families, *gauges.disk);
    add_broker(families, gauges.broker);
    add_storage(families, gauges.broker.storage);
    return families.text();
}

}  // namespace klamm::host
