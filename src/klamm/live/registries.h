// live/registries.h - the schema registries that an App can have: one over HTTP, or that of the
// broker in this process.
#pragma once

#include "klamm/bus/loop.h"
#include "klamm/handler/codecs.h"
#include "klamm/host/registry_service.h"

#include <memory>
#include <string>

namespace klamm::live {

// Made, used and destroyed on `loop`, which lives longer.

/// `service` lives longer.
std::unique_ptr<handler::Registry> local_registry(host::RegistryService& service, bus::Loop& loop);

/// "http://name:password@host:8081". Requests wait in a thread of its own, one after the other;
/// destroying it waits for the one that is under way.
std::unique_ptr<handler::Registry> http_registry(std::string url, bus::Loop& loop);

}  // namespace klamm::live
