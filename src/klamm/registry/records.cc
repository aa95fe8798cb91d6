#include "klamm/registry/records.h"

#include <limits>

namespace klamm::registry {

namespace {

constexpr std::string_view last_version_key = "klamm.lastVersion";
constexpr std::string_view max_ids_key = "klamm.maxIds";
constexpr std::string_view tenant = "default";

// ---- written ------------------------------------------------------------------------------

std::string subject_key(std::string_view kind, std::string_view subject) {
    json::Value key{json::Object{}};
    key.set("keytype", kind);
    if (!subject.empty()) key.set("subject", subject);
    key.set("magic", 0);
    return json::print(key);
}

std::string schema_key(VersionKey const& version) {
    json::Value key{json::Object{}};
    key.set("keytype", "SCHEMA");
    key.set("subject", to_string(version.subject));
    key.set("version", version.version);
    key.set("magic", 1);
    return json::print(key);
}

std::string context_key(std::string_view context) {
    json::Value key{json::Object{}};
    key.set("keytype", "CONTEXT");
    key.set("tenant", tenant);
    key.set("context", context);
    key.set("magic", 0);
    return json::print(key);
}

json::Value with_subject(std::string_view subject) {
    json::Value value{json::Object{}};
    if (!subject.empty()) value.set("subject", subject);
    return value;
}

// ---- read ---------------------------------------------------------------------------------

std::optional<std::int32_t> as_int32(json::Value const* value) {
    auto const number = value == nullptr ? std::nullopt : value->as_int64();
    if (!number || *number < std::numeric_limits<std::int32_t>::min() ||
        *number > std::numeric_limits<std::int32_t>::max())
        return std::nullopt;
    return static_cast<std::int32_t>(*number);
}

std::string subject_of(json::Value const& key) {
    auto const* subject = key.find_string("subject");
    return subject == nullptr ? std::string() : to_string(parse_subject(*subject));
}

std::optional<Content> read_content(json::Value const& value) {
    auto const* text = value.find_string("schema");
    auto const* type_name = value.find_string("schemaType");
    auto const type = schema::type_named(type_name == nullptr ? "AVRO" : *type_name);
    if (text == nullptr || !type) return std::nullopt;
    Content content{.type = *type, .text = *text};
    if (auto const* references = value.find_array("references")) {
        for (auto const& reference : *references) {
            auto const* name = reference.find_string("name");
            auto const* subject = reference.find_string("subject");
            auto const version = as_int32(reference.find("version"));
            if (name == nullptr || subject == nullptr || !version) return std::nullopt;
            content.references.push_back({.name = *name, .subject = *subject, .version = *version});
        }
    }
    if (auto const* metadata = value.find("metadata");
        metadata != nullptr && !metadata->is_null()) {
        auto read = read_metadata(*metadata);
        if (!read) return std::nullopt;
        content.metadata = std::move(*read);
    }
    if (auto const* rules = value.find("ruleSet"); rules != nullptr && !rules->is_null()) {
        auto read = read_rule_set(*rules);
        if (!read) return std::nullopt;
        content.rules = std::move(*read);
    }
    return content;
}

void apply_schema(Tables& tables, json::Value const& key, json::Value const* value) {
    auto const number = as_int32(key.find("version"));
    if (!number || *number < 1) return;
    VersionKey const version{.subject = parse_subject(subject_of(key)), .version = *number};
    if (value == nullptr) return tables.erase_version(version);
    auto content = read_content(*value);
    auto const id = as_int32(value->find("id"));
    if (!content || !id || *id < 0) return;
    std::string guid;
    if (auto const* md5 = value->find_string("md5")) guid = guid_of_md5(*md5);
    if (guid.empty()) guid = guid_of(*content);

    auto const& context = version.subject.context;
    auto stored = tables.by_id({.context = context, .id = *id});
    if (!stored) {
        auto references = tables.closure(context, content->references, true);
        stored = std::make_shared<Stored const>(
            context, *id, std::move(guid), std::make_shared<Content const>(std::move(*content)),
            std::move(references));
    } else if (*stored->content() != *content) {
        return;
    }
    auto const last_given = as_int32(value->find(last_version_key)).value_or(0);
    auto const* ts = value->find("ts");
    tables.put_version(version, std::make_shared<Version const>(Version{
                                    .schema = std::move(stored),
                                    .wall_ms = ts == nullptr ? 0 : ts->as_int64().value_or(0),
                                    .deleted = value->find_bool("deleted").value_or(false),
                                    .last_given = last_given > *number ? last_given : 0}));
}

void apply_delete_subject(Tables& tables, json::Value const& value) {
    auto const subject = parse_subject(subject_of(value));
    auto const last = as_int32(value.find("version")).value_or(0);
    std::vector<std::int32_t> numbers;
    for (auto const number : tables.versions_of(subject, Deleted::hidden))
        if (number <= last) numbers.push_back(number);
    for (auto const number : numbers) {
        VersionKey const key{.subject = subject, .version = number};
        auto version = *tables.version(key);
        version.deleted = true;
        tables.put_version(key, std::make_shared<Version const>(std::move(version)));
    }
}

void apply_clear_subject(Tables& tables, json::Value const& value) {
    auto const named = subject_of(value);
    auto const scope = named.empty() ? Subject{.context = std::string(global_context), .name = {}}
                                     : parse_subject(named);
    for (auto const& subject : tables.subjects_in(scope, true))
        for (auto const number : tables.versions_of(subject, Deleted::only))
            tables.erase_version({.subject = subject, .version = number});
}

void apply_config(Tables& tables, json::Value const& key, json::Value const* value) {
    auto subject = subject_of(key);
    if (value == nullptr) {
        tables.configs.erase(subject);
        return;
    }
    auto config = updated({}, *value, "compatibilityLevel");
    if (config)
        tables.configs.set(std::move(subject), std::make_shared<Config const>(std::move(*config)));
}

void apply_mode(Tables& tables, json::Value const& key, json::Value const* value) {
    auto subject = subject_of(key);
    if (value == nullptr) {
        tables.modes.erase(subject);
        return;
    }
    auto const* name = value->find_string("mode");
    auto const mode = name == nullptr ? std::nullopt : mode_named(*name);
    if (mode) tables.modes.set(std::move(subject), *mode);
}

void apply_context(Tables& tables, json::Value const& key, json::Value const* value) {
    auto const* context = key.find_string("context");
    if (context == nullptr || !context->starts_with('.') || *context == default_context) return;
    if (value != nullptr)
        tables.contexts.set(*context, {});
    else
        tables.contexts.erase(*context);
}

void apply_counters(Tables& tables, json::Value const& value) {
    auto const* max_ids = value.find_object(max_ids_key);
    if (max_ids == nullptr) return;
    for (auto const& member : *max_ids) {
        auto const id = as_int32(&member.value);
        if (id && *id > tables.max_id(member.key)) tables.max_ids.set(member.key, *id);
    }
}

}  // namespace

Record schema_record(VersionKey const& key, Version const& version) {
    auto const& content = *version.schema->content();
    auto value = with_subject(to_string(key.subject));
    value.set("version", key.version);
    value.set("id", version.schema->id());
    value.set("schemaType", schema::name_of(content.type));
    if (!content.references.empty()) {
        json::Array references;
        for (auto const& reference : content.references) {
            json::Value one{json::Object{}};
            one.set("name", reference.name);
            one.set("subject", reference.subject);
            one.set("version", reference.version);
            references.push_back(std::move(one));
        }
        value.set("references", std::move(references));
    }
    if (content.metadata) value.set("metadata", print(*content.metadata));
    if (content.rules) value.set("ruleSet", print(*content.rules));
    value.set("schema", content.text);
    value.set("deleted", version.deleted);
    if (version.wall_ms != 0) value.set("ts", version.wall_ms);
    if (version.last_given != 0) value.set(last_version_key, version.last_given);
    return {.key = schema_key(key), .value = json::print(value)};
}

Record schema_tombstone(VersionKey const& key) { return {.key = schema_key(key), .value = {}}; }

Record delete_subject_record(Subject const& subject, std::int32_t version) {
    auto value = with_subject(to_string(subject));
    value.set("version", version);
    return {.key = subject_key("DELETE_SUBJECT", to_string(subject)), .value = json::print(value)};
}

Record clear_subject_record(Subject const& scope) {
    auto const subject = scope.context == global_context ? std::string() : to_string(scope);
    return {.key = subject_key("CLEAR_SUBJECT", subject),
            .value = json::print(with_subject(subject))};
}

Record config_record(std::string_view subject, Config const* config) {
    if (config == nullptr) return {.key = subject_key("CONFIG", subject), .value = {}};
    auto value = with_subject(subject);
    auto const members = print(*config, "compatibilityLevel");
    for (auto const& member : members.object()) value.set(member.key, member.value);
    return {.key = subject_key("CONFIG", subject), .value = json::print(value)};
}

Record mode_record(std::string_view subject, std::optional<Mode> mode) {
    if (!mode) return {.key = subject_key("MODE", subject), .value = {}};
    auto value = with_subject(subject);
    value.set("mode", name_of(*mode));
    return {.key = subject_key("MODE", subject), .value = json::print(value)};
}

Record context_record(std::string_view context) {
    json::Value value{json::Object{}};
    value.set("tenant", tenant);
    value.set("context", context);
    return {.key = context_key(context), .value = json::print(value)};
}

Record context_tombstone(std::string_view context) {
    return {.key = context_key(context), .value = {}};
}

Record counters_record(Tables const& tables) {
    json::Object max_ids;
    tables.max_ids.each([&](std::string const& context, std::int32_t id) {
        max_ids.push_back({context, json::Value(id)});
        return true;
    });
    json::Value value{json::Object{}};
    value.set(max_ids_key, std::move(max_ids));
    return {.key = subject_key("NOOP", ""), .value = json::print(value)};
}

void apply(Tables& tables, Record const& record) {
    auto const key = json::parse(record.key);
    if (!key) return;
    auto const* kind = key->find_string("keytype");
    if (kind == nullptr) return;
    std::optional<json::Value> value;
    if (record.value) {
        auto parsed = json::parse(*record.value);
        if (!parsed || !(parsed->is_object() || parsed->is_null())) return;
        if (parsed->is_object()) value = std::move(*parsed);
    }
    auto const* given = value ? &*value : nullptr;
    if (*kind == "SCHEMA")
        apply_schema(tables, *key, given);
    else if (*kind == "CONFIG")
        apply_config(tables, *key, given);
    else if (*kind == "MODE")
        apply_mode(tables, *key, given);
    else if (*kind == "CONTEXT")
        apply_context(tables, *key, given);
    else if (*kind == "DELETE_SUBJECT" && given != nullptr)
        apply_delete_subject(tables, *given);
    else if (*kind == "CLEAR_SUBJECT" && given != nullptr)
        apply_clear_subject(tables, *given);
    else if (*kind == "NOOP" && given != nullptr)
        apply_counters(tables, *given);
    else if (*kind == "ASSOC" && record.value)
        tables.others.set(record.key, *record.value);
    else if (*kind == "ASSOC")
        tables.others.erase(record.key);
}

std::vector<Record> dump(Tables const& tables) {
    std::vector<Record> all;
    tables.configs.each([&](std::string const& subject, auto const& config) {
        all.push_back(config_record(subject, config.get()));
        return true;
    });
    tables.contexts.each([&](std::string const& context, Nothing) {
        all.push_back(context_record(context));
        return true;
    });
    // By id: a schema after those that it refers to, as far as they were registered here.
    tables.uses.each([&](UseKey const& use, Nothing) {
        all.push_back(schema_record(use.version, *tables.version(use.version)));
        return true;
    });
    tables.others.each([&](std::string const& key, std::string const& value) {
        all.push_back({.key = key, .value = value});
        return true;
    });
    // Last: a mode may forbid what the records above do, where a registry reads them as requests.
    tables.modes.each([&](std::string const& subject, Mode mode) {
        all.push_back(mode_record(subject, mode));
        return true;
    });
    if (!tables.max_ids.empty()) all.push_back(counters_record(tables));
    return all;
}

}  // namespace klamm::registry
