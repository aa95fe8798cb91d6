// schema/avro/utf8.h - whether bytes are UTF-8, fast where they are ASCII.
#pragma once

#include "klamm/base/bytes.h"

namespace klamm::schema::avro {

/// No surrogates, nothing overlong, nothing beyond U+10FFFF.
bool is_utf8(ByteView bytes);

}  // namespace klamm::schema::avro
