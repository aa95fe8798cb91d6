#include "klamm/registry/contract.h"

#include <algorithm>
#include <array>

namespace klamm::registry {

namespace {

using Problem = std::unexpected<std::string>;

constexpr auto kinds = std::to_array<std::string_view>({"TRANSFORM", "CONDITION"});
constexpr auto modes = std::to_array<std::string_view>(
    {"UPGRADE", "DOWNGRADE", "UPDOWN", "WRITE", "READ", "WRITEREAD"});

bool is_absent(json::Value const* value) { return value == nullptr || value->is_null(); }

/// Text as it is, numbers and truth values as they were written.
std::optional<std::string> as_text(json::Value const& value) {
    if (value.is_string()) return value.string();
    if (value.is_number()) return value.number();
    if (value.is_bool()) return value.boolean() ? "true" : "false";
    return std::nullopt;
}

std::expected<std::set<std::string>, std::string> read_set(json::Value const* value,
                                                           std::string_view what) {
    std::set<std::string> set;
    if (is_absent(value)) return set;
    if (!value->is_array()) return Problem(std::string(what) + " is not a list of strings");
    for (auto const& element : value->array()) {
        auto text = as_text(element);
        if (!text) return Problem(std::string(what) + " is not a list of strings");
        set.insert(std::move(*text));
    }
    return set;
}

std::expected<std::map<std::string, std::string>, std::string> read_map(json::Value const* value,
                                                                        std::string_view what) {
    std::map<std::string, std::string> map;
    if (is_absent(value)) return map;
    if (!value->is_object()) return Problem(std::string(what) + " is not an object of strings");
    for (auto const& member : value->object()) {
        auto text = as_text(member.value);
        if (!text)
            return Problem(std::string(what) + ": the value of '" + member.key +
                           "' is not a string");
        map[member.key] = std::move(*text);
    }
    return map;
}

template <class Names>
std::expected<std::string, std::string> read_name(json::Value const* value, Names const& names,
                                                  std::string_view otherwise,
                                                  std::string_view what) {
    if (is_absent(value)) return std::string(otherwise);
    if (value->is_string() && std::ranges::find(names, value->string()) != names.end())
        return value->string();
    std::string all;
    for (auto const name : names) all.append(all.empty() ? "" : ", ").append(name);
    return Problem("a rule's " + std::string(what) + " is not one of " + all);
}

std::expected<Rule, std::string> read_rule(json::Value const& value) {
    if (!value.is_object()) return Problem("a rule is not an object");
    Rule rule;
    auto const text = [&](std::string_view key, std::optional<std::string>& to) {
        auto const* member = value.find(key);
        if (is_absent(member)) return true;
        to = as_text(*member);
        return to.has_value();
    };
    for (auto const& [key, to] :
         {std::pair("name", &rule.name), std::pair("doc", &rule.doc), std::pair("type", &rule.type),
          std::pair("expr", &rule.expr), std::pair("onSuccess", &rule.on_success),
          std::pair("onFailure", &rule.on_failure)})
        if (!text(key, *to)) return Problem("a rule's " + std::string(key) + " is not a string");
    auto kind = read_name(value.find("kind"), kinds, "TRANSFORM", "kind");
    if (!kind) return Problem(kind.error());
    auto mode = read_name(value.find("mode"), modes, "WRITEREAD", "mode");
    if (!mode) return Problem(mode.error());
    auto tags = read_set(value.find("tags"), "a rule's tags");
    if (!tags) return Problem(tags.error());
    auto params = read_map(value.find("params"), "a rule's params");
    if (!params) return Problem(params.error());
    rule.kind = std::move(*kind);
    rule.mode = std::move(*mode);
    rule.tags = std::move(*tags);
    rule.params = std::move(*params);
    rule.disabled = value.find_bool("disabled").value_or(false);
    return rule;
}

std::expected<std::vector<Rule>, std::string> read_rules(json::Value const* value,
                                                         std::string_view what) {
    std::vector<Rule> rules;
    if (is_absent(value)) return rules;
    if (!value->is_array()) return Problem(std::string(what) + " is not a list of rules");
    for (auto const& element : value->array()) {
        auto rule = read_rule(element);
        if (!rule) return Problem(rule.error());
        rules.push_back(std::move(*rule));
    }
    return rules;
}

json::Value print_set(std::set<std::string> const& set) {
    json::Array array;
    for (auto const& text : set) array.emplace_back(text);
    return array;
}

json::Value print_map(std::map<std::string, std::string> const& map) {
    json::Object object;
    for (auto const& [key, text] : map) object.push_back({key, json::Value(text)});
    return object;
}

json::Value print(Rule const& rule) {
    json::Value value{json::Object{}};
    auto const text = [&](std::string_view key, std::optional<std::string> const& from) {
        if (from && !from->empty()) value.set(key, *from);
    };
    text("name", rule.name);
    text("doc", rule.doc);
    value.set("kind", rule.kind);
    value.set("mode", rule.mode);
    text("type", rule.type);
    if (!rule.tags.empty()) value.set("tags", print_set(rule.tags));
    if (!rule.params.empty()) value.set("params", print_map(rule.params));
    text("expr", rule.expr);
    text("onSuccess", rule.on_success);
    text("onFailure", rule.on_failure);
    value.set("disabled", rule.disabled);
    return value;
}

json::Value print(std::vector<Rule> const& rules) {
    json::Array array;
    for (auto const& rule : rules) array.push_back(print(rule));
    return array;
}

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c & 0x80); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string problem_of_name(std::optional<std::string> const& name) {
    if (!name) return "Missing rule name";
    if (name->empty()) return "Empty rule name";
    if (name->size() > rule_name_max) return "Rule name too long";
    if (!is_letter(name->front()) && name->front() != '_')
        return "Illegal initial character in rule name: " + *name;
    for (auto const c : *name)
        if (!is_letter(c) && !is_digit(c) && c != '_' && c != '-')
            return "Illegal character in rule name: " + *name;
    return {};
}

std::string problem_of(Rule const& rule) {
    if (auto problem = problem_of_name(rule.name); !problem.empty()) return problem;
    if (!rule.type) return "Missing rule type";
    auto const both_ways = rule.mode == "WRITEREAD" || rule.mode == "UPDOWN";
    for (auto const* action : {&rule.on_success, &rule.on_failure})
        if (!both_ways && *action && (*action)->find(',') != std::string::npos)
            return "Multiple actions only valid with WRITEREAD and UPDOWN";
    return {};
}

bool is_migration(Rule const& rule) {
    return rule.mode == "UPGRADE" || rule.mode == "DOWNGRADE" || rule.mode == "UPDOWN";
}

std::string problem_of(std::vector<Rule> const& rules, bool migration, std::string_view wrong_mode,
                       std::set<std::string>& names) {
    for (auto const& rule : rules) {
        if (rule.name && !names.insert(*rule.name).second)
            return "Found rule with duplicate name '" + *rule.name + "'";
        if (auto problem = problem_of(rule); !problem.empty()) return problem;
        if (is_migration(rule) != migration) return std::string(wrong_mode);
    }
    return {};
}

std::vector<Rule> merged_rules(std::vector<Rule> const& under, std::vector<Rule> const& over) {
    std::vector<Rule> all;
    for (auto const& rule : under)
        if (std::ranges::none_of(over, [&](Rule const& other) { return other.name == rule.name; }))
            all.push_back(rule);
    all.insert(all.end(), over.begin(), over.end());
    return all;
}

template <class Map>
Map merged_maps(Map const& under, Map const& over) {
    auto all = over;
    all.insert(under.begin(), under.end());
    return all;
}

}  // namespace

