// Any text as an event in JSON: what is read is written, and read as the same. What the fast reader
// reads is what the other one reads.
#include "klamm/base/ensure.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/flat_events.h"
#include "klamm/handler/codecs/json_events.h"
#include "klamm/handler/codecs/sample_event.h"

using namespace klamm;

namespace {

/// How it is written again. Empty: it cannot be read.
std::string read(EventType const& type, Reader& reader) {
    auto const event = type.make();
    type.read(reader, event.get());
    return reader.failed() ? std::string() : handler::to_json(type, event.get());
}

void compare(EventType const& type, std::string_view text) {
    auto const flat = json::Flat::read(text);
    if (!flat) return;
    auto const whole = json::parse(text);
    ensure(whole.has_value());
    handler::FlatReader fast(*flat);
    auto const written = read(type, fast);
    handler::JsonReader slow(*whole);
    ensure(written.empty() || written == read(type, slow));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const& type = event_type<sample::Everything>();
    std::string_view const input(reinterpret_cast<char const*>(data), size);
    compare(type, input);
    auto const event = handler::from_json(type, input);
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
