#include "klamm/schema/json/validator.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::schema::jsonschema {
namespace {

/// How many alternatives' reasons an error lists.
constexpr std::size_t reasons_max = 3;

}  // namespace

bool Validator::apply(Applied const& applied, At at, Evaluated* evaluated) {
    switch (applied.how) {
        case Applied::How::all:
            return std::ranges::all_of(
                applied.rules, [&](RulesIndex each) { return accepts(each, at, evaluated); });
        case Applied::How::any:
        case Applied::How::one:
            return apply_alternatives(applied, at, evaluated);
        case Applied::How::none:
            if (!accepts_quietly(applied.rules[0], at, nullptr)) return !exhausted();
            return fail(at, "not", [] { return "It matches the schema under not."; });
        case Applied::How::choice:
            return apply_choice(applied, at, evaluated);
        case Applied::How::reference:
            if (!applied.rules.empty()) return accepts(applied.rules[0], at, evaluated);
            return fail(at, applied.keyword, [&] {
                return fmt::format("It cannot be checked: {} refers to no schema that is here.",
                                   applied.unresolved);
            });
        case Applied::How::dynamic: {
            auto const& anchors = program_.anchors.at(applied.anchor);
            return accepts(in_dynamic_scope(anchors, applied.rules[0]), at, evaluated);
        }
        case Applied::How::recursive:
            return accepts(in_dynamic_scope(program_.recursive, applied.rules[0]), at, evaluated);
    }
    return false;
}

/// The outermost of the resources on the way here that is among these.
RulesIndex Validator::in_dynamic_scope(std::unordered_map<ResourceIndex, RulesIndex> const& among,
                                       RulesIndex otherwise) const {
    for (auto const resource : scope_)
        if (auto const found = among.find(resource); found != among.end()) return found->second;
    return otherwise;
}

/// For schemas that need not match: what they evaluate counts when they do, and they have no words.
bool Validator::accepts_quietly(RulesIndex index, At at, Evaluated* evaluated) {
    auto const explains = std::exchange(explains_, false);
    auto accepted = false;
    if (evaluated == nullptr) {
        accepted = accepts(index, at, nullptr);
    } else {
        Evaluated own(evaluated->size());
        accepted = accepts(index, at, &own);
        if (accepted) evaluated->add(own);
    }
    explains_ = explains;
    return accepted;
}

bool Validator::apply_choice(Applied const& applied, At at, Evaluated* evaluated) {
    auto const accepted = accepts_quietly(applied.rules[0], at, evaluated);
    if (exhausted()) return false;
    auto const then = applied.rules[accepted ? 1 : 2];
    return then == no_rules || accepts(then, at, evaluated);
}

bool Validator::apply_alternatives(Applied const& applied, At at, Evaluated* evaluated) {
    auto const one = applied.how == Applied::How::one;
    std::size_t matched = 0;
    for (auto const each : applied.rules) {
        if (!accepts_quietly(each, at, evaluated)) continue;
        ++matched;
        // With one that matches, the others can only have evaluated more.
        if (!one && evaluated == nullptr) return true;
        if (one && matched > 1) break;
    }
    if (exhausted()) return false;
    if (matched == 1 || (matched > 1 && !one)) return true;
    if (matched > 1)
        return fail(at, "oneOf",
                    [] { return "It matches more than one of the schemas under oneOf."; });
    if (!explains_ || failed_) return false;
    std::vector<Failure> failures;
    for (auto const each : applied.rules) {
        if (accepts(each, at, nullptr)) continue;
        failures.push_back(std::exchange(failure_, {}));
        failed_ = false;
    }
    return fail_alternatives(applied, at, std::move(failures));
}

/// The one that got furthest is what was meant; when none got further than the value itself, all.
bool Validator::fail_alternatives(Applied const& applied, At at, std::vector<Failure> failures) {
    for (auto const& failure : failures)
        // To find out how deep it is goes through what stands before it.
        if (!spend(1 + failure.at / 16)) return false;
    auto const deepest = std::ranges::max_element(
        failures, {}, [&](Failure const& f) { return payload_.depth_of(f.at); });
    if (deepest != failures.end() && (deepest->at != at || failures.size() == 1)) {
        auto const found = *deepest;
        return fail(found.at, found.rule, [&] { return found.why; });
    }
    return fail(at, applied.keyword, [&] {
        auto words = fmt::format("It matches none of the {} schemas under {}:", failures.size(),
                                 applied.keyword);
        std::vector<std::string> reasons;
        for (auto const& failure : failures)
            if (std::ranges::find(reasons, failure.why) == reasons.end())
                reasons.push_back(failure.why);
        for (std::size_t i = 0; i < std::min(reasons.size(), reasons_max); ++i) {
            if (reasons[i].ends_with('.')) reasons[i].pop_back();
            words += (i == 0 ? " " : "; ") + reasons[i];
        }
        return words + (reasons.size() > reasons_max ? "; ..." : ".");
    });
}

}  // namespace klamm::schema::jsonschema
