#include "klamm/schema/json/compare.h"

#include "klamm/schema/json/compare_in.h"
#include "klamm/schema/json/decimal.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace klamm::schema::jsonschema {
namespace {

/// What is no number limits nothing.
json::Value const* number_at(Node const& node, std::string_view keyword) {
    auto const* const value = node.keyword(keyword);
    return value != nullptr && value->is_number() ? value : nullptr;
}

}  // namespace

std::expected<std::vector<Found>, SchemaError> Comparer::compare(Target original, Target update) {
    while (true) {
        memory_.clear();
        assumed_ = false;
        Out out;
        compare(out, original_.node_of(original), update_.node_of(update));
        if (too_deep_)
            return std::unexpected(SchemaError{fmt::format(
                "The schemas cannot be compared: they are nested more than {} levels deep.",
                compare_depth_max)});
        if (steps_left_ == 0)
            return std::unexpected(SchemaError{
                fmt::format("The schemas cannot be compared within {} steps: too many schemas of "
                            "oneOf, anyOf or allOf refer to each other.",
                            compare_steps_max)});
        std::map<Pair, Remembered> incompatible;
        for (auto const& [pair, found] : memory_)
            if (!is_compatible(*found)) incompatible.emplace(pair, found);
        auto const same = std::ranges::equal(
            incompatible, incompatible_, {}, [](auto const& each) { return each.first; },
            [](auto const& each) { return each.first; });
        if (!assumed_ || same) return std::move(out.found);
        incompatible_ = std::move(incompatible);
    }
}

bool Comparer::is_compatible(Differences const& found) const {
    return std::ranges::all_of(
        found, [&](Found const& each) { return jsonschema::is_compatible(*each.rule, policy_); });
}

/// False when nothing is left of the budget; then whatever is found no longer matters.
bool Comparer::spend(std::size_t steps) {
    steps_left_ -= std::min(steps, steps_left_);
    return steps_left_ > 0 && !too_deep_;
}

void Comparer::say(Out& out, Rule const& rule, json::Value const* before, json::Value const* after,
                   std::string_view name) {
    if (spend(1))
        out.found.push_back(
            {&rule, out.path, before, after, std::string(name), out.original, out.update});
}

void Comparer::copy(Out& out, Differences const& found) {
    if (!spend(found.size())) return;
    for (auto each : found) {
        if (each.path.empty())
            each.path = out.path;
        else if (!out.path.empty())
            each.path = out.path + "/" + each.path;
        out.found.push_back(std::move(each));
    }
}

void Comparer::compare(Out& out, Node* original, Node* update) {
    if (original == nullptr && update == nullptr) return;
    if (original == nullptr) return say(out, rules::schema_added, nullptr, update->source);
    if (update == nullptr) return say(out, rules::schema_removed, original->source, nullptr);
    auto& from = reversed_ ? update_ : original_;
    auto& to = reversed_ ? original_ : update_;
    copy(out, *compare_pair(from.resolved(original), to.resolved(update)));
}

Comparer::Remembered Comparer::compare_pair(Node* original, Node* update) {
    static auto const nothing = std::make_shared<Differences const>();
    Pair const pair{original, update};
    if (auto const known = memory_.find(pair); known != memory_.end()) return known->second;
    if (comparing_.contains(pair)) {
        auto const known = incompatible_.find(pair);
        if (known != incompatible_.end()) return known->second;
        assumed_ = true;
        return nothing;
    }
    if (depth_ >= compare_depth_max) too_deep_ = true;
    if (!spend(1)) return nothing;
    ++depth_;
    comparing_.insert(pair);
    Out out{{}, {}, original->source, update->source};
    compare_kinds(out, *original, *update);
    comparing_.erase(pair);
    --depth_;
    auto const found = std::make_shared<Differences const>(std::move(out.found));
    memory_.emplace(pair, found);
    return found;
}

Comparer::Differences Comparer::compare_apart(Out const& beside, Node* original, Node* update) {
    Out apart{beside.path, {}, beside.original, beside.update};
    compare(apart, original, update);
    return std::move(apart.found);
}

