// handler/cloud_event.h - the context of events in the headers of records: CloudEvents 1.0 for
// Kafka, W3C trace context.
//
//     EventContext     header            EventContext       header
//     id               ce_id             content_type       content-type
//     source           ce_source         correlation_id     ce_correlationid
//     type             ce_type           causation_id       ce_causationid
//     subject          ce_subject        traceparent        traceparent
//     data_schema      ce_dataschema     tracestate         tracestate
//     time             ce_time
//
// Source:
// https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/kafka-protocol-binding.md,
// https://www.w3.org/TR/trace-context/
#pragma once

#include "klamm/bus/header_block.h"
#include "klamm/message.h"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace klamm::handler {

/// Binary mode, in place: ce_… headers, content-type, traceparent. What the context does not say
/// stays as it is.
void write_context(Headers& headers, EventContext const& context);

/// EventContext, looked at where it lies.
struct ContextView {
    std::string_view id;
    std::string_view source;
    std::string_view type;
    std::string_view subject;
    std::string_view data_schema;
    std::string_view content_type;
    std::optional<Time> time;
    std::string_view correlation_id;
    std::string_view causation_id;
    std::string_view traceparent;
    std::string_view tracestate;
};
void write_headers(Headers& headers, ContextView const& context);
/// The same headers, for a record that has no others of these names.
void write_headers(bus::HeaderBlock& headers, ContextView const& context);

/// A view of a record that knows its event.
struct Incoming {
    Message message;
    /// Null, or what the value looks at: it moves and is copied with the message.
    std::shared_ptr<std::string const> storage;
};
/// Reads the context from the headers, or from an event in structured mode, which is turned into
/// one in binary mode: the value becomes the data, the attributes become headers.
///
/// Without an id and a source the record's position is its id ("orders/3@1042") and "/" and its
/// topic the source: nothing else is known to be unique. An event in structured mode that cannot
/// be read stays as it is; Codecs::decode() says why. Requires that nothing is known of it before.
Incoming read_message(Message record);

/// "application/cloudevents+json", with whatever parameters.
bool is_structured(std::string_view content_type);
/// Why a value in structured mode cannot be read; empty: it can.
std::string problem_of_structured(std::string_view value);

/// Of an event that a handler sends: id from the cause, the handler and the number of the send, so
/// that it is the same each time; correlation, causation and trace go on.
class SendContext {
public:
    using Id = std::array<char, 36>;  ///< a UUID
    SendContext(EventContext const& cause, std::string_view handler, std::uint32_t number,
                std::string_view source, std::string_view type, Time now);
    SendContext(SendContext const&) = delete;
    SendContext& operator=(SendContext const&) = delete;

    Id const& id() const { return id_; }

    ContextView view;  ///< of what it was made from, and of this

private:
    Id id_;
    std::string traceparent_;
};

/// As W3C defines them; what is none must not be carried further.
bool is_traceparent(std::string_view text);
/// The same trace, another span: made from `id`, so that it is the same each time. Empty: `parent`
/// is none.
std::string child_traceparent(std::string_view parent, std::string_view id);

}  // namespace klamm::handler
