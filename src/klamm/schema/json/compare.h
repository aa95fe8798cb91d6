// schema/json/compare.h - what an update of a schema no longer accepts that the original did.
//
// Two nodes are compared at a time (model.h). Schemas refer to themselves, so the pairs form a
// graph with circles:
//
//   1. A pair that is being compared already counts as compatible where it is met again.
//   2. What a pair came to is remembered; unions compare everything with everything, and without
//      a memory that explodes.
//   3. What was remembered under the assumption of 1 may be wrong. So all is done again, now with
//      the pairs that turned out incompatible known, until a round finds no more of them.
//
// Every pair, every difference copied and every try at a matching is a step of the budget.
#pragma once

#include "klamm/schema/json/model.h"
#include "klamm/schema/json/pattern.h"
#include "klamm/schema/json/rules.h"

#include <expected>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace klamm::schema::jsonschema {

/// A fraction of a second on any machine; schemas of people need some hundreds.
constexpr std::size_t compare_steps_max = 400'000;
/// Nodes inside each other, so that the stack is enough.
constexpr std::size_t compare_depth_max = 600;

struct Found {
    Rule const* rule = nullptr;
    std::string path;  ///< below the pair that was compared: "properties/a"; empty: itself
    json::Value const* before = nullptr;
    json::Value const* after = nullptr;
    std::string name;  ///< of the property that it is about
    // The schemas that were compared: where to change something.
    json::Value const* of_original = nullptr;
    json::Value const* of_update = nullptr;
};

class Comparer {
public:
    Comparer(Model& original, Model& update, Policy policy)
        : original_(original), update_(update), policy_(policy) {}

    /// All differences, compatible ones too, paths from the root. The error: the budget is used up.
    [[nodiscard]] std::expected<std::vector<Found>, SchemaError> compare(Target original,
                                                                         Target update);

private:
    using Differences = std::vector<Found>;
    using Remembered = std::shared_ptr<Differences const>;
    using Pair = std::pair<Node*, Node*>;

    /// Differences on their way out, and the path where those to come are.
    struct Out {
        std::string path;
        Differences found;
        json::Value const* original = nullptr;
        json::Value const* update = nullptr;
    };
    class In;  // a step further down the path, for as long as it lives

    bool is_compatible(Differences const& found) const;
    bool spend(std::size_t steps);
    void say(Out& out, Rule const& rule, json::Value const* before = nullptr,
             json::Value const* after = nullptr, std::string_view name = {});
    void copy(Out& out, Differences const& found);

    void compare(Out& out, Node* original, Node* update);
    Remembered compare_pair(Node* original, Node* update);
    Differences compare_apart(Out const& beside, Node* original, Node* update);

    void compare_kinds(Out& out, Node& original, Node& update);
    bool compare_with_combined(Out& out, Node& original, Node& update);
    bool compare_combined_with(Out& out, Node& original, Node& update);
    void compare_annotations(Out& out, Node& original, Node& update);
    void compare_limit(Out& out, std::string_view keyword, LimitRules const& rules,
                       Node const& original, Node const& update);
    void compare_string(Out& out, Node& original, Node& update);
    void compare_number(Out& out, Node& original, Node& update);
    void compare_multiple_of(Out& out, Node const& original, Node const& update);
    void compare_enum(Out& out, Node& original, Node& update);
    void compare_const(Out& out, Node& original, Node& update);
    void compare_not(Out& out, Node& original, Node& update);

    // ---- compare_combined.cc -----------------------------------------------------------------
    void compare_combined(Out& out, Node& original, Node& update);
    bool compare_criteria(Out& out, Node& original, Node& update);
    std::vector<Node*> distinct(Node& combined);
    void match(Out& out, Node& original, std::vector<Node*> const& from,
               std::vector<Node*> const& to);

    // ---- compare_object.cc -------------------------------------------------------------------
    void compare_object(Out& out, Node& original, Node& update);
    void compare_required(Out& out, Node& original, Node& update);
    void compare_properties(Out& out, Node& original, Node& update);
    void compare_removed(Out& out, Node* property, std::string_view name, Node& update);
    void compare_added(Out& out, Node& original, std::string_view name, Node* property,
                       Node& update);
    void compare_dependencies(Out& out, Node& original, Node& update);
    void compare_additional_properties(Out& out, Node& original, Node& update);
    struct UnevaluatedRules {
        Rule const &added, &removed, &extended, &narrowed;
    };
    void compare_unevaluated(Out& out, Node& original, Node& update, UnevaluatedRules const& rules);
    static bool is_open(Model& model, Node const& node);
    static Node* left_over(Model& model, Node const& node);
    Node* covering(Model& model, Node const& object, std::string_view name);

    // ---- compare_array.cc --------------------------------------------------------------------
    void compare_array(Out& out, Node& original, Node& update);
    void compare_tuple(Out& out, Node& original, Node& update);
    void compare_removed_item(Out& out, Node* item, Node& update);
    void compare_added_item(Out& out, Node& original, Node* item);
    void compare_additional_items(Out& out, Node& original, Node& update);

    Model& original_;
    Model& update_;
    Policy policy_;
    bool reversed_ = false;  ///< inside a `not`, where old and new have changed places
    std::size_t steps_left_ = compare_steps_max;
    std::size_t depth_ = 0;
    bool too_deep_ = false;
    bool assumed_ = false;  ///< this round took a circle for compatible
    std::map<Pair, Remembered> memory_;
    std::map<Pair, Remembered> incompatible_;
    std::set<Pair> comparing_;
    std::map<std::string_view, std::expected<Pattern, std::string>> patterns_;
};

}  // namespace klamm::schema::jsonschema
