// fuzz/fuzz_delayed.cc - entries of delayed events: what is read says the same when it is written
// and read again.
#include "klamm/base/ensure.h"
#include "klamm/handler/delayed.h"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    using namespace klamm::handler;
    auto const event = read_delayed({reinterpret_cast<char const*>(data), size});
    if (!event) {
        klamm::ensure(!event.error().empty());
        return 0;
    }
    auto const written = write_delayed(*event);
    auto const again = read_delayed(written);
    klamm::ensure(again.has_value());
    klamm::ensure(write_delayed(*again) == written);
    klamm::ensure(again->value == event->value && again->key == event->key);
    return 0;
}
