#include "klamm/registry/compatibility.h"

#include "klamm/base/utf8.h"
#include "klamm/registry/explain.h"
#include "klamm/registry/refusals.h"

#include <algorithm>

namespace klamm::registry {

namespace {

/// How much of an old schema a message quotes, in bytes.
constexpr std::size_t quoted_bytes_max = std::size_t{10} * 1024;

schema::Policy policy_of(Config const& config) {
    if (config.policy == "LENIENT") return schema::Policy::lenient;
    if (config.policy == "LOGICAL") return schema::Policy::logical;
    return schema::Policy::strict;
}

/// One finding in Confluent's words, with the quotes of each of its languages.
std::string message_of(schema::Difference const& difference, schema::Type type,
                       std::string_view reader, std::string_view writer) {
    auto const words = schema::worded(difference.description, reader, writer);
    switch (type) {
        case schema::Type::avro:
            return "{errorType:'" + difference.rule + "', description:'" + words +
                   "', additionalInfo:'" + difference.additional_info + "'}";
        case schema::Type::json:  // The quotes do not match in the original either.
            return "{errorType:\"" + difference.rule + "\", description:\"" + words + "'}";
        case schema::Type::protobuf:
            return "{errorType:\"" + difference.rule + "\", description:\"" + words + "\"}";
    }
    std::unreachable();
}

void quote_old(std::vector<std::string>& messages, VersionKey const& key, std::string text) {
    messages.push_back("{oldSchemaVersion: " + std::to_string(key.version) + "}");
    if (text.size() <= quoted_bytes_max) {
        messages.push_back("{oldSchema: '" + text + "'}");
        return;
    }
    text.resize(quoted_bytes_max);
    while (!is_utf8(text)) text.pop_back();
    messages.push_back("{oldSchema: <truncated> '" + text + "...'}");
}

/// One direction of a comparison with one version.
struct Comparison {
    schema::Schema const& candidate;
    schema::Schema const& old;
    VersionKey const& key;
    schema::Policy policy;
    Verdict& verdict;

