// registry/tags.h - tags that stand inside of Avro schemas, at records and fields
// ("confluent:tags").
//
// Entities are named by paths: "com.Order" a record, "com.Order.email" a field. Tags of the other
// languages' schemas are not looked at; metadata.tags hold them for all.
#pragma once

#include "klamm/registry/http.h"

namespace klamm::registry {

struct Tagged {
    std::string path;
    bool is_field = false;
    std::vector<std::string> tags;
};

/// What is tagged, in the order of the text; nothing for a text that is no Avro schema.
std::vector<Tagged> tags_in(std::string_view avro);

/// The text with the tags added and taken away. The error: there is no such entity.
std::expected<std::string, std::string> retagged(std::string_view avro,
                                                 std::vector<Tagged> const& added,
                                                 std::vector<Tagged> const& removed);

/// [{"schemaEntity":{"entityPath":"com.Order.email","entityType":"sr_field"},"tags":["PII"]}]
std::expected<std::vector<Tagged>, Refusal> read_tags(json::Value const& body,
                                                      std::string_view key);
json::Value print(std::vector<Tagged> const& tagged);

}  // namespace klamm::registry
