// registry/tables.h - the state as tables, and what can be asked of them.
//
// All tables are persistent maps, so that the whole is copied by copying a few pointers. Names of
// subjects are split into context and name here; settings are kept under qualified names, with
// the empty one for "everything".
#pragma once

#include "klamm/registry/names.h"
#include "klamm/registry/persistent_map.h"
#include "klamm/registry/settings.h"
#include "klamm/registry/state.h"
#include "klamm/registry/stored.h"

#include <compare>
#include <functional>
#include <string>
#include <vector>

namespace klamm::registry {

struct VersionKey {
    Subject subject;
    std::int32_t version = 0;
    auto operator<=>(VersionKey const&) const = default;
};

/// One version of a subject.
struct Version {
    StoredPtr schema;
    std::int64_t wall_ms = 0;  ///< when it was registered; 0: the record did not say
    bool deleted = false;      ///< softly
    /// The highest number that the subject ever gave, where that is not this version's own: those
    /// above were deleted permanently.
    std::int32_t last_given = 0;
};

struct IdKey {
    std::string context;
    std::int32_t id = 0;
    auto operator<=>(IdKey const&) const = default;
};

/// That an id has a GUID; of imported schemas, more than one may have the same.
struct GuidKey {
    std::string context;
    std::string guid;
    std::int32_t id = 0;
    auto operator<=>(GuidKey const&) const = default;
};

/// That a version has an id.
struct UseKey {
    IdKey id;
    VersionKey version;
    auto operator<=>(UseKey const&) const = default;
};

/// That a schema refers to a version.
struct ReferrerKey {
    VersionKey target;
    IdKey referrer;
    auto operator<=>(ReferrerKey const&) const = default;
};

struct Nothing {};

enum class Deleted : std::uint8_t { hidden, shown, only };

struct Tables {
    PersistentMap<VersionKey, std::shared_ptr<Version const>> versions;
    PersistentMap<IdKey, StoredPtr> ids;
    PersistentMap<GuidKey, Nothing> guids;
    PersistentMap<UseKey, Nothing> uses;
    PersistentMap<ReferrerKey, Nothing> referrers;
    PersistentMap<std::string, std::shared_ptr<Config const>> configs;
    PersistentMap<std::string, Mode> modes;
    PersistentMap<std::string, Nothing> contexts;      ///< without the default one
    PersistentMap<std::string, std::int32_t> max_ids;  ///< the last id given, by context
    /// Records of kinds that mean nothing to this registry, kept so that they can be given back.
    PersistentMap<std::string, std::string> others;
    std::uint64_t subjects = 0;  ///< how many there are

    // ---- questions ------------------------------------------------------------------------

    Version const* version(VersionKey const& key) const;
    /// The latest version that is not deleted; 0: none.
    std::int32_t latest(Subject const& subject) const;
    /// Which a client means by -1 or a number; 0: there is none.
    std::int32_t resolve(Subject const& subject, std::int32_t version, bool deleted) const;
    /// Ascending; stops when `visit(number, version)` answers false.
    void each_version(Subject const& subject,
                      std::function<bool(std::int32_t, Version const&)> const& visit) const;
    std::vector<std::int32_t> versions_of(Subject const& subject, Deleted deleted) const;
    /// What the next version of the subject is numbered; 0: all numbers are given.
    std::int32_t next_version(Subject const& subject) const;
    /// Whether the subject has versions; of a context, whether any subject in it has; of the
    /// global one, whether there are any at all.
    bool has_subjects(Subject const& subject, bool deleted) const;
    /// The subjects that `has_subjects` would find.
    std::vector<Subject> subjects_in(Subject const& scope, bool deleted) const;
    /// All versions whose subject begins so: "" is the default context, ":*:" all, ":.ctx:" one.
    void each_with_prefix(
        std::string_view prefix,
        std::function<bool(VersionKey const&, Version const&)> const& visit) const;

    StoredPtr by_id(IdKey const& key) const;
    StoredPtr by_guid(std::string_view context, std::string_view guid) const;
    /// The subject's version that has the id, as `uses_of` would say.
    std::optional<VersionKey> use_of(IdKey const& id, Subject const& subject, bool deleted) const;
    /// Some version that has the id, a live one if there is one.
    std::optional<VersionKey> any_use(IdKey const& id) const;
    /// For each subject that has the id, the highest version which has it, live ones first.
    std::vector<VersionKey> uses_of(IdKey const& id, bool deleted) const;
    /// Ids of the schemas that refer to the version.
    std::vector<IdKey> referrers_of(VersionKey const& target, bool deleted) const;
    /// The default one first.
    std::vector<std::string> all_contexts() const;
    std::int32_t max_id(std::string_view context) const;

    /// All that `references` of a schema in `context` need. `deleted`: softly deleted ones count.
    /// As long as `references_max` when there are too many, or too many in a row.
    std::vector<Resolved> closure(std::string_view context, std::vector<Named> const& references,
                                  bool deleted) const;

    /// What was set for just this; by the qualified name, empty: globally.
    Config const* own_config(std::string_view subject) const;
    /// What holds: own over global, else the context's, else global, else the default.
    Config config_in_scope(Subject const& subject) const;
    std::optional<Mode> own_mode(std::string_view subject) const;
    Mode mode_in_scope(Subject const& subject) const;

    // ---- changes: what records say ----------------------------------------------------------

    void put_version(VersionKey const& key, std::shared_ptr<Version const> version);
    void erase_version(VersionKey const& key);

private:
    bool has_use(IdKey const& id) const;
    void forget(VersionKey const& key, Version const& version);
    void relink(VersionKey const& changed);
};

}  // namespace klamm::registry
