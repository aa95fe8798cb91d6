#include "klamm/cli/schema/records.h"

#include <fmt/core.h>

#include <algorithm>

namespace klamm::cli {
namespace {

/// What the answer of GET /config calls otherwise than the record.
json::Value config_of_answer(json::Value answer) {
    json::Value config = json::Object{};
    for (auto& [key, value] : answer.object())
        config.set(key == "compatibilityLevel" ? "compatibility" : key, std::move(value));
    return config;
}

json::Value config_of_record(json::Value const& value) {
    auto config = config_of_answer(value);
    config.erase("subject");
    return config;
}

std::string subject_in(json::Value const& key) {
    auto const* const subject = key.find_string("subject");
    return subject == nullptr ? std::string() : *subject;
}

json::Value key_of(std::string_view type, std::string const& subject) {
    return json::Object{{"keytype", type},
                        {"subject", subject.empty() ? json::Value() : json::Value(subject)},
                        {"magic", 0}};
}

/// A string that holds a document becomes the document.
Outcome<json::Value> unwrapped(json::Value value) {
    if (!value.is_string()) return value;
    auto inside = json::parse(value.string());
    if (!inside) return failed(inside.error().why);
    return std::move(*inside);
}

}  // namespace

void RegistryContents::apply(json::Value const& key, json::Value const& value) {
    auto const* const type = key.find_string("keytype");
    auto const subject = subject_in(key);
    auto const* const number = key.find("version");
    auto const version = number == nullptr ? std::nullopt : number->as_int64();
    if (type == nullptr) {
        ++ignored;
    } else if (*type == "SCHEMA" && version) {
        std::pair const at(subject, std::int32_t(*version));
        auto schema = registered_schema(value);
        if (!schema) {
            versions.erase(at);
            return;
        }
        schema->subject = subject;
        schema->version = at.second;
        versions[at] = {std::move(*schema), value.find_bool("deleted").value_or(false)};
    } else if (*type == "CONFIG") {
        if (value.is_object())
            configs[subject] = config_of_record(value);
        else
            configs.erase(subject);
    } else if (*type == "MODE") {
        if (auto const* const mode = value.find_string("mode"))
            modes[subject] = *mode;
        else
            modes.erase(subject);
    } else if (*type == "DELETE_SUBJECT" && value.is_object()) {
        // Deletes softly up to the version that it names.
        auto const* const last = value.find("version");
        auto const until = last == nullptr ? 0 : last->as_int64().value_or(0);
        for (auto& [at, it] : versions)
            if (at.first == subject && at.second <= until) it.deleted = true;
    } else if (*type == "CLEAR_SUBJECT") {
        std::erase_if(versions, [&](auto const& each) {
            return each.first.first == subject && each.second.deleted;
        });
    } else if (*type != "NOOP" && *type != "CONTEXT") {
        ++ignored;
    }
}

std::vector<std::pair<json::Value, json::Value>> RegistryContents::records() const {
    std::vector<std::pair<json::Value, json::Value>> all;
    for (auto const& [subject, config] : configs) {
        auto value = config;
        if (!subject.empty()) value.set("subject", subject);
        all.emplace_back(key_of("CONFIG", subject), std::move(value));
    }
    std::vector<StoredVersion const*> by_id;
    for (auto const& [at, it] : versions) by_id.push_back(&it);
    std::ranges::stable_sort(by_id, {}, [](StoredVersion const* it) { return it->schema.id; });
    for (auto const* const it : by_id) {
        auto const& schema = it->schema;
        json::Value const key = json::Object{{"keytype", "SCHEMA"},
                                             {"subject", schema.subject},
                                             {"version", schema.version},
                                             {"magic", 1}};
        json::Value value = json::Object{
            {"subject", schema.subject}, {"version", schema.version}, {"id", schema.id}};
        auto const document = to_json(schema.schema);
        for (auto const& [name, part] : document.object()) value.set(name, part);
        value.set("deleted", it->deleted);
        all.emplace_back(key, std::move(value));
    }
    // Last: IMPORT or READONLY would be in the way of what comes before.
    for (auto const& [subject, mode] : modes)
        all.emplace_back(key_of("MODE", subject), json::Object{{"mode", mode}});
    return all;
}

Outcome<std::pair<json::Value, json::Value>> record_of_line(std::string_view line) {
    auto document = json::parse(line);
    if (!document) return failed(document.error().why);
    auto* const key = document->find("key");
    auto* const value = document->find("value");
    if (key == nullptr) return failed("a record has a key: {\"key\":…,\"value\":…}");
    auto inner_key = unwrapped(std::move(*key));
    if (!inner_key) return std::unexpected(inner_key.error());
    auto inner_value = unwrapped(value == nullptr ? json::Value() : std::move(*value));
    if (!inner_value) return std::unexpected(inner_value.error());
    return std::pair{std::move(*inner_key), std::move(*inner_value)};
}

std::string text_of_record(json::Value const& key, json::Value const& value) {
    return json::print(json::Object{{"key", key}, {"value", value}});
}

Outcome<RegistryContents> contents_of(RegistryClient& registry) {
    using Deleted = RegistryClient::Deleted;
    using Scope = RegistryClient::Scope;
    RegistryContents all;
    auto const subjects = registry.subjects(Deleted::shown);
    if (!subjects) return std::unexpected(subjects.error());
    for (auto const& subject : *subjects) {
        auto const live = registry.versions(subject);
        if (!live) return std::unexpected(live.error());
        auto const numbers = registry.versions(subject, Deleted::shown);
        if (!numbers) return std::unexpected(numbers.error());
        for (auto const version : *numbers) {
            auto it = registry.find(subject, std::to_string(version), Deleted::shown);
            if (!it) return std::unexpected(it.error());
            if (!*it) continue;  // gone meanwhile
            (*it)->subject = subject;
            auto const deleted = !std::ranges::binary_search(*live, version);
            all.versions[{subject, version}] = {std::move(**it), deleted};
        }
    }
    auto scopes = *subjects;
    scopes.insert(scopes.begin(), "");
    for (auto const& subject : scopes) {
        auto config = registry.config(subject, Scope::own);
        if (!config) return std::unexpected(config.error());
        if (config->is_object()) all.configs[subject] = config_of_answer(std::move(*config));
        auto mode = registry.mode(subject, Scope::own);
        if (!mode) return std::unexpected(mode.error());
        // Some registries say of every subject what counts for all.
        auto const global = all.modes.find("");
        if (*mode && (subject.empty() || global == all.modes.end() || global->second != **mode))
            all.modes[subject] = **mode;
    }
    return all;
}

}  // namespace klamm::cli