std::string const* Metadata::property(std::string_view name) const {
    auto const found = properties.find(std::string(name));
    return found == properties.end() ? nullptr : &found->second;
}

std::set<std::string> Metadata::reserved_fields() const {
    std::set<std::string> fields;
    auto const* list = property(confluent_reserved);
    if (list == nullptr) return fields;
    for (std::size_t at = 0; at <= list->size();) {
        auto const comma = std::min(list->find(',', at), list->size());
        auto field = std::string_view(*list).substr(at, comma - at);
        while (field.starts_with(' ')) field.remove_prefix(1);
        while (field.ends_with(' ')) field.remove_suffix(1);
        if (!field.empty()) fields.emplace(field);
        at = comma + 1;
    }
    return fields;
}

bool RuleSet::has_type(std::string_view type) const {
    for (auto const* rules : {&migration, &domain, &encoding})
        for (auto const& rule : *rules)
            if (rule.type && *rule.type == type) return true;
    return false;
}

void RuleSet::remove(std::set<std::string> const& names) {
    for (auto* rules : {&migration, &domain, &encoding})
        std::erase_if(*rules,
                      [&](Rule const& rule) { return rule.name && names.contains(*rule.name); });
}

std::expected<Metadata, std::string> read_metadata(json::Value const& value) {
    if (!value.is_object()) return Problem("metadata is not an object");
    Metadata metadata;
    if (auto const* tags = value.find("tags"); !is_absent(tags)) {
        if (!tags->is_object()) return Problem("metadata's tags are not an object");
        for (auto const& member : tags->object()) {
            auto set = read_set(&member.value, "metadata's tags of '" + member.key + "'");
            if (!set) return Problem(set.error());
            metadata.tags[member.key] = std::move(*set);
        }
    }
    auto properties = read_map(value.find("properties"), "metadata's properties");
    if (!properties) return Problem(properties.error());
    auto sensitive = read_set(value.find("sensitive"), "metadata's sensitive");
    if (!sensitive) return Problem(sensitive.error());
    metadata.properties = std::move(*properties);
    metadata.sensitive = std::move(*sensitive);
    return metadata;
}

