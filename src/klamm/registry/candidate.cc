#include "klamm/registry/candidate.h"

#include "klamm/registry/records.h"
#include "klamm/registry/refusals.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace klamm::registry {

namespace {

std::string_view name_of_type(Candidate const& candidate) {
    return schema::name_of(candidate.content.type);
}

/// A whole number, also as a string of digits, as Jackson takes it.
std::expected<std::optional<std::int32_t>, Refusal> read_number(json::Value const& body,
                                                                std::string_view key) {
    auto const* value = body.find(key);
    if (value == nullptr || value->is_null()) return std::nullopt;
    if (value->is_string()) {
        if (auto const number = as_int32(value->string())) return number;
    } else if (auto const number = value->as_int64();
               number && *number >= std::numeric_limits<std::int32_t>::min() &&
               *number <= std::numeric_limits<std::int32_t>::max()) {
        return static_cast<std::int32_t>(*number);
    }
    return unprocessable("The member '" + std::string(key) + "' is not a whole number of 32 bits");
}

std::expected<std::string, Refusal> read_text(json::Value const& body, std::string_view key) {
    auto const* value = body.find(key);
    if (value == nullptr || value->is_null()) return std::string();
    if (!value->is_string())
        return unprocessable("The member '" + std::string(key) + "' is not a string");
    return value->string();
}

Refused invalid_reference(std::string_view type, json::Value const& reference) {
    auto const shown = [&](std::string_view key) {
        auto const* value = reference.find(key);
        return value != nullptr && value->is_string() ? value->string() : std::string("null");
    };
    auto const* version = reference.find("version");
    return invalid_schema(
        type, "Invalid reference: {name='" + shown("name") + "', subject='" + shown("subject") +
                  "', version=" +
                  (version != nullptr && version->is_number() ? version->number() : "null") + "}");
}

std::expected<std::vector<Named>, Refusal> read_references(json::Value const& body,
                                                           std::string_view type) {
    std::vector<Named> references;
    auto const* list = body.find("references");
    if (list == nullptr || list->is_null()) return references;
    if (!list->is_array()) return unprocessable("The member 'references' is not a list");
    if (list->array().size() > references_max)
        return invalid_schema(type, "it has " + std::to_string(list->array().size()) +
                                        " references; at most " + std::to_string(references_max));
    for (auto const& reference : list->array()) {
        auto const* name = reference.find_string("name");
        auto const* subject = reference.find_string("subject");
        auto const version = read_number(reference, "version");
        if (name == nullptr || subject == nullptr || !version || !*version)
            return invalid_reference(type, reference);
        references.push_back({.name = *name, .subject = *subject, .version = **version});
    }
    return references;
}

/// Lets -1 mean the number that is the latest now.
std::expected<void, Refusal> fix_versions(Tables const& tables, Candidate& candidate) {
    for (auto& reference : candidate.content.references) {
        if (reference.version != -1) continue;
        auto const subject = relative_to(candidate.subject.context, reference.subject);
        auto const latest = tables.latest(subject);
        if (latest == 0)
            return invalid_schema(name_of_type(candidate),
                                  "No schema reference found for subject \"" + to_string(subject) +
                                      "\" and version -1");
        reference.version = latest;
    }
    return {};
}

std::optional<std::int32_t> confluent_version_of(std::optional<Metadata> const& metadata) {
    auto const* text = metadata ? metadata->property(confluent_version) : nullptr;
    return text == nullptr ? std::nullopt : as_int32(*text);
}

Metadata without_confluent_version(std::optional<Metadata> metadata) {
    if (!metadata) return {};
    metadata->properties.erase(std::string(confluent_version));
    return std::move(*metadata);
}

/// Metadata are equal but for the version that the registry wrote into one of them.
bool equal_but_version(std::optional<Metadata> const& ours, Version const& version,
                       std::int32_t number) {
    auto const& theirs = version.schema->content()->metadata;
    auto const our_version = confluent_version_of(ours);
    auto const their_version = confluent_version_of(theirs);
    if (!our_version && their_version)
        return ours.value_or(Metadata{}) == without_confluent_version(theirs);
    if (our_version && !their_version)
        return *our_version == number &&
               without_confluent_version(ours) == theirs.value_or(Metadata{});
    return ours == theirs;
}

}  // namespace

