#include "klamm/schema/avro/avro.h"

#include "klamm/schema/avro/check.h"
#include "klamm/schema/avro/compare.h"
#include "klamm/schema/avro/decode.h"
#include "klamm/schema/avro/encode.h"
#include "klamm/schema/avro/mend.h"
#include "klamm/schema/avro/model.h"
#include "klamm/schema/avro/print.h"
#include "klamm/schema/avro/resolve.h"

#include <utility>

namespace klamm::schema {
namespace avro {
namespace {

class AvroSchema final : public Schema {
public:
    explicit AvroSchema(Model model)
        : model_(std::move(model)),
          canonical_(canonical_text(model_)),
          sizes_(model_),
          program_(model_, sizes_) {}

    schema::Type type() const override { return schema::Type::avro; }
    std::string const& canonical() const override { return canonical_; }
    std::string normalized() const override { return normalized_text(model_); }
    std::string formatted(std::string_view format) const override {
        return format == "resolved" ? resolved_text(model_) : canonical_;
    }
    std::string record_name(MessageIndexes const&) const override {
        return root().kind == Kind::record ? root().name.full() : "";
    }
    std::vector<std::string> top_level_fields() const override {
        std::vector<std::string> names;
        for (auto const& field : root().fields) names.push_back(field.name);
        return names;
    }
    bool equivalent(Schema const& other) const override {
        auto const* same_kind = dynamic_cast<AvroSchema const*>(&other);
        return same_kind != nullptr && avro::equivalent(model_, same_kind->model_);
    }

    std::expected<std::vector<Difference>, SchemaError> differences(Schema const& writer,
                                                                    Policy) const override {
        auto const& written = of(writer);
        auto const findings = compare(model_, written);
        if (!findings) return std::unexpected(findings.error());
        std::vector<Difference> differences;
        for (auto const& finding : *findings)
            differences.push_back(describe(finding, model_, written));
        return differences;
    }
    std::vector<Mend> mends(Schema const& old, Difference const& difference,
                            Breaks breaks) const override {
        return avro::mends(model_, of(old), difference, breaks);
    }
    std::vector<Difference> changes_from(Schema const& old) const override {
        return changes(of(old), model_);
    }

    std::expected<void, PayloadError> check(ByteView payload,
                                            MessageIndexes const& indexes) const override {
        if (program_.accepts(payload)) return {};
        // Why not is found by the slow way, which has the last word.
        auto const decoded = to_json(payload, indexes);
        if (!decoded) return std::unexpected(decoded.error());
        return {};
    }
    std::expected<std::string, PayloadError> to_json(ByteView payload,
                                                     MessageIndexes const&) const override {
        return decode(model_, sizes_, payload);
    }
    std::expected<Bytes, PayloadError> from_json(std::string_view json,
                                                 MessageIndexes const&) const override {
        return encode(model_, json);
    }
    std::expected<void, PayloadError> check_reading(ByteView payload, Schema const& writer,
                                                    MessageIndexes const&) const override {
        auto const& written = static_cast<AvroSchema const&>(writer);
        auto const read = read_as(model_, sizes_, written.model_, written.sizes_, payload);
        if (!read) return std::unexpected(read.error());
        return {};
    }

private:
    avro::Type const& root() const { return model_[model_.root]; }
    /// Schemas of different languages are never compared.
    static Model const& of(Schema const& schema) {
        return static_cast<AvroSchema const&>(schema).model_;
    }

    Model model_;
    std::string canonical_;
    Sizes sizes_;
    Program program_;
};

}  // namespace
}  // namespace avro

std::expected<SchemaPtr, SchemaError> parse_avro(std::string_view text,
                                                 std::span<Reference const> references,
                                                 ParseOptions options) {
    auto model = avro::parse_model(text, references, options);
    if (!model) return std::unexpected(model.error());
    return std::make_shared<avro::AvroSchema>(*std::move(model));
}

}  // namespace klamm::schema
