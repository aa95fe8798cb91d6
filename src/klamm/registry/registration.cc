#include "klamm/registry/compatibility.h"
#include "klamm/registry/entities.h"
#include "klamm/registry/explain.h"
#include "klamm/registry/records.h"
#include "klamm/registry/refusals.h"

#include <algorithm>
#include <limits>

namespace klamm::registry {

namespace {

/// A schema that is there now, whether it was before or not.
struct Registered {
    VersionKey key;
    std::int32_t id = 0;
    std::string guid;
    Content content;
    std::vector<Record> changes;
};

Registered existing(Tables const& tables, VersionKey const& key) {
    auto const& schema = *tables.version(key)->schema;
    return {.key = key,
            .id = schema.id(),
            .guid = schema.guid(),
            .content = *schema.content(),
            .changes = {}};
}

std::expected<void, Refusal> check_mode(Tables const& tables, Candidate const& candidate) {
    auto const mode = tables.mode_in_scope(candidate.subject);
    auto const place = "Subject " + to_string(candidate.subject) + " in context " +
                       qualified_context(candidate.subject.context);
    if (is_read_only(mode)) return not_permitted(place + " is in read-only mode");
    if (candidate.id >= 0) {
        if (!is_import(mode)) return not_permitted(place + " is not in import mode");
    } else if (mode != Mode::readwrite) {
        return not_permitted(place + " is not in read-write mode");
    }
    return {};
}

/// What the schema already is under this subject, where that needs no look at modes and levels.
std::expected<std::optional<VersionKey>, Refusal> find_registered(Tables const& tables,
                                                                  Candidate const& candidate,
                                                                  bool normalize) {
    auto const latest_only = candidate.version == -1;
    auto const found = find_version(tables, candidate, normalize, false, latest_only);
    if (!found || !*found) return found;
    auto const key = **found;
    auto const id = tables.version(key)->schema->id();
    if (candidate.version == 0 || latest_only)
        return candidate.id < 0 || candidate.id == id ? found : std::optional<VersionKey>();
    if (candidate.id != id) return std::nullopt;
    if (candidate.version == key.version) return found;
    VersionKey const older{.subject = candidate.subject, .version = candidate.version};
    auto const* version = tables.version(older);
    if (version != nullptr && !version->deleted && version->schema->id() == id) return older;
    return std::nullopt;
}

/// Text, type and references of the latest version for who sent none.
std::expected<void, Refusal> inherit(Tables const& tables, Config const& config,
                                     Candidate& candidate, std::int32_t next_version) {
    auto const latest = tables.latest(candidate.subject);
    auto const* previous = latest == 0
                               ? nullptr
                               : tables.version({.subject = candidate.subject, .version = latest})
                                     ->schema->content()
                                     .get();
    if (is_empty(candidate)) {
        if (previous == nullptr) return invalid_schema("Empty schema");
        candidate.content.type = previous->type;
        candidate.content.text = previous->text;
        candidate.content.references = previous->references;
    }
    if (auto tagged = retag(candidate, candidate.tags_to_add, candidate.tags_to_remove); !tagged)
        return tagged;
    if (candidate.propagate_tags && previous != nullptr && previous->type == schema::Type::avro)
        if (auto tagged = retag(candidate, tags_in(previous->text), {}); !tagged) return tagged;
    complete_contract(config, candidate, previous, next_version);
    return {};
}

std::expected<void, Refusal> check_history(Call const& call, Config const& config,
                                           Candidate const& candidate,
                                           schema::SchemaPtr const& parsed) {
    std::vector<VersionKey> previous;
    for (auto const number : call.tables.versions_of(candidate.subject, Deleted::hidden))
        previous.push_back({.subject = candidate.subject, .version = number});
    auto const verdict = check_compatibility(call.tables, config, candidate, *parsed, previous);
    if (!verdict) return std::unexpected(verdict.error());
    if (verdict->messages.empty()) return {};
    auto refused = incompatible(to_string(candidate.subject), listed(verdict->messages));
    if (!call.explain) return refused;
    auto document =
        explain_compatibility(call, config, candidate, parsed, std::move(previous), *verdict);
    if (!document) return refused;
    document->set("error_code", static_cast<std::int64_t>(refused.error().code));
    document->set("message", refused.error().message);
    refused.error().body = json::print(*document);
    refused.error().content_type = findings_type;
    return refused;
}

/// The id of this content: that which it has, that which the client brings, or the next.
std::expected<std::int32_t, Refusal> choose_id(Tables const& tables, Candidate const& candidate,
                                               std::optional<std::int32_t> known) {
    auto const& context = candidate.subject.context;
    if (known) return *known;
    if (candidate.id < 0) {
        auto const last = tables.max_id(context);
        if (last == std::numeric_limits<std::int32_t>::max())
            return Refused({.code = 50001, .message = "All ids of the context are given"});
        return last + 1;
    }
    auto const stored = tables.by_id({.context = context, .id = candidate.id});
    if (stored && *stored->content() != candidate.content)
        return not_permitted("Overwrite new schema with id " + std::to_string(candidate.id) +
                             " in context " + qualified_context(context) + " is not permitted.");
    return candidate.id;
}

/// Older versions that were deleted softly and have the same id make way for the new one.
void drop_replaced(Tables const& tables, Registered& registered) {
    auto const& subject = registered.key.subject;
    for (auto const number : tables.versions_of(subject, Deleted::only)) {
        VersionKey const key{.subject = subject, .version = number};
        if (number < registered.key.version && tables.version(key)->schema->id() == registered.id &&
            tables.referrers_of(key, true).empty())
            registered.changes.push_back(schema_tombstone(key));
    }
}

std::expected<Registered, Refusal> add(Tables const& tables, Candidate const& candidate,
                                       std::int32_t id, std::int32_t number, std::int64_t wall_ms) {
    Registered registered{.key = {.subject = candidate.subject, .version = number},
                          .id = id,
                          .guid = guid_of(candidate.content),
                          .content = candidate.content,
                          .changes = {}};
    auto const& context = candidate.subject.context;
    if (context != default_context && tables.contexts.find(context) == nullptr)
        registered.changes.push_back(context_record(context));
    auto const schema = std::make_shared<Stored const>(
        context, id, registered.guid, std::make_shared<Content const>(candidate.content),
        std::vector<Resolved>());
    registered.changes.push_back(
        schema_record(registered.key, {.schema = schema, .wall_ms = wall_ms}));
    if (registered.changes.back().value->size() > record_bytes_max) return schema_too_large();
    drop_replaced(tables, registered);
    return registered;
}

std::expected<Registered, Refusal> register_candidate(Call const& call, Candidate candidate,
                                                      bool normalize, bool force) {
    auto const& tables = call.tables;
    if (auto allowed = check_mode(tables, candidate); !allowed)
        return std::unexpected(allowed.error());
    auto const config = tables.config_in_scope(candidate.subject);
    auto const import = is_import(tables.mode_in_scope(candidate.subject));
    auto const next_version = tables.next_version(candidate.subject);
    if (next_version == 0 && candidate.version <= 0)
        return Refused({.code = 50001, .message = "All version numbers of the subject are given"});
    if (import) {
        if (is_empty(candidate)) return invalid_schema("Empty schema");
    } else if (auto done = inherit(tables, config, candidate, next_version); !done) {
        return std::unexpected(done.error());
    }
    auto const strict = candidate.id < 0 && config.validate_new_schemas.value_or(true);
    auto const parsed = canonicalize(tables, candidate, strict, normalize);
    if (!parsed) return std::unexpected(parsed.error());

    std::optional<std::int32_t> known;
    auto const stored = tables.by_guid(candidate.subject.context, guid_of(candidate.content));
    if (stored && stored->content()->type == candidate.content.type &&
        (candidate.id < 0 || candidate.id == stored->id())) {
        known = stored->id();
        auto const key = version_with(tables, candidate.subject, candidate.content, false);
        if (candidate.version == 0 && key) return existing(tables, *key);
    }
    if (candidate.version == 0) {
        auto const numbers = tables.versions_of(candidate.subject, Deleted::hidden);
        for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
            VersionKey const key{.subject = candidate.subject, .version = *number};
            auto const& version = *tables.version(key);
            auto const same_id = candidate.id < 0 || candidate.id == version.schema->id();
            if (same_id && means(candidate, **parsed, key, version)) return existing(tables, key);
        }
    }
    if (!import && !force)
        if (auto checked = check_history(call, config, candidate, *parsed); !checked)
            return std::unexpected(checked.error());
    auto const number = candidate.version > 0 ? candidate.version : next_version;
    if (number != next_version && !import)
        return invalid_schema("Version is not one more than previous version");
    auto const id = choose_id(tables, candidate, known);
    if (!id) return std::unexpected(id.error());
    return add(tables, candidate, *id, number, call.world.wall_ms);
}

Result reply_registered(Call const& call, Registered registered) {
    auto text = registered.content.text;
    if (auto const format = call.target.text("format"); !format.empty()) {
        auto const texts = texts_of(call.tables.closure(registered.key.subject.context,
                                                        registered.content.references, true));
        if (texts)
            if (auto const parsed =
                    schema::parse(registered.content.type, text, *texts, {.strict = false}))
                text = (*parsed)->formatted(format);
    }
    return reply(registration_entity(registered.key, registered.id, registered.guid,
                                     registered.content, text),
                 std::move(registered.changes));
}

/// The rule set that tagging leaves: that of the request, or the previous one, changed by it.
std::expected<std::optional<RuleSet>, Refusal> tagged_rules(
    json::Value const& body, std::optional<RuleSet> const& previous) {
    auto const read = [&](std::string_view key) -> std::expected<std::optional<RuleSet>, Refusal> {
        auto const* value = body.find(key);
        if (value == nullptr || value->is_null()) return std::nullopt;
        auto rules = read_rule_set(*value);
        if (!rules) return unprocessable(rules.error());
        if (auto problem = problem_of(*rules); !problem.empty())
            return invalid_rule_set(std::move(problem));
        return std::move(*rules);
    };
    auto own = read("ruleSet");
    if (!own) return own;
    auto const merge = read("rulesToMerge");
    if (!merge) return merge;
    auto const* remove = body.find_array("rulesToRemove");
    if (!*merge && remove == nullptr) return own;
    if (*own)
        return invalid_rule_set(
            "ruleSet should be omitted if specifying rulesToMerge or rulesToRemove");
    auto rules = merged(previous, *merge);
    if (rules && remove != nullptr) {
        std::set<std::string> names;
        for (auto const& name : *remove)
            if (name.is_string()) names.insert(name.string());
        rules->remove(names);
    }
    return rules;
}

}  // namespace

