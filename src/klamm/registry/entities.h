// registry/entities.h - schemas as answers show them, in the fields and order of Confluent's 8.x.
#pragma once

#include "klamm/registry/call.h"

namespace klamm::registry {

/// The text in the form that `format` asks for; empty: as it is stored. Refused when it must be
/// parsed and cannot be.
std::expected<std::string, Refusal> text_in(Stored const& schema, std::string_view format);

json::Value print(std::vector<Named> const& references);

/// "Schema": one version, with everything.
json::Value schema_entity(VersionKey const& key, Version const& version, std::string const& text);
/// "RegisterSchemaResponse".
json::Value registration_entity(VersionKey const& key, std::int32_t id, std::string const& guid,
                                Content const& content, std::string const& text);
/// "SchemaString": an id's schema; subject and version only when one was asked for.
json::Value schema_string_entity(VersionKey const& key, Version const& version,
                                 std::string const& text, bool with_subject);

/// With `findTags`: those of the named tags (`*`: any) that stand inside of the schema.
void add_tags(json::Value& entity, Call const& call, Stored const& schema);

/// With `referenceFormat=qualified`: references of a schema outside the default context get the
/// names of their contexts.
void qualify_references(json::Value& entity, Call const& call, std::string_view context);

}  // namespace klamm::registry
