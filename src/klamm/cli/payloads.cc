#include "klamm/cli/payloads.h"

#include "klamm/cli/topic_reader.h"

#include <fmt/core.h>

namespace klamm::cli {
namespace {

constexpr std::int32_t messages_max = 10'000;  // of a schema, side by side
constexpr std::size_t message_depth_max = 20;  // inside each other

bool is_called(std::string const& full, std::string_view name) {
    return full == name || (full.ends_with(name) && full[full.size() - name.size() - 1] == '.');
}

std::optional<schema::MessageIndexes> search(schema::Schema const& schema, std::string_view name,
                                             schema::MessageIndexes const& around) {
    if (around.size() == message_depth_max) return std::nullopt;
    for (std::int32_t i = 0; i < messages_max; ++i) {
        auto indexes = around;
        indexes.push_back(i);
        auto const found = schema.record_name(indexes);
        if (found.empty()) return std::nullopt;
        if (is_called(found, name)) return indexes;
        if (auto inside = search(schema, name, indexes)) return inside;
    }
    return std::nullopt;
}

}  // namespace

ByteView view_of(std::string_view bytes) {
    return {reinterpret_cast<std::byte const*>(bytes.data()), bytes.size()};
}

std::expected<schema::SchemaPtr, std::string> PayloadReader::schema_of(
    schema::Framing const& framing) {
    auto const name = framing.id != 0 ? std::to_string(framing.id) : framing.guid;
    if (auto const it = known_.find(name); it != known_.end()) return it->second;
    auto const asked = [&]() -> std::expected<schema::SchemaPtr, std::string> {
        auto const found =
            framing.id != 0 ? registry_.by_id(framing.id, "") : registry_.by_guid(framing.guid);
        if (!found) return std::unexpected(found.error().what);
        if (!*found) return std::unexpected(fmt::format("the registry has no schema {}", name));
        auto parsed = registry_.parse((*found)->schema, (*found)->subject, false);
        if (!parsed)
            return std::unexpected(fmt::format("schema {}: {}", name, parsed.error().what));
        return *parsed;
    };
    if (known_.size() == schemas_max) known_.clear();
    return known_.emplace(name, asked()).first->second;
}

std::expected<Framed, std::string> PayloadReader::read(rd_kafka_message_t const& message, Part part,
                                                       std::string_view bytes) {
    auto const* const header_name = part == Part::key ? "__key_schema_id" : "__value_schema_id";
    auto const header = header_of(message, header_name);
    auto const framing = schema::read_framing(view_of(header ? *header : bytes));
    if (!framing) return std::unexpected(words_of(framing.error()));
    auto const schema = schema_of(*framing);
    if (!schema) return std::unexpected(schema.error());
    Framed framed{.id = framing->id, .guid = framing->guid, .schema = *schema};
    // Behind a GUID in a header stand Protobuf's indexes, too; the payload is then all payload.
    auto rest = view_of(header ? *header : bytes).subspan(framing->prefix_bytes);
    if ((*schema)->type() == schema::Type::protobuf) {
        auto indexes = schema::read_indexes(rest);
        if (!indexes) return std::unexpected(words_of(indexes.error()));
        framed.indexes = std::move(*indexes);
    }
    framed.payload = header ? view_of(bytes) : rest;
    return framed;
}

std::string why_refused(PayloadReader& payloads, rd_kafka_message_t const& message) {
    for (auto const part : {Part::value, Part::key}) {
        auto const bytes = part == Part::key ? key_of(message) : value_of(message);
        // Plain keys are most often permitted.
        if (!bytes || (part == Part::key && !bytes->starts_with('\0'))) continue;
        std::string const name = part == Part::key ? "key: " : "value: ";
        auto const framed = payloads.read(message, part, *bytes);
        if (!framed) return name + framed.error();
        auto const checked = framed->schema->check(framed->payload, framed->indexes);
        if (!checked) return name + words_of(checked.error());
    }
    return "it obeys its schema, which may not be one of the topic's subject";
}

std::string words_of(schema::PayloadError const& error) {
    return error.path.empty() ? error.why : fmt::format("{}: {}", error.path, error.why);
}

std::optional<schema::MessageIndexes> message_named(schema::Schema const& schema,
                                                    std::string_view name) {
    return search(schema, name, {});
}

}  // namespace klamm::cli
