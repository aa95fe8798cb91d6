// registry/explain.h - why a schema may not follow the versions that a subject has, for whom that
// matters, and how to mend it.
//
//   proposal + history ──▶ explain ──▶ findings ──▶ JSON · text
//                            │  ▲
//                      mend ─┘  └─ parsed and compared again: only what passes is shown
//
// A mend is shown only if the whole schema, changed so, passes under the same level against the
// same history. Where no single one does, mends are applied one after the other until the whole
// passes, and are offered together.
#pragma once

#include "klamm/json/value.h"
#include "klamm/registry/level.h"
#include "klamm/registry/registry.h"
#include "klamm/schema/schema.h"

#include <cstddef>
#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace klamm::registry {

/// What answers that explain are sent as.
inline constexpr std::string_view findings_type = "application/vnd.klamm.findings+json";

/// What one explanation may cost, and how long it may be.
struct ExplainLimits {
    std::size_t findings_max = 100;     ///< shown; how many there are more is said
    std::size_t attempts_max = 100;     ///< mended schemas that are parsed and compared
    std::size_t comparisons_max = 500;  ///< to prove mends; long schemas count several times
    std::size_t mends_max = 3;          ///< shown for one finding
};

struct OldVersion {
    std::int32_t version = 0;
    schema::SchemaPtr schema;
};

/// A schema that wants to be the next version of a subject.
struct Proposal {
    std::string subject;
    schema::SchemaPtr schema;
    /// The live versions that count, oldest first. Levels that are not transitive look at the last.
    std::vector<OldVersion> history;
    Level level = Level::backward;
    schema::Policy policy = schema::Policy::strict;
    std::string old_name;  ///< what words call the history, if not by its numbers: "HEAD~1"
    /// How the text of a mend becomes a schema: with the references of `schema`, strictly. Without
    /// it nothing is mended.
    std::function<std::expected<schema::SchemaPtr, schema::SchemaError>(std::string_view)> parse;
};

/// One thing that breaks, against all the versions for which it does.
struct Finding {
    /// before: what the old schema has there, after: the new one; the description says "new" and
    /// "old" itself.
    schema::Difference difference;
    schema::Breaks breaks = schema::Breaks::new_readers;
    std::vector<std::int32_t> versions;
    std::vector<schema::Mend> mends;  ///< each is enough for the whole schema to pass
};

/// Several mends that make the whole schema pass when all are made.
struct Mended {
    std::vector<std::string> steps;  ///< in words
    std::string schema;
};

struct Explanation {
    std::string subject;
    Level level = Level::backward;
    schema::Policy policy = schema::Policy::strict;
    std::string old_name;               ///< the proposal's
    std::vector<std::int32_t> against;  ///< the versions that were compared with
    std::vector<Finding> findings;      ///< none: it is compatible
    std::size_t findings_left_out = 0;  ///< beyond the limit
    std::optional<Mended> together;     ///< only when no single mend is enough
    std::vector<Reader> readers;  ///< who reads the subject's topics now; filled by the caller

    bool is_compatible() const { return findings.empty(); }
};

/// The error: comparing took more than its budget.
[[nodiscard]] std::expected<Explanation, schema::SchemaError> explain(
    Proposal const& proposal, ExplainLimits const& limits = {});

// ---- as JSON and in words ---------------------------------------------------------------------

/// The document that `findings_type` names (doc/registry.md).
json::Value to_json(Explanation const& explanation);
/// The readers of such a document; what makes no sense is left out.
std::vector<Reader> readers_in(json::Value const& findings);

/// "New readers cannot read data of version 3."
std::string words_of(Finding const& finding, std::string_view old_name = {});
/// What the findings mean for those who read now: "2 groups read orders now; `billing` is 12,345
/// records behind: it will meet old records." Nothing where nobody reads, or nothing breaks.
std::vector<std::string> reader_words(Explanation const& explanation);

/// Escape sequences around parts of the text; empty ones for a file.
struct Paint {
    std::string_view bold;
    std::string_view bad;
    std::string_view good;
    std::string_view dim;
    std::string_view off;
};
/// Lines for people, each with its end.
std::string to_text(Explanation const& explanation, Paint const& paint = {});

}  // namespace klamm::registry