Result look_up_schema(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    auto const candidate = read_candidate(subject, *body);
    if (!candidate) return std::unexpected(candidate.error());
    auto const normalize = wants_normal(call, subject);
    auto const deleted = call.target.flag("deleted");

    auto const look_in =
        [&](Subject const& in) -> std::expected<std::optional<VersionKey>, Refusal> {
        auto wanted = *candidate;
        wanted.subject = in;
        auto found = find_version(call.tables, wanted, normalize, deleted, false);
        if (!found || *found) return found;
        // Once more with what registering it would have added to its metadata and rules.
        auto const latest = call.tables.latest(in);
        if (latest == 0) return std::nullopt;
        auto const* previous =
            call.tables.version({.subject = in, .version = latest})->schema->content().get();
        complete_contract(call.tables.config_in_scope(in), wanted, previous, 0);
        if (wanted.content == candidate->content) return std::nullopt;
        return find_version(call.tables, wanted, normalize, deleted, false);
    };
    auto found = look_in(subject);
    if (!found) return std::unexpected(found.error());
    if (!*found && subject.context == default_context)
        for (auto const& context : call.tables.all_contexts())
            if (auto other = look_in({.context = context, .name = subject.name}); other && *other) {
                found = std::move(other);
                break;
            }
    if (!*found) {
        if (!call.tables.has_subjects(subject, deleted))
            return subject_not_found(to_string(subject));
        return schema_not_found();
    }
    auto const& version = *call.tables.version(**found);
    auto const text = text_in(*version.schema, call.target.text("format"));
    if (!text) return std::unexpected(text.error());
    return reply(schema_entity(**found, version, *text));
}

