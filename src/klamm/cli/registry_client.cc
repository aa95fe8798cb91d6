#include "klamm/cli/registry_client.h"

#include "klamm/registry/explain.h"

#include <fmt/core.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <limits>

namespace klamm::cli {
namespace {

constexpr std::size_t references_max = 1000;
constexpr std::size_t reference_depth_max = 50;
constexpr char const* registry_type = "application/vnd.schemaregistry.v1+json";
constexpr int subject_not_found = 40401;
constexpr int version_not_found = 40402;
constexpr int schema_not_found = 40403;
constexpr int no_config = 40408;
constexpr int no_mode = 40409;

std::int32_t int32_of(json::Value const& document, std::string_view key) {
    auto const* const value = document.find(key);
    auto const number = value == nullptr ? 0 : value->as_int64().value_or(0);
    auto const fits = number >= std::numeric_limits<std::int32_t>::min() &&
                      number <= std::numeric_limits<std::int32_t>::max();
    return fits ? std::int32_t(number) : 0;
}

std::string string_of(json::Value const& document, std::string_view key) {
    auto const* const text = document.find_string(key);
    return text == nullptr ? std::string() : *text;
}

std::vector<std::int32_t> numbers_of(json::Value const& document) {
    std::vector<std::int32_t> numbers;
    auto const add = [&](json::Value const& value) {
        if (auto const number = value.as_int64()) numbers.push_back(std::int32_t(*number));
    };
    if (document.is_array())
        for (auto const& each : document.array()) add(each);
    else
        add(document);
    return numbers;
}

std::string subject_path(std::string_view subject) {
    return "/subjects/" + live::percent_encoded(subject);
}

std::string scoped(std::string_view what, std::string_view subject) {
    auto path = fmt::format("/{}", what);
    if (!subject.empty()) path += "/" + live::percent_encoded(subject);
    return path;
}

bool is_any_of(Refusal const& refusal, std::initializer_list<int> codes) {
    return std::ranges::find(codes, refusal.code) != codes.end();
}

/// With what to do about it.
Failure as_failure(live::HttpFailure const& failure) {
    using Kind = live::HttpFailure::Kind;
    switch (failure.kind) {
        case Kind::no_library:
            return {failure.why, "on Debian: apt install libcurl4", 1, false};
        case Kind::unreachable:
            return {failure.why,
                    "is a registry running there? `klamm serve` has one on http://127.0.0.1:8081; "
                    "--registry URL or KLAMM_REGISTRY names another",
                    1, false};
        case Kind::silent:
            return {failure.why, "--timeout S waits longer", 1, false};
        case Kind::untrusted:
            return {failure.why, "--ca FILE names the certificates to trust", 1, false};
        case Kind::no_url:
            return {"--registry " + failure.why, "for instance --registry http://127.0.0.1:8081", 2,
                    false};
        case Kind::too_long:
        case Kind::other:
            break;
    }
    return {failure.why, {}, 1, false};
}

}  // namespace

void add_registry_options(CLI::App& command, RegistryOptions& options) {
    constexpr char const* group = "Registry";
    command.add_option("--registry", options.url, "The schema registry")
        ->envname("KLAMM_REGISTRY")
        ->type_name("URL")
        ->capture_default_str()
        ->group(group);
    command
        .add_option("--user", options.user, "For registries that ask; may also stand in the URL")
        ->envname("KLAMM_REGISTRY_USER")
        ->type_name("NAME:PASSWORD")
        ->group(group);
    command
        .add_option("--ca", options.ca_file,
                    "Certificates to trust for https; the system's if left out")
        ->type_name("FILE")
        ->group(group);
    if (command.get_option_no_throw("--timeout") == nullptr)
        command.add_option("--timeout", options.timeout_s, "How long to wait for an answer")
            ->type_name("SECONDS")
            ->check(CLI::Range(1, 3600))
            ->capture_default_str()
            ->group(group);
}

// ---- documents --------------------------------------------------------------------------------

json::Value to_json(NewSchema const& schema) {
    json::Value document = json::Object{};
    if (schema.type != schema::Type::avro) document.set("schemaType", name_of(schema.type));
    if (!schema.references.empty()) {
        json::Array references;
        for (auto const& each : schema.references)
            references.push_back(json::Object{
                {"name", each.name}, {"subject", each.subject}, {"version", each.version}});
        document.set("references", std::move(references));
    }
    if (!schema.metadata.is_null()) document.set("metadata", schema.metadata);
    if (!schema.rule_set.is_null()) document.set("ruleSet", schema.rule_set);
    document.set("schema", schema.text);
    return document;
}

std::optional<RegisteredSchema> registered_schema(json::Value const& document) {
    auto const* const text = document.find_string("schema");
    auto const* const type_name = document.find_string("schemaType");
    auto const type = schema::type_named(type_name == nullptr ? "AVRO" : *type_name);
    if (text == nullptr || !type) return std::nullopt;
    RegisteredSchema it{.subject = string_of(document, "subject"),
                        .version = int32_of(document, "version"),
                        .id = int32_of(document, "id"),
                        .guid = string_of(document, "guid"),
                        .schema = {.type = *type, .text = *text}};
    if (auto const* const references = document.find_array("references"))
        for (auto const& each : *references)
            it.schema.references.push_back(
                {string_of(each, "name"), string_of(each, "subject"), int32_of(each, "version")});
    if (auto const* const metadata = document.find("metadata")) it.schema.metadata = *metadata;
    if (auto const* const rules = document.find("ruleSet")) it.schema.rule_set = *rules;
    return it;
}

std::string_view context_of(std::string_view subject) {
    if (!subject.starts_with(":.")) return {};
    auto const end = subject.find(':', 1);
    return end == subject.npos ? std::string_view() : subject.substr(0, end + 1);
}

// ---- asking -----------------------------------------------------------------------------------

RegistryClient::RegistryClient(RegistryOptions const& options)
    : http_({options.url, options.user, options.ca_file, options.timeout_s}) {}

Outcome<RegistryClient::Answer> RegistryClient::ask(char const* method, std::string const& path,
                                                    json::Value const* body,
                                                    std::string_view accept) {
    auto const text = body == nullptr ? std::string() : json::print(*body);
    auto const reply = http_.send({.method = method,
                                   .path = path,
                                   .body = text,
                                   .content_type = body == nullptr ? "" : registry_type,
                                   .accept = accept.empty() ? registry_type : accept});
    if (!reply) return std::unexpected(as_failure(reply.error()));
    if (reply->status == 401 || reply->status == 403)
        return failed(
            fmt::format("{}: {} {}: not permitted ({})", name(), method, path, reply->status),
            "--user NAME:PASSWORD says who you are");
    auto document = json::parse(reply->body.empty() ? "null" : reply->body);
    auto const is_error = reply->status >= 400;
    if (!document || (is_error && document->find("error_code") == nullptr))
        return failed(fmt::format("{}: {} {} answered {} with {}, which no schema registry would",
                                  name(), method, path, reply->status,
                                  reply->content_type.empty() ? "no type" : reply->content_type),
                      "is this the registry's URL?");
    Answer answer{.body = std::move(*document)};
    answer.has_findings = reply->content_type.starts_with(registry::findings_type);
    if (is_error)
        answer.refusal =
            Refusal{int32_of(answer.body, "error_code"), string_of(answer.body, "message")};
    return answer;
}

Failure RegistryClient::refused(std::string const& doing, Refusal const& refusal) const {
    return {fmt::format("{}: {} ({})", doing, refusal.message, refusal.code), {}, 1, false};
}

Outcome<std::vector<std::string>> RegistryClient::subjects(Deleted deleted) {
    // Registries without contexts do not know the prefix that means all of them.
    for (auto const* prefix : {"subjectPrefix=%3A%2A%3A&", ""}) {
        auto const answer =
            ask("GET", fmt::format("/subjects?{}deleted={}", prefix, deleted == Deleted::shown));
        if (!answer) return std::unexpected(answer.error());
        if (answer->refusal) return std::unexpected(refused("list subjects", *answer->refusal));
        std::vector<std::string> names;
        if (answer->body.is_array())
            for (auto const& each : answer->body.array())
                if (each.is_string()) names.push_back(each.string());
        std::ranges::sort(names);
        if (!names.empty()) return names;
    }
    return std::vector<std::string>();
}

Outcome<std::vector<std::int32_t>> RegistryClient::versions(std::string_view subject,
                                                            Deleted deleted) {
    auto const answer = ask("GET", fmt::format("{}/versions?deleted={}", subject_path(subject),
                                               deleted == Deleted::shown));
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal && answer->refusal->code == subject_not_found)
        return std::vector<std::int32_t>();
    if (answer->refusal)
        return std::unexpected(refused(fmt::format("versions of {}", subject), *answer->refusal));
    auto numbers = numbers_of(answer->body);
    std::ranges::sort(numbers);
    return numbers;
}

