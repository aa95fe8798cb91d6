#include "klamm/handler/codecs.h"

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/codecs/avro_events.h"
#include "klamm/handler/codecs/flat_events.h"
#include "klamm/handler/codecs/json_events.h"
#include "klamm/handler/codecs/preparation.h"
#include "klamm/schema/schema.h"

#include <fmt/format.h>

#include <map>
#include <unordered_map>
#include <utility>

namespace klamm::handler {
namespace {

using Decoded = Codecs::Decoded;
using Decide = std::move_only_function<void(bus::Result<Decoded>)>;

Decoded undecodable(std::string why) { return std::unexpected(Undecodable{std::move(why)}); }

ByteView bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

/// Magic byte and id in front of a value.
bool is_framed(std::string_view value) { return value.size() >= 5 && value.front() == '\0'; }

bool names_json(std::string_view content_type) {
    return content_type.starts_with("application/json") ||
           content_type.substr(0, content_type.find(';')).ends_with("+json");
}

Decoded read_json(EventType const& type, json::Value const& document) {
    JsonReader reader(document);
    auto event = type.make();
    type.read(reader, event.get());
    if (reader.failed()) return undecodable(reader.error());
    return event;
}

/// Null: it is not what is expected, see FlatReader.
std::shared_ptr<void const> read_flat(EventType const& type, std::string_view text) {
    auto const document = json::Flat::read(text);
    if (!document) return nullptr;
    FlatReader reader(*document);
    auto event = type.make();
    type.read(reader, event.get());
    return reader.failed() ? nullptr : event;
}

Decoded read_avro(EventType const& type, std::string_view payload) {
    AvroReader reader(payload);
    auto event = type.make();
    type.read(reader, event.get());
    reader.expect_end();
    if (reader.failed()) return undecodable("Avro: " + reader.error());
    return event;
}

/// A schema that somebody else wrote values with.
struct WriterSchema {
    std::string type;
    schema::SchemaPtr parsed;  ///< of Avro; null: `problem`
    json::Value document;
    std::string problem;
};

class AllCodecs final : public Codecs {
public:
    /// Schemas of other writers that are kept.
    static constexpr std::size_t writers_max = 1'000;

    AllCodecs(Format format, Registry* registry) : format_(format), registry_(registry) {}

    void prepare(App const& app, bus::Done<void> done) override;
    Encoded encode(std::string const& topic, EventType const& type, void const* event) override;
    void decode(EventType const& type, Message const& message, Decide done) override;
    std::optional<Decoded> decode_now(EventType const& type, Message const& message) override;

private:
    struct Waiting {
        EventType const* type;
        std::string payload;
        Decide done;
    };

    Encoded encode_protobuf(EventType const& type, void const* event, std::int32_t id) const;
    Decoded decode_protobuf(EventType const& type, std::string_view value) const;
    void fetch(std::int32_t id);
    void fetched(std::int32_t id, bus::Result<std::optional<Registry::Schema>> found);
    static Decoded read(EventType const& type, WriterSchema const& writer,
                        std::string_view payload);

