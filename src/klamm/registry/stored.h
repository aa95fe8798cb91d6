// registry/stored.h - a schema under its id: what was registered, and parsed when it is needed.
#pragma once

#include "klamm/registry/contract.h"
#include "klamm/registry/state.h"

#include <memory>
#include <mutex>
#include <vector>

namespace klamm::registry {

/// A reference as it was registered: the subject may be without a context, then that of the
/// schema which refers is meant.
struct Named {
    std::string name;
    std::string subject;
    std::int32_t version = 0;
    bool operator==(Named const&) const = default;
};

/// What makes a schema what it is; the same content in a context has the same id.
struct Content {
    schema::Type type = schema::Type::avro;
    std::string text;
    std::vector<Named> references;
    std::optional<Metadata> metadata;
    std::optional<RuleSet> rules;
    bool operator==(Content const&) const = default;
};
using ContentPtr = std::shared_ptr<Content const>;

/// Confluent's identity of a content, an MD5 as a UUID. The type is not part of it.
std::string guid_of(Content const& content);
/// "5df6a1b2-…" from its 16 bytes in base64, as encoded records carry it; empty: it is none.
std::string guid_of_md5(std::string_view base64);

/// How many schemas a schema may refer to, with theirs, and how deep.
inline constexpr std::size_t references_max = 1000;
inline constexpr std::size_t reference_depth_max = 100;
/// How long all their texts may be together.
inline constexpr std::size_t reference_bytes_max = std::size_t{16} * 1024 * 1024;

/// One of all the schemas that a schema needs, each after those that it needs itself.
struct Resolved {
    std::string name;
    std::string subject;  ///< with its context
    std::int32_t version = 0;
    ContentPtr content;  ///< null: there is none (any more, or yet)
    bool direct = true;
};

/// What schema::parse wants; or which one there is not, or that they are too long.
std::expected<std::vector<schema::Reference>, schema::SchemaError> texts_of(
    std::vector<Resolved> const& references);

class Stored final : public StoredSchema {
public:
    Stored(std::string context, std::int32_t id, std::string guid, ContentPtr content,
           std::vector<Resolved> references)
        : context_(std::move(context)),
          id_(id),
          guid_(std::move(guid)),
          content_(std::move(content)),
          references_(std::move(references)) {}

    std::int32_t id() const override { return id_; }
    std::string const& guid() const override { return guid_; }
    schema::Type type() const override { return content_->type; }
    std::string const& text() const override { return content_->text; }
    std::expected<schema::SchemaPtr, schema::SchemaError> const& parsed() const override;

    std::string const& context() const { return context_; }
    ContentPtr const& content() const { return content_; }

private:
    std::string context_;
    std::int32_t id_;
    std::string guid_;
    ContentPtr content_;
    std::vector<Resolved> references_;
    mutable std::once_flag once_;
    mutable std::expected<schema::SchemaPtr, schema::SchemaError> parsed_;
};
using StoredPtr = std::shared_ptr<Stored const>;

}  // namespace klamm::registry