Outcome<std::optional<RegisteredSchema>> RegistryClient::found(std::string const& doing,
                                                               Outcome<Answer> answer) {
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal &&
        is_any_of(*answer->refusal, {subject_not_found, version_not_found, schema_not_found}))
        return std::nullopt;
    if (answer->refusal) return std::unexpected(refused(doing, *answer->refusal));
    auto schema = registered_schema(answer->body);
    if (!schema)
        return failed(
            fmt::format("{}: {} answered with something that is no schema", doing, name()));
    return schema;
}

Outcome<std::optional<RegisteredSchema>> RegistryClient::find(std::string_view subject,
                                                              std::string_view version,
                                                              Deleted deleted) {
    return found(
        fmt::format("version {} of {}", version, subject),
        ask("GET", fmt::format("{}/versions/{}?deleted={}", subject_path(subject),
                               live::percent_encoded(version), deleted == Deleted::shown)));
}

Outcome<RegisteredSchema> RegistryClient::get(std::string_view subject, std::string_view version) {
    auto it = find(subject, version);
    if (!it) return std::unexpected(it.error());
    if (*it) return std::move(**it);
    auto const there = versions(subject);
    if (!there) return std::unexpected(there.error());
    if (there->empty())
        return failed(fmt::format("there is no subject {} in {}", subject, name()),
                      "`klamm schema list` shows those that there are");
    return failed(fmt::format("{} has no version {}, only {} to {}", subject, version,
                              there->front(), there->back()),
                  fmt::format("`klamm schema list {}` shows them", subject));
}

