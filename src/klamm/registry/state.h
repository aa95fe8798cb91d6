// registry/state.h - all that the registry knows: a fold over the records of the topic _schemas.
//
// Every change is one or more records in Confluent's format (doc/formats/schemas-topic.md), so
// that what the journal holds, what the topic shows, what a checkpoint keeps and what is exported
// are the same thing. apply() is total: what makes no sense is ignored, as Confluent's reader does.
//
// A copy costs microseconds whatever the size, and what is copied never changes: readers on other
// threads look at a copy.
//
// Invariants:
//   1. In a context, an id names one schema (text, references, metadata, rules) for ever; an id
//      that was given is never given to another, even when everything that had it was deleted.
//   2. A subject's version numbers are given in order, and again only after the whole subject was
//      deleted permanently.
//   3. apply(dump()) gives the same state.
#pragma once

#include "klamm/schema/schema.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::registry {

/// A record of _schemas. Without a value: the key is forgotten.
struct Record {
    std::string key;
    std::optional<std::string> value;
    bool operator==(Record const&) const = default;
};

/// A schema as it is stored under an id. Lives as long as anybody holds it; any thread.
class StoredSchema {
public:
    virtual ~StoredSchema() = default;
    virtual std::int32_t id() const = 0;
    virtual std::string const& guid() const = 0;  ///< "5df6a1b2-…"
    virtual schema::Type type() const = 0;
    virtual std::string const& text() const = 0;
    /// Parsed when it is first asked for. The error: it was imported, or its references are gone.
    virtual std::expected<schema::SchemaPtr, schema::SchemaError> const& parsed() const = 0;
};
using StoredSchemaPtr = std::shared_ptr<StoredSchema const>;

class State {
public:
    State();
    State(State const&);
    State& operator=(State const&);
    State(State&&) noexcept;
    State& operator=(State&&) noexcept;
    ~State();

    void apply(Record const& record);
    /// Records that give this state to an empty one, in an order that works.
    std::vector<Record> dump() const;
    /// Counts the records that were applied.
    std::uint64_t version() const;

    /// How many schemas (ids), subjects, versions there are; for metrics.
    struct Counts {
        std::uint64_t schemas = 0;
        std::uint64_t subjects = 0;
        std::uint64_t versions = 0;
    };
    Counts counts() const;

    // ---- what the validation of records asks --------------------------------------------

    /// `context`: "." is the default one. Null: none.
    StoredSchemaPtr by_id(std::string_view context, std::int32_t id) const;
    /// In any context, the default one first.
    StoredSchemaPtr by_guid(std::string_view guid) const;
    /// The version under which a subject (":.ctx:name", or plain) has this schema, the latest such;
    /// none: it has not. Soft-deleted versions count: their data is still there.
    std::optional<std::int32_t> version_of(std::string_view subject,
                                           StoredSchema const& schema) const;

private:
    friend struct Access;
    struct Data;
    std::shared_ptr<Data> data_;
};

}  // namespace klamm::registry
