// What changed between two schemas, for people: whether it breaks anything is not asked here.
#include "klamm/schema/avro/mend.h"
#include "klamm/schema/avro/path.h"
#include "klamm/schema/avro/print.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace klamm::schema::avro {
namespace {

/// More than anybody reads.
constexpr std::size_t changes_max = 5'000;

std::string joined(std::vector<std::string> const& texts) {
    return fmt::format("{}", fmt::join(texts, ", "));
}

std::string text_of(std::optional<json::Value> const& value) {
    return value ? json::print(*value) : "";
}

class Changes {
public:
    Changes(Model const& old, Model const& now) : old_(old), now_(now) {}

    void walk(TypeId old_id, TypeId now_id, std::size_t depth) {
        auto const& old = old_[old_id];
        auto const& now = now_[now_id];
        if (depth > limits::depth || found_.size() >= changes_max) return;
        if (old.kind != now.kind) {
            add("TYPE_CHANGED", "the type has changed", summary(old_, old_id),
                summary(now_, now_id));
            return;
        }
        if (is_named(old.kind) && !seen_.emplace(old_id, now_id).second) return;
        props(old.props, now.props);
        if (is_named(old.kind)) names(old, now);
        switch (old.kind) {
            case Kind::record:
                return fields(old, now, depth);
            case Kind::enumeration:
                return symbols(old, now);
            case Kind::fixed:
                if (old.size != now.size)
                    add("SIZE_CHANGED", "the size has changed", std::to_string(old.size),
                        std::to_string(now.size));
                return;
            case Kind::array:
            case Kind::map: {
                auto const at = path_.enter(old.kind == Kind::array ? "items" : "values");
                return walk(old.element, now.element, depth + 1);
            }
            case Kind::union_of:
                return branches(old, now, depth);
            default:
                return;
        }
    }

    std::vector<Difference> take() { return std::move(found_); }

private:
    void add(std::string rule, std::string description, std::string before, std::string after) {
        if (found_.size() >= changes_max) return;
        found_.push_back({.rule = std::move(rule),
                          .path = path_.text().empty() ? "/" : path_.text(),
                          .description = std::move(description),
                          .before = std::move(before),
                          .after = std::move(after)});
    }

    void changed(std::string const& what, std::string const& words, std::string const& before,
                 std::string const& after) {
        if (before == after) return;
        if (before.empty()) {
            add(what + "_ADDED", words + " has been added", before, after);
        } else if (after.empty()) {
            add(what + "_REMOVED", words + " has been removed", before, after);
        } else {
            add(what + "_CHANGED", words + " has changed", before, after);
        }
    }

    void props(json::Object const& old, json::Object const& now) {
        std::set<std::string> keys;
        for (auto const& prop : old) keys.insert(prop.key);
        for (auto const& prop : now) keys.insert(prop.key);
        auto const text_in = [](json::Object const& all, std::string const& key) {
            auto const found = std::ranges::find(all, key, &json::Member::key);
            return found == all.end() ? "" : json::print_sorted(found->value);
        };
        for (auto const& key : keys) {
            auto const at = path_.enter(key);
            changed("PROPERTY", fmt::format("the property \"{}\"", key), text_in(old, key),
                    text_in(now, key));
        }
    }

    void names(Type const& old, Type const& now) {
        changed("NAME", "the name", old.name.full(), now.name.full());
        changed("DOC", "the doc", old.doc.value_or(""), now.doc.value_or(""));
        auto const aliases = [](Type const& type) {
            std::vector<std::string> all;
            for (auto const& alias : type.aliases) all.push_back(alias.full());
            std::ranges::sort(all);
            return joined(all);
        };
        changed("ALIASES", "the list of aliases", aliases(old), aliases(now));
    }

