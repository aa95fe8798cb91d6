// cli/storage_words.h - what retention and compaction did with a topic and will do next, and what
// validation refused, in words.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

/// From the report of a broker (broker/storage_report.h): paragraphs of a few lines, each with the
/// partitions that it is true of, if not of the topic. Nothing for other brokers.
std::vector<std::string> storage_words(std::string_view report, std::int64_t now_ms);

}  // namespace klamm::cli