void Comparer::compare_kinds(Out& out, Node& original, Node& update) {
    auto const was_combined = original.kind == Kind::combined;
    auto const is_combined = update.kind == Kind::combined;
    if (!was_combined && is_combined && compare_with_combined(out, original, update)) return;
    if (was_combined && !is_combined && compare_combined_with(out, original, update)) return;
    if (original.kind != update.kind) {
        auto const accepts_all = update.kind == Kind::empty || update.kind == Kind::always;
        if (original.kind == Kind::never || accepts_all) return;
        // A fix of decimals in Connect's converter changed the type under this name.
        if (original.is_bytes && update.is_bytes) return;
        return say(out, rules::type_changed, original.source, update.source);
    }
    compare_annotations(out, original, update);
    switch (original.kind) {
        case Kind::string:
            return compare_string(out, original, update);
        case Kind::number:
            return compare_number(out, original, update);
        case Kind::constant:
            return compare_const(out, original, update);
        case Kind::enumeration:
            return compare_enum(out, original, update);
        case Kind::combined:
            return compare_combined(out, original, update);
        case Kind::negation:
            return compare_not(out, original, update);
        case Kind::object:
            return compare_object(out, original, update);
        case Kind::array:
            return compare_array(out, original, update);
        case Kind::unresolved:
            if (key_of(original.source) != key_of(update.source))
                say(out, rules::type_changed, original.source, update.source);
            return;
        default:
            return;
    }
}

/// What was one schema has become several. True: settled.
bool Comparer::compare_with_combined(Out& out, Node& original, Node& update) {
    auto const single = update.parts.size() == 1;
    if (!single && update.criterion == Criterion::all) return false;
    for (auto* const part : update.parts) {
        auto const found = compare_apart(out, &original, part);
        if (!is_compatible(found)) continue;
        out.found.insert(out.found.end(), found.begin(), found.end());
        if (!single) say(out, rules::sum_type_extended, original.source, update.source);
        return true;
    }
    return false;
}

/// What were several schemas has become one. True: settled.
bool Comparer::compare_combined_with(Out& out, Node& original, Node& update) {
    auto const single = original.parts.size() == 1;
    if (!single && original.criterion != Criterion::all) return false;
    for (auto* const part : original.parts) {
        auto const found = compare_apart(out, part, &update);
        if (!is_compatible(found)) continue;
        out.found.insert(out.found.end(), found.begin(), found.end());
        if (!single) say(out, rules::product_type_narrowed, original.source, update.source);
        return true;
    }
    return false;
}

void Comparer::compare_annotations(Out& out, Node& original, Node& update) {
    auto const text = [&](std::string const* before, std::string const* after, Rule const& rule,
                          std::string_view keyword) {
        auto const same =
            (before == nullptr) == (after == nullptr) && (before == nullptr || *before == *after);
        if (!same) say(out, rule, original.source->find(keyword), update.source->find(keyword));
    };
    if (original.id != nullptr || update.id != nullptr) {
        auto const* const owner = original.id != nullptr ? original.source : update.source;
        auto const is_old = owner->find("$id") == nullptr;
        text(original.id, update.id, rules::id_changed, is_old ? "id" : "$id");
    }
    text(original.title, update.title, rules::title_changed, "title");
    text(original.description, update.description, rules::description_changed, "description");
    auto const defaults = original.default_value != nullptr || update.default_value != nullptr;
    if (defaults && key_of(original.default_value) != key_of(update.default_value))
        say(out, rules::default_changed, original.default_value, update.default_value);
}

void Comparer::compare_limit(Out& out, std::string_view keyword, LimitRules const& rules,
                             Node const& original, Node const& update) {
    auto const* const before = number_at(original, keyword);
    auto const* const after = number_at(update, keyword);
    if (before == nullptr && after == nullptr) return;
    In const in(out, keyword);
    if (before == nullptr) return say(out, rules.added, nullptr, after);
    if (after == nullptr) return say(out, rules.removed, before, nullptr);
    auto const order = Decimal(before->number()) <=> Decimal(after->number());
    if (order < 0) say(out, rules.increased, before, after);
    if (order > 0) say(out, rules.decreased, before, after);
}