std::expected<RuleSet, std::string> read_rule_set(json::Value const& value) {
    if (!value.is_object()) return Problem("a rule set is not an object");
    RuleSet set;
    for (auto const& [key, to] :
         {std::pair("migrationRules", &set.migration), std::pair("domainRules", &set.domain),
          std::pair("encodingRules", &set.encoding)}) {
        auto rules = read_rules(value.find(key), key);
        if (!rules) return Problem(rules.error());
        *to = std::move(*rules);
    }
    if (auto const* enable_at = value.find_string("enableAt")) set.enable_at = *enable_at;
    return set;
}

json::Value print(Metadata const& metadata) {
    json::Value value{json::Object{}};
    if (!metadata.tags.empty()) {
        json::Object tags;
        for (auto const& [path, set] : metadata.tags) tags.push_back({path, print_set(set)});
        value.set("tags", std::move(tags));
    }
    if (!metadata.properties.empty()) value.set("properties", print_map(metadata.properties));
    if (!metadata.sensitive.empty()) value.set("sensitive", print_set(metadata.sensitive));
    return value;
}

json::Value print(RuleSet const& rules) {
    json::Value value{json::Object{}};
    if (!rules.migration.empty()) value.set("migrationRules", print(rules.migration));
    if (!rules.domain.empty()) value.set("domainRules", print(rules.domain));
    if (!rules.encoding.empty()) value.set("encodingRules", print(rules.encoding));
    if (!rules.enable_at.empty()) value.set("enableAt", rules.enable_at);
    return value;
}

std::string problem_of(RuleSet const& rules) {
    std::set<std::string> names;
    auto problem = problem_of(rules.migration, true,
                              "Migration rules can only be UPGRADE, DOWNGRADE, UPDOWN", names);
    if (problem.empty())
        problem = problem_of(rules.domain, false, "Domain rules can only be WRITE, READ, WRITEREAD",
                             names);
    if (problem.empty())
        problem = problem_of(rules.encoding, false,
                             "Encoding rules can only be WRITE, READ, WRITEREAD", names);
    return problem;
}

std::optional<Metadata> merged(std::optional<Metadata> const& under,
                               std::optional<Metadata> const& over) {
    if (!under) return over;
    if (!over) return under;
    return Metadata{.tags = merged_maps(under->tags, over->tags),
                    .properties = merged_maps(under->properties, over->properties),
                    .sensitive = merged_maps(under->sensitive, over->sensitive)};
}

std::optional<RuleSet> merged(std::optional<RuleSet> const& under,
                              std::optional<RuleSet> const& over) {
    if (!under) return over;
    if (!over) return under;
    return RuleSet{.migration = merged_rules(under->migration, over->migration),
                   .domain = merged_rules(under->domain, over->domain),
                   .encoding = merged_rules(under->encoding, over->encoding),
                   .enable_at = over->enable_at.empty() ? under->enable_at : over->enable_at};
}

void append_hashed(std::string& hashed, Metadata const& metadata) {
    for (auto const& [path, tags] : metadata.tags) {
        hashed += path;
        for (auto const& tag : tags) hashed += tag;
    }
    for (auto const& [name, text] : metadata.properties) hashed.append(name).append(text);
    for (auto const& name : metadata.sensitive) hashed += name;
}

void append_hashed(std::string& hashed, RuleSet const& rules) {
    for (auto const* list : {&rules.migration, &rules.domain, &rules.encoding}) {
        for (auto const& rule : *list) {
            hashed.append(rule.name.value_or("")).append(rule.doc.value_or(""));
            hashed.append(rule.kind).append(rule.mode).append(rule.type.value_or(""));
            for (auto const& tag : rule.tags) hashed += tag;
            for (auto const& [name, text] : rule.params) hashed.append(name).append(text);
            hashed.append(rule.expr.value_or(""));
            hashed.append(rule.on_success.value_or("")).append(rule.on_failure.value_or(""));
            if (rule.disabled) hashed += '\1';
        }
    }
    hashed += rules.enable_at;
}

}  // namespace klamm::registry
