// handler/codecs.h - events as values of records and back: formats, schemas, the registry.
#pragma once

#include "klamm/app.h"
#include "klamm/bus/bus.h"

#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::handler {

/// A schema registry, over HTTP or in the same process; see registry_client.h. Its errors: `away`,
/// or `refused` with what it said.
class Registry {
public:
    /// What a schema imports: a schema of another subject.
    struct Reference {
        std::string name;
        std::string subject;
        std::int32_t version = 1;
    };
    struct Schema {
        std::string type;  ///< "AVRO", "JSON" or "PROTOBUF"
        std::string text;
        std::vector<Reference> references;
    };
    struct Registered {
        std::int32_t id = 0;
        std::int32_t version = 0;
        Schema schema;
    };

    virtual ~Registry() = default;
    /// Registers, or finds that it is; gives id and version. `refused`: incompatible, or no schema;
    /// `why` is what the registry says, with rule and path.
    virtual void register_schema(std::string const& subject, Schema schema,
                                 bus::Done<Registered> done) = 0;
    /// None: there is no such subject.
    virtual void latest(std::string const& subject, bus::Done<std::optional<Registered>> done) = 0;
    /// None: there is no such id. References of Avro schemas are resolved where the registry can.
    virtual void schema_by_id(std::int32_t id, bus::Done<std::optional<Schema>> done) = 0;
};

struct Encoded {
    std::string value;
    std::string_view
        content_type;  ///< "application/json", "application/avro", "application/protobuf"
    /// Not empty: the event cannot be written, and must not be sent: "field name: it is not UTF-8".
    std::string error;
};

/// Why a value is no event of the type.
struct Undecodable {
    std::string why;  ///< a sentence with the place: "/cents: expected a whole number, found \"x\""
};

class Codecs {
public:
    using Decoded = std::expected<std::shared_ptr<void const>, Undecodable>;

    virtual ~Codecs() = default;

    /// With a registry: schemas of what is sent are registered, under TOPIC-value (the App knows
    /// one type of events in the topic) or TOPIC-TYPE (several). Of what is only handled, the
    /// latest schema there must be one that this App can read; if there is none, its own is
    /// registered. `refused`: incompatible, or the format cannot do without a registry.
    virtual void prepare(App const& app, bus::Done<void> done) = 0;

    /// Requires that prepare() succeeded. Any thread: handlers send on theirs, also while the loop
    /// decodes. What was not declared with App::sends() or App::on() has no schema's id in front
    /// of it; in Avro that is an error.
    virtual Encoded encode(std::string const& topic, EventType const& type, void const* event) = 0;
    /// In any format that the value turns out to be in: JSON, or framed with a schema's id. A
    /// schema that is not known yet is fetched; `done` may come inside the call. An Error is the
    /// registry's: try again later.
    virtual void decode(EventType const& type, Message const& message,
                        std::move_only_function<void(bus::Result<Decoded>)> done) = 0;
    /// The same, if nobody has to be asked for it. None: decode() does more.
    virtual std::optional<Decoded> decode_now(EventType const& /*type*/,
                                              Message const& /*message*/) {
        return std::nullopt;
    }
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
