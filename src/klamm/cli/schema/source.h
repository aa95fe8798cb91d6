// cli/schema/source.h - texts of schemas from where they are written: files, directories, standard
// input, revisions of git.
#pragma once

#include "klamm/cli/outcome.h"
#include "klamm/cli/registry_client.h"
#include "klamm/schema/schema.h"

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::cli {

inline constexpr std::size_t schema_bytes_max = 16 << 20;
inline constexpr std::size_t schema_files_max = 10'000;

struct SchemaFile {
    std::string path;
    std::string subject;
    schema::Type type = schema::Type::avro;
    std::string text;
};

/// .avsc Avro, .proto Protobuf, .json JSON Schema.
std::optional<schema::Type> type_of_file(std::string_view path);
/// "avro", "protobuf" or "json", in either case.
std::optional<schema::Type> type_of_flag(std::string_view flag);
/// What --type may be, for CLI11.
std::vector<std::string> type_flags();

/// "-": standard input.
Outcome<std::string> read_text(std::string const& path);
Outcome<> write_text(std::string const& path, std::string_view text);
/// One file; without `type` its name says what it is.
Outcome<SchemaFile> read_schema(std::string const& path, std::optional<schema::Type> type);

/// Which files are of which subject: --subject FILE=SUBJECT, or --subject SUBJECT for a single one.
struct SubjectNames {
    std::string only;                          ///< empty: none
    std::map<std::string, std::string> named;  ///< by path, or by file name
    /// The name without its ending, where nothing else was said.
    std::string of(std::string_view path) const;
};
Outcome<SubjectNames> parse_subjects(std::vector<std::string> const& flags);
/// NAME=SUBJECT:VERSION, the version a number or "latest".
Outcome<std::vector<SchemaReference>> parse_references(std::vector<std::string> const& flags);
/// SUBJECT or SUBJECT:VERSION; without one it is "latest".
std::pair<std::string, std::string> subject_and_version(std::string_view text);

/// Files by name, and those with a known ending of directories and of what is in them.
Outcome<std::vector<SchemaFile>> read_schemas(std::vector<std::string> const& paths,
                                              std::optional<schema::Type> type,
                                              SubjectNames const& subjects);
/// The same as they are in a revision.
Outcome<std::vector<SchemaFile>> read_schemas_of(std::string const& revision,
                                                 std::vector<std::string> const& paths,
                                                 std::optional<schema::Type> type,
                                                 SubjectNames const& subjects);

/// What `file` refers to among the others: imports, names of types, $ref. Each after its own.
std::vector<schema::Reference> references_among(std::span<SchemaFile const> files,
                                                SchemaFile const& file);

/// For people: JSON with line breaks, Protobuf as it is.
std::string readable(schema::Type type, std::string const& text);

}  // namespace klamm::cli
