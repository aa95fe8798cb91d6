// handler/codecs/schemas.h - what schemas of described structs are derived for besides being
// registered.
#pragma once

#include "klamm/event.h"

#include <string>

namespace klamm::handler {

/// The JSON Schema of what our reader accepts: as json_schema(), but unknown fields are ignored.
std::string open_json_schema(EventType const& type);

}  // namespace klamm::handler
