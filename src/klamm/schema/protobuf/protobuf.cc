#include "klamm/schema/protobuf/protobuf.h"

#include "klamm/base/base64.h"
#include "klamm/schema/protobuf/descriptors.h"
#include "klamm/schema/protobuf/differences.h"
#include "klamm/schema/protobuf/mends.h"
#include "klamm/schema/protobuf/messages.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::schema {
namespace {

using namespace protobuf;

class ProtobufSchema final : public Schema {
public:
    ProtobufSchema(std::string canonical, File file, std::unique_ptr<Definitions> definitions)
        : canonical_(std::move(canonical)),
          file_(std::move(file)),
          definitions_(std::move(definitions)),
          messages_(*definitions_) {}

    Type type() const override { return Type::protobuf; }
    std::string const& canonical() const override { return canonical_; }
    std::string normalized() const override {
        return print(protobuf::normalized(file_, *definitions_));
    }
    std::string formatted(std::string_view format) const override;
    std::string record_name(MessageIndexes const& indexes) const override;
    std::vector<std::string> top_level_fields() const override;
    bool equivalent(Schema const& other) const override {
        return other.type() == Type::protobuf && normalized() == other.normalized();
    }

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
    /// The message at `indexes` of which the payload is one.
    std::expected<MessagePlan const*, PayloadError> message_of(ByteView payload,
                                                               MessageIndexes const& indexes) const;

    std::string canonical_;
    File file_;
    std::unique_ptr<Definitions> definitions_;
    Messages messages_;
};

std::string ProtobufSchema::formatted(std::string_view format) const {
    if (format == "ignore_extensions") return print(file_, Extending::left_out);
    if (format != "serialized") return canonical_;
    pb::FileDescriptorProto proto;
    definitions_->file().CopyTo(&proto);
    return base64_encoded(proto.SerializeAsString());
}

std::string ProtobufSchema::record_name(MessageIndexes const& indexes) const {
    auto const found = messages_.at(indexes);
    return found.empty() ? std::string() : found.front()->type->full_name();
}

std::vector<std::string> ProtobufSchema::top_level_fields() const {
    std::vector<std::string> names;
    auto const& file = definitions_->payload_file();
    if (file.message_type_count() == 0) return names;
    for (int i = 0; i < file.message_type(0)->field_count(); ++i)
        names.push_back(file.message_type(0)->field(i)->name());
    return names;
}

std::expected<std::vector<Difference>, SchemaError> ProtobufSchema::differences(
    Schema const& writer, Policy policy) const {
    auto changes =
        compare(*static_cast<ProtobufSchema const&>(writer).definitions_, *definitions_, policy);
    if (!changes) return std::unexpected(changes.error());
    std::vector<Difference> found;
    for (auto& change : *changes)
        if (!change.compatible) found.push_back(std::move(change.difference));
    return found;
}

std::vector<Difference> ProtobufSchema::changes_from(Schema const& old) const {
    auto changes = compare(*static_cast<ProtobufSchema const&>(old).definitions_, *definitions_,
                           Policy::strict);
    std::vector<Difference> found;
    if (!changes) return found;
    for (auto& change : *changes) {
        change.difference.description = std::move(change.words);
        found.push_back(std::move(change.difference));
    }
    if (found.empty() && canonical_ != old.canonical())
        found.push_back({.rule = "OPTIONS_CHANGED",
                         .path = "#/",
                         .description = "only options, defaults, reserved numbers, the order of "
                                        "fields or imports differ"});
    return found;
}

std::vector<Mend> ProtobufSchema::mends(Schema const& old, Difference const& difference,
                                        Breaks breaks) const {
    return protobuf::mends(static_cast<ProtobufSchema const&>(old).file_, file_, difference,
                           breaks);
}

std::expected<MessagePlan const*, PayloadError> ProtobufSchema::message_of(
    ByteView payload, MessageIndexes const& indexes) const {
    auto const candidates = messages_.at(indexes);
    if (candidates.empty())
        return std::unexpected(PayloadError{
            .value = fmt::format("[{}]", fmt::join(indexes, ",")),
            .rule = "message_indexes",
            .why = fmt::format("the schema has {} top-level messages and none at these indexes",
                               definitions_->payload_file().message_type_count())});
    std::optional<PayloadError> first_error;
    for (auto const* plan : candidates) {
        auto const obeyed = walk(payload, *plan);
        if (obeyed) return plan;
        if (!first_error) first_error = obeyed.error();
    }
    return std::unexpected(*first_error);
}

std::expected<void, PayloadError> ProtobufSchema::check(ByteView payload,
                                                        MessageIndexes const& indexes) const {
    auto const message = message_of(payload, indexes);
    if (!message) return std::unexpected(message.error());
    return {};
}

std::expected<std::string, PayloadError> ProtobufSchema::to_json(
    ByteView payload, MessageIndexes const& indexes) const {
    auto const message = message_of(payload, indexes);
    if (!message) return std::unexpected(message.error());
    return protobuf::to_json(payload, *(*message)->type, *definitions_);
}

std::expected<Bytes, PayloadError> ProtobufSchema::from_json(std::string_view json,
                                                             MessageIndexes const& indexes) const {
    auto const candidates = messages_.at(indexes);
    if (candidates.empty())
        return std::unexpected(PayloadError{.rule = "message_indexes",
                                            .why = "the schema has no message at these indexes"});
    auto bytes = protobuf::from_json(json, *candidates.front()->type, *definitions_);
    if (!bytes) return bytes;
    if (auto const obeyed = walk(*bytes, *candidates.front()); !obeyed)
        return std::unexpected(obeyed.error());
    return bytes;
}

std::expected<void, PayloadError> ProtobufSchema::check_reading(
    ByteView payload, Schema const& writer, MessageIndexes const& indexes) const {
    auto const& other = static_cast<ProtobufSchema const&>(writer);
    auto const written = other.message_of(payload, indexes);
    if (!written) return std::unexpected(written.error());
    auto const* plan = messages_.named(local_name(*(*written)->type));
    if (plan == nullptr)
        return std::unexpected(
            PayloadError{.value = (*written)->type->full_name(),
                         .rule = "message",
                         .why = fmt::format("the reader's schema has no message {}",
                                            local_name(*(*written)->type))});
    return walk(payload, *plan, *written);
}

}  // namespace

