#include "klamm/registry/explain.h"

#include <algorithm>
#include <span>
#include <utility>

namespace klamm::registry {
namespace {

using schema::Breaks;
using schema::Difference;
using schema::Mend;
using schema::SchemaError;
using schema::SchemaPtr;

using Findings = std::vector<Finding>;

bool is_same(Finding const& finding, Difference const& difference, Breaks breaks) {
    auto const& it = finding.difference;
    return finding.breaks == breaks && it.rule == difference.rule && it.path == difference.path &&
           it.before == difference.before && it.after == difference.after;
}

/// A difference is told once, with all the versions that it is about.
void add(Findings& findings, Difference difference, Breaks breaks, std::int32_t version) {
    for (auto& finding : findings) {
        if (!is_same(finding, difference, breaks)) continue;
        if (finding.versions.back() != version) finding.versions.push_back(version);
        return;
    }
    findings.push_back({std::move(difference), breaks, {version}, {}});
}

/// In comparisons of two schemas that are short.
std::size_t cost_of(schema::Schema const& a, schema::Schema const& b) {
    constexpr std::size_t short_bytes = 16 * 1024;
    return 1 + (a.canonical().size() + b.canonical().size()) / short_bytes;
}

/// How much breaks: each finding with each version.
std::size_t weight(Findings const& findings) {
    std::size_t sum = 0;
    for (auto const& finding : findings) sum += finding.versions.size();
    return sum;
}

Difference different_type(SchemaPtr const& old, SchemaPtr const& proposed) {
    return {.rule = "SCHEMA_TYPE_CHANGED",
            .path = {},
            .description = "Incompatible because of different schema type",
            .additional_info = {},
            .before = std::string(name_of(old->type())),
            .after = std::string(name_of(proposed->type()))};
}

/// Of one proposal: compares, counts what that costs, and looks for mends.
class Search {
public:
    Search(Proposal const& proposal, ExplainLimits const& limits)
        : proposal_(proposal), limits_(limits), history_(proposal.history) {
        if (proposal.level == Level::none)
            history_ = {};
        else if (!is_transitive(proposal.level) && !history_.empty())
            history_ = history_.last(1);
    }

    std::expected<Explanation, SchemaError> run();

private:
    enum class Depth : std::uint8_t { all, first };
    /// Depth::first: whether there are any is enough.
    std::expected<Findings, SchemaError> compare(SchemaPtr const& proposed, Depth depth);
    /// The findings of a mended text. None: it is no schema, takes too much, or the budget is
    /// spent.
    std::optional<Findings> attempt(std::string const& text, SchemaPtr& mended, Depth depth);
    std::vector<Mend> candidates(SchemaPtr const& proposed, Finding const& finding) const;
    OldVersion const& version(std::int32_t number) const;
    void prove(Explanation& explanation);
    bool mend_all(SchemaPtr const& proposed, Findings const& findings, Mended& mended);
    bool is_spent() const {
        return attempts_ >= limits_.attempts_max || comparisons_ >= limits_.comparisons_max;
    }

