// handler/codecs.h - events as values of records and back: formats, schemas, the registry.
#pragma once

#include "klamm/app.h"
#include "klamm/bus/bus.h"

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

/// A schema registry, over HTTP or in the same process.
class Registry {
public:
    virtual ~Registry() = default;
    /// Registers, and gives the id. `refused`: incompatible; `why` is what the registry says, with
    /// path and rule. The schema's type is "AVRO", "JSON" or "PROTOBUF".
    virtual void register_schema(std::string const& subject, std::string const& type,
                                 std::string const& text, bus::Done<std::int32_t> done) = 0;
    struct Found {
        std::string type;
        std::string text;
    };
    virtual void schema_by_id(std::int32_t id, bus::Done<Found> done) = 0;
};

struct Encoded {
    std::string value;
    std::string content_type;  ///< "application/json", "application/avro", "application/protobuf"
    /// Not empty: the event cannot be written, and must not be sent: "field name: it is not UTF-8".
    std::string error;
};

/// Why a value is no event of the type.
struct Undecodable {
    std::string why;  ///< a sentence with the place: "/cents: expected a whole number, found \"x\""
};

class Codecs {
public:
    virtual ~Codecs() = default;

    /// Derives schemas of what is handled and sent, registers them under TOPIC-value (one type of
    /// events in the topic) or TOPIC-TYPE (several), checks compatibility. Without a registry:
    /// nothing but checking that the format can do without.
    virtual void prepare(App const& app, bus::Done<void> done) = 0;

    /// Requires that prepare() succeeded, or a format that needs no registry. Any thread: handlers
    /// send on theirs, also while the loop decodes.
    virtual Encoded encode(std::string const& topic, EventType const& type, void const* event) = 0;
    /// In any format that the value turns out to be in: JSON, or framed with a schema's id. A
    /// schema that is not known yet is fetched; `done` may come inside the call. An Error is the
    /// registry's: try again later.
    virtual void decode(EventType const& type, Message const& message,
                        std::move_only_function<void(
                            bus::Result<std::expected<std::shared_ptr<void const>, Undecodable>>)>
                            done) = 0;
};

/// `registry` may be null. It and `loop` live longer.
std::unique_ptr<Codecs> make_codecs(Format format, Registry* registry, bus::Loop& loop);

/// The JSON Schema and the Avro schema of a type, as text. Requires a described struct.
std::string json_schema(EventType const& type);
std::string avro_schema(EventType const& type);
/// State and stored events: JSON, without a schema. What JSON cannot hold (text that is not UTF-8,
/// an enum without a name) becomes null.
std::string to_json(EventType const& type, void const* event);
[[nodiscard]] std::expected<std::shared_ptr<void const>, Undecodable> from_json(
    EventType const& type, std::string_view text);

}  // namespace klamm::handler
