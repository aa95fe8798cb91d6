#include "klamm/schema/json/compare_in.h"

#include <fmt/format.h>

#include <algorithm>

namespace klamm::schema::jsonschema {

void Comparer::compare_array(Out& out, Node& original, Node& update) {
    {
        In const in(out, "items");
        compare(out, original.items, update.items);
    }
    compare_tuple(out, original, update);
    compare_additional_items(out, original, update);
    compare_unevaluated(out, original, update,
                        {rules::unevaluated_items_added, rules::unevaluated_items_removed,
                         rules::unevaluated_items_extended, rules::unevaluated_items_narrowed});
    compare_limit(out, "maxItems", rules::max_items, original, update);
    compare_limit(out, "minItems", rules::min_items, original, update);
    auto const unique = [](Node const& node) {
        auto const* const said = node.keyword("uniqueItems");
        return said != nullptr && said->is_bool() && said->boolean();
    };
    if (unique(original) != unique(update)) {
        In const in(out, "uniqueItems");
        say(out, unique(original) ? rules::unique_items_removed : rules::unique_items_added,
            original.keyword("uniqueItems"), update.keyword("uniqueItems"));
    }
    compare_limit(out, "maxContains", rules::max_contains, original, update);
    compare_limit(out, "minContains", rules::min_contains, original, update);
}

void Comparer::compare_tuple(Out& out, Node& original, Node& update) {
    auto const both = std::min(original.tuple.size(), update.tuple.size());
    auto const all = std::max(original.tuple.size(), update.tuple.size());
    for (std::size_t i = 0; i < all; ++i) {
        if (!spend(1)) return;
        In const in(out, fmt::format("items/{}", i));
        if (i < both)
            compare(out, original.tuple[i], update.tuple[i]);
        else if (i < original.tuple.size())
            compare_removed_item(out, original.tuple[i], update);
        else
            compare_added_item(out, original, update.tuple[i]);
    }
}

void Comparer::compare_removed_item(Out& out, Node* item, Node& update) {
    auto& model = reversed_ ? original_ : update_;
    auto const* const before = item->source;
    if (is_open(model, update)) return say(out, rules::item_removed_from_open, before);
    if (auto* const cover = left_over(model, update)) {
        auto const found = compare_apart(out, item, cover);
        out.found.insert(out.found.end(), found.begin(), found.end());
        say(out,
            is_compatible(found) ? rules::item_removed_is_covered : rules::item_removed_not_covered,
            before, cover->source);
    } else {
        auto const kind = (reversed_ ? update_ : original_).built(item)->kind;
        say(out,
            kind == Kind::never ? rules::false_item_removed_from_closed
                                : rules::item_removed_from_closed,
            before);
    }
}

void Comparer::compare_added_item(Out& out, Node& original, Node* item) {
    auto& model = reversed_ ? update_ : original_;
    auto const kind = (reversed_ ? original_ : update_).built(item)->kind;
    auto const* const after = item->source;
    if (is_open(model, original)) {
        auto const empty = kind == Kind::empty || kind == Kind::always;
        say(out, empty ? rules::empty_item_added_to_open : rules::item_added_to_open, nullptr,
            after);
    } else if (auto* const cover = left_over(model, original)) {
        auto const found = compare_apart(out, cover, item);
        out.found.insert(out.found.end(), found.begin(), found.end());
        say(out,
            is_compatible(found) ? rules::item_added_is_covered : rules::item_added_not_covered,
            cover->source, after);
    } else {
        say(out, rules::item_added_to_closed, nullptr, after);
    }
}

void Comparer::compare_additional_items(Out& out, Node& original, Node& update) {
    In const in(out, "additionalItems");
    auto const rest = [](Node const& node) {
        auto const* const said = node.source->find("additionalItems");
        return said != nullptr ? said : node.source->find("items");
    };
    auto const* const before = rest(original);
    auto const* const after = rest(update);
    if (original.additional != update.additional)
        say(out,
            original.additional ? rules::additional_items_removed : rules::additional_items_added,
            before, after);
    else if (original.additional_schema == nullptr && update.additional_schema != nullptr)
        say(out, rules::additional_items_narrowed, before, after);
    else if (original.additional_schema != nullptr && update.additional_schema == nullptr)
        say(out, rules::additional_items_extended, before, after);
    else
        compare(out, original.additional_schema, update.additional_schema);
}

}  // namespace klamm::schema::jsonschema
