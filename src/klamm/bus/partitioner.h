// bus/partitioner.h - which partition a key belongs to: as Kafka's Java client decides it.
#pragma once

#include <cstdint>
#include <string_view>

namespace klamm::bus {

/// As org.apache.kafka.common.utils.Utils.murmur2.
std::int32_t murmur2(std::string_view bytes);

/// Requires `partitions` > 0.
inline std::int32_t partition_of(std::string_view key, std::int32_t partitions) {
    return (murmur2(key) & 0x7fffffff) % partitions;
}

}  // namespace klamm::bus
