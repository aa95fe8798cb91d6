// cli/registry_client.h - questions to any schema registry that speaks Confluent's HTTP interface,
// and changes of it.
//
// Subjects may be qualified with a context (":.ctx:orders-value").
#pragma once

#include "klamm/cli/outcome.h"
#include "klamm/json/value.h"
#include "klamm/live/http_client.h"
#include "klamm/registry/registry.h"
#include "klamm/schema/schema.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace CLI {
class App;
}

namespace klamm::cli {

/// How to reach the registry: the flags that every command about schemas has.
struct RegistryOptions {
    std::string url = "http://127.0.0.1:8081";
    std::string user;
    std::string ca_file;
    int timeout_s = 10;
};
/// `timeout_s` has a flag of its own only if the command has no --timeout yet.
void add_registry_options(CLI::App& command, RegistryOptions& options);

/// A schema that another one names, as registries write it.
struct SchemaReference {
    std::string name;
    std::string subject;
    std::int32_t version = -1;  ///< -1: the latest
    bool operator==(SchemaReference const&) const = default;
};

/// What a registration sends: the text and what belongs to it.
struct NewSchema {
    schema::Type type = schema::Type::avro;
    std::string text;
    std::vector<SchemaReference> references;
    json::Value metadata;  ///< null: none
    json::Value rule_set;  ///< null: none
    bool operator==(NewSchema const&) const = default;
};

/// A version of a subject, or (subject and version unset) the schema of an id.
struct RegisteredSchema {
    std::string subject;
    std::int32_t version = 0;
    std::int32_t id = 0;
    std::string guid;  ///< empty: the registry does not say
    NewSchema schema;
};

struct Registration {
    std::int32_t id = 0;
    std::int32_t version = 0;  ///< 0: the registry does not say
};

/// An answer that is an error.
struct Refusal {
    int code = 0;  ///< Confluent's, 40401 for instance; or the HTTP status
    std::string message;
};

class RegistryClient {
public:
    explicit RegistryClient(RegistryOptions const& options);

    std::string const& name() const { return http_.name(); }

    enum class Deleted : std::uint8_t { hidden, shown };

    /// In all contexts.
    Outcome<std::vector<std::string>> subjects(Deleted deleted = Deleted::hidden);
    /// None, when there is no such subject.
    Outcome<std::vector<std::int32_t>> versions(std::string_view subject,
                                                Deleted deleted = Deleted::hidden);
    /// `version`: a number, or "latest". None: there is no such subject or version.
    Outcome<std::optional<RegisteredSchema>> find(std::string_view subject,
                                                  std::string_view version,
                                                  Deleted deleted = Deleted::hidden);
    /// The same, and a failure that says what there is instead.
    Outcome<RegisteredSchema> get(std::string_view subject, std::string_view version);
    /// The subject only says in which context the id is meant; it may be empty.
    Outcome<std::optional<RegisteredSchema>> by_id(std::int32_t id, std::string_view subject);
    Outcome<std::optional<RegisteredSchema>> by_guid(std::string_view guid);

    /// The texts of all that a schema refers to, also indirectly, in the order that parsing needs.
    /// Subjects without context are looked for in that of `subject`.
    Outcome<std::vector<schema::Reference>> texts_of(std::vector<SchemaReference> const& references,
                                                     std::string_view subject);
    /// Parsed with its references. `strict`: as a new one.
    Outcome<schema::SchemaPtr> parse(NewSchema const& schema, std::string_view subject,
                                     bool strict);

    Outcome<Registration> add(std::string_view subject, NewSchema const& schema, bool normalize);
    /// With its old numbers; the subject has to be in mode IMPORT.
    Outcome<Registration> import(RegisteredSchema const& schema);
    /// Where the subject has this very schema. None: it has not.
    Outcome<std::optional<RegisteredSchema>> lookup(std::string_view subject,
                                                    NewSchema const& schema, bool normalize);
    /// Of a subject, or of one version: what was deleted.
    Outcome<std::vector<std::int32_t>> remove(std::string_view subject, std::string_view version,
                                              bool permanent);

    /// What the registry says itself about a new version: its document of findings
    /// (registry/explain.h), if it has any.
    struct Verdict {
        bool is_compatible = true;
        std::vector<std::string> messages;
        std::optional<json::Value> findings;
    };
    Outcome<Verdict> verdict(std::string_view subject, NewSchema const& schema);

    /// Empty subject: the registry's own. `inherited`: what counts for the subject.
    enum class Scope : std::uint8_t { own, inherited };
    /// Null: the subject has none of its own.
    Outcome<json::Value> config(std::string_view subject, Scope scope);
    Outcome<> set_config(std::string_view subject, json::Value const& config);
    Outcome<> remove_config(std::string_view subject);
    /// None: the subject has none of its own.
    Outcome<std::optional<std::string>> mode(std::string_view subject, Scope scope);
    /// `force`: also IMPORT for a subject that has schemas.
    Outcome<> set_mode(std::string_view subject, std::string_view mode, bool force);
    Outcome<> remove_mode(std::string_view subject);

private:
    struct Answer {
        json::Value body;
        std::optional<Refusal> refusal;
        bool has_findings = false;
    };
    /// An answer of the registry, refusals as well; a failure when it is none of a registry's.
    Outcome<Answer> ask(char const* method, std::string const& path,
                        json::Value const* body = nullptr, std::string_view accept = {});
    Failure refused(std::string const& doing, Refusal const& refusal) const;
    Outcome<std::optional<RegisteredSchema>> found(std::string const& doing,
                                                   Outcome<Answer> answer);
    struct Collection;
    Outcome<> collect(SchemaReference const& reference, std::size_t depth, Collection& all);

    live::HttpClient http_;
};

/// As registries write it: what a schema has not is left out, and so is the type of Avro's.
json::Value to_json(NewSchema const& schema);
/// None: the document is no schema.
std::optional<RegisteredSchema> registered_schema(json::Value const& document);
/// ":.ctx:" of a subject that names its context, "" of another.
std::string_view context_of(std::string_view subject);

}  // namespace klamm::cli
