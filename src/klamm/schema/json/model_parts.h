// schema/json/model_parts.h - what a schema says, taken apart by kind; of use to model.cc alone.
#pragma once

#include "klamm/schema/json/model.h"

#include <vector>

namespace klamm::schema::jsonschema {

/// Up to draft-07: the type first, then what combines, then keywords of kinds not named as type.
class OldParts {
public:
    OldParts(Model& model, Node const& node, Draft draft);
    std::vector<Node*> all();

private:
    void add_type(json::Value const& type);
    void add_combinations();
    void sniff(Kind kind);
    Node* with_keywords(Node* part);

    Model& model_;
    Node const& node_;
    Draft draft_;
    std::vector<Kind> kinds_;  ///< of the schema's members; combined: of none
    std::vector<Node*> parts_;
    std::vector<Kind> taken_;
};

/// From 2019-09 on: in the order of the text, keywords of one kind together where the first was.
class NewParts {
public:
    NewParts(Model& model, Node const& node, Draft draft)
        : model_(model), node_(node), draft_(draft) {}
    std::vector<Node*> all();

private:
    void add(std::string_view name, json::Value const& value);
    void add_type(json::Value const& type);
    void add_types(json::Array const& types);
    Node* find_or_add(Kind kind);

    Model& model_;
    Node const& node_;
    Draft draft_;
    std::vector<Node*> parts_;
};

}  // namespace klamm::schema::jsonschema
