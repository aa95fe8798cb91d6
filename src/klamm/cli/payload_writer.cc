#include "klamm/cli/payload_writer.h"

#include <fmt/core.h>

#include <filesystem>

namespace klamm::cli {
namespace {

struct Found {
    std::int32_t id = 0;
    std::string subject;
    NewSchema schema;
};

Outcome<Found> of_file(RegistryClient& registry, std::string const& subject,
                       PayloadSchemaOptions const& options) {
    auto references = parse_references(options.references);
    if (!references) return std::unexpected(references.error());
    auto const file = read_schema(options.schema, std::nullopt);
    if (!file) return std::unexpected(file.error());
    Found found{.subject = subject,
                .schema = {.type = file->type,
                           .text = file->text,
                           .references = std::move(*references),
                           .metadata = {},
                           .rule_set = {}}};
    if (options.register_it) {
        auto const added = registry.add(subject, found.schema, false);
        if (!added) return std::unexpected(added.error());
        found.id = added->id;
        return found;
    }
    auto const there = registry.lookup(subject, found.schema, false);
    if (!there) return std::unexpected(there.error());
    if (!*there)
        return failed(fmt::format("{} has no version that is {}", subject, options.schema),
                      "--register makes it one");
    found.id = (*there)->id;
    return found;
}

Outcome<Found> of_subject(RegistryClient& registry, PayloadSchemaOptions const& options) {
    if (type_of_file(options.schema))
        return misused(fmt::format("{}: there is no such file", options.schema));
    if (options.register_it)
        return misused(fmt::format("--register is for files, and {} is none", options.schema));
    auto const [subject, version] = subject_and_version(options.schema);
    auto it = registry.get(subject, version);
    if (!it) return std::unexpected(it.error());
    return Found{it->id, subject, std::move(it->schema)};
}

}  // namespace

Outcome<PayloadWriter> PayloadWriter::open(RegistryClient& registry, std::string const& topic,
                                           Part part, PayloadSchemaOptions const& options) {
    std::error_code error;
    auto const subject = !options.subject.empty() ? options.subject
                         : part == Part::key      ? topic + "-key"
                                                  : topic + "-value";
    auto const found = std::filesystem::is_regular_file(options.schema, error)
                           ? of_file(registry, subject, options)
                           : of_subject(registry, options);
    if (!found) return std::unexpected(found.error());
    auto const parsed = registry.parse(found->schema, found->subject, false);
    if (!parsed)
        return failed(fmt::format("{}: {}", options.schema, parsed.error().what),
                      parsed.error().hint);
    PayloadWriter writer;
    writer.schema_ = *parsed;
    if ((*parsed)->type() == schema::Type::protobuf) {
        writer.indexes_ = {0};
        if (!options.message.empty()) {
            auto indexes = message_named(**parsed, options.message);
            if (!indexes)
                return misused(fmt::format("--message {}: {} has no such message", options.message,
                                           options.schema));
            writer.indexes_ = std::move(*indexes);
        }
    } else if (!options.message.empty()) {
        return misused("--message is for Protobuf");
    }
    writer.prefix_ = schema::write_framing(found->id, (*parsed)->type(), writer.indexes_);
    return writer;
}

Outcome<std::string> PayloadWriter::encode(std::string_view json) const {
    auto const payload = schema_->from_json(json, indexes_);
    if (!payload) return failed(words_of(payload.error()));
    std::string bytes(reinterpret_cast<char const*>(prefix_.data()), prefix_.size());
    bytes.append(reinterpret_cast<char const*>(payload->data()), payload->size());
    return bytes;
}

}  // namespace klamm::cli
