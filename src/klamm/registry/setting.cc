#include "klamm/registry/call.h"
#include "klamm/registry/records.h"
#include "klamm/registry/refusals.h"

#include <limits>

namespace klamm::registry {

namespace {

/// For whom something is set: none or the default context: for everything, under the empty name.
std::string scope_in(Call const& call) {
    return call.arguments.empty() ? std::string() : to_string(parse_subject(call.arguments[0]));
}

bool is_global(std::string const& scope) {
    return scope.empty() || scope == qualified_context(global_context);
}

std::expected<void, Refusal> check_scope(Call const& call) {
    if (!call.arguments.empty() && !is_valid(call.arguments[0], true))
        return invalid_subject(call.arguments[0]);
    return {};
}

std::expected<void, Refusal> check_writable(Call const& call, std::string const& scope) {
    auto const subject = parse_subject(scope);
    if (!is_read_only(call.tables.mode_in_scope(subject))) return {};
    // Confluent names the absent subject so.
    return not_permitted("Subject " + (scope.empty() ? "null" : scope) + " in context " +
                         qualified_context(subject.context) + " is in read-only mode");
}

Config with_level(Config config) {
    if (!config.level) config.level = default_level;
    return config;
}

/// What was set for just this scope; the global ones always have something.
std::optional<Config> own_config(Call const& call, std::string const& scope) {
    if (auto const* own = call.tables.own_config(scope)) return with_level(*own);
    if (is_global(scope)) return with_level({});
    return std::nullopt;
}

std::optional<Mode> own_mode(Call const& call, std::string const& scope) {
    if (auto const own = call.tables.own_mode(scope)) return own;
    if (is_global(scope)) return Mode::readwrite;
    return std::nullopt;
}

Result reply_mode(std::string_view mode, std::vector<Record> changes = {}) {
    json::Value answer{json::Object{}};
    answer.set("mode", mode);
    return reply(answer, std::move(changes));
}

/// An import begins with nothing: what is softly deleted in the scope goes.
std::expected<void, Refusal> clear_for_import(Tables const& tables, std::string const& scope,
                                              std::vector<Record>& changes) {
    auto const subjects_of = scope.empty()
                                 ? Subject{.context = std::string(global_context), .name = {}}
                                 : parse_subject(scope);
    if (tables.has_subjects(subjects_of, false))
        return not_permitted("Cannot import since found existing subjects");
    for (auto const& subject : tables.subjects_in(subjects_of, true))
        for (auto const number : tables.versions_of(subject, Deleted::shown)) {
            VersionKey const key{.subject = subject, .version = number};
            if (!tables.referrers_of(key, true).empty())
                return reference_exists(to_string(subject), number);
            changes.push_back(schema_tombstone(key));
        }
    changes.push_back(clear_subject_record(subjects_of));
    changes.push_back(counters_record(tables));
    return {};
}

}  // namespace

Result get_config(Call const& call) {
    auto const scope = scope_in(call);
    auto const in_scope = call.target.flag("defaultToGlobal");
    auto const config = in_scope ? std::optional(call.tables.config_in_scope(parse_subject(scope)))
                                 : own_config(call, scope);
    if (!config) return no_subject_level(scope);
    return reply(print(*config, "compatibilityLevel"));
}

Result put_config(Call const& call) {
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    auto const scope = scope_in(call);
    if (auto const* level = body->find("compatibility"); level != nullptr && !level->is_null())
        if (!level->is_string() || !level_named(level->string())) return invalid_level();
    auto const* old = call.tables.own_config(scope);
    auto config = updated(old == nullptr ? Config{} : *old, *body, "compatibility");
    if (!config) return unprocessable(config.error());
    for (auto const* rules : {&config->default_rules, &config->override_rules})
        if (*rules)
            if (auto problem = problem_of(**rules); !problem.empty())
                return invalid_rule_set(std::move(problem));
    if (auto valid = check_scope(call); !valid) return std::unexpected(valid.error());
    if (auto writable = check_writable(call, scope); !writable)
        return std::unexpected(writable.error());
    auto record = config_record(scope, &*config);
    if (record.value->size() > record_bytes_max)
        return unprocessable("The config has " + std::to_string(record.value->size()) +
                             " bytes; at most " + std::to_string(record_bytes_max));
    return reply(print(*config, "compatibility"), {std::move(record)});
}

Result delete_config(Call const& call) {
    auto const scope = scope_in(call);
    auto const config = own_config(call, scope);
    if (!config) return subject_not_found(scope);
    if (auto writable = check_writable(call, scope); !writable)
        return std::unexpected(writable.error());
    std::vector<Record> changes;
    if (call.tables.own_config(scope) != nullptr) changes.push_back(config_record(scope, nullptr));
    return reply(print(*config, "compatibilityLevel"), std::move(changes));
}

Result get_mode(Call const& call) {
    auto const scope = scope_in(call);
    auto const mode = call.target.flag("defaultToGlobal")
                          ? std::optional(call.tables.mode_in_scope(parse_subject(scope)))
                          : own_mode(call, scope);
    if (!mode) return no_subject_mode(scope);
    return reply_mode(name_of(*mode));
}

Result put_mode(Call const& call) {
    auto const body = parse_body(call.body);
    if (!body) return std::unexpected(body.error());
    if (auto valid = check_scope(call); !valid) return std::unexpected(valid.error());
    auto const scope = scope_in(call);
    auto const* asked = body->find("mode");
    if (asked == nullptr) return invalid_mode();
    if (asked->is_null()) return reply(*body, {mode_record(scope, std::nullopt)});
    auto const mode = asked->is_string() ? mode_named(asked->string()) : std::nullopt;
    if (!mode) return invalid_mode();
    if (*mode == Mode::forward && scope != qualified_context(global_context))
        return Refused({.code = 42204, .message = "Forward mode only supported on global level"});
    std::vector<Record> changes;
    auto const in_force = call.tables.mode_in_scope(parse_subject(scope));
    if (*mode == Mode::import && in_force != Mode::import && !call.target.flag("force"))
        if (auto cleared = clear_for_import(call.tables, scope, changes); !cleared)
            return std::unexpected(cleared.error());
    changes.push_back(mode_record(scope, mode));
    return reply_mode(asked->string(), std::move(changes));
}

Result delete_mode(Call const& call) {
    auto const scope = scope_in(call);
    auto const recursive = call.target.flag("recursive");
    auto const old = own_mode(call, scope);
    if (!old && !recursive) return subject_not_found(scope);
    std::vector<Record> changes;
    if (call.tables.own_mode(scope)) changes.push_back(mode_record(scope, std::nullopt));
    auto const context = parse_subject(scope);
    if (recursive && context.is_context())
        call.tables.modes.each([&](std::string const& name, Mode) {
            auto const subject = parse_subject(name);
            if (subject.context == context.context && !subject.name.empty())
                changes.push_back(mode_record(name, std::nullopt));
            return true;
        });
    if (!old) return reply(json::Value(json::Object{}), std::move(changes));
    return reply_mode(name_of(*old), std::move(changes));
}

Result list_contexts(Call const& call) {
    auto const prefix = call.target.text("contextPrefix");
    std::vector<std::string> contexts;
    for (auto const& context : call.tables.all_contexts())
        if (context.starts_with(prefix)) contexts.push_back(context);
    auto const page =
        page_of(call.target, contexts.size(), std::numeric_limits<std::int32_t>::max());
    if (!page) return std::unexpected(page.error());
    json::Array array;
    for (std::size_t i = 0; i < page->size; ++i) array.emplace_back(contexts[page->first + i]);
    return reply(json::Value(std::move(array)));
}

Result delete_context(Call const& call) {
    auto const context = parse_subject(call.arguments[0]);
    auto const delimited = to_string(context);
    if (call.tables.has_subjects(context, true)) return context_not_empty(delimited);
    std::vector<Record> changes;
    if (call.tables.contexts.find(context.context) != nullptr)
        changes.push_back(context_tombstone(context.context));
    return Outcome{.body = {}, .changes = std::move(changes), .status = 204, .content_type = {}};
}

}  // namespace klamm::registry
