#include "klamm/handler/codecs.h"

#include "klamm/handler/cloud_event.h"
#include "klamm/handler/codecs/json_events.h"

#include <fmt/format.h>

namespace klamm::handler {
namespace {

using Decoded = std::expected<std::shared_ptr<void const>, Undecodable>;

class PlainCodecs final : public Codecs {
public:
    explicit PlainCodecs(Format format) : format_(format) {}

    void prepare(App const& app, bus::Done<void> done) override {
        for (auto const& each : app.declarations())
            if (auto why = problem_of(*each.type); !why.empty())
                return done(std::unexpected(bus::Error{bus::Error::Kind::refused, why}));
        for (auto const& each : app.sends())
            if (auto why = problem_of(*each.type); !why.empty())
                return done(std::unexpected(bus::Error{bus::Error::Kind::refused, why}));
        done({});
    }

    Encoded encode(std::string const&, EventType const& type, void const* event) override {
        Encoded encoded;
        if (type.protobuf) {
            encoded.content_type = "application/protobuf";
            if (!type.protobuf->write(event, encoded.value))
                encoded.error = "a required field is not set";
            return encoded;
        }
        JsonWriter writer;
        type.write(writer, event);
        encoded.content_type = "application/json";
        encoded.error = writer.error();
        encoded.value = writer.take();
        return encoded;
    }

    void decode(EventType const& type, Message const& message,
                std::move_only_function<void(bus::Result<Decoded>)> done) override {
        done(decoded(type, message));
    }

private:
    std::string problem_of(EventType const& type) const {
        if (type.protobuf || format_ == Format::json) return {};
        if (format_ == Format::avro)
            return "format avro needs a schema registry, and there is none: give its URL, or use "
                   "format json";
        return fmt::format(
            "format protobuf is for classes that protoc generated, and {} is a described struct: "
            "use format json or avro",
            type.name);
    }

    static Decoded decoded(EventType const& type, Message const& message) {
        if (is_structured(message.event.content_type))
            return std::unexpected(
                Undecodable{fmt::format("an event in structured mode that cannot be read: {}",
                                        problem_of_structured(message.value.value_or("")))});
        if (!message.value)
            return std::unexpected(Undecodable{"the record has no value (a tombstone)"});
        if (!type.protobuf) return from_json(type, *message.value);
        auto event = type.make();
        if (!type.protobuf->read(*message.value, event.get()))
            return std::unexpected(
                Undecodable{fmt::format("it is no Protobuf message {}", type.name)});
        return event;
    }

    Format const format_;
};

}  // namespace

std::unique_ptr<Codecs> make_codecs(Format format, Registry*, bus::Loop&) {
    return std::make_unique<PlainCodecs>(format);
}

std::string to_json(EventType const& type, void const* event) {
    JsonWriter writer;
    type.write(writer, event);
    return writer.take();
}

std::expected<std::shared_ptr<void const>, Undecodable> from_json(EventType const& type,
                                                                  std::string_view text) {
    auto const document = json::parse(text);
    if (!document) return std::unexpected(Undecodable{"it is no JSON: " + document.error().why});
    JsonReader reader(*document);
    auto event = type.make();
    type.read(reader, event.get());
    if (reader.failed()) return std::unexpected(Undecodable{reader.error()});
    return event;
}

}  // namespace klamm::handler
