// schema/avro/print.h - a model as text.
#pragma once

#include "klamm/schema/avro/model.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace klamm::schema::avro {

/// As Avro's Java library prints it, which is what the registry stores: a name's second use and
/// the types of references by name, the namespace only where it differs from the one around.
std::string canonical_text(Model const& model);
/// The same with the types of references written out where they are first used.
std::string resolved_text(Model const& model);
/// The canonical text of the same schema with aliases and properties in order, no empty doc, and
/// defaults as their type writes them.
std::string normalized_text(Model model);

/// A type in few words, no more than limits::summary_bytes and a bit, for messages: "int",
/// "com.Foo", {"type":"array","items":"com.Foo"}.
std::string summary(Model const& model, TypeId type);
std::string summary(Model const& model, Field const& field);

/// Avro's Parsing Canonical Form: only what matters to a reader, full names, fixed order.
std::string parsing_form(Model const& model);
/// The 64-bit Rabin fingerprint of a text, as the specification defines it (CRC-64-AVRO).
std::uint64_t rabin(std::string_view text);

}  // namespace klamm::schema::avro