std::expected<SchemaPtr, SchemaError> parse_protobuf(std::string_view text,
                                                     std::span<Reference const> references,
                                                     ParseOptions /*options*/) {
    auto parsed = looks_like_base64(text) ? parse_base64(text) : parse_text(text, "");
    if (!parsed) return std::unexpected(parsed.error());
    auto definitions = define(**parsed, references);
    if (!definitions) return std::unexpected(definitions.error());
    auto file = to_syntax(**parsed, **definitions);
    auto canonical = print(file);
    if (canonical.size() > text_bytes_max)
        return std::unexpected(SchemaError{
            fmt::format("the schema's canonical text has {} bytes; at most {} are stored",
                        canonical.size(), text_bytes_max)});
    if (canonical != text) {
        // The order of nested messages may be another in the canonical text, and it is that one
        // which is stored and by which payloads name their message.
        parsed = parse_text(canonical, "");
        if (!parsed) return std::unexpected(parsed.error());
        definitions = define(**parsed, references);
        if (!definitions) return std::unexpected(definitions.error());
        file = to_syntax(**parsed, **definitions);
        if (print(file) != canonical)
            return std::unexpected(
                SchemaError{"the schema has a part that has no canonical text; see its groups and "
                            "options"});
    }
    return std::make_shared<ProtobufSchema>(std::move(canonical), std::move(file),
                                            std::move(*definitions));
}

}  // namespace klamm::schema
