#include "klamm/schema/json/compare_in.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>

namespace klamm::schema::jsonschema {

void Comparer::compare_combined(Out& out, Node& original, Node& update) {
    if (!compare_criteria(out, original, update)) return;
    auto const from = distinct(original);
    auto const to = distinct(update);
    auto const product = [](Node const& node) { return node.criterion == Criterion::all; };
    if (from.size() < to.size())
        say(out, product(update) ? rules::product_type_extended : rules::sum_type_extended,
            original.source, update.source);
    else if (from.size() > to.size())
        say(out, product(original) ? rules::product_type_narrowed : rules::sum_type_narrowed,
            original.source, update.source);
    match(out, original, from, to);
}

/// False: the one cannot become the other at all.
bool Comparer::compare_criteria(Out& out, Node& original, Node& update) {
    if (original.criterion == update.criterion) return true;
    auto const was_single = original.parts.size() == 1;
    auto const is_single = update.parts.size() == 1;
    auto const extended = update.criterion == Criterion::any || (was_single && is_single) ||
                          (was_single && update.criterion == Criterion::one) ||
                          (is_single && original.criterion == Criterion::all);
    say(out, extended ? rules::combined_type_extended : rules::combined_type_changed,
        original.source, update.source);
    return extended;
}

/// The parts without those that say the same as one before.
std::vector<Node*> Comparer::distinct(Node& combined) {
    std::vector<Node*> kept;
    std::set<std::string> seen;
    for (auto* const part : combined.parts) {
        auto const key = fmt::format("{}{}", int(part->kind), key_of(part->source));
        if (!spend(1 + key.size() / 64)) break;
        if (seen.insert(key).second) kept.push_back(part);
    }
    return kept;
}

/// Each part of the smaller side needs one of the other side for itself that it is compatible
/// with: a maximum matching, by looking for paths that exchange partners.
void Comparer::match(Out& out, Node& original, std::vector<Node*> const& from,
                     std::vector<Node*> const& to) {
    struct Edge {
        std::size_t to;
        Differences found;
    };
    std::vector<std::vector<Edge>> edges(from.size());
    for (std::size_t i = 0; i < from.size(); ++i) {
        In const in(out, fmt::format("{}/{}", name_of(original.criterion), i));
        for (std::size_t j = 0; j < to.size(); ++j) {
            if (!spend(1)) return;
            auto found = compare_apart(out, from[i], to[j]);
            if (is_compatible(found)) edges[i].push_back({j, std::move(found)});
        }
    }
    constexpr auto nobody = std::size_t(-1);
    std::vector<std::size_t> partner(to.size(), nobody);
    std::vector<bool> asked;
    // As deep as there are parts at most, and those are inside one array of the text.
    std::function<bool(std::size_t)> const find_partner = [&](std::size_t i) {
        for (auto const& edge : edges[i]) {
            if (!spend(1)) return false;
            if (asked[edge.to]) continue;
            asked[edge.to] = true;
            if (partner[edge.to] != nobody && !find_partner(partner[edge.to])) continue;
            partner[edge.to] = i;
            return true;
        }
        return false;
    };
    std::size_t matched = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
        asked.assign(to.size(), false);
        if (find_partner(i)) ++matched;
    }
    for (std::size_t i = 0; i < from.size(); ++i)
        for (auto const& edge : edges[i])
            if (partner[edge.to] == i)
                out.found.insert(out.found.end(), edge.found.begin(), edge.found.end());
    if (matched < std::min(from.size(), to.size()))
        say(out, rules::combined_type_subschemas_changed);
}

}  // namespace klamm::schema::jsonschema
