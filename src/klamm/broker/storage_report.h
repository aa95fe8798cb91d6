// broker/storage_report.h - where a topic's records are, what compaction did and what it will do
// next: for people and for programs, as JSON.
//
//   {"topic": "t", "partitions": [{"partition": 0, "log_start": 0, "next_offset": 9, "bytes": 640,
//     "journal_bytes": 128, "l1_bytes": 512,
//     "retention": {"last": {"at_ms": ..., "records": ..., "bytes": ..., "reason": "retention.ms"},
//       "next": "the oldest records ..."},
//     "compaction": {"first_dirty": 7, "dirty_bytes": 128, "dirty_ratio": 0.2, "passes": 1,
//       "last": {"at_ms": ..., "took_ms": ..., "bytes_before": ..., "bytes_after": ...,
//                "records_before": ..., "records_after": ..., "reason": "..."},
//       "next": "waits: ..."}}],
//    "validation": {"key": "off", "value": "payload", "records_validated": 9,
//      "records_refused": 1, "last": {"at_ms": ..., "partition": 0, "text": "..."}}}
//
// "retention" is there for topics that delete old records, "compaction" for compacted ones,
// "validation" for those whose records are validated; "last" is null when there was nothing yet,
// for retention and validation since the start of the process. Later versions add fields. It goes
// out by HTTP (/api/topics/NAME) and as the value of the read-only config klamm.report of a topic,
// which DescribeConfigs gives to whoever asks for it by name.
#pragma once

#include "klamm/broker/retention.h"
#include "klamm/broker/state.h"
#include "klamm/broker/storage.h"
#include "klamm/broker/validation/tally.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace klamm::broker {

inline constexpr std::string_view report_config = "klamm.report";

/// Who knows what was done and what is under way.
struct Keepers {
    State const& state;
    Retention const& retention;
    Storage const& storage;
    ValidationTally const& tally;
};

std::string report_topic(Topic const& topic, Keepers const& keepers, std::int64_t now_ms);

}  // namespace klamm::broker
