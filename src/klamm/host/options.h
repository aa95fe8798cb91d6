// host/options.h - what `klamm serve` is told: where to listen and store, and every limit by name.
#pragma once

#include "klamm/broker/options.h"
#include "klamm/host/address.h"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::host {

/// What an acknowledgement promises.
enum class Durability : std::uint8_t {
    synced,      ///< on stable storage
    page_cache,  ///< survives the process, not the machine
    memory,      ///< survives nothing
};

std::string_view to_string(Durability durability);  ///< "synced", "page-cache", "memory"
std::optional<Durability> parse_durability(std::string_view text);

struct Options {
    std::optional<Address> kafka{{"127.0.0.1", 9092}};  ///< none: no port
    std::optional<Address> http{{"127.0.0.1", 8081}};
    std::optional<Address> advertise;  ///< none: the address that is listened on
    std::string data = "klamm-data";
    Durability durability = Durability::synced;
    broker::Options broker;

    std::int32_t io_threads = 1;
    std::int32_t connections_max = 20000;
    std::int32_t http_connections_max = 2000;
    std::int32_t request_bytes_max = 100 * 1024 * 1024;
    std::int32_t requests_queued_max = 1000;  ///< decoded, not yet taken by the broker
    std::int32_t requests_per_connection_max = 100;
    /// Frames that are being received or answered, over all connections.
    std::int64_t request_bytes_in_flight_max = 256 * 1024 * 1024;
    /// A connection gets no further response encoded while more than this waits to be sent.
    std::int64_t response_bytes_buffered_max = 1024 * 1024;
    /// Record bytes read back from the disk that are not sent yet, over all connections.
    std::int64_t cold_bytes_max = 256 * 1024 * 1024;
    std::chrono::milliseconds connection_idle_max{600'000};
    std::chrono::milliseconds frame_silence_max{30'000};  ///< inside a frame, and for slow readers
    std::int64_t memory_bytes_max = 1024 * 1024 * 1024;   ///< of records, with Durability::memory
    std::int64_t checkpoint_bytes = 64 * 1024 * 1024;     ///< journaled between two checkpoints
    /// Read and written by merging and compaction, while the journal is within its budget.
    std::int64_t storage_bytes_per_second = 64 * 1024 * 1024;
    std::chrono::milliseconds drain_max{10'000};  ///< for answers in flight when stopping
};

}  // namespace klamm::host
