// Takes arbitrary bytes for the state of a checkpoint: taken over or refused, never a crash; and
// what is taken over can be saved again.
#include "klamm/base/ensure.h"
#include "klamm/broker/snapshot.h"

using namespace klamm;
using namespace klamm::broker;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    State state{Options{}};
    if (thaw(state, std::as_bytes(std::span{data, size}))) return 0;
    auto const bytes = assemble(freeze(state));
    State again{Options{}};
    ensure(!thaw(again, bytes));
    ensure(assemble(freeze(again)) == bytes);
    return 0;
}
