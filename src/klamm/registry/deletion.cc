#include "klamm/registry/call.h"
#include "klamm/registry/records.h"
#include "klamm/registry/refusals.h"

#include <algorithm>

namespace klamm::registry {

namespace {

std::expected<void, Refusal> check_writable(Tables const& tables, Subject const& subject) {
    if (!is_read_only(tables.mode_in_scope(subject))) return {};
    return not_permitted("Subject " + to_string(subject) + " in context " +
                         qualified_context(subject.context) + " is in read-only mode");
}

/// What was set for the subject goes with its last version.
void forget_settings(Tables const& tables, Subject const& subject, std::vector<Record>& changes) {
    auto const name = to_string(subject);
    if (tables.own_mode(name)) changes.push_back(mode_record(name, std::nullopt));
    if (tables.own_config(name) != nullptr) changes.push_back(config_record(name, nullptr));
}

/// The highest version that stays remembers the number of the one that goes, so that it is not
/// given again.
void hand_down_number(Tables const& tables, VersionKey const& gone, std::vector<Record>& changes) {
    auto const last = std::max(gone.version, tables.version(gone)->last_given);
    std::int32_t highest = 0;
    tables.each_version(gone.subject, [&](std::int32_t number, Version const&) {
        if (number != gone.version) highest = number;
        return true;
    });
    VersionKey const heir{.subject = gone.subject, .version = highest};
    auto const* version = tables.version(heir);
    if (version == nullptr || highest > last || version->last_given >= last) return;
    auto changed = *version;
    changed.last_given = last;
    changes.push_back(schema_record(heir, changed));
}

bool is_referred_to_by_others(Tables const& tables, VersionKey const& key, bool deleted) {
    for (auto const& referrer : tables.referrers_of(key, deleted))
        for (auto const& use : tables.uses_of(referrer, deleted))
            if (use.subject != key.subject) return true;
    return false;
}

}  // namespace

Result delete_version(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const name = to_string(subject);
    auto const asked = version_in(call.arguments[1]);
    if (!asked) return std::unexpected(asked.error());
    auto const permanent = call.target.flag("permanent");
    auto const number = call.tables.resolve(subject, *asked, true);
    if (number == 0) {
        if (!call.tables.has_subjects(subject, true)) return subject_not_found(name);
        return version_not_found(*asked);
    }
    VersionKey const key{.subject = subject, .version = number};
    auto const& version = *call.tables.version(key);
    if (!permanent && version.deleted) return version_soft_deleted(name, number);
    if (auto writable = check_writable(call.tables, subject); !writable)
        return std::unexpected(writable.error());
    if (!call.tables.referrers_of(key, permanent).empty()) return reference_exists(name, number);
    if (permanent && !version.deleted) return version_not_soft_deleted(name, number);

    std::vector<Record> changes;
    if (!permanent) {
        auto deleted = version;
        deleted.deleted = true;
        changes.push_back(schema_record(key, deleted));
    } else {
        hand_down_number(call.tables, key, changes);
        changes.push_back(schema_tombstone(key));
        if (call.tables.versions_of(subject, Deleted::shown).size() == 1)
            forget_settings(call.tables, subject, changes);
        changes.push_back(counters_record(call.tables));
    }
    return reply(json::Value(number), std::move(changes));
}

Result delete_subject(Call const& call) {
    auto const subject = parse_subject(call.arguments[0]);
    auto const name = to_string(subject);
    auto const permanent = call.target.flag("permanent");
    if (!call.tables.has_subjects(subject, true)) return subject_not_found(name);
    if (!permanent && !call.tables.has_subjects(subject, false)) return subject_soft_deleted(name);
    if (auto writable = check_writable(call.tables, subject); !writable)
        return std::unexpected(writable.error());
    auto const numbers =
        call.tables.versions_of(subject, permanent ? Deleted::shown : Deleted::hidden);
    for (auto const number : numbers) {
        VersionKey const key{.subject = subject, .version = number};
        if (is_referred_to_by_others(call.tables, key, permanent))
            return reference_exists(name, number);
        if (permanent && !call.tables.version(key)->deleted) return subject_not_soft_deleted(name);
    }
    std::vector<Record> changes;
    if (!permanent) {
        changes.push_back(delete_subject_record(subject, numbers.empty() ? 0 : numbers.back()));
    } else {
        for (auto number = numbers.rbegin(); number != numbers.rend(); ++number)
            changes.push_back(schema_tombstone({.subject = subject, .version = *number}));
        forget_settings(call.tables, subject, changes);
        changes.push_back(counters_record(call.tables));
    }
    json::Array deleted;
    for (auto const number : numbers) deleted.emplace_back(number);
    return reply(json::Value(std::move(deleted)), std::move(changes));
}

}  // namespace klamm::registry
