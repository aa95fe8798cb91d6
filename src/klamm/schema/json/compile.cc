#include "klamm/schema/json/compile.h"

#include "klamm/json/pointer.h"
#include "klamm/schema/json/uri.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace klamm::schema::jsonschema {

std::expected<Program, SchemaError> compile(Documents const& documents, Target root, bool strict) {
    return Compiler(documents, strict).all(root);
}

std::expected<Program, SchemaError> Compiler::all(Target root) {
    program_.root = rules_of(root);
    while (!waiting_.empty() && error_.empty()) {
        auto const [index, target] = waiting_.back();
        waiting_.pop_back();
        fill(index, target);
    }
    if (!error_.empty()) return std::unexpected(SchemaError{error_});
    return std::move(program_);
}

RulesIndex Compiler::rules_of(Target target) {
    auto const [known, is_new] =
        known_.try_emplace(target.schema, RulesIndex(program_.rules.size()));
    auto const index = known->second;
    if (!is_new) return index;
    program_.rules.emplace_back().resource = target.resource;
    waiting_.emplace_back(index, target);
    if (entered_.insert(target.resource).second) enter(target.resource);
    return index;
}

/// Dynamic references may lead to any resource that the way of a payload goes through.
void Compiler::enter(ResourceIndex index) {
    auto const& resource = documents_.resource(index);
    for (auto& [name, anchors] : program_.anchors)
        if (auto const found = resource.dynamic_anchors.find(name);
            found != resource.dynamic_anchors.end())
            anchors.emplace(index, rules_of({found->second, index}));
    if (has_recursive_ && resource.recursive_anchor)
        program_.recursive.emplace(index, rules_of({resource.root, index}));
}

RulesIndex Compiler::child(json::Value const& schema) {
    return rules_of({&schema, documents_.resource_of(schema, resource_)});
}

void Compiler::fill(RulesIndex index, Target target) {
    schema_ = target.schema;
    resource_ = target.resource;
    dialect_ = documents_.dialect_of(resource_);
    Rules rules;
    rules.resource = resource_;
    if (schema_->is_bool()) {
        rules.never = !schema_->boolean();
    } else if (is_reference_alone(*schema_, dialect_.draft)) {
        add_reference(rules, "$ref");
    } else {
        if (dialect_.validates) {
            add_type(rules);
            if (auto const* values = find("enum")) add_values(rules, "enum", *values);
            auto const* const value = since(Draft::draft6) ? find("const") : nullptr;
            if (value != nullptr) add_values(rules, "const", json::Array{*value});
            add_number(rules);
            add_string(rules);
        }
        add_array(rules);
        add_object(rules);
        add_applied(rules);
    }
    program_.rules[index] = std::move(rules);
}

void Compiler::complain(std::string_view keyword, std::string_view must_be) {
    if (strict_ && error_.empty())
        error_ = fmt::format("{} at {} must be {}.", keyword,
                             documents_.location_of(*schema_, resource_), must_be);
}

bool Compiler::has(std::initializer_list<std::string_view> keywords) const {
    return std::ranges::any_of(keywords,
                               [&](std::string_view each) { return find(each) != nullptr; });
}

RulesIndex Compiler::schema_at(std::string_view keyword) {
    auto const* const schema = find(keyword);
    if (schema == nullptr) return no_rules;
    if (is_schema(*schema)) return child(*schema);
    complain(keyword, "a schema: an object, true or false");
    return no_rules;
}

void Compiler::count_at(std::string_view min, std::string_view max, Counts& counts) {
    if (!dialect_.validates) return;
    for (auto const keyword : {min, max}) {
        auto const* const value = find(keyword);
        if (value == nullptr) continue;
        auto const count = value->as_int64();
        // More than fits is more than anything has.
        auto const huge = value->is_number() && !count && Decimal(value->number()).is_whole() &&
                          !Decimal(value->number()).is_negative();
        if (!huge && (!count || *count < 0))
            complain(keyword, "a whole number, 0 or more");
        else
            (keyword == min ? counts.min : counts.max) =
                huge ? std::uint64_t(INT64_MAX) : std::uint64_t(*count);
    }
}

std::optional<Limit> Compiler::limit_at(std::string_view keyword) {
    auto const* const value = find(keyword);
    if (value == nullptr) return std::nullopt;
    if (value->is_number())
        return Limit{value->number(), Decimal(value->number()), value->as_int64()};
    complain(keyword, "a number");
    return std::nullopt;
}

bool Compiler::bool_at(std::string_view keyword) {
    auto const* const value = find(keyword);
    if (value == nullptr || !dialect_.validates) return false;
    if (!value->is_bool()) complain(keyword, "true or false");
    return value->is_bool() && value->boolean();
}

