#include "klamm/cli/schema/checking.h"

#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <algorithm>

namespace klamm::cli {
namespace {

std::optional<schema::Policy> policy_named(std::string_view name) {
    if (name == "STRICT") return schema::Policy::strict;
    if (name == "LENIENT") return schema::Policy::lenient;
    if (name == "LOGICAL") return schema::Policy::logical;
    return std::nullopt;
}

/// What the metadata of a schema has under a key; schemas with the same form a group.
std::string property_of(NewSchema const& schema, std::string const& key) {
    auto const* const properties = schema.metadata.find("properties");
    auto const* const value = properties == nullptr ? nullptr : properties->find_string(key);
    return value == nullptr ? std::string() : *value;
}

}  // namespace

std::string_view name_of(CheckResult::Status status) {
    switch (status) {
        case CheckResult::Status::compatible:
            return "compatible";
        case CheckResult::Status::incompatible:
            return "incompatible";
        case CheckResult::Status::is_new:
            return "new";
        case CheckResult::Status::invalid:
            return "invalid";
    }
    return "";
}

Outcome<Checker::Rules> Checker::rules(std::string const& subject) {
    Rules it;
    if (client_ != nullptr) {
        auto const config = client_->config(subject, RegistryClient::Scope::inherited);
        if (!config) return std::unexpected(config.error());
        if (auto const* const level = config->find_string("compatibilityLevel"))
            it.level = registry::level_named(*level).value_or(it.level);
        if (auto const* const policy = config->find_string("compatibilityPolicy"))
            it.policy = policy_named(*policy).value_or(it.policy);
        if (auto const* const group = config->find_string("compatibilityGroup")) it.group = *group;
    }
    it.level = options_.level.value_or(it.level);
    it.policy = options_.policy.value_or(it.policy);
    return it;
}

Outcome<std::vector<registry::OldVersion>> Checker::history(
    std::string const& subject, std::vector<std::int32_t> const& versions,
    std::vector<SchemaReference>& references) {
    std::vector<registry::OldVersion> history;
    for (auto const version : versions) {
        auto const old = client_->get(subject, std::to_string(version));
        if (!old) return std::unexpected(old.error());
        auto parsed = client_->parse(old->schema, subject, false);
        if (!parsed)
            return failed(
                fmt::format("version {} of {}: {}", version, subject, parsed.error().what),
                parsed.error().hint);
        history.push_back({version, *parsed});
        references = old->schema.references;  // in the end, those of the latest
    }
    return history;
}

Outcome<std::vector<schema::Reference>> Checker::texts(
    SchemaFile const& file, std::span<SchemaFile const> around,
    std::vector<SchemaReference> const& references) {
    auto texts = references_among(around, file);
    if (client_ == nullptr || references.empty()) return texts;
    auto registered = client_->texts_of(references, file.subject);
    if (!registered) return std::unexpected(registered.error());
    // What lies beside the file is newer than what is registered under the same name.
    std::erase_if(*registered, [&](schema::Reference const& each) {
        return std::ranges::find(texts, each.name, &schema::Reference::name) != texts.end();
    });
    registered->insert(registered->end(), texts.begin(), texts.end());
    return std::move(*registered);
}

Outcome<CheckResult> Checker::conclude(SchemaFile const& file, Rules const& rules,
                                       std::vector<schema::Reference> const& references,
                                       std::vector<registry::OldVersion> history,
                                       std::string old_name) {
    using enum CheckResult::Status;
    CheckResult result{.file = file};
    auto const parse = [&](std::string_view text) {
        return schema::parse(file.type, text, references);
    };
    auto parsed = parse(file.text);
    if (!parsed) {
        result.status = invalid;
        result.why = parsed.error().why;
        return result;
    }
    result.schema = *parsed;
    auto const has_history = !history.empty();
    auto explanation = registry::explain({.subject = file.subject,
                                          .schema = *parsed,
                                          .history = std::move(history),
                                          .level = rules.level,
                                          .policy = rules.policy,
                                          .old_name = std::move(old_name),
                                          .parse = parse});
    if (!explanation) return failed(fmt::format("{}: {}", file.path, explanation.error().why));
    result.status = !has_history                   ? is_new
                    : explanation->is_compatible() ? compatible
                                                   : incompatible;
    result.explanation = std::move(*explanation);
    return result;
}

void Checker::ask_registry(CheckResult& result, std::vector<SchemaReference> const& references) {
    auto const verdict = client_->verdict(result.file.subject, {.type = result.file.type,
                                                                .text = result.file.text,
                                                                .references = references,
                                                                .metadata = {},
                                                                .rule_set = {}});
    // A registry that has not this question has no opinion.
    if (!verdict) return;
    if (verdict->findings) result.explanation->readers = registry::readers_in(*verdict->findings);
    if (options_.level || options_.policy) return;
    if (verdict->is_compatible == result.explanation->is_compatible()) return;
    result.notes.push_back(fmt::format("the registry itself says that it is {}compatible{}{}",
                                       verdict->is_compatible ? "" : "not ",
                                       verdict->messages.empty() ? "" : ": ",
                                       verdict->messages.empty() ? "" : verdict->messages.front()));
    if (!verdict->is_compatible) result.status = CheckResult::Status::incompatible;
}

Outcome<CheckResult> Checker::check(SchemaFile const& file, std::span<SchemaFile const> around) {
    auto const rules = this->rules(file.subject);
    if (!rules) return std::unexpected(rules.error());
    auto versions = client_->versions(file.subject);
    if (!versions) return std::unexpected(versions.error());
    if (!rules->group.empty()) {
        auto wrong = Outcome<>();
        std::erase_if(*versions, [&](std::int32_t version) {
            auto const it = client_->get(file.subject, std::to_string(version));
            if (!it) wrong = std::unexpected(it.error());
            return it && !property_of(it->schema, rules->group).empty();
        });
        if (!wrong) return std::unexpected(wrong.error());
    }
    if (!is_transitive(rules->level) && versions->size() > 1)
        versions->erase(versions->begin(), versions->end() - 1);
    auto references = options_.references;
    std::vector<SchemaReference> latest;
    auto history = this->history(file.subject, *versions, latest);
    if (!history) return std::unexpected(history.error());
    if (references.empty()) references = latest;
    auto const texts = this->texts(file, around, references);
    if (!texts) return std::unexpected(texts.error());
    auto result = conclude(file, *rules, *texts, std::move(*history));
    if (result && result->explanation && !versions->empty()) ask_registry(*result, references);
    return result;
}

Outcome<CheckResult> Checker::check(SchemaFile const& file, std::span<SchemaFile const> around,
                                    SchemaFile const* old, std::span<SchemaFile const> old_around,
                                    std::string const& revision) {
    auto const rules = this->rules(file.subject);
    if (!rules) return std::unexpected(rules.error());
    std::vector<registry::OldVersion> history;
    if (old != nullptr) {
        auto parsed = schema::parse(old->type, old->text, references_among(old_around, *old),
                                    {.strict = false});
        if (!parsed)
            return failed(fmt::format("{}:{}: {}", revision, old->path, parsed.error().why));
        history.push_back({1, *parsed});
    }
    return conclude(file, *rules, references_among(around, file), std::move(history), revision);
}

std::string mended(registry::Explanation const& explanation) {
    for (auto const& finding : explanation.findings)
        if (!finding.mends.empty()) return finding.mends.front().schema;
    return explanation.together ? explanation.together->schema : std::string();
}

registry::Paint paint_for(std::FILE* stream) {
    Style const style{stream};
    return {style.bold(), style.bad(), style.good(), style.dim(), style.off()};
}

}  // namespace klamm::cli
