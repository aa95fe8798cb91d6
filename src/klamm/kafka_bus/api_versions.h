// kafka_bus/api_versions.h - what brokers can do, as librdkafka's log tells it with debug=feature.
//
// Lines such as "  ApiKey OffsetFetch (9) Versions 0..8", one for each API of each broker that it
// connected to. There is no other way to learn of it.
#pragma once

#include "klamm/bus/bus.h"

#include <cstdint>
#include <map>
#include <mutex>
#include <string_view>

namespace klamm::kafka_bus {

class ApiVersions {
public:
    /// Any thread. What is no such line is passed over.
    void read(std::string_view line);
    /// Of the least able broker that was seen. Without any line all is taken to be there.
    bus::Capabilities capabilities() const;

private:
    mutable std::mutex mutex_;
    std::map<std::int32_t, std::int32_t> newest_;  ///< by API key
};

}  // namespace klamm::kafka_bus
