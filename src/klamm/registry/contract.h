// registry/contract.h - what stands beside a schema: metadata and rule sets ("data contracts").
//
// The registry keeps, merges and hashes them; it is the clients' serializers that run the rules.
#pragma once

#include "klamm/json/value.h"

#include <expected>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::registry {

/// The property that names the version; the registry keeps it right.
inline constexpr std::string_view confluent_version = "confluent:version";
/// The property that names top-level fields that no schema may use, with commas between.
inline constexpr std::string_view confluent_reserved = "confluent:reserved";

struct Metadata {
    std::map<std::string, std::set<std::string>> tags;
    std::map<std::string, std::string> properties;
    std::set<std::string> sensitive;
    bool operator==(Metadata const&) const = default;

    std::string const* property(std::string_view name) const;
    std::set<std::string> reserved_fields() const;
};

/// How long the name of a rule may be, in characters.
inline constexpr std::size_t rule_name_max = 256;

struct Rule {
    std::optional<std::string> name;
    std::optional<std::string> doc;
    std::string kind = "TRANSFORM";
    std::string mode = "WRITEREAD";
    std::optional<std::string> type;
    std::set<std::string> tags;
    std::map<std::string, std::string> params;
    std::optional<std::string> expr;
    std::optional<std::string> on_success;
    std::optional<std::string> on_failure;
    bool disabled = false;
    bool operator==(Rule const&) const = default;
};

struct RuleSet {
    std::vector<Rule> migration;
    std::vector<Rule> domain;
    std::vector<Rule> encoding;
    std::string enable_at;  ///< may be empty
    bool operator==(RuleSet const&) const = default;

    bool has_type(std::string_view type) const;
    void remove(std::set<std::string> const& names);
};

// ---- JSON: unknown members are ignored; the error says what is wrong with a known one ----------

std::expected<Metadata, std::string> read_metadata(json::Value const& value);
std::expected<RuleSet, std::string> read_rule_set(json::Value const& value);
json::Value print(Metadata const& metadata);
json::Value print(RuleSet const& rules);

// ---- what the registry does with them -----------------------------------------------------------

/// Why Confluent's registry would refuse the set; empty: it is well.
std::string problem_of(RuleSet const& rules);

/// Members of `over` win.
std::optional<Metadata> merged(std::optional<Metadata> const& under,
                               std::optional<Metadata> const& over);
std::optional<RuleSet> merged(std::optional<RuleSet> const& under,
                              std::optional<RuleSet> const& over);

/// The bytes that the GUID's hash runs over, appended to `hashed`.
void append_hashed(std::string& hashed, Metadata const& metadata);
void append_hashed(std::string& hashed, RuleSet const& rules);

}  // namespace klamm::registry
