// schema/avro/compare.h - what keeps a reader's schema from reading what a writer's wrote.
//
// The rules, their order, their paths and their messages are those of SchemaCompatibility in Avro's
// Java library 1.12, of which Confluent's registry makes its answers.
#pragma once

#include "klamm/schema/avro/model.h"

namespace klamm::schema::avro {

enum class Rule : std::uint8_t {
    name_mismatch,
    fixed_size_mismatch,
    missing_enum_symbols,
    reader_field_missing_default_value,
    type_mismatch,
    missing_union_branch,
};

/// "NAME_MISMATCH", ...
std::string_view name_of(Rule rule);

struct Finding {
    Rule rule{};
    std::string path;
    std::string message;  ///< Confluent's additionalInfo
    TypeId reader = 0;    ///< the types that do not agree; of a missing field: the records
    TypeId writer = 0;
    std::size_t position = 0;  ///< of the reader's field, or of the writer's branch
    bool has_branch = false;   ///< missing_union_branch: the writer has a union too
    /// The writer's union that `writer` is a branch of, where the reader has none.
    std::optional<TypeId> writer_union;
};

/// Empty: the reader reads everything.
[[nodiscard]] std::expected<std::vector<Finding>, SchemaError> compare(Model const& reader,
                                                                       Model const& writer);
/// The same of two types inside; paths begin there.
[[nodiscard]] std::expected<std::vector<Finding>, SchemaError> compare(Model const& reader,
                                                                       TypeId reader_type,
                                                                       Model const& writer,
                                                                       TypeId writer_type);

/// As the registry says it.
Difference describe(Finding const& finding, Model const& reader, Model const& writer);

/// Whether the types are the same for a registry that knows schemas again: all but the order of
/// properties and aliases, and whether types are written out or come from references.
bool equivalent(Model const& left, Model const& right);

}  // namespace klamm::schema::avro
