// schema/json/model.h - a schema as Confluent's registry sees it when it compares.
//
// Each schema becomes a node of one kind. One that says several things at once, a type and an
// enum, a minLength and a minimum, becomes an allOf of nodes that each say one:
//
//   {"type":"string","enum":["a"]}  ──▶  allOf [string, enum]
//   {"type":["string","null"]}      ──▶  anyOf [string, null]
//   {}                              ──▶  empty
//
// Which parts come in which order, and what of a draft is not seen at all, follows that registry
// (everit's model; from 2019-09 on its translation into it): verdicts depend on it.
//
// Nodes are built when they are first looked at; definitions that nobody refers to never are.
#pragma once

#include "klamm/schema/json/documents.h"

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace klamm::schema::jsonschema {

enum class Kind : std::uint8_t {
    empty,   ///< nothing said
    always,  ///< true
    never,   ///< false
    boolean,
    null,
    string,
    number,
    object,
    array,
    enumeration,
    constant,
    negation,
    conditional,
    combined,
    reference,
    unresolved,  ///< a reference to nothing that is here, or to itself
};

enum class Criterion : std::uint8_t { all, any, one };
std::string_view name_of(Criterion criterion);  ///< "allOf", "anyOf", "oneOf"

struct Node {
    using Named = std::vector<std::pair<std::string_view, Node*>>;

    Kind kind = Kind::empty;
    json::Value const* source = nullptr;  ///< the schema, or of a part the one it is a part of

    // ---- said beside the kind ------------------------------------------------------------
    std::string const* id = nullptr;
    std::string const* title = nullptr;
    std::string const* description = nullptr;
    json::Value const* default_value = nullptr;
    bool is_bytes = false;  ///< connect.type is bytes

    /// Keywords with a plain value that belong to the kind: limits, pattern, enum, const, ...
    std::vector<std::pair<std::string_view, json::Value const*>> keywords;
    bool integer = false;

    // ---- object --------------------------------------------------------------------------
    Named properties;
    Named pattern_properties;
    Named schema_dependencies;
    std::vector<std::string_view> required;
    std::vector<std::pair<std::string_view, json::Value const*>> property_dependencies;

    // ---- object and array: what the named ones leave ----------------------------------------
    bool additional = true;
    Node* additional_schema = nullptr;
    Node* unevaluated = nullptr;

    // ---- array ---------------------------------------------------------------------------
    Node* items = nullptr;  ///< of every element
    std::vector<Node*> tuple;

    // ---- negation, combined, reference ------------------------------------------------------
    Node* inner = nullptr;
    Criterion criterion = Criterion::all;
    std::vector<Node*> parts;
    bool generated = false;  ///< combined by us, not by the schema

    // ---- how it is built -------------------------------------------------------------------
    bool built = false;
    ResourceIndex resource = 0;

    json::Value const* keyword(std::string_view name) const;
    bool requires_property(std::string_view name) const;
};

class Model {
public:
    explicit Model(Documents const& documents) : documents_(documents) {}

    Node* node_of(Target target);
    /// Builds it, when that has not happened yet.
    Node* built(Node* node);
    /// Builds it and goes where its references lead.
    Node* resolved(Node* node);

private:
    friend class OldParts;
    friend class NewParts;

    Node* child(json::Value const& schema, ResourceIndex parent);
    Node* part(Node const& of, Kind kind);
    Node* reference(Node const& of, std::string_view to);
    Node* combination(Node const& of, Criterion criterion, json::Value const& list);
    Node* type_part(Node const& of, std::string_view type);
    Node* conditional(Node const& of);
    Node* negation(Node const& of, json::Value const& schema);
    void add_named(Node& node, Node::Named& to, json::Value const& map);
    void add_keyword(Node& node, std::string_view name, json::Value const& value);
    void add_object_keyword(Node& node, std::string_view name, json::Value const& value);
    void add_array_keyword(Node& node, std::string_view name, json::Value const& value);
    void add_items(Node& node, json::Value const& items);
    void build_object(Node& node);

    Documents const& documents_;
    std::deque<Node> nodes_;
    std::unordered_map<json::Value const*, Node*> by_source_;
};

}  // namespace klamm::schema::jsonschema
