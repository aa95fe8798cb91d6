// broker/options.h - what the broker is told from outside. Kafka's names for Kafka's things.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace klamm::broker {

struct Options {
    std::int32_t node_id = 1;
    std::string advertised_host = "127.0.0.1";
    std::int32_t advertised_port = 9092;
    std::int32_t http_port = 8081;  ///< for messages that send people there

    bool auto_create_topics_enable = true;
    std::int32_t num_partitions = 1;           ///< of topics created without a number
    std::int32_t message_max_bytes = 1048588;  ///< Kafka's default: 1 MiB and a batch header
    std::int32_t partitions_max = 200000;      ///< of all topics together
    std::int32_t topic_name_bytes_max = 249;

    std::chrono::milliseconds log_retention_check_interval_ms{300000};
    /// What klamm.retention.guard=hold keeps at most, of all topics together.
    std::int64_t retention_guard_hold_bytes = 10LL * 1024 * 1024 * 1024;

    std::chrono::milliseconds group_initial_rebalance_delay_ms{0};
    std::chrono::milliseconds group_min_session_timeout_ms{6000};
    std::chrono::milliseconds group_max_session_timeout_ms{1800000};
    std::int32_t group_max_size = 10000;
    std::chrono::milliseconds group_consumer_session_timeout_ms{45000};
    std::chrono::milliseconds group_consumer_min_session_timeout_ms{45000};
    std::chrono::milliseconds group_consumer_max_session_timeout_ms{60000};
    std::chrono::milliseconds group_consumer_heartbeat_interval_ms{5000};
    std::chrono::milliseconds group_consumer_min_heartbeat_interval_ms{5000};
    std::chrono::milliseconds group_consumer_max_heartbeat_interval_ms{15000};
    std::int32_t group_consumer_max_size = 10000;
    std::chrono::minutes offsets_retention_minutes{10080};
    std::int32_t offset_metadata_max_bytes = 4096;

    /// How often clients shall push metrics (KIP-714); 0: not at all.
    std::chrono::milliseconds client_metrics_interval_ms{0};

    std::chrono::milliseconds producer_id_expiration_ms{86400000};
    std::int32_t producers_max = 100000;  ///< resident producer ids; the oldest go first
    std::chrono::milliseconds transaction_max_timeout_ms{900000};
    std::chrono::milliseconds transactional_id_expiration_ms{604800000};
    std::int32_t max_incremental_fetch_session_cache_slots = 1000;
    std::chrono::milliseconds fetch_max_wait_ms{300000};  ///< a client may not ask for more
    std::int32_t fetch_max_bytes = 57671680;              ///< Kafka's default: 55 MiB a response

    /// The journal's segments (L0) may hold so much; what is older is merged into L1 files.
    std::int64_t journal_bytes = 1024 * 1024 * 1024;
    /// One job of merging or compaction writes at most so much before it gives space back.
    std::int64_t storage_job_bytes = 128 * 1024 * 1024;
    /// A partition with more in one job gets a file of its own.
    std::int64_t own_file_bytes = 8 * 1024 * 1024;
    std::int32_t l1_block_bytes = 64 * 1024;  ///< of consecutive batches that are read together
    /// Fewer dirty bytes are not worth a pass of compaction; see segment.bytes and segment.ms.
    std::int64_t compaction_bytes_min = 16 * 1024 * 1024;
    std::int64_t compaction_map_bytes = 128 * 1024 * 1024;  ///< keys of one pass
    /// What could not be read or written is not tried again before.
    std::chrono::milliseconds storage_retry_ms{30000};
};

}  // namespace klamm::broker
