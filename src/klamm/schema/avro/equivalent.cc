// Whether two schemas are one and the same to a registry.
#include "klamm/schema/avro/compare.h"

#include <algorithm>
#include <set>

namespace klamm::schema::avro {
namespace {

bool same_props(json::Object const& left, json::Object const& right) {
    return left.size() == right.size() &&
           json::print_sorted(json::Value(left)) == json::print_sorted(json::Value(right));
}

template <typename T, typename Key>
bool same_set(std::vector<T> const& left, std::vector<T> const& right, Key const& key) {
    if (left.size() != right.size()) return false;
    std::set<std::string> keys;
    for (auto const& element : left) keys.insert(key(element));
    return std::ranges::all_of(right, [&](T const& e) { return keys.contains(key(e)); });
}

bool same_default(Field const& left, Field const& right) {
    if (!left.default_value || !right.default_value)
        return !left.default_value && !right.default_value;
    return json::print_sorted(*left.default_value) == json::print_sorted(*right.default_value);
}

class Equivalence {
public:
    Equivalence(Model const& left, Model const& right) : left_(left), right_(right) {}

    bool same(TypeId left_id, TypeId right_id, std::size_t depth) {
        auto const& left = left_[left_id];
        auto const& right = right_[right_id];
        if (depth > limits::depth || left.kind != right.kind) return false;
        if (left.kind != Kind::union_of && !same_props(left.props, right.props)) return false;
        if (is_named(left.kind)) {
            if (!same_declarations(left, right)) return false;
            // Names are unique in each schema, so one pair for each name is enough.
            if (!seen_.emplace(left_id, right_id).second) return true;
        }
        switch (left.kind) {
            case Kind::record:
                return std::ranges::equal(left.fields, right.fields,
                                          [&](Field const& one, Field const& other) {
                                              return same_fields(one, other, depth);
                                          });
            case Kind::array:
            case Kind::map:
                return same(left.element, right.element, depth + 1);
            case Kind::union_of:
                return std::ranges::equal(
                    left.branches, right.branches,
                    [&](TypeId one, TypeId other) { return same(one, other, depth + 1); });
            default:
                return true;
        }
    }

private:
    static bool same_declarations(Type const& left, Type const& right) {
        return left.name == right.name && left.doc == right.doc && left.symbols == right.symbols &&
               left.symbol == right.symbol && left.size == right.size &&
               same_set(left.aliases, right.aliases, [](Name const& name) { return name.full(); });
    }
    bool same_fields(Field const& left, Field const& right, std::size_t depth) {
        return left.name == right.name && left.doc == right.doc && left.order == right.order &&
               same_default(left, right) && same_props(left.props, right.props) &&
               same_set(left.aliases, right.aliases, [](std::string const& s) { return s; }) &&
               same(left.type, right.type, depth + 1);
    }

    Model const& left_;
    Model const& right_;
    std::set<std::pair<TypeId, TypeId>> seen_;
};

}  // namespace

bool equivalent(Model const& left, Model const& right) {
    return Equivalence(left, right).same(left.root, right.root, 0);
}

}  // namespace klamm::schema::avro
