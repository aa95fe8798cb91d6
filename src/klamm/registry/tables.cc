#include "klamm/registry/tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <set>

namespace klamm::registry {

namespace {

constexpr auto version_max = std::numeric_limits<std::int32_t>::max();

IdKey id_of(Version const& version) {
    return {.context = version.schema->context(), .id = version.schema->id()};
}

bool is_in(Subject const& subject, Subject const& scope) {
    if (!scope.is_context()) return subject == scope;
    return scope.context == global_context || scope.context == subject.context;
}

/// Where subjects in a scope begin.
VersionKey first_of(Subject const& scope) {
    if (scope.is_context() && scope.context == global_context) return {};
    return {.subject = scope, .version = 0};
}

}  // namespace

// ---- questions ----------------------------------------------------------------------------

Version const* Tables::version(VersionKey const& key) const {
    auto const* found = versions.find(key);
    return found == nullptr ? nullptr : found->get();
}

void Tables::each_version(Subject const& subject,
                          std::function<bool(std::int32_t, Version const&)> const& visit) const {
    versions.from(VersionKey{.subject = subject, .version = 0},
                  [&](VersionKey const& key, std::shared_ptr<Version const> const& version) {
                      return key.subject == subject && visit(key.version, *version);
                  });
}

std::int32_t Tables::latest(Subject const& subject) const {
    std::int32_t latest = 0;
    each_version(subject, [&](std::int32_t number, Version const& version) {
        if (!version.deleted) latest = number;
        return true;
    });
    return latest;
}

std::int32_t Tables::resolve(Subject const& subject, std::int32_t number, bool deleted) const {
    if (number == -1) return latest(subject);
    auto const* found = version({.subject = subject, .version = number});
    return found != nullptr && (deleted || !found->deleted) ? number : 0;
}

std::vector<std::int32_t> Tables::versions_of(Subject const& subject, Deleted deleted) const {
    std::vector<std::int32_t> numbers;
    each_version(subject, [&](std::int32_t number, Version const& version) {
        if (deleted == Deleted::shown || version.deleted == (deleted == Deleted::only))
            numbers.push_back(number);
        return true;
    });
    return numbers;
}

std::int32_t Tables::next_version(Subject const& subject) const {
    std::int32_t last = 0;
    each_version(subject, [&](std::int32_t number, Version const& version) {
        last = std::max({last, number, version.last_given});
        return true;
    });
    return last == version_max ? 0 : last + 1;
}

bool Tables::has_subjects(Subject const& scope, bool deleted) const {
    bool found = false;
    versions.from(first_of(scope), [&](VersionKey const& key, auto const& version) {
        if (!is_in(key.subject, scope)) return false;
        found = deleted || !version->deleted;
        return !found;
    });
    return found;
}

std::vector<Subject> Tables::subjects_in(Subject const& scope, bool deleted) const {
    std::vector<Subject> all;
    versions.from(first_of(scope), [&](VersionKey const& key, auto const& version) {
        if (!is_in(key.subject, scope)) return false;
        if ((deleted || !version->deleted) && (all.empty() || all.back() != key.subject))
            all.push_back(key.subject);
        return true;
    });
    return all;
}

void Tables::each_with_prefix(
    std::string_view prefix,
    std::function<bool(VersionKey const&, Version const&)> const& visit) const {
    auto const wanted = parse_subject(prefix);
    auto const any = wanted.context == "*";
    // ":.bill" is the beginning of a context's name, ":.billing:" a whole one.
    auto const open = prefix.starts_with(":.") && prefix.find(':', 2) == std::string_view::npos;
    auto const first = any ? VersionKey{} : VersionKey{.subject = wanted, .version = 0};
    versions.from(first, [&](VersionKey const& key, std::shared_ptr<Version const> const& version) {
        if (open) {
            if (!key.subject.context.starts_with(wanted.context)) return false;
        } else if (!any && key.subject.context != wanted.context) {
            return false;
        }
        if (!key.subject.name.starts_with(wanted.name)) return any;
        return visit(key, *version);
    });
}

StoredPtr Tables::by_id(IdKey const& key) const {
    auto const* found = ids.find(key);
    return found == nullptr ? nullptr : *found;
}

StoredPtr Tables::by_guid(std::string_view context, std::string_view guid) const {
    StoredPtr stored;
    GuidKey const first{.context = std::string(context), .guid = std::string(guid), .id = 0};
    guids.from(first, [&](GuidKey const& key, Nothing) {
        if (key.context == context && key.guid == guid)
            stored = by_id({.context = key.context, .id = key.id});
        return false;
    });
    return stored;
}

std::optional<VersionKey> Tables::use_of(IdKey const& id, Subject const& subject,
                                         bool deleted) const {
    std::pair<bool, std::int32_t> best;  // live, then the number
    UseKey const first{.id = id, .version = {.subject = subject, .version = 0}};
    uses.from(first, [&](UseKey const& key, Nothing) {
        if (key.id != id || key.version.subject != subject) return false;
        best = std::max(best, {!version(key.version)->deleted, key.version.version});
        return true;
    });
    if (best.second == 0 || (!best.first && !deleted)) return std::nullopt;
    return VersionKey{.subject = subject, .version = best.second};
}

std::optional<VersionKey> Tables::any_use(IdKey const& id) const {
    std::optional<VersionKey> found;
    uses.from(UseKey{.id = id, .version = {}}, [&](UseKey const& key, Nothing) {
        if (key.id != id) return false;
        auto const live = !version(key.version)->deleted;
        if (live || !found) found = key.version;
        return !live;
    });
    return found;
}

std::vector<VersionKey> Tables::uses_of(IdKey const& id, bool deleted) const {
    std::map<Subject, std::pair<bool, std::int32_t>> highest;  // live, then the number
    uses.from(UseKey{.id = id, .version = {}}, [&](UseKey const& key, Nothing) {
        if (key.id != id) return false;
        auto const* found = version(key.version);
        auto& best = highest[key.version.subject];
        best = std::max(best, {!found->deleted, key.version.version});
        return true;
    });
    std::vector<VersionKey> all;
    for (auto const& [subject, best] : highest)
        if (deleted || best.first) all.push_back({.subject = subject, .version = best.second});
    return all;
}

std::vector<IdKey> Tables::referrers_of(VersionKey const& target, bool deleted) const {
    std::vector<IdKey> all;
    referrers.from(ReferrerKey{.target = target, .referrer = {}},
                   [&](ReferrerKey const& key, Nothing) {
                       if (key.target != target) return false;
                       auto const use = any_use(key.referrer);
                       if (use && (deleted || !version(*use)->deleted)) all.push_back(key.referrer);
                       return true;
                   });
    return all;
}

std::vector<std::string> Tables::all_contexts() const {
    std::vector<std::string> all{std::string(default_context)};
    contexts.each([&](std::string const& context, Nothing) {
        all.push_back(context);
        return true;
    });
    return all;
}

std::int32_t Tables::max_id(std::string_view context) const {
    auto const* found = max_ids.find(context);
    return found == nullptr ? 0 : *found;
}

std::vector<Resolved> Tables::closure(std::string_view context,
                                      std::vector<Named> const& references, bool deleted) const {
    std::vector<Resolved> all;
    std::set<std::string> seen;
    auto const add = [&](auto const& self, std::string_view parent, Named const& reference,
                         std::size_t depth) -> void {
        if (depth > reference_depth_max) all.resize(references_max);
        if (all.size() >= references_max) return;
        if (!seen.insert(reference.name).second) return;
        auto const subject = relative_to(parent, reference.subject);
        auto const number = resolve(subject, reference.version, deleted);
        auto const* found = version({.subject = subject, .version = number});
        if (found != nullptr)
            for (auto const& inner : found->schema->content()->references)
                self(self, subject.context, inner, depth + 1);
        if (all.size() >= references_max) return;
        all.push_back({.name = reference.name,
                       .subject = to_string(subject),
                       .version = number != 0 ? number : reference.version,
                       .content = found == nullptr ? nullptr : found->schema->content(),
                       .direct = depth == 0});
    };
    for (auto const& reference : references) add(add, context, reference, 0);
    return all;
}

Config const* Tables::own_config(std::string_view subject) const {
    auto const* found = configs.find(subject);
    return found == nullptr ? nullptr : found->get();
}

Config Tables::config_in_scope(Subject const& subject) const {
    auto const with_level = [](Config config) {
        if (!config.level) config.level = default_level;
        return config;
    };
    auto const* global = own_config("");
    if (!subject.is_default_context()) {
        if (auto const* own = own_config(to_string(subject)))
            return merged(global != nullptr ? *global : Config{}, with_level(*own));
    }
    if (auto const* config = own_config(qualified_context(subject.context)))
        return with_level(*config);
    if (auto const* config = own_config(qualified_context(global_context)))
        return with_level(*config);
    return with_level({});
}

std::optional<Mode> Tables::own_mode(std::string_view subject) const {
    auto const* found = modes.find(subject);
    return found == nullptr ? std::nullopt : std::optional(*found);
}

Mode Tables::mode_in_scope(Subject const& subject) const {
    for (auto const& scope : {to_string(subject), qualified_context(subject.context),
                              qualified_context(global_context)})
        if (auto const mode = own_mode(scope)) return *mode;
    return Mode::readwrite;
}

// ---- changes ------------------------------------------------------------------------------

bool Tables::has_use(IdKey const& id) const {
    bool found = false;
    uses.from(UseKey{.id = id, .version = {}}, [&](UseKey const& key, Nothing) {
        found = key.id == id;
        return false;
    });
    return found;
}

void Tables::forget(VersionKey const& key, Version const& version) {
    auto const id = id_of(version);
    uses.erase(UseKey{.id = id, .version = key});
    if (has_use(id)) return;
    ids.erase(id);
    guids.erase(GuidKey{.context = id.context, .guid = version.schema->guid(), .id = id.id});
    for (auto const& reference : version.schema->content()->references)
        referrers.erase(
            ReferrerKey{.target = {.subject = relative_to(id.context, reference.subject),
                                   .version = reference.version},
                        .referrer = id});
}

void Tables::put_version(VersionKey const& key, std::shared_ptr<Version const> added) {
    auto const old = versions.find(key) == nullptr ? nullptr : *versions.find(key);
    if (!old && !has_subjects(key.subject, true)) ++subjects;
    if (old) forget(key, *old);
    auto const id = id_of(*added);
    ids.set(id, added->schema);
    guids.set({.context = id.context, .guid = added->schema->guid(), .id = id.id}, {});
    uses.set({.id = id, .version = key}, {});
    for (auto const& reference : added->schema->content()->references)
        referrers.set({.target = {.subject = relative_to(id.context, reference.subject),
                                  .version = reference.version},
                       .referrer = id},
                      {});
    if (id.id > max_id(id.context)) max_ids.set(id.context, id.id);
    auto const changed = !old || *old->schema->content() != *added->schema->content();
    versions.set(key, std::move(added));
    if (changed) relink(key);
}

void Tables::erase_version(VersionKey const& key) {
    auto const* found = versions.find(key);
    if (found == nullptr) return;
    auto const old = *found;
    versions.erase(key);
    forget(key, *old);
    if (!has_subjects(key.subject, true)) --subjects;
    relink(key);
}

/// Schemas hold the texts that they refer to. A record may come after the one that refers to it
/// (compaction moves the older of them behind), so whoever waited for it is made again.
void Tables::relink(VersionKey const& changed) {
    std::set<IdKey> seen;
    std::vector<VersionKey> waiting{changed};
    while (!waiting.empty()) {
        auto const target = waiting.back();
        waiting.pop_back();
        for (auto const& id : referrers_of(target, true)) {
            if (!seen.insert(id).second) continue;
            auto const old = by_id(id);
            auto const stored = std::make_shared<Stored const>(
                id.context, id.id, old->guid(), old->content(),
                closure(id.context, old->content()->references, true));
            ids.set(id, stored);
            std::vector<VersionKey> users;
            uses.from(UseKey{.id = id, .version = {}}, [&](UseKey const& key, Nothing) {
                if (key.id != id) return false;
                users.push_back(key.version);
                return true;
            });
            for (auto const& user : users) {
                auto version_of_user = *version(user);
                version_of_user.schema = stored;
                versions.set(user, std::make_shared<Version const>(std::move(version_of_user)));
                waiting.push_back(user);
            }
        }
    }
}

}  // namespace klamm::registry
