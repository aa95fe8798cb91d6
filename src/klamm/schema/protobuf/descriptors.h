// schema/protobuf/descriptors.h - from texts to descriptors. Private to this folder: it shows the
// library's headers.
//
//   text ──▶ ParsedFile ──▶ Definitions (descriptors of it and of all it imports)
//              │
//              └──▶ File (syntax.h)
#pragma once

#include "klamm/schema/protobuf/syntax.h"
#include "klamm/schema/schema.h"

#include <google/protobuf/compiler/parser.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>

#include <expected>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace klamm::schema::protobuf {

namespace pb = google::protobuf;

inline constexpr std::size_t text_bytes_max = 2 * 1024 * 1024;
inline constexpr int nesting_max = 64;  ///< of braces in a text, and of imports in each other
/// Fields times ranges of one message: the library compares each with each.
inline constexpr std::uint64_t range_comparisons_max = 4'000'000;
/// Of one message, field, ...: the library looks at all that came before.
inline constexpr int options_max = 250;
/// The schema's own file. No import path: those end in .proto.
inline constexpr std::string_view own_path = "default";

/// Where a type comes from, for those that were registered.
struct Origin {
    std::string subject;  ///< empty: the schema itself, or a file that comes with the registry
    std::int32_t version = 0;
    bool operator==(Origin const&) const = default;
};

/// Descriptors of a schema and of all that it imports. Never changes once built; the pool and the
/// factory may be used by many threads at once.
class Definitions {
public:
    Definitions();
    Definitions(Definitions const&) = delete;
    Definitions& operator=(Definitions const&) = delete;

    pb::FileDescriptor const& file() const { return *file_; }
    /// Whose messages the payloads are: the schema's own, or, if it is nothing but one public
    /// import, those of the imported file.
    pb::FileDescriptor const& payload_file() const;
    pb::DescriptorPool const& pool() const { return pool_; }
    pb::DynamicMessageFactory& factory() const { return factory_; }
    Origin const& origin(pb::FileDescriptor const& file) const;

private:
    friend class Builder;
    pb::DescriptorPool pool_;
    pb::FileDescriptor const* file_ = nullptr;
    std::map<pb::FileDescriptor const*, Origin> origins_;
    mutable pb::DynamicMessageFactory factory_{&pool_};
};

/// A text's file, with the places of its parts.
struct ParsedFile {
    pb::FileDescriptorProto proto;  ///< options still as they were written
    std::string text;               ///< empty: it was no text
    pb::compiler::SourceLocationTable places;
};

/// `path` is only for errors; empty: the schema itself.
[[nodiscard]] std::expected<std::unique_ptr<ParsedFile>, SchemaError> parse_text(
    std::string_view text, std::string_view path);
/// A serialized FileDescriptorProto in base64; see looks_like_base64.
[[nodiscard]] std::expected<std::unique_ptr<ParsedFile>, SchemaError> parse_base64(
    std::string_view text);
bool looks_like_base64(std::string_view text);

/// `file` is taken as it is but for its name.
[[nodiscard]] std::expected<std::unique_ptr<Definitions>, SchemaError> define(
    ParsedFile& file, std::span<Reference const> references);

/// How numbers were written, of options (by UninterpretedOption) and defaults (by FieldDescriptor-
/// Proto): 1.0, 0x10. The descriptor has only their values.
using WrittenNumbers = std::unordered_map<pb::Message const*, std::string>;
WrittenNumbers written_numbers(ParsedFile const& file);

/// `definitions` are needed where options are already interpreted: those of base64.
File to_syntax(ParsedFile const& file, Definitions const& definitions);
std::vector<Option> to_options(pb::Message const& options, Definitions const& definitions,
                               WrittenNumbers const& numbers);

/// What normalize=true stores: names in full, everything that has no order sorted.
File normalized(File file, Definitions const& definitions);

}  // namespace klamm::schema::protobuf
