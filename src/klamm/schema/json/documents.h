// schema/json/documents.h - a schema with all that it refers to, and what each $ref means.
//
//   document   a text: the schema itself, each of its references, a draft's metaschema
//   resource   a schema with an address of its own: a document, or a part of one with an $id
//
// Nothing is ever fetched: what is not among the documents does not resolve.
//
// Thread rule: `add` and `add_metaschemas` while parsing; afterwards any thread may ask.
#pragma once

#include "klamm/json/value.h"
#include "klamm/schema/json/dialect.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace klamm::schema::jsonschema {

using ResourceIndex = std::uint32_t;

struct Resource {
    std::string uri;  ///< without a fragment
    json::Value const* root = nullptr;
    ResourceIndex document = 0;  ///< the resource that the whole document is
    Dialect dialect;
    /// $anchor and $dynamicAnchor; up to draft-07 an $id that is a fragment.
    std::map<std::string, json::Value const*, std::less<>> anchors;
    std::map<std::string, json::Value const*, std::less<>> dynamic_anchors;
    bool recursive_anchor = false;
};

/// A schema, and the resource whose address its own references start from.
struct Target {
    json::Value const* schema = nullptr;
    ResourceIndex resource = 0;
};

class Documents {
public:
    /// A document under the address `uri`, and under its own $id. Of two with one address the
    /// first is meant. `fallback`: how it is read when it does not say.
    Target add(std::string const& uri, json::Value document, Dialect fallback);

    /// Another address of a document.
    void add_name(std::string uri, ResourceIndex index) {
        by_uri_.try_emplace(std::move(uri), index);
    }

    Resource const& resource(ResourceIndex index) const { return resources_[index]; }
    Dialect dialect_of(ResourceIndex index) const { return resources_[index].dialect; }
    /// Where a schema below one of the resource `parent` belongs.
    ResourceIndex resource_of(json::Value const& schema, ResourceIndex parent) const;

    /// What a reference in a schema of the resource `from` means; none: nothing that is here.
    std::optional<Target> find(std::string_view reference, ResourceIndex from) const;
    /// Adds the metaschemas that references mean.
    void add_metaschemas();

    /// "#/properties/a" for a schema of that resource's document.
    std::string location_of(json::Value const& schema, ResourceIndex resource) const;

private:
    void add_metaschemas(json::Value const& schema, ResourceIndex parent);
    void add_metaschema(std::string_view reference, ResourceIndex from);
    void index(json::Value const& schema, ResourceIndex resource);
    ResourceIndex enter(json::Value const& schema, ResourceIndex parent);
    void note_anchors(json::Value const& schema, ResourceIndex resource);
    Dialect dialect_said(json::Value const& root, Dialect fallback) const;
    std::optional<Target> find_pointer(std::string_view pointer, ResourceIndex from) const;
    ResourceIndex add_resource(std::string uri, json::Value const& root, Dialect dialect);

    std::deque<json::Value> texts_;
    std::deque<Resource> resources_;
    std::unordered_map<std::string, ResourceIndex> by_uri_;
    std::unordered_map<json::Value const*, ResourceIndex> resource_of_;
};

}  // namespace klamm::schema::jsonschema
