#include "klamm/cli/schema/import.h"

#include "klamm/cli/interrupt.h"
#include "klamm/cli/terminal.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>
#include <set>

namespace klamm::cli {
namespace {

class Planning {
public:
    Planning(RegistryContents const& contents, RegistryClient& target)
        : contents_(contents), target_(target) {}

    Outcome<ImportPlan> plan() {
        for (auto const& [at, it] : contents_.versions)
            if (auto done = place(it); !done) return std::unexpected(done.error());
        for (auto const* const it : missing_) add(*it, 0);
        return std::move(plan_);
    }

private:
    static constexpr std::size_t reference_depth_max = 100;

    Outcome<> place(StoredVersion const& it);
    bool is_same(RegisteredSchema const& ours, RegisteredSchema const& theirs);
    void add(StoredVersion const& it, std::size_t depth);

    RegistryContents const& contents_;
    RegistryClient& target_;
    ImportPlan plan_;
    std::vector<StoredVersion const*> missing_;
    std::set<StoredVersion const*> is_missing_;
    std::set<StoredVersion const*> added_;
};

/// Registries write the same schema differently; what it refers to is in the target, or it is not
/// the same.
bool Planning::is_same(RegisteredSchema const& ours, RegisteredSchema const& theirs) {
    if (ours.schema.type != theirs.schema.type) return false;
    if (ours.schema.text == theirs.schema.text) return true;
    auto const left = target_.parse(ours.schema, ours.subject, false);
    auto const right = target_.parse(theirs.schema, ours.subject, false);
    return left && right && (*left)->canonical() == (*right)->canonical();
}

/// There already, in conflict, or missing.
Outcome<> Planning::place(StoredVersion const& it) {
    auto const& schema = it.schema;
    auto const there = target_.find(schema.subject, std::to_string(schema.version),
                                    RegistryClient::Deleted::shown);
    if (!there) return std::unexpected(there.error());
    if (*there) {
        auto const same_text = is_same(schema, **there);
        if ((*there)->id == schema.id && same_text)
            ++plan_.same;
        else
            plan_.conflicts.push_back(fmt::format(
                "{} version {}: id {} in the source, {} in the registry{}", schema.subject,
                schema.version, schema.id, (*there)->id, same_text ? "" : ", and another schema"));
        return {};
    }
    auto const taken = target_.by_id(schema.id, context_of(schema.subject));
    if (!taken) return std::unexpected(taken.error());
    if (*taken && !is_same(schema, **taken))
        plan_.conflicts.push_back(fmt::format("{} version {}: id {} is another schema",
                                              schema.subject, schema.version, schema.id));
    else if (is_missing_.insert(&it).second)
        missing_.push_back(&it);
    return {};
}

/// What it refers to comes first; a circle of references, which no registry has, is cut.
void Planning::add(StoredVersion const& it, std::size_t depth) {
    if (!added_.insert(&it).second) return;
    for (auto const& reference : it.schema.schema.references) {
        auto subject = reference.subject;
        if (context_of(subject).empty()) subject.insert(0, context_of(it.schema.subject));
        auto const target = contents_.versions.find({subject, reference.version});
        if (target == contents_.versions.end() || depth == reference_depth_max) continue;
        if (is_missing_.contains(&target->second)) add(target->second, depth + 1);
    }
    plan_.missing.push_back(&it);
}

/// Subjects in mode IMPORT, until it is gone.
class ImportMode {
public:
    explicit ImportMode(RegistryClient& registry) : registry_(registry) {}
    ~ImportMode() { restore(); }
    ImportMode(ImportMode const&) = delete;
    ImportMode& operator=(ImportMode const&) = delete;

    Outcome<> set(std::string const& subject) {
        if (before_.contains(subject)) return {};
        auto const mode = registry_.mode(subject, RegistryClient::Scope::own);
        if (!mode) return std::unexpected(mode.error());
        before_[subject] = *mode;
        return registry_.set_mode(subject, "IMPORT", true);
    }
    /// Failures are told, and do not keep the others from being restored.
    void restore() {
        for (auto const& [subject, mode] : before_) {
            auto const done =
                mode ? registry_.set_mode(subject, *mode, true) : registry_.remove_mode(subject);
            if (!done)
                fmt::print(stderr, "klamm: {} is left in mode IMPORT: {}\n", subject,
                           done.error().what);
        }
        before_.clear();
    }

private:
    RegistryClient& registry_;
    std::map<std::string, std::optional<std::string>> before_;
};

Outcome<> register_all(ImportPlan const& plan, RegistryClient& target, Interrupt& interrupt) {
    ImportMode mode(target);
    ProgressLine progress;
    std::size_t done = 0;
    for (auto const* const it : plan.missing) {
        if (interrupt.asked())
            return failed(
                fmt::format("interrupted after {} of {} schemas", done, plan.missing.size()),
                "the same import goes on where this one stopped");
        if (auto set = mode.set(it->schema.subject); !set) return set;
        if (auto added = target.import(it->schema); !added) return std::unexpected(added.error());
        ++done;
        if (progress.due()) progress.show(fmt::format("{} of {}", done, plan.missing.size()));
    }
    for (auto const* const it : plan.missing) {
        if (!it->deleted) continue;
        auto const gone =
            target.remove(it->schema.subject, std::to_string(it->schema.version), false);
        if (!gone) return std::unexpected(gone.error());
    }
    return {};
}

}  // namespace

Outcome<ImportPlan> plan_import(RegistryContents const& contents, RegistryClient& target) {
    return Planning(contents, target).plan();
}

Outcome<> carry_out(ImportPlan const& plan, RegistryContents const& contents,
                    RegistryClient& target) {
    Interrupt interrupt;
    if (auto done = register_all(plan, target, interrupt); !done) return done;
    for (auto const& [subject, config] : contents.configs)
        if (auto done = target.set_config(subject, config); !done) return done;
    for (auto const& [subject, mode] : contents.modes)
        if (auto done = target.set_mode(subject, mode, true); !done) return done;
    return {};
}

}  // namespace klamm::cli
