// cli/schema/checking.h - whether schemas may become the next versions of their subjects.
//
// The history comes from a registry, or from other files; the verdict and its reasons are ours
// (registry/explain.h), and what the registry itself says is compared with them.
#pragma once

#include "klamm/cli/outcome.h"
#include "klamm/cli/registry_client.h"
#include "klamm/cli/schema/source.h"
#include "klamm/registry/explain.h"

#include <cstdint>
#include <cstdio>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace klamm::cli {

struct CheckOptions {
    std::optional<registry::Level> level;  ///< none: as the registry says, or BACKWARD
    std::optional<schema::Policy> policy;  ///< none: as the registry says, or STRICT
    std::vector<SchemaReference> references;
};

struct CheckResult {
    enum class Status : std::uint8_t {
        compatible,
        incompatible,
        is_new,   ///< there is nothing to compare with
        invalid,  ///< no schema at all
    };

    SchemaFile file;
    Status status = Status::compatible;
    std::string why;           ///< what is wrong with an invalid one
    schema::SchemaPtr schema;  ///< null: invalid
    std::optional<registry::Explanation> explanation;
    std::vector<std::string> notes;  ///< beside the verdict

    bool passes() const { return status == Status::compatible || status == Status::is_new; }
};

std::string_view name_of(CheckResult::Status status);

class Checker {
public:
    /// Without a client the history is that of `old` files only. The client stays the caller's.
    Checker(RegistryClient* client, CheckOptions options)
        : client_(client), options_(std::move(options)) {}

    /// Against the registry. `around`: files that it may refer to, before any are registered.
    Outcome<CheckResult> check(SchemaFile const& file, std::span<SchemaFile const> around);
    /// Against the file as it was in a revision; `old_around`: what that may refer to.
    Outcome<CheckResult> check(SchemaFile const& file, std::span<SchemaFile const> around,
                               SchemaFile const* old, std::span<SchemaFile const> old_around,
                               std::string const& revision);

private:
    struct Rules {
        registry::Level level = registry::Level::backward;
        schema::Policy policy = schema::Policy::strict;
        std::string group;  ///< only versions with equal metadata under this key are compared
    };
    Outcome<Rules> rules(std::string const& subject);
    Outcome<std::vector<registry::OldVersion>> history(std::string const& subject,
                                                       std::vector<std::int32_t> const& versions,
                                                       std::vector<SchemaReference>& references);
    Outcome<std::vector<schema::Reference>> texts(SchemaFile const& file,
                                                  std::span<SchemaFile const> around,
                                                  std::vector<SchemaReference> const& references);
    Outcome<CheckResult> conclude(SchemaFile const& file, Rules const& rules,
                                  std::vector<schema::Reference> const& references,
                                  std::vector<registry::OldVersion> history,
                                  std::string old_name = {});
    void ask_registry(CheckResult& result, std::vector<SchemaReference> const& references);

    RegistryClient* client_;
    CheckOptions options_;
};

/// The schema with the first mend that was proven, or with all that were together. Empty: none.
std::string mended(registry::Explanation const& explanation);

registry::Paint paint_for(std::FILE* stream);

}  // namespace klamm::cli