bool is_empty(Candidate const& candidate) {
    return candidate.content.text.find_first_not_of(" \t\r\n") == std::string::npos;
}

std::expected<Candidate, Refusal> read_candidate(Subject const& subject, json::Value const& body) {
    Candidate candidate{.subject = subject, .content = {}};
    auto text = read_text(body, "schema");
    if (!text) return std::unexpected(text.error());
    auto type_name = read_text(body, "schemaType");
    if (!type_name) return std::unexpected(type_name.error());
    if (type_name->empty()) *type_name = "AVRO";
    auto const type = schema::type_named(*type_name);
    if (!type) return invalid_schema("Invalid schema type " + *type_name);
    auto references = read_references(body, *type_name);
    if (!references) return std::unexpected(references.error());
    auto const version = read_number(body, "version");
    if (!version) return std::unexpected(version.error());
    auto const id = read_number(body, "id");
    if (!id) return std::unexpected(id.error());
    if (auto const* metadata = body.find("metadata"); metadata != nullptr && !metadata->is_null()) {
        auto read = read_metadata(*metadata);
        if (!read) return unprocessable(read.error());
        candidate.content.metadata = std::move(*read);
    }
    if (auto const* rules = body.find("ruleSet"); rules != nullptr && !rules->is_null()) {
        auto read = read_rule_set(*rules);
        if (!read) return unprocessable(read.error());
        candidate.content.rules = std::move(*read);
    }
    candidate.version = std::max(version->value_or(0), -1);
    candidate.id = std::max(id->value_or(-1), -1);
    candidate.content.type = *type;
    candidate.content.text = std::move(*text);
    candidate.content.references = std::move(*references);
    candidate.propagate_tags = body.find_bool("propagateSchemaTags").value_or(false);
    auto added = read_tags(body, "schemaTagsToAdd");
    if (!added) return std::unexpected(added.error());
    auto removed = read_tags(body, "schemaTagsToRemove");
    if (!removed) return std::unexpected(removed.error());
    candidate.tags_to_add = std::move(*added);
    candidate.tags_to_remove = std::move(*removed);
    // Other tags are a new version, unless the client says which.
    if (!*version && !(candidate.tags_to_add.empty() && candidate.tags_to_remove.empty()))
        candidate.version = -1;
    return candidate;
}

std::expected<void, Refusal> retag(Candidate& candidate, std::vector<Tagged> const& added,
                                   std::vector<Tagged> const& removed) {
    if (added.empty() && removed.empty()) return {};
    if (candidate.content.type != schema::Type::avro)
        return invalid_schema(name_of_type(candidate),
                              "tags inside of schemas are changed in Avro only; put them into "
                              "metadata.tags");
    auto text = retagged(candidate.content.text, added, removed);
    if (!text) return invalid_schema(name_of_type(candidate), text.error());
    candidate.content.text = std::move(*text);
    return {};
}