Outcome<std::optional<RegisteredSchema>> RegistryClient::by_id(std::int32_t id,
                                                               std::string_view subject) {
    auto path = fmt::format("/schemas/ids/{}", id);
    if (!subject.empty()) path += "?subject=" + live::percent_encoded(subject);
    auto it = found(fmt::format("schema {}", id), ask("GET", path));
    if (it && *it) (*it)->id = id;
    return it;
}

Outcome<std::optional<RegisteredSchema>> RegistryClient::by_guid(std::string_view guid) {
    auto it = found(fmt::format("schema {}", guid),
                    ask("GET", "/schemas/guids/" + live::percent_encoded(guid)));
    if (it && *it) (*it)->guid = guid;
    return it;
}

// ---- references -------------------------------------------------------------------------------

struct RegistryClient::Collection {
    std::string_view context;
    std::vector<schema::Reference> texts;
};

Outcome<> RegistryClient::collect(SchemaReference const& reference, std::size_t depth,
                                  Collection& all) {
    auto const known = std::ranges::find(all.texts, reference.name, &schema::Reference::name);
    if (known != all.texts.end()) {
        known->direct |= depth == 0;
        return {};
    }
    if (depth == reference_depth_max || all.texts.size() == references_max)
        return failed(fmt::format("reference {}: more than {} references, or {} inside each other",
                                  reference.name, references_max, reference_depth_max));
    auto subject = reference.subject;
    if (context_of(subject).empty()) subject.insert(0, all.context);
    auto const version =
        reference.version < 0 ? std::string("latest") : std::to_string(reference.version);
    auto const it = find(subject, version, Deleted::shown);
    if (!it) return std::unexpected(it.error());
    if (!*it)
        return failed(fmt::format("reference {}: there is no version {} of {} in {}",
                                  reference.name, version, subject, name()));
    for (auto const& each : (*it)->schema.references)
        if (auto done = collect(each, depth + 1, all); !done) return done;
    all.texts.push_back({reference.name, subject, (*it)->version, (*it)->schema.text, depth == 0});
    return {};
}

Outcome<std::vector<schema::Reference>> RegistryClient::texts_of(
    std::vector<SchemaReference> const& references, std::string_view subject) {
    Collection all{.context = context_of(subject)};
    for (auto const& each : references)
        if (auto done = collect(each, 0, all); !done) return std::unexpected(done.error());
    return std::move(all.texts);
}

Outcome<schema::SchemaPtr> RegistryClient::parse(NewSchema const& it, std::string_view subject,
                                                 bool strict) {
    auto const references = texts_of(it.references, subject);
    if (!references) return std::unexpected(references.error());
    auto parsed = schema::parse(it.type, it.text, *references, {.strict = strict});
    if (!parsed) return failed(parsed.error().why);
    return *parsed;
}

// ---- changing ---------------------------------------------------------------------------------

Outcome<Registration> RegistryClient::add(std::string_view subject, NewSchema const& schema,
                                          bool normalize) {
    auto const body = to_json(schema);
    auto const answer = ask(
        "POST", fmt::format("{}/versions?normalize={}", subject_path(subject), normalize), &body);
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal)
        return std::unexpected(refused(fmt::format("register {}", subject), *answer->refusal));
    return Registration{int32_of(answer->body, "id"), int32_of(answer->body, "version")};
}

