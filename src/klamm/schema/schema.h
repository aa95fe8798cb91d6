// schema/schema.h - one schema, in any of the three languages, and what can be asked of it.
//
//   text ──▶ parse ──▶ Schema ──▶ canonical text · differences from another · payloads
//
// A Schema is parsed once and never changes; any thread may use it. Everything that costs more
// than its input is long has a budget, so that no text and no payload keeps the process busy.
//
// Implementations: avro/, protobuf/, json/. Facts and their sources: doc/registry.md.
#pragma once

#include "klamm/base/bytes.h"
#include "klamm/json/value.h"

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::schema {

enum class Type : std::uint8_t { avro, protobuf, json };

/// "AVRO", "PROTOBUF", "JSON", as the registry's clients write them.
std::string_view name_of(Type type);
std::optional<Type> type_named(std::string_view name);

/// A schema that another one names, with its text. Of a schema's references all come, also those
/// of references, each after those that it needs itself.
struct Reference {
    std::string name;     ///< Avro: full name; Protobuf: import path; JSON: the $ref's target
    std::string subject;  ///< with `version`, whose text it is
    std::int32_t version = 0;
    std::string text;
    bool direct = true;  ///< named by the schema itself, not by one of its references
};

struct ParseOptions {
    /// Registering: defaults must fit, names must be right. Looking up: as it was stored.
    bool strict = true;
};

/// Why a text is no schema: one sentence, with the place where there is one.
struct SchemaError {
    std::string why;
};

/// Which additions count as compatible; only JSON Schema and Protobuf tell them apart.
enum class Policy : std::uint8_t { strict, lenient, logical };

/// One thing in which `reader` differs from `writer`; see Schema::differences.
struct Difference {
    std::string rule;  ///< "READER_FIELD_MISSING_DEFAULT_VALUE", "PROPERTY_ADDED_…"
    std::string path;  ///< where: "/fields/1/type", "#/properties/a", "#/Message/3"
    /// In the words that Confluent's registry uses, with its "%s": the first stands for what the
    /// reader's schema is called ("new" when it is the one to be registered), the second for the
    /// writer's. `worded` fills them in.
    std::string description;
    std::string additional_info;  ///< Avro only: "expected: 8, found: 4", the field, the symbols
    std::string before;           ///< what the writer's schema has there; empty: nothing
    std::string after;            ///< what the reader's has
};

/// A description with names in the place of its "%s".
std::string worded(std::string_view description, std::string_view reader, std::string_view writer);

/// A change to a schema that would take differences away: a candidate, still to be proven.
struct Mend {
    std::string words;   ///< "Give field 'email' a default: \"default\": \"\"."
    std::string schema;  ///< the whole new text
};

/// Who cannot read what any more: `old_readers` the new data (forward), `new_readers` the old.
enum class Breaks : std::uint8_t { new_readers, old_readers };

/// Why a payload does not obey its schema.
struct PayloadError {
    std::string path;   ///< "/customer/email"; empty: the payload as a whole
    std::string value;  ///< what stands there, shortened; may be empty
    std::string rule;   ///< "type", "enum", "truncated", "utf8", ...; JSON Schema: the keyword
    std::string why;    ///< one sentence: what was expected, and what came
};

/// Where in a Protobuf schema the message is: top-level index, index of the nested one, ...
using MessageIndexes = std::vector<std::int32_t>;

class Schema {
public:
    virtual ~Schema() = default;

    virtual Type type() const = 0;
    /// What is stored, hashed and given back. Parsing it again gives it again.
    virtual std::string const& canonical() const = 0;
    /// What is stored instead when the registration asked for normalize=true.
    virtual std::string normalized() const = 0;
    /// "resolved" (Avro, JSON), "serialized" (Protobuf: base64), "ignore_extensions" (Protobuf);
    /// any other: the canonical text.
    virtual std::string formatted(std::string_view format) const = 0;
    /// The name for subject name strategies: Avro's record, Protobuf's message (of the first, or of
    /// the one at `indexes`), JSON's title. Empty: it has none.
    virtual std::string record_name(MessageIndexes const& indexes = {}) const = 0;
    /// Names of fields, top level; for confluent:reserved and validateFields.
    virtual std::vector<std::string> top_level_fields() const = 0;
    /// The same schema but for what no reader sees (comments, doc, references inline instead of
    /// named): what a lookup of an equal schema goes by after the texts differed.
    virtual bool equivalent(Schema const& other) const = 0;

    // ---- evolution -------------------------------------------------------------------------

    /// All that keeps this schema, as the reader's, from reading what `writer` wrote; empty: it
    /// reads everything. Only incompatible differences, in the order of Confluent's registry.
    /// Of different types: never asked. The error: it took more than the budget permits.
    [[nodiscard]] virtual std::expected<std::vector<Difference>, SchemaError> differences(
        Schema const& writer, Policy policy) const = 0;
    /// Candidates that change this schema, the new one, so that `difference` from `old` goes away.
    virtual std::vector<Mend> mends(Schema const& old, Difference const& difference,
                                    Breaks breaks) const = 0;
    /// Differences in words, compatible ones too, for people: what `this` has that `old` had not.
    virtual std::vector<Difference> changes_from(Schema const& old) const = 0;

    // ---- payloads, without the prefix of the wire format ----------------------------------

    /// Whether the bytes are one value of this schema, whole. Nothing is built: this is the fast
    /// one. `indexes`: Protobuf only.
    [[nodiscard]] virtual std::expected<void, PayloadError> check(
        ByteView payload, MessageIndexes const& indexes) const = 0;
    /// The value as one line of JSON, for people and tools.
    [[nodiscard]] virtual std::expected<std::string, PayloadError> to_json(
        ByteView payload, MessageIndexes const& indexes) const = 0;
    /// Bytes from JSON as to_json writes it, and as people would.
    [[nodiscard]] virtual std::expected<Bytes, PayloadError> from_json(
        std::string_view json, MessageIndexes const& indexes) const = 0;
    /// Whether this schema, as the reader's, can read this payload of the writer's: what Avro's
    /// resolution, Protobuf's parser, JSON Schema's rules say about these very bytes.
    [[nodiscard]] virtual std::expected<void, PayloadError> check_reading(
        ByteView payload, Schema const& writer, MessageIndexes const& indexes) const = 0;
};

using SchemaPtr = std::shared_ptr<Schema const>;

/// `references`: all that the text needs, in an order in which each comes after its own.
[[nodiscard]] std::expected<SchemaPtr, SchemaError> parse(Type type, std::string_view text,
                                                          std::span<Reference const> references,
                                                          ParseOptions options = {});

/// What a payload begins with (doc/registry.md, "Wire formats").
struct Framing {
    std::int32_t id = 0;           ///< 0: `guid` says which schema
    std::string guid;              ///< as a UUID; empty: `id` says
    std::size_t prefix_bytes = 0;  ///< of the payload, without the message indexes
};

/// Reads magic byte and id, or magic byte and GUID, from a payload or from the header of a record.
[[nodiscard]] std::expected<Framing, PayloadError> read_framing(ByteView bytes);
/// Protobuf's message indexes from the front of `payload`, which is moved past them.
[[nodiscard]] std::expected<MessageIndexes, PayloadError> read_indexes(ByteView& payload);
/// Magic byte, id, and for Protobuf the indexes: what goes before a payload.
Bytes write_framing(std::int32_t id, Type type, MessageIndexes const& indexes);

}  // namespace klamm::schema