    void fields(Type const& old, Type const& now, std::size_t depth) {
        auto const list = path_.enter("fields");
        auto const old_places = places_of(old);
        auto const now_places = places_of(now);
        std::set<std::size_t> kept;  // of the old ones
        std::vector<std::size_t> order;
        for (std::size_t i = 0; i < now.fields.size(); ++i) {
            auto const& field = now.fields[i];
            auto const at = path_.enter(i);
            auto place = old_places.find(field.name);
            for (auto const& alias : field.aliases)
                if (place == old_places.end() && !now_places.contains(alias))
                    place = old_places.find(alias);
            if (place == old_places.end()) {
                add("FIELD_ADDED", fmt::format("the field \"{}\" has been added", field.name), "",
                    summary(now_, field));
                continue;
            }
            kept.insert(place->second);
            order.push_back(place->second);
            compare_fields(old.fields[place->second], field, depth);
        }
        for (std::size_t i = 0; i < old.fields.size(); ++i) {
            if (kept.contains(i)) continue;
            auto const at = path_.enter(i);
            add("FIELD_REMOVED",
                fmt::format("the field \"{}\" has been removed", old.fields[i].name),
                summary(old_, old.fields[i]), "");
        }
        if (!std::ranges::is_sorted(order)) {
            std::vector<std::string> before;
            std::vector<std::string> after;
            for (auto const& field : old.fields) before.push_back(field.name);
            for (auto const& field : now.fields) after.push_back(field.name);
            add("FIELDS_REORDERED", "the fields have another order", joined(before), joined(after));
        }
    }

    void compare_fields(Field const& old, Field const& now, std::size_t depth) {
        changed("NAME", "the name of the field", old.name, now.name);
        changed("DOC", fmt::format("the doc of the field \"{}\"", now.name), old.doc.value_or(""),
                now.doc.value_or(""));
        changed("DEFAULT", fmt::format("the default of the field \"{}\"", now.name),
                text_of(old.default_value), text_of(now.default_value));
        changed("ALIASES", fmt::format("the list of aliases of the field \"{}\"", now.name),
                joined(old.aliases), joined(now.aliases));
        constexpr std::string_view orders[]{"ascending", "descending", "ignore"};
        changed("ORDER", fmt::format("the sort order of the field \"{}\"", now.name),
                std::string(orders[std::to_underlying(old.order)]),
                std::string(orders[std::to_underlying(now.order)]));
        props(old.props, now.props);
        auto const at = path_.enter("type");
        walk(old.type, now.type, depth + 1);
    }

    void symbols(Type const& old, Type const& now) {
        std::set<std::string_view> const were(old.symbols.begin(), old.symbols.end());
        std::set<std::string_view> const are(now.symbols.begin(), now.symbols.end());
        auto const list = path_.enter("symbols");
        for (auto const& symbol : now.symbols)
            if (!were.contains(symbol))
                add("SYMBOL_ADDED", fmt::format("the symbol {} has been added", symbol), "",
                    symbol);
        for (auto const& symbol : old.symbols)
            if (!are.contains(symbol))
                add("SYMBOL_REMOVED", fmt::format("the symbol {} has been removed", symbol), symbol,
                    "");
        if (were == are && old.symbols != now.symbols)
            add("SYMBOLS_REORDERED", "the symbols have another order", joined(old.symbols),
                joined(now.symbols));
        changed("DEFAULT", "the default of the enum", old.symbol.value_or(""),
                now.symbol.value_or(""));
    }

    void branches(Type const& old, Type const& now, std::size_t depth) {
        auto const places = [](Model const& model, Type const& type) {
            std::map<std::string, std::size_t> by_name;
            for (std::size_t i = 0; i < type.branches.size(); ++i)
                by_name.emplace(branch_name(model[type.branches[i]]), i);
            return by_name;
        };
        auto const were = places(old_, old);
        auto const are = places(now_, now);
        for (std::size_t i = 0; i < now.branches.size(); ++i) {
            auto const at = path_.enter(i);
            auto const known = were.find(branch_name(now_[now.branches[i]]));
            if (known == were.end()) {
                add("BRANCH_ADDED", "a branch of the union has been added", "",
                    summary(now_, now.branches[i]));
            } else {
                walk(old.branches[known->second], now.branches[i], depth + 1);
            }
        }
        for (auto const& [name, place] : were) {
            if (are.contains(name)) continue;
            auto const at = path_.enter(place);
            add("BRANCH_REMOVED", "a branch of the union has been removed",
                summary(old_, old.branches[place]), "");
        }
        auto const same_names = [](auto const& left, auto const& right) {
            return left.first == right.first;
        };
        if (were != are && std::ranges::equal(were, are, same_names))
            add("BRANCHES_REORDERED", "the branches of the union have another order", "", "");
    }

    Model const& old_;
    Model const& now_;
    Path path_;
    std::set<std::pair<TypeId, TypeId>> seen_;
    std::vector<Difference> found_;
};

}  // namespace

std::vector<Difference> changes(Model const& old, Model const& now) {
    Changes walk(old, now);
    walk.walk(old.root, now.root, 0);
    return walk.take();
}

}  // namespace klamm::schema::avro
