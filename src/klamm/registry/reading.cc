#include "klamm/registry/entities.h"
#include "klamm/registry/refusals.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace klamm::registry {

namespace {

/// How many schemas one answer lists; more are asked for page by page.
constexpr std::size_t schemas_per_page_max = 1000;
constexpr std::size_t no_limit = std::numeric_limits<std::int32_t>::max();

/// The list that `print_one` makes of the page that was asked for.
template <class Things, class Print>
Result reply_page(Call const& call, Things const& things, std::size_t limit_max,
                  Print const& print_one) {
    auto const page = page_of(call.target, things.size(), limit_max);
    if (!page) return std::unexpected(page.error());
    json::Array array;
    for (std::size_t i = 0; i < page->size; ++i)
        array.push_back(print_one(things[page->first + i]));
    return reply(json::Value(std::move(array)));
}

/// The version through which a client sees an id: one of the subject's if it named one, else any;
/// an unqualified subject is looked for in every context.
std::optional<VersionKey> version_with_id(Tables const& tables, std::int32_t id,
                                          std::string_view subject_text) {
    auto const subject = parse_subject(subject_text);
    auto const in = [&](std::string const& context, std::string const& name) {
        IdKey const key{.context = context, .id = id};
        return name.empty() ? tables.any_use(key)
                            : tables.use_of(key, {.context = context, .name = name}, true);
    };
    if (auto found = in(subject.context, subject.name)) return found;
    if (subject.context != default_context || subject.name.empty()) return std::nullopt;
    for (auto const& context : tables.all_contexts())
        if (auto found = in(context, subject.name)) return found;
    return in(std::string(default_context), {});
}

struct Seen {
    VersionKey key;
    Version const* version = nullptr;
};

std::expected<Seen, Refusal> schema_of_id(Call const& call) {
    auto const id = as_int32(call.arguments[0]);
    if (!id) return not_found();
    auto const key = version_with_id(call.tables, *id, call.target.text("subject"));
    if (!key) return schema_not_found(std::to_string(*id));
    return Seen{.key = *key, .version = call.tables.version(*key)};
}

/// "5DF6A1B2-…" or 32 hexadecimal digits, as it is kept.
std::string normal_guid(std::string_view text) {
    std::string guid;
    for (auto c : text) {
        if (c == '-') continue;
        if (guid.size() == 8 || guid.size() == 13 || guid.size() == 18 || guid.size() == 23)
            guid += '-';
        guid += c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c;
    }
    return guid;
}

/// A version by its path; an unqualified subject is looked for in every context.
std::expected<Seen, Refusal> version_of_path(Call const& call, bool deleted) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const number = version_in(call.arguments[1]);
    if (!number) return std::unexpected(number.error());
    auto const in = [&](Subject const& at) -> std::optional<Seen> {
        auto const found = call.tables.resolve(at, *number, deleted);
        if (found == 0) return std::nullopt;
        VersionKey key{.subject = at, .version = found};
        auto const* version = call.tables.version(key);
        return Seen{.key = std::move(key), .version = version};
    };
    if (auto seen = in(subject)) return *seen;
    if (subject.context == default_context)
        for (auto const& context : call.tables.all_contexts())
            if (auto seen = in({.context = context, .name = subject.name})) return *seen;
    if (!call.tables.has_subjects(subject, deleted)) return subject_not_found(to_string(subject));
    return version_not_found(*number);
}

/// For each subject, those whose config makes it their alias.
std::map<Subject, std::vector<std::string>> aliases_of(Tables const& tables) {
    std::map<Subject, std::vector<std::string>> aliases;
    tables.configs.each([&](std::string const& name, std::shared_ptr<Config const> const& config) {
        if (config->alias && !config->alias->empty())
            aliases[relative_to(parse_subject(name).context, *config->alias)].push_back(name);
        return true;
    });
    return aliases;
}

}  // namespace

