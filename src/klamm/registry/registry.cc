#include "klamm/registry/registry.h"

#include "klamm/registry/access.h"
#include "klamm/registry/call.h"
#include "klamm/registry/explain.h"
#include "klamm/registry/refusals.h"

#include <algorithm>
#include <array>

namespace klamm::registry {

namespace {

struct Route {
    std::string_view method;
    std::string_view path;  ///< "*" is a gap
    Handler handler;
};

constexpr auto routes = std::to_array<Route>({
    {"GET", "", get_root},
    {"POST", "", get_root},
    {"GET", "schemas/types", list_types},
    {"GET", "schemas", list_schemas},
    {"GET", "schemas/ids/*", get_schema_by_id},
    {"GET", "schemas/ids/*/schema", get_text_by_id},
    {"GET", "schemas/ids/*/subjects", list_subjects_of_id},
    {"GET", "schemas/ids/*/versions", list_versions_of_id},
    {"GET", "schemas/guids/*", get_schema_by_guid},
    {"GET", "schemas/guids/*/ids", list_ids_of_guid},
    {"GET", "subjects", list_subjects},
    {"POST", "subjects/*", look_up_schema},
    {"DELETE", "subjects/*", delete_subject},
    {"GET", "subjects/*/metadata", get_latest_with_metadata},
    {"GET", "subjects/*/versions", list_versions},
    {"POST", "subjects/*/versions", register_schema},
    {"GET", "subjects/*/versions/*", get_version},
    {"DELETE", "subjects/*/versions/*", delete_version},
    {"GET", "subjects/*/versions/*/schema", get_text_of_version},
    {"GET", "subjects/*/versions/*/referencedby", list_referrers},
    {"GET", "subjects/*/versions/*/referencedBy", list_referrers},
    {"POST", "subjects/*/versions/*/tags", tag_version},
    {"POST", "compatibility/subjects/*/versions", check_against_subject},
    {"POST", "compatibility/subjects/*/versions/*", check_against_version},
    {"GET", "config", get_config},
    {"PUT", "config", put_config},
    {"DELETE", "config", delete_config},
    {"GET", "config/*", get_config},
    {"PUT", "config/*", put_config},
    {"DELETE", "config/*", delete_config},
    {"GET", "mode", get_mode},
    {"PUT", "mode", put_mode},
    {"DELETE", "mode", delete_mode},
    {"GET", "mode/*", get_mode},
    {"PUT", "mode/*", put_mode},
    {"DELETE", "mode/*", delete_mode},
    {"GET", "contexts", list_contexts},
    {"DELETE", "contexts/*", delete_context},
    {"GET", "v1/metadata/id", get_cluster_ids},
    {"GET", "v1/metadata/version", get_server_version},
    {"GET", "v1/metadata/deployment", get_deployment},
});

/// What stands in the gaps, when the path is of this form.
std::optional<std::vector<std::string>> matched(std::string_view form,
                                                std::vector<std::string> const& path) {
    std::vector<std::string> arguments;
    for (auto const& segment : path) {
        if (form.empty()) return std::nullopt;
        auto const slash = std::min(form.find('/'), form.size());
        auto const wanted = form.substr(0, slash);
        form.remove_prefix(std::min(slash + 1, form.size()));
        if (wanted == "*") {
            if (segment.empty()) return std::nullopt;
            arguments.push_back(segment);
        } else if (segment != wanted) {
            return std::nullopt;
        }
    }
    if (!form.empty()) return std::nullopt;
    return arguments;
}

bool names_context(std::string_view text) {
    return text.starts_with(":.") || text.starts_with(any_context);
}

/// /contexts/.billing/subjects/s means /subjects/:.billing:s, and so for all that has subjects.
std::expected<void, Refusal> enter_context(Target& target) {
    if (target.path.size() < 2 || target.path[0] != "contexts") return {};
    auto const context = parse_context(target.path[1]);
    if (context.empty())
        return Refused({.code = 400,
                        .message = "Context name '" + target.path[1] + "' cannot contain a colon"});
    auto const prefix = qualified_context(context);
    auto const inside = [&](std::string const& text) {
        return names_context(text) ? text : prefix + text;
    };
    std::vector<std::string> path(target.path.begin() + 2, target.path.end());
    if (path.empty()) {
        if (context != default_context) path = {"contexts", prefix};
        target.path = std::move(path);
        return {};
    }
    auto const settings = path[0] == "config" || path[0] == "mode";
    for (std::size_t i = 1; i < path.size(); ++i)
        if ((settings && i == 1) || path[i - 1] == "subjects") {
            path[i] = inside(path[i]);
            break;
        }
    if (settings && path.size() == 1 && !prefix.empty()) path.push_back(prefix);
    target.path = std::move(path);
    if (target.path.size() >= 2 && target.path[0] == "schemas" && target.path[1] == "ids")
        target.set("subject", inside(target.text("subject")));
    else if (target.path.size() == 1 &&
             (target.path[0] == "schemas" || target.path[0] == "subjects"))
        target.set("subjectPrefix", inside(target.text("subjectPrefix")));
    return {};
}

/// A subject whose config has an alias is read and written as that.
void follow_alias(Tables const& tables, Target& target) {
    auto const follow = [&](std::string& name) {
        auto const subject = parse_subject(name);
        auto const* config = tables.own_config(to_string(subject));
        if (name.empty() || config == nullptr || !config->alias || config->alias->empty()) return;
        name = to_string(relative_to(subject.context, *config->alias));
    };
    for (std::size_t i = 1; i < target.path.size(); ++i)
        if (target.path[i - 1] == "subjects") {
            follow(target.path[i]);
            break;
        }
    if (target.path.size() >= 2 && target.path[0] == "schemas" && target.path[1] == "ids")
        for (auto& parameter : target.query)
            if (parameter.name == "subject") follow(parameter.value);
}

Result dispatch(Tables const& tables, HttpRequest const& request, World const& world,
                std::string_view method, Target const& target) {
    bool known = false;
    for (auto const& route : routes) {
        auto const arguments = matched(route.path, target.path);
        if (!arguments) continue;
        known = true;
        if (route.method != method) continue;
        if ((method == "POST" || method == "PUT") && !is_accepted_body(request.content_type))
            return Refused({.code = 415, .message = "HTTP 415 Unsupported Media Type"});
        return route.handler({.tables = tables,
                              .target = target,
                              .arguments = *arguments,
                              .body = request.body,
                              .world = world,
                              .explain = names_type(request.accept, findings_type)});
    }
    if (known) return Refused({.code = 405, .message = "HTTP 405 Method Not Allowed"});
    return not_found();
}

Result answered(Tables const& tables, HttpRequest const& request, World const& world) {
    auto target = parse_target(request.target);
    if (!target) return std::unexpected(target.error());
    if (auto entered = enter_context(*target); !entered) return std::unexpected(entered.error());
    follow_alias(tables, *target);
    auto const method = request.method == "HEAD" ? std::string_view("GET") : request.method;
    return dispatch(tables, request, world, method, *target);
}

std::string body_of(Refusal const& refusal) {
    if (!refusal.body.empty()) return refusal.body;
    json::Value error{json::Object{}};
    error.set("error_code", static_cast<std::int64_t>(refusal.code));
    error.set("message", refusal.message);
    return json::print(error);
}

}  // namespace

bool is_registry_path(std::string_view path) {
    if (path == "/") return true;
    for (std::string_view const prefix : {"/schemas", "/subjects", "/config", "/mode",
                                          "/compatibility", "/contexts", "/v1/metadata"})
        if (path.starts_with(prefix) &&
            (path.size() == prefix.size() || path[prefix.size()] == '/'))
            return true;
    return false;
}

bool may_change(HttpRequest const& request) {
    if (request.method == "PUT" || request.method == "DELETE") return true;
    if (request.method != "POST") return false;
    auto target = parse_target(request.target);
    if (!target || !enter_context(*target)) return false;
    return matched("subjects/*/versions", target->path) ||
           matched("subjects/*/versions/*/tags", target->path);
}

Answer answer(State const& state, HttpRequest const& request, World const& world) {
    std::vector<std::string_view> const offered{v1_json, "application/vnd.schemaregistry+json",
                                                "application/json"};
    auto type = negotiate(request.accept, offered);
    // Who asks for findings alone is answered in the usual type where there are none to explain.
    if (type.empty() && names_type(request.accept, findings_type)) type = v1_json;
    auto result = type.empty()
                      ? Result(Refused({.code = 406, .message = "HTTP 406 Not Acceptable"}))
                      : answered(Access::tables(state), request, world);
    Answer answer;
    answer.response.content_type = type.empty() ? v1_json : type;
    if (!result) {
        answer.response.status = result.error().status();
        answer.response.body = body_of(result.error());
        if (!result.error().content_type.empty())
            answer.response.content_type = result.error().content_type;
        return answer;
    }
    answer.response.status = result->status;
    if (!result->content_type.empty()) answer.response.content_type = result->content_type;
    answer.response.body = std::move(result->body);
    answer.changes = std::move(result->changes);
    return answer;
}

}  // namespace klamm::registry
