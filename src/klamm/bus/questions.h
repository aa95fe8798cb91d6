// bus/questions.h - requests about offsets that several clients make.
#pragma once

#include "klamm/bus/bus.h"
#include "klamm/kafka/messages/list_offsets.h"
#include "klamm/kafka/messages/offset_fetch.h"

#include <vector>

namespace klamm::bus {

inline constexpr std::int8_t read_committed = 1;
inline constexpr kafka::ApiVersion list_offsets_version = 7;
inline constexpr kafka::ApiVersion offset_fetch_version = 9;

kafka::ListOffsetsRequest list_request(TopicPartition const& partition, std::int64_t timestamp);

/// Of stable offsets; of a member when `epoch` is one. `partitions` are in order.
kafka::OffsetFetchRequest offsets_request(std::string const& group, std::string const& member_id,
                                          std::int32_t epoch,
                                          std::vector<TopicPartition> const& partitions);

}  // namespace klamm::bus