void Comparer::compare_string(Out& out, Node& original, Node& update) {
    compare_limit(out, "maxLength", rules::max_length, original, update);
    compare_limit(out, "minLength", rules::min_length, original, update);
    auto const* const before = original.keyword("pattern");
    auto const* const after = update.keyword("pattern");
    In const in(out, "pattern");
    if (before == nullptr && after != nullptr) {
        say(out, rules::pattern_added, nullptr, after);
    } else if (before != nullptr && after == nullptr) {
        say(out, rules::pattern_removed, before, nullptr);
    } else if (before != nullptr && *before != *after) {
        say(out, rules::pattern_changed, before, after);
    }
}

void Comparer::compare_number(Out& out, Node& original, Node& update) {
    compare_limit(out, "maximum", rules::maximum, original, update);
    compare_limit(out, "minimum", rules::minimum, original, update);
    compare_limit(out, "exclusiveMaximum", rules::exclusive_maximum, original, update);
    compare_limit(out, "exclusiveMinimum", rules::exclusive_minimum, original, update);
    compare_multiple_of(out, original, update);
    if (original.integer != update.integer)
        say(out, original.integer ? rules::type_extended : rules::type_narrowed,
            original.source->find("type"), update.source->find("type"));
}

void Comparer::compare_multiple_of(Out& out, Node const& original, Node const& update) {
    auto const* const before = number_at(original, "multipleOf");
    auto const* const after = number_at(update, "multipleOf");
    if (before == nullptr && after == nullptr) return;
    In const in(out, "multipleOf");
    if (before == nullptr) return say(out, rules::multiple_of_added, nullptr, after);
    if (after == nullptr) return say(out, rules::multiple_of_removed, before, nullptr);
    Decimal const was(before->number());
    Decimal const is(after->number());
    if (was == is) return;
    auto const divides = [](json::Value const* by, Decimal const& number) {
        auto const divisor = Divisor::from(by->number());
        return divisor && divisor->divides(number);
    };
    if (divides(before, is))
        say(out, rules::multiple_of_expanded, before, after);
    else if (divides(after, was))
        say(out, rules::multiple_of_reduced, before, after);
    else
        say(out, rules::multiple_of_changed, before, after);
}

void Comparer::compare_enum(Out& out, Node& original, Node& update) {
    auto const values = [](Node const& node) {
        std::set<std::string> keys;
        auto const* const list = node.keyword("enum");
        if (list->is_array())
            for (auto const& each : list->array()) keys.insert(key_of(&each));
        return keys;
    };
    auto const before = values(original);
    auto const after = values(update);
    if (!spend(before.size() + after.size()) || before == after) return;
    In const in(out, "enum");
    auto const* const old = original.keyword("enum");
    auto const* const now = update.keyword("enum");
    if (std::ranges::includes(after, before))
        say(out, rules::enum_array_extended, old, now);
    else if (std::ranges::includes(before, after))
        say(out, rules::enum_array_narrowed, old, now);
    else
        say(out, rules::enum_array_changed, old, now);
}

void Comparer::compare_const(Out& out, Node& original, Node& update) {
    auto const* const before = original.keyword("const");
    auto const* const after = update.keyword("const");
    if (key_of(before) == key_of(after)) return;
    In const in(out, "const");
    say(out, rules::enum_array_changed, before, after);
}

void Comparer::compare_not(Out& out, Node& original, Node& update) {
    In const in(out, "not");
    // What must not match may grow smaller: so the two change places.
    reversed_ = !reversed_;
    auto const found = compare_apart(out, update.inner, original.inner);
    reversed_ = !reversed_;
    say(out, is_compatible(found) ? rules::not_type_narrowed : rules::not_type_extended,
        original.inner->source, update.inner->source);
}

}  // namespace klamm::schema::jsonschema
