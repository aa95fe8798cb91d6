// klamm/message.h - a record as a handler meets it: where it is, what it is called, what came
// along.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm {

/// Milliseconds since 1970, as records have them. In a simulation it is the simulated time.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using std::chrono::milliseconds;

/// A header of a record. The value is bytes, by custom UTF-8; none: null.
struct Header {
    std::string name;
    std::optional<std::string> value;
    bool operator==(Header const&) const = default;
};
using Headers = std::vector<Header>;

/// The last header of this name, as Kafka's clients read them; none: there is none, or it is null.
std::optional<std::string_view> find_header(Headers const& headers, std::string_view name);
/// In the place of all headers of this name.
void set_header(Headers& headers, std::string_view name, std::string value);

/// Where a record is.
struct Position {
    std::string topic;
    std::int32_t partition = 0;
    std::int64_t offset = 0;
    auto operator<=>(Position const&) const = default;
};
std::string to_string(Position const& position);  ///< "orders/3@1042"

/// What CloudEvents calls the context of an event (https://github.com/cloudevents/spec, 1.0). A
/// record without these attributes has an id made of its position and the topic as its source.
struct EventContext {
    std::string id;      ///< unique together with `source`
    std::string source;  ///< who made it: "/orders-service"
    std::string type;    ///< "orders.placed"; empty: the record does not say
    std::string subject;
    std::string data_schema;
    std::string content_type;
    std::optional<Time> time;
    std::string correlation_id;  ///< of the story this is a part of: the id of its first event
    std::string causation_id;    ///< the id of the event that led to this one; empty: the first
    std::string traceparent;     ///< https://www.w3.org/TR/trace-context/
    std::string tracestate;
    bool operator==(EventContext const&) const = default;
};

/// A record. Views live as long as the call of the handler.
struct Message {
    Position position;
    Time timestamp;
    std::optional<std::string_view> key;    ///< bytes; none: null
    std::optional<std::string_view> value;  ///< bytes, the data of the event; none: a tombstone
    Headers headers;
    EventContext event;
};

}  // namespace klamm