Outcome<Registration> RegistryClient::import(RegisteredSchema const& schema) {
    auto body = to_json(schema.schema);
    body.set("id", schema.id);
    body.set("version", schema.version);
    auto const answer =
        ask("POST", fmt::format("{}/versions", subject_path(schema.subject)), &body);
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal)
        return std::unexpected(
            refused(fmt::format("import version {} of {}", schema.version, schema.subject),
                    *answer->refusal));
    return Registration{int32_of(answer->body, "id"), schema.version};
}

Outcome<std::optional<RegisteredSchema>> RegistryClient::lookup(std::string_view subject,
                                                                NewSchema const& schema,
                                                                bool normalize) {
    auto const body = to_json(schema);
    return found(
        fmt::format("look {} up", subject),
        ask("POST", fmt::format("{}?normalize={}", subject_path(subject), normalize), &body));
}

Outcome<std::vector<std::int32_t>> RegistryClient::remove(std::string_view subject,
                                                          std::string_view version,
                                                          bool permanent) {
    auto path = subject_path(subject);
    if (!version.empty()) path += "/versions/" + live::percent_encoded(version);
    auto const answer = ask("DELETE", fmt::format("{}?permanent={}", path, permanent));
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal) {
        auto failure = refused(fmt::format("delete {}", subject), *answer->refusal);
        if (is_any_of(*answer->refusal, {40405, 40407}))
            failure.hint = "delete it without --permanent first";
        if (is_any_of(*answer->refusal, {40404, 40406}))
            failure.hint = "--permanent deletes it for good";
        return std::unexpected(std::move(failure));
    }
    return numbers_of(answer->body);
}

Outcome<RegistryClient::Verdict> RegistryClient::verdict(std::string_view subject,
                                                         NewSchema const& schema) {
    auto const body = to_json(schema);
    auto const accept = fmt::format("{}, {}", registry::findings_type, registry_type);
    auto const path = fmt::format("/compatibility/subjects/{}/versions?verbose=true",
                                  live::percent_encoded(subject));
    auto const answer = ask("POST", path, &body, accept);
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal)
        return std::unexpected(refused(fmt::format("check {}", subject), *answer->refusal));
    Verdict verdict{.is_compatible = answer->body.find_bool("is_compatible").value_or(true)};
    if (auto const* const messages = answer->body.find_array("messages"))
        for (auto const& each : *messages)
            if (each.is_string()) verdict.messages.push_back(each.string());
    if (answer->has_findings) verdict.findings = answer->body;
    return verdict;
}

// ---- config and mode --------------------------------------------------------------------------

Outcome<json::Value> RegistryClient::config(std::string_view subject, Scope scope) {
    auto const answer = ask("GET", fmt::format("{}?defaultToGlobal={}", scoped("config", subject),
                                               scope == Scope::inherited));
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal && is_any_of(*answer->refusal, {no_config, subject_not_found}))
        return json::Value();
    if (answer->refusal)
        return std::unexpected(refused(fmt::format("config of {}", subject), *answer->refusal));
    return answer->body;
}

Outcome<> RegistryClient::set_config(std::string_view subject, json::Value const& config) {
    auto const answer = ask("PUT", scoped("config", subject), &config);
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal) return std::unexpected(refused("set config", *answer->refusal));
    return {};
}

Outcome<> RegistryClient::remove_config(std::string_view subject) {
    auto const answer = ask("DELETE", scoped("config", subject));
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal && !is_any_of(*answer->refusal, {no_config, subject_not_found}))
        return std::unexpected(refused("unset config", *answer->refusal));
    return {};
}

Outcome<std::optional<std::string>> RegistryClient::mode(std::string_view subject, Scope scope) {
    auto const answer = ask("GET", fmt::format("{}?defaultToGlobal={}", scoped("mode", subject),
                                               scope == Scope::inherited));
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal && is_any_of(*answer->refusal, {no_mode, subject_not_found}))
        return std::nullopt;
    if (answer->refusal)
        return std::unexpected(refused(fmt::format("mode of {}", subject), *answer->refusal));
    return string_of(answer->body, "mode");
}

Outcome<> RegistryClient::set_mode(std::string_view subject, std::string_view mode, bool force) {
    json::Value const body = json::Object{{"mode", mode}};
    auto const answer =
        ask("PUT", fmt::format("{}?force={}", scoped("mode", subject), force), &body);
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal)
        return std::unexpected(refused(fmt::format("set mode {}", mode), *answer->refusal));
    return {};
}

Outcome<> RegistryClient::remove_mode(std::string_view subject) {
    auto const answer = ask("DELETE", scoped("mode", subject));
    if (!answer) return std::unexpected(answer.error());
    if (answer->refusal && !is_any_of(*answer->refusal, {no_mode, subject_not_found}))
        return std::unexpected(refused("unset mode", *answer->refusal));
    return {};
}

}  // namespace klamm::cli
