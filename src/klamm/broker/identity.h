// broker/identity.h - how a client knows that it speaks to Klamm.
#pragma once

#include <cstdint>
#include <string_view>

namespace klamm::broker {

/// A feature (KIP-584) among those that ApiVersions names. Clients of Kafka pass over what they do
/// not know.
inline constexpr std::string_view klamm_feature = "klamm.version";
inline constexpr std::int16_t klamm_feature_version = 1;

}  // namespace klamm::broker
