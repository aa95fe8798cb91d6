// Any text as an event in JSON: what is read is written, and read as the same.
#include "klamm/base/ensure.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/sample_event.h"

using namespace klamm;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const& type = event_type<sample::Everything>();
    auto const event = handler::from_json(type, {reinterpret_cast<char const*>(data), size});
    if (!event) {
        ensure(!event.error().why.empty());
        return 0;
    }
    auto const text = handler::to_json(type, event->get());
    auto const again = handler::from_json(type, text);
    ensure(again.has_value());
    ensure(handler::to_json(type, again->get()) == text);
    return 0;
}