std::expected<std::int32_t, Refusal> version_in(std::string_view text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
    while (text.ends_with(' ')) text.remove_suffix(1);
    std::string lower(text);
    for (auto& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    if (lower == "latest") return -1;
    auto const number = as_int32(text);
    if (!number || (*number <= 0 && *number != -1)) return invalid_version(std::string(text));
    return *number;
}

Result get_root(Call const&) { return reply(json::Value(json::Object{})); }

Result list_types(Call const&) {
    return reply(json::Value(json::Array{"JSON", "PROTOBUF", "AVRO"}));
}

Result list_schemas(Call const& call) {
    auto const deleted = call.target.flag("deleted");
    auto const latest_only = call.target.flag("latestOnly");
    auto const rule_type = call.target.text("ruleType");
    auto const prefix = call.target.text("subjectPrefix");
    std::map<VersionKey, Version const*> found;
    auto const take = [&](VersionKey const& key, Version const& version) {
        if (version.deleted && !deleted) return true;
        if (latest_only && !found.empty() && found.rbegin()->first.subject == key.subject)
            found.erase(std::prev(found.end()));
        found.emplace(key, &version);
        return true;
    };
    call.tables.each_with_prefix(prefix, take);
    std::map<Subject, std::vector<std::string>> aliases;
    if (call.target.flag("aliases")) {
        aliases = aliases_of(call.tables);
        auto const beginning = prefix == any_context ? std::string() : prefix;
        for (auto const& [subject, names] : aliases) {
            auto const wanted = std::ranges::any_of(
                names, [&](std::string const& name) { return name.starts_with(beginning); });
            if (!wanted) continue;
            if (latest_only) {
                auto const number = call.tables.latest(subject);
                VersionKey const key{.subject = subject, .version = number};
                if (number != 0) found.emplace(key, call.tables.version(key));
                continue;
            }
            call.tables.each_version(subject, [&](std::int32_t number, Version const& version) {
                if (deleted || !version.deleted)
                    found.emplace(VersionKey{.subject = subject, .version = number}, &version);
                return true;
            });
        }
    }
    std::vector<Seen> all;
    for (auto const& [key, version] : found) {
        auto const& rules = version->schema->content()->rules;
        if (rule_type.empty() || (rules && rules->has_type(rule_type)))
            all.push_back({.key = key, .version = version});
    }
    return reply_page(call, all, schemas_per_page_max, [&](Seen const& seen) {
        auto entity = schema_entity(seen.key, *seen.version, seen.version->schema->text());
        if (auto const names = aliases.find(seen.key.subject); names != aliases.end()) {
            json::Array array;
            for (auto const& name : names->second) array.emplace_back(name);
            entity.set("aliases", std::move(array));
        }
        return entity;
    });
}

Result get_schema_by_id(Call const& call) {
    auto const seen = schema_of_id(call);
    if (!seen) return std::unexpected(seen.error());
    auto const text = text_in(*seen->version->schema, call.target.text("format"));
    if (!text) return std::unexpected(text.error());
    auto entity = schema_string_entity(seen->key, *seen->version, *text,
                                       call.target.find("subject") != nullptr);
    if (call.target.flag("fetchMaxId"))
        entity.set("maxId", call.tables.max_id(seen->key.subject.context));
    add_tags(entity, call, *seen->version->schema);
    qualify_references(entity, call, seen->key.subject.context);
    return reply(entity);
}

Result get_text_by_id(Call const& call) {
    auto const seen = schema_of_id(call);
    if (!seen) return std::unexpected(seen.error());
    auto text = text_in(*seen->version->schema, call.target.text("format"));
    if (!text) return std::unexpected(text.error());
    return reply_text(std::move(*text));
}

Result list_subjects_of_id(Call const& call) {
    auto const seen = schema_of_id(call);
    if (!seen) return seen.error().code == 404 ? Result(not_found()) : Result(schema_not_found());
    IdKey const id{.context = seen->key.subject.context, .id = seen->version->schema->id()};
    auto const uses = call.tables.uses_of(id, call.target.flag("deleted"));
    return reply_page(call, uses, no_limit,
                      [](VersionKey const& use) { return json::Value(to_string(use.subject)); });
}

Result list_versions_of_id(Call const& call) {
    auto const seen = schema_of_id(call);
    if (!seen) return seen.error().code == 404 ? Result(not_found()) : Result(schema_not_found());
    IdKey const id{.context = seen->key.subject.context, .id = seen->version->schema->id()};
    auto const uses = call.tables.uses_of(id, call.target.flag("deleted"));
    return reply_page(call, uses, no_limit, [](VersionKey const& use) {
        json::Value one{json::Object{}};
        one.set("subject", to_string(use.subject));
        one.set("version", use.version);
        return one;
    });
}

Result get_schema_by_guid(Call const& call) {
    auto const guid = normal_guid(call.arguments[0]);
    for (auto const& context : call.tables.all_contexts()) {
        auto const stored = call.tables.by_guid(context, guid);
        if (!stored) continue;
        auto const text = text_in(*stored, call.target.text("format"));
        if (!text) return std::unexpected(text.error());
        auto const use = call.tables.any_use({.context = context, .id = stored->id()});
        return reply(schema_string_entity(*use, *call.tables.version(*use), *text, false));
    }
    return schema_not_found(call.arguments[0]);
}

Result list_ids_of_guid(Call const& call) {
    auto const guid = normal_guid(call.arguments[0]);
    json::Array array;
    for (auto const& context : call.tables.all_contexts()) {
        auto const stored = call.tables.by_guid(context, guid);
        if (!stored) continue;
        json::Value one{json::Object{}};
        one.set("context", context);
        one.set("id", stored->id());
        array.push_back(std::move(one));
    }
    return reply(json::Value(std::move(array)));
}

Result list_subjects(Call const& call) {
    auto const* asked = call.target.find("subjectPrefix");
    auto const only = call.target.flag("deletedOnly");
    auto const deleted = call.target.flag("deleted");
    std::map<std::string, bool> all;  // whether every version is deleted
    call.tables.each_with_prefix(
        asked == nullptr ? any_context : std::string_view(*asked),
        [&](VersionKey const& key, Version const& version) {
            auto& gone = all.try_emplace(to_string(key.subject), true).first->second;
            gone = gone && version.deleted;
            return true;
        });
    std::vector<std::string> subjects;
    for (auto const& [subject, gone] : all)
        if (only ? gone : (deleted || !gone)) subjects.push_back(subject);
    return reply_page(call, subjects, no_limit,
                      [](std::string const& subject) { return json::Value(subject); });
}

Result list_versions(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const deleted = call.target.flag("deleted");
    auto const only = call.target.flag("deletedOnly");
    if (!call.tables.has_subjects(subject, deleted || only))
        return subject_not_found(to_string(subject));
    auto const negative = call.target.flag("deletedAsNegative");
    auto const which = negative  ? Deleted::shown
                       : only    ? Deleted::only
                       : deleted ? Deleted::shown
                                 : Deleted::hidden;
    auto numbers = call.tables.versions_of(subject, which);
    if (negative)
        for (auto& number : numbers)
            if (call.tables.version({.subject = subject, .version = number})->deleted)
                number = -number;
    return reply_page(call, numbers, no_limit,
                      [](std::int32_t number) { return json::Value(number); });
}

Result get_version(Call const& call) {
    auto const seen = version_of_path(call, call.target.flag("deleted"));
    if (!seen) return std::unexpected(seen.error());
    auto const text = text_in(*seen->version->schema, call.target.text("format"));
    if (!text) return std::unexpected(text.error());
    auto entity = schema_entity(seen->key, *seen->version, *text);
    add_tags(entity, call, *seen->version->schema);
    qualify_references(entity, call, seen->key.subject.context);
    return reply(entity);
}

Result get_text_of_version(Call const& call) {
    auto const seen = version_of_path(call, call.target.flag("deleted"));
    if (!seen) return std::unexpected(seen.error());
    auto text = text_in(*seen->version->schema, call.target.text("format"));
    if (!text) return std::unexpected(text.error());
    return reply_text(std::move(*text));
}

Result list_referrers(Call const& call) {
    auto const seen = version_of_path(call, true);
    if (!seen) return std::unexpected(seen.error());
    auto const referrers = call.tables.referrers_of(seen->key, call.target.flag("deleted"));
    return reply_page(call, referrers, schemas_per_page_max,
                      [](IdKey const& referrer) { return json::Value(referrer.id); });
}

Result get_latest_with_metadata(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const deleted = call.target.flag("deleted");
    auto const keys = call.target.all("key");
    auto const values = call.target.all("value");
    std::map<std::string, std::string> wanted;
    for (std::size_t i = 0; i < std::min(keys.size(), values.size()); ++i)
        wanted[keys[i]] = values[i];
    Seen latest;
    call.tables.each_version(subject, [&](std::int32_t number, Version const& version) {
        auto const& metadata = version.schema->content()->metadata;
        auto const fits = metadata && std::ranges::all_of(wanted, [&](auto const& property) {
                              auto const* value = metadata->property(property.first);
                              return value != nullptr && *value == property.second;
                          });
        if (fits && (deleted || !version.deleted))
            latest = {.key = {.subject = subject, .version = number}, .version = &version};
        return true;
    });
    if (latest.version == nullptr) {
        if (!call.tables.has_subjects(subject, deleted))
            return subject_not_found(to_string(subject));
        return schema_not_found();
    }
    auto const text = text_in(*latest.version->schema, call.target.text("format"));
    if (!text) return std::unexpected(text.error());
    return reply(schema_entity(latest.key, *latest.version, *text));
}

Result get_cluster_ids(Call const& call) {
    json::Value clusters{json::Object{}};
    clusters.set("kafka-cluster", call.world.cluster_id);
    clusters.set("schema-registry-cluster", "schema-registry");
    json::Value scope{json::Object{}};
    scope.set("path", json::Array{});
    scope.set("clusters", std::move(clusters));
    json::Value ids{json::Object{}};
    ids.set("id", "");
    ids.set("scope", std::move(scope));
    return reply(ids);
}

Result get_server_version(Call const& call) {
    json::Value version{json::Object{}};
    version.set("version", call.world.klamm_version);
    version.set("commitId", "");
    return reply(version);
}

Result get_deployment(Call const&) {
    json::Value deployment{json::Object{}};
    deployment.set("attributes", json::Array{});
    return reply(deployment);
}

}  // namespace klamm::registry
