// kafka/message.h - encode and decode a whole message, cheap to include.
//
// The templates declared here are defined in codec.h and print.h and instantiated once for each
// message, in messages/*.cc (see instantiate.h).
#pragma once

#include "klamm/base/ensure.h"
#include "klamm/kafka/schema.h"
#include "klamm/kafka/wire.h"

#include <expected>
#include <string>

namespace klamm::kafka {

/// Appends `message`. Requires a version that T supports, and no value that this version cannot
/// carry: see Presence::ignorable and Presence::nullable_since.
template <Message T>
void encode(Writer& out, T const& message, ApiVersion version);

/// Reads one message; ask in.failed() afterwards. Requires a version that T supports.
template <Message T>
void decode(Reader& in, T& message, ApiVersion version);

/// The bytes of `message` alone, without a length or a header before it, in one piece.
template <Message T>
Bytes encode(T const& message, ApiVersion version) {
    Writer out;
    encode(out, message, version);
    return flatten(std::move(out).finish());
}

/// The message in `frame`, which must hold exactly one and nothing else.
template <Message T>
[[nodiscard]] std::expected<T, DecodeError> decode(Slice const& frame, ApiVersion version) {
    Reader in{frame};
    T message;
    decode(in, message, version);
    if (!in.failed() && in.bytes_left() > 0) in.fail(Refusal::trailing_bytes);
    if (in.failed()) return std::unexpected(in.error());
    return message;
}

}  // namespace klamm::kafka
