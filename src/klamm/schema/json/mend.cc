#include "klamm/schema/json/mend.h"

#include "klamm/json/pointer.h"
#include "klamm/schema/json/place.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace klamm::schema::jsonschema {
namespace {

/// What a schema says for people alone.
constexpr std::array annotations{"title",    "description", "default",   "examples",
                                 "$comment", "readOnly",    "writeOnly", "deprecated"};
/// What belongs to a whole text rather than to what it permits.
constexpr std::array of_the_text{"$schema", "$id",   "id",         "definitions",
                                 "$defs",   "title", "description"};

bool is_among(auto const& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::string shortened(json::Value const& value) {
    constexpr std::size_t shown_max = 60;
    auto const text = json::print(value);
    return text.size() <= shown_max ? text : "what it was";
}

class Mender {
public:
    Mender(json::Value const& root, Found const& found, Breaks breaks)
        : root_(root), found_(found), reads_(breaks == Breaks::new_readers) {
        auto const* const expected = reads_ ? found.of_update : found.of_original;
        auto const* const other = reads_ ? found.of_original : found.of_update;
        // Inside a `not` the two have changed places.
        if (auto keys = keys_to(root, expected)) {
            keys_ = std::move(*keys);
            now_ = expected;
            old_ = other;
        } else if (keys = keys_to(root, other); keys) {
            keys_ = std::move(*keys);
            now_ = other;
            old_ = expected;
        }
        place_ = keys_.empty() ? "at the top" : "at #";
        for (auto const& key : keys_) place_ += "/" + json::escape_key(key);
    }

    std::vector<Mend> all() {
        if (now_ == nullptr || old_ == nullptr || !now_->is_object()) return {};
        by_rule();
        // To take back the whole schema is no news to anybody, unless it is of another kind now.
        auto const other_kind = found_.rule->name.find("TYPE") != std::string_view::npos;
        if (!keys_.empty() || mends_.empty() || other_kind) take_back_all();
        return std::move(mends_);
    }

private:
    bool is(Rule const& rule) const { return found_.rule->name == rule.name; }

    void by_rule() {
        auto const name = found_.rule->name;
        auto const has = [&](std::string_view part) { return name.find(part) != name.npos; };
        if (has("REQUIRED_ATTRIBUTE"))
            required();
        else if (has("PROPERTY_ADDED") || has("PROPERTY_WITH_DEFAULT_ADDED"))
            reads_ ? property_added() : property_missing();
        else if (has("PROPERTY_REMOVED"))
            reads_ ? property_missing() : leave_out_property();
        else if (has("DEPENDENCY"))
            take_back_any({"dependencies", "dependentRequired", "dependentSchemas"});
        else if (has("ADDITIONAL_PROPERTIES"))
            take_back("additionalProperties");
        else if (has("UNEVALUATED_PROPERTIES"))
            take_back("unevaluatedProperties");
        else if (has("ITEM") && !has("ITEMS_ADDED") && !has("ITEMS_IN") && !has("ITEMS_DE"))
            items();
        else if (is(rules::schema_added))
            take_back_any({"items", "prefixItems"});
        else if (has("ENUM_ARRAY"))
            values();
        else if (is(rules::type_changed) || is(rules::type_narrowed))
            type();
        else if (has("SUM_TYPE") || has("PRODUCT_TYPE") || has("COMBINED_TYPE"))
            combination();
        else if (has("NOT_TYPE"))
            take_back("not");
        else if (auto const slash = found_.path.rfind('/') + 1; slash <= found_.path.size())
            take_back(found_.path.substr(slash));
    }

    /// Changes a copy of the text, and keeps it if the change did something.
    template <typename Change>
    void propose(std::string words, Change const& change) {
        auto copy = root_;
        auto& place = at(copy, keys_);
        change(place);
        if (place == *now_) return;
        auto text = json::print(copy);
        if (std::ranges::find(mends_, text, &Mend::schema) == mends_.end())
            mends_.push_back({std::move(words), std::move(text)});
    }

    /// What the old schema says under the keyword.
    void take_back(std::string_view keyword) {
        auto const* const was = old_->find(keyword);
        if (was == nullptr)
            propose(fmt::format("Remove {} {}.", keyword, place_),
                    [&](json::Value& schema) { schema.erase(keyword); });
        else
            propose(fmt::format("Set {} {} to {}, as before.", keyword, place_, shortened(*was)),
                    [&](json::Value& schema) { schema.set(keyword, *was); });
    }
    void take_back_any(std::initializer_list<std::string_view> keywords) {
        for (auto const keyword : keywords)
            if (now_->find(keyword) != nullptr || old_->find(keyword) != nullptr)
                take_back(keyword);
    }

    static void drop_required(json::Value& schema, std::string_view name) {
        auto* const required = schema.find("required");
        if (required == nullptr || !required->is_array()) return;
        std::erase_if(required->array(), [&](json::Value const& each) {
            return each.is_string() && each.string() == name;
        });
        if (required->array().empty()) schema.erase("required");
    }
    static void add_required(json::Value& schema, std::string_view name) {
        auto list = schema.find_array("required") != nullptr ? *schema.find("required")
                                                             : json::Value(json::Array{});
        schema.set("required", std::move(list.push(name)));
    }
    json::Value const* property_of(json::Value const& schema) const {
        auto const* const properties = schema.find("properties");
        return properties == nullptr ? nullptr : properties->find(found_.name);
    }
    bool old_requires() const {
        auto const* const list = old_->find_array("required");
        return list != nullptr && std::ranges::any_of(*list, [&](json::Value const& each) {
                   return each.is_string() && each.string() == found_.name;
               });
    }

    void required() {
        if (!reads_)
            return propose(fmt::format("Require {} again {}.", found_.name, place_),
                           [&](json::Value& schema) { add_required(schema, found_.name); });
        make_optional();
        give_default();
    }
    void make_optional() {
        propose(fmt::format("Make {} optional: leave it out of required {}.", found_.name, place_),
                [&](json::Value& schema) { drop_required(schema, found_.name); });
    }
    void give_default() {
        auto const* const property = property_of(*now_);
        if (property == nullptr || !property->is_object() || property->find("default") != nullptr)
            return;
        auto const value = likely_value(*property);
        propose(fmt::format("Give {} a default: \"default\": {}.", found_.name, shortened(value)),
                [&](json::Value& schema) {
                    schema.find("properties")->find(found_.name)->set("default", value);
                });
    }
    /// The new schema has a property of which the old one knew nothing.
    void property_added() {
        auto const* const property = property_of(*now_);
        if (property == nullptr) return;
        if (found_.rule->name.ends_with("_TO_UNOPEN_CONTENT_MODEL")) {
            make_optional();
            give_default();
        } else if (found_.before != nullptr) {
            auto const cover = *found_.before;
            propose(
                fmt::format("Give {} the schema that unnamed properties had: {}.", found_.name,
                            shortened(cover)),
                [&](json::Value& schema) { schema.find("properties")->set(found_.name, cover); });
        } else {
            propose(fmt::format("Let {} have any value, as it had before: {{}}.", found_.name),
                    [&](json::Value& schema) {
                        auto* const it = schema.find("properties")->find(found_.name);
                        if (!it->is_object()) *it = json::Object{};
                        std::erase_if(it->object(), [](json::Member const& member) {
                            return !is_among(annotations, member.key);
                        });
                    });
        }
        leave_out_property();
    }
    void leave_out_property() {
        propose(fmt::format("Leave the property {} out {}.", found_.name, place_),
                [&](json::Value& schema) {
                    if (auto* properties = schema.find("properties"))
                        properties->erase(found_.name);
                    drop_required(schema, found_.name);
                });
    }
    /// The old schema has a property that the new one does not have.
    void property_missing() {
        auto const* const was = property_of(*old_);
        if (was == nullptr) return;
        auto const property = *was;
        propose(fmt::format("Keep the property {} {}.", found_.name, place_),
                [&](json::Value& schema) {
                    if (schema.find("properties") == nullptr)
                        schema.set("properties", json::Object{});
                    schema.find("properties")->set(found_.name, property);
                    if (!reads_ && old_requires()) add_required(schema, found_.name);
                });
        if (reads_)
            propose(fmt::format("Permit properties that are not named {}: remove "
                                "additionalProperties.",
                                place_),
                    [&](json::Value& schema) {
                        schema.erase("additionalProperties");
                        schema.erase("unevaluatedProperties");
                    });
    }

    void items() {
        take_back_any({"items", "prefixItems", "additionalItems", "unevaluatedItems"});
        if (now_->find("items") != nullptr && now_->find("additionalItems") != nullptr)
            propose(fmt::format("Set items and additionalItems {} as before.", place_),
                    [&](json::Value& schema) {
                        for (std::string_view const keyword : {"items", "additionalItems"})
                            if (auto const* was = old_->find(keyword))
                                schema.set(keyword, *was);
                            else
                                schema.erase(keyword);
                    });
    }

    /// The old list with what only the new one has behind it.
    static json::Value united(json::Array const& old, json::Array const& now) {
        auto all = old;
        for (auto const& each : now)
            if (std::ranges::find(all, each) == all.end()) all.push_back(each);
        return all;
    }
    void values() {
        auto const* const was = old_->find_array("enum");
        auto const* const is = now_->find_array("enum");
        if (was == nullptr || is == nullptr) return take_back_any({"enum", "const"});
        auto const all = united(*was, *is);
        if (reads_)
            propose(fmt::format("Keep the values that enum had {}: {}.", place_, shortened(all)),
                    [&](json::Value& schema) { schema.set("enum", all); });
        else
            take_back("enum");
    }

    void type() {
        if (is(rules::type_narrowed) || now_->find("type") != nullptr) take_back("type");
        // Both the old values and the new; definitions would no longer be where they are sought.
        if (!reads_ || keys_.empty() || !old_->is_object()) return;
        propose(fmt::format("Permit the old and the new {}: anyOf of both.", place_),
                [&](json::Value& schema) {
                    schema = json::Value(json::Object{}).set("anyOf", json::Array{*old_, *now_});
                });
    }

    void combination() {
        for (std::string_view const keyword : {"anyOf", "oneOf", "allOf"}) {
            auto const* const was = old_->find_array(keyword);
            auto const* const is = now_->find_array(keyword);
            if (was == nullptr && is == nullptr) continue;
            if (reads_ && was != nullptr && is != nullptr && keyword != "allOf") {
                auto const all = united(*was, *is);
                propose(fmt::format("Keep the schemas that {} had {}.", keyword, place_),
                        [&](json::Value& schema) { schema.set(keyword, all); });
            }
            if (reads_ && is != nullptr && keyword == "oneOf")
                propose(fmt::format("Use anyOf instead of oneOf {}.", place_),
                        [&](json::Value& schema) {
                            schema.set("anyOf", *is);
                            schema.erase("oneOf");
                        });
            take_back(keyword);
        }
        if (now_->find("enum") != nullptr && old_->find("enum") != nullptr) values();
        if (now_->find("type") != nullptr) take_back("type");
    }

    /// The last resort: the place as it was, but for words and what belongs to the text.
    void take_back_all() {
        if (!old_->is_object()) return;
        propose(fmt::format("Take back all that changed {}.", place_), [&](json::Value& schema) {
            json::Object members;
            auto const stays = [](json::Member const& member) {
                return is_among(of_the_text, member.key);
            };
            for (auto const& member : now_->object())
                if (stays(member)) members.push_back(member);
            for (auto const& member : old_->object())
                if (!stays(member)) members.push_back(member);
            schema = std::move(members);
        });
    }

    json::Value const& root_;
    Found const& found_;
    bool reads_;
    Keys keys_;
    json::Value const* now_ = nullptr;
    json::Value const* old_ = nullptr;
    std::string place_;
    std::vector<Mend> mends_;
};

}  // namespace

std::vector<Mend> mends_of(json::Value const& root, Found const& found, Breaks breaks) {
    return Mender(root, found, breaks).all();
}

}  // namespace klamm::schema::jsonschema
