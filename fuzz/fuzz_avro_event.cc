// Any bytes as an event in Avro: our reader and the one that goes by the schema's text agree; what
// is read is written and read as the same; and as another writer's, it is resolved or refused.
#include "klamm/base/ensure.h"
#include "klamm/handler/codecs.h"
#include "klamm/handler/codecs/avro_events.h"
#include "klamm/handler/codecs/sample_event.h"
#include "klamm/schema/schema.h"

using namespace klamm;

namespace {

schema::SchemaPtr schema_of(EventType const& type) {
    auto parsed = schema::parse(schema::Type::avro, handler::avro_schema(type), {});
    ensure(parsed.has_value());
    return *parsed;
}

std::shared_ptr<void> read(EventType const& type, std::string_view bytes) {
    handler::AvroReader reader(bytes);
    auto event = type.make();
    type.read(reader, event.get());
    reader.expect_end();
    return reader.failed() ? nullptr : event;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
    auto const& type = event_type<sample::Everything>();
    static auto const schema = schema_of(type);
    std::string_view const bytes(reinterpret_cast<char const*>(data), size);
    auto const payload = std::as_bytes(std::span(bytes));
    auto const event = read(type, bytes);
    ensure((event != nullptr) == schema->check(payload, {}).has_value());
    if (event) {
        std::string written;
        handler::AvroWriter writer(written);
        type.write(writer, event.get());
        ensure(writer.error().empty());
        auto const again = read(type, written);
        ensure(again != nullptr);
        ensure(handler::to_json(type, again.get()) == handler::to_json(type, event.get()));
    }

    auto const& old = event_type<sample::PlacedV1>();
    static auto const old_schema = schema_of(old);
    static auto const document = json::parse(old_schema->canonical());
    if (auto const text = old_schema->to_json(payload, {})) {
        auto const& young = event_type<sample::PlacedV2>();
        auto const value = json::parse(*text);
        ensure(value.has_value());
        auto const resolved = json::print(handler::resolved(*value, *document, *young.shape));
        ensure(handler::from_json(young, resolved).has_value());
    }
    return 0;
}