std::vector<std::string> Compiler::names_in(std::string_view keyword, json::Value const& list) {
    std::vector<std::string> names;
    if (!list.is_array()) {
        complain(keyword, "an array of names");
        return names;
    }
    for (auto const& each : list.array())
        if (each.is_string())
            names.push_back(each.string());
        else
            complain(keyword, "an array of names");
    return names;
}

json::Object const* Compiler::map_at(std::string_view keyword) {
    auto const* const value = find(keyword);
    if (value == nullptr) return nullptr;
    if (value->is_object()) return &value->object();
    complain(keyword, "an object");
    return nullptr;
}

CheckedPattern Compiler::pattern_of(std::string_view keyword, std::string_view text) {
    CheckedPattern checked{std::string(text), std::unexpected(std::string())};
    if (patterns_size_ < patterns_size_max) checked.pattern = Pattern::from(text);
    if (checked.pattern) patterns_size_ += checked.pattern->size();
    if (patterns_size_ >= patterns_size_max)
        checked.pattern = std::unexpected(fmt::format(
            "all regular expressions of the schema together have more than {} instructions",
            patterns_size_max));
    if (!checked.pattern && strict_ && error_.empty())
        error_ = fmt::format("{} at {}: {}.", keyword, documents_.location_of(*schema_, resource_),
                             checked.pattern.error());
    return checked;
}

void Compiler::add_applied(Rules& rules) {
    if (since(Draft::draft2019))
        for (std::string_view const keyword : {"$ref", "$dynamicRef", "$recursiveRef"})
            if (schema_->find_string(keyword) != nullptr) add_reference(rules, keyword);
    add_list(rules, "allOf", Applied::How::all);
    add_list(rules, "anyOf", Applied::How::any);
    add_list(rules, "oneOf", Applied::How::one);
    if (auto const inner = schema_at("not"); inner != no_rules)
        rules.applied.push_back({.how = Applied::How::none, .keyword = "not", .rules = {inner}});
    if (since(Draft::draft7) && has({"if"})) {
        auto const condition = schema_at("if");
        if (condition != no_rules)
            rules.applied.push_back({.how = Applied::How::choice,
                                     .keyword = "if",
                                     .rules = {condition, schema_at("then"), schema_at("else")}});
    }
}

void Compiler::add_list(Rules& rules, std::string_view keyword, Applied::How how) {
    auto const* const list = find(keyword);
    if (list == nullptr) return;
    if (!list->is_array()) return complain(keyword, "an array of schemas");
    Applied applied{.how = how, .keyword = keyword};
    for (auto const& schema : list->array())
        if (is_schema(schema))
            applied.rules.push_back(child(schema));
        else
            complain(keyword, "an array of schemas");
    if (!applied.rules.empty()) rules.applied.push_back(std::move(applied));
}

void Compiler::add_reference(Rules& rules, std::string_view keyword) {
    auto const& to = schema_->find(keyword)->string();
    Applied applied{.how = Applied::How::reference, .keyword = keyword};
    if (auto const target = documents_.find(to, resource_)) {
        applied.rules = {rules_of(*target)};
        if (keyword == "$dynamicRef") add_dynamic(applied, to, *target);
        if (keyword == "$recursiveRef") add_recursive(applied, *target);
    } else {
        applied.unresolved = to;
        if (strict_ && error_.empty())
            error_ = fmt::format(
                "{} {} at {} refers to no schema: register it and name it among the references; "
                "schemas are never fetched.",
                keyword, to, documents_.location_of(*schema_, resource_));
    }
    rules.applied.push_back(std::move(applied));
}

/// A $dynamicRef that leads to a $dynamicAnchor means the outermost one of that name.
void Compiler::add_dynamic(Applied& applied, std::string_view to, Target target) {
    auto const name = json::decode_percent(split_fragment(to).second);
    auto const& here = documents_.resource(target.resource).dynamic_anchors;
    auto const anchor = here.find(name);
    if (anchor == here.end() || anchor->second != target.schema) return;
    applied.how = Applied::How::dynamic;
    applied.anchor = name;
    program_.has_dynamic_scope = true;
    if (!program_.anchors.try_emplace(name).second) return;
    for (auto const index : std::set(entered_)) enter(index);
}

/// A $recursiveRef to a $recursiveAnchor means the outermost one.
void Compiler::add_recursive(Applied& applied, Target target) {
    auto const& resource = documents_.resource(target.resource);
    if (target.schema != resource.root || !resource.recursive_anchor) return;
    applied.how = Applied::How::recursive;
    program_.has_dynamic_scope = true;
    if (std::exchange(has_recursive_, true)) return;
    for (auto const index : std::set(entered_)) enter(index);
}

}  // namespace klamm::schema::jsonschema
