// broker/words.h - numbers as people say them, for notices and descriptions.
#pragma once

#include <cstdint>
#include <string>

namespace klamm::broker {

/// The two largest units: "6 d 23 h", "1 min 5 s", "12 ms". Negative ones read "0 ms".
std::string duration_in_words(std::int64_t ms);
/// One digit behind the point from 1 KiB on: "512 B", "1.5 GiB".
std::string bytes_in_words(std::uint64_t bytes);

}  // namespace klamm::broker
