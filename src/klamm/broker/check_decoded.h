// broker/check_decoded.h - what prepare() does with a request that never was a frame.
#pragma once

#include "klamm/broker/request.h"

namespace klamm::broker {

/// Checks the batches of a Produce request, validates and compresses them, as prepare() does.
/// Requires an API that the broker answers, in a version that it has, and batches that nobody else
/// reads: their timestamps may be mended in place. Pure, any thread.
void check_decoded(Request& request, Compressions const* wanted, Validations const* validated);

}  // namespace klamm::broker