std::expected<schema::SchemaPtr, Refusal> canonicalize(Tables const& tables, Candidate& candidate,
                                                       bool strict, bool normalize) {
    auto& content = candidate.content;
    if (content.text.size() > record_bytes_max) return schema_too_large();
    if (auto fixed = fix_versions(tables, candidate); !fixed) return std::unexpected(fixed.error());
    auto const closure = tables.closure(candidate.subject.context, content.references, !strict);
    if (closure.size() >= references_max)
        return invalid_schema(name_of_type(candidate),
                              "it needs more than " + std::to_string(references_max - 1) +
                                  " other schemas, or more than " +
                                  std::to_string(reference_depth_max) + " in a row");
    auto const texts = texts_of(closure);
    if (!texts) return invalid_schema(name_of_type(candidate), texts.error().why);
    auto parsed = schema::parse(content.type, content.text, *texts, {.strict = strict});
    if (!parsed) return invalid_schema(name_of_type(candidate), parsed.error().why);
    content.text = (*parsed)->canonical();
    if (normalize && !is_import(tables.mode_in_scope(candidate.subject))) {
        content.text = (*parsed)->normalized();
        if (content.type == schema::Type::json) {
            // By subject and version, as Confluent sorts them: the order is part of the GUID.
            std::ranges::stable_sort(content.references, {}, [](Named const& reference) {
                return std::tie(reference.subject, reference.version);
            });
            std::vector<Named> distinct;
            for (auto const& reference : content.references)
                if (std::ranges::find(distinct, reference) == distinct.end())
                    distinct.push_back(reference);
            content.references = std::move(distinct);
        }
    }
    return std::move(*parsed);
}

void complete_contract(Config const& config, Candidate& candidate, Content const* previous,
                       std::int32_t version) {
    auto& content = candidate.content;
    auto const& own_metadata =
        content.metadata || previous == nullptr ? content.metadata : previous->metadata;
    auto metadata = merged(merged(config.default_metadata, own_metadata), config.override_metadata);
    auto const& own_rules = content.rules || previous == nullptr ? content.rules : previous->rules;
    auto rules = merged(merged(config.default_rules, own_rules), config.override_rules);
    auto const has_version = metadata && metadata->property(confluent_version) != nullptr;
    if (version != 0 && (candidate.version != 0 || has_version)) {
        if (!metadata) metadata.emplace();
        metadata->properties[std::string(confluent_version)] = std::to_string(version);
    }
    if (!metadata && !rules) return;
    content.metadata = std::move(metadata);
    content.rules = std::move(rules);
}

std::optional<VersionKey> version_with(Tables const& tables, Subject const& subject,
                                       Content const& content, bool deleted) {
    auto const stored = tables.by_guid(subject.context, guid_of(content));
    if (!stored || stored->type() != content.type) return std::nullopt;
    return tables.use_of({.context = subject.context, .id = stored->id()}, subject, deleted);
}

bool means(Candidate const& candidate, schema::Schema const& parsed, VersionKey const& key,
           Version const& version) {
    auto const& content = *version.schema->content();
    if (content.type != candidate.content.type) return false;
    if (candidate.content.rules != content.rules) return false;
    if (!equal_but_version(candidate.content.metadata, version, key.version)) return false;
    auto const inlined = candidate.content.references.empty() && !content.references.empty();
    if (!inlined && candidate.content.references != content.references) return false;
    auto const& theirs = version.schema->parsed();
    return theirs && parsed.equivalent(**theirs);
}

std::expected<std::optional<VersionKey>, Refusal> find_version(Tables const& tables,
                                                               Candidate candidate, bool normalize,
                                                               bool deleted, bool latest_only) {
    if (is_empty(candidate)) return std::nullopt;
    auto const parsed = canonicalize(tables, candidate, false, normalize);
    if (!parsed) return std::unexpected(parsed.error());
    if (!latest_only)
        if (auto key = version_with(tables, candidate.subject, candidate.content, deleted))
            return key;
    std::vector<std::int32_t> numbers;
    if (latest_only) {
        if (auto const latest = tables.latest(candidate.subject); latest != 0)
            numbers.push_back(latest);
    } else {
        numbers = tables.versions_of(candidate.subject, deleted ? Deleted::shown : Deleted::hidden);
    }
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
        VersionKey key{.subject = candidate.subject, .version = *number};
        if (means(candidate, **parsed, key, *tables.version(key))) return key;
    }
    return std::nullopt;
}

bool wants_normal(Call const& call, Subject const& subject) {
    return call.target.flag("normalize") ||
           call.tables.config_in_scope(subject).normalize.value_or(false);
}

}  // namespace klamm::registry
