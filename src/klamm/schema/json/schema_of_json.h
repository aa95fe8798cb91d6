// schema/json/schema_of_json.h - one JSON Schema: its text, its documents, what it is asked.
#pragma once

#include "klamm/schema/json/compare.h"
#include "klamm/schema/json/documents.h"
#include "klamm/schema/json/program.h"
#include "klamm/schema/schema.h"

#include <memory>
#include <string>
#include <vector>

namespace klamm::schema::jsonschema {

/// A schema's own text, and that of each of its references.
constexpr json::Limits schema_limits{.bytes_max = 4 * 1024 * 1024, .depth_max = 200};

class JsonSchema final : public Schema {
public:
    static std::expected<std::shared_ptr<JsonSchema const>, SchemaError> from(
        std::string_view text, std::span<Reference const> references, ParseOptions options);

    Type type() const override { return Type::json; }
    std::string const& canonical() const override { return canonical_; }
    std::string normalized() const override;
    std::string formatted(std::string_view format) const override;
    std::string record_name(MessageIndexes const& indexes) const override;
    std::vector<std::string> top_level_fields() const override;
    bool equivalent(Schema const& other) const override;

    std::expected<std::vector<Difference>, SchemaError> differences(Schema const& writer,
                                                                    Policy policy) const override;
    std::vector<Mend> mends(Schema const& old, Difference const& difference,
                            Breaks breaks) const override;
    std::vector<Difference> changes_from(Schema const& old) const override;

    std::expected<void, PayloadError> check(ByteView payload,
                                            MessageIndexes const& indexes) const override;
    std::expected<std::string, PayloadError> to_json(ByteView payload,
                                                     MessageIndexes const& indexes) const override;
    std::expected<Bytes, PayloadError> from_json(std::string_view json,
                                                 MessageIndexes const& indexes) const override;
    std::expected<void, PayloadError> check_reading(ByteView payload, Schema const& writer,
                                                    MessageIndexes const& indexes) const override;

private:
    struct Key {};

public:
    explicit JsonSchema(Key) {}

private:
    json::Value const& root() const { return *root_.schema; }
    json::Value bundled() const;
    std::expected<std::vector<Found>, SchemaError> compare_with(JsonSchema const& writer,
                                                                Policy policy) const;

    std::string canonical_;
    Documents documents_;
    Target root_;
    Program program_;
    std::vector<std::pair<std::string, json::Value const*>> references_;  ///< by name
};

}  // namespace klamm::schema::jsonschema