Result register_schema(Call const& call) {
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    auto const subject = parse_subject(call.arguments[0]);
    auto const candidate = read_candidate(subject, *body);
    if (!candidate) return std::unexpected(candidate.error());
    if (candidate->content.rules)
        if (auto problem = problem_of(*candidate->content.rules); !problem.empty())
            return invalid_rule_set(std::move(problem));
    if (!is_valid(call.arguments[0], false)) return invalid_subject(call.arguments[0]);
    auto const normalize = wants_normal(call, subject);
    if (!candidate->changes_tags() &&
        !call.tables.config_in_scope(subject).has_defaults_or_overrides()) {
        auto const found = find_registered(call.tables, *candidate, normalize);
        if (!found) return std::unexpected(found.error());
        if (*found) return reply_registered(call, existing(call.tables, **found));
    }
    auto registered = register_candidate(call, *candidate, normalize, call.target.flag("force"));
    if (!registered) return std::unexpected(registered.error());
    return reply_registered(call, std::move(*registered));
}

Result tag_version(Call const& call) {
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    if (!is_valid(call.arguments[0], false)) return invalid_subject(call.arguments[0]);
    auto const number = version_in(call.arguments[1]);
    if (!number) return std::unexpected(number.error());
    auto const subject = parse_subject(call.arguments[0]);
    auto const found = call.tables.resolve(subject, *number, false);
    if (found == 0) {
        if (!call.tables.has_subjects(subject, false)) return subject_not_found(call.arguments[0]);
        return version_not_found(*number);
    }
    auto added = read_tags(*body, "tagsToAdd");
    if (!added) return std::unexpected(added.error());
    auto removed = read_tags(*body, "tagsToRemove");
    if (!removed) return std::unexpected(removed.error());
    auto const& content =
        *call.tables.version({.subject = subject, .version = found})->schema->content();
    auto const asked = body->find("newVersion");
    auto const new_version = asked == nullptr ? std::nullopt : asked->as_int64();
    Candidate candidate{.subject = subject, .content = content};
    candidate.tags_to_add = std::move(*added);
    candidate.tags_to_remove = std::move(*removed);
    candidate.version = static_cast<std::int32_t>(
        std::clamp<std::int64_t>(new_version.value_or(0), -1, std::numeric_limits<int>::max()));
    if (auto const* metadata = body->find("metadata");
        metadata != nullptr && !metadata->is_null()) {
        auto read = read_metadata(*metadata);
        if (!read) return unprocessable(read.error());
        candidate.content.metadata = std::move(*read);
    }
    if (!candidate.content.metadata) candidate.content.metadata.emplace();
    candidate.content.metadata->properties[std::string(confluent_version)] =
        std::to_string(candidate.version);
    auto const previous = candidate.version > 0
                              ? call.tables.resolve(subject, candidate.version - 1, false)
                              : call.tables.latest(subject);
    auto const* before = call.tables.version({.subject = subject, .version = previous});
    auto rules =
        tagged_rules(*body, before == nullptr ? std::nullopt : before->schema->content()->rules);
    if (!rules) return std::unexpected(rules.error());
    candidate.content.rules = std::move(*rules);
    auto registered = register_candidate(call, std::move(candidate), false, false);
    if (!registered) return std::unexpected(registered.error());
    return reply_registered(call, std::move(*registered));
}

}  // namespace klamm::registry
