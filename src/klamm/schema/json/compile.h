// schema/json/compile.h - schemas into rules; of use to the compiler's files alone.
#pragma once

#include "klamm/schema/json/program.h"

#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace klamm::schema::jsonschema {

class Compiler {
public:
    Compiler(Documents const& documents, bool strict) : documents_(documents), strict_(strict) {}
    std::expected<Program, SchemaError> all(Target root);

private:
    /// The rules of a schema, which are filled in later.
    RulesIndex rules_of(Target target);
    void enter(ResourceIndex index);
    RulesIndex child(json::Value const& schema);
    void fill(RulesIndex index, Target target);

    void add_type(Rules& rules);
    void add_values(Rules& rules, std::string_view keyword, json::Value const& values);
    void add_number(Rules& rules);
    void add_string(Rules& rules);
    void add_array(Rules& rules);
    void add_items(ArrayRules& array);
    void add_object(Rules& rules);
    void add_properties(ObjectRules& object);
    void add_dependencies(ObjectRules& object);

    void add_applied(Rules& rules);
    void add_list(Rules& rules, std::string_view keyword, Applied::How how);
    void add_reference(Rules& rules, std::string_view keyword);
    void add_dynamic(Applied& applied, std::string_view to, Target target);
    void add_recursive(Applied& applied, Target target);

    // ---- keywords of the schema that is being compiled; each complains when it makes no sense ---
    json::Value const* find(std::string_view keyword) const { return schema_->find(keyword); }
    bool has(std::initializer_list<std::string_view> keywords) const;
    bool since(Draft draft) const { return dialect_.draft >= draft; }
    RulesIndex schema_at(std::string_view keyword);
    void count_at(std::string_view min, std::string_view max, Counts& counts);
    std::optional<Limit> limit_at(std::string_view keyword);
    bool bool_at(std::string_view keyword);
    std::vector<std::string> names_in(std::string_view keyword, json::Value const& list);
    json::Object const* map_at(std::string_view keyword);
    CheckedPattern pattern_of(std::string_view keyword, std::string_view text);
    void complain(std::string_view keyword, std::string_view must_be);

    Documents const& documents_;
    bool strict_;
    Program program_;
    std::unordered_map<json::Value const*, RulesIndex> known_;
    std::vector<std::pair<RulesIndex, Target>> waiting_;
    std::set<ResourceIndex> entered_;  ///< resources of the schemas so far
    bool has_recursive_ = false;
    std::size_t patterns_size_ = 0;
    std::string error_;

    // ---- what is being compiled ---------------------------------------------------------------
    json::Value const* schema_ = nullptr;
    ResourceIndex resource_ = 0;
    Dialect dialect_;
};

}  // namespace klamm::schema::jsonschema
