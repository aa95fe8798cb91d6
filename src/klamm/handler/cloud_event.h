// handler/cloud_event.h - the context of events in the headers of records: CloudEvents 1.0 for
// Kafka, W3C trace context.
//
// Source:
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md,
// https://www.w3.org/TR/trace-context/
#pragma once

#include "klamm/message.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace klamm::handler {

/// Binary mode, in place: ce_… headers, content-type, traceparent.
void write_context(Headers& headers, EventContext const& context);

/// A view of a record that knows its event: binary mode, structured mode (then `value` becomes a
/// view of the data inside, which `storage` keeps), or a plain record, whose id is its position
/// ("orders/3@1042") and whose source is "/" and its topic.
struct Incoming {
    Message message;
    std::string storage;
};
Incoming read_message(Message record);

/// Of an event that a handler sends: id from the cause, the handler and the number of the send, so
/// that it is the same each time; correlation, causation and trace go on. `parent` is not changed.
EventContext context_of_send(EventContext const& cause, std::string_view handler,
                             std::uint32_t number, std::string_view source, std::string_view type,
                             Time now);
/// The same trace, another span: made from `id`, so that it is the same each time.
std::string child_traceparent(std::string_view parent, std::string_view id);

}  // namespace klamm::handler
