#include "klamm/registry/entities.h"

#include "klamm/registry/refusals.h"
#include "klamm/registry/tags.h"

#include <algorithm>

namespace klamm::registry {

namespace {

void set_content(json::Value& entity, Content const& content) {
    if (!content.references.empty()) entity.set("references", print(content.references));
    if (content.metadata) entity.set("metadata", print(*content.metadata));
    if (content.rules) entity.set("ruleSet", print(*content.rules));
}

void set_state(json::Value& entity, Version const& version) {
    if (version.wall_ms != 0) entity.set("ts", version.wall_ms);
    entity.set("deleted", version.deleted);
}

}  // namespace

std::expected<std::string, Refusal> text_in(Stored const& schema, std::string_view format) {
    if (format.empty()) return schema.text();
    auto const& parsed = schema.parsed();
    if (!parsed) return invalid_schema(schema::name_of(schema.type()), parsed.error().why);
    return (*parsed)->formatted(format);
}

json::Value print(std::vector<Named> const& references) {
    json::Array array;
    for (auto const& reference : references) {
        json::Value one{json::Object{}};
        one.set("name", reference.name);
        one.set("subject", reference.subject);
        one.set("version", reference.version);
        array.push_back(std::move(one));
    }
    return array;
}

json::Value schema_entity(VersionKey const& key, Version const& version, std::string const& text) {
    json::Value entity{json::Object{}};
    entity.set("subject", to_string(key.subject));
    entity.set("version", key.version);
    entity.set("id", version.schema->id());
    entity.set("guid", version.schema->guid());
    entity.set("schemaType", schema::name_of(version.schema->type()));
    set_content(entity, *version.schema->content());
    entity.set("schema", text);
    set_state(entity, version);
    return entity;
}

json::Value registration_entity(VersionKey const& key, std::int32_t id, std::string const& guid,
                                Content const& content, std::string const& text) {
    json::Value entity{json::Object{}};
    entity.set("id", id);
    entity.set("version", key.version);
    entity.set("guid", guid);
    entity.set("schemaType", schema::name_of(content.type));
    set_content(entity, content);
    entity.set("schema", text);
    return entity;
}

json::Value schema_string_entity(VersionKey const& key, Version const& version,
                                 std::string const& text, bool with_subject) {
    json::Value entity{json::Object{}};
    if (with_subject) {
        entity.set("subject", to_string(key.subject));
        entity.set("version", key.version);
    }
    entity.set("guid", version.schema->guid());
    entity.set("schemaType", schema::name_of(version.schema->type()));
    entity.set("schema", text);
    set_content(entity, *version.schema->content());
    set_state(entity, version);
    return entity;
}

void add_tags(json::Value& entity, Call const& call, Stored const& schema) {
    auto const wanted = call.target.all("findTags");
    if (wanted.empty() || schema.type() != schema::Type::avro) return;
    auto const is_wanted = [&](std::string const& tag) {
        return std::ranges::find(wanted, tag) != wanted.end();
    };
    auto tagged = tags_in(schema.text());
    if (!is_wanted("*"))
        std::erase_if(tagged,
                      [&](Tagged const& one) { return std::ranges::none_of(one.tags, is_wanted); });
    if (!tagged.empty()) entity.set("schemaTags", print(tagged));
}

void qualify_references(json::Value& entity, Call const& call, std::string_view context) {
    if (context == default_context || call.target.text("referenceFormat") != "qualified") return;
    auto* references = entity.find("references");
    if (references == nullptr) return;
    for (auto& reference : references->array()) {
        auto const* subject = reference.find_string("subject");
        auto qualified = to_string(relative_to(context, *subject));
        reference.set("subject", std::move(qualified));
    }
}

}  // namespace klamm::registry