    Proposal const& proposal_;
    ExplainLimits const& limits_;
    std::span<OldVersion const> history_;
    std::size_t attempts_ = 0;
    std::size_t comparisons_ = 0;
};

std::expected<Findings, SchemaError> Search::compare(SchemaPtr const& proposed, Depth depth) {
    Findings findings;
    // The latest version first: what breaks there matters most.
    for (auto i = history_.size(); i-- > 0;) {
        if (depth == Depth::first && !findings.empty()) break;
        auto const& [number, old] = history_[i];
        if (old->type() != proposed->type()) {
            auto const breaks =
                checks_backward(proposal_.level) ? Breaks::new_readers : Breaks::old_readers;
            add(findings, different_type(old, proposed), breaks, number);
            continue;
        }
        if (checks_backward(proposal_.level)) {
            comparisons_ += cost_of(*old, *proposed);
            auto found = proposed->differences(*old, proposal_.policy);
            if (!found) return std::unexpected(found.error());
            for (auto& each : *found) {
                each.description = schema::worded(each.description, "new", "old");
                add(findings, std::move(each), Breaks::new_readers, number);
            }
        }
        if (checks_forward(proposal_.level)) {
            comparisons_ += cost_of(*old, *proposed);
            auto found = old->differences(*proposed, proposal_.policy);
            if (!found) return std::unexpected(found.error());
            for (auto& each : *found) {
                each.description = schema::worded(each.description, "old", "new");
                std::swap(each.before, each.after);  // here the old schema is the reader's
                add(findings, std::move(each), Breaks::old_readers, number);
            }
        }
    }
    return findings;
}

std::optional<Findings> Search::attempt(std::string const& text, SchemaPtr& mended, Depth depth) {
    if (is_spent()) return std::nullopt;
    ++attempts_;
    auto parsed = proposal_.parse(text);
    if (!parsed) return std::nullopt;
    mended = *parsed;
    auto findings = compare(mended, depth);
    if (findings) return std::move(*findings);
    comparisons_ = limits_.comparisons_max;  // one that is beyond its own budget spends this one
    return std::nullopt;
}

OldVersion const& Search::version(std::int32_t number) const {
    return *std::ranges::find(history_, number, &OldVersion::version);
}

std::vector<Mend> Search::candidates(SchemaPtr const& proposed, Finding const& finding) const {
    auto const& old = version(finding.versions.front()).schema;
    if (old->type() != proposed->type()) return {};
    auto difference = finding.difference;
    if (finding.breaks == Breaks::old_readers) std::swap(difference.before, difference.after);
    return proposed->mends(*old, difference, finding.breaks);
}

/// Depth first: the first finding is mended in each way after which less breaks than before.
bool Search::mend_all(SchemaPtr const& proposed, Findings const& findings, Mended& mended) {
    if (findings.empty()) return true;
    for (auto const& finding : findings) {
        for (auto const& candidate : candidates(proposed, finding)) {
            SchemaPtr next;
            auto const left = attempt(candidate.schema, next, Depth::all);
            if (!left || weight(*left) >= weight(findings)) continue;
            mended.steps.push_back(candidate.words);
            mended.schema = candidate.schema;
            if (mend_all(next, *left, mended)) return true;
            mended.steps.pop_back();
        }
        if (is_spent()) return false;
    }
    return false;
}

void Search::prove(Explanation& explanation) {
    auto found = false;
    for (auto& finding : explanation.findings) {
        for (auto& candidate : candidates(proposal_.schema, finding)) {
            if (finding.mends.size() >= limits_.mends_max || is_spent()) break;
            SchemaPtr mended;
            auto const left = attempt(candidate.schema, mended, Depth::first);
            if (left && left->empty()) finding.mends.push_back(std::move(candidate));
        }
        found |= !finding.mends.empty();
    }
    if (found) return;
    attempts_ = comparisons_ = 0;  // each of the two searches has the whole budget
    Mended mended;
    if (mend_all(proposal_.schema, explanation.findings, mended) && mended.steps.size() > 1)
        explanation.together = std::move(mended);
}

std::expected<Explanation, SchemaError> Search::run() {
    Explanation explanation{.subject = proposal_.subject,
                            .level = proposal_.level,
                            .policy = proposal_.policy,
                            .old_name = proposal_.old_name};
    for (auto const& each : history_) explanation.against.push_back(each.version);
    auto findings = compare(proposal_.schema, Depth::all);
    if (!findings) return std::unexpected(findings.error());
    explanation.findings = std::move(*findings);
    if (proposal_.parse && !explanation.findings.empty()) prove(explanation);
    if (explanation.findings.size() > limits_.findings_max) {
        explanation.findings_left_out = explanation.findings.size() - limits_.findings_max;
        explanation.findings.resize(limits_.findings_max);
    }
    return explanation;
}

}  // namespace

std::expected<Explanation, SchemaError> explain(Proposal const& proposal,
                                                ExplainLimits const& limits) {
    return Search(proposal, limits).run();
}

}  // namespace klamm::registry
