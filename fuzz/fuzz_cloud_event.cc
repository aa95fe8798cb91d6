// Any bytes as an event in structured mode, as the headers of one, as a time, as a trace.
#include "klamm/base/ensure.h"
#include "klamm/handler/cloud_event.h"
#include "klamm/handler/rfc3339.h"

using namespace klamm;

namespace {

Message record(std::string_view value, Headers headers) {
    Message message;
    message.position = {"t", 0, 7};
    message.value = value;
    message.headers = std::move(headers);
    return message;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    std::string const text(reinterpret_cast<char const*>(data), size);
    auto const first =
        handler::read_message(record(text, {{"content-type", "application/cloudevents+json"}}));
    bool const taken = first.message.event.content_type != "application/cloudevents+json";
    if (!handler::problem_of_structured(text).empty()) ensure(!taken);
    if (taken) {
        // In binary mode now, and so read as the same again, unless its data are an event, too.
        auto const again =
            handler::read_message(record(first.message.value.value_or(""), first.message.headers));
        if (!handler::is_structured(first.message.event.content_type))
            ensure(again.message.event == first.message.event);
    }
    if (auto const time = handler::from_rfc3339(text))
        ensure(handler::from_rfc3339(handler::to_rfc3339(*time)) == time);
    auto const child = handler::child_traceparent(text, "1");
    ensure(child.empty() ? !handler::is_traceparent(text) : handler::is_traceparent(child));
    auto const headers = handler::read_message(record(
        "", {{"ce_id", text}, {"ce_source", text}, {"ce_time", text}, {"traceparent", text}}));
    ensure(!headers.message.event.id.empty());
    return 0;
}