    void check(schema::Breaks breaks, bool quote) {
        auto const backward = breaks == schema::Breaks::new_readers;
        auto const& reader = backward ? candidate : old;
        auto const& writer = backward ? old : candidate;
        auto const found = reader.differences(writer, policy);
        if (!found) {
            verdict.messages.push_back("Unexpected exception during compatibility check: " +
                                       found.error().why);
            return;
        }
        for (auto const& difference : *found)
            verdict.messages.push_back(message_of(
                difference, candidate.type(), backward ? "new" : "old", backward ? "old" : "new"));
        if (!found->empty() && quote) quote_old(verdict.messages, key, old.canonical());
    }
};

std::expected<void, Refusal> compare(Level level, schema::Policy policy,
                                     schema::Schema const& candidate, VersionKey const& key,
                                     Version const& version, Verdict& verdict) {
    if (version.schema->type() != candidate.type()) {
        verdict.messages.emplace_back("Incompatible because of different schema type");
        return {};
    }
    auto const& old = version.schema->parsed();
    if (!old) return invalid_schema(schema::name_of(version.schema->type()), old.error().why);
    Comparison comparison{candidate, **old, key, policy, verdict};
    // Both ways: the old schema is quoted once, after the second.
    if (checks_forward(level))
        comparison.check(schema::Breaks::old_readers, !checks_backward(level));
    if (checks_backward(level)) comparison.check(schema::Breaks::new_readers, true);
    return {};
}

std::set<std::string> reserved_in(std::optional<Metadata> const& metadata) {
    return metadata ? metadata->reserved_fields() : std::set<std::string>();
}

void check_reserved(Candidate const& candidate, schema::Schema const& parsed,
                    Version const* previous, std::vector<std::string>& messages) {
    auto const now = reserved_in(candidate.content.metadata);
    if (previous != nullptr)
        for (auto const& field : reserved_in(previous->schema->content()->metadata))
            if (!now.contains(field))
                messages.push_back("The new schema has reserved field " + field +
                                   " removed from its metadata which is present in the old "
                                   "schema's metadata.");
    auto const fields = parsed.top_level_fields();
    for (auto const& field : now)
        if (std::ranges::find(fields, field) != fields.end())
            messages.push_back("The new schema has field that conflicts with the reserved field " +
                               field + ".");
}

std::optional<std::string> group_of(std::optional<Metadata> const& metadata,
                                    std::string const& name) {
    auto const* value = metadata ? metadata->property(name) : nullptr;
    return value == nullptr ? std::nullopt : std::optional(*value);
}

/// Only versions of the candidate's group count, where the config divides them.
void keep_group(Tables const& tables, Config const& config, Candidate const& candidate,
                std::vector<VersionKey>& previous) {
    if (!config.group) return;
    std::erase_if(previous, [&](VersionKey const& key) {
        return group_of(tables.version(key)->schema->content()->metadata, *config.group) !=
               group_of(candidate.content.metadata, *config.group);
    });
}

Result reply_verdict(Call const& call, Verdict const& verdict) {
    json::Value answer{json::Object{}};
    answer.set("is_compatible", verdict.messages.empty());
    if (call.target.flag("verbose")) {
        json::Array messages;
        for (auto const& message : verdict.messages) messages.emplace_back(message);
        answer.set("messages", std::move(messages));
    }
    return reply(answer);
}

Result check_candidate(Call const& call, Subject const& subject, json::Value const& body,
                       std::vector<VersionKey> previous) {
    auto const refused = [&](Refusal const& refusal) -> Result {
        if (refusal.code != 42201 || !call.target.flag("verbose")) return std::unexpected(refusal);
        return reply_verdict(call, {.messages = {refusal.message}});
    };
    auto candidate = read_candidate(subject, body);
    if (!candidate) return refused(candidate.error());
    if (is_empty(*candidate))
        return refused({.code = 42201, .message = "Empty schema", .body = {}});
    auto const config = call.tables.config_in_scope(subject);
    auto const parsed =
        canonicalize(call.tables, *candidate, config.validate_new_schemas.value_or(true),
                     wants_normal(call, subject));
    if (!parsed) return refused(parsed.error());
    auto const verdict = check_compatibility(call.tables, config, *candidate, **parsed, previous);
    if (!verdict) return refused(verdict.error());
    if (!call.explain) return reply_verdict(call, *verdict);
    auto const document =
        explain_compatibility(call, config, *candidate, *parsed, std::move(previous), *verdict);
    if (!document) return std::unexpected(document.error());
    return Outcome{
        .body = json::print(*document), .changes = {}, .content_type = std::string(findings_type)};
}

}  // namespace

std::expected<Verdict, Refusal> check_compatibility(Tables const& tables, Config const& config,
                                                    Candidate const& candidate,
                                                    schema::Schema const& parsed,
                                                    std::vector<VersionKey> previous) {
    Verdict verdict;
    auto const validate_fields = config.validate_fields.value_or(false);
    if (validate_fields)
        check_reserved(candidate, parsed,
                       previous.empty() ? nullptr : tables.version(previous.back()),
                       verdict.messages);
    keep_group(tables, config, candidate, previous);
    auto const level = config.level.value_or(default_level);
    if (level != Level::none) {
        auto const before = verdict.messages.size();
        for (auto key = previous.rbegin(); key != previous.rend(); ++key) {
            auto compared =
                compare(level, policy_of(config), parsed, *key, *tables.version(*key), verdict);
            if (!compared) return std::unexpected(compared.error());
            if (!is_transitive(level) || verdict.messages.size() != before) break;
        }
    }
    if (!verdict.messages.empty())
        verdict.messages.push_back(std::string("{validateFields: '") +
                                   (validate_fields ? "true" : "false") + "', compatibility: '" +
                                   std::string(name_of(level)) + "'}");
    return verdict;
}

std::expected<json::Value, Refusal> explain_compatibility(Call const& call, Config const& config,
                                                          Candidate const& candidate,
                                                          schema::SchemaPtr const& parsed,
                                                          std::vector<VersionKey> previous,
                                                          Verdict const& verdict) {
    keep_group(call.tables, config, candidate, previous);
    Proposal proposal{.subject = to_string(candidate.subject),
                      .schema = parsed,
                      .history = {},
                      .level = config.level.value_or(default_level),
                      .policy = policy_of(config),
                      .parse = {}};
    for (auto const& key : previous) {
        auto const& schema = *call.tables.version(key)->schema;
        auto const& old = schema.parsed();
        if (!old) return invalid_schema(schema::name_of(schema.type()), old.error().why);
        proposal.history.push_back({.version = key.version, .schema = *old});
    }
    auto const texts = texts_of(
        call.tables.closure(candidate.subject.context, candidate.content.references, true));
    if (texts)
        proposal.parse = [type = candidate.content.type, &texts](std::string_view text) {
            return schema::parse(type, text, *texts);
        };
    auto explanation = explain(proposal);
    if (!explanation)
        return invalid_schema(schema::name_of(candidate.content.type), explanation.error().why);
    if (call.world.readers) explanation->readers = call.world.readers(proposal.subject);
    auto document = to_json(*explanation);
    document.set("is_compatible", verdict.messages.empty());
    json::Array messages;
    for (auto const& message : verdict.messages) messages.emplace_back(message);
    document.set("messages", std::move(messages));
    return document;
}

std::string listed(std::vector<std::string> const& messages) {
    std::string all = "[";
    for (auto const& message : messages) all.append(all.size() > 1 ? ", " : "").append(message);
    return all + "]";
}

Result check_against_version(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const number = version_in(call.arguments[1]);
    if (!number) return std::unexpected(number.error());
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    auto const found = call.tables.resolve(subject, *number, false);
    if (found == 0 && *number != -1) return version_not_found(*number);
    std::vector<VersionKey> previous;
    if (found != 0) previous.push_back({.subject = subject, .version = found});
    return check_candidate(call, subject, *body, std::move(previous));
}

Result check_against_subject(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    std::vector<VersionKey> previous;
    for (auto const number : call.tables.versions_of(subject, Deleted::hidden))
        previous.push_back({.subject = subject, .version = number});
    return check_candidate(call, subject, *body, std::move(previous));
}

}  // namespace klamm::registry
