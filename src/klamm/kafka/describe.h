// kafka/describe.h - the descriptions of all messages, for tools and for people.
#pragma once

#include "klamm/kafka/apis.h"

#include <span>
#include <string>

namespace klamm::kafka {

/// Every message with every field, as JSON: names, types, versions, nullability, tags, defaults.
/// tools/check_protocol.py compares it with Kafka's own definitions; `klamm apis --fields` shows
/// it.
///
///   [{"name": "FetchRequest", "key": 1, "first": 4, "last": 18, "flexible_from": 12,
///     "fields": [{"name": "topics", "type": "[]FetchTopic", "fields": [...]},
///                {"name": "rack_id", "type": "string", "first": 11, "ignorable": true,
///                 "default": ""}, ...]}, ...]
///
/// What is left out: first and last of a field when the holder of the field sets no other bound,
/// "nullable_from" when a field is never null, "tag" of ordinary fields, "ignorable" when false,
/// "flexible_from" when no version is, and the defaults of structs.
std::string describe_json();

/// The APIs that are spoken, `handled`, and those that are not, as Markdown: the text of
/// doc/protocol.md and of `klamm apis`.
std::string protocol_document(std::span<ApiRange const> handled);

}  // namespace klamm::kafka