    Format const format_;
    Registry* const registry_;
    /// Ends what prepare() still waits for when this ends.
    std::unique_ptr<Preparation> preparation_;
    SchemaIds ids_;  ///< does not change after prepare()
    std::unordered_map<std::int32_t, std::shared_ptr<WriterSchema const>> writers_;
    std::map<std::int32_t, std::vector<Waiting>> waiting_;
    /// Answers that come after the end find it gone.
    std::shared_ptr<AllCodecs*> alive_ = std::make_shared<AllCodecs*>(this);
};

void AllCodecs::prepare(App const& app, bus::Done<void> done) {
    preparation_ = make_preparation(format_, registry_, app);
    preparation_->start([this, done = std::move(done)](bus::Result<SchemaIds> ids) mutable {
        if (!ids) return done(std::unexpected(ids.error()));
        ids_ = *std::move(ids);
        done({});
    });
}

// ---- writing ------------------------------------------------------------------------------------

Encoded AllCodecs::encode(std::string const& topic, EventType const& type, void const* event) {
    auto const id = ids_.id_of(topic, type);
    if (type.protobuf) return encode_protobuf(type, event, id);
    Encoded encoded;
    if (id != 0) {
        auto const frame = schema::write_framing(id, schema::Type::json, {});
        encoded.value.assign(reinterpret_cast<char const*>(frame.data()), frame.size());
    }
    if (format_ == Format::avro) {
        encoded.content_type = "application/avro";
        AvroWriter writer(encoded.value);
        type.write(writer, event);
        encoded.error = writer.error();
        if (id == 0)
            encoded.error =
                fmt::format("{} in topic {} has no schema: declare it, app.sends<…>(\"{}\")",
                            type.name, topic, topic);
        return encoded;
    }
    JsonWriter writer;
    type.write(writer, event);
    encoded.content_type = "application/json";
    encoded.error = writer.error();
    if (encoded.value.empty())
        encoded.value = writer.take();
    else
        encoded.value += writer.take();
    return encoded;
}

Encoded AllCodecs::encode_protobuf(EventType const& type, void const* event,
                                   std::int32_t id) const {
    Encoded encoded;
    encoded.content_type = "application/protobuf";
    if (id != 0) {
        auto const frame =
            schema::write_framing(id, schema::Type::protobuf, type.protobuf->indexes);
        encoded.value.assign(reinterpret_cast<char const*>(frame.data()), frame.size());
    }
    if (!type.protobuf->write(event, encoded.value))
        encoded.error = fmt::format("{}: a required field is not set", type.name);
    return encoded;
}

// ---- reading ------------------------------------------------------------------------------------

void AllCodecs::decode(EventType const& type, Message const& message, Decide done) {
    if (auto decoded = decode_now(type, message)) return done(*std::move(decoded));
    auto const framing = schema::read_framing(bytes_of(*message.value));
    auto& waiting = waiting_[framing->id];
    waiting.push_back(
        {&type, std::string(message.value->substr(framing->prefix_bytes)), std::move(done)});
    if (waiting.size() == 1) fetch(framing->id);
}

std::optional<Decoded> AllCodecs::decode_now(EventType const& type, Message const& message) {
    if (is_structured(message.event.content_type))
        return undecodable(fmt::format("an event in structured mode that cannot be read: {}",
                                       problem_of_structured(message.value.value_or(""))));
    if (!message.value) return undecodable("the record has no value (a tombstone)");
    auto const value = *message.value;
    if (type.protobuf) return decode_protobuf(type, value);
    if (!is_framed(value)) {
        if (message.event.content_type.starts_with("application/avro") || value.starts_with('\0'))
            return undecodable("an Avro value needs its schema's id in front of it");
        return from_json(type, value);
    }
    auto const framing = schema::read_framing(bytes_of(value));
    if (!framing) return undecodable(framing.error().why);
    auto const payload = value.substr(framing->prefix_bytes);
    if (names_json(message.event.content_type)) return from_json(type, payload);
    if (format_ == Format::avro && ids_.is_ours(framing->id, type)) return read_avro(type, payload);
    if (auto const known = writers_.find(framing->id); known != writers_.end())
        return read(type, *known->second, payload);
    if (registry_ == nullptr && payload.starts_with('{')) return from_json(type, payload);
    if (registry_ == nullptr)
        return undecodable(fmt::format(
            "its schema has id {}, and there is no registry to look that up in", framing->id));
    return std::nullopt;
}

Decoded AllCodecs::decode_protobuf(EventType const& type, std::string_view value) const {
    // No message begins with a zero: that would be field 0.
    if (is_framed(value)) {
        auto payload = bytes_of(value.substr(5));
        auto const indexes = schema::read_indexes(payload);
        if (!indexes) return undecodable("Protobuf: " + indexes.error().why);
        auto const framing = schema::read_framing(bytes_of(value));
        if (framing && ids_.is_ours(framing->id, type) && *indexes != type.protobuf->indexes)
            return undecodable(fmt::format("it is another message of the file than {}", type.name));
        value = {reinterpret_cast<char const*>(payload.data()), payload.size()};
    }
    auto event = type.make();
    if (!type.protobuf->read(value, event.get()))
        return undecodable(fmt::format("it is no Protobuf message {}", type.name));
    return event;
}

void AllCodecs::fetch(std::int32_t id) {
    registry_->schema_by_id(id, [alive = std::weak_ptr(alive_),
                                 id](bus::Result<std::optional<Registry::Schema>> found) {
        if (auto const self = alive.lock()) (*self)->fetched(id, std::move(found));
    });
}

void AllCodecs::fetched(std::int32_t id, bus::Result<std::optional<Registry::Schema>> found) {
    auto waiting = std::exchange(waiting_[id], {});
    waiting_.erase(id);
    auto const decide = [&](auto const& outcome_of) {
        for (auto& each : waiting) each.done(outcome_of(each));
    };
    if (!found)
        return decide(
            [&](Waiting const&) -> bus::Result<Decoded> { return std::unexpected(found.error()); });
    if (!*found)
        return decide([&](Waiting const&) -> bus::Result<Decoded> {
            return undecodable(fmt::format("the registry has no schema with id {}", id));
        });
    WriterSchema writer{(*found)->type, nullptr, {}, ""};
    if (writer.type == "AVRO") {
        auto parsed = schema::parse(schema::Type::avro, (*found)->text, {}, {.strict = false});
        auto document = parsed ? json::parse((*parsed)->canonical()) : json::parse("null");
        if (parsed && document) {
            writer.parsed = *parsed;
            writer.document = *std::move(document);
        } else {
            writer.problem = parsed ? document.error().why : parsed.error().why;
        }
    }
    if (writers_.size() >= writers_max) writers_.clear();
    auto const kept = std::make_shared<WriterSchema const>(std::move(writer));
    writers_.insert_or_assign(id, kept);
    decide([&](Waiting const& each) -> bus::Result<Decoded> {
        return read(*each.type, *kept, each.payload);
    });
}

Decoded AllCodecs::read(EventType const& type, WriterSchema const& writer,
                        std::string_view payload) {
    if (writer.type == "JSON") return from_json(type, payload);
    if (writer.type != "AVRO")
        return undecodable(
            fmt::format("it was written with a schema of type {}, and {} is a "
                        "described struct",
                        writer.type, type.name));
    if (!writer.parsed) return undecodable("the writer's schema: " + writer.problem);
    auto const text = writer.parsed->to_json(bytes_of(payload), {});
    if (!text) return undecodable(fmt::format("Avro: {}: {}", text.error().path, text.error().why));
    auto const document = json::parse(*text);
    if (!document) return undecodable("Avro: " + document.error().why);
    return read_json(type, resolved(*document, writer.document, *type.shape));
}

}  // namespace

std::unique_ptr<Codecs> make_codecs(Format format, Registry* registry, bus::Loop&) {
    return std::make_unique<AllCodecs>(format, registry);
}

std::string to_json(EventType const& type, void const* event) {
    JsonWriter writer;
    type.write(writer, event);
    return writer.take();
}

std::expected<std::shared_ptr<void const>, Undecodable> from_json(EventType const& type,
                                                                  std::string_view text) {
    if (auto event = read_flat(type, text)) return event;
    auto const document = json::parse(text);
    if (!document) return undecodable("it is no JSON: " + document.error().why);
    return read_json(type, *document);
}

}  // namespace klamm::handler
