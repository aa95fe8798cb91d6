// registry/records.h - records of _schemas: how they are written, and what they do to the state.
// The format: doc/formats/schemas-topic.md.
#pragma once

#include "klamm/registry/tables.h"

namespace klamm::registry {

/// The longest value that a client's request may lead to, in bytes: what a Kafka topic takes.
inline constexpr std::size_t record_bytes_max = 1'000'000;

// ---- written -----------------------------------------------------------------------------------

Record schema_record(VersionKey const& key, Version const& version);
Record schema_tombstone(VersionKey const& key);
/// All versions up to this one are deleted softly.
Record delete_subject_record(Subject const& subject, std::int32_t version);
/// All that is softly deleted in the scope is gone.
Record clear_subject_record(Subject const& scope);
/// By qualified names, empty: globally. Null: nothing is set any more.
Record config_record(std::string_view subject, Config const* config);
Record mode_record(std::string_view subject, std::optional<Mode> mode);
Record context_record(std::string_view context);
Record context_tombstone(std::string_view context);
/// The last id of every context. Goes with whatever may remove the schema that has it.
Record counters_record(Tables const& tables);

// ---- read --------------------------------------------------------------------------------------

/// What makes no sense is ignored.
void apply(Tables& tables, Record const& record);
std::vector<Record> dump(Tables const& tables);

}  // namespace klamm::registry
