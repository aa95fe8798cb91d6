// postgres/relay.h - moves rows of an outbox into the log, each once.
//
//   take progress ──▶ delete what it names ──▶ next rows ──▶ commit events + progress ──▶ delete
//   rows
//                                                ▲                                          │
//                                                └──────────────────────────────────────────┘
//
// The progress topic NAME-outbox-progress is compacted and has one key: the ids of the last batch.
// Thread: the loop's.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/health.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace klamm::postgres {

struct Row {
    std::string id;
    std::string aggregate_type;
    std::string aggregate_id;
    std::string type;
    std::optional<std::string> payload;
    std::optional<std::int64_t> timestamp_ms;
    std::string tracing;  ///< "traceparent=…" lines, as java.util.Properties writes them
    std::string headers;  ///< JSON object; empty: none. The inbox writes them.
    bool operator==(Row const&) const = default;
};

/// The outbox table. An error is one sentence; it is tried again after a pause.
class Table {
public:
    template <class T>
    using Done = std::move_only_function<void(std::expected<T, std::string>)>;

    virtual ~Table() = default;
    /// The first rows by number, at most so many.
    virtual void next(std::int32_t rows_max, Done<std::vector<Row>> done) = 0;
    /// Those that are gone already are no error.
    virtual void remove(std::vector<std::string> ids, Done<void> done) = 0;
    /// Calls back once, when rows may have come since the last next(), or after `patience`.
    virtual void wait(Duration patience, std::move_only_function<void()> done) = 0;
};

struct RelayOptions {
    std::string name = "outbox";
    std::string topic_prefix = "outbox.event.";
    std::int32_t partitions = 4;
    std::int32_t batch = 500;
    Duration poll_interval{5'000};
    Duration retry_pause{1'000};
    /// Deletes rows before their events are committed. Only tests set it.
    bool wrong_delete_first = false;
    /// Forgets what the progress topic says. Only tests set it.
    bool wrong_no_progress = false;
};

class Relay {
public:
    Relay(bus::Loop& loop, bus::Bus& bus, Table& table, RelayOptions options,
          std::function<void(std::string const&)> log);
    ~Relay();  ///< as a crash would
    Relay(Relay const&) = delete;
    Relay& operator=(Relay const&) = delete;

    void start();
    std::uint64_t relayed() const;
    std::vector<Problem> problems() const;

private:
    struct Parts;
    std::shared_ptr<Parts> parts_;
};

/// The record that a row becomes.
bus::Outgoing record_of(Row const& row, RelayOptions const& options);
std::string progress_topic(std::string const& name);

}  // namespace klamm::postgres
