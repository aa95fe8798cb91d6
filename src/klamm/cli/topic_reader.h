// cli/topic_reader.h - parts of a topic, read once, without a group.
#pragma once

#include "klamm/cli/client.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace klamm::cli {

/// By partition: the first offset, and the one behind the last.
using OffsetRanges = std::map<std::int32_t, std::pair<std::int64_t, std::int64_t>>;

/// All that is in a topic now. The failure names the topic if there is none.
Outcome<OffsetRanges> ranges_of(Client& client, std::string const& topic);
/// The last `count` offsets of the topic: from the ends of its partitions, as evenly as they go.
OffsetRanges last_of(OffsetRanges ranges, std::int64_t count);

/// Offsets that hold no record (markers, compaction) are passed over. Ends early when the user
/// asks for it (Ctrl-C): a failure.
Outcome<> read_ranges(ClientOptions const& options, std::string const& topic,
                      OffsetRanges const& ranges,
                      std::function<void(rd_kafka_message_t const&)> const& visit);

/// None: null.
std::optional<std::string_view> key_of(rd_kafka_message_t const& message);
std::optional<std::string_view> value_of(rd_kafka_message_t const& message);
/// The last header of that name.
std::optional<std::string_view> header_of(rd_kafka_message_t const& message, char const* name);

}  // namespace klamm::cli
