// schema/protobuf/differences.h - what changed between two schemas, rule by rule. Private to this
// folder: it shows the library's headers.
//
// The rules are Confluent's: messages by their names, fields by their numbers, types by their names
// without the package. Fields that moved into or out of a oneof are compared like all others; what
// a oneof newly excludes is found on its own. Beyond Confluent's rules, groups count as fields too.
#pragma once

#include "klamm/schema/protobuf/descriptors.h"

#include <expected>
#include <string>
#include <vector>

namespace klamm::schema::protobuf {

/// Fields, enum constants and types that are looked at, at most.
inline constexpr std::size_t comparison_steps_max = 2'000'000;
/// Messages of referenced files inside each other.
inline constexpr std::size_t comparison_depth_max = 500;

struct Change {
    Difference difference;
    std::string words;  ///< for people: "field 'string name = 2' was removed"
    bool compatible = false;
};

/// From the writer's schema to the reader's. The error: more than the budget permits.
[[nodiscard]] std::expected<std::vector<Change>, SchemaError> compare(Definitions const& writer,
                                                                      Definitions const& reader,
                                                                      Policy policy);

/// Kinds between which a value can be read as the other, as far as it fits.
enum class ScalarKind : std::uint8_t { number, zigzag, text, fixed32, fixed64, single, wide };
ScalarKind scalar_kind(pb::FieldDescriptor const& field);

/// "Outer.Inner": a type's name without its package.
std::string_view local_name(pb::Descriptor const& type);

}  // namespace klamm::schema::protobuf
